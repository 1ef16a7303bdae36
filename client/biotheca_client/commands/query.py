"""SQL over the public lake at a terminal: ask, wait, save."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from biotheca_client import words
from biotheca_client.commands.common import Context, as_json, command
from biotheca_client.errors import WrongUse
from biotheca_client.output import Output
from biotheca_client.queries import FORMATS

_BINARY = "parquet"


@command("query")
@click.argument("sql", required=False)
@click.option("--format", "wanted", default="tsv", show_default=True, type=click.Choice(FORMATS), help="Of the answer.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="A file; else standard output.")
@click.option("--id", "query", help="Fetch the answer of a query asked before, in place of SQL.")
@click.option("--no-wait", is_flag=True, help="Say the query's id and end.")
@as_json
def query(
    context: Context,
    sql: str | None,
    wanted: str,
    output: Path | None,
    query: str | None,
    no_wait: bool,
    as_json: bool,
) -> None:
    """Ask one SELECT over the lake (Athena's SQL) and save the answer. SQL may be - for standard input.

    Formats: tsv, csv, jsonl, parquet; of rows of run also xml (SRA XML), accessions, fetchngs and
    samplesheet or rnaseq (nf-core), script (bash with curl and md5), aria2. With --json the facts of the
    answer are printed, and its bytes only with -o.

    \b
    Example:
      biotheca query "SELECT * FROM run WHERE organism = 'Oryza sativa' LIMIT 100"
      biotheca query "SELECT * FROM run WHERE sra_study = 'SRP000001'" --format samplesheet -o sheet.csv
      biotheca query "SELECT * FROM run WHERE bioproject = 'PRJCA000001'" --format script -o get.sh && bash get.sh
    """
    if bool(sql) == bool(query):
        raise WrongUse("Give either SQL or --id.", "See `biotheca query --help`.")
    out, client = Output(as_json), context.client()
    if sql:
        text = sys.stdin.read() if sql == "-" else sql
        asked = client.ask(text, wanted)
        if no_wait:
            out.result(asked, lambda: out.say(asked["id"]))
            return
        query = str(asked["id"])
    assert query is not None
    try:
        found = client.wait_for_query(query, _Teller(out))
    except KeyboardInterrupt:
        out.note(f"The query goes on; `biotheca query --id {query}` fetches its answer.")
        raise
    _save(out, client, found, output, as_json)


class _Teller:
    """Says each state once."""

    def __init__(self, out: Output) -> None:
        self._out, self._state = out, ""

    def __call__(self, found: dict[str, Any]) -> None:
        if found["state"] != self._state and sys.stderr.isatty():
            self._out.note(f"{found['id']}: {found['state']}")
        self._state = found["state"]


def _save(out: Output, client: Any, found: dict[str, Any], output: Path | None, as_json: bool) -> None:
    if output is None and found["format"] == _BINARY and not as_json and sys.stdout.isatty():
        raise WrongUse("Parquet is no text for a terminal.", "Name a file with -o.")
    if output is not None:
        with out.progress() as progress:
            client.fetch_answer(found, output, progress.start(output.name, found["size_bytes"]))
    elif not as_json:
        client.fetch_answer(found, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    for note in found["notes"]:
        out.note(words.clean(note))

    def tell() -> None:
        if output is not None:
            read = words.size(found["scanned_bytes"] or 0)
            out.note(f"{output}: {found['rows']:,} rows, {words.size(found['size_bytes'])}; {read} read in the lake.")

    out.result({k: v for k, v in found.items() if k != "link"} | {"file": str(output) if output else None}, tell)


COMMANDS = (query,)
