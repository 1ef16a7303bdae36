"""Feeds over real HTTP on loopback, with faults: one whole file or one clear error, and never another host."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from biotheca.mirror.fetching import TRIES, Fetcher
from biotheca.mirror.model import FeedIsTruncated, FeedIsUnreadable, NoSuchSource, SourceIsBusy
from biotheca.mirror.sources import Source, plan, repairs, sources
from local.insdc.made import made_world
from local.insdc.server import Fault, FeedServer

BODY = bytes(range(256)) * 4096  # a MiB
PATH = "/feed.bin"


@pytest.fixture
def feeds(tmp_path: Path) -> Iterator[FeedServer]:
    with FeedServer(tmp_path / "feeds") as server:
        (server.folder / "feed.bin").write_bytes(BODY)
        yield server


def fetcher(feeds: FeedServer, waited: list[float] | None = None) -> Fetcher:
    source = sources(json.dumps(feeds.addresses()))["ncbi"]
    quick = Source(source.name, source.base, source.hosts, 10_000, source.row)
    return Fetcher(quick, (waited if waited is not None else []).append)


def test_a_file_comes_whole_with_its_digest_and_tag(feeds: FeedServer, tmp_path: Path) -> None:
    got = fetcher(feeds).fetch(feeds.url + PATH, tmp_path / "got")
    assert got.path.read_bytes() == BODY and got.size_bytes == len(BODY) and got.tag
    told = fetcher(feeds).look(feeds.url + PATH)
    assert (told.size_bytes, told.tag) == (len(BODY), got.tag)


def test_a_transfer_that_breaks_goes_on_where_it_was(feeds: FeedServer, tmp_path: Path) -> None:
    feeds.fail(PATH, Fault(cut=300_000), Fault(cut=200_000))
    got = fetcher(feeds).fetch(feeds.url + PATH, tmp_path / "got")
    assert got.path.read_bytes() == BODY
    ranges = [asked for method, _, asked in feeds.requests if method == "GET"]
    assert ranges[0] == "" and ranges[1] == "bytes=300000-" and ranges[2] == "bytes=500000-"


def test_a_file_that_changes_meanwhile_is_begun_anew(feeds: FeedServer, tmp_path: Path) -> None:
    feeds.fail(PATH, Fault(cut=300_000))
    fetch = fetcher(feeds)
    fetch._sleep = lambda _: (feeds.folder / "feed.bin").write_bytes(BODY[::-1])  # type: ignore[func-returns-value, assignment, return-value]
    assert fetch.fetch(feeds.url + PATH, tmp_path / "got").path.read_bytes() == BODY[::-1]


def test_a_killed_fetch_is_gone_on_with_by_the_next_process(feeds: FeedServer, tmp_path: Path) -> None:
    feeds.fail(PATH, *[Fault(cut=50_000)] * TRIES)
    with pytest.raises(FeedIsTruncated, match="broke off 6 times"):
        fetcher(feeds).fetch(feeds.url + PATH, tmp_path / "got")
    assert not (tmp_path / "got").exists()
    assert fetcher(feeds).fetch(feeds.url + PATH, tmp_path / "got").path.read_bytes() == BODY
    assert feeds.requests[-1][2] == "bytes=300000-"


def test_too_many_requests_are_waited_out_as_long_as_the_source_says(feeds: FeedServer, tmp_path: Path) -> None:
    waited: list[float] = []
    feeds.fail(PATH, Fault(429, retry_after=7), Fault(503), Fault(500))
    fetcher(feeds, waited).fetch(feeds.url + PATH, tmp_path / "got")
    assert 7.0 in waited and len([w for w in waited if w > 0.001]) >= 2


def test_a_source_that_stays_busy_is_told_and_nothing_is_left(feeds: FeedServer, tmp_path: Path) -> None:
    feeds.fail(PATH, *[Fault(429)] * TRIES)
    with pytest.raises(SourceIsBusy, match="6 times"):
        fetcher(feeds).fetch(feeds.url + PATH, tmp_path / "got")
    assert list(tmp_path.glob("got*")) == []


def test_no_redirect_is_followed_and_no_other_host_is_asked(feeds: FeedServer, tmp_path: Path) -> None:
    feeds.fail(PATH, Fault(302, location="http://169.254.169.254/latest/meta-data"))
    with pytest.raises(NoSuchSource, match="follows no redirect"):
        fetcher(feeds).fetch(feeds.url + PATH, tmp_path / "got")
    for url in (
        "http://169.254.169.254/x",
        "http://localhost:1/x",
        "file:///etc/passwd",
        feeds.url.replace("://", "://x@evil.example#"),
    ):
        with pytest.raises(NoSuchSource):
            fetcher(feeds).fetch(url, tmp_path / "got")


def test_the_catalog_asks_the_real_hosts_by_https_only() -> None:
    for source in sources().values():
        assert source.base.startswith("https://") and source.hosts and source.per_second <= 10


def test_what_is_not_there_is_told(feeds: FeedServer, tmp_path: Path) -> None:
    with pytest.raises(FeedIsUnreadable, match="HTTP 404"):
        fetcher(feeds).fetch(feeds.url + "/nothing", tmp_path / "got")


def planned(
    feeds: FeedServer, day: str, since: str | None, begin: str = "2026-01-01"
) -> tuple[list[str], tuple[str, ...]]:
    source = sources(json.dumps(feeds.addresses()))["ncbi"]
    found = plan(day, since, begin, fetcher(feeds).text, source)
    sets = [one.url.removeprefix(feeds.url) for one in found.files if not one.whole]
    return sorted(
        {url.rsplit("/", 1)[0].rsplit("/", 1)[1] for url in sets if url.endswith(".xml.gz")}
    ), found.missing_days


def test_a_first_batch_takes_the_latest_full_set_and_every_day_after_it(feeds: FeedServer) -> None:
    world = made_world(1, 1)
    for day, full in (("2026-01-03", True), ("2026-01-05", True), ("2026-01-06", False), ("2026-01-08", False)):
        world.publish(feeds.folder, day, full=full)
    names, missing = planned(feeds, "2026-01-08", None)
    assert names == [
        "NCBI_SRA_Mirroring_20260105_Full",
        "NCBI_SRA_Mirroring_20260106",
        "NCBI_SRA_Mirroring_20260108",
    ]
    assert missing == ("2026-01-07",)


def test_later_batches_take_every_day_since_the_published_one(feeds: FeedServer) -> None:
    world = made_world(1, 1)
    for day in ("2026-01-06", "2026-01-07", "2026-01-09"):
        world.publish(feeds.folder, day)
    assert planned(feeds, "2026-01-09", "2026-01-06") == (
        ["NCBI_SRA_Mirroring_20260107", "NCBI_SRA_Mirroring_20260109"],
        ("2026-01-08",),
    )


def test_a_day_that_has_no_sets_is_taken_from_the_archives(feeds: FeedServer) -> None:
    made_world(1, 1).publish(feeds.folder, "2026-01-06")
    archives = feeds.folder / "sra" / "reports" / "Metadata"
    (archives / "NCBI_SRA_Metadata_20260107.tar.gz").write_bytes(gzip.compress(b""))
    source = sources(json.dumps(feeds.addresses()))["ncbi"]
    found = plan("2026-01-07", "2026-01-06", "2026-01-01", fetcher(feeds).text, source)
    assert found.missing_days == ()
    assert [f.url.rsplit("/", 1)[1] for f in found.files if not f.whole] == ["NCBI_SRA_Metadata_20260107.tar.gz"]


def test_a_single_record_is_asked_of_the_archive_that_owns_it_first() -> None:
    assert [source.name for source, _ in repairs("ERR000001")] == ["ena", "ncbi_repair"]
    assert [source.name for source, _ in repairs("SRR000001")] == ["ncbi_repair", "ena"]
    assert [source.name for source, _ in repairs("SAMN00000002")] == ["ncbi_repair"]
    with pytest.raises(NoSuchSource):
        repairs("CRA000001; DROP TABLE")
