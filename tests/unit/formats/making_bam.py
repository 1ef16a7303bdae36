"""BAM written here byte by byte from the SAM specification, so that any byte of it can be made wrong."""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence

from tests.unit.formats.making import bgzf

CODES = {letter: code for code, letter in enumerate("=ACMGRSVTWYHKDBN")}
HEADER = "@HD\tVN:1.6\tSO:unsorted\n@SQ\tSN:chr1\tLN:1000\n@SQ\tSN:chr2\tLN:500\n@RG\tID:one\tSM:s\n"
REFERENCES = (("chr1", 1000), ("chr2", 500))
UNALIGNED = "@HD\tVN:1.6\tSO:unknown\n@RG\tID:one\tSM:s\n"


def header(text: str | bytes = HEADER, references: Sequence[tuple[str, int]] = REFERENCES) -> bytes:
    """ "BAM\\1", the text, the list of references."""
    plain = text.encode() if isinstance(text, str) else text
    data = b"BAM\1" + struct.pack("<i", len(plain)) + plain + struct.pack("<i", len(references))
    for name, length in references:
        data += struct.pack("<i", len(name) + 1) + name.encode() + b"\0" + struct.pack("<i", length)
    return data


def record(
    name: bytes = b"r1",
    flags: int = 4,
    reference: int = -1,
    position: int = -1,
    cigar: Sequence[tuple[int, str]] = (),
    bases: str = "ACGTN",
    qualities: bytes | None = None,
    tags: bytes = b"RGZone\0",
    next_place: tuple[int, int] = (-1, -1),
    size: int | None = None,
    name_end: bytes = b"\0",
) -> bytes:
    """One record with its size before it. Positions are counted from 0."""
    whole_name = name + name_end
    codes = [CODES[base] for base in bases] + [0]
    packed = bytes(codes[i] << 4 | codes[i + 1] for i in range(0, len(bases), 2))
    quality = bytes([40] * len(bases)) if qualities is None else qualities
    fixed = struct.pack(
        "<iiBBHHHIiii", reference, position, len(whole_name), 0, 4680, len(cigar), flags, len(bases), *next_place, 0
    )
    operations = b"".join(struct.pack("<I", count << 4 | "MIDNSHP=X".index(op)) for count, op in cigar)
    data = fixed + whole_name + operations + packed + quality + tags
    return struct.pack("<I", len(data) if size is None else size) + data


def bam(*records: bytes, text: str | bytes = HEADER, references: Sequence[tuple[str, int]] = REFERENCES) -> bytes:
    """A whole file as stored."""
    return bgzf(header(text, references) + b"".join(records))


def many(count: int, seed: int = 1) -> list[bytes]:
    """Sound records of many kinds."""
    dice = random.Random(seed)
    made = []
    for n in range(count):
        length = dice.choice([1, 2, 3, 15, 31, 32, 33, 64, 97, 150])
        bases = "".join(dice.choices("ACGTN=MR", [9, 9, 9, 9, 1, 1, 1, 1], k=length))
        quality = dice.choice([bytes(dice.choices(range(94), k=length)), b"\xff" * length])
        tags = dice.choice(
            [b"", b"RGZone\0", b"NMC\5RGZone\0MDZ10A5\0", b"XAAxXBBs\2\0\0\0\1\0\2\0XHH1AE3\0XFf\0\0\0\0"]
        )
        flags = dice.choice([4, 77, 141, 13, 205, 4 | 0x200, 0, 16, 99, 147, 0x100, 0x800])
        name = b"read:%d" % n
        if flags & 4:
            made.append(record(name, flags, bases=bases, qualities=quality, tags=tags))
            continue
        clip = dice.randrange(length)
        cigar = dice.choice([[], [(length, "M")], [(5, "H"), (clip, "S"), (length - clip, "="), (3, "D"), (2, "H")]])
        place = dice.choice([(0, dice.randrange(1000)), (1, dice.randrange(500))])
        made.append(record(name, flags, *place, cigar, bases, quality, tags, dice.choice([place, (-1, -1)])))
    return made
