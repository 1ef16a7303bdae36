"""`python -m local`: up, demo, save, load, fire, clock, logs, queues, redrive. The laptop itself: local.laptop."""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

import click
import requests

from local.lock import AlreadyRunning, Lock, Running, running

STATE = Path(__file__).resolve().parent.parent / ".biotheca"

EXIT_RUNNING, EXIT_PORT, EXIT_FAILED = 3, 4, 1


@click.group()
@click.option(
    "--state",
    type=click.Path(path_type=Path),
    default=STATE,
    show_default=True,
    help="Where the laptop keeps its files.",
)
@click.pass_context
def main(context: click.Context, state: Path) -> None:
    """The archive's cloud on this machine."""
    gc.set_threshold(20_000, 20, 20)  # the cloud is a large heap that lives on: to walk it often makes all wait
    context.obj = state.resolve()


@main.command()
@click.option("--port", default=8471, show_default=True, help="Port of the AWS APIs; 0 = any free.")
@click.option(
    "--front-port", default=8470, show_default=True, help="Port of the archive's API and portal; 0 = any free."
)
@click.option(
    "--assembly",
    type=click.Path(path_type=Path, exists=True),
    help="Deploy this cloud assembly instead of the archive's.",
)
@click.option("--empty", is_flag=True, help="Deploy nothing; for `python -m local deploy` and experiments.")
@click.option("--load", "saved", type=click.Path(path_type=Path), help="First load what `save` kept in this folder.")
@click.pass_obj
def up(state: Path, port: int, front_port: int, assembly: Path | None, empty: bool, saved: Path | None) -> None:
    """Starts the laptop cloud and serves until Ctrl-C."""
    from local import keeping
    from local.compose import new_laptop, serve, welcome
    from local.deploy import DeploymentFailed
    from local.stack import Stack
    from local.synthesis import CannotSynthesise

    if saved and (assembly or empty):
        raise click.UsageError("--load goes with the archive's own stacks, not with --assembly or --empty.")
    with _told_in_words(CannotSynthesise, DeploymentFailed, keeping.CannotKeep):
        if saved:
            keeping.check(saved)
        with (
            _signals_end_us(),
            Lock(state) as lock,
            serve(
                new_laptop(state, port, front_port, bare=bool(assembly) or empty), assembly, empty, click.echo
            ) as laptop,
        ):
            if saved and isinstance(laptop, Stack):
                click.echo(f"loaded {keeping.words(laptop.keeper.load(saved.absolute()))}")
            lock.tell(Running(os.getpid(), laptop.endpoint_url, laptop.front_url))
            welcome(laptop, click.echo)
            threading.Event().wait()


@main.command()
@click.option("--exit", "ends", is_flag=True, help="End after the journey instead of serving on.")
@click.option("--port", default=8471, show_default=True, help="Port of the AWS APIs; 0 = any free.")
@click.option("--front-port", default=8470, show_default=True, help="Port of the archive's API; 0 = any free.")
@click.pass_obj
def demo(state: Path, ends: bool, port: int, front_port: int) -> None:
    """Plays the journey of real reads from upload to published download, then serves until Ctrl-C."""
    from local import demo as journey
    from local.compose import new_laptop, serve, welcome
    from local.deploy import DeploymentFailed
    from local.stack import Stack
    from local.synthesis import CannotSynthesise

    with (
        _told_in_words(CannotSynthesise, DeploymentFailed, journey.DemoFailed),
        _signals_end_us(),
        Lock(state) as lock,
        serve(new_laptop(state, port, front_port), report=click.echo) as laptop,
    ):
        lock.tell(Running(os.getpid(), laptop.endpoint_url, laptop.front_url))
        if isinstance(laptop, Stack):
            journey.play(laptop, state / "demo")
        if not ends:
            welcome(laptop, click.echo)
            threading.Event().wait()


@main.command("deploy")
@click.option("--keep", is_flag=True, help="Serve on after the deployment.")
@click.pass_obj
def deploy(state: Path, keep: bool) -> None:
    """Runs the real `cdk bootstrap` and `cdk deploy --all` against an empty laptop cloud."""
    from local import cdk_deploy
    from local.compose import new_laptop, serve
    from local.synthesis import CannotSynthesise

    with (
        _told_in_words(CannotSynthesise, cdk_deploy.CdkFailed),
        _signals_end_us(),
        Lock(state) as lock,
        serve(new_laptop(state, bare=True), None, True, click.echo) as laptop,
    ):
        lock.tell(Running(os.getpid(), laptop.endpoint_url, laptop.front_url))
        cdk_deploy.run(laptop, state, click.echo)
        if keep:
            click.echo(f"serving {laptop.front_url} until Ctrl-C")
            threading.Event().wait()


@main.command()
@click.pass_obj
def status(state: Path) -> None:
    """Addresses, outputs and schedules of the running laptop."""
    _show(_ask(state, "GET", "status"))


@main.command("save")
@click.argument("folder", type=click.Path(path_type=Path))
@click.pass_obj
def save(state: Path, folder: Path) -> None:
    """Saves what the running laptop holds to FOLDER: objects, tables, the lake."""
    _keep(state, "save", folder)


@main.command("load")
@click.argument("folder", type=click.Path(path_type=Path))
@click.pass_obj
def load(state: Path, folder: Path) -> None:
    """Loads what `save` kept in FOLDER into the running laptop, which must be new. Nothing acts on it."""
    _keep(state, "load", folder)


@main.command()
@click.argument("name")
@click.pass_obj
def fire(state: Path, name: str) -> None:
    """Fires a schedule or scheduled rule now; part of its name is enough."""
    click.echo(f"fired {_ask(state, 'POST', 'fire', {'name': name})['fired']}")


@main.command()
@click.option("--set", "moment", help="The moment it shall be, such as 2027-03-01T00:00:00Z.")
@click.option("--advance", help="How far to go on, such as 30d, 12h, 45m or 10s.")
@click.option("--reset", is_flag=True, help="Back to the machine's time.")
@click.pass_obj
def clock(state: Path, moment: str | None, advance: str | None, reset: bool) -> None:
    """Shows or sets the laptop's clock; what became due is done."""
    fields: dict[str, Any] = {}
    if moment:
        fields["set"] = moment
    elif advance:
        fields["advance_s"] = _span(advance).total_seconds()
    elif reset:
        fields["reset"] = True
    answer = _ask(state, "POST", "clock", fields) if fields else _ask(state, "GET", "clock")
    click.echo(f"{answer['now']} ({answer['offset_s']:+.0f} s)")


@main.command()
@click.argument("group", required=False)
@click.option("--last", default=100, show_default=True, help="How many lines.")
@click.pass_obj
def logs(state: Path, group: str | None, last: int) -> None:
    """Lists log groups, or shows the last lines of those with GROUP in their name."""
    if not group:
        for name in _ask(state, "GET", "logs")["groups"]:
            click.echo(name)
        return
    for name, lines in _ask(state, "GET", "logs", {"group": group, "last": last}).items():
        click.secho(name, bold=True)
        for line in lines:
            click.echo(f"{time.strftime('%H:%M:%S', time.localtime(line['at']))} {line['text']}")


@main.command()
@click.pass_obj
def queues(state: Path) -> None:
    """Messages that wait, are in flight, or are dead."""
    for queue in _ask(state, "GET", "queues"):
        dead = f"  dead letters in {queue['dead_letters']}" if queue["dead_letters"] else ""
        click.echo(f"{queue['name']}: {queue['waiting']} waiting, {queue['in_flight']} in flight{dead}")


@main.command()
@click.argument("queue")
@click.pass_obj
def redrive(state: Path, queue: str) -> None:
    """Puts the dead letters of QUEUE back into it."""
    answer = _ask(state, "POST", "redrive", {"queue": queue})
    click.echo(f"{answer['moved']} messages from {answer['from']} back to {answer['queue']}")


def _keep(state: Path, what: str, folder: Path) -> None:
    from local import keeping

    try:
        told = keeping.ask(state, what, folder)
    except keeping.CannotKeep as fault:
        _fail(str(fault), EXIT_FAILED)
    click.echo(f"{'saved' if what == 'save' else 'loaded'} {keeping.words(told)}")


def _ask(state: Path, method: str, page: str, fields: dict[str, Any] | None = None) -> Any:
    who = running(state)
    if who is None or not who.front_url:
        _fail("No laptop cloud is running here. `make up` starts one.", EXIT_FAILED)
    options: dict[str, Any] = {"params": fields} if method == "GET" else {"json": fields or {}}
    answer = requests.request(method, f"{who.front_url}/_local/{page}", timeout=60, **options)
    document = answer.json()
    if answer.status_code >= 400:
        _fail(document["message"], EXIT_FAILED)
    return document


def _show(document: Any) -> None:
    click.echo(json.dumps(document, indent=2))


def _span(text: str) -> timedelta:
    units = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
    try:
        return timedelta(**{units[text[-1]]: float(text[:-1])})
    except (KeyError, ValueError, IndexError):
        raise click.BadParameter(f"{text!r}: expected a number and d, h, m or s, such as 30d") from None


@contextmanager
def _told_in_words(*refusals: type[Exception]) -> Iterator[None]:
    """Faults that a person can mend end in one sentence and an exit code of their own; Ctrl-C ends well."""
    from local.server import PortTaken

    try:
        yield
    except KeyboardInterrupt:
        click.echo("ended")
    except AlreadyRunning as fault:
        _fail(str(fault), EXIT_RUNNING)
    except PortTaken as fault:
        _fail(str(fault), EXIT_PORT)
    except refusals as fault:
        _fail(str(fault), EXIT_FAILED)


@contextmanager
def _signals_end_us() -> Iterator[None]:
    """SIGTERM ends us as Ctrl-C does. While we end, further signals wait."""

    def interrupt(number: int, frame: object) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _fail(message: str, code: int) -> NoReturn:
    click.echo(message, err=True)
    sys.exit(code)


if __name__ == "__main__":
    main(prog_name="python -m local")
