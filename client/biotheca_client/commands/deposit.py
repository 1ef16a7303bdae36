"""Bringing data in: template, check, submit, upload, status, workbook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from biotheca_client import words
from biotheca_client.client import Client
from biotheca_client.commands.common import Context, as_json, command, jobs
from biotheca_client.commands.following import conclude, line_of, show_details, until_over
from biotheca_client.errors import WrongUse
from biotheca_client.folders import Folder
from biotheca_client.output import Output, finding_line
from biotheca_client.sheets import catalog_version, engine

folder_argument = click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))


of_member = click.option("--member", metavar="ID", help="The database, where workbook or tables do not say it.")


@command("check")
@folder_argument
@of_member
@click.option("--reads/--no-reads", default=True, show_default=True, help="Read the content of every file, too.")
@click.option(
    "--annotate", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write a marked workbook."
)
@click.option("--against", metavar="SUBMISSION", help="Ask the archive what would change in this submission.")
@as_json
def check(
    context: Context,
    folder: Path,
    member: str | None,
    reads: bool,
    annotate: Path | None,
    against: str | None,
    as_json: bool,
) -> None:
    """Check a submission folder here, without the archive, by the archive's own rules: metadata, names, MD5, reads.

    \b
    FOLDER holds the files and submission.xlsx (see `biotheca template`), tables (samples.tsv ...)
    or a submission.json such as
      {"member": "gsa", "title": "...", "release": {"mode": "immediately"},
       "metadata": {"project": {...}, "samples": [...], "study": {...}, "experiments": [...],
                    "runs": [{"alias": "r1", "files": [{"name": "r1.fastq.gz"}], ...}]}}
    MD5 and sizes may be left out; they are filled in.

    \b
    Example:
      biotheca check my-reads
      biotheca check my-reads --annotate findings.xlsx
    """
    out = Output(as_json)
    local = Folder(folder, member)
    with out.progress() as progress:
        add = progress.start("reading the files", local.size_bytes())
        reports = local.reports(add) if reads else []
        flaws = local.shape_flaws() + local.content_flaws()
        metadata = local.verdict()
    if annotate:
        annotate.write_bytes(local.annotated())
    changes = context.client().check_metadata(against, local.metadata())["difference"] if against else None
    found = {
        "folder": str(folder),
        "files": len(local.paths()),
        "catalog_version": catalog_version(),
        "findings": [flaw.as_dict() for flaw in flaws],
        "metadata": metadata,
        "reports": reports,
        "engine": engine(),
        "difference": changes,
    }
    unsound = [report for report in reports if report["verdict"] != "sound"]
    out.result(found, lambda: _show_check(out, local, found, unsound))
    if flaws or unsound or metadata["verdict"] != "taken":
        raise click.exceptions.Exit(1)


_SHOWN = 10  # findings of one group or file in words


def _show_check(out: Output, local: Folder, found: dict[str, Any], unsound: list[dict[str, Any]]) -> None:
    metadata = found["metadata"]
    for flaw in found["findings"]:
        out.say(f"{words.clean(flaw['where'])}: {words.clean(flaw['message'])} {words.clean(flaw['mend'])}")
    for group in metadata["groups"]:
        place = " ".join(str(group[k]) for k in ("sheet", "column", "section", "field") if k in group)
        many = f" ({group['count']} times: {group.get('rows') or group.get('items', '')})" if group["count"] > 1 else ""
        said = f"{words.clean(group['first'])} {words.clean(group['mend'])} [{group['rule']}]"
        out.say(f"{words.clean(place)}{words.clean(many[:300])}: {said}")
    told: set[str] = set()  # what is wrong with a run is told once, not with each of its files
    for report in found["reports"]:
        for line in map(finding_line, report["findings"][:_SHOWN]):
            if line not in told:
                out.say(line)
            told.add(line)
    if found["difference"] is not None:
        _show_difference(out, found["difference"])
    if found["reports"]:
        out.say(f"Reads were looked at by the {found['engine']} engine.")
    if not (found["findings"] or unsound or metadata["errors_total"]):
        out.say(f"{found['files']} file(s), {words.size(local.size_bytes())}: ready to submit.")


def _show_difference(out: Output, changes: dict[str, Any]) -> None:
    for what in ("added", "removed"):
        for one in changes[what]:
            out.say(f"{what}: {words.clean(one['type'])} {words.clean(one['alias'])}")
    for one in changes["changed"]:
        for field in one["fields"]:
            old, new = (words.clean(field.get(k, "nothing")) for k in ("old", "new"))
            out.say(f"changed: {words.clean(one['type'])} {words.clean(one['alias'])} {field['field']}: {old} -> {new}")
    out.say(f"{changes['unchanged']} object(s) stay as they are.")


@command("template")
@click.argument("member")
@click.option("--to", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Where to write it.")
@click.option("--format", "form", type=click.Choice(["xlsx", "tsv"]), default="xlsx", show_default=True)
@click.option("--sheet", default="", help="One object type's table alone, e.g. samples (with tsv).")
@click.option("--package", default="", help="Columns of one package only, e.g. a type of sample.")
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True)
@as_json
def template(
    context: Context, member: str, to: Path | None, form: str, sheet: str, package: str, lang: str, as_json: bool
) -> None:
    """An empty workbook (or tables) of a database, to be filled in and put into the folder as submission.xlsx.

    \b
    Example:
      biotheca template gsa --package plant --to my-reads/submission.xlsx
    """
    body = context.client().template(member, format=form, sheet=sheet, package=package, lang=lang)
    _write(Output(as_json), body, to or Path(_name(f"{member}-template", form, sheet)))


@command("workbook")
@click.argument("submission")
@click.option("--to", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Where to write it.")
@click.option("--format", "form", type=click.Choice(["xlsx", "tsv"]), default="xlsx", show_default=True)
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True)
@as_json
def workbook(context: Context, submission: str, to: Path | None, form: str, lang: str, as_json: bool) -> None:
    """The metadata of a SUBMISSION as a workbook (or tables), to be changed and sent again.

    \b
    Example:
      biotheca workbook sub_0123 --to my-reads/submission.xlsx
    """
    body = context.client().workbook(submission, format=form, lang=lang)
    _write(Output(as_json), body, to or Path(_name(submission, form, "")))


def _name(stem: str, form: str, sheet: str) -> str:
    safe = "".join(c if c.isalnum() or c in "._-" else "_" for c in f"{stem}{'-' if sheet else ''}{sheet}")
    return f"{safe}.{'xlsx' if form == 'xlsx' else 'tsv' if sheet else 'zip'}"


def _write(out: Output, body: bytes, to: Path) -> None:
    to.write_bytes(body)
    out.result({"file": str(to), "size_bytes": len(body)}, lambda: out.say(f"{to} ({words.size(len(body))})"))


@command("submit")
@folder_argument
@of_member
@click.option("--title", help="The submission's title, where workbook or tables do not say it.")
@click.option(
    "--pack",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Send all files below DIR in archives, which are made in FOLDER. For images.",
)
@click.option("--wait", is_flag=True, help="Follow until it is archived, released or returned.")
@jobs
@as_json
def submit(
    context: Context,
    folder: Path,
    member: str | None,
    title: str | None,
    pack: Path | None,
    wait: bool,
    jobs: int,
    as_json: bool,
) -> None:
    """Submit a folder: metadata, files, hand-in. Run it again to go on after any interruption.

    Its metadata stand in submission.json, submission.xlsx or tables; see `biotheca check`.

    \b
    Example:
      biotheca submit my-reads --wait
      biotheca submit my-collection --pack /data/scans
    """
    out, client = Output(as_json), context.client()
    with out.progress() as progress:
        try:
            submission = client.submit_folder(folder, jobs, progress, out.note, member, title, pack=pack)
        except KeyboardInterrupt:
            client.stop.set()
            raise
    if wait:
        submission = until_over(client, out, submission["id"])
    conclude(out, submission)


@command("upload")
@click.argument("submission")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@jobs
@as_json
def upload(context: Context, submission: str, paths: tuple[Path, ...], jobs: int, as_json: bool) -> None:
    """Send files of a SUBMISSION; PATHS are a folder or the files themselves. Finished parts are never sent again.

    \b
    Example:
      biotheca upload sub_0123 my-reads
      biotheca upload sub_0123 reads_1.fastq.gz reads_2.fastq.gz
    """
    out, client = Output(as_json), context.client()
    local = [file for path in paths for file in (sorted(path.iterdir()) if path.is_dir() else [path]) if file.is_file()]
    expected = {file["name"]: file for file in client.files(submission)}
    strange = [path.name for path in paths if path.is_file() and path.name not in expected]
    if strange or not any(file.name in expected for file in local):
        names = ", ".join(words.clean(name) for name in expected) or "none"
        what = f"{', '.join(strange)} is no file" if strange else "There is no file here"
        raise WrongUse(f"{what} of submission {submission}.", f"It expects: {names}.")
    with out.progress() as progress:
        try:
            sent = client.upload(submission, local, jobs, progress, out.note)
        except KeyboardInterrupt:
            client.stop.set()
            raise
    document = {"submission": submission, "sent": [one.as_dict() for one in sent]}
    out.result(document, lambda: out.say(f"{len(sent)} file(s) sent to submission {submission}."))


@command("status")
@click.argument("submission")
@click.option("--follow", is_flag=True, help="Go on until it is archived, released or returned.")
@as_json
def status(context: Context, submission: str, follow: bool, as_json: bool) -> None:
    """What became of a SUBMISSION (its id, or its folder): state, files, findings, history.

    \b
    Example:
      biotheca status sub_0123
      biotheca status my-reads --follow
    """
    out, client = Output(as_json), context.client()
    submission = id_of(client, submission)
    if follow:
        whole = until_over(client, out, submission)
        conclude(out, whole)
        return
    whole, history = client.submission(submission), client.history(submission)
    out.result({"submission": whole, "history": history}, lambda: _show(out, whole, history))


def id_of(client: Client, text: str) -> str:
    """A submission's id from the id itself or from the folder that was submitted."""
    if not Path(text).is_dir():
        return text
    known = Folder(Path(text)).submission(client.session.server)
    if known is None:
        raise WrongUse(
            f"{text} was not yet submitted to {client.session.server}.", "Run `biotheca submit` on it first."
        )
    return known


def _show(out: Output, submission: dict[str, Any], history: list[dict[str, Any]]) -> None:
    state = words.state(submission["state"], submission.get("state_words", ""))
    out.say(f"{words.clean(submission['title'])} ({submission['id']}, {words.clean(submission['member'])})")
    out.say(f"It is {state}.")
    show_details(out, submission)
    if history:
        out.say()
    for line in history:
        out.say(line_of(line))


COMMANDS = (template, check, submit, upload, status, workbook)
