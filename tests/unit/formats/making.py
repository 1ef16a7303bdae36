"""Small FASTQ files and containers, made in code, sound and unsound."""

from __future__ import annotations

import struct
import zlib

BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")  # SAM spec 4.1.2


def tiny_fastq(reads: int = 3, length: int = 8) -> bytes:
    """`reads` records of `length` bases, names r1, r2, ..."""
    sequence = (b"ACGTN" * length)[:length]
    quality = (b"IF:,#" * length)[:length]
    return b"".join(b"@r%d 1:N:0:ATC\n%b\n+\n%b\n" % (i, sequence, quality) for i in range(1, reads + 1))


def with_line(text: bytes, line: int, new: bytes) -> bytes:
    """The text with line number `line` (from 1) replaced."""
    lines = text.split(b"\n")
    lines[line - 1] = new
    return b"\n".join(lines)


def without_line(text: bytes, line: int) -> bytes:
    lines = text.split(b"\n")
    del lines[line - 1]
    return b"\n".join(lines)


def gzip_member(
    data: bytes, level: int = 6, name: bytes = b"", comment: bytes = b"", header_crc: bool = False
) -> bytes:
    """One gzip member, written from RFC 1952 rather than by the library under test."""
    flags = (0x08 if name else 0) | (0x10 if comment else 0) | (0x02 if header_crc else 0)
    header = b"\x1f\x8b\x08" + bytes([flags]) + b"\0\0\0\0\0\xff"
    header += (name + b"\0" if name else b"") + (comment + b"\0" if comment else b"")
    if header_crc:
        header += struct.pack("<H", zlib.crc32(header) & 0xFFFF)
    packer = zlib.compressobj(level, zlib.DEFLATED, -15)
    body = packer.compress(data) + packer.flush()
    return header + body + struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)


def bgzf_block(data: bytes) -> bytes:
    """One BGZF block (SAM spec 4.1)."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    body = packer.compress(data) + packer.flush()
    size = 18 + len(body) + 8
    header = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0" + struct.pack("<H", size - 1)
    return header + body + struct.pack("<II", zlib.crc32(data), len(data))


def bgzf(data: bytes, block_bytes: int = 65280, end: bool = True) -> bytes:
    """What bgzip writes."""
    blocks = (bgzf_block(data[i : i + block_bytes]) for i in range(0, len(data), block_bytes))
    return b"".join(blocks) + (BGZF_END if end else b"")


def cut_into(data: bytes, places: list[int]) -> list[bytes]:
    """`data` in chunks that end at `places` (any order, any value)."""
    ends = [*sorted({p % (len(data) + 1) for p in places}), len(data)]
    return [data[a:b] for a, b in zip([0, *ends], ends, strict=False)]
