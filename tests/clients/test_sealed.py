"""`biotheca keygen` and `biotheca decrypt`: without an archive, beside the `crypt4gh` package."""

from __future__ import annotations

import io
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from crypt4gh import lib as peer

from biotheca.formats.crypt4gh import encrypt
from biotheca.formats.crypt4gh_header import new_key, read_header
from biotheca.formats.crypt4gh_keys import public_key
from tests.clients.conftest import CommandLine

DATA = bytes(range(256)) * 1000


PHRASE = "open sesame"


class Alone(CommandLine):
    """A command line whose archive does not answer, and whose environment holds the passphrase."""

    @property
    def environment(self) -> dict[str, str]:
        return super().environment | {"C4GH_PASSPHRASE": PHRASE}


@pytest.fixture
def alone(tmp_path: Path) -> CommandLine:
    return Alone(tmp_path / "home", "http://127.0.0.1:9")


@pytest.fixture
def pair(alone: CommandLine, tmp_path: Path) -> tuple[Path, bytes]:
    """A private key locked by the passphrase, and the public key."""
    ran = alone("keygen", str(tmp_path / "me"))
    assert ran.code == 0 and str(tmp_path / "me.pub") in ran.out
    return tmp_path / "me.sec", public_key((tmp_path / "me.pub").read_text())


def written(path: Path, reader: bytes, data: bytes = DATA) -> Path:
    path.write_bytes(b"".join(encrypt([data], [reader])))
    return path


def test_what_was_encrypted_for_a_key_of_ours_is_decrypted_beside_it(
    alone: CommandLine, tmp_path: Path, pair: tuple[Path, bytes]
) -> None:
    key, public = pair
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    file = written(tmp_path / "reads.bam.c4gh", public)
    ran = alone("decrypt", str(file), "--key", str(key), "--json")
    assert (ran.code, ran.json) == (0, {"file": str(tmp_path / "reads.bam"), "size_bytes": len(DATA)})
    assert (tmp_path / "reads.bam").read_bytes() == DATA
    again = alone("decrypt", str(file), "--key", str(key))
    assert again.code == 2 and "--force" in again.err
    assert alone("decrypt", str(file), "--key", str(key), "--force").code == 0


def test_a_file_of_the_peer_and_a_header_fetched_apart_are_read(
    alone: CommandLine, tmp_path: Path, pair: tuple[Path, bytes]
) -> None:
    key, public = pair
    stored = io.BytesIO()
    peer.encrypt([(0, new_key(), public)], io.BytesIO(DATA), stored)
    cut = len(read_header(io.BytesIO(stored.getvalue()).read))
    head, body, out = tmp_path / "header", tmp_path / "body", tmp_path / "plain"
    head.write_bytes(stored.getvalue()[:cut])
    body.write_bytes(stored.getvalue()[cut:])
    ran = alone("decrypt", str(body), "--header", str(head), "--key", str(key), "-o", str(out))
    assert ran.code == 0 and out.read_bytes() == DATA, ran.err


def test_a_pipe_goes_through_from_end_to_end(alone: CommandLine, tmp_path: Path, pair: tuple[Path, bytes]) -> None:
    key, public = pair
    words = [sys.executable, "-m", "biotheca_client.cli", "decrypt", "-", "--key", str(key)]
    stored = written(tmp_path / "x.c4gh", public).read_bytes()
    done = subprocess.run(words, input=stored, env=alone.environment, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, DATA), done.stderr


def test_damage_leaves_no_file_behind_and_says_what_to_do(
    alone: CommandLine, tmp_path: Path, pair: tuple[Path, bytes]
) -> None:
    key, public = pair
    file = written(tmp_path / "a.c4gh", public)
    whole = file.read_bytes()
    cases = {
        "encryption.segment": whole[:-1] + bytes([whole[-1] ^ 1]),
        "encryption.truncated": whole[: 124 + 65_564],
        "encryption.header": b"BAM" + whole,
        "encryption.key_does_not_fit": whole[:60] + bytes(32) + whole[92:],
    }
    for rule, stored in cases.items():
        file.write_bytes(stored)
        ran = alone("decrypt", str(file), "--key", str(key), "--json")
        assert ran.code == 1 and f'"{rule}"' in ran.err and '"mend"' in ran.err, ran.err
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["a.c4gh", "me.pub", "me.sec"]


def test_wrong_keys_passphrases_and_names_are_told(
    alone: CommandLine, tmp_path: Path, pair: tuple[Path, bytes]
) -> None:
    key, public = pair
    file = written(tmp_path / "a.c4gh", public)
    assert "public key" in alone("decrypt", str(file), "--key", str(tmp_path / "me.pub")).err
    assert alone("keygen", str(tmp_path / "me")).code == 2
    plain = file.rename(tmp_path / "encrypted")
    assert "-o" in alone("decrypt", str(plain), "--key", str(key)).err
    ran = alone("decrypt", str(plain), "--key", str(key), "-o", str(tmp_path / "out"), C4GH_PASSPHRASE="not this one")
    assert ran.code == 1 and "passphrase" in ran.err and "not this one" not in ran.err


def test_an_unlocked_key_is_made_only_on_demand(alone: CommandLine, tmp_path: Path) -> None:
    ran = alone("keygen", str(tmp_path / "robot"), "--no-passphrase", "--json")
    assert ran.code == 0 and ran.json["locked"] is False
    file = written(tmp_path / "a.c4gh", public_key((tmp_path / "robot.pub").read_text()))
    assert alone("decrypt", str(file), "--key", str(tmp_path / "robot.sec")).code == 0
