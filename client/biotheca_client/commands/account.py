"""Who one is: login, logout, whoami; and version."""

from __future__ import annotations

import sys

import click

import biotheca_client
from biotheca_client import config, words
from biotheca_client.commands.common import Context, as_json, command
from biotheca_client.commands.people import read_password
from biotheca_client.errors import ClientFault, WrongUse
from biotheca_client.output import Output


@command("login")
@click.option("--email", help="Your e-mail; asked for if left out.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--code", help="Six digits of your authenticator app; asked for if needed.")
@click.option("--insecure-http", is_flag=True, help="Send the password without TLS to another machine.")
@as_json
def login(
    context: Context, email: str | None, password_stdin: bool, code: str | None, insecure_http: bool, as_json: bool
) -> None:
    """Sign in; the tokens are kept where only you can read them.

    \b
    Example:
      biotheca login --email me@example.org
      echo "$PASSWORD" | biotheca login --email me@example.org --password-stdin
    """
    out, client = Output(as_json), context.client()
    server = client.session.server
    if not config.is_private_line(server) and not insecure_http:
        raise WrongUse(f"{server} would get your password unencrypted.", "Use https, or --insecure-http if you must.")
    if not email:
        if password_stdin or not sys.stdin.isatty():
            raise WrongUse("No e-mail was given.", "Add --email; without a terminal it cannot be asked for.")
        email = str(click.prompt("E-mail", err=True))
    password = read_password(password_stdin)

    def asked() -> str:
        if code or sys.stdin.isatty():
            return code or str(click.prompt("Code of your authenticator app", err=True))
        raise WrongUse(
            "The account asks for a second factor.", "Add --code; without a terminal it cannot be asked for."
        )

    me = client.sign_in(email, password, asked)
    out.result(
        me | {"server": server}, lambda: out.say(f"Signed in to {server} as {words.clean(me['email'])} ({_roles(me)}).")
    )


@command("logout")
@click.option("--everywhere", is_flag=True, help="End your sessions on every machine.")
@as_json
def logout(context: Context, everywhere: bool, as_json: bool) -> None:
    """Forget the tokens of the archive.

    \b
    Example:
      biotheca logout
      biotheca logout --everywhere
    """
    out, client = Output(as_json), context.client()
    had = client.sign_out(everywhere)
    said = "Signed out of" if had else "You were not signed in to"
    out.result(
        {"server": client.session.server, "signed_out": had}, lambda: out.say(f"{said} {client.session.server}.")
    )


@command("whoami")
@as_json
def whoami(context: Context, as_json: bool) -> None:
    """Who you are to the archive.

    \b
    Example:
      biotheca whoami
    """
    out, client = Output(as_json), context.client()
    me = client.who_am_i()
    out.result(me, lambda: out.say(f"{words.clean(me['email'])} ({_roles(me)}) at {client.session.server}"))


@command("version")
@as_json
def version(context: Context, as_json: bool) -> None:
    """The client's version, and the archive's if it can be reached.

    \b
    Example:
      biotheca version
    """
    out, client = Output(as_json), context.client()
    found = {"client": biotheca_client.__version__, "server": client.session.server, "archive": None}
    try:
        found["archive"] = client.health().get("version")
    except ClientFault:
        out.note(f"{client.session.server} does not answer.")
    archive = f", archive {words.clean(found['archive'])} at {found['server']}" if found["archive"] else ""
    out.result(found, lambda: out.say(f"biotheca client {found['client']}{archive}"))


def _roles(me: dict[str, list[str]]) -> str:
    return ", ".join(words.clean(role) for role in me.get("roles", [])) or "no roles"


COMMANDS = (login, logout, whoami, version)
