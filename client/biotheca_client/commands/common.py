"""What every command shares: the client, the voice, the --json switch."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from biotheca_client.errors import WrongUse

if TYPE_CHECKING:
    from biotheca_client.client import Client

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
jobs = click.option("--jobs", default=4, show_default=True, type=click.IntRange(1, 32), help="Transfers side by side.")

reasons = click.option(
    "--reason", "reasons", multiple=True, metavar="CODE:TEXT", help="Why; may be given several times."
)


@dataclass
class Context:
    """The options before the command."""

    server: str | None

    def client(self) -> Client:
        """A client of the chosen archive; with a personal access token if BIOTHECA_TOKEN holds one."""
        from biotheca_client.client import Client  # what it brings along is slow to import

        return Client(self.server, token=os.environ.get("BIOTHECA_TOKEN") or None)


def command(name: str) -> Callable[[Callable[..., Any]], click.Command]:
    """A command that gets the Context first; its docstring is its help."""

    def register(run: Callable[..., Any]) -> click.Command:
        return click.command(name, no_args_is_help=False)(click.pass_obj(run))

    return register


def coded_reasons(texts: tuple[str, ...]) -> list[dict[str, str]]:
    """Reasons given as CODE:TEXT; WrongUse for one that is not.

    >>> coded_reasons(("sample.description:Two are missing",))
    [{'code': 'sample.description', 'text': 'Two are missing'}]
    """
    coded = []
    for reason in texts:
        code, colon, text = reason.partition(":")
        if not colon or not code.strip() or not text.strip():
            raise WrongUse(
                f"{reason!r} is no reason.", 'Write it as CODE:TEXT, e.g. "sample.description:Two samples are missing".'
            )
        coded.append({"code": code.strip(), "text": text.strip()})
    return coded
