"""One alignment record of BAM (SAM specification 4.2) by the book: what is wrong with it. The walk over them: bam.

Fixed part, 32 bytes after the record's size: reference, position (both -1 if there is none), lengths of name and
CIGAR, flags, bases, then where the next of the template lies. Then name, CIGAR, bases of 4 bits, qualities, tags.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import Any

FIXED_BYTES = 32
PAIRED, REVERSE, FIRST, LAST, UNMAPPED, FAILED = 0x1, 0x10, 0x40, 0x80, 0x4, 0x200
NOT_PRIMARY = 0x900  # secondary or supplementary: the read itself stands in another record
_OF_PAIRS = 0xEA  # flags that mean nothing unless 0x1 is set
_FIXED = struct.Struct("<iiBBHHHIiii")
_NAME = re.compile(rb"[!-?A-~]{1,254}")
_TAG = re.compile(rb"[A-Za-z][A-Za-z0-9]")
_SIZES = {b"c": 1, b"C": 1, b"s": 2, b"S": 2, b"i": 4, b"I": 4, b"f": 4}
_LETTERS = "NACMGRSVTWYHKDBN"
_OTHERS = bytes.maketrans(b"ACGTMRSVWYHKDBN", b"TGCAKYSBWRDMHVN")
_PAIRS = [(_LETTERS[code >> 4] + _LETTERS[code & 15]).encode() for code in range(256)]

Wrong = Iterator[tuple[str, dict[str, Any]]]


@dataclass(frozen=True)
class References:
    """What records are held against: lengths of the references in order, names of read groups (empty: not declared)."""

    lengths: tuple[int, ...] = ()
    groups: frozenset[bytes] = frozenset()


@dataclass(frozen=True)
class Record:
    """A record taken apart. `whole` is False if its parts are longer than itself: then only the fixed part is there."""

    reference: int
    position: int
    flags: int
    length: int
    next_reference: int
    next_position: int
    whole: bool
    name: bytes = b""
    cigar: tuple[int, ...] = ()
    packed: bytes = b""
    quality: bytes = b""
    tags: bytes = field(default=b"", repr=False)

    @property
    def primary(self) -> bool:
        return not self.flags & NOT_PRIMARY

    @property
    def place(self) -> tuple[int, int]:
        """Grows in coordinate order; records without a reference are behind all."""
        return (self.reference, self.position) if self.reference >= 0 else (2**31, 0)

    @property
    def header(self) -> bytes:
        """Its name, with `/1` or `/2` behind that of one of two mates; empty if it does not tell the read from others.

        Nothing is known of `*`. Of a template of several reads the first and the last alone are told apart (SAM
        specification 1.4, bits 0x40 and 0x80).
        """
        name = self.name.split(b"\0")[0]
        if name == b"*":
            return b""
        if not self.flags & PAIRED:
            return name
        end = {FIRST: b"/1", LAST: b"/2"}.get(self.flags & (FIRST | LAST))
        return name + end if end else b""

    def sequence(self) -> bytes:
        """Bases as the sequencer gave them."""
        bases = b"".join(map(_PAIRS.__getitem__, self.packed))[: self.length]
        return bases.translate(_OTHERS)[::-1] if self.flags & REVERSE else bases

    def qualities(self) -> bytes:
        """Phred + 33 as the sequencer gave them; '!' for every base if there are none."""
        if set(self.quality) == {255}:
            return b"!" * self.length
        letters = bytes(min(q + 33, 255) for q in self.quality)
        return letters[::-1] if self.flags & REVERSE else letters


def take_apart(data: bytes) -> Record:
    """The record in `data`, which are its bytes without the size before them: 32 at least."""
    reference, position, name_n, _, _, cigar_n, flags, length, next_reference, next_position, _ = _FIXED.unpack_from(
        data
    )
    ends = [FIXED_BYTES, FIXED_BYTES + name_n]
    ends += [ends[-1] + 4 * cigar_n, ends[-1] + 4 * cigar_n + (length + 1) // 2]
    ends.append(ends[-1] + length)
    fixed = (reference, position, flags, length, next_reference, next_position)
    if ends[-1] > len(data):
        return Record(*fixed, whole=False, name=data[FIXED_BYTES : FIXED_BYTES + name_n].split(b"\0")[0])
    name, cigar, packed, quality = (data[a:b] for a, b in pairwise(ends))
    operations = struct.unpack(f"<{cigar_n}I", cigar)
    return Record(*fixed, True, name, operations, packed, quality, data[ends[-1] :])


def examine(record: Record, header: References) -> Wrong:
    """Everything wrong with a record, but for its order among others: code and facts."""
    if not record.whole:
        yield "bam_parts", {}
        return
    yield from _name(record)
    yield from _places(record, header)
    yield from _flags(record)
    yield from _cigar(record)
    if record.quality and max(record.quality) > 93 and set(record.quality) != {255}:
        worst = next(q for q in record.quality if q > 93)
        yield "bam_quality", {"value": worst, "column": record.quality.index(worst) + 1}
    if not record.length and record.primary:
        yield "bam_no_bases", {}
    yield from _tags(record, header)


def _name(record: Record) -> Wrong:
    if record.name[-1:] != b"\0" or not _NAME.fullmatch(record.name[:-1]):
        yield "bam_name", {"value": record.name}


def _places(record: Record, header: References) -> Wrong:
    own = ("bam_position", "reference", record.reference, record.position)
    # Where the next record lies is a hint for readers, and cut files keep what was true of the whole one.
    after = ("bam_next_position", "next reference", record.next_reference, record.next_position)
    for code, what, reference, position in (own, after):
        if not -1 <= reference < len(header.lengths):
            yield "bam_reference", {"what": what, "value": reference, "references": len(header.lengths)}
        elif position < -1 or (reference >= 0 and position >= header.lengths[reference]):
            longest = header.lengths[reference] if reference >= 0 else 2**31 - 1
            yield code, {"value": position + 1, "length": longest}
    if not record.flags & UNMAPPED and (record.reference < 0 or record.position < 0):
        yield "bam_unplaced", {"value": record.flags}


def _flags(record: Record) -> Wrong:
    if record.flags & 0xF000 or (not record.flags & PAIRED and record.flags & _OF_PAIRS):
        yield "bam_flags", {"value": record.flags}


def _cigar(record: Record) -> Wrong:
    codes = [operation & 15 for operation in record.cigar]
    if any(code > 8 for code in codes):
        yield "bam_cigar", {"value": max(codes)}
        return
    text = "".join("MIDNSHP=X"[code] for code in codes)
    inner = text.removeprefix("H").removesuffix("H")
    if "H" in inner or "S" in inner[1:-1]:
        yield (
            "bam_cigar",
            {"value": "".join(f"{op >> 4}{letter}" for op, letter in zip(record.cigar, text, strict=True))},
        )
    spanned = sum(op >> 4 for op, letter in zip(record.cigar, text, strict=True) if letter in "MIS=X")
    if record.cigar and record.length and spanned != record.length:
        yield "bam_cigar_length", {"value": spanned, "expected": record.length}


def _tags(record: Record, header: References) -> Wrong:
    seen: set[bytes] = set()
    at, tags = 0, record.tags
    while at < len(tags):
        tag, kind = tags[at : at + 2], tags[at + 2 : at + 3]
        size = _value_bytes(kind, tags, at + 3) if _TAG.fullmatch(tag) else 0
        if not size or at + 3 + size > len(tags):
            yield "bam_tag", {"value": tags[at : at + 3]}  # where the next begins is not known
            return
        if tag in seen:
            yield "bam_tag_twice", {"value": tag}
        seen.add(tag)
        value = tags[at + 3 : at + 3 + size]
        if not _is_value(kind, value):
            yield "bam_tag", {"value": tag}
        elif tag == b"RG" and header.groups and (kind != b"Z" or value[:-1] not in header.groups):
            yield "bam_group", {"value": value.rstrip(b"\0")}
        at += 3 + size


def _value_bytes(kind: bytes, tags: bytes, at: int) -> int:
    """Bytes of a value that begins at `at`; 0 if that cannot be told."""
    if kind in _SIZES:
        return _SIZES[kind]
    if kind == b"A":
        return 1
    if kind in (b"Z", b"H"):
        return tags.find(b"\0", at) - at + 1 if tags.find(b"\0", at) >= 0 else 0
    if kind == b"B" and tags[at : at + 1] in _SIZES and len(tags) >= at + 5:
        return 5 + _SIZES[tags[at : at + 1]] * int(struct.unpack_from("<I", tags, at + 1)[0])
    return 0


def _is_value(kind: bytes, value: bytes) -> bool:
    if kind == b"A":
        return 33 <= value[0] <= 126
    if kind == b"H":
        return bool(re.fullmatch(rb"([0-9A-F]{2})*", value[:-1]))
    return kind != b"Z" or all(32 <= c <= 126 for c in value[:-1])


def natural_key(name: bytes) -> list[tuple[int, int]]:
    """Names in this order are as `samtools sort -n` writes them: runs of digits are numbers.

    >>> sorted([b"r10", b"r9", b"r"], key=natural_key)
    [b'r', b'r9', b'r10']
    """
    key: list[tuple[int, int]] = []
    for digits, run in groupby(name, key=lambda c: 48 <= c <= 57):
        letters = bytes(run)
        # A number stands where its first digit would stand among other letters.
        key += [(48, int(letters))] if digits else [(c, -1) for c in letters]
    return key
