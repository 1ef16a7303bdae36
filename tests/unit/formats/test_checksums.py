"""Digests of stored bytes."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biotheca.formats import native
from biotheca.formats.checksums import CannotBeSaved, Checksums
from biotheca.formats.source import Source, aligned

# RFC 1321, A.5, and FIPS 180-4's examples (NIST, Secure Hashing).
PUBLISHED = [
    (b"", "d41d8cd98f00b204e9800998ecf8427e", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    (b"abc", "900150983cd24fb0d6963f7d28e17f72", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
        b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "8215ef0796a20bcaaae116d3876c664a",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    ),
    (
        b"1234567890" * 8,
        "57edf4a22be3c955ac49da2e2107b67a",
        "f371bc4a311f2b009eef952dd83ca80e2b60026c8e935592d0f9c308453c813e",
    ),
    (
        b"a" * 1_000_000,
        "7707d6ae4e027c70eea2a935c2296f21",
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
    ),
]
# By hashlib; by the kernel in plain C, and with the processor's instructions where it has them.
WAYS = [{"fast": False}, *([{"savable": True, "fast": fast} for fast in (False, True)] if native.has_kernel() else [])]


@pytest.mark.parametrize("way", WAYS)
def test_digests_are_the_published_ones(way: dict[str, bool]) -> None:
    for text, md5, sha256 in PUBLISHED:
        sums = Checksums(**way)
        sums.update(text)
        assert (sums.md5, sums.sha256) == (md5, sha256)


@given(st.lists(st.binary(max_size=200)), st.sampled_from(WAYS))
def test_digests_are_of_all_bytes_however_they_were_cut(chunks: list[bytes], way: dict[str, bool]) -> None:
    sums, whole = Checksums(**way), b"".join(chunks)
    assert b"".join(sums.tee(chunks)) == whole
    assert sums.md5 == hashlib.md5(whole).hexdigest()
    assert sums.sha256 == hashlib.sha256(whole).hexdigest()
    assert sums.size_bytes == len(whole)


@given(st.binary(max_size=300), st.integers(0, 300), st.booleans(), st.booleans())
def test_a_saved_state_goes_on_anywhere_or_says_that_it_cannot(data: bytes, cut: int, fast: bool, then: bool) -> None:
    first = Checksums(savable=True, fast=fast)
    first.update(data[:cut])
    if not native.has_kernel():
        with pytest.raises(CannotBeSaved):
            first.save()
        return
    saved = first.save()
    first.update(b"what came after is forgotten")
    second = Checksums(saved, fast=then)
    second.update(data[cut:])
    assert (second.md5, second.sha256) == (hashlib.md5(data).hexdigest(), hashlib.sha256(data).hexdigest())
    assert second.size_bytes == len(data)
    for broken in (saved[:-1], b"\x02" + saved[1:], b""):
        with pytest.raises(ValueError, match="no saved state"):
            Checksums(broken)


@given(st.lists(st.binary(max_size=30)), st.integers(1, 20))
def test_slices_begin_at_the_same_offsets_however_the_chunks_were_cut(chunks: list[bytes], size: int) -> None:
    whole = b"".join(chunks)
    assert list(aligned(chunks, size)) == [whole[i : i + size] for i in range(0, len(whole), size)]


@given(st.binary(min_size=1, max_size=100), st.data())
def test_bytes_given_back_come_again_and_the_offset_follows(data: bytes, draw: st.DataObject) -> None:
    source = Source([data])
    read = b""
    while True:
        head = source.peek(draw.draw(st.integers(0, 9)))
        assert data[len(read) :].startswith(head)
        assert source.offset == len(read)
        taken = source.take(draw.draw(st.integers(1, 9)))
        if not taken:
            break
        kept = draw.draw(st.integers(1, len(taken)))
        source.give_back(taken[kept:])
        read += taken[:kept]
    assert read == data
