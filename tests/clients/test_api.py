"""The HTTP session: what is tried again, what never is, and how tokens are renewed."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from biotheca_client import Client, NetworkDown, NotSignedIn, WrongUse
from biotheca_client.api import pause_before
from biotheca_client.config import DEFAULT_SERVER, Config, is_private_line
from tests.clients.archive_double import Archive


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 0])
def test_a_read_is_tried_again_when_the_archive_stumbles(archive: Archive, client: Client, status: int) -> None:
    archive.api_orders += [("/v1/me", status)] * 3
    assert client.who_am_i()["subject"] == "p1"


def test_a_read_is_given_up_after_five_tries_and_the_archive_is_blamed_not_the_user(
    archive: Archive, client: Client
) -> None:
    archive.api_orders += [("/v1/me", 503)] * 9
    before = len(archive.calls)
    with pytest.raises(NetworkDown) as met:
        client.who_am_i()
    assert len(archive.calls) - before == 5
    assert "nothing of yours was lost" in met.value.mend


@pytest.mark.parametrize("status", [503, 0])
def test_a_decision_is_never_sent_twice(archive: Archive, client: Client, status: int) -> None:
    archive.roles = ["curator"]
    sid = archive.submission()
    archive.api_orders += [("decision", status)]
    with pytest.raises(NetworkDown):
        client.decide(sid, "accept")
    assert archive.calls.count(f"POST /v1/curation/{sid}/decision") == 1


def test_opening_a_submission_is_repeated_only_with_a_key(archive: Archive, client: Client) -> None:
    archive.api_orders += [("submissions$", 0)]
    with pytest.raises(NetworkDown, match="cannot be reached"):
        client.open_submission("gsa", "title")
    archive.api_orders += [("submissions$", 0)]
    client.open_submission("gsa", "title", idempotency_key="k")
    assert len(archive.submissions) == 2


def test_an_old_token_is_renewed_once_for_all_threads(archive: Archive, client: Client) -> None:
    archive.expire_tokens()
    threads = [threading.Thread(target=client.who_am_i) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert archive.calls.count("POST /v1/refresh") == 1


def test_a_renewed_token_is_kept_for_the_next_command(archive: Archive, client: Client, tmp_path: Path) -> None:
    archive.expire_tokens()
    client.who_am_i()
    again = Client(archive.url, config=Config(tmp_path / "client.json"))
    again.who_am_i()
    assert archive.calls.count("POST /v1/refresh") == 1


def test_without_a_valid_refresh_token_one_is_asked_to_sign_in(archive: Archive, client: Client) -> None:
    archive.tokens.clear()
    with pytest.raises(NotSignedIn):
        client.who_am_i()


def test_a_token_given_by_the_program_is_used_and_not_kept(archive: Archive, tmp_path: Path) -> None:
    config = Config(tmp_path / "c.json")
    assert Client(archive.url, token=archive.new_token("id"), config=config).who_am_i()["subject"] == "p1"
    assert not (tmp_path / "c.json").exists()


def test_pauses_double_with_jitter_stay_below_twenty_seconds_and_follow_the_server() -> None:
    for attempt in range(1, 12):
        assert 0.5 * min(0.1 * 2**attempt, 20) <= pause_before(attempt) <= min(0.1 * 2**attempt, 20)
    assert pause_before(1, "7") == 7
    assert pause_before(1, "9999") == 20


def test_the_server_is_chosen_by_option_then_environment_then_last_sign_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BIOTHECA_SERVER", raising=False)
    config = Config(tmp_path / "c.json")
    assert config.server() == DEFAULT_SERVER
    config.remember("https://a.example.org", {"token": "t"}, "e")
    assert Config(tmp_path / "c.json").server() == "https://a.example.org"
    monkeypatch.setenv("BIOTHECA_SERVER", "https://b.example.org/")
    assert config.server() == "https://b.example.org"
    assert config.server("HTTPS://C.example.org") == "https://c.example.org"
    with pytest.raises(WrongUse):
        config.server("c.example.org")


@pytest.mark.parametrize("text", ["", "[1]", "{", '{"servers": 3}'])
def test_a_damaged_config_counts_as_signed_out(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.json").write_text(text)
    config = Config(tmp_path / "c.json")
    assert config.tokens("https://a.example.org") == {}
    config.remember("https://a.example.org", {"token": "t"}, "e")
    assert json.loads((tmp_path / "c.json").read_text())["servers"]["https://a.example.org"]["token"] == "t"


@pytest.mark.parametrize(
    ("server", "private"),
    [
        ("https://a.org", True),
        ("http://localhost:1", True),
        ("http://127.0.0.9", True),
        ("http://[::1]:5", True),
        ("http://a.org", False),
        ("http://10.0.0.1", False),
        ("http://localhost.evil.org", False),
    ],
)
def test_a_private_line_is_tls_or_this_machine(server: str, private: bool) -> None:
    assert is_private_line(server) is private
