"""Sequence files of mirrored runs: where they are, and asking for copies."""

from __future__ import annotations

from typing import Any

import click

from biotheca_client import words
from biotheca_client.commands.common import Context, as_json, command
from biotheca_client.errors import WrongUse
from biotheca_client.output import Output


@command("sequences")
@click.argument("accession", required=False, metavar="[RUN]")
@click.option("--copy", "wanted", is_flag=True, help="Ask for proved copies of the run's files (data managers).")
@as_json
def sequences(context: Context, accession: str | None, wanted: bool, as_json: bool) -> None:
    """Where the files of a mirrored RUN can be had; without a RUN, how many files are in which state.

    \b
    Example:
      biotheca sequences
      biotheca sequences SRR000001
      biotheca sequences SRR000001 --copy
    """
    out, client = Output(as_json), context.client()
    if accession is None:
        if wanted:
            raise WrongUse("Copies of which run?", "Name it: biotheca sequences SRR000001 --copy.")
        totals = client.sequence_totals()
        out.result(totals, lambda: _tell_totals(out, totals))
    elif wanted:
        asked = client.ask_for_copies(accession)
        out.result(asked, lambda: _tell_asked(out, asked))
    else:
        found = client.sequences(accession)
        out.result(found, lambda: _tell_files(out, found))


def _tell_totals(out: Output, totals: dict[str, Any]) -> None:
    rows = [[words.clean(r["state"]), str(r["files"]), words.size(r["size_bytes"])] for r in totals["states"]]
    out.table(["state", "files", "size"], rows)
    cost = totals["all_would_cost"]
    monthly = ", ".join(f"{words.clean(kind)} {usd:,.2f}" for kind, usd in cost["monthly_usd"].items())
    out.say(f"Policy: {words.clean(totals['policy'])}. Copies of all would cost, in US dollars a month: {monthly}.")


def _tell_asked(out: Output, asked: dict[str, Any]) -> None:
    out.say(f"{asked['requested']} of {len(asked['files'])} files of {words.clean(asked['accession'])} wait now.")
    out.table(["file", "state"], [[words.clean(f["name"]), words.clean(f["state"])] for f in asked["files"]])


def _tell_files(out: Output, found: dict[str, Any]) -> None:
    out.say(f"{words.clean(found['accession'])} is {words.clean(found['status'])}.")
    for file in found["files"]:
        told = [words.clean(file[k]) for k in ("name", "state", "md5")]
        out.say("  ".join([told[0], words.size(file["size_bytes"]), *told[1:]]))
        for url in [file["url"]] if file["url"] else [place["url"] for place in file["references"]]:
            out.say(f"  {words.clean(url)}")
        if file["reason"]:
            out.say(f"  {words.clean(file['reason']['rule'])}: {words.clean(file['reason']['message'])}")


COMMANDS = (sequences,)
