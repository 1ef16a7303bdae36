"""Views of the lake on the laptop's Athena: one row a record, what readers may see, and no column read in vain."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from biotheca.lake.model import ACCESSION_STATUS_COLUMNS, ENTITIES
from biotheca.lake.view_columns import SRA_METADATA_COLUMNS
from biotheca.lake.views import views
from tests.local.small_lake import Lake, rows, small_lake

LIVE = ["SRR000001", "SRR000002", "SRR000005", "SRR000006", "SRR000009"]


@pytest.fixture(scope="module")
def lake() -> Iterator[Lake]:
    with small_lake() as made:
        yield made


def test_own_rows_and_the_published_live_rows_of_the_mirror_are_one_view(lake: Lake) -> None:
    got = lake.rows("SELECT acc, source FROM biotheca.run ORDER BY acc")
    assert got == [["CRR000001", "own"], ["CRR000002", "own"], *([acc, "insdc"] for acc in LIVE)]


def test_the_newest_published_change_of_a_record_is_the_one_that_is_seen(lake: Lake) -> None:
    titles = dict(lake.rows("SELECT acc, title FROM run WHERE source = 'insdc'"))
    assert titles["SRR000005"] == "third title" and titles["SRR000006"] is None


@pytest.mark.parametrize("view", views(), ids=lambda view: f"{view.database}.{view.name}")
def test_every_view_gives_the_columns_and_types_that_it_lists(lake: Lake, view: object) -> None:
    engine = lake.engine()
    plan = engine.plan(f"SELECT * FROM {view.database}.{view.name}", "default")  # type: ignore[attr-defined]
    answer = engine.run(plan, lambda _: None, lambda _: None)
    list(answer.rows)
    assert [name for name, _ in answer.columns] == list(view.columns)  # type: ignore[attr-defined]
    words = {"string": "VARCHAR", "bigint": "BIGINT", "double": "DOUBLE", "timestamp": "TIMESTAMP"}
    for (name, kind), listed in zip(answer.columns, view.columns.values(), strict=True):  # type: ignore[attr-defined]
        assert kind == words.get(listed, kind), name
        assert kind.endswith("[]") == listed.startswith("array"), name
