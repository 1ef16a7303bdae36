"""What a check needs, and a petabyte in two days by those figures (R50)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.petabyte import PETABYTE, arrivals, simulate
from biotheca import catalog
from biotheca.qc.sizing import container_named, size
from tests.depth import examples

CONTAINERS = list(catalog.sizing()["containers"])


@given(small=st.integers(0, 10**13), more=st.integers(0, 10**13), container=st.sampled_from(CONTAINERS))
def test_a_larger_file_never_needs_less(small: int, more: int, container: str) -> None:
    one, other = size(small, container), size(small + more, container)
    assert (other.vcpus, other.memory_mib, other.scratch_bytes) >= (one.vcpus, one.memory_mib, one.scratch_bytes)
    assert other.dollars >= one.dollars or other.vcpus > one.vcpus


def test_a_terabyte_in_one_stream_takes_two_hours_two_processors_and_the_machine_with_scratch_disk() -> None:
    told = size(10**12, "gzip")
    assert (told.machine, told.vcpus) == ("steady", 2)
    assert 1.3e10 < told.reads < 1.6e10 and told.scratch_bytes == 10 * told.reads
    assert 3600 < told.seconds < 2.5 * 3600 and told.dollars < 1
    assert size(10**12, "gzip", ordered_names=True).machine == "standard"


def test_only_a_check_that_can_go_on_elsewhere_is_given_a_machine_that_may_be_taken_away() -> None:
    machines = {container: size(10**12, container).machine for container in CONTAINERS}
    assert machines == {"gzip": "steady", "bzip2": "steady", "bgzf": "scratch", "plain": "scratch"}
    assert size(10**12, "bgzf", saved=False).machine == "steady"
    assert catalog.sizing()["machines"]["scratch"]["spot"] and "spot" not in catalog.sizing()["machines"]["steady"]


def test_blocks_are_checked_by_more_processors_where_two_would_last_over_an_hour() -> None:
    told = size(10**12, "bgzf")
    assert told.vcpus == 8 and told.seconds < size(10**12, "gzip").seconds / 1.9
    assert size(10**11, "bgzf").vcpus == 2 and size(10**13, "bgzf").vcpus == 8
    told = size(10**14, "bgzf")  # the MD5 of a file is the wall, whatever is bought
    assert told.seconds > 10**14 / (catalog.sizing()["md5_megabytes_per_s"] * 1e6)


def test_a_small_file_runs_on_the_standard_machine_with_memory_that_is_sold_with_its_processors() -> None:
    told = size(10**9, "gzip")
    assert (told.machine, told.vcpus, told.memory_mib) == ("standard", 2, 4096)


def test_names_of_files_tell_their_containers() -> None:
    assert [container_named(n) for n in ("A.FQ.GZ", "x.bam", "x.bz2", "x.fastq", "x.cram")] == [
        *("gzip", "bgzf", "bzip2", "plain", "plain")
    ]
    with pytest.raises(KeyError):
        size(1, "zip")


@settings(max_examples=examples(20), deadline=None)
@given(total=st.integers(10**12, 10**14), seed=st.integers(0, 99))
def test_every_file_that_arrives_is_checked_and_no_processor_is_there_twice(total: int, seed: int) -> None:
    told = simulate(total, 3600, 64, seed)
    assert told.stored_bytes == total == sum(size_bytes for _, size_bytes, _ in arrivals(total, 3600, seed))
    assert told.files == len(told.waits_s) and min(told.waits_s) >= 0
    assert told.most_vcpus <= 64
    assert told.busy_vcpu_s <= 64 * told.ended_s


def test_a_petabyte_in_two_days_is_checked_as_it_comes_with_the_processors_of_the_stack() -> None:
    seconds = 2 * 86400.0
    told = simulate(PETABYTE, seconds, 256)
    assert told.stored_bytes / seconds > 6.5e9
    assert sorted(told.waits_s)[int(len(told.waits_s) * 0.99)] < 60  # nothing queues up
    assert told.ended_s < seconds + 3 * 3600  # the last terabyte's own check


def test_twice_the_processors_do_twice_the_work_while_they_are_the_limit() -> None:
    few, many = (simulate(PETABYTE // 8, 3600, vcpus).ended_s for vcpus in (32, 64))
    assert 1.8 < few / many < 2.2
