"""Grants at the terminal: what one may read till when, a visa of it, its end; and staff who break the glass."""

from __future__ import annotations

import click

from biotheca_client import words
from biotheca_client.commands.committees import LOG, log_rows
from biotheca_client.commands.common import Context, as_json, command
from biotheca_client.output import Output


@click.group("grants")
def grants() -> None:
    """Grants of controlled data: what you may read till when, proofs of it, its end."""


@command("list")
@as_json
def list_grants(context: Context, as_json: bool) -> None:
    """Your grants, with what each is worth now; `biotheca download` fetches their files.

    \b
    Example:
      biotheca grants list
    """
    out, found = Output(as_json), context.client().access_grants()
    rows = [
        [words.clean(g["request"]), words.clean(g["dataset"]), words.clean(g["state"]), words.moment(g["ends_at"])]
        for g in found
    ]
    heads = ["grant", "dataset", "state", "until"]
    out.result({"items": found}, lambda: out.table(heads, rows) if rows else out.say("None."))


@command("visa")
@click.argument("grant")
@as_json
def visa(context: Context, grant: str, as_json: bool) -> None:
    """A GA4GH visa of a live GRANT of yours, for other archives. Whoever has it can show it: it lives for an hour.

    \b
    Example:
      biotheca grants visa HREQ000001
    """
    out, made = Output(as_json), context.client().visa(grant)
    out.result({"visa": made}, lambda: out.say(made))


@command("close")
@click.argument("grant")
@click.option("--deleted", is_flag=True, help="I attest that the data and all copies are deleted.")
@click.option("--report", default="", help="What became of the data and of the project.")
@as_json
def close(context: Context, grant: str, deleted: bool, report: str, as_json: bool) -> None:
    """Close a GRANT of yours with a report; it ends at once.

    \b
    Example:
      biotheca grants close HREQ000001 --deleted --report "Published as 10.1000/xyz."
    """
    out, done = Output(as_json), context.client().close_grant(grant, report, deleted)
    out.result(done, lambda: out.say("The report is stored; the grant has ended."))


@command("revoke")
@click.argument("grant")
@click.option("--reason", required=True, help="Why; the holder reads it.")
@as_json
def revoke(context: Context, grant: str, reason: str, as_json: bool) -> None:
    """End a GRANT at once: a member of its committee, or a data manager.

    \b
    Example:
      biotheca grants revoke HREQ000001 --reason "The purpose has changed."
    """
    out, done = Output(as_json), context.client().revoke_grant(grant, reason)
    out.result(done, lambda: out.say("Revoked."))


@command("log")
@as_json
def log(context: Context, as_json: bool) -> None:
    """Every link to a controlled file that you were given, newest first.

    \b
    Example:
      biotheca grants log
    """
    out, found = Output(as_json), list(context.client().access_log())
    out.result({"items": found}, lambda: out.table(LOG, log_rows(found)) if found else out.say("None."))


@command("break-glass")
@click.argument("accession")
@click.option("--reason", required=True, help="What must be looked at and why; the committee reads it at once.")
@as_json
def break_glass(context: Context, accession: str, reason: str, as_json: bool) -> None:
    """Open the files of a controlled dataset for an hour (the archive's staff).

    \b
    Example:
      biotheca grants break-glass HRA000001 --reason "A reader reports that a file is cut."
    """
    out, done = Output(as_json), context.client().break_glass(accession, reason)
    until = words.moment(done["ends_at"])
    out.result(
        done, lambda: out.say(f"{words.clean(done['dataset'])} is open to you until {until}; its committee knows.")
    )


for _command in (list_grants, visa, close, revoke, log, break_glass):
    grants.add_command(_command)
COMMANDS = (grants,)
