"""Bringing data in: check, submit, upload, status."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from biotheca_client import words
from biotheca_client.client import Client
from biotheca_client.commands.common import Context, as_json, command, jobs
from biotheca_client.errors import Refused, WrongUse
from biotheca_client.folders import Folder
from biotheca_client.output import Output, finding_line

_LOOK_EVERY_S = 1.0
_LOOK_AT_LEAST_EVERY_S = 15.0

folder_argument = click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))


@command("check")
@folder_argument
@as_json
def check(context: Context, folder: Path, as_json: bool) -> None:
    """Check a submission folder here, without the archive: its JSON, file names, sizes and MD5.

    \b
    FOLDER holds the files and a submission.json such as
      {"member": "gsa", "title": "...", "release": {"mode": "immediately"},
       "metadata": {"project": {...}, "samples": [...], "study": {...}, "experiments": [...],
                    "runs": [{"alias": "r1", "files": [{"name": "r1.fastq.gz"}], ...}]}}
    MD5 and sizes may be left out; they are filled in.

    \b
    Example:
      biotheca check my-reads
    """
    out = Output(as_json)
    local = Folder(folder)
    with out.progress() as progress:
        flaws = local.shape_flaws() + local.content_flaws(progress.start("reading the files", local.size_bytes()))
    found = {"folder": str(folder), "files": len(local.paths()), "findings": [flaw.as_dict() for flaw in flaws]}

    def show() -> None:
        for flaw in flaws:
            out.say(f"{words.clean(flaw.where)}: {words.clean(flaw.message)} {words.clean(flaw.mend)}")
        if not flaws:
            out.say(f"{len(local.paths())} file(s), {words.size(local.size_bytes())}: ready to submit.")

    out.result(found, show)
    if flaws:
        raise click.exceptions.Exit(1)


@command("submit")
@folder_argument
@click.option("--wait", is_flag=True, help="Follow until it is archived, released or returned.")
@jobs
@as_json
def submit(context: Context, folder: Path, wait: bool, jobs: int, as_json: bool) -> None:
    """Submit a folder: metadata, files, hand-in. Run it again to go on after any interruption.

    \b
    Example:
      biotheca submit my-reads --wait
    """
    out, client = Output(as_json), context.client()
    with out.progress() as progress:
        try:
            submission = client.submit_folder(folder, jobs, progress, out.note)
        except KeyboardInterrupt:
            client.stop.set()
            raise
    if wait:
        submission = _follow(client, out, submission["id"])
    _conclude(out, submission)


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
    submission = _id_of(client, submission)
    if follow:
        whole = _follow(client, out, submission)
        _conclude(out, whole)
        return
    whole, history = client.submission(submission), client.history(submission)
    out.result({"submission": whole, "history": history}, lambda: _show(out, whole, history))


def _id_of(client: Client, text: str) -> str:
    """A submission's id from the id itself or from the folder that was submitted."""
    if not Path(text).is_dir():
        return text
    known = Folder(Path(text)).submission(client.session.server)
    if known is None:
        raise WrongUse(
            f"{text} was not yet submitted to {client.session.server}.", "Run `biotheca submit` on it first."
        )
    return known


def _follow(client: Client, out: Output, submission: str) -> dict[str, Any]:
    """Print each new line of the history until nothing more happens without a person."""
    shown, pause_s = 0, _LOOK_EVERY_S
    while True:
        whole = client.submission(submission)
        history = client.history(submission)
        for line in history[shown:]:
            out.note(_line(line))
        pause_s = _LOOK_EVERY_S if len(history) > shown else min(pause_s * 1.2, _LOOK_AT_LEAST_EVERY_S)
        shown = len(history)
        if words.is_over(whole):
            return whole
        time.sleep(pause_s)


def _conclude(out: Output, submission: dict[str, Any]) -> None:
    """Where it stands now; exit code 1 if it was returned, cancelled or held."""

    def show() -> None:
        out.say(
            f"Submission {submission['id']}: {words.state(submission['state'], submission.get('state_words', ''))}."
        )
        _show_details(out, submission)

    out.result(submission, show)
    if submission["state"] in words.ENDED - words.SETTLED:
        raise click.exceptions.Exit(Refused.exit_code)


def _show(out: Output, submission: dict[str, Any], history: list[dict[str, Any]]) -> None:
    state = words.state(submission["state"], submission.get("state_words", ""))
    out.say(f"{words.clean(submission['title'])} ({submission['id']}, {words.clean(submission['member'])})")
    out.say(f"It is {state}.")
    _show_details(out, submission)
    if history:
        out.say()
    for line in history:
        out.say(_line(line))


def _show_details(out: Output, submission: dict[str, Any]) -> None:
    for alias, accession in (submission.get("accessions") or {}).items():
        out.say(f"  {words.clean(accession)}  {words.clean(alias)}")
    for file in submission.get("files") or []:
        sizes = words.size(file.get("size_bytes"))
        out.say(f"  {words.clean(file['name'])}  {sizes}  {words.file_state(file['state'])}")
        for finding in file.get("findings") or []:
            out.say("    " + finding_line(finding))
    for reason in submission.get("reasons") or []:
        out.say(f"  {words.clean(reason.get('code'))}: {words.clean(reason.get('text'))}")


def _line(line: dict[str, Any]) -> str:
    return f"{words.moment(line['at'])}  {words.clean(line.get('words') or line.get('event'))}"


COMMANDS = (check, submit, upload, status)
