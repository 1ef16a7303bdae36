"""Accounts at the terminal: register, confirm, tokens, groups, notices."""

from __future__ import annotations

import sys

import click

from biotheca_client import words
from biotheca_client.commands.common import Context, as_json, command
from biotheca_client.errors import WrongUse
from biotheca_client.output import Output


def read_password(from_stdin: bool, twice: bool = False) -> str:
    """The password from standard input or typed unseen; WrongUse where neither can be."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, err=True, confirmation_prompt=twice))
    raise WrongUse("No password was given.", "Pipe it in with --password-stdin; it cannot be asked for here.")


@command("register")
@click.option("--email", required=True, help="Your e-mail; a code goes there.")
@click.option("--name", required=True, help="Your name.")
@click.option("--organisation", required=True, help="Where you work.")
@click.option("--language", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="Of mails to you.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@as_json
def register(
    context: Context, email: str, name: str, organisation: str, language: str, password_stdin: bool, as_json: bool
) -> None:
    """Open an account: one for all member databases. A code comes by mail; `biotheca confirm` takes it.

    \b
    Example:
      biotheca register --email me@example.org --name "Wang Fang" --organisation "Institute of Rice"
    """
    out, client = Output(as_json), context.client()
    said = client.register(email, read_password(password_stdin, twice=True), name, organisation, language)
    out.result({"email": email, "message": said}, lambda: out.say(f"{words.clean(said)} Then: biotheca confirm"))


@command("confirm")
@click.argument("email")
@click.argument("code", required=False)
@click.option("--again", is_flag=True, help="Have the code mailed again instead.")
@as_json
def confirm(context: Context, email: str, code: str | None, again: bool, as_json: bool) -> None:
    """Open your account with the CODE from the mail.

    \b
    Example:
      biotheca confirm me@example.org 123456
      biotheca confirm me@example.org --again
    """
    out, client = Output(as_json), context.client()
    if again:
        said = client.resend_code(email)
    elif code:
        client.confirm(email, code)
        said = "Your account is open. Sign in with `biotheca login`."
    else:
        raise WrongUse("No code was given.", "Copy it from the mail, or add --again for another one.")
    out.result({"email": email, "message": said}, lambda: out.say(words.clean(said)))


@click.group("tokens")
def tokens() -> None:
    """Personal access tokens: secrets for programs, with scopes and an end.

    A program sends one as `Authorization: Bearer ...`; this client takes it from BIOTHECA_TOKEN.
    """


@command("list")
@as_json
def list_tokens(context: Context, as_json: bool) -> None:
    """Your tokens, without their secrets.

    \b
    Example:
      biotheca tokens list
    """
    out, found = Output(as_json), context.client().tokens()
    rows = [
        [words.clean(t["id"]), words.clean(t["label"]), ", ".join(t["scopes"]), words.moment(t["expires_at"])]
        for t in found
    ]
    out.result(
        {"items": found}, lambda: out.table(["token", "label", "scopes", "ends"], rows) if rows else out.say("None.")
    )


@command("new")
@click.argument("label")
@click.option(
    "--scope", "scopes", multiple=True, default=("read",), type=click.Choice(["read", "submit", "curate"]),
    help="What it may do; again for several.",
)  # fmt: skip
@click.option("--days", default=90, show_default=True, type=click.IntRange(1, 366), help="Until it ends.")
@as_json
def new_token(context: Context, label: str, scopes: tuple[str, ...], days: int, as_json: bool) -> None:
    """Make a token. Its secret is printed once and never again.

    \b
    Example:
      biotheca tokens new pipeline --scope read --scope submit --days 30
    """
    out, made = Output(as_json), context.client().make_token(label, list(scopes), days)

    def show() -> None:
        out.note(f"Token {made['id']} ends {words.moment(made['expires_at'])}. Keep it as you keep a password:")
        out.say(made["token"])

    out.result(made, show)


@command("revoke")
@click.argument("token_id")
@as_json
def revoke_token(context: Context, token_id: str, as_json: bool) -> None:
    """Revoke a token at once.

    \b
    Example:
      biotheca tokens revoke tok_01h...
    """
    out = Output(as_json)
    context.client().revoke_token(token_id)
    out.result({"revoked": token_id}, lambda: out.say("Revoked."))


@click.group("groups")
def groups() -> None:
    """Groups: people who see and edit submissions together."""


@command("list")
@as_json
def list_groups(context: Context, as_json: bool) -> None:
    """Your groups, and those that invite you.

    \b
    Example:
      biotheca groups list
    """
    out, found = Output(as_json), context.client().groups()
    rows = [[words.clean(g["id"]), words.clean(g["name"]), words.clean(g["standing"])] for g in found]
    out.result({"items": found}, lambda: out.table(["group", "name", "you are"], rows) if rows else out.say("None."))


@command("open")
@click.argument("name")
@as_json
def open_group(context: Context, name: str, as_json: bool) -> None:
    """Open a group; you are its owner.

    \b
    Example:
      biotheca groups open "Rice group"
    """
    out, made = Output(as_json), context.client().open_group(name)
    out.result(made, lambda: out.say(f"Group {made['id']} is open. Invite: biotheca groups invite {made['id']} EMAIL"))


@command("show")
@click.argument("group")
@as_json
def show_group(context: Context, group: str, as_json: bool) -> None:
    """A group and who is in it.

    \b
    Example:
      biotheca groups show grp_01h...
    """
    out, found = Output(as_json), context.client().group(group)

    def show() -> None:
        out.say(f"{words.clean(found['name'])} ({found['id']})")
        rows = [
            [words.clean(m["email"]), words.clean(m["standing"]), words.clean(m["subject"])] for m in found["members"]
        ]
        out.table(["e-mail", "standing", "subject"], rows)

    out.result(found, show)


@command("invite")
@click.argument("group")
@click.argument("email")
@as_json
def invite(context: Context, group: str, email: str, as_json: bool) -> None:
    """Invite an address into a group of yours.

    \b
    Example:
      biotheca groups invite grp_01h... colleague@example.org
    """
    out = Output(as_json)
    said = context.client().invite(group, email)
    out.result({"message": said}, lambda: out.say(words.clean(said)))


@command("join")
@click.argument("group")
@as_json
def join(context: Context, group: str, as_json: bool) -> None:
    """Accept an invitation.

    \b
    Example:
      biotheca groups join grp_01h...
    """
    out, joined = Output(as_json), context.client().join_group(group)
    out.result(joined, lambda: out.say(f"You are in {words.clean(joined['name'])}."))


@command("leave")
@click.argument("group")
@click.option("--subject", help="Take this member out instead of yourself.")
@as_json
def leave(context: Context, group: str, subject: str | None, as_json: bool) -> None:
    """Leave a group, or take a member out of yours.

    \b
    Example:
      biotheca groups leave grp_01h...
    """
    out, client = Output(as_json), context.client()
    client.leave_group(group, subject or client.who_am_i()["subject"])
    out.result({"group": group}, lambda: out.say("Done."))


@command("share")
@click.argument("submission")
@click.argument("group", required=False)
@as_json
def share(context: Context, submission: str, group: str | None, as_json: bool) -> None:
    """Share a submission with a group of yours; without GROUP take it back.

    \b
    Example:
      biotheca groups share sub_01h... grp_01h...
    """
    out, shared = Output(as_json), context.client().share(submission, group)
    said = f"Shared with {group}." if group else "No longer shared."
    out.result(shared, lambda: out.say(said))


@command("notices")
@click.option("--unread", is_flag=True, help="Only those that you have not read.")
@click.option("--read", "mark", is_flag=True, help="Mark what is shown as read.")
@as_json
def notices(context: Context, unread: bool, mark: bool, as_json: bool) -> None:
    """What the archive told you, newest first; the same came by mail.

    \b
    Example:
      biotheca notices --unread --read
    """
    out, client = Output(as_json), context.client()
    found = [n for n in client.notices() if not (unread and n["read_at"])]

    def show() -> None:
        for notice in found:
            out.say(f"{words.moment(notice['at'])}  {words.clean(notice['title'])}")
            for line in str(notice["text"]).splitlines():
                out.say(f"    {words.clean(line)}")
        if not found:
            out.say("No notice.")

    out.result({"items": found}, show)
    if mark:
        for notice in found:
            client.mark_read(notice["id"])


for _command in (list_tokens, new_token, revoke_token):
    tokens.add_command(_command)
for _command in (list_groups, open_group, show_group, invite, join, leave, share):
    groups.add_command(_command)
COMMANDS = (register, confirm, tokens, groups, notices)
