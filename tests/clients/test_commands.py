"""Every command: help with an example, words for people, JSON for programs, the promised exit codes, no secrets."""

from __future__ import annotations

import importlib
import json
import os
import stat
from pathlib import Path

import click
import pytest

from biotheca_client import admin, cli
from tests.clients.archive_double import EMAIL, PASSWORD, Archive
from tests.clients.conftest import CommandLine


def leaves(group: click.Group, program: str) -> dict[str, click.Command]:
    """Every command that does something, by the words that one types."""
    found: dict[str, click.Command] = {}
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        typed = f"{program} {name}"
        found |= leaves(command, typed) if isinstance(command, click.Group) else {typed: command}
    return found


COMMANDS = leaves(cli.biotheca, "biotheca") | leaves(admin.admin, "biotheca-admin")


@pytest.mark.parametrize("typed", sorted(COMMANDS))
def test_every_command_has_help_with_an_example_and_json(typed: str) -> None:
    command = COMMANDS[typed]
    with click.Context(command, info_name=typed) as context:
        text = command.get_help(context)
    assert "Example:" in text and typed in text.split("Example:")[1]
    assert "--json" in text


def test_commands_stand_under_the_modules_that_hold_them() -> None:
    for module, names in cli.MODULES.items():
        commands = importlib.import_module(f"biotheca_client.commands.{module}").COMMANDS
        assert {command.name for command in commands} == set(names)


def test_the_help_lists_every_exit_code(biotheca: CommandLine) -> None:
    ran = biotheca("--help")
    assert ran.code == 0
    assert all(word in ran.out for word in ("refused", "wrong use", "not found", "not signed in", "network", "130"))


def test_signing_in_keeps_tokens_where_only_the_owner_reads_and_out_forgets_them(
    archive: Archive, biotheca: CommandLine
) -> None:
    assert biotheca("login", "--email", EMAIL, "--password-stdin", stdin=PASSWORD + "\n").code == 0
    file = biotheca.home / "biotheca" / "client.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert EMAIL in biotheca("whoami").out
    assert "Signed out" in biotheca("logout").out
    ran = biotheca("whoami")
    assert ran.code == 4
    assert "Run `biotheca login`" in ran.err
    assert "token" not in file.read_text()


def test_a_wrong_password_is_not_signed_in_and_is_not_repeated(archive: Archive, biotheca: CommandLine) -> None:
    ran = biotheca("login", "--email", EMAIL, "--password-stdin", stdin="wrong\n")
    assert ran.code == 4
    assert "do not match" in ran.err
    assert archive.calls == ["POST /v1/sign-in"]


def test_without_a_terminal_nothing_is_asked_for(biotheca: CommandLine) -> None:
    assert biotheca("login").code == 2
    assert "--password-stdin" in biotheca("login", "--email", EMAIL).err


def test_a_password_does_not_travel_in_the_clear_to_another_machine(biotheca: CommandLine) -> None:
    ran = biotheca("--server", "http://archive.example.org", "login", "--email", EMAIL, "--password-stdin", stdin="x\n")
    assert ran.code == 2
    assert "unencrypted" in ran.err


def test_a_token_of_one_archive_is_never_sent_to_another(
    archive: Archive, biotheca: CommandLine, tmp_path: Path
) -> None:
    biotheca.login()
    other = archive.url.replace("127.0.0.1", "localhost")
    assert biotheca("--server", other, "whoami").code == 4


def test_a_netrc_of_the_user_changes_nothing(archive: Archive, biotheca: CommandLine) -> None:
    biotheca.home.mkdir(exist_ok=True)
    (biotheca.home / ".netrc").write_text("machine 127.0.0.1 login x password y\n")
    (biotheca.home / ".netrc").chmod(0o600)
    biotheca.login()
    assert biotheca("whoami").code == 0


def test_an_archive_that_does_not_answer_is_five_and_says_so_in_one_paragraph(tmp_path: Path) -> None:
    ran = CommandLine(tmp_path, "http://127.0.0.1:9")("search", "rice")
    assert ran.code == 5
    assert "http://127.0.0.1:9 cannot be reached" in ran.err
    assert ran.err.count("\n") == 1


def test_an_address_that_is_none_is_wrong_use(biotheca: CommandLine) -> None:
    assert biotheca("--server", "ftp://x", "whoami").code == 2


def test_what_does_not_exist_is_three(archive: Archive, biotheca: CommandLine) -> None:
    biotheca.login()
    for words in (["show", "CRA9"], ["download", "CRA9"], ["status", "sub_9"], ["rules", "qc.nothing"]):
        ran = biotheca(*words)
        assert ran.code == 3, words
        assert ran.err.startswith("There is no "), words


def test_a_refusal_is_one_with_what_where_and_how_to_mend(archive: Archive, biotheca: CommandLine) -> None:
    biotheca.login()
    sid = archive.submission()
    ran = biotheca("decide", sid, "accept")
    assert ran.code == 1
    assert ran.err == "Your role does not allow this. Ask an administrator.\n"


def test_a_fault_as_json_goes_to_standard_error_with_the_problem(archive: Archive, biotheca: CommandLine) -> None:
    ran = biotheca("show", "CRA9", "--json")
    error = json.loads(ran.err)["error"]
    assert (ran.out, error["exit_code"], error["problem"]["rule"]) == ("", 3, "general.not_found")


def test_a_fault_of_the_client_itself_shows_a_traceback_only_on_request(archive: Archive, tmp_path: Path) -> None:
    archive.records["CRA1"] = {"files": []}  # an answer that no archive gives
    line = CommandLine(tmp_path, archive.url)
    quiet, loud = line("show", "CRA1"), line("show", "CRA1", BIOTHECA_DEBUG="1")
    assert (quiet.code, loud.code) == (1, 1)
    assert "Traceback" not in quiet.err and "BIOTHECA_DEBUG=1" in quiet.err
    assert "Traceback" in loud.err


def test_search_pages_with_a_cursor_and_has_a_clear_empty_state(archive: Archive, biotheca: CommandLine) -> None:
    for n in range(1, 8):
        archive.release(f"CRA00000{n}")
    first = biotheca("search", "rice", "drought")
    assert "CRA000003" in first.out and "CRA000004" not in first.out
    assert "--cursor 3" in first.err
    assert "CRA000004" in biotheca("search", "rice", "--cursor", "3").out
    assert len(biotheca("search", "rice", "--all", "--json").json["items"]) == 7
    empty = biotheca("search", "unicorn", "genome")
    assert (empty.code, empty.out) == (
        0,
        "Nothing public has all of these words: unicorn genome. Try fewer words, or an accession.\n",
    )


def test_show_tells_a_record_with_its_files(archive: Archive, biotheca: CommandLine) -> None:
    archive.release("CRA000001", ("a.fastq.gz", b"x" * 2048))
    ran = biotheca("show", "CRA000001")
    assert all(
        word in ran.out for word in ("Rice under drought", "Oryza sativa", "PRJCA000001", "a.fastq.gz", "2.0 KiB")
    )
    assert biotheca("show", "CRA000001", "--json").json["files"][0]["size_bytes"] == 2048


def test_a_curator_sees_the_queue_and_decides_with_reasons(archive: Archive, biotheca: CommandLine) -> None:
    biotheca.login()
    assert "Nothing waits" in biotheca("queue").out
    archive.roles = ["curator"]
    sid = archive.submission()
    assert sid in biotheca("queue").out
    ran = biotheca("decide", sid, "return", "--reason", "sample.description: two: are missing", "--reason", "other:x")
    assert ran.code == 0
    reasons = [{"code": "sample.description", "text": "two: are missing"}, {"code": "other", "text": "x"}]
    assert archive.decisions == [{"submission": sid, "decision": "return", "reasons": reasons}]


@pytest.mark.parametrize(
    "words", [["return"], ["return", "--reason", "no colon"], ["maybe"], ["return", "--reason", ":x"]]
)
def test_a_decision_without_coded_reasons_is_wrong_use(biotheca: CommandLine, words: list[str]) -> None:
    assert biotheca("decide", "sub_1", *words).code == 2


def test_the_whole_history_is_told_oldest_first_though_it_has_many_pages(
    archive: Archive, biotheca: CommandLine
) -> None:
    biotheca.login()
    sid = archive.submission(("a.fq", b"x"))
    for n in range(8):
        archive.note(sid, "e", f"Step {n}.")
    ran = biotheca("status", sid)
    lines = [line for line in ran.out.splitlines() if "Step" in line]
    assert [line[-2] for line in lines] == list("01234567")
    assert "not sent yet" in ran.out
    assert len(biotheca("status", sid, "--json").json["history"]) == 8


def test_a_title_cannot_speak_to_the_terminal(archive: Archive, biotheca: CommandLine) -> None:
    archive.release("CRA000001")
    archive.records["CRA000001"]["title"] = "rice \x1b[31m[bold]red\x07\u202e\nforged line"
    for words in (["search", "rice"], ["show", "CRA000001"]):
        out = biotheca(*words).out
        assert "\x1b" not in out and "\x07" not in out and "\u202e" not in out
        assert "[bold]red" in out
        assert not any(line.startswith("forged") for line in out.splitlines())


def test_one_rule_is_told_in_full_though_the_list_has_pages(biotheca: CommandLine) -> None:
    assert "Unwrap it." in biotheca("rules", "qc.multi_line").out
    assert len(biotheca("rules", "--json").json["items"]) == 5


def test_version_works_with_and_without_an_archive(biotheca: CommandLine, tmp_path: Path) -> None:
    assert biotheca("version", "--json").json["archive"] == "9.9.9"
    alone = CommandLine(tmp_path, "http://127.0.0.1:9")("version")
    assert (alone.code, alone.out) == (0, "biotheca client 0.1.0\n")


def test_a_reader_that_left_is_no_fault(archive: Archive, biotheca: CommandLine) -> None:
    process = biotheca.start("rules")
    assert process.stdout is not None and process.stderr is not None
    os.close(os.dup(process.stdout.fileno()))
    process.stdout.close()
    assert process.wait(20) in (0, 1)
    assert "Traceback" not in process.stderr.read()
