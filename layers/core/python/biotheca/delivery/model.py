"""What delivery keeps: the archive's keys by id, the header of each encrypted file, the public keys of readers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from biotheca.errors import Conflict, SystemFault


class NoPublicKey(Conflict):
    """The reader has not registered a public key."""

    rule = "delivery.no_public_key"


class NotEncrypted(Conflict):
    """The file is kept as it came; it needs no header."""

    rule = "delivery.not_encrypted"


class NoArchiveKey(SystemFault):
    """The archive has no key yet, or one that a header needs is gone; `delivery.turn_keys` makes the first."""


def key_id(public_key: bytes) -> str:
    """The name of a key: the beginning of the SHA-256 of its public half.

    >>> key_id(bytes(32))
    '66687aadf862bd77'
    """
    return hashlib.sha256(public_key).hexdigest()[:16]


@dataclass(frozen=True)
class Keys:
    """The archive's public keys: id -> 32 bytes in Base64. New files are encrypted for `current`, the youngest."""

    current: str
    turned_at: str
    public: dict[str, str]


@dataclass(frozen=True)
class Sealed:
    """An encrypted file of the archive: its header (Base64), for which of our keys, and what it is when plain."""

    key: str
    version_id: str
    header: str
    key_id: str
    size_bytes: int
    sha256: str
    accession: str = ""


@dataclass
class Ring:
    """The archive's private keys: id -> 32 bytes. Never shown."""

    private: dict[str, bytes] = field(default_factory=dict, repr=False)
