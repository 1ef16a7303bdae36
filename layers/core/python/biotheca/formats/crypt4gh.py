"""Crypt4GH files, encrypted and decrypted as they stream, also from the middle. The header: crypt4gh_header.py.

A body is segments of 64 KiB, each sealed by itself; the standard does not bind them to one another, so segments can be
exchanged or cut off at the end and every one of them still opens. Our writer numbers them in their nonces and marks the
last (the STREAM construction, Hoang et al., CRYPTO 2015); any reader of the standard reads that, ours holds it to it.
A body by another writer is held to what the standard can hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from biotheca.formats.crypt4gh_header import (
    NONCE_BYTES,
    TAG_BYTES,
    Crypt4ghFault,
    Header,
    new_key,
    opened,
    read_header,
    sealed,
)
from biotheca.formats.source import SLICE_BYTES, Source, aligned

SEGMENT_BYTES = 64 * 1024
STORED_BYTES = NONCE_BYTES + SEGMENT_BYTES + TAG_BYTES
# Five bytes that say "numbered", six of the number, one that is 1 in the last segment. A random nonce begins so once in
# 2^40 segments (64 PiB). Read as a packet's length they are beyond every cap, so no header can run into a body.
_NUMBERED = b"\xffBTC\xff"
_AROUND = NONCE_BYTES + TAG_BYTES
_TOGETHER = 16  # segments that are worked on at a time


class SegmentIsDamaged(Crypt4ghFault):
    """A segment does not open: a byte of it was changed, or it is cut short."""

    rule = "encryption.segment"


class SegmentsAreOutOfOrder(Crypt4ghFault):
    """Every segment opens, but they are not those of one file, one after the other."""

    rule = "encryption.order"


class BodyIsTruncated(Crypt4ghFault):
    """The last segment is missing."""

    rule = "encryption.truncated"


class EditListIsRefused(Crypt4ghFault):
    """A part of a file with an edit list was asked for; only the whole is edited."""

    rule = "encryption.edit_list"


@dataclass(frozen=True)
class Window:
    """Where bytes of the plain file lie in the stored body: stored bytes `first` to `last`, from segment `segment` on.

    `skip` plain bytes of what these give come before those asked for, of which there are `keep`. `ends`: the last
    segment is among them.
    """

    first: int
    last: int
    segment: int
    skip: int
    keep: int
    ends: bool


def stored_size(plain_bytes: int) -> int:
    """Bytes of the body that is made of so many; that of an empty file is empty.

    >>> stored_size(0), stored_size(65_536), stored_size(65_537)
    (0, 65564, 65593)
    """
    return plain_bytes + _AROUND * -(-plain_bytes // SEGMENT_BYTES)


def plain_size(body_bytes: int) -> int:
    """Plain bytes in a stored body. BodyIsTruncated if no body has that size.

    >>> plain_size(65_593)
    65537
    """
    whole, rest = divmod(body_bytes, STORED_BYTES)
    if 0 < rest < _AROUND:
        raise BodyIsTruncated(f"The last segment has {rest} bytes; {_AROUND} are the least.", offset=body_bytes - rest)
    return whole * SEGMENT_BYTES + max(0, rest - _AROUND)


def window(first: int, last: int, body_bytes: int) -> Window:
    """What of a stored body is needed for the plain bytes `first` to `last`, both counted in, cut at the file's end.

    >>> window(65_536, 65_536, 65_593)
    Window(first=65564, last=65592, segment=1, skip=0, keep=1, ends=True)
    """
    size = plain_size(body_bytes)
    if not 0 <= first <= last or first >= size:
        raise ValueError(f"bytes {first} to {last} of {size}")
    last = min(last, size - 1)
    begins, ends = first // SEGMENT_BYTES, last // SEGMENT_BYTES
    stored_last = min((ends + 1) * STORED_BYTES, body_bytes) - 1
    return Window(
        begins * STORED_BYTES,
        stored_last,
        begins,
        first - begins * SEGMENT_BYTES,
        last - first + 1,
        stored_last == body_bytes - 1,
    )


def encrypted(chunks: Iterable[bytes], data_key: bytes) -> Iterator[bytes]:
    """The body, some segments at a time; about 3 MiB are held. A data key must not be used for a second body."""
    cipher, number, held = ChaCha20Poly1305(data_key), 0, b""
    for piece in aligned(chunks, _TOGETHER * SEGMENT_BYTES):
        if held:
            yield _encrypted(cipher, number, held, False)
            number += _TOGETHER
        held = piece
    if held:  # other readers fail on an empty segment
        yield _encrypted(cipher, number, held, True)


def encrypt(chunks: Iterable[bytes], recipients: Sequence[bytes]) -> Iterator[bytes]:
    """A whole Crypt4GH file for the public keys, with a new data key."""
    key = new_key()
    yield sealed([key], recipients)
    yield from encrypted(chunks, key)


def decrypt(chunks: Iterable[bytes], private_keys: Sequence[bytes], *, empty_is_whole: bool = False) -> Iterator[bytes]:
    """The plain bytes of a whole Crypt4GH file, its edit list carried out. Raises Crypt4ghFault."""
    source = Source(chunks)
    header = opened(read_header(source.take), private_keys)
    return _whole(iter(source.some, b""), header, empty_is_whole)


def decrypted(
    chunks: Iterable[bytes], header: Header, part: Window | None = None, *, empty_is_whole: bool = False
) -> Iterator[bytes]:
    """The plain bytes of a body, or of the part of it whose stored bytes `chunks` are. What is given out is proved.

    A header without a body is refused, because it is what a cut leaves; `empty_is_whole` takes it for an empty file.
    Raises SegmentIsDamaged, SegmentsAreOutOfOrder, BodyIsTruncated, EditListIsRefused.
    """
    slices = aligned(chunks)
    if part is None:
        return _whole(slices, header, empty_is_whole)
    if header.edits is not None:
        raise EditListIsRefused("A part of a file with an edit list cannot be had; ask for the whole file.")
    return _cut(_segments(slices, header, part.segment, part.ends, False), part.skip, part.keep)


def _encrypted(cipher: ChaCha20Poly1305, number: int, plain: bytes, ends: bool) -> bytes:
    """The segments of a piece, the first of which is the `number`-th; `ends`: its last is the file's."""
    body = bytearray(stored_size(len(plain)))
    view, source = memoryview(body), memoryview(plain)
    count = -(-len(plain) // SEGMENT_BYTES)
    for n in range(count):
        at, part = n * STORED_BYTES, source[n * SEGMENT_BYTES : (n + 1) * SEGMENT_BYTES]
        nonce = _NUMBERED + (number + n).to_bytes(6, "little") + bytes([ends and n == count - 1])
        view[at : at + NONCE_BYTES] = nonce
        cipher.encrypt_into(nonce, part, None, view[at + NONCE_BYTES : at + len(part) + _AROUND])
    return bytes(body)


def _whole(slices: Iterable[bytes], header: Header, empty_is_whole: bool) -> Iterator[bytes]:
    plain = _segments(slices, header, 0, True, empty_is_whole)
    return plain if header.edits is None else _edited(plain, header.edits)


def _together(slices: Iterable[bytes]) -> Iterator[memoryview]:
    """Whole stored segments, as many as a slice completes; the last may be cut. Each is good until the next."""
    room = bytearray(SLICE_BYTES + STORED_BYTES)  # one for all: fresh pages cost more than the cipher
    view, have = memoryview(room), 0
    for piece in slices:
        view[have : have + len(piece)] = piece
        have += len(piece)
        if whole := have - have % STORED_BYTES:
            yield view[:whole]
            view[: have - whole] = bytes(view[whole:have])
            have -= whole
    if have:
        yield view[:have]


def _segments(
    slices: Iterable[bytes], header: Header, number: int, to_end: bool, empty_is_whole: bool
) -> Iterator[bytes]:
    """The plain segments from the `number`-th on, some at a time, in order and, if `to_end`, up to the last."""
    ciphers = [ChaCha20Poly1305(key) for key in header.data_keys]
    order, plain = _Order(number), memoryview(bytearray(SLICE_BYTES + STORED_BYTES))
    for stored in _together(slices):
        size = 0
        for at in range(0, len(stored), STORED_BYTES):
            segment = stored[at : at + STORED_BYTES]
            try:
                size += _open_segment(ciphers, segment, plain[size:], number)
                order.take(bytes(segment[:NONCE_BYTES]), number)
            except Crypt4ghFault:
                if size := min(size, at // STORED_BYTES * SEGMENT_BYTES):  # of this segment nothing
                    yield bytes(plain[:size])  # what came before is sound
                raise
            number += 1
        if size:
            yield bytes(plain[:size])
    if to_end:
        order.end(number, empty_is_whole)


class _Order:
    """Whether segments are those of one file, one after the other, as far as their writer lets us tell."""

    def __init__(self, first: int) -> None:
        self._first = first
        self._numbered = False
        self._ended = False

    def take(self, nonce: bytes, number: int) -> None:
        """The segment that stands in the place `number` has this nonce. Raises SegmentsAreOutOfOrder."""
        said = nonce.startswith(_NUMBERED)
        if number > self._first and said != self._numbered:
            raise SegmentsAreOutOfOrder(f"Segment {number} is by another writer than those before it.", segment=number)
        self._numbered = said
        if not said:
            return
        found = int.from_bytes(nonce[len(_NUMBERED) : -1], "little")
        if self._ended or found != number:
            at = "after the last one" if self._ended else f"where {number} belongs"
            raise SegmentsAreOutOfOrder(f"Segment {found} stands {at}.", segment=number, found=found)
        self._ended = nonce[-1] == 1

    def end(self, number: int, empty_is_whole: bool) -> None:
        """No segment follows `number` of them. Raises BodyIsTruncated."""
        nothing = number == self._first and not empty_is_whole
        if nothing or (self._numbered and not self._ended):
            raise BodyIsTruncated(f"The file ends after {number} segment(s), before its last.", segment=number)


def _open_segment(ciphers: list[ChaCha20Poly1305], stored: memoryview, room: memoryview, number: int) -> int:
    """Decrypt a segment into the room; how many bytes it gave."""
    size, offset = len(stored) - _AROUND, number * STORED_BYTES
    if size < 0:
        message = f"Segment {number} is cut short: {len(stored)} bytes, {_AROUND} are the least."
        raise SegmentIsDamaged(message, segment=number, offset=offset)
    for place, cipher in enumerate(ciphers):
        try:
            cipher.decrypt_into(stored[:NONCE_BYTES], stored[NONCE_BYTES:], None, room[:size])
        except InvalidTag:
            continue
        if place:  # the next segment is most likely of the same key
            ciphers.insert(0, ciphers.pop(place))
        return size
    message = f"Segment {number} (body bytes {offset:,} to {offset + len(stored) - 1:,}) was changed or cut short."
    raise SegmentIsDamaged(message, segment=number, offset=offset)


def _cut(pieces: Iterable[bytes], skip: int, keep: int) -> Iterator[bytes]:
    """`keep` bytes after the first `skip`; every piece is read, so that what is at fault behind them is told, too."""
    for piece in pieces:
        shown = piece[skip : skip + keep]
        skip = max(0, skip - len(piece))
        keep -= len(shown)
        if shown:
            yield shown
    if keep:
        raise BodyIsTruncated(f"{keep:,} of the bytes asked for are missing.")


def _edited(pieces: Iterable[bytes], lengths: Sequence[int]) -> Iterator[bytes]:
    """Skip and keep in turn; after an odd number of lengths everything is kept, as the standard has it."""
    left = [(length, turn % 2 == 1) for turn, length in enumerate(lengths)]
    left.append((1 << 64, len(lengths) % 2 == 1))
    place, (length, kept) = 0, left[0]
    for piece in pieces:
        at = 0
        while at < len(piece):
            while length == 0:
                place += 1
                length, kept = left[place]
            step = min(length, len(piece) - at)
            if kept:
                yield piece[at : at + step]
            at, length = at + step, length - step
