"""Committees at the terminal: form, invite, join, leave; the requests that wait, the log of files that were given."""

from __future__ import annotations

import secrets
from typing import Any

import click

from biotheca_client import words
from biotheca_client.commands.common import Context, as_json, command
from biotheca_client.output import Output


def log_rows(found: list[dict[str, Any]]) -> list[list[str]]:
    """Lines of a log for people; where staff broke the glass their reason stands in the place of a file."""
    return [
        [
            words.moment(row["at"]),
            words.clean(row["dataset"]),
            words.clean(row["file"] or f"glass broken: {row.get('reason', '')}"),
            words.clean(row["grant"]),
            words.clean(row["person"]),
        ]
        for row in found
    ]


LOG = ["when", "dataset", "file", "by", "person"]


@click.group("committees")
def committees() -> None:
    """Committees that decide on requests for controlled data."""


@command("list")
@as_json
def list_committees(context: Context, as_json: bool) -> None:
    """Your committees, and those that invite you.

    \b
    Example:
      biotheca committees list
    """
    out, found = Output(as_json), context.client().committees()
    rows = [[words.clean(c["number"]), words.clean(c["name"]), words.clean(c["standing"])] for c in found]
    heads = ["committee", "name", "you are"]
    out.result({"items": found}, lambda: out.table(heads, rows) if rows else out.say("None."))


@command("form")
@click.argument("name")
@click.option("--description", default="", help="What it decides on.")
@click.option(
    "--rule",
    type=click.Choice(["one", "contact", "majority", "all"]),
    default="one",
    show_default=True,
    help="Whose voices decide.",
)
@as_json
def form(context: Context, name: str, description: str, rule: str, as_json: bool) -> None:
    """Form a committee; you are its contact.

    \b
    Example:
      biotheca committees form "Keepers of the cohort" --rule majority
    """
    out, client = Output(as_json), context.client()
    made = client.form_committee(name, description, rule, idempotency_key=secrets.token_hex(16))
    number = words.clean(made["number"])
    out.result(made, lambda: out.say(f"{number} is formed. Invite: biotheca committees invite {number} EMAIL"))


@command("show")
@click.argument("committee")
@as_json
def show_committee(context: Context, committee: str, as_json: bool) -> None:
    """A committee of yours: rule, undecided requests, members.

    \b
    Example:
      biotheca committees show HDAC000001
    """
    out, found = Output(as_json), context.client().committee(committee)

    def show() -> None:
        out.say(f"{words.clean(found['name'])} ({words.clean(found['number'])}), rule: {words.clean(found['rule'])}")
        out.say(f"{found['undecided']} request(s) undecided")
        out.table(["name", "role", "away until", "subject"], [_member(m) for m in found["members"]])

    out.result(found, show)


def _member(member: dict[str, Any]) -> list[str]:
    role = "contact" if member["contact"] else "deputy" if member["deputy"] else "member"
    role = role if member["standing"] == "joined" else f"{role}, invited"
    return [words.clean(member["name"]), role, words.clean(member["away_until"] or ""), words.clean(member["subject"])]


@command("invite")
@click.argument("committee")
@click.argument("email")
@click.option("--contact", is_flag=True, help="As a contact, who speaks for the committee.")
@click.option("--deputy", is_flag=True, help="As a deputy, who votes for a contact that is away.")
@as_json
def invite(context: Context, committee: str, email: str, contact: bool, deputy: bool, as_json: bool) -> None:
    """Invite an address into a committee of yours.

    \b
    Example:
      biotheca committees invite HDAC000001 colleague@example.org --deputy
    """
    out, said = Output(as_json), context.client().invite_to_committee(committee, email, contact, deputy)
    out.result({"message": said}, lambda: out.say(words.clean(said)))


@command("join")
@click.argument("committee")
@as_json
def join(context: Context, committee: str, as_json: bool) -> None:
    """Accept an invitation.

    \b
    Example:
      biotheca committees join HDAC000001
    """
    out, joined = Output(as_json), context.client().join_committee(committee)
    out.result(joined, lambda: out.say(f"You are in {words.clean(joined['name'])}."))


@command("leave")
@click.argument("committee")
@click.option("--subject", help="Take this member out instead of yourself.")
@as_json
def leave(context: Context, committee: str, subject: str | None, as_json: bool) -> None:
    """Leave a committee, or take a member out of yours. The voice is gone at once.

    \b
    Example:
      biotheca committees leave HDAC000001
    """
    out, client = Output(as_json), context.client()
    client.leave_committee(committee, subject or client.who_am_i()["subject"])
    out.result({"committee": committee}, lambda: out.say("Done."))


@command("away")
@click.argument("committee")
@click.argument("until", required=False, default="")
@as_json
def away(context: Context, committee: str, until: str, as_json: bool) -> None:
    """Be away up to a day, inclusive; without UNTIL be back.

    \b
    Example:
      biotheca committees away HDAC000001 2026-08-31
    """
    out, client = Output(as_json), context.client()
    changed = client.be_away(committee, client.who_am_i()["subject"], until)
    said = f"Nobody waits for you until {until}." if until else "You are back."
    out.result(changed, lambda: out.say(words.clean(said)))


@command("choose")
@click.argument("submission")
@click.argument("committee")
@click.option("--reason", default="", help="Why; asked for after release.")
@as_json
def choose(context: Context, submission: str, committee: str, reason: str, as_json: bool) -> None:
    """Name the committee that decides on requests to the files of a submission.

    \b
    Example:
      biotheca committees choose sub_01h... HDAC000001
    """
    out, changed = Output(as_json), context.client().choose_committee(submission, committee, reason)
    out.result(changed, lambda: out.say(f"{words.clean(committee)} decides on requests."))


@command("requests")
@click.argument("committee")
@as_json
def requests_to(context: Context, committee: str, as_json: bool) -> None:
    """The requests that a committee of yours got, newest first; `biotheca requests show` shows one.

    \b
    Example:
      biotheca committees requests HDAC000001
    """
    out, found = Output(as_json), list(context.client().requests_to(committee))
    rows = [
        [
            words.clean(r["number"]),
            words.clean(r["dataset"]),
            words.clean(r["state_words"]),
            str((r["waiting"] or {}).get("days", "")),
        ]
        for r in found
    ]
    heads = ["request", "dataset", "state", "days"]
    out.result({"items": found}, lambda: out.table(heads, rows) if rows else out.say("None."))


@command("log")
@click.argument("committee")
@click.argument("dataset")
@as_json
def log(context: Context, committee: str, dataset: str, as_json: bool) -> None:
    """Who was given which file of a dataset of the committee, newest first; staff with their reasons.

    \b
    Example:
      biotheca committees log HDAC000001 HRA000001
    """
    out, found = Output(as_json), list(context.client().log_of(committee, dataset))
    out.result({"items": found}, lambda: out.table(LOG, log_rows(found)) if found else out.say("None."))


for _command in (list_committees, form, show_committee, invite, join, leave, away, choose, requests_to, log):
    committees.add_command(_command)
COMMANDS = (committees,)
