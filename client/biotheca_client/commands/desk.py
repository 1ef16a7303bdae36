"""The curators' desk: queues, taking up, checklist, notes, decisions; corrections of records."""

from __future__ import annotations

from typing import Any

import click

from biotheca_client import words
from biotheca_client.commands.common import Context, as_json, coded_reasons, command, reasons
from biotheca_client.errors import WrongUse
from biotheca_client.output import Output, finding_line

VIEWS = ("data", "metadata", "mine", "checks", "failed", "held")
stage = click.option("--stage", type=click.Choice(["data", "metadata"]), default="data", show_default=True)


@command("queue")
@click.option("--view", type=click.Choice(VIEWS), default="data", show_default=True, help="Which part of the desk.")
@as_json
def queue(context: Context, view: str, as_json: bool) -> None:
    """Submissions by view; those that wait for a curator with priority first, then longest waiting.

    \b
    Example:
      biotheca queue
      biotheca queue --view metadata
    """
    out = Output(as_json)
    waiting = list(context.client().queue(view))

    def show() -> None:
        if not waiting:
            out.say("Nothing waits for a decision." if view in ("data", "metadata") else "Nothing is there.")
            return
        out.table(["submission", "member", "since (UTC)", "who", "warnings", "title"], [_row(w) for w in waiting])

    out.result({"items": waiting}, show)


def _row(waiting: dict[str, Any]) -> list[str]:
    who = words.clean(waiting.get("assigned") or "nobody")
    first = " (priority)" if waiting.get("priority") == "priority" else ""
    since = words.moment(waiting.get("since") or waiting.get("updated_at"))
    title = words.clean(waiting["title"]) + first
    return [waiting["id"], words.clean(waiting["member"]), since, who, str(waiting.get("warnings", 0)), title]


@command("next")
@stage
@as_json
def take_next(context: Context, stage: str, as_json: bool) -> None:
    """Take up the first submission of a queue that nobody has.

    \b
    Example:
      biotheca next
      biotheca next --stage metadata
    """
    out = Output(as_json)
    found = context.client().take_next(stage)
    out.result(found, lambda: _show_desk(out, found, []))


@command("desk")
@click.argument("submission")
@as_json
def desk(context: Context, submission: str, as_json: bool) -> None:
    """A SUBMISSION as the desk sees it: who has it, its checklist, its rounds, the curators' notes.

    \b
    Example:
      biotheca desk sub_0123
    """
    out, client = Output(as_json), context.client()
    found, notes = client.desk(submission), client.notes(submission)
    out.result(found | {"notes": notes}, lambda: _show_desk(out, found, notes))


def _show_desk(out: Output, found: dict[str, Any], notes: list[dict[str, Any]]) -> None:
    submission = found["submission"]
    out.say(f"{words.clean(submission['title'])} ({submission['id']}, {words.clean(submission['member'])})")
    out.say(f"It is {words.state(submission['state'], submission.get('state_words', ''))}.")
    who = words.clean(found["assigned"] or "nobody")
    out.say(f"Version {found['version']}, {found['priority']}, with {who} since {words.moment(found['since'])}.")
    for row in found["checklist"]:
        must = " (wants a decision)" if row["must_be_decided"] and not row["decision"] else ""
        out.say(f"  {row['finding']}  {words.clean(row['decision'] or 'open')}{must}")
        out.say(f"    {finding_line(row['found'])}")
        if row["text"]:
            out.say(f"    {words.clean(row['text'])}")
    for one in found["rounds"]:
        ended = f", {words.clean(one['outcome'])} {words.moment(one['ended_at'])}" if one.get("ended_at") else ""
        out.say(f"Round {one['round']}: handed in {words.moment(one['submitted_at'])}{ended}")
    for note in notes:
        out.say(f"{words.moment(note['at'])}  {words.clean(note['actor'])}: {words.clean(note['text'])}")


@command("assign")
@click.argument("submission")
@click.option("--take-over", is_flag=True, help="Also from another curator (data managers).")
@as_json
def assign(context: Context, submission: str, take_over: bool, as_json: bool) -> None:
    """Take a SUBMISSION up, so that no other curator decides on it.

    \b
    Example:
      biotheca assign sub_0123
    """
    out = Output(as_json)
    found = context.client().assign(submission, take_over)
    out.result(found, lambda: out.say(f"{submission} is yours since {words.moment(found['assigned_at'])} UTC."))


@command("unassign")
@click.argument("submission")
@as_json
def unassign(context: Context, submission: str, as_json: bool) -> None:
    """Give a SUBMISSION back to the queue.

    \b
    Example:
      biotheca unassign sub_0123
    """
    out = Output(as_json)
    context.client().unassign(submission)
    out.result({"submission": submission}, lambda: out.say(f"{submission} is back in the queue."))


@command("prioritise")
@click.argument("submission")
@click.option("--normal", is_flag=True, help="Back among the normal ones.")
@as_json
def prioritise(context: Context, submission: str, normal: bool, as_json: bool) -> None:
    """Put a SUBMISSION before the others.

    \b
    Example:
      biotheca prioritise sub_0123
      biotheca prioritise sub_0123 --normal
    """
    out = Output(as_json)
    found = context.client().prioritise(submission, "normal" if normal else "priority")
    out.result(found, lambda: out.say(f"The priority of {submission} is {words.clean(found['priority'])}."))


@command("judge")
@click.argument("submission")
@click.argument("findings", nargs=-1, required=True, metavar="FINDING...")
@click.option("--as", "decision", required=True, type=click.Choice(["harmless", "return"]), help="Your decision.")
@click.option("--text", default="", help="Why; for other curators.")
@as_json
def judge(
    context: Context, submission: str, findings: tuple[str, ...], decision: str, text: str, as_json: bool
) -> None:
    """Decide on findings of a SUBMISSION's checklist; `biotheca desk` shows their names.

    \b
    Example:
      biotheca judge sub_0123 0123456789abcdef --as harmless --text "The address of an institute"
    """
    out = Output(as_json)
    rows = [{"finding": name, "decision": decision, "text": text} for name in findings]
    found = context.client().judge(submission, rows)
    left = sum(1 for row in found["checklist"] if row["must_be_decided"] and not row["decision"])
    out.result(found, lambda: out.say(f"Noted. {left} finding(s) of {submission} still want a decision."))


@command("note")
@click.argument("submission")
@click.argument("text")
@as_json
def note(context: Context, submission: str, text: str, as_json: bool) -> None:
    """Write a note about a SUBMISSION for other curators; submitters never see it.

    \b
    Example:
      biotheca note sub_0123 "Waits for an answer by telephone"
    """
    out = Output(as_json)
    context.client().note(submission, text)
    out.result({"submission": submission, "text": text}, lambda: out.say("Noted."))


@command("decide")
@click.argument("submission")
@click.argument("decision", type=click.Choice(["accept", "return"]))
@reasons
@click.option("--run", "runs", multiple=True, metavar="ALIAS", help="Accept this run alone; several times for more.")
@click.option("--rest", type=click.Choice(["keep", "return"]), help="The other runs: stay here (usual), or go back.")
@click.option("--version", type=click.IntRange(1), help="The version you looked at; refused if it changed since.")
@as_json
def decide(
    context: Context,
    submission: str,
    decision: str,
    reasons: tuple[str, ...],
    runs: tuple[str, ...],
    rest: str | None,
    version: int | None,
    as_json: bool,
) -> None:
    """Accept a SUBMISSION, accept some of its runs, or return it with coded reasons.

    \b
    Example:
      biotheca decide sub_0123 accept
      biotheca decide sub_0123 return --reason "sample.description:Two of four samples are missing"
      biotheca decide sub_0123 accept --run r1 --run r2 --rest return --reason "run.layout:r3 is single-end"
    """
    out = Output(as_json)
    coded = coded_reasons(reasons)
    if (decision == "return" or rest == "return") and not coded:
        raise WrongUse("A return needs a reason.", 'Add --reason "CODE:TEXT"; the depositor reads the text.')
    if rest and not runs:
        raise WrongUse("--rest goes with --run.", "Name the runs that you accept, each with --run.")
    decided = context.client().decide(submission, decision, coded, list(runs), rest or "keep", version)
    state = words.state(decided["state"], decided.get("state_words", ""))
    out.result(decided, lambda: out.say(f"Submission {submission}: {state}."))


@command("reasons")
@as_json
def list_reasons(context: Context, as_json: bool) -> None:
    """The coded reasons for returning a submission.

    \b
    Example:
      biotheca reasons
    """
    out, found = Output(as_json), context.client().return_reasons()
    rows = [[r["code"], _english(r)] for r in found]
    out.result({"items": found}, lambda: out.table(["code", "meaning"], rows))


def _english(reason: dict[str, Any]) -> str:
    text = reason.get("text") or reason.get("title") or {}
    return words.clean(text.get("en", "") if isinstance(text, dict) else text)


@command("figures")
@as_json
def figures(context: Context, as_json: bool) -> None:
    """How many submissions wait, how long steps take, what share needs nobody.

    \b
    Example:
      biotheca figures
    """
    out, found = Output(as_json), context.client().figures()

    def show() -> None:
        for queue, count in found["waiting"].items():
            out.say(f"{count} wait for a decision on {words.clean(queue)}.")
        rows = [
            [step["step"], str(step["ended"]), _percent(step["automatic_share"]), _duration(step["median_seconds"])]
            for step in found["steps"]
        ]
        out.table(["step", "ended", "without staff", "median"], rows)

    out.result(found, show)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.0f}%"


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    return f"{seconds / 86400:.1f} days" if seconds >= 86400 else f"{seconds / 60:.1f} min"


@command("corrections")
@click.argument("accession", required=False)
@as_json
def corrections(context: Context, accession: str | None, as_json: bool) -> None:
    """Corrections that wait for a curator; or those of your record ACCESSION and what became of them.

    \b
    Example:
      biotheca corrections
      biotheca corrections SAMC000001
    """
    out, client = Output(as_json), context.client()
    found = client.corrections(accession) if accession else client.waiting_corrections()
    rows = [[c["id"], c["accession"], words.clean(c["state"]), _changes(c), words.clean(c["text"])] for c in found]
    out.result({"items": found}, lambda: out.table(["correction", "accession", "state", "changes", "why"], rows))


def _changes(correction: dict[str, Any]) -> str:
    return "; ".join(f"{words.clean(c['field'])}={words.clean(c.get('to'))}" for c in correction["changes"])


@command("decide-correction")
@click.argument("accession")
@click.argument("correction")
@click.argument("decision", type=click.Choice(["accept", "return"]))
@reasons
@as_json
def decide_correction(
    context: Context, accession: str, correction: str, decision: str, reasons: tuple[str, ...], as_json: bool
) -> None:
    """Accept a CORRECTION, which makes the record's next version, or return it with coded reasons.

    \b
    Example:
      biotheca decide-correction SAMC000001 cor_0123 accept
    """
    out = Output(as_json)
    done = context.client().decide_correction(accession, correction, decision, coded_reasons(reasons))
    out.result(done, lambda: out.say(f"{done['accession']} is at version {done['version']}."))


COMMANDS = (
    queue,
    take_next,
    desk,
    assign,
    unassign,
    prioritise,
    judge,
    note,
    decide,
    list_reasons,
    figures,
    corrections,
    decide_correction,
)
