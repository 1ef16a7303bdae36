"""Parts of an upload: sizes within S3's limits for any file, and nothing signed that does not fit."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biotheca.uploads import rules
from biotheca.uploads.store import Inbox

SHA = base64.b64encode(hashlib.sha256(b"").digest()).decode()


@given(st.integers(1, rules.LARGEST_FILE_BYTES))
def test_parts_of_any_file_keep_to_s3s_limits_and_add_up(size: int) -> None:
    step, count = rules.part_size_bytes(size), rules.part_count(size)
    assert rules.SMALLEST_PART_BYTES <= step <= rules.LARGEST_PART_BYTES
    assert 1 <= count <= rules.MOST_PARTS
    assert step * (count - 1) + rules.size_of_part(size, count) == size
    assert 0 < rules.size_of_part(size, count) <= step


@pytest.mark.parametrize("size", [5 * 2**40, 50 * 10**12])
def test_files_beyond_the_old_five_terabyte_ceiling_are_taken(size: int) -> None:
    assert rules.part_count(size) <= rules.MOST_PARTS


@pytest.mark.parametrize(
    ("number", "size", "sha"),
    [(0, 10, SHA), (2, 10, SHA), (1, 11, SHA), (1, 9, SHA), (1, 10, ""), (1, 10, SHA[:-1]), (1, 10, "é" * 44)],
)
def test_a_part_that_does_not_fit_is_not_signed(number: int, size: int, sha: str) -> None:
    with pytest.raises(rules.PartRefused):
        rules.check_part(10, number, size, sha)


def test_a_fitting_part_is_signed() -> None:
    rules.check_part(10, 1, 10, SHA)


@given(st.integers(1, 5), st.sets(st.integers(1, 5)), st.integers(0, 1))
def test_missing_parts_are_those_not_held_in_their_size(count: int, held: set[int], wrong: int) -> None:
    size = (count - 1) * rules.SMALLEST_PART_BYTES + 1
    sizes = {n: rules.size_of_part(size, n) for n in held if n <= count}
    if wrong and sizes:
        broken = min(sizes)
        sizes[broken] += 1
        held = held - {broken}
    assert rules.missing_parts(size, sizes) == [n for n in range(1, count + 1) if n not in held]


@given(st.integers(0, 2**64), st.integers(0, 2**64))
def test_the_newer_sequencer_wins_whatever_its_length(one: int, other: int) -> None:
    assert rules.is_newer(f"{one:X}", f"{other:X}") == (one > other)


@pytest.mark.parametrize("key", ["", "x", "submissions/a", "submissions/a/b/c", "other/a/b"])
def test_a_key_of_nobodys_upload_names_no_file(key: str) -> None:
    assert Inbox.file_of(key) is None and Inbox.submission_of(key) is None


def test_a_key_leads_back_to_its_file() -> None:
    key = Inbox.key("sub_1", "file_2")
    assert (Inbox.submission_of(key), Inbox.file_of(key)) == ("sub_1", "file_2")
