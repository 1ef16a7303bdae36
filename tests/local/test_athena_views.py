"""Views of the lake on the laptop's Athena: one row a record, what readers may see, and no column read in vain."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from typing import Any

import pytest

from biotheca.lake.view_columns import SRA_METADATA_COLUMNS
from biotheca.lake.views import View, views
from local.athena.refusal import Failed
from tests.local.lake_rows import FIRST, UNPUBLISHED, mirrored, run
from tests.local.small_lake import REGION, Lake, small_lake

LIVE = ["SRR000001", "SRR000002", "SRR000005", "SRR000006", "SRR000009"]


def test_own_rows_and_the_published_live_rows_of_the_mirror_are_one_view(lake: Lake) -> None:
    got = lake.rows("SELECT acc, source FROM biotheca.run ORDER BY acc")
    assert got == [["CRR000001", "own"], ["CRR000002", "own"], *([acc, "insdc"] for acc in LIVE)]


def test_the_newest_published_change_of_a_record_is_the_one_that_is_seen(lake: Lake) -> None:
    titles = dict(lake.rows("SELECT acc, title FROM run WHERE source = 'insdc'"))
    assert titles["SRR000005"] == "third title" and titles["SRR000006"] is None


def test_before_the_first_batch_is_published_only_own_rows_are_there() -> None:
    rows = [mirrored(FIRST, run("insdc", "SRR000001", 1)), mirrored(UNPUBLISHED, run("insdc", "SRR000002", 2))]
    filled = {"run_own": [run("own", "CRR000001", 1)], "run_base": rows[:1], "run_overlay": rows[1:]}
    with small_lake(filled, region="eu-north-1") as young:
        assert young.column("SELECT acc FROM run") == ["CRR000001"]
        assert young.column("SELECT acc FROM sra.metadata") == ["CRR000001"]
        assert young.rows("SELECT count(*) FROM accession_status") == [["0"]]


def test_accession_status_shows_every_published_status(lake: Lake) -> None:
    got = lake.rows("SELECT accession, status, replacedby FROM accession_status WHERE type = 'RUN' ORDER BY 1")
    assert got == [
        ["SRR000001", "live", None],  # that it is withdrawn was not published yet
        ["SRR000003", "suppressed", None],
        ["SRR000007", "suppressed", None],
        ["SRR000010", "replaced", "SRR000009"],
    ]


@pytest.mark.parametrize("view", views(), ids=lambda view: f"{view.database}.{view.name}")
def test_every_view_gives_the_columns_and_types_that_it_lists(lake: Lake, view: View) -> None:
    engine = lake.engine()
    plan = engine.plan(f"SELECT * FROM {view.database}.{view.name}", "default")
    answer = engine.run(plan, lambda _: None, lambda _: None)
    assert list(answer.rows), "it is empty"
    assert [name for name, _ in answer.columns] == list(view.columns)
    words = {"string": "VARCHAR", "bigint": "BIGINT", "double": "DOUBLE", "timestamp": "TIMESTAMP"}
    for (name, kind), listed in zip(answer.columns, view.columns.values(), strict=True):
        assert kind == words.get(listed, kind), name
        assert kind.endswith("[]") == listed.startswith("array"), name


def test_a_query_reads_of_a_view_only_the_columns_that_it_asks_for(lake: Lake) -> None:
    def read(sql: str) -> dict[str, list[str]]:
        return {r.source.name: r.columns for r in lake.engine().plan(sql, "biotheca").readings.values()}

    assert read("SELECT acc, organism FROM run") == {
        "run_own": ["acc", "organism", "status"],
        "run_base": ["acc", "batch", "organism", "status"],
        "run_overlay": ["acc", "batch", "gone", "organism", "status"],
        "mirror_snapshot": ["batch"],
    }
    assert read("SELECT organism FROM sra.metadata")["run_base"] == ["acc", "batch", "organism", "status"]
    assert read("SELECT acc, study_abstract FROM run_wide")["project_base"] == ["acc", "batch", "status"]
    assert read("SELECT count(*) FROM run")["run_own"] == ["status"]
    few, all_ = (lake.ask(f"SELECT {what} FROM run")[2] for what in ("acc, organism", "*"))
    assert 0 < few < all_ / 5


def test_what_a_query_demands_of_a_view_spares_the_files_of_its_tables(lake: Lake) -> None:
    def demands(sql: str) -> dict[str, str]:
        readings = lake.engine().plan(sql, "biotheca").readings.values()
        said = {r.source.name: [f"{c.column} {c.operator} {c.value}" for c in r.conditions] for r in readings}
        return {name: ", ".join(found) for name, found in said.items() if found}

    live = {"run_own": "status = live"}
    by_accession = demands("SELECT organism FROM sra.metadata WHERE acc = 'SRR000001'")
    assert by_accession == {"run_own": "status = live, acc = SRR000001", "run_base": "status = live, acc = SRR000001"}
    by_number = demands(
        "SELECT r.acc FROM run r JOIN tax_analysis t ON t.acc = r.acc WHERE r.spots > 5 AND t.tax_id = 7"
    )
    assert by_number["run_base"] == "status = live, spots > 5" and by_number["tax_analysis"] == "tax_id = 7"
    assert (
        demands("SELECT r.acc FROM study s LEFT JOIN run r ON r.sra_study = s.acc WHERE r.spots > 5").items()
        >= live.items()
    )
    counted = demands("SELECT n FROM (SELECT organism, count(*) AS n FROM run GROUP BY organism) WHERE n = 1")
    assert counted == live | {"run_base": "status = live"}
    first = "SELECT acc FROM (SELECT acc, spots, row_number() OVER (PARTITION BY acc ORDER BY spots) AS n FROM run)"
    assert demands(f"{first} WHERE n = 1 AND spots = 3 AND acc = 'x'")["run_own"] == "status = live, acc = x"
    assert lake.ask("SELECT organism FROM run WHERE acc = 'ZZZ'")[2] < lake.ask("SELECT acc, organism FROM run")[2]


def test_a_name_of_a_with_clause_hides_no_table_of_a_view(lake: Lake) -> None:
    sql = "WITH run_own AS (SELECT 1 AS one) SELECT count(*), max(one) FROM biotheca.run CROSS JOIN run_own"
    assert lake.rows(sql) == [["7", "1"]]
    assert lake.rows("SELECT biotheca.run.acc FROM biotheca.run WHERE run.acc = 'SRR000001'") == [["SRR000001"]]


def test_a_view_has_no_versions_and_its_tables_have(lake: Lake) -> None:
    as_of = "FOR TIMESTAMP AS OF TIMESTAMP '2099-01-01 00:00:00 UTC'"
    tables = ["mirror_snapshot", "run_base", "run_overlay", "run_own"]
    with pytest.raises(Failed, match=re.escape(", ".join(f"biotheca.{name}" for name in tables))):
        lake.rows(f"SELECT acc FROM run {as_of}")
    assert lake.rows(f"SELECT count(*) FROM run_own {as_of}") == [["2"]]


def test_the_columns_of_sra_metadata_are_ncbis_in_ncbis_order() -> None:
    names = """acc assay_type center_name consent experiment sample_name instrument librarylayout libraryselection
        librarysource platform sample_acc biosample organism sra_study releasedate bioproject mbytes loaddate avgspotlen
        mbases insertsize library_name biosamplemodel_sam collection_date_sam geo_loc_name_country_calc
        geo_loc_name_country_continent_calc geo_loc_name_sam ena_first_public_run ena_last_update_run sample_name_sam
        datastore_filetype datastore_provider datastore_region attributes jattr"""
    assert list(SRA_METADATA_COLUMNS) == names.split()


def test_show_and_describe_know_views(lake: Lake) -> None:
    from local.athena.describe import describe

    def lines(sql: str) -> list[str]:
        found = describe(lake.engine(), sql, "biotheca")
        assert found is not None
        return [" ".join(row[0].split()) for row in found[1]]

    of_biotheca = sorted(view.name for view in views() if view.database == "biotheca")
    assert lines("SHOW VIEWS") == of_biotheca and lines("SHOW VIEWS IN sra") == ["metadata"]
    assert lines("SHOW VIEWS IN biotheca LIKE 'run*'") == ["run", "run_wide"]
    assert {"run", "run_own", "change_log"} <= set(lines("SHOW TABLES IN biotheca"))
    assert lines("SHOW COLUMNS IN sra.metadata") == list(SRA_METADATA_COLUMNS)
    assert lines("DESCRIBE biotheca.file")[:3] == ["acc varchar", "source varchar", "name varchar"]
    assert lines("SHOW CREATE VIEW sra.metadata")[0] == "CREATE VIEW sra.metadata AS"
    assert any(
        line.startswith("- read biotheca.run_base [acc, batch, status]")
        for line in lines("EXPLAIN SELECT acc FROM run")
    )
    with pytest.raises(Failed, match="SHOW CREATE VIEW shows it"):
        lines("SHOW CREATE TABLE run")
    with pytest.raises(Failed, match="SHOW CREATE TABLE shows it"):
        lines("SHOW CREATE VIEW run_own")


@pytest.mark.parametrize(
    ("sql", "listed", "words"),
    [
        ("SELECT acc FROM biotheca.broken", ["acc"], "View is recursive"),
        ("SELECT acc, organism FROM biotheca.run", ["acc"], "is stale or in invalid state"),
        ("SELECT * FROM biotheca.run_own", ["acc"], "name its columns"),
        ("SELECT acc FROM biotheca.nowhere", ["acc"], "TABLE_NOT_FOUND"),
        ("SELECT soundex(acc) AS acc FROM biotheca.run", ["acc"], "the function soundex"),
    ],
)
def test_a_view_that_is_not_whole_is_refused_with_the_reason(
    lake: Lake, sql: str, listed: list[str], words: str
) -> None:
    told: dict[str, Any] = {"originalSql": sql, "catalog": "awsdatacatalog", "schema": "biotheca"}
    told |= {"columns": [{"name": n, "type": "varchar"} for n in listed]}
    with broken_view(lake, told, listed), pytest.raises(Failed, match=words):
        lake.rows("SELECT * FROM biotheca.broken")


def test_a_text_that_is_no_view_of_athena_is_refused(lake: Lake) -> None:
    with broken_view(lake, {"originalSql": "SELECT 1"}, ["acc"]), pytest.raises(Failed, match="INVALID_VIEW"):
        lake.rows("SELECT * FROM biotheca.broken")


class broken_view:
    """A view of that text for the length of a block."""

    def __init__(self, lake: Lake, told: dict[str, Any], listed: list[str]) -> None:
        self.glue = lake.served.client("glue", region=REGION)
        text = f"/* Presto View: {b64encode(json.dumps(told).encode()).decode()} */"
        columns = [{"Name": name, "Type": "string"} for name in listed]
        self.input = {"Name": "broken", "TableType": "VIRTUAL_VIEW", "ViewOriginalText": text}
        self.input |= {"StorageDescriptor": {"Columns": columns}}

    def __enter__(self) -> None:
        self.glue.create_table(DatabaseName="biotheca", TableInput=self.input)

    def __exit__(self, *_: object) -> None:
        self.glue.delete_table(DatabaseName="biotheca", Name="broken")
