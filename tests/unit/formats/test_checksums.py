"""Digests of stored bytes."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from biotheca.formats.checksums import Checksums
from biotheca.formats.source import Source, aligned


@given(st.lists(st.binary(max_size=50)))
def test_digests_are_of_all_bytes_however_they_were_cut(chunks: list[bytes]) -> None:
    sums, whole = Checksums(), b"".join(chunks)
    assert b"".join(sums.tee(chunks)) == whole
    assert sums.md5 == hashlib.md5(whole).hexdigest()
    assert sums.sha256 == hashlib.sha256(whole).hexdigest()
    assert sums.size_bytes == len(whole)


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
