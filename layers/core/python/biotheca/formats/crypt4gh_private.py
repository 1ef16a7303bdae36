"""Private keys of Crypt4GH, plain or locked by a passphrase, as the `crypt4gh` tool keeps them. For the client only."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from biotheca.formats.crypt4gh_header import KEY_BYTES, NONCE_BYTES, KeyIsRefused, new_key, public_key_of
from biotheca.formats.crypt4gh_keys import content_of, file_of, of_length, public_text

_MAGIC = b"c4gh-v1"
_SALT_BYTES = 16
# Rounds come out of a stranger's file; these take some seconds at most.
_MOST_ROUNDS = {b"scrypt": 0, b"bcrypt": 1_000, b"pbkdf2_hmac_sha256": 10_000_000}


class PassphraseIsWrong(KeyIsRefused):
    """The private key cannot be unlocked by this passphrase, or it is locked and none was given."""

    rule = "encryption.passphrase"


@dataclass(frozen=True)
class PrivateKey:
    """A private key as it stands in a file: `locked` by a passphrase or not. See `unlocked`."""

    kdf: bytes
    rounds: int
    salt: bytes
    content: bytes

    @property
    def locked(self) -> bool:
        """Whether a passphrase is needed."""
        return self.kdf != b"none"

    def __repr__(self) -> str:
        return f"PrivateKey(locked={self.locked})"

    def unlocked(self, passphrase: str | None = None) -> bytes:
        """The 32 bytes of the key. PassphraseIsWrong, KeyIsRefused."""
        if not self.locked:
            return of_length(self.content)
        if not passphrase:
            raise PassphraseIsWrong("The private key is locked; its passphrase is needed.")
        key = _derived(self.kdf, passphrase.encode(), self.salt, self.rounds)
        try:
            plain = ChaCha20Poly1305(key).decrypt(self.content[:NONCE_BYTES], self.content[NONCE_BYTES:], None)
        except (InvalidTag, ValueError) as fault:
            raise PassphraseIsWrong("The passphrase does not open this private key.") from fault
        return of_length(plain)


def generate(passphrase: str | None = None, comment: str = "") -> tuple[str, str]:
    """A new pair of keys as the texts of two files: private, public. Without a passphrase the private key lies open."""
    key = new_key()
    return private_text(key, passphrase, comment), public_text(public_key_of(key))


def private_text(key: bytes, passphrase: str | None = None, comment: str = "") -> str:
    """The file of a private key, locked by scrypt if there is a passphrase."""
    if not passphrase:
        parts = [b"none", b"none", of_length(key)]
    else:
        salt, nonce = os.urandom(_SALT_BYTES), os.urandom(NONCE_BYTES)
        locked = ChaCha20Poly1305(_derived(b"scrypt", passphrase.encode(), salt, 0)).encrypt(nonce, key, None)
        parts = [b"scrypt", bytes(4) + salt, b"chacha20_poly1305", nonce + locked]
    if comment:
        parts.append(comment.encode())
    return file_of("PRIVATE", _MAGIC + b"".join(len(part).to_bytes(2, "big") + part for part in parts))


def private_key(text: str) -> PrivateKey:
    """What a private key file holds. Raises KeyIsRefused."""
    kind, content = content_of(text)
    if kind == "PUBLIC":
        raise KeyIsRefused("This is a public key; the private one is needed, which you kept.")
    if not content.startswith(_MAGIC):
        raise KeyIsRefused(f"The private key does not begin with {_MAGIC.decode()!r}.")
    words = _words(content[len(_MAGIC) :])
    kdf, salt, rounds = words[0], b"", 0
    if kdf != b"none":
        if kdf not in _MOST_ROUNDS:
            raise KeyIsRefused(
                f"The key is locked by {kdf[:30]!r}; known: {', '.join(k.decode() for k in _MOST_ROUNDS)}."
            )
        rounds, salt = int.from_bytes(words[1][:4], "big"), words[1][4:]
        del words[1]
        if _MOST_ROUNDS[kdf] and not 1 <= rounds <= _MOST_ROUNDS[kdf]:
            raise KeyIsRefused(
                f"The key says {rounds:,} rounds of {kdf.decode()}; at most {_MOST_ROUNDS[kdf]:,} are run."
            )
    if len(words) < 3 or words[1] != (b"none" if kdf == b"none" else b"chacha20_poly1305"):
        raise KeyIsRefused("The private key is cut short, or locked by a cipher that is not known.")
    return PrivateKey(kdf, rounds, salt, words[2])


def _derived(kdf: bytes, passphrase: bytes, salt: bytes, rounds: int) -> bytes:
    if kdf == b"scrypt":  # its cost is fixed by the format; what stands as rounds is passed over
        return hashlib.scrypt(passphrase, salt=salt, n=1 << 14, r=8, p=1, dklen=KEY_BYTES)
    if kdf == b"pbkdf2_hmac_sha256":
        return hashlib.pbkdf2_hmac("sha256", passphrase, salt, rounds, KEY_BYTES)
    try:
        import bcrypt  # only for old keys
    except ImportError as fault:
        raise KeyIsRefused(
            "The key is locked by bcrypt, which needs the package bcrypt: pip install bcrypt."
        ) from fault
    return bytes(bcrypt.kdf(passphrase, salt, KEY_BYTES, rounds, ignore_few_rounds=True))


def _words(content: bytes) -> list[bytes]:
    """Words that each follow their length (two bytes, big-endian); at least two."""
    words, at = [], 0
    while at < len(content):
        size = int.from_bytes(content[at : at + 2], "big")
        word = content[at + 2 : at + 2 + size]
        if len(word) < size:
            break
        words.append(word)
        at += 2 + size
    if at != len(content) or len(words) < 2:
        raise KeyIsRefused("The private key is cut short.")
    return words
