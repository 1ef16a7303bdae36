"""`biotheca qc`: the archive's file check, here, without the archive and without an account."""

from __future__ import annotations

import json
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import click

from biotheca_client import words
from biotheca_client.commands.common import Context, command
from biotheca_client.errors import ClientFault, WrongUse
from biotheca_client.local_files import Stop, StoppablePipe
from biotheca_client.output import Output

FOUND, NOT_READ, INTERRUPTED = 1, 2, 130
_STDIN = "-"
_SHOWN = 20  # findings in words

_output = click.Path(dir_okay=False, path_type=Path, allow_dash=True)


def _print_schema(context: click.Context, _parameter: click.Parameter, asked: bool) -> None:
    if asked:
        from biotheca_client.file_check import schema

        click.echo(json.dumps(schema(), indent=1))
        context.exit()


@command("qc")
@click.argument("file", metavar="FILE")
@click.argument("mate", metavar="[MATE]", required=False)
@click.option("--md5", "md5s", multiple=True, metavar="HEX", help="The declared MD5 of FILE; again for MATE.")
@click.option("--format", "form", metavar="FORMAT", help="What FILE holds; else its name tells, else FASTQ.")
@click.option("--json", "to_json", metavar="OUT", type=_output, help="Write the whole result as JSON; - for stdout.")
@click.option("--html", "to_html", metavar="OUT", type=_output, help="Write the report with plots as one HTML file.")
@click.option(
    "--multiqc",
    "to_multiqc",
    metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write files for MultiQC into FOLDER.",
)
@click.option("--threads", default=2, show_default=True, type=click.IntRange(1, 64), help="Threads to work in.")
@click.option(
    "--duplicates",
    default="auto",
    show_default=True,
    type=click.Choice(["auto", "bloom", "spool", "off"]),
    help="How reads of the same name are found; bloom only suspects.",
)
@click.option(
    "--scratch",
    metavar="FOLDER",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Where names of large files that are in no order are put aside.",
)
@click.option("--policy", metavar="FILE", type=click.Path(path_type=Path), help="Severities of your own, as YAML.")
@click.option(
    "--schema", is_flag=True, is_eager=True, expose_value=False, callback=_print_schema, help="The JSON Schema."
)
def qc(
    context: Context,
    file: str,
    mate: str | None,
    md5s: tuple[str, ...],
    form: str | None,
    to_json: Path | None,
    to_html: Path | None,
    to_multiqc: Path | None,
    threads: int,
    duplicates: str,
    scratch: Path | None,
    policy: Path | None,
) -> None:
    """Check a file of reads, or two mates: digests, container, every read, statistics. FILE may be - (stdin).

    No account and no network is needed; the archive runs the same check on what is submitted.

    \b
    Exit codes: 0 sound; 1 findings of severity error; 2 it could not be read, or wrong use.
    A policy has lines of rule and severity, such as
      qc.crlf: error
      qc.bgzf_no_end: off

    \b
    Example:
      biotheca qc reads_1.fastq.gz reads_2.fastq.gz --html report.html --multiqc for-multiqc
      zcat reads.gz | biotheca qc - --json -
    """
    from biotheca_client.file_check import How

    try:
        names = [name for name in (file, mate) if name is not None]
        targets = {"--json": to_json, "--html": to_html}
        _must_make_sense(names, md5s, targets)
        how = How(threads, duplicates, scratch)
        found = _checked(names, md5s, form, policy, how)
        if to_multiqc:
            _write_for_multiqc(found, to_multiqc)
        _deliver(found, targets)
    except (ClientFault, click.ClickException):
        raise
    except KeyboardInterrupt:
        click.echo("Interrupted; nothing was written.", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        raise
    except OSError as fault:
        where = f" {words.clean(fault.filename)}" if fault.filename else ""
        raise WrongUse(f"This computer refused{where}: {fault.strerror or fault}.") from fault
    except Exception as fault:  # an exit code of 1 would say that the data are bad
        traceback.print_exc()
        click.echo(f"The check itself failed ({type(fault).__name__}); that says nothing about the file.", err=True)
        raise click.exceptions.Exit(NOT_READ) from None
    if not found.sound:
        raise click.exceptions.Exit(FOUND)


def _must_make_sense(names: list[str], md5s: tuple[str, ...], targets: dict[str, Path | None]) -> None:
    from biotheca_client.file_check import is_md5

    if names.count(_STDIN) > 1:
        raise WrongUse("Standard input can be read once.", "Give one of the mates as a file.")
    if len(md5s) > len(names):
        raise WrongUse(f"{len(md5s)} MD5 for {len(names)} file(s).", "Give --md5 once a file, in the same order.")
    for md5 in md5s:
        if not is_md5(md5):
            raise WrongUse(f"{md5!r} is no MD5.", "It has 32 hexadecimal digits.")
    if sum(str(path) == _STDIN for path in targets.values()) > 1:
        raise WrongUse("Only one result can go to standard output.", "Name a file for the other.")
    for option, path in targets.items():
        if path and str(path) != _STDIN and not path.parent.is_dir():
            raise WrongUse(f"{option}: there is no folder {path.parent}.", "Make it first.")


def _checked(names: list[str], md5s: tuple[str, ...], form: str | None, policy: Path | None, how: Any) -> Any:
    """The check with a bar where somebody looks at the terminal, silent elsewhere."""
    from biotheca_client.file_check import Asked, check, policy_of

    chosen = policy_of(policy) if policy else None
    stop = threading.Event()
    declared = [*md5s, *[None] * len(names)]
    with Output(as_json=not sys.stderr.isatty()).progress() as progress:
        files = []
        for name, md5 in zip(names, declared, strict=False):
            shown = "stdin" if name == _STDIN else Path(name).name
            size = None if name == _STDIN else Path(name).stat().st_size
            files.append(Asked(shown, _opened(name, stop), md5, form, name != _STDIN, progress.start(shown, size)))
        with _stopped_by_ctrl_c(stop):
            return check(files, chosen, how)


@contextmanager
def _stopped_by_ctrl_c(stop: threading.Event) -> Iterator[None]:
    """Whoever reads in another thread is told, too: a pipe that says nothing must not hold the person up."""

    def end(*_: object) -> None:
        stop.set()
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():  # only there can signals be taken
        yield
        return
    before = signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _opened(name: str, stop: Stop) -> Callable[[], BinaryIO]:
    if name == _STDIN:
        return lambda: cast(BinaryIO, StoppablePipe(sys.stdin.fileno(), stop))
    return lambda: Path(name).open("rb", buffering=0)


def _deliver(found: Any, targets: dict[str, Path | None]) -> None:
    as_json = json.dumps(found.document, ensure_ascii=False, indent=1) + "\n"
    made: dict[str, Callable[[], str]] = {"--json": lambda: as_json, "--html": found.html}
    for option, path in targets.items():
        if path and str(path) != _STDIN:
            path.write_text(made[option](), encoding="utf-8")
        elif path:
            click.echo(made[option](), nl=False)
    if not any(str(path) == _STDIN for path in targets.values()):
        _tell(found.document)


def _write_for_multiqc(found: Any, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in found.multiqc().items():
        (folder / name).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _tell(document: dict[str, Any]) -> None:
    out = Output()
    for file in document["files"]:
        out.say(_file_line(file))
    for finding in document["findings"][:_SHOWN]:
        place, said = words.clean(finding["where"]), words.clean(finding["message"])
        out.say(f"{place}: {finding['severity']}: {said} {words.clean(finding['mend'])} [{finding['rule']}]")
    more = document["findings_total"] - min(len(document["findings"]), _SHOWN)
    if more > 0:
        out.say(f"... and {more:,} more; --json tells of the first hundred, and counts all.")
    found = document["duplicates"]
    if found["checked"]:
        out.say(f"{found['checked']:,} names compared ({found['method']}): {found['duplicate_names']:,} duplicate(s).")
    out.say({"pass": "Sound.", "fail": "Not sound."}[document["verdict"]])


def _file_line(file: dict[str, Any]) -> str:
    """One file in one line."""
    told = [f"{file['reads']:,} reads", f"{file['bases']:,} bases"]
    if (counted := file["statistics"]) and file["reads"]:
        low, high = counted["length_bases"]["min"], counted["length_bases"]["max"]
        told.append(f"length {low}" if low == high else f"length {low} to {high}")
        told.append(f"GC {100 * counted['gc_share']:.1f} %, Q30 {100 * counted['q30_share']:.1f} %, {file['encoding']}")
    told += [f"MD5 {file['md5']}", f"{file['seconds']:.1f} s"]
    return f"{words.clean(file['name'])} ({words.size(file['size_bytes'])}): {'; '.join(told)}"


COMMANDS = (qc,)
