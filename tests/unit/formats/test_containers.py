"""Containers: every sound one is read in full, every broken one is named for what it is."""

from __future__ import annotations

import bz2
import gzip
import random
import subprocess
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biotheca.formats import faults
from biotheca.formats.containers import Container, Decoder, Limits, content_of
from biotheca.formats.faults import ContainerFault, StreamIsTruncated
from biotheca.formats.gzip_members import INFLATERS
from tests.depth import examples
from tests.unit.formats.making import BGZF_END, bgzf, bgzf_block, cut_into, gzip_member, tiny_fastq

TEXT = tiny_fastq(reads=2000, length=40)


def _decode(stored: bytes, places: list[int] | None = None, limits: Limits | None = None) -> tuple[bytes, Decoder]:
    decoder = Decoder(cut_into(stored, places or []), limits)
    return b"".join(decoder.pieces()), decoder


def _fault(stored: bytes, limits: Limits | None = None) -> faults.ContainerFault:
    with pytest.raises(faults.ContainerFault) as met:
        _decode(stored, limits=limits)
    return met.value


SOUND = {
    "plain": (TEXT, Container.PLAIN, 0),
    "python gzip": (gzip.compress(TEXT), Container.GZIP, 1),
    "gzip stored, not compressed": (gzip_member(TEXT, level=0), Container.GZIP, 1),
    "gzip with name, comment and header check": (gzip_member(TEXT, 6, b"r.fq", b"hi", True), Container.GZIP, 1),
    "two members": (gzip_member(TEXT[:1000]) + gzip_member(TEXT[1000:]), Container.GZIP, 2),
    "members of one byte and of none": (
        b"".join(gzip_member(bytes([b])) for b in b"@r\n") + gzip_member(b""),
        "gzip",
        4,
    ),
    "zero padding": (gzip_member(TEXT) + bytes(100_000), Container.GZIP, 1),
    "bgzf": (bgzf(TEXT), Container.BGZF, 5),
    "bgzf with an end block inside": (bgzf(TEXT[:999]) + bgzf(TEXT[999:]), Container.BGZF, 7),
    "bgzf and gzip glued": (bgzf(TEXT) + gzip_member(b"@"), Container.GZIP, 6),
    "bzip2": (bz2.compress(TEXT), Container.BZIP2, 1),
    "two bzip2 streams": (bz2.compress(TEXT[:99], 1) + bz2.compress(TEXT[99:]), Container.BZIP2, 2),
}


@pytest.mark.parametrize("case", SOUND)
def test_a_sound_container_is_recognised_and_read_in_full(case: str) -> None:
    stored, container, members = SOUND[case]
    text, decoder = _decode(stored)
    expected = {"gzip": gzip.decompress, "bgzf": gzip.decompress, "bzip2": bz2.decompress}.get(str(container), bytes)
    assert text == expected(stored)
    assert (decoder.container, decoder.members) == (container, members)
    assert not decoder.ends_without_block


@pytest.mark.parametrize("command", ["gzip -1", "gzip -9", "gzip -6 --name", "bzip2 -1", "bzip2 -9"])
def test_what_the_common_tools_write_is_read(command: str) -> None:
    stored = subprocess.run(command.split(), input=TEXT, capture_output=True, check=True).stdout
    assert _decode(stored)[0] == TEXT


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.binary(max_size=300), min_size=1, max_size=5), st.lists(st.integers(0, 3000), max_size=9), st.data())
def test_any_members_cut_anywhere_give_their_bytes(parts: list[bytes], places: list[int], draw: st.DataObject) -> None:
    pack = draw.draw(st.sampled_from([gzip.compress, gzip_member, bgzf, bz2.compress]))
    stored = b"".join(pack(part) for part in parts)
    assert _decode(stored, places)[0] == b"".join(parts)


GZ = gzip_member(TEXT)
BROKEN = {
    "empty file": (b"", faults.FileIsEmpty, {"offset": 0}),
    "cut in the middle": (GZ[: len(GZ) // 2], faults.StreamIsTruncated, {"member": 1, "offset": len(GZ) // 2}),
    "cut in the header": (GZ[:7], faults.StreamIsTruncated, {"member": 1}),
    "trailer missing": (GZ[:-8], faults.TrailerIsMissing, {"present_bytes": 0}),
    "half a trailer": (GZ[:-3], faults.TrailerIsMissing, {"present_bytes": 5}),
    "second member cut": (GZ + GZ[:500], faults.StreamIsTruncated, {"member": 2}),
    "second member of one byte": (GZ + b"\x1f", faults.StreamIsTruncated, {"member": 2}),
    "wrong CRC": (GZ[:-8] + b"\0\0\0\0" + GZ[-4:], faults.ChecksumIsWrong, {"expected": "00000000"}),
    "wrong size": (GZ[:-4] + b"\1\0\0\0", faults.SizeIsWrong, {"expected": 1, "actual": len(TEXT)}),
    "garbage behind": (GZ + b"logged out\n", faults.GarbageAfterLastMember, {"offset": len(GZ)}),
    "garbage behind zeros": (GZ + bytes(70_000) + b"x", faults.GarbageAfterLastMember, {"offset": len(GZ) + 70_000}),
    "a member behind zeros": (GZ + bytes(8) + GZ, faults.GarbageAfterLastMember, {"offset": len(GZ) + 8}),
    "deflate overwritten": (GZ[:20] + b"\xff" * 400 + GZ[420:], faults.StreamIsDamaged, {"member": 1}),
    "unknown method": (GZ[:2] + b"\x07" + GZ[3:], faults.StreamIsDamaged, {"member": 1}),
    "endless name": (GZ[:3] + b"\x08" + GZ[4:10] + b"n" * 70_000, faults.StreamIsDamaged, {"member": 1}),
    "bzip2 cut": (bz2.compress(TEXT)[:-20], faults.StreamIsTruncated, {"member": 1}),
    "bzip2 second stream cut": (bz2.compress(TEXT) + b"BZ", faults.StreamIsTruncated, {"member": 2}),
    "bzip2 flipped": (
        bz2.compress(TEXT)[:200] + b"\0" + bz2.compress(TEXT)[201:],
        faults.StreamIsDamaged,
        {"member": 1},
    ),
    "bzip2 garbage": (bz2.compress(TEXT) + b"x", faults.GarbageAfterLastMember, {"member": 1}),
    "zstd": (b"\x28\xb5\x2f\xfd....", faults.ContainerIsRefused, {"container": "Zstandard"}),
    "xz": (b"\xfd7zXZ\0....", faults.ContainerIsRefused, {"container": "xz"}),
    "zip": (b"PK\x03\x04....", faults.ContainerIsRefused, {"container": "ZIP"}),
    "tar": (b"r.fq".ljust(257, b"\0") + b"ustar\x0000", faults.ContainerIsRefused, {"container": "tar"}),
    "crypt4gh": (b"crypt4gh\1\0\0\0", faults.ContainerIsRefused, {"container": "Crypt4GH"}),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_container_is_named_for_what_it_is(case: str) -> None:
    stored, kind, facts = BROKEN[case]
    fault = _fault(stored)
    assert type(fault) is kind
    assert facts.items() <= fault.facts.items()


def test_a_bgzf_file_without_its_end_block_is_noticed_though_every_block_is_whole() -> None:
    text, decoder = _decode(bgzf(TEXT, end=False))
    assert text == TEXT
    assert decoder.ends_without_block
    assert decoder.container is Container.BGZF


def test_the_end_block_of_the_specification_is_an_end_block() -> None:
    text, decoder = _decode(BGZF_END)
    assert (text, decoder.container, decoder.ends_without_block) == (b"", Container.BGZF, False)


@settings(max_examples=examples(200), deadline=None)
@given(
    at=st.integers(0, 10**6), bit=st.integers(0, 7), length=st.integers(0, 10**6), what=st.sampled_from(["flip", "cut"])
)
def test_no_damage_passes_that_pythons_own_gzip_would_find(at: int, bit: int, length: int, what: str) -> None:
    sound = gzip_member(TEXT[:3000]) + gzip_member(TEXT[3000:5000], name=b"x")
    damaged = bytearray(sound if what == "flip" else sound[: length % len(sound)])
    if what == "flip":
        damaged[at % len(damaged)] ^= 1 << bit
    try:
        theirs = gzip.decompress(bytes(damaged)) if damaged else None
    except (EOFError, OSError, zlib.error):
        theirs = None
    try:
        ours, _ = _decode(bytes(damaged))
    except faults.ContainerFault as fault:
        # Stricter than the library in one point only: reserved flags and the header's own check sum.
        assert theirs is None or "header" in fault.facts["reason"]
    else:
        assert ours == theirs or not damaged.startswith(b"\x1f\x8b")


def test_a_bomb_is_stopped_by_ratio_and_by_size_for_gzip_and_bzip2() -> None:
    limits = Limits(max_ratio=50, grace_bytes=2**20)
    for pack in (gzip.compress, bz2.compress):
        fault = _fault(pack(bytes(16 * 2**20)), limits)
        assert isinstance(fault, faults.UnpacksTooFar)
        assert fault.facts["decoded_bytes"] <= 50 * 64 * 1024 + 2 * 2**20
    assert isinstance(_fault(gzip.compress(TEXT), Limits(max_decoded_bytes=len(TEXT) - 1)), faults.UnpacksTooFar)
    assert _decode(gzip.compress(TEXT), limits=Limits(max_decoded_bytes=len(TEXT)))[0] == TEXT


def test_a_piece_is_never_larger_than_a_mebibyte() -> None:
    stored = gzip.compress(bytes(7 * 2**20))
    assert max(len(p) for p in Decoder([stored]).pieces()) == 2**20


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"BAM\1", "BAM"),
        (b"@SQ\tSN:chr1", "SAM"),
        (b">chr1\nACGT", "FASTA"),
        (b"\x1f\x8b\x08", "gzip (compressed twice)"),
    ],
)
def test_contents_that_are_plainly_something_else_have_a_name(head: bytes, name: str) -> None:
    assert content_of(head) == name
    assert content_of(b"@SQ1 a read may be called so") is None


def _unpacked(
    stored: bytes, inflater: str, threads: int = 1, chunk: int = 2**30
) -> tuple[bytes, object, ContainerFault | None]:
    chunks = [stored[at : at + chunk] for at in range(0, len(stored), chunk)]
    decoder, pieces = Decoder(chunks, inflater=inflater, threads=threads), []
    try:
        for piece in decoder.pieces():
            pieces.append(piece)
    except ContainerFault as fault:
        return b"".join(pieces), (decoder.members, decoder.ends_without_block), fault
    return b"".join(pieces), (decoder.members, decoder.ends_without_block, decoder.container), None


@settings(max_examples=examples(300), deadline=None)
@given(seed=st.integers(0, 2**32), kind=st.sampled_from(["gzip", "stored", "several", "bgzf"]))
def test_igzip_unpacks_and_refuses_as_zlib_does(seed: int, kind: str) -> None:
    assert "igzip" in INFLATERS, "the lock brings it"
    dice = random.Random(seed)
    text = tiny_fastq(dice.randrange(1, 3000), dice.randrange(1, 150))
    stored = {
        "gzip": lambda: gzip_member(text, level=dice.choice([1, 6, 9])),
        "stored": lambda: gzip_member(text, level=0),
        "several": lambda: gzip_member(text) + gzip_member(b"") + gzip_member(text),
        "bgzf": lambda: bgzf(text),
    }[kind]()
    damage = dice.choice(["none", "bit", "bit", "cut", "zeros", "garbage"])
    if damage == "bit":
        at = dice.randrange(len(stored))
        stored = stored[:at] + bytes([stored[at] ^ 1 << dice.randrange(8)]) + stored[at + 1 :]
    elif damage == "cut":
        stored = stored[: dice.randrange(len(stored))]
    else:
        stored += {"none": b"", "zeros": bytes(99), "garbage": b"\0garbage"}[damage]
    ours, state, fault = _unpacked(stored, "igzip")
    theirs, their_state, their_fault = _unpacked(stored, "zlib")
    assert (state, type(fault), fault and fault.facts) == (
        their_state,
        type(their_fault),
        their_fault and their_fault.facts,
    )
    assert theirs.startswith(ours)
    assert len(theirs) - len(ours) <= (1 if isinstance(fault, StreamIsTruncated) else 0)


def _blocks_of_bgzf(dice: random.Random) -> list[bytes]:
    """Some hundred blocks, as bgzip makes them, some nearly empty, and at times a plain member among them."""
    blocks = [bgzf_block(dice.randbytes(dice.choice([0, 1, 60_000]))) for _ in range(dice.randrange(1, 40))]
    blocks += [bgzf(tiny_fastq(dice.randrange(1, 400), 100), end=False) for _ in range(dice.randrange(20))]
    dice.shuffle(blocks)
    if dice.random() < 0.2:
        blocks.insert(dice.randrange(len(blocks)), gzip_member(b"a plain member"))
    return blocks


@settings(max_examples=examples(120), deadline=None)
@given(seed=st.integers(0, 2**32), inflater=st.sampled_from(list(INFLATERS)))
def test_threads_unpack_bgzf_and_refuse_it_as_one_does(seed: int, inflater: str) -> None:
    dice = random.Random(seed)
    blocks = _blocks_of_bgzf(dice)
    stored = b"".join(blocks) + (BGZF_END if dice.random() < 0.8 else b"")
    damage = dice.choice(["none", "none", "bit", "bit", "bit", "cut", "zeros", "garbage", "size", "crc"])
    at = dice.randrange(len(stored))
    if damage == "bit":
        stored = stored[:at] + bytes([stored[at] ^ 1 << dice.randrange(8)]) + stored[at + 1 :]
    elif damage == "cut":
        stored = stored[:at]
    elif damage in ("size", "crc"):
        end = len(b"".join(blocks[: dice.randrange(1, len(blocks) + 1)])) - (4 if damage == "size" else 8)
        stored = stored[:end] + bytes([stored[end] ^ 1]) + stored[end + 1 :]
    else:
        stored += {"none": b"", "zeros": bytes(99), "garbage": b"\0garbage"}[damage]
    alone = _unpacked(stored, inflater)
    for threads, chunk in ((2, 2**30), (3, 10_000)):
        side_by_side = _unpacked(stored, inflater, threads, chunk)
        assert side_by_side[:2] == alone[:2]
        fault, expected = side_by_side[2], alone[2]
        assert (type(fault), fault and fault.facts) == (type(expected), expected and expected.facts)
