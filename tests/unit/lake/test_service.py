"""What the own tables hold follows what is public: one row a record, none that a stranger may not see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from biotheca.lake import service
from biotheca.lake.model import OWN_TABLES
from biotheca.publication.model import MATRIX, Door, Record, Visibility
from biotheca.submissions.model import State
from tests.unit.publication.test_release import brought
from tests.unit.world import World

ENTITY_TABLES = [name for name in OWN_TABLES if name not in ("qc_files", "sample_own", "image_series")]


@dataclass
class Kept:
    """A table in memory, and how often it was written."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    commits: int = 0

    def replace(self, column: str, values: Iterable[str], rows: list[dict[str, Any]]) -> None:
        self.rows = [row for row in self.rows if row[column] not in set(values)] + rows
        self.commits += 1


@dataclass
class Lake:
    world: World
    tables: dict[str, Kept] = field(default_factory=lambda: {name: Kept() for name in OWN_TABLES})

    def load(self, *accessions: str, changed: bool = False) -> dict[str, int]:
        return service.load(self.world.records, self.tables, accessions, changed=changed)

    def accessions(self, table: str) -> list[str]:
        return sorted(row["acc"] for row in self.tables[table].rows)

    def text(self) -> str:
        return str([table.rows for table in self.tables.values()])

    def of_type(self, kind: str, dataset: str) -> list[Record]:
        return self.world.records.inside(dataset, kind, 100, None)[0]

    def see(self, record: Record, visibility: Visibility) -> None:
        """Make a record look so, past the rules of who may."""
        now = self.world.records.get(record.accession)
        assert now is not None
        self.world.records.save(now, replace(now, visibility=visibility), event="x", words="x", actor="x")


@pytest.fixture
def lake(world: World) -> Lake:
    return Lake(world)


def released(lake: Lake, runs: int = 2, title: str = "Synthetic reads") -> str:
    return brought(lake.world, State.RELEASED, runs=runs, title=title).dataset or ""


def test_a_released_dataset_fills_every_own_table_once_however_often_it_is_told(lake: Lake) -> None:
    dataset = released(lake)
    counts = lake.load(dataset)
    assert counts == {
        "study_own": 1,
        "experiment_own": 2,
        "run_own": 2,
        "qc_files": 2,
        "biosample_own": 2,
        "project_own": 1,
    }
    assert {table.commits for name, table in lake.tables.items() if table.commits} == {1}
    assert [name for name, table in lake.tables.items() if not table.commits] == ["sample_own", "image_series"]
    before = {name: lake.accessions(name) for name in OWN_TABLES}
    lake.load(dataset)
    assert {name: lake.accessions(name) for name in OWN_TABLES} == before
    (experiment, _), (run, _) = lake.tables["experiment_own"].rows, lake.tables["run_own"].rows
    assert run["experiment"] in lake.accessions("experiment_own") and run["sra_study"] == dataset
    assert experiment["biosample"] in lake.accessions("biosample_own")
    assert run["bioproject"] == lake.accessions("project_own")[0]


def test_what_is_not_released_is_in_no_table(lake: Lake) -> None:
    dataset = brought(lake.world, State.ARCHIVED).dataset or ""
    lake.load(dataset)
    assert all(not table.rows for table in lake.tables.values())


@pytest.mark.parametrize("visibility", [v for v in Visibility if Door.LAKE not in MATRIX[v]])
def test_a_dataset_that_is_no_longer_public_takes_all_its_rows_with_it(lake: Lake, visibility: Visibility) -> None:
    dataset = released(lake)
    lake.load(dataset)
    record = lake.world.records.get(dataset)
    assert record is not None
    lake.see(record, visibility)
    lake.load(dataset, changed=True)
    for table in ("run_own", "experiment_own", "study_own", "qc_files"):
        assert lake.accessions(table) == []


@pytest.mark.parametrize("kind", ["run", "experiment"])
@pytest.mark.parametrize("visibility", [v for v in Visibility if Door.LAKE not in MATRIX[v]])
def test_a_record_that_is_not_public_is_in_no_table_not_even_in_anothers_row(
    lake: Lake, kind: str, visibility: Visibility
) -> None:
    dataset = released(lake)
    lake.load(dataset)
    gone, _ = lake.of_type(kind, dataset)
    assert gone.accession in lake.text()
    lake.see(gone, visibility)
    lake.load(gone.accession, changed=True)
    assert gone.accession not in lake.text()
    assert len(lake.tables["run_own"].rows) == (1 if kind == "run" else 2)


def test_a_sample_that_is_suppressed_leaves_its_table_and_the_rows_of_its_runs(lake: Lake) -> None:
    dataset = released(lake)
    lake.load(dataset)
    sample = lake.world.records.get(lake.accessions("biosample_own")[0])
    assert sample is not None
    lake.see(sample, Visibility.SUPPRESSED)
    lake.load(sample.accession, changed=True)
    assert sample.accession not in lake.text()
    organisms = [row["organism"] for row in lake.tables["run_own"].rows]
    assert organisms.count(None) == 1 and len(organisms) == 2
    lake.see(sample, Visibility.PUBLIC)
    lake.load(sample.accession, changed=True)
    assert sample.accession in lake.accessions("biosample_own")
    assert None not in [row["organism"] for row in lake.tables["run_own"].rows]


def test_a_corrected_project_changes_its_row_and_those_of_the_runs_that_show_it(lake: Lake) -> None:
    dataset = released(lake)
    lake.load(dataset)
    project = lake.world.records.get(lake.accessions("project_own")[0])
    assert project is not None
    changed = replace(project, attributes=project.attributes | {"organisation": "Elsewhere"})
    lake.world.records.save(project, changed, event="x", words="x", actor="x")
    lake.load(project.accession, changed=True)
    assert [row["center_name"] for row in lake.tables["project_own"].rows] == ["Elsewhere"]
    assert {row["center_name"] for row in lake.tables["run_own"].rows} == {"Elsewhere"}


def test_two_datasets_stand_side_by_side_and_one_replaces_only_its_own(lake: Lake) -> None:
    first, second = released(lake, 1, "Roots of rice"), released(lake, 1, "Leaves of rice")
    lake.load(first)
    lake.load(second)
    assert lake.accessions("study_own") == sorted([first, second])
    assert len(lake.accessions("run_own")) == 2 and len(set(lake.accessions("biosample_own"))) == 2
    lake.load(first)
    assert len(lake.accessions("run_own")) == 2 and len(lake.accessions("project_own")) == 2


def test_an_accession_that_nobody_knows_changes_nothing(lake: Lake) -> None:
    assert lake.load("CRA999999") == {} and all(not table.commits for table in lake.tables.values())
