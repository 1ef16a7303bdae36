"""Downloads: resumed by ranges, proved by digests, in place in one step or not at all."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from biotheca_client import Client, NetworkDown, NotFound, Refused
from tests.clients.archive_double import Archive
from tests.clients.conftest import CommandLine

DATA = os.urandom(1_000_000)
NAME = "CRR000001_f1.fastq.gz"


def _release(archive: Archive, data: bytes = DATA) -> None:
    archive.release("CRA000001", (NAME, data))


def test_all_files_of_a_record_are_fetched_and_proved(archive: Archive, client: Client, tmp_path: Path) -> None:
    named = [(f"CRR00000{n}_f1.fastq.gz", os.urandom(1000 * n)) for n in range(1, 8)]
    archive.release("CRA000001", *named)
    fetched = client.download("CRA000001", to=tmp_path / "new" / "data", jobs=3)
    assert [(f.name, f.bytes_fetched) for f in fetched] == [(n, len(d)) for n, d in named]
    assert all((tmp_path / "new" / "data" / name).read_bytes() == data for name, data in named)
    assert fetched[0].sha256 == hashlib.sha256(named[0][1]).hexdigest()


@pytest.mark.parametrize("wanted", [NAME, f"my_{NAME}"])
def test_one_file_is_found_by_its_published_or_its_original_name(
    archive: Archive, client: Client, tmp_path: Path, wanted: str
) -> None:
    archive.release("CRA000001", (NAME, DATA), ("other.fastq.gz", b"x"))
    client.download("CRA000001", wanted, tmp_path)
    assert [p.name for p in tmp_path.iterdir() if p.suffix == ".gz"] == [NAME]


def test_a_broken_download_goes_on_where_it_broke(archive: Archive, client: Client, tmp_path: Path) -> None:
    _release(archive)
    archive.get_orders[:] = [300_000, 10, "expired", 0, "503"]
    fetched = client.download("CRA000001", to=tmp_path)
    assert (tmp_path / NAME).read_bytes() == DATA
    assert fetched[0].bytes_fetched == len(DATA)
    assert archive.ranges[:3] == ["bytes=0-", "bytes=300000-", "bytes=300010-"]


def test_a_later_run_goes_on_from_the_part_file(archive: Archive, client: Client, tmp_path: Path) -> None:
    _release(archive)
    archive.get_orders[:] = [400_000, *["expired"] * 9]
    with pytest.raises(NetworkDown, match="stopped at 400000 of 1000000 bytes"):
        client.download("CRA000001", to=tmp_path)
    assert not (tmp_path / NAME).exists()
    archive.get_orders.clear()
    archive.ranges.clear()
    fetched = client.download("CRA000001", to=tmp_path)
    assert archive.ranges == ["bytes=400000-"]
    assert fetched[0].bytes_fetched == 600_000
    assert (tmp_path / NAME).read_bytes() == DATA
    assert not list(tmp_path.glob("*.part"))


def test_of_an_object_that_changed_in_between_nothing_is_appended(
    archive: Archive, client: Client, tmp_path: Path
) -> None:
    _release(archive)
    archive.get_orders[:] = [400_000, *["expired"] * 9]
    with pytest.raises(NetworkDown):
        client.download("CRA000001", to=tmp_path)
    other = os.urandom(len(DATA))
    _release(archive, other)
    archive.get_orders.clear()
    archive.ranges.clear()
    client.download("CRA000001", to=tmp_path)
    assert archive.ranges == ["bytes=400000-", "bytes=0-"]  # the first was refused by its tag: no byte came
    assert (tmp_path / NAME).read_bytes() == other
    assert not list(tmp_path.glob("*.part*"))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    orders=st.lists(st.sampled_from([None, 0, 100, 70_000, "expired", "no ranges"]), max_size=6),
    there=st.integers(0, 100_100),
)
def test_whatever_breaks_and_whatever_lay_there_the_file_is_right(
    archive: Archive, client: Client, tmp_path: Path, orders: list[str | int | None], there: int
) -> None:
    data = DATA[:100_000]
    _release(archive, data)
    (tmp_path / NAME).unlink(missing_ok=True)
    (tmp_path / f"{NAME}.part").write_bytes((data + b"x" * 100)[:there])
    archive.get_orders[:] = orders
    try:
        client.download("CRA000001", to=tmp_path)
    except NetworkDown:
        archive.get_orders.clear()
        client.download("CRA000001", to=tmp_path)
    assert (tmp_path / NAME).read_bytes() == data


def test_a_wrong_rest_of_an_earlier_run_is_thrown_away_and_fetched_anew(
    archive: Archive, client: Client, tmp_path: Path
) -> None:
    _release(archive)
    (tmp_path / f"{NAME}.part").write_bytes(b"y" * 500_000)
    client.download("CRA000001", to=tmp_path)
    assert archive.ranges == ["bytes=500000-", "bytes=0-"]
    assert (tmp_path / NAME).read_bytes() == DATA


def test_a_file_that_arrives_damaged_is_refused_and_leaves_nothing(
    archive: Archive, client: Client, tmp_path: Path
) -> None:
    _release(archive)
    archive.get_orders[:] = ["damage"]
    with pytest.raises(Refused, match=r"its SHA-256 is .* the archive states"):
        client.download("CRA000001", to=tmp_path)
    assert list(tmp_path.glob("CRR*")) == []


def test_a_wrong_md5_alone_is_noticed_too(archive: Archive, client: Client, tmp_path: Path) -> None:
    _release(archive)
    archive.records["CRA000001"]["files"][0]["md5"] = "0" * 32
    with pytest.raises(Refused, match="its MD5 is"):
        client.download("CRA000001", to=tmp_path)


def test_a_file_that_is_there_is_proved_and_not_fetched_again(archive: Archive, client: Client, tmp_path: Path) -> None:
    _release(archive)
    client.download("CRA000001", to=tmp_path)
    archive.ranges.clear()
    assert client.download("CRA000001", to=tmp_path)[0].already_there
    assert archive.ranges == []


def test_another_file_of_that_name_is_never_overwritten(archive: Archive, client: Client, tmp_path: Path) -> None:
    _release(archive)
    (tmp_path / NAME).write_bytes(b"mine")
    with pytest.raises(Refused, match="exists and is another file"):
        client.download("CRA000001", to=tmp_path)
    assert (tmp_path / NAME).read_bytes() == b"mine"


@pytest.mark.parametrize("name", ["../escape", "/etc/passwd", ".hidden", "a\nb", ""])
def test_a_name_that_would_leave_the_folder_is_refused(
    archive: Archive, client: Client, tmp_path: Path, name: str
) -> None:
    archive.release("CRA000001", (name, b"x"))
    with pytest.raises(Refused, match="no safe file name"):
        client.download("CRA000001", to=tmp_path / "in")
    assert list((tmp_path / "in").iterdir()) == []


def test_a_file_that_is_not_in_the_record_is_not_found_and_its_files_are_named(
    archive: Archive, client: Client, tmp_path: Path
) -> None:
    _release(archive)
    with pytest.raises(NotFound) as met:
        client.download("CRA000001", "nothing.gz", tmp_path)
    assert NAME in met.value.mend


def test_a_download_killed_in_the_middle_is_finished_by_the_next(
    archive: Archive, biotheca: CommandLine, tmp_path: Path
) -> None:
    _release(archive)
    archive.get_orders[:] = [600_000, *["expired"] * 60]
    process = biotheca.start("download", "CRA000001", "--to", str(tmp_path))
    partial = tmp_path / f"{NAME}.part"
    until = time.monotonic() + 20
    while (not partial.exists() or partial.stat().st_size < 500_000) and time.monotonic() < until:
        time.sleep(0.01)
    process.kill()
    process.communicate()
    archive.get_orders.clear()
    archive.ranges.clear()
    ran = biotheca("download", "CRA000001", "--to", str(tmp_path))
    assert ran.code == 0
    assert archive.ranges[0] != "bytes=0-"
    assert (tmp_path / NAME).read_bytes() == DATA
    assert "MD5 and SHA-256 proved" in ran.out
