"""The fault matrix: whatever happens to a copy, it ends proved, in quarantine, or gone; never with wrong bytes."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from biotheca import clock
from biotheca.sequences import claiming, service
from biotheca.sequences.model import FilesWithdrawn, Level, State
from tests.unit.sequences.mirror import MEBIBYTE, RUN, Mirror, md5
from tests.unit.sequences.strict_s3 import Killed, StrictS3, Thing, crc64nvme

NAME = "a.fastq.gz"
DATA = random.Random(5).randbytes(3 * MEBIBYTE + 12_345)
OTHER = random.Random(6).randbytes(3 * MEBIBYTE + 12_345)
PARTS = 4


def killed() -> None:
    raise Killed


def test_the_crc_of_the_strict_s3_is_nvmes() -> None:
    assert StrictS3  # the published check value of CRC-64/NVME
    assert crc64nvme(b"123456789") == __import__("base64").b64encode((0xAE8B14860A799888).to_bytes(8, "big")).decode()


def asked(small: Mirror, *files: dict) -> None:
    small.note(*files)
    small.ask()


def whole_and_proved(small: Mirror, data: bytes = DATA, level: str = "L2") -> None:
    row = small.row(NAME)
    assert (row.state, row.level) == (State.VERIFIED, level), row
    assert small.bytes_of(NAME) == data
    assert len(small.s3.ours) == 1 and not small.s3.uploads  # no second object, no part left behind


def ended(small: Mirror, state: State, rule: str, name: str = NAME) -> None:
    row = small.row(name)
    assert (row.state, row.error_rule) == (state, rule), row
    assert not small.s3.ours and not small.s3.uploads


# HTTP: ranges to parts


def test_a_file_of_several_parts_is_proved_without_reading_it_again(small: Mirror) -> None:
    asked(small, small.on_the_web(NAME, DATA))
    small.work()
    whole_and_proved(small)
    assert small.s3.calls["read"] == 0 and len(small.web.ranges) == PARTS


@pytest.mark.parametrize("part", range(1, PARTS + 1))
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_worker_killed_at_any_part_is_gone_on_from(small: Mirror, part: int, after: bool) -> None:
    small.s3.on("put_part", part, killed, after)
    asked(small, small.on_the_web(NAME, DATA))
    assert small.work() == 1
    whole_and_proved(small)
    assert small.s3.calls["put_part"] <= PARTS + 1  # what was there was not sent again


@pytest.mark.parametrize("verb", ["start", "complete"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_worker_killed_around_start_and_complete_leaves_one_object(small: Mirror, verb: str, after: bool) -> None:
    small.s3.on(verb, 1, killed, after)
    asked(small, small.on_the_web(NAME, DATA))
    assert small.work() == 1
    row = small.row(NAME)
    assert row.state is State.VERIFIED and small.bytes_of(NAME) == DATA and len(small.s3.ours) == 1
    # An upload that was opened and not noted is left to the bucket's rule for idle uploads.
    assert len(small.s3.uploads) == (1 if (verb, after) == ("start", True) else 0)


def test_a_source_that_changes_between_parts_is_copied_from_the_start(small: Mirror) -> None:
    def change() -> None:
        small.web.files[NAME] = OTHER

    small.web.orders = [None, None, change]
    asked(small, small.on_the_web(NAME, DATA, md5=None))
    small.policy = replace(small.policy, least_level=Level.L0)
    small.work()
    whole_and_proved(small, OTHER, "L0")  # all of the new one, nothing of the old


def test_a_source_that_changes_to_other_bytes_than_the_metadata_says_is_quarantined(small: Mirror) -> None:
    small.web.orders = [None, lambda: small.web.files.update({NAME: OTHER})]
    asked(small, small.on_the_web(NAME, DATA))
    small.work()
    ended(small, State.QUARANTINED, "sequences.wrong_md5")


def test_wrong_bytes_of_one_worker_never_become_an_object(small: Mirror) -> None:
    asked(small, small.on_the_web(NAME, DATA, md5=md5(OTHER)))
    small.work()
    ended(small, State.QUARANTINED, "sequences.wrong_md5")
    assert small.s3.calls["complete"] == 0


def test_a_source_that_changed_while_nobody_copied_is_copied_from_the_start(small: Mirror) -> None:
    small.policy = replace(small.policy, least_level=Level.L0)
    asked(small, small.on_the_web(NAME, DATA, md5=None))

    def replaced() -> None:
        small.web.files[NAME] = OTHER
        killed()

    small.s3.on("put_part", 2, replaced, after=True)
    assert small.work() == 1
    whole_and_proved(small, OTHER, "L0")


def test_another_object_that_stands_under_the_key_is_read_before_it_is_believed(small: Mirror) -> None:
    asked(small, small.on_the_web(NAME, DATA))

    def slipped_in() -> None:
        (upload,) = small.s3.uploads.values()
        small.s3.ours[upload.key] = Thing.holding(OTHER)

    small.s3.on("complete", 1, slipped_in)
    small.work()
    ended(small, State.QUARANTINED, "sequences.wrong_md5")


@pytest.mark.parametrize("cut_after", [0, 1, 500_000])
def test_an_answer_that_breaks_off_is_asked_for_again(small: Mirror, cut_after: int) -> None:
    small.web.orders = [None, cut_after, cut_after]
    asked(small, small.on_the_web(NAME, DATA))
    small.work()
    whole_and_proved(small)


def test_a_truncated_200_of_a_server_without_ranges_is_never_taken_for_the_file(small: Mirror) -> None:
    small.web.knows_ranges = False
    small.web.orders = [None, 2 * MEBIBYTE]
    asked(small, small.on_the_web(NAME, DATA))
    small.work()
    whole_and_proved(small)


def test_a_truncated_200_without_a_length_is_never_taken_for_the_file(small: Mirror) -> None:
    small.web.knows_ranges = small.web.says_length = False
    small.web.orders = [None, 2 * MEBIBYTE]
    asked(small, small.on_the_web(NAME, DATA))
    small.work()
    whole_and_proved(small)


def test_a_server_that_ignores_ranges_is_read_in_one_go(small: Mirror) -> None:
    small.web.knows_ranges = False
    asked(small, small.on_the_web(NAME, DATA))
    small.work()
    whole_and_proved(small)
    assert len(small.web.ranges) == 2  # the range that was ignored, the whole


def test_a_source_that_is_longer_than_its_metadata_is_refused(small: Mirror) -> None:
    asked(small, small.on_the_web(NAME, DATA, bytes=len(DATA) - 1))
    small.work()
    ended(small, State.QUARANTINED, "sequences.wrong_size")


def test_a_short_source_without_a_length_is_refused(small: Mirror) -> None:
    small.web.knows_ranges = small.web.says_length = False
    asked(small, small.on_the_web(NAME, DATA, bytes=len(DATA) + 1))
    small.work()
    ended(small, State.QUARANTINED, "sequences.given_up")


def test_mates_whose_files_are_exchanged_are_named_so(small: Mirror) -> None:
    first, second = small.on_the_web("a_1.fastq.gz", DATA), small.on_the_web("a_2.fastq.gz", OTHER)
    small.web.files |= {"a_1.fastq.gz": OTHER, "a_2.fastq.gz": DATA}
    asked(small, first, second)
    small.work()
    for name in ("a_1.fastq.gz", "a_2.fastq.gz"):
        ended(small, State.QUARANTINED, "sequences.swapped", name)
    assert "'a_2.fastq.gz'" in (small.row("a_1.fastq.gz").error or "")


def test_a_storm_of_503_is_waited_out_and_the_host_is_asked_less(small: Mirror) -> None:
    small.web.orders = [(503, {})] * 12
    asked(small, small.on_the_web(NAME, DATA))
    small.work()
    whole_and_proved(small)
    host = small.lists.extra[0].split("/")[2]
    assert small.store.window(host, 4).connections == 2  # halved to one, and one more after the good copy
    assert small.row(NAME).attempt == 0  # patience is no failure


def test_a_429_is_obeyed(small: Mirror) -> None:
    small.web.orders = [(429, {"Retry-After": "7200"})]
    asked(small, small.on_the_web(NAME, DATA))
    (task,) = small.claim()
    before = clock.now()
    small.bring(task)
    row = small.row(NAME)
    assert row.state is State.REQUESTED and row.not_before
    assert 7190 < (clock.parse(row.not_before) - before).total_seconds() < 7260
    small.jump(7000)
    assert small.claim() == []
    small.jump(300)
    small.work()
    whole_and_proved(small)


def test_a_source_that_metadata_exchange_midway_is_copied_from_the_start(small: Mirror) -> None:
    small.web.files["mirror/b"] = OTHER
    asked(small, small.on_the_web(NAME, DATA, md5=None))
    small.policy = replace(small.policy, least_level=Level.L0)
    moved = {"name": NAME, "url": small.web.url("mirror/b"), "bytes": len(OTHER), "md5": None}
    small.s3.on("put_part", 3, lambda: small.note(moved, batch=2))
    small.work()
    assert small.row(NAME).state is State.VERIFIED and small.bytes_of(NAME) == OTHER


def test_a_file_that_vanishes_midway_is_gone(small: Mirror) -> None:
    small.web.orders = [None, small.web.files.clear]
    asked(small, small.on_the_web(NAME, DATA))
    small.work()
    ended(small, State.GONE, "sequences.vanished")


def test_a_file_that_vanishes_at_one_source_is_had_from_the_next(small: Mirror) -> None:
    described = small.on_the_web(NAME, DATA)
    small.web.files["mirror/b"] = DATA
    there = {"url": small.web.url("mirror/b"), "org": "ENA", "access_type": "anonymous", "free_egress": "worldwide"}
    small.web.orders = [None, lambda: small.web.files.pop(NAME) and None]
    asked(small, described | {"alternatives": [there]})
    small.work()
    whole_and_proved(small)


def test_a_run_withdrawn_midway_is_stopped_and_its_parts_are_thrown_away(small: Mirror) -> None:
    described = small.on_the_web(NAME, DATA)
    asked(small, described)
    small.s3.on("put_part", 2, lambda: small.note(described, status="withdrawn", batch=2))
    small.work()
    ended(small, State.GONE, "sequences.withdrawn")
    assert small.s3.calls["put_part"] == 2  # the worker stopped at once
    with pytest.raises(FilesWithdrawn):
        service.resolve(small.store, small.s3, RUN)  # type: ignore[arg-type]


def test_a_run_withdrawn_at_the_last_moment_is_never_served(small: Mirror) -> None:
    described = small.on_the_web(NAME, DATA)
    asked(small, described)
    small.s3.on("complete", 1, lambda: small.note(described, status="withdrawn", batch=2))
    small.work()
    ended(small, State.GONE, "sequences.withdrawn")


def test_a_run_withdrawn_before_its_parts_are_joined_is_not_joined(small: Mirror) -> None:
    described = small.on_the_web(NAME, DATA)
    asked(small, described)
    small.s3.on("parts", 1, lambda: small.note(described, status="withdrawn", batch=2))
    small.work()
    ended(small, State.GONE, "sequences.withdrawn")
    assert small.s3.calls["complete"] == 0


def test_a_file_without_bytes_is_copied(small: Mirror) -> None:
    asked(small, small.on_the_web(NAME, b""))
    small.work()
    whole_and_proved(small, b"")


def test_a_redirect_to_another_host_is_refused(small: Mirror) -> None:
    small.web.orders = [(302, {"Location": "http://169.254.169.254/latest/meta-data/"})]
    asked(small, small.on_the_web(NAME, DATA))
    small.work()
    ended(small, State.QUARANTINED, "sequences.source_refused")


def test_a_redirect_inside_the_host_is_followed(small: Mirror) -> None:
    described = small.on_the_web(NAME, DATA)
    small.web.files["elsewhere"] = DATA
    small.web.orders = [(307, {"Location": "/elsewhere"})]
    asked(small, described)
    small.work()
    whole_and_proved(small)


# Leases


def test_a_message_delivered_twice_copies_once(small: Mirror) -> None:
    asked(small, small.on_the_web(NAME, DATA))
    (task,) = small.claim()
    small.bring(task)
    small.bring(task)
    whole_and_proved(small)
    assert small.s3.calls["complete"] == 1 and small.s3.calls["put_part"] == PARTS


def test_a_second_delivery_in_the_middle_takes_nothing_apart(small: Mirror) -> None:
    asked(small, small.on_the_web(NAME, DATA))
    (task,) = small.claim()
    small.s3.on("put_part", 2, lambda: small.bring(task))
    small.bring(task)
    small.work()
    whole_and_proved(small)


def test_two_claims_at_once_give_a_file_to_one(small: Mirror) -> None:
    asked(small, small.on_the_web(NAME, DATA))
    stale = small.row(NAME)
    (task,) = small.claim()
    place = claiming._source(small.store, stale, small.policy, small.lists, "us-east-1")
    assert place and claiming._leased(small.store, small.policy, stale, place, "other") is None
    assert small.claim() == [] and small.row(NAME).lease_owner == task["owner"]


def test_a_worker_whose_lease_ended_leaves_the_file_to_the_next(small: Mirror) -> None:
    asked(small, small.on_the_web(NAME, DATA))
    (task,) = small.claim()

    def overtaken() -> None:
        small.jump(small.policy.lease_s + 1)
        (other,) = small.claim()
        small.bring(other)

    small.s3.on("put_part", 2, overtaken)
    small.bring(task)
    whole_and_proved(small)
    assert small.s3.calls["complete"] == 1


def test_a_worker_whose_lease_ended_does_not_complete(small: Mirror) -> None:
    asked(small, small.on_the_web(NAME, DATA))
    (task,) = small.claim()

    def overtaken() -> None:
        small.jump(small.policy.lease_s + 1)
        (other,) = small.claim()
        small.bring(other)

    small.s3.on("complete", 1, overtaken)
    small.bring(task)
    whole_and_proved(small)


def overtaken_by(small: Mirror) -> None:
    """The lease ends, and another worker brings the file."""
    small.jump(small.policy.lease_s + 1)
    (other,) = small.claim()
    small.bring(other)
    assert small.row(NAME).state is State.VERIFIED


def test_a_slow_worker_that_meets_a_fault_throws_nothing_away_that_another_proved(small: Mirror) -> None:
    asked(small, small.on_the_web(NAME, DATA))
    (task,) = small.claim()

    def late() -> None:
        overtaken_by(small)
        small.web.files[NAME] = OTHER  # what the slow worker reads on is another object

    small.web.orders = [None, late]
    small.bring(task)
    whole_and_proved(small)


def test_a_slow_worker_of_a_run_withdrawn_later_leaves_the_proved_bytes_to_the_tombstone(small: Mirror) -> None:
    described = small.on_the_web(NAME, DATA)
    asked(small, described)
    (task,) = small.claim()

    def late() -> None:
        overtaken_by(small)
        small.note(described, status="withdrawn", batch=2)

    small.s3.on("put_part", 2, late)
    small.bring(task)
    assert small.row(NAME).state is State.GONE and len(small.s3.ours) == 1
    small.note(described, batch=3)
    whole_and_proved(small)


def test_a_source_that_fails_for_ever_is_given_up_for_a_person_to_see(small: Mirror) -> None:
    small.web.orders = [(500, {})] * 200
    asked(small, small.on_the_web(NAME, DATA))
    small.work()
    ended(small, State.QUARANTINED, "sequences.given_up")
    assert small.row(NAME).attempt == small.policy.most_attempts
    small.web.orders = []
    small.ask()  # the person found the source well again
    small.work()
    whole_and_proved(small)


# Server-side copies


def test_an_object_of_our_region_is_copied_by_s3_itself(small: Mirror) -> None:
    asked(small, small.in_a_bucket(NAME, Thing.holding(DATA)))
    small.work()
    whole_and_proved(small)
    assert small.s3.calls["copy"] == 1 and small.web.ranges == []


@pytest.mark.parametrize(("size", "by_parts"), [(5 * 1024**3, False), (5 * 1024**3 + 1, True), (6 * 1024**3, True)])
def test_from_five_gigabytes_on_objects_are_copied_by_parts(small: Mirror, size: int, by_parts: bool) -> None:
    asked(small, small.in_a_bucket(NAME, Thing.of_size(size, "big")))
    small.work(copy_part_bytes=512 * MEBIBYTE)
    row = small.row(NAME)
    assert (row.state, row.level, row.copied_bytes) == (State.VERIFIED, "L1", size)
    assert (small.s3.calls["copy"], bool(small.s3.copied)) == (0, True) if by_parts else (1, False)
    assert sum(last - first + 1 for first, last in small.s3.copied) == (size if by_parts else 0)


@pytest.mark.parametrize("part", range(1, PARTS + 1))
def test_a_source_replaced_between_copied_parts_starts_over(small: Mirror, part: int) -> None:
    place = ("sra-pub-run-odp", f"sra/{NAME}")
    small.s3.on("copy_part", part, lambda: small.s3.open.update({place: Thing.holding(OTHER)}))
    asked(small, small.in_a_bucket(NAME, Thing.holding(DATA), md5=None))
    small.work(copy_limit_bytes=MEBIBYTE)
    whole_and_proved(small, OTHER, "L1")


@pytest.mark.parametrize(
    ("verb", "count"), [("copy_part", n) for n in range(1, PARTS + 1)] + [("complete", 1), ("start", 1)]
)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_server_side_copy_survives_being_killed(small: Mirror, verb: str, count: int, after: bool) -> None:
    small.s3.on(verb, count, killed, after)
    asked(small, small.in_a_bucket(NAME, Thing.holding(DATA)))
    assert small.work(copy_limit_bytes=MEBIBYTE) == 1
    assert small.row(NAME).state is State.VERIFIED and small.bytes_of(NAME) == DATA and len(small.s3.ours) == 1
    assert len(small.s3.copied) <= PARTS + 1


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_copy_in_one_request_survives_being_killed(small: Mirror, after: bool) -> None:
    small.s3.on("copy", 1, killed, after)
    asked(small, small.in_a_bucket(NAME, Thing.holding(DATA)))
    assert small.work() == 1
    whole_and_proved(small)
    assert small.s3.calls["copy"] == (1 if after else 2)


def test_an_object_that_vanishes_between_parts_is_gone(small: Mirror) -> None:
    small.s3.on("copy_part", 2, small.s3.open.clear)
    asked(small, small.in_a_bucket(NAME, Thing.holding(DATA)))
    small.work(copy_limit_bytes=MEBIBYTE)
    ended(small, State.GONE, "sequences.vanished")


def test_an_object_with_other_bytes_than_its_metadata_is_not_kept(small: Mirror) -> None:
    asked(small, small.in_a_bucket(NAME, Thing.holding(DATA), md5=md5(OTHER)))
    small.work()
    ended(small, State.QUARANTINED, "sequences.wrong_md5")


def test_a_copy_whose_checksum_differs_is_not_kept(small: Mirror) -> None:
    described = small.in_a_bucket(NAME, Thing.holding(DATA), md5=None)
    asked(small, described)

    def spoiled() -> None:
        (key,) = small.s3.ours
        small.s3.ours[key] = Thing.holding(OTHER)

    small.s3.on("copy", 1, spoiled, after=True)
    small.work()
    ended(small, State.QUARANTINED, "sequences.wrong_checksum")


def test_what_nothing_proves_is_not_served(small: Mirror) -> None:
    thing = Thing(10, '"e"', None, bytes(10))
    asked(small, small.in_a_bucket(NAME, thing, md5=None))
    small.work()
    ended(small, State.QUARANTINED, "sequences.unverifiable")


def test_an_empty_object_is_copied(small: Mirror) -> None:
    asked(small, small.in_a_bucket(NAME, Thing.holding(b"")))
    small.work()
    whole_and_proved(small, b"")


@pytest.mark.parametrize("slice_parts", [1, 2, 3])
def test_a_file_comes_in_slices_of_a_workers_time(small: Mirror, slice_parts: int) -> None:
    small.slice_parts = slice_parts
    asked(small, small.on_the_web(NAME, DATA))
    small.work()
    whole_and_proved(small)
    assert small.s3.calls["put_part"] == PARTS
    assert small.s3.calls["read"] == 1  # no worker saw all bytes: they are read again
