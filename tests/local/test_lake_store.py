"""The own tables as Iceberg: rows with nested values, replaced in one commit and never doubled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from biotheca.lake.iceberg import glue_catalog
from biotheca.lake.model import TABLES
from biotheca.lake.store import LakeTable
from tests.local.lake_rows import rows
from tests.local.served import KEY, SECRET
from tests.local.small_lake import Lake, small_lake

REGION = "eu-west-3"


@pytest.fixture
def empty(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    with small_lake({}, region=REGION) as lake:
        told = {"AWS_ENDPOINT_URL": lake.served.url, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
        for name, value in (told | {"AWS_REGION": REGION, "BIOTHECA_LAKE_DATABASE": "biotheca"}).items():
            monkeypatch.setenv(name, value)
        glue_catalog.cache_clear()
        yield lake
        glue_catalog.cache_clear()


def snapshots(lake: Lake, name: str) -> int:
    return len(lake.table(name).snapshots())


@pytest.mark.parametrize("name", ["run_own", "biosample_own", "project_own", "study_own", "experiment_own"])
def test_rows_with_lists_and_structs_come_back_as_they_were_written(empty: Lake, name: str) -> None:
    made = rows()[name]
    LakeTable(name, TABLES[name]).replace("acc", [row["acc"] for row in made], made)
    got = {row["acc"]: row for row in empty.table(name).scan().to_arrow().to_pylist()}
    for row in made:
        assert {column: got[row["acc"]][column] for column in row} == row
    entity = name.removesuffix("_own")
    assert sorted(empty.column(f"SELECT acc FROM {entity}")) == sorted(got)


def test_rows_are_replaced_by_their_accessions_and_others_stay(empty: Lake) -> None:
    first, second = rows()["biosample_own"]
    table = LakeTable("biosample_own", TABLES["biosample_own"])
    table.replace("acc", [first["acc"], second["acc"]], [first, second])
    table.replace("acc", [first["acc"]], [first | {"title": "another"}])
    got: dict[str, Any] = dict(empty.rows("SELECT acc, title FROM biosample"))
    assert got == {first["acc"]: "another", second["acc"]: second["title"]}
    table.replace("acc", [first["acc"], "SAMC999999"], [])
    assert empty.column("SELECT acc FROM biosample") == [second["acc"]]


def test_removing_rows_from_a_table_that_has_none_makes_no_commit(empty: Lake) -> None:
    LakeTable("project_own", TABLES["project_own"]).replace("acc", ["PRJCA000001"], [])
    assert snapshots(empty, "project_own") == 0
