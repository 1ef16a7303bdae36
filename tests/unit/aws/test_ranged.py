"""The ranged reader over lines that break, objects that change, and callers who stop early."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from biotheca.aws.ranged import ObjectChanged, ObjectIsMissing, RangedReader, ReadBroke
from tests.depth import examples
from tests.unit.aws.s3_with_faults import Faults

DATA = bytes(i * 7 % 251 for i in range(2500))


def _reader(client: Any, key: str = "a", part: int = 1000, **more: Any) -> RangedReader:
    return RangedReader("reads", key, part_size_bytes=part, client=client, pause=lambda _: None, **more)


def test_parts_come_in_order_and_whole(client: Any, faults: Faults) -> None:
    client.put_object(Bucket="reads", Key="a", Body=DATA)
    reader = _reader(client)
    assert list(reader) == [DATA[:1000], DATA[1000:2000], DATA[2000:]]
    assert reader.size_bytes == 2500
    assert faults.ranges[-3:] == ["bytes=0-999", "bytes=1000-1999", "bytes=2000-2499"]


@pytest.mark.parametrize("size", [0, 1, 999, 1000, 1001, 2000])
def test_every_size_around_the_part_size_is_read_exactly(client: Any, size: int) -> None:
    client.put_object(Bucket="reads", Key="a", Body=DATA[:size])
    assert b"".join(_reader(client)) == DATA[:size]


def test_later_parts_are_bound_to_the_etag_of_the_first(client: Any, faults: Faults) -> None:
    etag = client.put_object(Bucket="reads", Key="a", Body=DATA)["ETag"]
    list(_reader(client))
    assert faults.if_match[-3:] == [None, etag, etag]


def test_a_broken_connection_goes_on_at_the_byte_where_it_broke(client: Any, faults: Faults) -> None:
    client.put_object(Bucket="reads", Key="a", Body=DATA)
    faults.orders[:] = [None, 300, 0, None]
    assert b"".join(_reader(client)) == DATA
    assert faults.ranges == ["bytes=0-999", "bytes=1000-1999", "bytes=1300-1999", "bytes=1300-1999", "bytes=2000-2499"]


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(orders=st.lists(st.one_of(st.none(), st.integers(0, 900), st.just("SlowDown")), max_size=5))
def test_whatever_breaks_fewer_than_six_times_in_a_row_the_bytes_are_right(
    client: Any, faults: Faults, orders: list[Any]
) -> None:
    client.put_object(Bucket="reads", Key="a", Body=DATA)
    faults.orders[:] = orders
    assert b"".join(_reader(client)) == DATA
    faults.orders.clear()


def test_a_line_that_never_holds_is_given_up_with_the_place(client: Any, faults: Faults) -> None:
    client.put_object(Bucket="reads", Key="a", Body=DATA)
    faults.orders[:] = [None, 200, *[0] * 20]
    with pytest.raises(ReadBroke, match=r"s3://reads/a at byte 1200 failed 6 times"):
        list(_reader(client))


def test_a_line_that_breaks_often_but_moves_on_is_not_given_up(client: Any, faults: Faults) -> None:
    client.put_object(Bucket="reads", Key="a", Body=DATA)
    faults.orders[:] = [50] * 19
    assert b"".join(_reader(client)) == DATA


def test_pauses_grow_and_are_never_longer_than_ten_seconds(client: Any, faults: Faults) -> None:
    client.put_object(Bucket="reads", Key="a", Body=DATA)
    faults.orders[:] = ["SlowDown"] * 5
    pauses: list[float] = []
    list(RangedReader("reads", "a", part_size_bytes=1000, client=client, pause=pauses.append))
    assert len(pauses) == 5
    assert all(0.1 * 2**k <= pause <= 0.2 * 2**k for k, pause in enumerate(pauses))


def test_a_missing_object_is_said_at_once_and_not_tried_again(client: Any, faults: Faults) -> None:
    with pytest.raises(ObjectIsMissing, match="s3://reads/nothing"):
        list(_reader(client, "nothing"))
    assert len(faults.ranges) == 1


def test_an_object_replaced_while_it_is_read_is_never_mixed(client: Any) -> None:
    client.put_object(Bucket="reads", Key="a", Body=DATA)
    parts = iter(_reader(client))
    next(parts)
    client.put_object(Bucket="reads", Key="a", Body=DATA[::-1])
    with pytest.raises(ObjectChanged, match="replaced"):
        list(parts)


def test_one_version_is_read_though_a_newer_one_exists(client: Any) -> None:
    client.put_bucket_versioning(Bucket="reads", VersioningConfiguration={"Status": "Enabled"})
    old = client.put_object(Bucket="reads", Key="v", Body=DATA)["VersionId"]
    client.put_object(Bucket="reads", Key="v", Body=b"new")
    assert b"".join(_reader(client, "v", version_id=old)) == DATA
    assert b"".join(_reader(client, "v")) == b"new"


def test_one_part_is_read_ahead_and_not_two(client: Any, faults: Faults) -> None:
    client.put_object(Bucket="reads", Key="a", Body=DATA)
    parts = iter(_reader(client, part=500))
    next(parts)
    until = time.monotonic() + 5
    while len(faults.ranges) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.2)
    assert faults.ranges == ["bytes=0-499", "bytes=500-999"]
    assert b"".join(parts) == DATA[500:]


def test_a_caller_who_stops_early_leaves_no_thread_behind(client: Any, faults: Faults) -> None:
    client.put_object(Bucket="reads", Key="a", Body=DATA)
    faults.orders[:] = [None, *[0] * 20]
    parts = iter(_reader(client))
    next(parts)
    parts.close()  # type: ignore[attr-defined]
    assert not [t for t in threading.enumerate() if t.name.startswith("read-ahead")]


def test_a_reader_can_be_read_again(client: Any) -> None:
    client.put_object(Bucket="reads", Key="a", Body=DATA)
    reader = _reader(client)
    assert b"".join(reader) == b"".join(reader) == DATA
