"""The header of a Crypt4GH file: which data keys it hands to whom. The body: crypt4gh.py; key files: crypt4gh_keys.py.

GA4GH File Encryption Standard, version 1: X25519, BLAKE2b as in libsodium's crypto_kx, ChaCha20-Poly1305 (RFC 8439).
A header is a stranger's text until one of its packets was opened: counts and lengths are bounded before they are used.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

MAGIC = b"crypt4gh"
VERSION = 1
KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
MOST_PACKETS = 1_000
MOST_PACKET_BYTES = 64 * 1024
MOST_DATA_KEYS = 8  # each segment may be tried with each of them

_FIXED = struct.Struct("<8sII")
_AROUND = 4 + 4 + KEY_BYTES + NONCE_BYTES + TAG_BYTES  # length, method, writer's key, nonce, tag
_X25519_CHACHA20_POLY1305 = 0
_DATA_KEY, _EDIT_LIST = 0, 1
_CHACHA20_POLY1305 = 0


class Crypt4ghFault(Exception):
    """The file, header or key is at fault. `rule` is an id of the rule catalogue, `facts` say where."""

    rule = "encryption.header"

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts


class HeaderIsRefused(Crypt4ghFault):
    """No Crypt4GH of version 1, cut short, or beyond what any header needs."""


class KeyDoesNotFit(Crypt4ghFault):
    """No packet of the header can be opened with the keys at hand: it is for others, or was changed."""

    rule = "encryption.key_does_not_fit"


class KeyIsRefused(Crypt4ghFault):
    """A public or private key that is none, or one with which anybody could read."""

    rule = "encryption.key"


@dataclass(frozen=True)
class Header:
    """An opened header: the data keys (32 bytes each), and lengths to skip and to keep in turn, if there are any."""

    data_keys: tuple[bytes, ...]
    edits: tuple[int, ...] | None = None

    def __repr__(self) -> str:  # a key must not reach a log by way of a traceback
        return f"Header({len(self.data_keys)} data key(s), edits={self.edits})"


def new_key() -> bytes:
    """32 random bytes: a data key, or a private key."""
    return os.urandom(KEY_BYTES)


def public_key_of(private_key: bytes) -> bytes:
    """The X25519 public key of a private one, 32 bytes both."""
    return _private(private_key).public_key().public_bytes_raw()


def sealed(data_keys: Sequence[bytes], recipients: Iterable[bytes], edits: Sequence[int] | None = None) -> bytes:
    """A header that hands the data keys to each recipient's public key; its writer's key is used once and forgotten.

    Raises KeyIsRefused for a public key that is none.
    """
    plain = [struct.pack("<II", _DATA_KEY, _CHACHA20_POLY1305) + key for key in data_keys]
    if edits is not None:
        plain.append(struct.pack(f"<II{len(edits)}Q", _EDIT_LIST, len(edits), *edits))
    writer = new_key()
    packets = [_packet(one, writer, recipient) for recipient in dict.fromkeys(recipients) for one in plain]
    if not packets or len(packets) > MOST_PACKETS:
        raise HeaderIsRefused(f"A header has 1 to {MOST_PACKETS:,} packets; this would have {len(packets):,}.")
    return _FIXED.pack(MAGIC, VERSION, len(packets)) + b"".join(packets)


def read_header(take: Callable[[int], bytes]) -> bytes:
    """The bytes of the header at the beginning of a stream, and no more. `take(n)` gives n bytes, fewer at the end.

    Raises HeaderIsRefused; at most MOST_PACKETS x MOST_PACKET_BYTES are held.
    """
    fixed = take(_FIXED.size)
    if len(fixed) < _FIXED.size or fixed[: len(MAGIC)] != MAGIC:
        raise HeaderIsRefused("This is no Crypt4GH file: it does not begin with 'crypt4gh'.", offset=0)
    _, version, count = _FIXED.unpack(fixed)
    if version != VERSION:
        raise HeaderIsRefused(f"Crypt4GH of version {version}; version {VERSION} is read.", offset=8)
    if not 1 <= count <= MOST_PACKETS:
        raise HeaderIsRefused(f"The header says {count:,} packets; 1 to {MOST_PACKETS:,} are read.", offset=12)
    whole = bytearray(fixed)
    for number in range(1, count + 1):
        at = len(whole)
        said = take(4)
        size = int.from_bytes(said, "little")
        if len(said) < 4:
            raise HeaderIsRefused(f"The header ends before packet {number} of {count}.", offset=at)
        if not _AROUND <= size <= MOST_PACKET_BYTES:
            wanted = f"{_AROUND} to {MOST_PACKET_BYTES:,}"
            raise HeaderIsRefused(f"Packet {number} says {size:,} bytes; {wanted} are read.", offset=at)
        body = take(size - 4)
        if len(body) < size - 4:
            raise HeaderIsRefused(f"The header ends in the middle of packet {number} of {count}.", offset=at)
        whole += said + body
    return bytes(whole)


def opened(header: bytes, private_keys: Sequence[bytes]) -> Header:
    """What the header hands to whoever holds one of the private keys. Packets for others are passed over.

    Raises HeaderIsRefused, KeyDoesNotFit.
    """
    at, taken = 0, bytearray()

    def take(count: int) -> bytes:
        nonlocal at
        piece = header[at : at + count]
        at += len(piece)
        taken.extend(piece)
        return piece

    read_header(take)
    if at != len(header):
        raise HeaderIsRefused(f"{len(header) - at:,} bytes follow the header.", offset=at)
    keys = [(_private(one), public_key_of(one)) for one in private_keys]
    found = [plain for packet in _packets(header) if (plain := _opened_packet(packet, keys)) is not None]
    if not found:
        raise KeyDoesNotFit("No packet of the header can be opened with this key.")
    return _read(found)


def rewrapped(header: bytes, private_keys: Sequence[bytes], recipients: Iterable[bytes]) -> bytes:
    """A header for other recipients to the same body, which is not touched. Raises as `opened` and `sealed` do."""
    found = opened(header, private_keys)
    return sealed(found.data_keys, recipients, found.edits)


def _packets(header: bytes) -> list[bytes]:
    """The packets without their lengths; `read_header` has looked at these."""
    found, at = [], _FIXED.size
    while at < len(header):
        size = int.from_bytes(header[at : at + 4], "little")
        found.append(header[at + 4 : at + size])
        at += size
    return found


def _packet(plain: bytes, writer: bytes, recipient: bytes) -> bytes:
    public = public_key_of(writer)
    nonce = os.urandom(NONCE_BYTES)
    shared = _shared(_private(writer), recipient, reader=recipient, writer=public)
    body = public + nonce + ChaCha20Poly1305(shared).encrypt(nonce, plain, None)
    return struct.pack("<II", len(body) + 8, _X25519_CHACHA20_POLY1305) + body


def _opened_packet(packet: bytes, keys: list[tuple[X25519PrivateKey, bytes]]) -> bytes | None:
    """The content of a packet; None if it is not for any of the keys."""
    method, writer = int.from_bytes(packet[:4], "little"), packet[4 : 4 + KEY_BYTES]
    if method != _X25519_CHACHA20_POLY1305:
        return None
    nonce = packet[4 + KEY_BYTES : 4 + KEY_BYTES + NONCE_BYTES]
    for private, public in keys:
        try:
            shared = _shared(private, writer, reader=public, writer=writer)
            return ChaCha20Poly1305(shared).decrypt(nonce, packet[4 + KEY_BYTES + NONCE_BYTES :], None)
        except (InvalidTag, KeyIsRefused):
            continue
    return None


def _read(plain: list[bytes]) -> Header:
    keys: dict[bytes, None] = {}
    edits: tuple[int, ...] | None = None
    for packet in plain:
        kind = int.from_bytes(packet[:4], "little") if len(packet) >= 8 else -1
        told = int.from_bytes(packet[4:8], "little")
        if kind == _DATA_KEY and told == _CHACHA20_POLY1305 and len(packet) == 8 + KEY_BYTES:
            keys[packet[8:]] = None
        elif kind == _DATA_KEY:
            raise HeaderIsRefused(f"The body is encrypted by method {told}, or its key has not {KEY_BYTES} bytes.")
        elif kind == _EDIT_LIST and edits is None and len(packet) == 8 + 8 * told:
            edits = struct.unpack(f"<{told}Q", packet[8:])
        elif kind == _EDIT_LIST:
            raise HeaderIsRefused("The header has a second edit list, or one whose length is not what it says.")
        else:
            raise HeaderIsRefused(f"A packet of kind {kind} is not known.")
    if not 1 <= len(keys) <= MOST_DATA_KEYS:
        raise HeaderIsRefused(f"The header hands over {len(keys)} data keys; 1 to {MOST_DATA_KEYS} are read.")
    return Header(tuple(keys), edits)


def _shared(own: X25519PrivateKey, other: bytes, *, reader: bytes, writer: bytes) -> bytes:
    """The key of a packet, as crypto_kx makes: half of BLAKE2b-512(X25519 || reader's key || writer's key)."""
    try:
        point = own.exchange(X25519PublicKey.from_public_bytes(other))
    except ValueError as fault:  # of small order: the outcome would be zero for every private key
        raise KeyIsRefused("This is no public key of X25519 that could keep a secret.") from fault
    return hashlib.blake2b(point + reader + writer).digest()[:KEY_BYTES]


def _private(key: bytes) -> X25519PrivateKey:
    if len(key) != KEY_BYTES:
        raise KeyIsRefused(f"A private key has {KEY_BYTES} bytes, this one {len(key)}.")
    return X25519PrivateKey.from_private_bytes(key)
