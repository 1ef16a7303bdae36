"""Days of the mirror, from feeds to what readers see: changes, suppression, withdrawal, repairs, kills, bad feeds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from biotheca.mirror import service, steps
from biotheca.mirror.model import DayIsOver, FeedIsShort, FeedIsTruncated, FeedIsUnreadable
from local.insdc.made import made_world
from local.insdc.server import Fault
from tests.depth import DEEP
from tests.unit.mirror.cloud import Killed, Mirror, mirror_in

FIRST, SECOND, THIRD = "2026-01-26", "2026-01-27", "2026-01-28"


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    with mirror_in(tmp_path, made_world(3, 4), monkeypatch) as made:
        made.publish(FIRST, full=True)
        yield made


def first(mirror: Mirror, kind: str) -> str:
    return sorted(mirror.world.records[kind])[0]


def changes(mirror: Mirror) -> list[dict[str, Any]]:
    return mirror.catalog.load_table(("biotheca", "change_log")).scan().to_arrow().to_pylist()


def test_a_first_day_brings_everything_joined_and_found(mirror: Mirror) -> None:
    told = mirror.play(FIRST)
    assert mirror.store.published()["day"] == FIRST and told["day"] == FIRST
    report = service.report(mirror.store, FIRST)
    assert report and report["differences"] == [] and report["sampled"] > 30
    assert report["counts"] == {"project": 3, "biosample": 12, "study": 3, "sample": 12, "experiment": 12, "run": 12}
    run = first(mirror, "RUN")
    row = mirror.row("run", run)
    assert row and row["organism"] and row["assay_type"] == "WGS" and row["platform"] == "ILLUMINA"
    assert row["librarylayout"] == "PAIRED" and row["insertsize"] == 350 and row["avgspotlen"] == 150
    assert row["geo_loc_name_country_calc"] and row["geo_loc_name_country_continent_calc"]
    said = json.loads(row["jattr"])
    assert said["bases"] == row["bases"] and all(isinstance(v, list) for k, v in said.items() if k.endswith("_sam"))
    assert run in mirror.found(row["organism"].split()[0])
    served = mirror.store.record(run)
    assert served and served["status"] == "live" and served["fields"]["bases"] == row["bases"]


def test_the_same_day_again_changes_nothing(mirror: Mirror) -> None:
    mirror.play(FIRST)
    before = mirror.hashes()
    assert mirror.play(FIRST)["work"] is False
    mirror.publish(SECOND)
    mirror.play(SECOND)
    assert changes(mirror) == [] and {k: v for k, v in mirror.hashes().items() if k != "mirror_snapshot"} == {
        k: v for k, v in before.items() if k != "mirror_snapshot"
    }


def test_a_suppressed_run_leaves_search_and_is_still_served(mirror: Mirror) -> None:
    mirror.play(FIRST)
    run = first(mirror, "RUN")
    mirror.world.suppress(run)
    mirror.publish(SECOND)
    mirror.play(SECOND)
    row = mirror.row("run", run)
    assert row and row["status"] == "suppressed" and row["organism"], "its content is kept"
    assert run not in mirror.found(row["organism"].split()[0])
    served = mirror.store.record(run)
    assert served and served["status"] == "suppressed" and served["fields"]
    status = mirror.row("accession_status", run)
    assert status and status["experiment"] and status["study"], "what its row lost is kept from before"
    assert {(c["acc"], c["entity"], c["before"], c["after"]) for c in changes(mirror)} == {
        (run, "accession_status", "live", "suppressed"),
        (run, "run", "live", "suppressed"),
    }


@pytest.mark.parametrize("how", ["its line vanishes", "its line says withdrawn"])
def test_a_withdrawn_run_leaves_a_tombstone_only(mirror: Mirror, how: str) -> None:
    mirror.play(FIRST)
    run = first(mirror, "RUN")
    if how == "its line vanishes":
        mirror.world.forget(run)
    else:
        mirror.world.suppress(run, "withdrawn")
    mirror.publish(SECOND)
    mirror.play(SECOND)
    assert mirror.row("run", run) is None and run not in mirror.found(run)
    served = mirror.store.record(run)
    assert served and served["status"] == "withdrawn" and "fields" not in served
    status = mirror.row("accession_status", run)
    assert status and status["status"] == "withdrawn"


def test_a_suppressed_run_that_comes_back_is_found_again(mirror: Mirror) -> None:
    mirror.play(FIRST)
    run = first(mirror, "RUN")
    before = mirror.row("run", run)
    kept = dict(mirror.world.status[run])
    mirror.world.suppress(run)
    mirror.publish(SECOND)
    mirror.play(SECOND)
    mirror.world.status[run] = kept
    mirror.publish(THIRD)
    mirror.play(THIRD)
    after = mirror.row("run", run)
    assert before and after and after["content_hash"] == before["content_hash"] and run in mirror.found(run)


def test_a_change_of_an_experiment_changes_its_runs(mirror: Mirror) -> None:
    mirror.play(FIRST)
    experiment = first(mirror, "EXPERIMENT")
    record = mirror.world.records["EXPERIMENT"][experiment]
    mirror.world.put("EXPERIMENT", record.replace(b"WGS", b"RNA-Seq").replace(b"Library of", b"Transcripts of"))
    mirror.publish(SECOND)
    mirror.play(SECOND)
    (run,) = (a for a in mirror.world.records["RUN"] if mirror.world.status[a]["Experiment"] == experiment)
    row = mirror.row("run", run)
    assert row and row["assay_type"] == "RNA-Seq" and row["title"].startswith("Transcripts of")
    assert {c["entity"] for c in changes(mirror)} == {"experiment", "run"}


def test_a_status_that_came_before_its_record_holds_for_it(mirror: Mirror) -> None:
    run = first(mirror, "RUN")
    held = mirror.world.records["RUN"].pop(run)
    mirror.world.suppress(run)
    mirror.publish(FIRST, full=True)
    mirror.play(FIRST)
    kept = mirror.world.status[run]
    mirror.world.put("RUN", held)
    mirror.world.status[run] = kept
    mirror.publish(SECOND)
    mirror.play(SECOND)
    row = mirror.row("run", run)
    assert row and row["status"] == "suppressed" and run not in mirror.found(run)


def test_missing_days_are_told_and_the_next_batch_takes_all_since(mirror: Mirror) -> None:
    mirror.play(FIRST)
    run = first(mirror, "RUN")
    mirror.world.put("RUN", mirror.world.records["RUN"][run].replace(b'center_name="EXAMPLE"', b'center_name="MOVED"'))
    mirror.publish("2026-01-28")
    mirror.publish("2026-01-30")
    told = mirror.play("2026-01-30")
    row = mirror.row("run", run)
    assert row and row["center_name"] == "MOVED" and told["day"] == "2026-01-30"
    assert service.health(mirror.store)["missing_days"] == ["2026-01-27", "2026-01-29"]


def test_an_earlier_day_is_refused(mirror: Mirror) -> None:
    mirror.play(FIRST)
    with pytest.raises(DayIsOver, match="repair"):
        mirror.play("2026-01-20")


def test_a_repair_brings_one_record_and_keeps_the_day(mirror: Mirror) -> None:
    mirror.play(FIRST)
    run = first(mirror, "RUN")
    record = mirror.world.records["RUN"][run].replace(b'center_name="EXAMPLE"', b'center_name="MENDED"')
    path = mirror.feeds.folder / "ena" / f"{run}.xml"
    path.write_bytes(b"<RUN_SET>" + record + b"</RUN_SET>")
    mirror.play(repair=run)
    row = mirror.row("run", run)
    assert row and row["center_name"] == "MENDED"
    done = mirror.store.published()
    assert (done["day"], done["batch"] % 1000) == (FIRST, 1)
    mirror.publish(SECOND)
    mirror.play(SECOND)
    assert len({c["acc"] for c in changes(mirror) if c["entity"] == "accession_status"}) == 0, "the digest is the day's"


def test_a_short_feed_changes_nothing_and_is_told(mirror: Mirror) -> None:
    mirror.play(FIRST)
    before = mirror.hashes()
    for accession in sorted(mirror.world.status):
        mirror.world.forget(accession)
    mirror.publish(SECOND)
    limits = steps.catalog.mirror()["limits"]
    assert limits["lost_rows"] >= 39, "the small mirror of this test is below the number that is always allowed"
    limits |= {"lost_rows": 5}
    try:
        with pytest.raises(FeedIsShort):
            mirror.play(SECOND)
    finally:
        limits |= {"lost_rows": 100}
    assert mirror.hashes() == before and mirror.store.published()["day"] == FIRST


def test_a_cut_feed_is_refused_and_the_day_runs_again_when_it_is_whole(mirror: Mirror) -> None:
    mirror.play(FIRST)
    run = first(mirror, "RUN")
    mirror.world.suppress(run)
    mirror.publish(SECOND)
    path = mirror.feeds.folder / "bioproject" / "bioproject.xml"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FeedIsTruncated):
        mirror.play(SECOND)
    assert mirror.store.published()["day"] == FIRST
    path.write_bytes(whole)
    mirror.play(SECOND)
    assert mirror.store.published()["day"] == SECOND and mirror.row("run", run)["status"] == "suppressed"  # type: ignore[index]


def test_a_changed_schema_stops_the_day(mirror: Mirror) -> None:
    mirror.play(FIRST)
    mirror.publish(SECOND)
    tab = mirror.feeds.folder / "sra" / "reports" / "Metadata" / "SRA_Accessions.tab"
    tab.write_bytes(tab.read_bytes().replace(b"ReplacedBy", b"Successor"))
    with pytest.raises(FeedIsUnreadable, match="successor"):
        mirror.play(SECOND)
    assert mirror.store.published()["day"] == FIRST


def test_a_busy_source_is_waited_out_in_the_middle_of_a_day(mirror: Mirror) -> None:
    path = "/sra/reports/Metadata/SRA_Accessions.tab"
    mirror.feeds.fail(path, Fault(429, retry_after=1), Fault(503), Fault(cut=100))
    mirror.play(FIRST)
    assert mirror.store.published()["day"] == FIRST


def test_a_damaged_record_is_counted_and_the_day_goes_on(mirror: Mirror) -> None:
    run = first(mirror, "RUN")
    mirror.world.records["RUN"][run] = mirror.world.records["RUN"][run].replace(b'"', b"", 1)
    mirror.publish(FIRST, full=True)
    mirror.play(FIRST)
    report = service.report(mirror.store, FIRST)
    assert report and report["quarantined"] == 1 and report["differences"] == []
    assert mirror.row("run", run) is None


def test_a_lake_that_lost_a_row_is_not_published(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror.play(FIRST)
    project = sorted(mirror.world.projects)[0]
    mirror.world.projects[project] = mirror.world.projects[project].replace(b"Genomes", b"All genomes")
    mirror.publish(SECOND)
    plan = service.discover(mirror.store, SECOND, make=mirror.make)
    for number in range(plan["files"]):
        service.fetch(mirror.store, plan["batch"], number, mirror.make)
        steps.read(mirror.store, plan["batch"], number)
    steps.reconcile(mirror.store, mirror.lake, plan["batch"])  # without the merge
    report = service.report(mirror.store, SECOND)
    assert report and any(project in line for line in report["differences"])
    with pytest.raises(FeedIsUnreadable, match="does not agree"):
        service.publish(mirror.store, plan["batch"])
    assert mirror.store.published()["day"] == FIRST


def test_compaction_changes_no_answer(mirror: Mirror) -> None:
    mirror.play(FIRST)
    mirror.world.suppress(first(mirror, "RUN"))
    mirror.publish(SECOND)
    mirror.play(SECOND)
    before = mirror.hashes()
    steps.compact(mirror.store, mirror.lake)
    assert mirror.hashes() == before
    mirror.publish(THIRD)
    mirror.play(THIRD)
    assert mirror.store.published()["day"] == THIRD


DAYS = [f"2026-02-{number:02d}" for number in range(1, 13)]


def _change(mirror: Mirror, number: int) -> None:
    """Something of every kind, another one each day."""
    runs = sorted(mirror.world.records["RUN"])
    live = [run for run in runs if run in mirror.world.status]
    mirror.world.suppress(live[number % len(live)])
    if number % 4 == 1:
        mirror.world.forget(live[(number + 1) % len(live)])
    experiment = sorted(mirror.world.records["EXPERIMENT"])[number % 4]
    record = mirror.world.records["EXPERIMENT"][experiment]
    mirror.world.put("EXPERIMENT", re.sub(rb"Library (\d+ )?of", b"Library %d of" % number, record))
    project = sorted(mirror.world.projects)[0]
    described = mirror.world.projects[project]
    mirror.world.projects[project] = re.sub(rb"Genomes (\d+ )?of", b"Genomes %d of" % number, described)
    mirror.publish(DAYS[number])


Kill = tuple[str, int, bool]  # what dies, at which commit or request, after it


def _play_all(folder: Path, monkeypatch: pytest.MonkeyPatch, kills: dict[int, list[Kill]]) -> Any:
    """Some days, on some of which the process dies, more than once. Hashes after each day, what search finds, and
    how often it was killed by what."""
    hashes, times = [], {"lake": 0, "cloud": 0}
    with mirror_in(folder, made_world(2, 3), monkeypatch) as made:
        made.publish("2026-01-31", full=True)
        made.play("2026-01-31")
        for number, day in enumerate(DAYS[:PLAYED]):
            _change(made, number)
            for what, at, late in kills.get(number, []):
                if what == "lake":
                    made.catalog.left, made.catalog.late = at, late
                else:
                    made.requests = at
                try:
                    made.play(day)
                except Killed:
                    times[what] += 1
                made.catalog.left = made.requests = None
            made.play(day)
            assert made.store.published()["day"] == day
            hashes.append(made.hashes())
        return hashes, sorted(made.found("genomes")), times


# Days die at requests, and at each of a day's six commits: status, projects, experiments, runs, the log, the pointer.
# In twelve days each commit dies before it is made and after; in three (the daily suite) a day dies before one and
# after the next.
PLAYED = 12 if DEEP else 3
REQUESTS = (0, 2, 6, 13, 24, 40, 62, 90) if DEEP else (0, 6, 24, 62)


def _kills(day: int) -> list[Kill]:
    lake = [(day % 6, day >= 6)] if DEEP else [(2 * day, False), (2 * day + 1, True)]
    return [("cloud", at, False) for at in REQUESTS[day::PLAYED]] + [("lake", *one) for one in lake]


KILLS = {day: _kills(day) for day in range(PLAYED)}
COMMITS = sum(what == "lake" for kills in KILLS.values() for what, *_ in kills)


def test_killed_at_each_step_and_run_again_every_table_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = _play_all(tmp_path / "whole", monkeypatch, {})[:2]
    *found, times = _play_all(tmp_path / "killed", monkeypatch, KILLS)
    assert tuple(found) == wanted
    assert times["lake"] >= COMMITS - 2 and times["cloud"] >= len(REQUESTS) - 2, f"only {times} kills met the process"
