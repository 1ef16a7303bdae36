"""The operators' command line: `biotheca-admin`. It signs in as the ordinary one does and knows HTTP only.

`audit verify` trusts nothing that the archive says about its chain: every hash is computed here.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from biotheca_client import words
from biotheca_client.api import path_of
from biotheca_client.cli import run_with
from biotheca_client.commands.common import Context, as_json, command
from biotheca_client.errors import Refused
from biotheca_client.output import Output

BEGINNING = "0" * 64


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--server", metavar="URL", help="The archive; else BIOTHECA_SERVER, else the last one signed in to.")
@click.pass_context
def admin(context: click.Context, server: str | None) -> None:
    """Operate a Biotheca archive. Sign in first with `biotheca login`, as an administrator.

    \b
    Example:
      biotheca-admin audit verify
      biotheca-admin account show curator@example.org
    """
    context.obj = Context(server)


@admin.group("audit")
def audit() -> None:
    """The chain of all events."""


def broken_line(lines: Iterable[dict[str, Any]], head: dict[str, Any] | None) -> tuple[int, int | None, str]:
    """(lines read, number of the first broken line or None, why). Hash: SHA-256 of the line as sorted JSON."""
    before, count = BEGINNING, 0
    for line in lines:
        covered = {k: v for k, v in line.items() if k != "hash"}
        text = json.dumps(covered, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        if line.get("number") != count + 1:
            return count, count + 1, f"it is missing; line {line.get('number')} follows"
        if line.get("before") != before:
            return count, count + 1, "it does not continue the line before it"
        if line.get("hash") != hashlib.sha256(text.encode()).hexdigest():
            return count, count + 1, "its content is not what was written"
        before, count = line["hash"], count + 1
    if head and head["number"] != count:
        return count, min(count, head["number"]) + 1, f"the chain has {head['number']} lines, {count} are there"
    if head and head["hash"] != before:
        return count, count, "it is not the last line that the archive remembers"
    return count, None, ""


@command("verify")
@click.option("--file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A copy, one JSON a line.")
@as_json
def verify(context: Context, file: Path | None, as_json: bool) -> None:
    """Prove the chain from its first line to its end; the first broken line is named, and the exit code is 1.

    \b
    Example:
      biotheca-admin audit verify
      biotheca-admin audit verify --file chain.jsonl
    """
    out, head = Output(as_json), None
    if file:
        lines: Iterable[dict[str, Any]] = (json.loads(text) for text in file.read_text("utf-8").splitlines())
    else:
        session = context.client().session
        head = session.call("GET", "/v1/audit/head")
        head = head if head["copied"] == head["number"] else None  # lines are just being added: the end is open
        lines = session.pages("/v1/audit", {"limit": 200})
    count, broken, why = broken_line(lines, head)
    told = {"lines": count, "broken": broken, "why": why}
    if broken is not None:
        raise Refused(
            f"Line {broken} of the audit chain is broken: {why}.",
            "The locked first version of its segment is still in the audit bucket; compare, and find who wrote.",
            told,
        )
    out.result(told, lambda: out.say(f"{count} line(s), unbroken."))


@command("export")
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
@as_json
def export(context: Context, target: Path, as_json: bool) -> None:
    """Copy the chain into a file, one JSON a line, for an auditor.

    \b
    Example:
      biotheca-admin audit export chain.jsonl
    """
    out, count = Output(as_json), 0
    with target.open("w", encoding="utf-8") as file:
        for line in context.client().session.pages("/v1/audit", {"limit": 200}):
            file.write(json.dumps(line, sort_keys=True, ensure_ascii=False) + "\n")
            count += 1
    out.result({"lines": count, "file": str(target)}, lambda: out.say(f"{count} line(s) in {target}."))


@admin.group("account")
def account() -> None:
    """Accounts: show, roles, close, open."""


def _account(context: Context, email: str) -> dict[str, Any]:
    found: dict[str, Any] = context.client().session.call("GET", "/v1/accounts", params={"email": email})
    return found


def _told(out: Output, found: dict[str, Any]) -> None:
    state = "open" if found["open"] else "closed"
    roles = ", ".join(words.clean(r) for r in found["roles"]) or "no roles"
    out.result(found, lambda: out.say(f"{words.clean(found['email'])}: {state}; {roles}; {found['subject']}"))


@command("show")
@click.argument("email")
@as_json
def show(context: Context, email: str, as_json: bool) -> None:
    """An account by its address.

    \b
    Example:
      biotheca-admin account show me@example.org
    """
    _told(Output(as_json), _account(context, email))


@command("roles")
@click.argument("email")
@click.argument("roles", nargs=-1)
@as_json
def roles(context: Context, email: str, roles: tuple[str, ...], as_json: bool) -> None:
    """Give an account exactly these ROLES.

    \b
    Example:
      biotheca-admin account roles me@example.org submitter curator
    """
    path = path_of("v1", "accounts", _account(context, email)["subject"], "roles")
    _told(Output(as_json), context.client().session.call("PUT", path, {"roles": list(roles)}))


def _open_or_close(context: Context, email: str, verb: str, as_json: bool) -> None:
    path = path_of("v1", "accounts", _account(context, email)["subject"], verb)
    _told(Output(as_json), context.client().session.call("POST", path))


@command("close")
@click.argument("email")
@as_json
def close(context: Context, email: str, as_json: bool) -> None:
    """Close an account; its sessions and tokens end at once.

    \b
    Example:
      biotheca-admin account close me@example.org
    """
    _open_or_close(context, email, "close", as_json)


@command("open")
@click.argument("email")
@as_json
def open_again(context: Context, email: str, as_json: bool) -> None:
    """Open a closed account again.

    \b
    Example:
      biotheca-admin account open me@example.org
    """
    _open_or_close(context, email, "open", as_json)


reason = click.option("--reason", required=True, help="Why; everybody may read it.")


def _change(context: Context, accession: str, act: str, reason: str, as_json: bool, by: str | None = None) -> None:
    out = Output(as_json)
    done = context.client().change_visibility(accession, act, reason, by)
    out.result(done, lambda: out.say(f"{done['accession']} is {words.clean(done['visibility'])}."))


@admin.command("suppress")
@click.argument("accession")
@reason
@as_json
@click.pass_obj
def suppress(context: Context, accession: str, reason: str, as_json: bool) -> None:
    """Take a record out of search and lists; its accession goes on to show its metadata (data managers).

    \b
    Example:
      biotheca-admin suppress CRA000001 --reason "Under investigation"
    """
    _change(context, accession, "suppress", reason, as_json)


@admin.command("withdraw")
@click.argument("accession")
@reason
@as_json
@click.pass_obj
def withdraw(context: Context, accession: str, reason: str, as_json: bool) -> None:
    """Leave a tombstone under a record's number: the day and the reason, no content (data managers).

    \b
    Example:
      biotheca-admin withdraw CRA000001 --reason "Consent was taken back"
    """
    _change(context, accession, "withdraw", reason, as_json)


@admin.command("restore")
@click.argument("accession")
@reason
@as_json
@click.pass_obj
def restore(context: Context, accession: str, reason: str, as_json: bool) -> None:
    """Make a suppressed, withdrawn or replaced record public again (data managers).

    \b
    Example:
      biotheca-admin restore CRA000001 --reason "Investigation closed"
    """
    _change(context, accession, "restore", reason, as_json)


@admin.command("replace")
@click.argument("accession")
@click.argument("successor")
@reason
@as_json
@click.pass_obj
def replace(context: Context, accession: str, successor: str, reason: str, as_json: bool) -> None:
    """Let a record's number lead to its SUCCESSOR (data managers).

    \b
    Example:
      biotheca-admin replace CRR000001 CRR000002 --reason "Deposited again with all reads"
    """
    _change(context, accession, "replace", reason, as_json, successor)


for _command in (verify, export):
    audit.add_command(_command)
for _command in (show, roles, close, open_again):
    account.add_command(_command)


def main() -> None:
    """Entry point."""
    sys.exit(run_with(admin, sys.argv[1:], "biotheca-admin"))
