"""Threads that work ahead: order, errors, and that none is left behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from biotheca.formats.ahead import Beside, ahead
from biotheca.formats.checksums import Checksums


def _threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name in ("ahead", "beside")]


def test_items_come_in_order_and_the_thread_ends() -> None:
    assert list(ahead(iter(range(1000)), slots=3)) == list(range(1000))
    assert not _threads()


def test_no_more_than_the_ring_holds_is_made_before_it_is_wanted() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for at in range(100):
            made.append(at)
            yield at

    pieces = ahead(items(), slots=4)
    assert next(pieces) == 0
    time.sleep(0.05)
    assert len(made) <= 7  # one given, four in the ring, one at hand, one slot set free
    pieces.close()
    assert not _threads()


def test_an_error_arrives_after_the_items_before_it() -> None:
    def items() -> Iterator[int]:
        yield from (1, 2)
        raise LookupError("the pipe died")

    got = []
    with pytest.raises(LookupError, match="the pipe died"):
        for item in ahead(items()):
            got.append(item)
    assert got == [1, 2]
    assert not _threads()


def test_a_consumer_that_leaves_stops_a_producer_that_waits_for_a_slot_within_a_second() -> None:
    endless = ahead(iter(int, 1), slots=2)
    next(endless)
    began = time.monotonic()
    endless.close()
    assert time.monotonic() - began < 1
    assert not _threads()


def test_a_consumer_that_fails_leaves_no_thread() -> None:
    with pytest.raises(ZeroDivisionError):
        for item in ahead(iter(range(10**6))):
            1 / (item - 5)
    assert not _threads()


def test_what_is_put_beside_is_taken_in_order_and_faults_come_back() -> None:
    taken: list[int] = []
    beside = Beside(taken.append, slots=2)
    for at in range(100):
        beside.put(at)
    beside.finish()
    assert taken == list(range(100))

    def refuse(item: int) -> None:
        if item == 3:
            raise OSError("no")

    failing = Beside(refuse, slots=2)
    with pytest.raises(OSError, match="no"):
        for at in range(1000):
            failing.put(at)
    with pytest.raises(OSError, match="no"):
        failing.finish()
    assert not _threads()


def test_digests_in_threads_are_those_without() -> None:
    chunks = [bytes([k]) * (k * 1000) for k in range(60)]
    plain, beside = Checksums(), Checksums()
    assert list(plain.tee(chunks)) == list(beside.tee_beside(chunks)) == chunks
    assert (plain.md5, plain.sha256, plain.size_bytes) == (beside.md5, beside.sha256, beside.size_bytes)
    assert not _threads()
