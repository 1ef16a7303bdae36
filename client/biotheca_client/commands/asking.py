"""Requests at the terminal: ask for controlled data, and decide on what a committee of yours is asked."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

import click

from biotheca_client import words
from biotheca_client.commands.common import Context, as_json, command
from biotheca_client.errors import Refused, WrongUse
from biotheca_client.output import Output


@click.group("requests")
def requests() -> None:
    """Requests for the files of controlled datasets: yours, and those that you decide on."""


@command("form")
@click.argument("dataset")
@click.option("--renews", is_flag=True, help="The short form, with which a grant is prolonged.")
@as_json
def form(context: Context, dataset: str, renews: bool, as_json: bool) -> None:
    """What a request to a DATASET asks, and which documents are to be accepted.

    \b
    Example:
      biotheca requests form HRA000001
    """
    out, found = Output(as_json), context.client().request_form(dataset, renews)

    def show() -> None:
        rows = [
            [
                words.clean(f["name"]),
                "must" if f.get("required") else "",
                words.clean(f["label"]["en"]),
                words.clean(f.get("example") or ""),
            ]
            for f in found["fields"]
        ]
        out.table(["answer", "", "what", "example"], rows)
        for one in found["documents"]:
            out.say(f"--agree accepts: {words.clean(one['title']['en'])}, version {one['version']}")

    out.result(found, show)


@command("new")
@click.argument("dataset")
@click.argument("answers", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--file", "files", multiple=True, help="Ask for this file alone; again for several.")
@click.option("--renews", default="", help="Number of the request whose grant is to be prolonged.")
@click.option("--agree", is_flag=True, help="Accept the documents of the form in their version in force.")
@click.option("--draft", is_flag=True, help="Do not hand it in yet.")
@as_json
def new(
    context: Context,
    dataset: str,
    answers: Path,
    files: tuple[str, ...],
    renews: str,
    agree: bool,
    draft: bool,
    as_json: bool,
) -> None:
    """Ask for the files of a DATASET with the ANSWERS of a JSON file, and hand the request in.

    \b
    Example:
      biotheca requests form HRA000001
      biotheca requests new HRA000001 answers.json --agree
    """
    out, client, said = Output(as_json), context.client(), _answers(answers)
    accepted = _accepted(client.request_form(dataset, bool(renews)), agree)
    made = client.begin_request(dataset, renews, idempotency_key=secrets.token_hex(16))
    try:
        done = client.fill_request(made["id"], said, accepted, list(files))
        done = done if draft else client.submit_request(made["id"])
    except Refused:
        out.note(f"The draft is kept. Mend the answers, then: biotheca requests edit {made['id']} {answers} --agree")
        raise
    out.result(done, lambda: _show(out, done))


@command("edit")
@click.argument("request")
@click.argument("answers", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--agree", is_flag=True, help="Accept the documents of the form in their version in force.")
@as_json
def edit(context: Context, request: str, answers: Path, agree: bool, as_json: bool) -> None:
    """Fill a draft or returned REQUEST in anew; files that it names stay. Then: biotheca requests submit.

    \b
    Example:
      biotheca requests edit HREQ000001 answers.json --agree
    """
    out, client, said = Output(as_json), context.client(), _answers(answers)
    found = client.request(request)
    accepted = _accepted(client.request_form(found["dataset"], bool(found["renews"])), agree)
    done = client.fill_request(found["id"], said, accepted, found["files"])
    out.result(done, lambda: _show(out, done))


def _answers(file: Path) -> dict[str, Any]:
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as fault:
        raise WrongUse(
            f"{file} is no JSON: {fault}", "Write an object of answers; `requests form` lists them."
        ) from None
    if not isinstance(said, dict):
        raise WrongUse(f"{file} holds no object.", 'Write {"purpose": "...", ...}; `requests form` lists the answers.')
    return said


def _accepted(form: dict[str, Any], agree: bool) -> dict[str, int]:
    if agree:
        return {one["name"]: one["version"] for one in form["documents"]}
    names = ", ".join(f"{words.clean(one['title']['en'])} (version {one['version']})" for one in form["documents"])
    raise WrongUse(f"The request has to accept: {names}.", "Read them (GET /v1/documents/NAME), then add --agree.")


@command("list")
@as_json
def list_requests(context: Context, as_json: bool) -> None:
    """Your requests, newest first.

    \b
    Example:
      biotheca requests list
    """
    out, found = Output(as_json), list(context.client().requests())
    rows = [
        [words.clean(r["number"] or r["id"]), words.clean(r["dataset"]), words.clean(r["state_words"]), _until(r)]
        for r in found
    ]
    heads = ["request", "dataset", "state", "grant until"]
    out.result({"items": found}, lambda: out.table(heads, rows) if rows else out.say("None."))


def _until(request: dict[str, Any]) -> str:
    return words.moment(request["grant"]["ends_at"]) if request["grant"] else ""


@command("show")
@click.argument("request")
@as_json
def show_request(context: Context, request: str, as_json: bool) -> None:
    """A REQUEST: its state, its answers, and what they say about the data use codes of the dataset.

    \b
    Example:
      biotheca requests show HREQ000001
    """
    out, found = Output(as_json), context.client().request(request)
    out.result(found, lambda: _show(out, found))


def _show(out: Output, found: dict[str, Any]) -> None:
    out.say(f"{words.clean(found['number'] or found['id'])} for {words.clean(found['dataset'])}")
    out.say(f"It is {words.clean(found['state_words'])}.")
    if found["waiting"]:
        out.say(f"Waiting for {found['waiting']['days']} day(s), place {found['waiting']['place']} in the queue")
    if found["reason"]:
        out.say(f"Reason: {words.clean(found['reason'])}")
    if found["grant"]:
        out.say(f"Grant: {words.clean(found['grant']['state'])}, until {_until(found)}")
    if asker := found.get("requester"):
        told = (asker["name"], asker["organisation"], asker["email"])
        out.say("By " + ", ".join(words.clean(one) for one in told if one))
    for name, value in found["answers"].items():
        out.say(f"  {words.clean(name)}: {words.clean(value if isinstance(value, str) else json.dumps(value))}")
    if match := found.get("data_use_match"):
        out.say(f"Data use: {words.clean(match['verdict'].replace('_', ' '))}")
        for one in match["codes"]:
            said = f"{one['shorthand'] or one['code']}: {one['verdict'].replace('_', ' ')}. {one['why']['en']}"
            out.say(f"  {words.clean(said)}")


@command("submit")
@click.argument("request")
@as_json
def submit(context: Context, request: str, as_json: bool) -> None:
    """Hand a draft or returned REQUEST in.

    \b
    Example:
      biotheca requests submit HREQ000001
    """
    out, done = Output(as_json), context.client().submit_request(request)
    out.result(done, lambda: _show(out, done))


@command("withdraw")
@click.argument("request")
@as_json
def withdraw(context: Context, request: str, as_json: bool) -> None:
    """Take a REQUEST back before it is decided.

    \b
    Example:
      biotheca requests withdraw HREQ000001
    """
    out, done = Output(as_json), context.client().withdraw_request(request)
    out.result(done, lambda: out.say("Withdrawn."))


@command("approve")
@click.argument("request")
@as_json
def approve(context: Context, request: str, as_json: bool) -> None:
    """Give your voice for a REQUEST to a committee of yours.

    \b
    Example:
      biotheca requests approve HREQ000001
    """
    out, done = Output(as_json), context.client().vote(request, approve=True)
    out.result(done, lambda: _show(out, done))


@command("reject")
@click.argument("request")
@click.option("--reason", required=True, help="Why; the requester reads it.")
@as_json
def reject(context: Context, request: str, reason: str, as_json: bool) -> None:
    """Give your voice against a REQUEST to a committee of yours.

    \b
    Example:
      biotheca requests reject HREQ000001 --reason "The consent covers research on cancer only."
    """
    out, done = Output(as_json), context.client().vote(request, approve=False, reason=reason)
    out.result(done, lambda: _show(out, done))


@command("return")
@click.argument("request")
@click.option("--reason", required=True, help="What the committee wants to know; the requester reads it.")
@as_json
def give_back(context: Context, request: str, reason: str, as_json: bool) -> None:
    """Ask the requester of a REQUEST for more; the voices given so far are void.

    \b
    Example:
      biotheca requests return HREQ000001 --reason "Who administers the server?"
    """
    out, done = Output(as_json), context.client().return_request(request, reason)
    out.result(done, lambda: _show(out, done))


for _command in (
    *(form, new, edit, list_requests, show_request, submit, withdraw),
    *(approve, reject, give_back),
):
    requests.add_command(_command)
COMMANDS = (requests,)
