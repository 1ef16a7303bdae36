"""Following a submission, and what is told of where it stands."""

from __future__ import annotations

import time
from typing import Any

import click

from biotheca_client import words
from biotheca_client.client import Client
from biotheca_client.errors import Refused
from biotheca_client.output import Output, finding_line

_LOOK_EVERY_S = 1.0
_LOOK_AT_LEAST_EVERY_S = 15.0
_SHOWN_FINDINGS = 20


def until_over(client: Client, out: Output, submission: str) -> dict[str, Any]:
    """Print each new line of the history until nothing more happens without a person."""
    shown, pause_s = 0, _LOOK_EVERY_S
    while True:
        whole = client.submission(submission)
        history = client.history(submission)
        for line in history[shown:]:
            out.note(line_of(line))
        pause_s = _LOOK_EVERY_S if len(history) > shown else min(pause_s * 1.2, _LOOK_AT_LEAST_EVERY_S)
        shown = len(history)
        if words.is_over(whole):
            return whole
        time.sleep(pause_s)


def conclude(out: Output, submission: dict[str, Any]) -> None:
    """Where it stands now; exit code 1 if it was returned, cancelled or held."""

    def show() -> None:
        out.say(
            f"Submission {submission['id']}: {words.state(submission['state'], submission.get('state_words', ''))}."
        )
        show_details(out, submission)

    out.result(submission, show)
    if submission["state"] in words.ENDED - words.SETTLED:
        raise click.exceptions.Exit(Refused.exit_code)


def show_details(out: Output, submission: dict[str, Any]) -> None:
    """Numbers, files with their findings, reviewers' reasons, warnings, the place in the queue."""
    if submission.get("access", "open") != "open":
        out.say(f"  access: {words.clean(submission['access'])}")
    for alias, accession in (submission.get("accessions") or {}).items():
        out.say(f"  {words.clean(accession)}  {words.clean(alias)}")
    for file in submission.get("files") or []:
        sizes = words.size(file.get("size_bytes"))
        out.say(f"  {words.clean(file['name'])}  {sizes}  {words.file_state(file['state'])}")
        for finding in file.get("findings") or []:
            out.say("    " + finding_line(finding))
    for reason in submission.get("reasons") or []:
        out.say(f"  {words.clean(reason.get('code'))}: {words.clean(reason.get('text'))}")
    told = [finding for file in submission.get("files") or [] for finding in file.get("findings") or []]
    others = [finding for finding in submission.get("findings") or [] if finding not in told]
    for finding in others[:_SHOWN_FINDINGS]:
        out.say(f"  {words.clean(finding.get('severity'))}: {finding_line(finding)}")
    if len(others) > _SHOWN_FINDINGS:
        out.say(f"  ... and {len(others) - _SHOWN_FINDINGS} more; --json shows all.")
    if submission.get("queue"):
        out.say(_place(submission["queue"]))


def _place(queue: dict[str, Any]) -> str:
    expected = f"A decision may be expected on {queue['expected_on']}." if queue.get("expected_on") else ""
    known = expected or words.clean(queue.get("words"))
    return f"Place {queue['position']} of {queue['length']} in the curators' queue. {known}".rstrip()


def line_of(line: dict[str, Any]) -> str:
    """A line of a history."""
    return f"{words.moment(line['at'])}  {words.clean(line.get('words') or line.get('event'))}"
