"""Key files beside the `crypt4gh` package in both directions, and what is no key file."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from crypt4gh.keys import get_private_key, get_public_key
from crypt4gh.keys.c4gh import generate as peer_generate
from crypt4gh.keys.kdf import derive_key
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from biotheca.formats.crypt4gh_header import KeyIsRefused, new_key, public_key_of
from biotheca.formats.crypt4gh_keys import public_key, public_text
from biotheca.formats.crypt4gh_private import PassphraseIsWrong, generate, private_key, private_text

PHRASE = "纸上得来终觉浅 correct horse"


@pytest.mark.parametrize("phrase", [None, PHRASE])
def test_the_peer_reads_our_keys_and_we_read_the_peers(tmp_path: Path, phrase: str | None) -> None:
    private, public = generate(phrase, comment="laptop")
    (tmp_path / "a.sec").write_text(private)
    (tmp_path / "a.pub").write_text(public)
    (tmp_path / "a.sec").chmod(0o600)
    assert bytes(get_private_key(str(tmp_path / "a.sec"), lambda: phrase or "")) == private_key(private).unlocked(
        phrase
    )
    assert bytes(get_public_key(str(tmp_path / "a.pub"))) == public_key(public)

    secret, open_ = str(tmp_path / "b.sec"), str(tmp_path / "b.pub")
    peer_generate(secret, open_, phrase.encode() if phrase else None, b"a comment")
    theirs = private_key(Path(secret).read_text())
    assert theirs.locked == bool(phrase)
    assert public_key_of(theirs.unlocked(phrase)) == public_key(Path(open_).read_text())


@pytest.mark.parametrize(("kdf", "rounds"), [(b"bcrypt", 10), (b"pbkdf2_hmac_sha256", 1000)])
def test_old_ways_of_locking_are_read(kdf: bytes, rounds: int) -> None:
    key, salt, nonce = new_key(), bytes(range(16)), bytes(12)
    locked = nonce + ChaCha20Poly1305(derive_key(kdf, PHRASE.encode(), salt, rounds)).encrypt(nonce, key, None)
    words = [kdf, rounds.to_bytes(4, "big") + salt, b"chacha20_poly1305", locked]
    assert private_key(_file(words)).unlocked(PHRASE) == key


def _file(words: list[bytes], magic: bytes = b"c4gh-v1") -> str:
    content = magic + b"".join(len(word).to_bytes(2, "big") + word for word in words)
    text = base64.b64encode(content).decode()
    return f"-----BEGIN CRYPT4GH PRIVATE KEY-----\n{text}\n-----END CRYPT4GH PRIVATE KEY-----\n"


def test_a_wrong_passphrase_or_none_does_not_open_a_locked_key() -> None:
    locked = private_key(private_text(new_key(), PHRASE))
    for phrase in ("wrong", "", None):
        with pytest.raises(PassphraseIsWrong):
            locked.unlocked(phrase)
    assert repr(locked) == "PrivateKey(locked=True)"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5",
        "-----BEGIN CRYPT4GH PUBLIC KEY-----\n????\n-----END CRYPT4GH PUBLIC KEY-----",
        "-----BEGIN CRYPT4GH PUBLIC KEY-----\nAAAA\n-----END CRYPT4GH PUBLIC KEY-----",
        "-----BEGIN CRYPT4GH PUBLIC KEY-----\nAAAAA\n-----END CRYPT4GH PUBLIC KEY-----",
        public_text(bytes(32)),  # of small order
        private_text(bytes(range(32))),
        "-----BEGIN CRYPT4GH PUBLIC KEY-----\n" + "A" * 20_000,
    ],
)
def test_what_is_no_public_key_is_refused(text: str) -> None:
    with pytest.raises(KeyIsRefused):
        public_key(text)


@pytest.mark.parametrize(
    "text",
    [
        public_text(public_key_of(bytes(range(32)))),
        _file([b"none", b"none", bytes(32)], magic=b"c4gh-v2"),
        _file([b"none", b"none"]),
        _file([b"none", b"aes", bytes(32)]),
        _file([b"argon2", bytes(20), b"chacha20_poly1305", bytes(60)]),
        _file([b"bcrypt", b"\xff\xff\xff\xff" + bytes(16), b"chacha20_poly1305", bytes(60)]),
        _file([b"pbkdf2_hmac_sha256", b"\xff\xff\xff\xff" + bytes(16), b"chacha20_poly1305", bytes(60)]),
        _file([b"scrypt"]),
    ],
)
def test_what_is_no_private_key_is_refused_before_any_work_is_done(text: str) -> None:
    with pytest.raises(KeyIsRefused):
        private_key(text)


def test_a_private_key_file_cut_anywhere_is_refused() -> None:
    content = base64.b64decode(private_text(bytes(32), PHRASE).splitlines()[1])
    for end in range(len(content)):
        text = base64.b64encode(content[:end]).decode()
        with pytest.raises(KeyIsRefused):
            private_key(f"-----BEGIN CRYPT4GH PRIVATE KEY-----\n{text}\n-----END ").unlocked(PHRASE)
