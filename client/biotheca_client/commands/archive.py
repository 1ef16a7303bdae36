"""What is public: search, show, download; and the rules by which things become so."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click

from biotheca_client import words
from biotheca_client.commands.common import Context, as_json, command
from biotheca_client.errors import NotFound
from biotheca_client.output import Output
from biotheca_client.records import read_secret

of_reviewer = click.option(
    "--reviewer-token-file",
    "secret",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file with the secret of a reviewer link; else BIOTHECA_REVIEWER_TOKEN.",
)


def _reviewer(secret: Path | None) -> str | None:
    """The secret of a reviewer link; never from the command line, which other users of the machine can read."""
    return read_secret(secret) if secret else os.environ.get("BIOTHECA_REVIEWER_TOKEN") or None


@command("search")
@click.argument("text", nargs=-1, required=True, metavar="WORDS...")
@click.option("--all", "everything", is_flag=True, help="All pages.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 200), help="Hits on a page.")
@click.option("--cursor", help="Where an earlier page ended.")
@click.option("--tsv", is_flag=True, help="All hits as a table with tabs, however many.")
@as_json
def search(
    context: Context, text: tuple[str, ...], everything: bool, limit: int, cursor: str | None, tsv: bool, as_json: bool
) -> None:
    """Find public records; all words must be found. An attribute of the submitter's own is asked for as name:value.

    \b
    Example:
      biotheca search oryza drought
      biotheca search rice --all --json
      biotheca search soil_depth:10 --tsv > hits.tsv
    """
    out, client, query = Output(as_json), context.client(), " ".join(text)
    if tsv:
        for part in client.search_table(query):
            click.echo(part, nl=False)
        return
    if everything:
        page: dict[str, Any] = {"items": list(client.search_all(query)), "next_cursor": None}
    else:
        page = client.search(query, limit, cursor)

    def show() -> None:
        if not page["items"]:
            out.say(f"Nothing public has all of these words: {query}. Try fewer words, or an accession.")
            return
        rows = [[words.clean(hit.get(k)) for k in ("accession", "type", "member", "title")] for hit in page["items"]]
        out.table(["accession", "type", "member", "title"], rows)
        if page.get("next_cursor"):
            out.note(f"More: add --all, or --cursor {words.clean(page['next_cursor'])}")

    out.result(page, show)


@command("show")
@click.argument("accession")
@of_reviewer
@as_json
def show(context: Context, accession: str, secret: Path | None, as_json: bool) -> None:
    """One record: what it is, what it belongs to, its files.

    \b
    Example:
      biotheca show CRA000001
      biotheca show CRA000001 --reviewer-token-file secret.txt
    """
    out, client, reviewer = Output(as_json), context.client(), _reviewer(secret)
    record = client.record(accession, reviewer)
    try:
        files = client.record_files(accession, reviewer)
    except NotFound:  # suppressed, or a link to metadata alone
        files = []

    def tell() -> None:
        out.say(f"{words.clean(record['accession'])}  {words.clean(record['type'])}  {words.clean(record['title'])}")
        out.say(f"{words.clean(record['visibility'])}, released {words.moment(record.get('released_at')) or 'not yet'}")
        if record.get("access", "open") != "open":
            out.say(f"access: {words.clean(record['access'])}; files are not for everybody")
        links = record.get("links") or {}
        told = {"title", *links}  # the title stands above; a reference is shown as the number it leads to
        for name, value in (record.get("attributes") or {}).items():
            if name in told:
                continue
            out.say(f"  {words.clean(name)}: {_flat(value)}")
        for name, accessions in links.items():
            out.say(f"  {words.clean(name)}: {_flat(accessions)}")
        if files:
            rows = [[words.clean(f["name"]), words.size(f["size_bytes"]), words.clean(f.get("md5"))] for f in files]
            out.table(["file", "size", "md5"], rows)

    out.result(record | {"files": files}, tell)


@command("download")
@click.argument("accession")
@click.argument("file", required=False)
@click.option("--to", default=".", type=click.Path(file_okay=False, path_type=Path), help="The folder to fill.")
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(1, 32), help="Files side by side.")
@of_reviewer
@as_json
def download(
    context: Context, accession: str, file: str | None, to: Path, jobs: int, secret: Path | None, as_json: bool
) -> None:
    """Fetch the files of a record, or one FILE of it. Interrupted downloads go on; every byte is proved.

    \b
    Example:
      biotheca download CRA000001 --to data
      biotheca download CRA000001 CRR000001_f1.fastq.gz
    """
    out, client = Output(as_json), context.client()
    with out.progress() as progress:
        try:
            fetched = client.download(accession, file, to, jobs, progress, _reviewer(secret))
        except KeyboardInterrupt:
            client.stop.set()
            raise

    def tell() -> None:
        for one in fetched:
            how = "was there already, proved" if one.already_there else "fetched, MD5 and SHA-256 proved"
            if not one.sha256:  # of an encrypted file the digests are told by decrypting it
                how = "was there already" if one.already_there else "fetched, encrypted: biotheca decrypt proves it"
            out.say(f"{one.path}  {words.size(one.size_bytes)}  {how}")
        if not fetched:
            out.say(f"{words.clean(accession)} has no files of its own.")

    out.result({"accession": accession, "files": [one.as_dict() for one in fetched]}, tell)


@command("rules")
@click.argument("rule", required=False)
@as_json
def rules(context: Context, rule: str | None, as_json: bool) -> None:
    """The rules of the archive, or one RULE: what it demands and how to mend a breach.

    \b
    Example:
      biotheca rules qc.multi_line
    """
    out = Output(as_json)
    known = context.client().rules()
    if rule is None:
        rows = [
            [words.clean(r["id"]), words.clean(r.get("severity")), words.clean(_english(r, "message"))] for r in known
        ]
        out.result({"items": known}, lambda: out.table(["rule", "severity", "message"], rows))
        return
    found = next((r for r in known if r["id"] == rule), None)
    if found is None:
        raise NotFound(f"There is no rule {rule!r}.", "`biotheca rules` lists all.")

    def tell() -> None:
        out.say(f"{found['id']} ({words.clean(found.get('severity'))})")
        for part in ("message", "mend"):
            out.say(words.clean(_english(found, part)))
        if found.get("example"):
            out.say(f"Example: {words.clean(found['example'])}")

    out.result(found, tell)


def _english(rule: dict[str, Any], part: str) -> str:
    text = rule.get(part, "")
    return str(text.get("en", "") if isinstance(text, dict) else text)


def _flat(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(v, str) for v in value):
        return words.clean(", ".join(value))
    return words.clean(value if isinstance(value, (str, int, float)) else json.dumps(value, ensure_ascii=False))


COMMANDS = (search, show, download, rules)
