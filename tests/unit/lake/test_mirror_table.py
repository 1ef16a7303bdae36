"""The mirrored tables against a dict: whatever is appended, repeated, compacted, killed, readers see the same."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from biotheca.lake import merging, merging_blocks
from biotheca.lake.merging import KeyTwice
from biotheca.lake.mirror_store import BatchIsCompacted, MirrorTable, StaleWriter
from tests.depth import examples
from tests.unit.lake.mirror_world import COLUMNS, DyingCatalog, Killed, Twin, VisitedCatalog, mirror, rows, titles

KEYS = [f"SRP{number:06}" for number in range(40)] + ["ERP1", "DRP99", "SRPä"]
SAID = st.dictionaries(st.sampled_from(KEYS), st.none() | st.sampled_from("abcdef"), max_size=30)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(1, 6), SAID),
        st.tuples(st.just("again"), st.integers(1, 6), st.none()),
        st.tuples(st.just("compact"), st.integers(1, 6), st.none()),
        st.tuples(st.just("kill"), st.integers(0, 3), st.booleans()),
    ),
    max_size=12,
)
SLOW = settings(max_examples=examples(20), deadline=None, suppress_health_check=list(HealthCheck))  # half a second each


def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of few rows, so that tens of keys make many."""
    monkeypatch.setattr(merging_blocks, "GROUP_ROWS", 4)
    monkeypatch.setattr(merging, "PIECE_ROWS", 5)


@SLOW
@given(STEPS)
def test_a_mirrored_table_answers_as_a_dict_does(steps: list[tuple]) -> None:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as monkeypatch:
        _tiny(monkeypatch)
        catalog = DyingCatalog(Path(name))
        table, twin = mirror(Path(name), catalog), Twin()
        table.file_rows = 8
        said: dict[int, dict[str, str | None]] = {}
        for kind, number, more in steps:
            if kind == "append":
                said[number] = more
                assert table.append(number, rows(more)) == (len(more) if number > twin.compacted_to else 0)
                twin.append(number, more)
            elif kind == "again" and number in said:
                table.append(number, rows(said[number]))
                twin.append(number, said[number])
            elif kind == "compact":
                table.compact(number)
                twin.compact(number)
            elif kind == "kill":
                _compact_killed(table, catalog, number, late=more)
                assert titles(table) == twin.titles()
                table.compact(6)
                twin.compact(6)
            assert titles(table) == twin.titles()
            for batch in range(twin.compacted_to, 7):
                assert titles(table, up_to_batch=batch) == twin.titles(batch)


def _compact_killed(table: MirrorTable, catalog: DyingCatalog, commits: int, late: bool) -> None:
    catalog.left, catalog.late = commits, late
    try:
        table.compact(6)
    except Killed:
        pass
    finally:
        catalog.left = None


@SLOW
@given(SAID, SAID, st.integers(0, 2), st.booleans())
def test_a_compaction_killed_at_any_commit_ends_in_the_same_state(
    first: dict[str, str | None], second: dict[str, str | None], commits: int, late: bool
) -> None:
    with tempfile.TemporaryDirectory() as a, tempfile.TemporaryDirectory() as b:
        catalog = DyingCatalog(Path(a))
        killed, whole = mirror(Path(a), catalog), mirror(Path(b))
        for table in (killed, whole):
            table.append(1, rows(first))
            table.compact(1)
            table.append(2, rows(second))
        before = whole.table_hash()
        assert killed.table_hash() == before
        _compact_killed(killed, catalog, commits, late)
        assert killed.table_hash() == before
        killed.compact(6)
        whole.compact(6)
        assert killed.table_hash() == whole.table_hash() == before
        assert not killed.view().overlay and not whole.view().overlay


@pytest.mark.parametrize("filled", [False, True], ids=["first commits", "later commits"])
@pytest.mark.parametrize("batch", [2, 3])
def test_a_writer_that_comes_in_between_loses_nothing_and_doubles_nothing(
    tmp_path: Path, batch: int, filled: bool
) -> None:
    """Another writer's batch before each call that an append makes to the catalogue, until it makes no more."""
    visited, at = True, -1
    while visited:
        at += 1
        folder = tmp_path / str(at)
        other = mirror(folder)
        if filled:
            other.append(1, rows({"SRP0": "old", "SRP1": "old"}))
            other.append(3, rows({"SRP1": "before"}))
        catalog = VisitedCatalog(
            folder, at, lambda other=other: other.append(batch, rows({"SRP1": f"{batch}", f"SRP1{batch}": "other"}))
        )
        mirror(folder, catalog).append(3, rows({"SRP1": "3", "SRP13": "own"}))
        visited = catalog.left < 0
        late = {"SRP1": "3", "SRP13": "own"}
        if batch == 2 and visited:
            late["SRP12"] = "other"
        assert titles(other) == ({"SRP0": "old"} if filled else {}) | late, at
        assert len({name for number, name in _files(other) if number == 3}) == 1
    assert at > 3


def _files(table: MirrorTable) -> list[tuple[int, str]]:
    return [(number, file.file_path) for number, file in table.view().overlay]


@pytest.fixture
def table(tmp_path: Path) -> MirrorTable:
    return mirror(tmp_path)


def test_a_batch_written_again_replaces_its_own_rows_and_no_others(table: MirrorTable) -> None:
    table.append(1, rows({"SRP1": "one", "SRP2": "one"}))
    table.append(2, rows({"SRP1": "two"}))
    assert table.append(1, rows({"SRP1": "one again", "SRP3": "new"})) == 2
    assert titles(table) == {"SRP1": "two", "SRP3": "new"}
    assert [c.what for c in table.commits()] == ["append 1", "append 2", "append 1"]


def test_a_batch_that_the_base_has_taken_in_is_not_written_again(table: MirrorTable) -> None:
    table.append(1, rows({"SRP1": "one"}))
    table.append(2, rows({"SRP1": None}))
    table.compact(2)
    assert table.append(1, rows({"SRP1": "one"})) == 0
    assert titles(table) == {}


def test_rows_of_files_without_some_columns_get_nulls(table: MirrorTable, tmp_path: Path) -> None:
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    pq.write_table(pa.table({"acc": ["SRP2", "SRP1"], "title": ["two", "one"]}), paths[0])
    pq.write_table(pa.table({"acc": ["SRP3"], "gone": [True]}), paths[1])
    assert table.append(7, paths) == 3
    found = table.current().read_all()
    assert found.schema.names == list(COLUMNS)
    assert found.sort_by("acc").select(["acc", "title", "alias", "batch", "gone"]).to_pylist() == [
        {"acc": "SRP1", "title": "one", "alias": None, "batch": 7, "gone": False},
        {"acc": "SRP2", "title": "two", "alias": None, "batch": 7, "gone": False},
    ]


def test_a_key_twice_with_equal_rows_is_one_row_and_with_others_is_refused(table: MirrorTable) -> None:
    same = pa.concat_tables([rows({"SRP1": "x", "SRP2": "y"}), rows({"SRP1": "x"})])
    assert table.append(1, same) == 2
    with pytest.raises(KeyTwice, match=r"'SRP1'.*let the parser decide"):
        table.append(2, pa.concat_tables([rows({"SRP1": "x"}), rows({"SRP1": "z"})]))


def test_only_files_that_a_change_touches_are_written_anew(table: MirrorTable, monkeypatch: pytest.MonkeyPatch) -> None:
    _tiny(monkeypatch)
    table.file_rows = 8
    table.append(1, rows({f"SRP{n:03}": "x" for n in range(80)}))
    assert table.compact(1).files_written == 10
    table.append(2, rows({"SRP041": "y", "SRP042": None}))
    done = table.compact(2)
    assert (done.rows, done.changes, done.files_written, done.files_kept) == (79, 2, 1, 9)
    assert titles(table, keys=["SRP041", "SRP042", "SRP000", "none"]) == {"SRP041": "y", "SRP000": "x"}


def test_every_file_is_sorted_and_no_two_share_a_range(table: MirrorTable, monkeypatch: pytest.MonkeyPatch) -> None:
    _tiny(monkeypatch)
    table.file_rows = 8
    for batch in range(1, 6):
        table.append(batch, rows({f"SRP{(n * 37) % 101:03}": str(batch) for n in range(batch, 100, batch)}))
        table.compact(batch)
    seen: list[str] = []
    for file in table.view().base_in_order():
        keys = pq.read_table(file.path.removeprefix("file://"), columns=["acc"]).column(0).to_pylist()
        assert len(keys) <= 13
        seen += keys
    assert seen == sorted(set(seen)) and len(seen) == len(titles(table))


def test_the_past_is_read_by_snapshot_and_by_time(table: MirrorTable) -> None:
    table.append(1, rows({"SRP1": "one"}))
    table.append(2, rows({"SRP1": "two", "SRP2": "two"}))
    then = datetime.now(UTC)
    table.compact(2)
    table.append(3, rows({"SRP1": None}))
    first = table.commits()[0]
    assert titles(table.as_of(first.snapshot_id)) == {"SRP1": "one"}
    assert titles(table.as_of(then)) == {"SRP1": "two", "SRP2": "two"}
    with pytest.raises(BatchIsCompacted, match="as_of"):
        table.current(up_to_batch=1)
    with pytest.raises(LookupError, match="has expired"):
        table.as_of(12345)


def test_a_snapshot_inside_a_commit_of_two_is_not_offered(table: MirrorTable) -> None:
    table.append(1, rows({"SRP1": "one"}))
    table.compact(1)
    below = table._load("study_base")
    below.overwrite(below.scan().to_arrow())  # pyiceberg's own: a delete and an append
    assert len(table._load("study_base").metadata.snapshots) == 3
    assert [c.what for c in table.commits()] == ["append 1", "compact 1", "trim 1"]


def test_expired_snapshots_take_their_files_along(table: MirrorTable, tmp_path: Path) -> None:
    for batch in (1, 2, 3):
        table.append(batch, rows({"SRP1": str(batch), f"SRP{batch}0": "x"}))
        table.compact(batch)
    before, files = table.table_hash(), len(list(tmp_path.rglob("*.parquet")))
    assert files == 6
    assert table.expire(datetime.now(UTC) - timedelta(hours=1)) == 0
    assert table.expire(datetime.now(UTC) + timedelta(hours=1)) > 0
    assert len(list(tmp_path.rglob("*.parquet"))) == 1
    assert table.table_hash() == before


def test_a_writer_whose_lease_went_to_another_writes_nothing(table: MirrorTable, tmp_path: Path) -> None:
    old, new = mirror(tmp_path, fence=1), mirror(tmp_path, fence=2)
    old.append(1, rows({"SRP1": "one"}))
    new.append(2, rows({"SRP1": "two"}))
    with pytest.raises(StaleWriter, match="take the lease again"):
        old.append(3, rows({"SRP1": "three"}))
    assert titles(table) == {"SRP1": "two"}


def test_pyiceberg_reads_the_files_by_field_id(table: MirrorTable) -> None:
    table.append(1, rows({"SRP1": "one", "SRP2": None}))
    table.compact(1)
    found = table._load("study_base").scan(row_filter="acc == 'SRP1'").to_arrow().to_pylist()
    assert [(row["acc"], row["attributes"]) for row in found] == [("SRP1", [{"k": "note", "v": "one", "unit": None}])]
