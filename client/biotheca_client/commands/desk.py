"""The curators' desk: queue, decide."""

from __future__ import annotations

from typing import Any

import click

from biotheca_client import words
from biotheca_client.commands.common import Context, as_json, command
from biotheca_client.errors import WrongUse
from biotheca_client.output import Output


@command("queue")
@as_json
def queue(context: Context, as_json: bool) -> None:
    """Submissions that wait for a curator, longest waiting first.

    \b
    Example:
      biotheca queue
    """
    out = Output(as_json)
    waiting = list(context.client().queue())

    def show() -> None:
        if not waiting:
            out.say("Nothing waits for a decision.")
            return
        rows = [
            [w["id"], words.clean(w["member"]), words.moment(w.get("updated_at")), words.clean(w["title"])]
            for w in waiting
        ]
        out.table(["submission", "member", "since (UTC)", "title"], rows)

    out.result({"items": waiting}, show)


@command("decide")
@click.argument("submission")
@click.argument("decision", type=click.Choice(["accept", "return"]))
@click.option("--reason", "reasons", multiple=True, metavar="CODE:TEXT", help="Why; may be given several times.")
@as_json
def decide(context: Context, submission: str, decision: str, reasons: tuple[str, ...], as_json: bool) -> None:
    """Accept a SUBMISSION or return it with coded reasons.

    \b
    Example:
      biotheca decide sub_0123 accept
      biotheca decide sub_0123 return --reason "sample.description:Two of four samples are missing"
    """
    out = Output(as_json)
    coded = [_coded(reason) for reason in reasons]
    if decision == "return" and not coded:
        raise WrongUse("A return needs a reason.", 'Add --reason "CODE:TEXT"; the depositor reads the text.')
    decided: dict[str, Any] = context.client().decide(submission, decision, coded)
    state = words.state(decided["state"], decided.get("state_words", ""))
    out.result(decided, lambda: out.say(f"Submission {submission}: {state}."))


def _coded(reason: str) -> dict[str, str]:
    code, colon, text = reason.partition(":")
    if not colon or not code.strip() or not text.strip():
        raise WrongUse(
            f"{reason!r} is no reason.", 'Write it as CODE:TEXT, e.g. "sample.description:Two samples are missing".'
        )
    return {"code": code.strip(), "text": text.strip()}


COMMANDS = (queue, decide)
