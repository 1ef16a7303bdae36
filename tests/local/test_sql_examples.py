"""The saved queries of docs/sql run on the laptop, give the columns that they promise, and are listed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyathena import connect

from tests.local.served import KEY, SECRET
from tests.local.small_lake import Lake

FOLDER = Path(__file__).resolve().parents[2] / "docs/sql"
FILES = sorted(FOLDER.glob("*.sql"))


def read(path: Path) -> tuple[str, list[str], str]:
    """Question, columns and query of a file."""
    match = re.fullmatch(r"-- Question: ([^\n]+)\n-- Columns: ([^\n]+)\n(.+)", path.read_text(), re.DOTALL)
    assert match, f"{path.name} does not begin with its question and its columns"
    return match[1], match[2].split(", "), match[3]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_saved_query_gives_the_columns_that_it_promises(lake: Lake, path: Path) -> None:
    _, columns, sql = read(path)
    names, rows, scanned = lake.ask(sql)
    assert names == columns and rows, f"{path.name} finds nothing in the small lake"
    assert scanned > 0


def test_the_list_of_saved_queries_is_whole() -> None:
    listed = dict(re.findall(r"\| \[(\w+)\]\(\1\.sql\) \| (.+) \|", (FOLDER / "README.md").read_text()))
    assert listed == {path.stem: read(path)[0] for path in FILES}
    assert len(FILES) >= 20


def test_what_a_few_of_them_answer_is_known(lake: Lake) -> None:
    def rows(name: str) -> list[list[str | None]]:
        return lake.rows(read(FOLDER / f"{name}.sql")[2])

    assert rows("own_and_mirrored_by_organism") == [
        ["Homo sapiens", "1", "3", "0.003", "0.045"],
        ["Mus musculus", "1", "2", "0.006", "0.024"],
    ]
    assert rows("status_of_accessions") == [
        ["SRR000001", "RUN", "live", None, "true"],
        ["SRR000003", "RUN", "suppressed", None, "false"],
        ["SRR000007", "RUN", "suppressed", None, "false"],
        ["SRR000010", "RUN", "replaced", "SRR000009", "false"],
    ]
    assert rows("withdrawn_since") == [
        ["SRR000004", "2026-01-11", "gone", None],
        ["SRR000007", "2026-01-12", "status", "suppressed"],
    ]
    assert [row[0] for row in rows("ncbi_tax_analysis")] == ["CRR000001", "SRR000001"]


@pytest.fixture
def answering(lake: Lake) -> Iterator[Lake]:
    with lake.answering():
        yield lake


def test_boto3_and_pyathena_run_the_same_query_over_the_api(answering: Lake) -> None:
    lake = answering
    _, columns, sql = read(FOLDER / "ncbi_by_attribute.sql")
    client: Any = lake.served.client("athena", region=lake.region)
    place = {"OutputLocation": f"s3://{lake.bucket}/results/"}
    told = {"QueryExecutionContext": {"Database": "biotheca"}, "ResultConfiguration": place}
    started = client.start_query_execution(QueryString=sql, **told)["QueryExecutionId"]
    with lake_cursor(lake) as cursor:
        cursor.execute(sql)
        theirs = [list(row) for row in cursor.fetchall()]
        assert [name for name, *_ in cursor.description or []] == columns
    execution = client.get_query_execution(QueryExecutionId=started)["QueryExecution"]
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
    assert execution["Statistics"]["DataScannedInBytes"] > 0
    header, *rows = client.get_query_results(QueryExecutionId=started)["ResultSet"]["Rows"]
    assert [cell["VarCharValue"] for cell in header["Data"]] == columns
    assert [[cell["VarCharValue"] for cell in row["Data"]] for row in rows] == theirs == lake.rows(sql)


def lake_cursor(lake: Lake) -> Any:
    keys = {"aws_access_key_id": KEY, "aws_secret_access_key": SECRET, "region_name": lake.region}
    where = {"s3_staging_dir": f"s3://{lake.bucket}/pyathena/", "endpoint_url": lake.served.url}
    return connect(**keys, **where, schema_name="biotheca", poll_interval=0.02).cursor()
