"""Blocks of BGZF in the kernel: what they hold is what zlib says, and what zlib refuses is refused."""

from __future__ import annotations

import random
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biotheca.formats import bgzf, native
from tests.depth import examples
from tests.unit.formats.making import tiny_fastq
from tests.unit.formats.making_bam import many

WAYS = [bgzf.unpacked_by_library, *([native.bgzf_unpack] if native.has_kernel() else [])]
HEADS = [bgzf.blocks_in, *([native.bgzf_blocks] if native.has_kernel() else [])]


def _framed(stream: bytes, size: int, crc: int) -> bytes:
    head = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0" + struct.pack("<H", 25 + len(stream))
    return head + stream + struct.pack("<II", crc, size)


def _block(text: bytes, level: int = 6, strategy: int = zlib.Z_DEFAULT_STRATEGY) -> bytes:
    maker = zlib.compressobj(level, zlib.DEFLATED, -15, 8, strategy)
    stream = maker.compress(text) + maker.flush()
    return _framed(stream, len(text), zlib.crc32(text))


def _text(dice: random.Random, size: int) -> bytes:
    """Of many kinds: noise, few letters, runs, repeats from near and far, reads, alignments."""
    kind = dice.randrange(7)
    if kind == 0:
        return dice.randbytes(min(size, 60_000))
    if kind < 3:
        return bytes(dice.choices(dice.randbytes(1 + kind * 2), k=size))
    if kind == 3:
        return b"".join(bytes([dice.randrange(256)]) * dice.randrange(1, 700) for _ in range(size // 300))[:size]
    if kind == 4:
        made = bytearray(dice.randbytes(40))
        while len(made) < size:
            back, length = dice.randrange(1, min(len(made), 33_000) + 1), dice.randrange(3, 300)
            made += (bytes(made[-back:]) * (length // back + 1))[:length]
            made += dice.randbytes(dice.randrange(3))
        return bytes(made[:size])
    return (tiny_fastq(size // 230 + 1, 100) if kind == 5 else b"".join(many(size // 200 + 1)))[:size]


@settings(max_examples=examples(250), deadline=None)
@given(seed=st.integers(0, 2**32), size=st.integers(0, 65_000), level=st.integers(0, 9), strategy=st.integers(0, 4))
def test_blocks_of_every_kind_are_unpacked(seed: int, size: int, level: int, strategy: int) -> None:
    dice = random.Random(seed)
    texts = [_text(dice, dice.choice([size, dice.randrange(300)])) for _ in range(dice.randrange(1, 5))]
    stored, whole = b"".join(_block(text, level, strategy) for text in texts), b"".join(texts)
    for unpack in WAYS:
        assert unpack(stored, len(whole)) == whole
    for heads in HEADS:
        assert heads(stored + b"\x1f\x8b", len(whole)) == (len(stored), len(texts), len(whole), len(texts[-1]))


@settings(max_examples=examples(400), deadline=None)
@given(seed=st.integers(0, 2**32), size=st.integers(0, 3_000))
def test_a_damaged_stream_is_refused_unless_zlib_takes_it_for_the_same_text(seed: int, size: int) -> None:
    dice = random.Random(seed)
    text = _text(dice, size)
    maker = zlib.compressobj(dice.randrange(10), zlib.DEFLATED, -15, 8, dice.randrange(5))
    stream = bytearray(maker.compress(text) + maker.flush())
    for _ in range(dice.randrange(1, 4)):
        at = dice.randrange(max(len(stream), 1))
        if stream and dice.random() < 0.7:
            stream[at] ^= 1 << dice.randrange(8)
        elif dice.random() < 0.5:
            del stream[at : at + 1]
        else:
            stream.insert(at, dice.randrange(256))
    # The trailer is that of what zlib makes of the damaged stream, so that it is the stream alone that is judged.
    reader = zlib.decompressobj(-15)
    try:
        found = reader.decompress(bytes(stream), 60_000)
        sound = reader.eof and not reader.unused_data
    except zlib.error:
        found, sound = text, False
    stored = _framed(bytes(stream), len(found), zlib.crc32(found))
    for unpack in WAYS[1:]:
        assert unpack(stored, len(found)) == (found if sound else None)
    # Of bytes behind the stream's end, the library takes some for the trailer.
    assert not sound or bgzf.unpacked_by_library(stored, len(found)) == found


@pytest.mark.parametrize("place", [-8, -5, -4, -1, 16, 20])
def test_a_wrong_check_sum_size_or_frame_is_refused(place: int) -> None:
    stored = bytearray(_block(b"ACGT" * 900))
    stored[place] ^= 1
    for unpack in WAYS[1:]:  # the library reads frames as gzip does, and is given whole blocks only
        assert unpack(bytes(stored), 3_600) is None
    for unpack in WAYS:
        assert unpack(bytes(_block(b"ACGT")), 5) is None and unpack(bytes(_block(b"ACGT")), 3) is None


def test_only_whole_plain_blocks_are_taken() -> None:
    block = _block(b"A" * 1000)
    for heads in HEADS:
        assert heads(block * 3, 2_500) == (2 * len(block), 2, 2_000, 1_000)
        assert heads(block + block[:-1], 10**6) == (len(block), 1, 1_000, 1_000)
        assert heads(b"\x1f\x8b\x08\0" + block[4:], 10**6) == heads(b"", 10**6) == (0, 0, 0, 0)
        assert heads(_framed(b"\3\0", 65_537, 0), 10**6) == (0, 0, 0, 0)
