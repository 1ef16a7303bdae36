"""Crypt4GH beside the `crypt4gh` package in both directions, and every damage refused where it is."""

from __future__ import annotations

import io
import itertools
import os
import struct
import tracemalloc
from collections.abc import Iterator

import pytest
from crypt4gh import header as peer_header
from crypt4gh import lib as peer
from hypothesis import given, settings
from hypothesis import strategies as st

from biotheca import catalog
from biotheca.formats import crypt4gh, crypt4gh_header, crypt4gh_private
from biotheca.formats.crypt4gh import (
    SEGMENT_BYTES,
    STORED_BYTES,
    BodyIsTruncated,
    EditListIsRefused,
    SegmentIsDamaged,
    SegmentsAreOutOfOrder,
    decrypt,
    decrypted,
    encrypt,
    encrypted,
    plain_size,
    stored_size,
    window,
)
from biotheca.formats.crypt4gh_header import (
    MOST_PACKET_BYTES,
    MOST_PACKETS,
    Crypt4ghFault,
    HeaderIsRefused,
    KeyDoesNotFit,
    KeyIsRefused,
    new_key,
    opened,
    public_key_of,
    read_header,
    rewrapped,
    sealed,
)
from tests.depth import examples

ALICE, BOB, ARCHIVE = (bytes([n]) * 32 for n in (1, 2, 3))
BORDERS = [n * SEGMENT_BYTES + d for n in (0, 1, 2, 16, 17, 32) for d in (-1, 0, 1) if n or d >= 0]


def plain(size: int) -> bytes:
    """Bytes that differ from segment to segment."""
    return b"".join(n.to_bytes(8, "little") for n in range(size // 8 + 1))[:size]


def file_of(data: bytes, *readers: bytes) -> bytes:
    return b"".join(encrypt([data], [public_key_of(reader) for reader in readers or (ALICE,)]))


def read(stored: bytes, key: bytes = ALICE, **how: bool) -> bytes:
    return b"".join(decrypt([stored], [key], **how))


def header_size(stored: bytes) -> int:
    return len(read_header(io.BytesIO(stored).read))


def by_peer(stored: bytes, key: bytes = ALICE) -> bytes:
    out = io.BytesIO()
    peer.decrypt([(0, key, None)], io.BytesIO(stored), out)
    return out.getvalue()


def of_peer(data: bytes, reader: bytes = ALICE) -> bytes:
    out = io.BytesIO()
    peer.encrypt([(0, BOB, public_key_of(reader))], io.BytesIO(data), out)
    return out.getvalue()


@pytest.mark.parametrize("size", BORDERS)
def test_the_peer_reads_ours_and_we_read_the_peers(size: int) -> None:
    data = plain(size)
    ours = file_of(data)
    assert by_peer(ours) == data == read(ours, empty_is_whole=True)
    assert len(ours) - header_size(ours) == stored_size(size) and plain_size(stored_size(size)) == size
    assert read(of_peer(data), empty_is_whole=True) == data


@settings(max_examples=examples(40), deadline=None)
@given(size=st.integers(0, 40 * SEGMENT_BYTES), cuts=st.lists(st.integers(0, 41 * STORED_BYTES), max_size=6))
def test_it_does_not_matter_how_the_network_cuts_the_file(size: int, cuts: list[int]) -> None:
    data = plain(size)
    places = sorted({0, *(cut for cut in cuts if cut < size), size})
    key = new_key()
    body = b"".join(encrypted([data[a:b] for a, b in itertools.pairwise(places)], key))
    stored = sealed([key], [public_key_of(ALICE)]) + body
    places = sorted({0, *(cut for cut in cuts if cut < len(stored)), len(stored)})
    pieces = [stored[a:b] for a, b in itertools.pairwise(places)]
    assert b"".join(decrypt(pieces, [ALICE], empty_is_whole=True)) == data


@settings(max_examples=examples(60), deadline=None)
@given(data=st.data(), size=st.integers(1, 20 * SEGMENT_BYTES))
def test_any_range_of_the_plain_file_comes_out_of_its_own_stored_bytes(data: st.DataObject, size: int) -> None:
    first = data.draw(st.integers(0, size - 1))
    last = data.draw(st.integers(first, size + 9))
    key = new_key()
    body = b"".join(encrypted([plain(size)], key))
    part = window(first, last, len(body))
    header = opened(sealed([key], [public_key_of(ALICE)]), [ALICE])
    got = b"".join(decrypted([body[part.first : part.last + 1]], header, part))
    assert got == plain(size)[first : last + 1]
    segments = -(-(min(last, size - 1) + 1) // SEGMENT_BYTES) - first // SEGMENT_BYTES
    assert part.last - part.first + 1 <= segments * STORED_BYTES


def test_no_bit_of_a_header_can_be_changed() -> None:
    stored = file_of(b"ACGT" * 100)
    size = header_size(stored)
    for place in range(size):
        for bit in range(8):
            broken = bytearray(stored)
            broken[place] ^= 1 << bit
            with pytest.raises(Crypt4ghFault):
                read(bytes(broken))


def test_no_byte_of_a_body_can_be_changed_and_the_segment_is_named() -> None:
    data = plain(SEGMENT_BYTES * 2 + 100)
    stored = file_of(data)
    begin = header_size(stored)
    places = {*range(begin, begin + 60), *range(begin + STORED_BYTES - 30, begin + STORED_BYTES + 30)}
    places |= {*range(len(stored) - 140, len(stored)), *range(begin, len(stored), 997)}
    for place in places:
        broken = bytearray(stored)
        broken[place] ^= 0x10
        with pytest.raises(SegmentIsDamaged) as caught:
            read(bytes(broken))
        assert caught.value.facts["segment"] == (place - begin) // STORED_BYTES


def test_what_stands_before_the_damage_was_given_out_and_is_sound() -> None:
    data = plain(SEGMENT_BYTES * 20)
    broken = bytearray(file_of(data))
    broken[-1] ^= 1
    got = bytearray()
    with pytest.raises(SegmentIsDamaged):
        for piece in decrypt([bytes(broken)], [ALICE]):
            got += piece
    assert bytes(got) == data[: SEGMENT_BYTES * 19]


def test_a_file_cut_anywhere_is_refused_at_the_borders_of_segments_too() -> None:
    stored = file_of(plain(SEGMENT_BYTES * 3))
    begin = header_size(stored)
    borders = {begin + n * STORED_BYTES + d for n in range(4) for d in (-29, -28, -1, 0, 1, 27, 28, 29)}
    for end in sorted({*range(0, begin + 40), *borders, *range(begin, len(stored), 4999)}):
        if end < len(stored):
            with pytest.raises(Crypt4ghFault):
                read(stored[:end])
    with pytest.raises(BodyIsTruncated):
        read(stored[: begin + 2 * STORED_BYTES])


@pytest.mark.parametrize("order", [o for o in itertools.permutations(range(3)) if o != (0, 1, 2)])
def test_exchanged_segments_are_refused(order: tuple[int, ...]) -> None:
    stored = file_of(plain(SEGMENT_BYTES * 3))
    begin = header_size(stored)
    parts = [stored[begin + n * STORED_BYTES : begin + (n + 1) * STORED_BYTES] for n in range(3)]
    with pytest.raises(SegmentsAreOutOfOrder):
        read(stored[:begin] + b"".join(parts[n] for n in order))


@pytest.mark.parametrize("chosen", [(1, 2), (0, 2), (0, 0, 1, 2), (0, 1, 2, 2), (0, 1, 2, 0)])
def test_missing_and_repeated_segments_are_refused(chosen: tuple[int, ...]) -> None:
    stored = file_of(plain(SEGMENT_BYTES * 3))
    begin = header_size(stored)
    parts = [stored[begin + n * STORED_BYTES : begin + (n + 1) * STORED_BYTES] for n in range(3)]
    with pytest.raises(SegmentsAreOutOfOrder):
        read(stored[:begin] + b"".join(parts[n] for n in chosen))


def test_a_range_holds_its_segments_to_their_places_too() -> None:
    key = new_key()
    body = b"".join(encrypted([plain(SEGMENT_BYTES * 4)], key))
    header = opened(sealed([key], [public_key_of(ALICE)]), [ALICE])
    part = window(SEGMENT_BYTES, SEGMENT_BYTES + 9, len(body))
    other = body[2 * STORED_BYTES : 3 * STORED_BYTES]
    with pytest.raises(SegmentsAreOutOfOrder):
        b"".join(decrypted([other], header, part))
    with pytest.raises(BodyIsTruncated):
        b"".join(decrypted([], header, part))


def test_a_segment_of_another_writer_does_not_pass_among_numbered_ones() -> None:
    key = new_key()
    ours = b"".join(encrypted([plain(SEGMENT_BYTES * 2)], key))
    random_nonce = os.urandom(12)
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    foreign = random_nonce + ChaCha20Poly1305(key).encrypt(random_nonce, plain(SEGMENT_BYTES), None)
    header = opened(sealed([key], [public_key_of(ALICE)]), [ALICE])
    for body in (ours[:STORED_BYTES] + foreign, foreign + ours[STORED_BYTES:]):
        with pytest.raises(SegmentsAreOutOfOrder):
            b"".join(decrypted([body], header))


def test_a_header_without_a_body_is_a_cut_file_unless_the_reader_knows_better() -> None:
    with pytest.raises(BodyIsTruncated):
        read(file_of(b""))
    assert read(file_of(b""), empty_is_whole=True) == b"" == read(of_peer(b""), empty_is_whole=True)


def test_each_of_several_recipients_reads_and_nobody_else() -> None:
    stored = file_of(b"reads", ALICE, ARCHIVE)
    assert read(stored, ALICE) == read(stored, ARCHIVE) == by_peer(stored, ARCHIVE) == b"reads"
    with pytest.raises(KeyDoesNotFit):
        read(stored, BOB)


def test_a_header_is_wrapped_anew_for_others_and_the_body_stays_as_it_is() -> None:
    stored = file_of(plain(100_000), ARCHIVE)
    cut = header_size(stored)
    fresh = rewrapped(stored[:cut], [BOB, ARCHIVE], [public_key_of(ALICE)])
    assert by_peer(fresh + stored[cut:]) == read(fresh + stored[cut:]) == plain(100_000)
    with pytest.raises(KeyDoesNotFit):
        opened(fresh, [ARCHIVE])
    again = rewrapped(stored[:cut], [ARCHIVE], [public_key_of(ALICE)])
    assert again != fresh  # a writer's key is used once


def test_a_header_of_the_peer_for_several_is_wrapped_anew_as_the_peer_does() -> None:
    stored = of_peer(b"x" * 70_000, ARCHIVE)
    packets = peer_header.reencrypt(
        peer_header.parse(io.BytesIO(stored)), [(0, ARCHIVE, None)], [(0, ARCHIVE, public_key_of(ALICE))]
    )
    theirs = peer_header.serialize(packets)
    ours = rewrapped(stored[: header_size(stored)], [ARCHIVE], [public_key_of(ALICE)])
    assert opened(ours, [ALICE]) == opened(theirs, [ALICE])


def test_an_edit_list_is_carried_out_as_the_peer_does_and_refuses_ranges() -> None:
    key, data = new_key(), plain(3 * SEGMENT_BYTES)
    body = b"".join(encrypted([data], key))
    for edits in ([10, 100, SEGMENT_BYTES, 70_000], [5, 7], [0, SEGMENT_BYTES, 9, 1], [100]):
        stored = sealed([key], [public_key_of(ALICE)], edits) + body
        got = read(stored)
        expected, at = b"", 0
        for turn, length in enumerate(edits):
            expected, at = expected + (data[at : at + length] if turn % 2 else b""), at + length
        assert got == expected + (data[at:] if len(edits) % 2 else b"")
        if len(edits) % 2 == 0:
            assert got == by_peer(stored)
        assert opened(rewrapped(stored[: header_size(stored)], [ALICE], [public_key_of(BOB)]), [BOB]).edits == tuple(
            edits
        )
    header = opened(stored[: header_size(stored)], [ALICE])
    with pytest.raises(EditListIsRefused):
        decrypted([], header, window(0, 9, len(body)))


def test_a_hostile_header_costs_nothing() -> None:
    start = b"crypt4gh" + struct.pack("<I", 1)
    for hostile in (
        start + struct.pack("<I", 0xFFFFFFFF),
        start + struct.pack("<I", 0),
        start + struct.pack("<II", 1, 0xFFFFFFFF),
        start + struct.pack("<II", 1, 3),
        start + struct.pack("<II", MOST_PACKETS, MOST_PACKET_BYTES),
        b"crypt4gh" + struct.pack("<III", 2, 1, 108),
        b"",
        b"\x1f\x8b" + bytes(100),
    ):
        endless = itertools.chain([hostile], itertools.repeat(bytes(1 << 16), 20))
        with pytest.raises(HeaderIsRefused):
            list(decrypt(endless, [ALICE]))


@pytest.mark.parametrize(
    "packet",
    [
        struct.pack("<II", 0, 1) + bytes(32),  # a cipher that is not known
        struct.pack("<II", 0, 0) + bytes(31),
        struct.pack("<II", 7, 0),
        struct.pack("<II", 1, 1000) + bytes(8),  # an edit list that says more than it has
        b"\0",
    ],
)
def test_a_packet_that_opens_but_says_nonsense_is_refused(packet: bytes) -> None:
    body = crypt4gh_header._packet(packet, new_key(), public_key_of(ALICE))
    with pytest.raises(HeaderIsRefused):
        opened(b"crypt4gh" + struct.pack("<II", 1, 1) + body, [ALICE])


def test_too_many_data_keys_are_refused() -> None:
    with pytest.raises(HeaderIsRefused):
        opened(sealed([new_key() for _ in range(9)], [public_key_of(ALICE)]), [ALICE])


def test_segments_of_several_data_keys_are_read() -> None:
    one, two = new_key(), new_key()
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    body = b""
    for number, key in enumerate([one, two, one, two]):
        nonce = os.urandom(12)
        body += nonce + ChaCha20Poly1305(key).encrypt(nonce, bytes([number]) * SEGMENT_BYTES, None)
    header = opened(sealed([one, two], [public_key_of(ALICE)]), [ALICE])
    assert b"".join(decrypted([body], header)) == b"".join(bytes([n]) * SEGMENT_BYTES for n in range(4))


# Points of small order on Curve25519 (RFC 7748, section 6.1: the outcome would be zero).
@pytest.mark.parametrize("point", [bytes(32), b"\1" + bytes(31), bytes.fromhex("ec" + "ff" * 30 + "7f")])
def test_a_public_key_with_which_anybody_could_read_is_refused(point: bytes) -> None:
    with pytest.raises(KeyIsRefused):
        sealed([new_key()], [point])


def test_the_memory_of_a_stream_does_not_grow_with_the_file() -> None:
    def chunks(mib: int) -> Iterator[bytes]:
        block = bytes(1 << 20)
        for _ in range(mib):
            yield block

    peaks = []
    for mib in (16, 128):
        tracemalloc.start()
        for _ in decrypt(encrypt(chunks(mib), [public_key_of(ALICE)]), [ALICE]):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + (1 << 20) and peaks[1] < 12 << 20


def test_keys_do_not_show_in_words() -> None:
    assert repr(opened(sealed([ALICE], [public_key_of(BOB)]), [BOB])) == "Header(1 data key(s), edits=None)"


def test_every_fault_has_its_row_in_the_catalogue() -> None:
    kinds = [kind for base in (Crypt4ghFault, KeyIsRefused) for kind in base.__subclasses__()]
    assert {kind.rule for kind in kinds} <= set(catalog.rules())
    assert {crypt4gh.EditListIsRefused, crypt4gh_private.PassphraseIsWrong} <= set(kinds) and len(
        {kind.rule for kind in kinds}
    ) == 8
