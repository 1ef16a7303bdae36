"""The INSDC mirror at a terminal: how it stands, a mirrored record; and for data managers runs and repairs."""

from __future__ import annotations

import time
from typing import Any

import click

from biotheca_client.api import path_of
from biotheca_client.commands.common import Context, as_json, command
from biotheca_client.errors import Refused
from biotheca_client.output import Output

LOOK_AGAIN_S = 1.0
_SHOWN = ("live", "suppressed", "unpublished", "replaced")


@click.group("mirror")
def mirror() -> None:
    """The daily mirror of INSDC's BioProject, BioSample and SRA metadata.

    \b
    Example:
      biotheca mirror status
      biotheca mirror show SRR11217925
      biotheca mirror run --day 2026-01-27 --wait
    """


@command("status")
@as_json
def status(context: Context, as_json: bool) -> None:
    """Which day is published, how old it is, what is missing, and what the last batches did. No sign-in is needed.

    \b
    Example:
      biotheca mirror status
      biotheca mirror status --json
    """
    out = Output(as_json)
    told = context.client().session.call("GET", "/v1/mirror")
    out.result(told, lambda: _show_status(out, told))


def _show_status(out: Output, told: dict[str, Any]) -> None:
    if not told["batch"]:
        out.say("Nothing is mirrored yet. A data manager starts it with `biotheca mirror run`.")
    else:
        age = f"{told['lag_hours']:.1f} hours after the end of that day"
        out.say(f"Published: {told['day']} ({age}); the mirror is {told['state']}.")
    if told["missing_days"]:
        out.say(f"Days that the source does not have: {', '.join(told['missing_days'][:10])}.")
    rows = [
        [entity, *(f"{counts.get(name, 0):,}" for name in _SHOWN)] for entity, counts in sorted(told["totals"].items())
    ]
    if rows:
        out.table(["records", *_SHOWN], rows)
    batches = [
        [str(b["batch"]), b.get("day", ""), b.get("state", ""), b.get("reason") or _changes(b)] for b in told["batches"]
    ]
    if batches:
        out.say()
        out.table(["batch", "day", "state", "what it did"], batches)


def _changes(batch: dict[str, Any]) -> str:
    kinds: dict[str, int] = {}
    for by_kind in (batch.get("counts") or {}).values():
        for kind, number in by_kind.items():
            kinds[kind] = kinds.get(kind, 0) + number
    return ", ".join(f"{number:,} {kind}" for kind, number in sorted(kinds.items())) or "nothing changed"


@command("show")
@click.argument("accession")
@as_json
def show(context: Context, accession: str, as_json: bool) -> None:
    """A mirrored record by its accession; of a withdrawn one the tombstone.

    \b
    Example:
      biotheca mirror show PRJNA3
    """
    out = Output(as_json)
    told = context.client().session.call("GET", path_of("v1", "mirror", "records", accession))

    def tell() -> None:
        out.say(f"{told['accession']} ({told['entity']} of {told['archive']}), {told['status']}: {told['title']}")
        for name, value in told["fields"].items():
            out.say(f"  {name}: {value}")

    out.result(told, tell)


@command("run")
@click.option("--day", metavar="YYYY-MM-DD", help="The day; else the newest that is whole.")
@click.option("--wait", is_flag=True, help="Wait until it is published; exit code 1 if it fails.")
@as_json
def run(context: Context, day: str | None, wait: bool, as_json: bool) -> None:
    """Mirror a day, with all days before it that are missing. For data managers. Again starts nothing twice.

    \b
    Example:
      biotheca mirror run --day 2026-01-27 --wait
    """
    out, client = Output(as_json), context.client()
    told = client.session.call("POST", "/v1/mirror/runs", {"day": day} if day else {})
    _follow(out, client, told, wait)


@command("repair")
@click.argument("accession")
@click.option("--wait", is_flag=True, help="Wait until it is published; exit code 1 if it fails.")
@as_json
def repair(context: Context, accession: str, wait: bool, as_json: bool) -> None:
    """Ask the source for one record again and bring it in. For data managers.

    \b
    Example:
      biotheca mirror repair SRR11217925 --wait
    """
    out, client = Output(as_json), context.client()
    told = client.session.call("POST", "/v1/mirror/repairs", {"accession": accession.strip().upper()})
    _follow(out, client, told, wait)


def _follow(out: Output, client: Any, told: dict[str, Any], wait: bool) -> None:
    batch = told["batch"]
    begun = "was started" if told["started"] else "runs or ran already"
    if not wait:
        out.result(told, lambda: out.say(f"Batch {batch} {begun}; follow it with `biotheca mirror status`."))
        return
    out.note(f"Batch {batch} {begun}.")
    before = ""
    while True:
        health = client.session.call("GET", "/v1/mirror")
        row = next((b for b in health["batches"] if b["batch"] == batch), {})
        state = "published" if health["batch"] >= batch else row.get("state", "starting")
        if state != before:
            out.note(f"Batch {batch}: {state}.")
            before = state
        if state == "failed":
            raise Refused(
                f"Batch {batch} failed: {row.get('reason', 'no reason was noted')}",
                "Readers see the day before. Mend the cause and run it again.",
                row,
            )
        if state == "published":
            out.result(row or told, lambda: out.say(f"Batch {batch} is published: {_changes(row)}."))
            return
        time.sleep(LOOK_AGAIN_S)


for one in (status, show, run, repair):
    mirror.add_command(one)

COMMANDS = [mirror]
