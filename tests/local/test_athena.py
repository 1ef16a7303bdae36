"""Athena on DuckDB: real rows through boto3 and PyAthena, Athena's values, and refusals by name.

Expected values are those of Trino's documentation (the engine of Athena version 3).
"""

from __future__ import annotations

import datetime as dt
import secrets
import time
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError
from moto.glue.models import glue_backends
from pyathena import connect
from pyathena.error import OperationalError
from pyiceberg.catalog import load_catalog

from local import athena, hive_types, lake_tables
from local.athena.backend import DuckAthena
from local.athena.engine import Engine
from local.athena.sources import Connection
from local.athena.values import java_double, text
from tests.local.served import KEY, SECRET, Served, serving

COLUMNS = {
    "acc": "string",
    "spots": "bigint",
    "size_gb": "double",
    "price": "decimal(9,2)",
    "released": "date",
    "at": "timestamp",
    "attrs": "array<struct<k:string,v:string>>",
    "tags": "map<string,string>",
    "names": "array<string>",
    "js": "string",
}
ROWS: list[dict[str, Any]] = [
    {
        "acc": "CRR000001",
        "spots": 7,
        "size_gb": 1.5,
        "price": "12.50",
        "released": dt.date(2026, 1, 31),
        "at": dt.datetime(2026, 1, 31, 1, 2, 3),
        "attrs": [{"k": "tissue", "v": "liver"}, {"k": "sex", "v": None}],
        "tags": [("a", "1"), ("b", "2")],
        "names": ["p", "q"],
        "js": '{"a": {"b": [1, 2]}, "s": "text", "n": null}',
    },
    {"acc": "CRR000002", "spots": 2, "names": [], "js": "no json"},
    {"acc": 'CRR"3,x', "spots": -7},
]


class Cloud(Served):
    bucket_name: str
    table: Any


@pytest.fixture(scope="module")
def cloud() -> Iterator[Any]:
    lake_tables.install()
    with serving() as served:
        before = getattr(DuckAthena, "connection", None)
        athena.install(lambda: served.url, KEY, SECRET)
        served.bucket_name = served.bucket()  # type: ignore[attr-defined]
        _make_iceberg(served)
        _make_parquet(served)
        yield served
        if before is not None:  # another cloud of this process goes on with its own
            DuckAthena.connection = before


def _make_iceberg(cloud: Any) -> None:
    glue = cloud.client("glue")
    glue.create_database(DatabaseInput={"Name": "edges"})
    columns = [{"Name": name, "Type": kind, "Comment": f"the {name}"} for name, kind in COLUMNS.items()]
    descriptor = {"Columns": columns, "Location": f"s3://{cloud.bucket_name}/runs"}
    made = {"IcebergInput": {"MetadataOperation": "CREATE", "Version": "2"}}
    table = {"Name": "runs", "StorageDescriptor": descriptor}
    glue.create_table(DatabaseName="edges", TableInput=table, OpenTableFormatInput=made)
    keys = {"access-key-id": KEY, "secret-access-key": SECRET, "region": "us-east-1", "endpoint": cloud.url}
    properties = {"type": "glue"} | {f"{s}.{k}": v for s in ("glue", "s3") for k, v in keys.items()}
    cloud.table = load_catalog("glue", **properties).load_table("edges.runs")
    kinds = {name: hive_types.to_arrow(hive_types.parse(kind)) for name, kind in COLUMNS.items()}
    rows = [{**row, "price": None} for row in ROWS]
    cloud.table.append(pa.Table.from_pylist(rows, schema=pa.schema(list(kinds.items()))))


def _make_parquet(cloud: Any) -> None:
    glue, s3 = cloud.client("glue"), cloud.client("s3")
    location = f"s3://{cloud.bucket_name}/hive"
    columns = [
        {"Name": "Acc", "Type": "string"},
        {"Name": "spots", "Type": "bigint"},
        {"Name": "wide", "Type": "string"},
    ]
    form = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
    descriptor = {"Columns": columns, "Location": location, "InputFormat": form}
    keys = [{"Name": "source", "Type": "string"}, {"Name": "year", "Type": "int"}]
    table = {"Name": "Parted", "StorageDescriptor": descriptor, "PartitionKeys": keys}
    glue.create_table(DatabaseName="edges", TableInput=table | {"Name": "parted"})
    for source, year in (("own", 2025), ("own", 2026), ("ncbi", 2026), ("unlisted", 2026)):
        rows = [{"acc": f"{source}{year}{n}", "spots": n, "wide": f"{n}" * 2000} for n in range(10)]
        sink = pa.BufferOutputStream()
        pq.write_table(pa.Table.from_pylist(rows), sink, compression="none")
        where = f"source={source}/year={year}"
        s3.put_object(Bucket=cloud.bucket_name, Key=f"hive/{where}/part.parquet", Body=sink.getvalue().to_pybytes())
        if source != "unlisted":
            part = {
                "Values": [source, str(year)],
                "StorageDescriptor": descriptor | {"Location": f"{location}/{where}"},
            }
            glue.create_partition(DatabaseName="edges", TableName="parted", PartitionInput=part)

    sink = pa.BufferOutputStream()
    noise = [secrets.token_bytes(1_000_000) for _ in range(11)]
    pq.write_table(pa.table({"n": list(range(11)), "noise": noise}), sink, compression="none")
    s3.put_object(Bucket=cloud.bucket_name, Key="big/part.parquet", Body=sink.getvalue().to_pybytes())
    columns = [{"Name": "n", "Type": "bigint"}, {"Name": "noise", "Type": "binary"}]
    descriptor = {"Columns": columns, "Location": f"s3://{cloud.bucket_name}/big", "InputFormat": form}
    glue.create_table(DatabaseName="edges", TableInput={"Name": "big", "StorageDescriptor": descriptor})


def run(cloud: Any, sql: str, **more: Any) -> dict[str, Any]:
    """The finished execution."""
    client = cloud.client("athena")
    more = {"ResultConfiguration": {"OutputLocation": f"s3://{cloud.bucket_name}/out"}} | more
    context = {"Database": "edges"}
    started = client.start_query_execution(QueryString=sql, QueryExecutionContext=context, **more)
    while True:
        execution = client.get_query_execution(QueryExecutionId=started["QueryExecutionId"])["QueryExecution"]
        if execution["Status"]["State"] in ("SUCCEEDED", "FAILED", "CANCELLED"):
            return execution
        time.sleep(0.01)


def results(cloud: Any, sql: str, **more: Any) -> tuple[list[str], list[list[str | None]]]:
    """Header and rows."""
    execution = run(cloud, sql, **more)
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"].get("StateChangeReason")
    got = cloud.client("athena").get_query_results(QueryExecutionId=execution["QueryExecutionId"])
    rows = [[cell.get("VarCharValue") for cell in row["Data"]] for row in got["ResultSet"]["Rows"]]
    return rows[0], rows[1:]


def values(cloud: Any, expressions: list[str], where: str = "") -> dict[str, str | None]:
    """Straight from the engine: the way over HTTP is taken by enough other tests."""
    engine = Engine(glue_backends["123456789012"]["us-east-1"], Connection(lambda: cloud.url, KEY, SECRET))
    plan = engine.plan(f"SELECT {', '.join(expressions)} {where}", "edges")
    row = next(engine.run(plan, lambda _: None, lambda _: None).rows)
    return dict(zip(expressions, map(text, row), strict=True))


def value(cloud: Any, expression: str, where: str = "") -> str | None:
    return values(cloud, [expression], where)[expression]


def reason(cloud: Any, sql: str, **more: Any) -> str:
    status = run(cloud, sql, **more)["Status"]
    assert status["State"] == "FAILED", status
    return status["StateChangeReason"]


EXPRESSIONS: list[tuple[str, str | None]] = [
    ("7/2", "3"),
    ("-7/2", "-3"),
    ("7e0/2", "3.5"),
    ("1e0/0", "Infinity"),
    ("-7 % 3", "-1"),
    ("mod(7, 3)", "1"),
    ("try(1/0)", None),
    ("1 + 2 * 3", "7"),
    ("1.5 * 2", "3.0"),
    ("abs(-3)", "3"),
    ("ceil(1.2e0)", "2.0"),
    ("floor(-1.2e0)", "-2.0"),
    ("round(2.5e0)", "3.0"),
    ("round(3.14159e0, 2)", "3.14"),
    ("sign(-3)", "-1"),
    ("sqrt(9e0)", "3.0"),
    ("power(2, 10)", "1024.0"),
    ("exp(0e0)", "1.0"),
    ("ln(1e0)", "0.0"),
    ("log2(8e0)", "3.0"),
    ("log10(1000e0)", "3.0"),
    ("1e10", "1.0E10"),
    ("1e-5", "1.0E-5"),
    ("greatest(1, NULL)", None),
    ("greatest(1, 3, 2)", "3"),
    ("least(2, 1)", "1"),
    ("coalesce(NULL, 2)", "2"),
    ("nullif(1, 1)", None),
    ("if(1 > 2, 'a', 'b')", "b"),
    ("CASE WHEN TRUE THEN 1 ELSE 2 END", "1"),
    ("CAST(2.5e0 AS BIGINT)", "3"),
    ("CAST('42' AS BIGINT)", "42"),
    ("TRY_CAST('4.2' AS BIGINT)", None),
    ("CAST(42 AS VARCHAR)", "42"),
    ("CAST(TIMESTAMP '2026-01-31 01:02:03' AS VARCHAR)", "2026-01-31 01:02:03.000"),
    ("TIMESTAMP '2026-01-31 01:02:03.5'", "2026-01-31 01:02:03.500"),
    ("TRUE", "true"),
    ("lower('AbC')", "abc"),
    ("upper('AbC')", "ABC"),
    ("trim('  a ')", "a"),
    ("length('日本')", "2"),
    ("replace('banana', 'an')", "ba"),
    ("replace('banana', 'an', 'x')", "bxxa"),
    ("reverse('abc')", "cba"),
    ("concat('a', 'b')", "ab"),
    ("concat('a', NULL)", None),
    ("'a' || 'b'", "ab"),
    ("concat_ws('-', 'a', 'b')", "a-b"),
    ("lpad('7', 3, '0')", "007"),
    ("rpad('7', 3, '0')", "700"),
    ("strpos('abcb', 'b')", "2"),
    ("strpos('abc', 'z')", "0"),
    ("starts_with('abc', 'ab')", "true"),
    ("substr('abcdef', 2, 3)", "bcd"),
    ("substr('abcdef', -2)", "ef"),
    ("substr('abcdef', 0)", ""),
    ("split('a,b', ',')", "[a, b]"),
    ("split_part('a,b', ',', 2)", "b"),
    ("split_part('a,b', ',', 3)", None),
    ("regexp_like('CRR12', '^CRR[0-9]+$')", "true"),
    ("regexp_extract('1a 2b', '[0-9]+')", "1"),
    ("regexp_extract('1a 2b', '([0-9]+)([a-z])', 2)", "a"),
    ("regexp_extract('abc', '[0-9]')", None),
    ("regexp_replace('1a 2b', '[0-9]')", "a b"),
    ("regexp_replace('1a 2b', '([0-9])([a-z])', '$2$1')", "a1 b2"),
    ("levenshtein_distance('abc', 'abd')", "1"),
    ("chr(65)", "A"),
    ("format('%05d|%s|%.2f|%%', 42, 'x', 1.5e0)", "00042|x|1.50|%"),
    ("json_extract_scalar('{\"a\": {\"b\": 1}}', '$.a')", None),
    ("json_extract_scalar('{\"a\": {\"b\": 1}}', '$.a.b')", "1"),
    ("json_extract_scalar('{\"a\": [5, 6]}', '$.a[1]')", "6"),
    ("json_extract_scalar('oops', '$.a')", None),
    ("json_extract_scalar('{\"a\": null}', '$.a')", None),
    ("ARRAY[1, NULL, 3]", "[1, null, 3]"),
    ("ARRAY[1, 2][2]", "2"),
    ("element_at(ARRAY[1, 2], 5)", None),
    ("element_at(ARRAY[1, 2], -1)", "2"),
    ("cardinality(ARRAY[1, 2])", "2"),
    ("cardinality(CAST(MAP(ARRAY['a'], ARRAY[1]) AS MAP(VARCHAR, BIGINT)))", "1"),
    ("contains(ARRAY[1, 2], 2)", "true"),
    ("contains(ARRAY[1, 2], 3)", "false"),
    ("contains(ARRAY[1, NULL], 3)", None),
    ("array_position(ARRAY['a', 'b'], 'b')", "2"),
    ("array_position(ARRAY['a', 'b'], 'z')", "0"),
    ("array_join(ARRAY['a', 'b'], '+')", "a+b"),
    ("array_max(ARRAY[1, 3, 2])", "3"),
    ("array_min(ARRAY[1, 3, 2])", "1"),
    ("array_max(ARRAY[1, NULL])", None),
    ("substr('abc', -5)", ""),
    ("filter(ARRAY[1, 2, 3], x -> x > 1)", "[2, 3]"),
    ("transform(ARRAY[1, 2], x -> x * 10)", "[10, 20]"),
    ("any_match(ARRAY[1, 2], x -> x > 1)", "true"),
    ("any_match(ARRAY[1, NULL], x -> x > 1)", None),
    ("all_match(ARRAY[1, 2], x -> x > 1)", "false"),
    ("all_match(ARRAY[2, 3], x -> x > 1)", "true"),
    ("none_match(ARRAY[1, 2], x -> x > 5)", "true"),
    ("arrays_overlap(ARRAY[1, 2], ARRAY[2, 3])", "true"),
    ("arrays_overlap(ARRAY[1, 2], ARRAY[3, NULL])", None),
    ("sequence(1, 3)", "[1, 2, 3]"),
    ("MAP(ARRAY['a', 'b'], ARRAY[1, 2])", "{a=1, b=2}"),
    ("map_keys(MAP(ARRAY['a'], ARRAY[1]))", "[a]"),
    ("map_values(MAP(ARRAY['a'], ARRAY[1]))", "[1]"),
    ("element_at(MAP(ARRAY['a'], ARRAY[1]), 'z')", None),
    ("date_diff('day', DATE '2026-01-31', DATE '2026-03-01')", "29"),
    ("date_diff('year', DATE '2025-12-31', DATE '2026-01-01')", "0"),
    ("date_diff('month', DATE '2026-01-15', DATE '2026-02-14')", "0"),
    ("date_diff('hour', TIMESTAMP '2026-01-01 00:59:00', TIMESTAMP '2026-01-01 01:01:00')", "0"),
    ("date_add('day', 1, DATE '2026-01-31')", "2026-02-01"),
    ("date_add('month', 1, DATE '2026-01-31')", "2026-02-28"),
    ("DATE '2026-01-31' + INTERVAL '1' DAY", "2026-02-01"),
    ("date_trunc('month', DATE '2026-01-31')", "2026-01-01"),
    ("date_trunc('hour', TIMESTAMP '2026-01-31 01:02:03')", "2026-01-31 01:00:00.000"),
    ("extract(YEAR FROM DATE '2026-01-31')", "2026"),
    ("year(DATE '2026-01-31')", "2026"),
    ("month(DATE '2026-01-31')", "1"),
    ("day(DATE '2026-01-31')", "31"),
    ("day_of_month(DATE '2026-01-31')", "31"),
    ("hour(TIMESTAMP '2026-01-31 01:02:03')", "1"),
    ("minute(TIMESTAMP '2026-01-31 01:02:03')", "2"),
    ("second(TIMESTAMP '2026-01-31 01:02:03')", "3"),
    ("quarter(DATE '2026-04-01')", "2"),
    ("week(DATE '2026-01-01')", "1"),
    ("day_of_year(DATE '2026-02-01')", "32"),
    ("day_of_week(DATE '2026-02-01')", "7"),
    ("date_format(TIMESTAMP '2026-01-31 01:02:03', '%Y-%m-%d %H:%i:%s')", "2026-01-31 01:02:03"),
    ("to_unixtime(TIMESTAMP '1970-01-02 00:00:00')", "86400.0"),
    ("date(TIMESTAMP '2026-01-31 01:02:03')", "2026-01-31"),
    ("from_iso8601_date('2026-01-31')", "2026-01-31"),
    ("last_day_of_month(DATE '2026-02-01')", "2026-02-28"),
    ("current_date > DATE '2020-01-01'", "true"),
    ("now() > TIMESTAMP '2020-01-01 00:00:00'", "true"),
    ("1 IS DISTINCT FROM NULL", "true"),
    ("'abc' LIKE 'a%'", "true"),
    ("2 BETWEEN 1 AND 3", "true"),
    ("EXISTS (SELECT 1)", "true"),
]


def test_expressions_have_athenas_values(cloud: Any) -> None:
    """All in one query: DuckDB's start costs more than any of them."""
    assert values(cloud, [e for e, _ in EXPRESSIONS]) == dict(EXPRESSIONS)


AGGREGATES = [
    ("count(*)", "3"),
    ("count(size_gb)", "1"),
    ("count(DISTINCT names)", "2"),
    ("sum(spots)", "2"),
    ("avg(spots)", java_double(2 / 3)),
    ("min(acc)", 'CRR"3,x'),
    ("max(spots)", "7"),
    ("count_if(spots > 0)", "2"),
    ("bool_and(spots > 0)", "false"),
    ("every(spots > -8)", "true"),
    ("bool_or(spots > 6)", "true"),
    ("arbitrary(size_gb)", "1.5"),
    ("cardinality(array_agg(size_gb))", "3"),
    ("approx_distinct(acc)", "3"),
    ("max_by(acc, spots)", "CRR000001"),
    ("min_by(acc, spots)", 'CRR"3,x'),
    ("round(stddev(spots), 4)", "7.0946"),
    ("round(stddev_pop(spots), 4)", "5.7927"),
    ("round(stddev_samp(spots), 4)", "7.0946"),
    ("round(variance(spots), 2)", "50.33"),
    ("round(var_pop(spots), 2)", "33.56"),
    ("round(corr(spots, spots), 6)", "1.0"),
    ("approx_percentile(spots, 0.5)", "2"),
    ("listagg(acc, ';') WITHIN GROUP (ORDER BY spots)", 'CRR"3,x;CRR000002;CRR000001'),
    ("map_agg(acc, spots)", '{CRR000001=7, CRR000002=2, CRR"3,x=-7}'),
]


def test_aggregates_have_athenas_values(cloud: Any) -> None:
    assert values(cloud, [e for e, _ in AGGREGATES], "FROM runs") == dict(AGGREGATES)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("row_number()", ["1", "2", "3"]),
        ("rank()", ["1", "2", "3"]),
        ("dense_rank()", ["1", "2", "3"]),
        ("ntile(3)", ["1", "2", "3"]),
        ("lag(spots, 1)", [None, "-7", "2"]),
        ("lead(spots, 1)", ["2", "7", None]),
        ("first_value(spots)", ["-7", "-7", "-7"]),
        ("last_value(spots)", ["-7", "2", "7"]),
        ("nth_value(spots, 1)", ["-7", "-7", "-7"]),
        ("percent_rank()", ["0.0", "0.5", "1.0"]),
        ("sum(spots)", ["-7", "-5", "2"]),
        ("round(cume_dist()", None),
    ],
)
def test_a_window_function_has_athenas_values(cloud: Any, function: str, expected: list[str | None] | None) -> None:
    end = ", 2)" if function.startswith("round(") else ""
    sql = f"SELECT {function} OVER (ORDER BY spots){end} FROM runs ORDER BY spots"
    assert [row[0] for row in results(cloud, sql)[1]] == (expected or ["0.33", "0.67", "1.0"])


def test_names_types_and_values_of_a_whole_row(cloud: Any) -> None:
    execution = run(cloud, "SELECT *, spots / 2, 'x' FROM runs WHERE acc = 'CRR000001'")
    got = cloud.client("athena").get_query_results(QueryExecutionId=execution["QueryExecutionId"])["ResultSet"]
    names = [c["Name"] for c in got["ResultSetMetadata"]["ColumnInfo"]]
    assert names == [*COLUMNS, "_col10", "_col11"]
    kinds = [c["Type"] for c in got["ResultSetMetadata"]["ColumnInfo"]][:10]
    assert kinds == ["varchar", "bigint", "double", "decimal", "date", "timestamp", "array", "map", "array", "varchar"]
    cells = [c.get("VarCharValue") for c in got["Rows"][1]["Data"]]
    assert cells[:9] == [
        "CRR000001",
        "7",
        "1.5",
        None,
        "2026-01-31",
        "2026-01-31 01:02:03.000",
        "[{k=tissue, v=liver}, {k=sex, v=null}]",
        "{a=1, b=2}",
        "[p, q]",
    ]


def test_the_csv_of_a_result_is_quoted_as_athena_quotes(cloud: Any) -> None:
    execution = run(cloud, "SELECT acc, size_gb AS Size, '' AS nothing FROM runs ORDER BY spots")
    where = execution["ResultConfiguration"]["OutputLocation"]
    assert where == f"s3://{cloud.bucket_name}/out/{execution['QueryExecutionId']}.csv"
    body = cloud.client("s3").get_object(Bucket=cloud.bucket_name, Key=where.split("/", 3)[3])["Body"].read()
    assert body == b'"acc","size","nothing"\n"CRR""3,x",,""\n"CRR000002",,""\n"CRR000001","1.5",""\n'


def test_unnest_spreads_rows_maps_and_arrays(cloud: Any) -> None:
    sql = "SELECT acc, t.k, v FROM runs CROSS JOIN UNNEST(attrs) AS t(k, v)"
    assert results(cloud, sql)[1] == [["CRR000001", "tissue", "liver"], ["CRR000001", "sex", None]]
    sql = "SELECT k, v FROM runs CROSS JOIN UNNEST(tags) AS t(k, v) ORDER BY k"
    assert results(cloud, sql)[1] == [["a", "1"], ["b", "2"]]
    sql = "SELECT n, i FROM runs CROSS JOIN UNNEST(names) WITH ORDINALITY AS t(n, i)"
    assert results(cloud, sql)[1] == [["p", "1"], ["q", "2"]]
    sql = "SELECT spots, n FROM runs LEFT JOIN UNNEST(names) AS t(n) ON TRUE ORDER BY spots, n"
    assert results(cloud, sql)[1] == [["-7", None], ["2", None], ["7", "p"], ["7", "q"]]
    refused = reason(cloud, "SELECT a FROM runs CROSS JOIN UNNEST(attrs) AS t(a)")
    assert "MISMATCHED_COLUMN_ALIASES" in refused


def test_ctes_joins_unions_and_windows_run(cloud: Any) -> None:
    sql = """WITH big AS (SELECT acc, spots FROM runs WHERE spots > 0)
        SELECT a.acc, b.spots, row_number() OVER (ORDER BY b.spots DESC) AS n
        FROM big a JOIN edges.runs b ON a.acc = b.acc ORDER BY n"""
    assert results(cloud, sql) == (["acc", "spots", "n"], [["CRR000001", "7", "1"], ["CRR000002", "2", "2"]])
    sql = "SELECT 1 AS x UNION ALL SELECT 2 ORDER BY 1 DESC LIMIT 1"
    assert results(cloud, sql) == (["x"], [["2"]])
    sql = "SELECT x FROM (VALUES (1), (NULL), (2)) AS t(x) ORDER BY x DESC"
    assert results(cloud, sql)[1] == [["2"], ["1"], [None]]  # nulls are last, whichever way
    sql = "SELECT max_by(y, x) FROM (VALUES (1, 'a'), (2, NULL)) AS t(x, y)"
    assert results(cloud, sql)[1] == [[None]]
    assert value(cloud, "attrs[1].k", "FROM runs WHERE acc = 'CRR000001'") == "tissue"
    sql = "SELECT x FROM (VALUES (1, 'a'), (2, 'b')) AS t(x, y) WHERE x NOT IN (SELECT spots FROM runs)"
    assert results(cloud, sql)[1] == [["1"]]


def test_hive_partitions_are_those_that_glue_lists(cloud: Any) -> None:
    sql = 'SELECT source, year, count(*) FROM "edges"."parted" GROUP BY source, year ORDER BY 1, 2'
    assert results(cloud, sql)[1] == [["ncbi", "2026", "10"], ["own", "2025", "10"], ["own", "2026", "10"]]
    sql = 'SELECT DISTINCT "$path" FROM parted WHERE year = 2025'
    assert results(cloud, sql)[1] == [[f"s3://{cloud.bucket_name}/hive/source=own/year=2025/part.parquet"]]


def test_bytes_are_those_of_the_columns_and_partitions_read(cloud: Any) -> None:
    def scanned(sql: str) -> int:
        return run(cloud, sql)["Statistics"]["DataScannedInBytes"]

    narrow, wide = scanned("SELECT spots FROM parted"), scanned("SELECT spots, wide FROM parted")
    assert 0 < narrow < 2000 and wide > 60_000
    assert 20_000 < scanned("SELECT wide FROM parted WHERE year = 2025") < wide / 2
    assert 0 < scanned("SELECT spots FROM runs") < scanned("SELECT spots, attrs FROM runs")
    assert scanned("SELECT spots FROM runs WHERE spots > 1000") == 0  # the manifest's bounds leave no file


def test_a_workgroup_bounds_bytes_and_rules_where_results_go(cloud: Any) -> None:
    client = cloud.client("athena")
    inside = f"s3://{cloud.bucket_name}/group/"
    limits = {"ResultConfiguration": {"OutputLocation": inside}, "BytesScannedCutoffPerQuery": 10_000_000}
    client.create_work_group(Name="reports", Configuration=limits | {"EnforceWorkGroupConfiguration": True})
    execution = run(cloud, "SELECT wide FROM parted", WorkGroup="reports")
    assert execution["ResultConfiguration"]["OutputLocation"].startswith(inside)
    assert reason(cloud, "SELECT noise FROM big", WorkGroup="reports") == "Bytes scanned limit was exceeded"
    assert value(cloud, "count(n)", "FROM big") == "11"
    with pytest.raises(ClientError, match="No output location provided"):
        client.start_query_execution(QueryString="SELECT 1", WorkGroup="primary")


def test_parameters_fill_the_questions_from_left_to_right(cloud: Any) -> None:
    sql = "SELECT acc, ? FROM runs WHERE spots > ? AND acc LIKE ? ORDER BY 1"
    parameters = ["'first'", "0", "'CRR%'"]
    assert results(cloud, sql, ExecutionParameters=parameters)[1] == [["CRR000001", "first"], ["CRR000002", "first"]]
    assert "expected 3 but found 1" in reason(cloud, sql, ExecutionParameters=["1"])
    attack = ["'a'", "0", "(SELECT acc FROM runs)"]
    assert "not a literal" in reason(cloud, sql, ExecutionParameters=attack)


def test_results_come_in_pages_with_the_header_first(cloud: Any) -> None:
    execution = run(cloud, "SELECT n FROM UNNEST(sequence(1, 2500)) AS t(n) ORDER BY n")
    pages = cloud.client("athena").get_paginator("get_query_results")
    cells = []
    for page in pages.paginate(QueryExecutionId=execution["QueryExecutionId"]):
        assert len(page["ResultSet"]["Rows"]) <= 1000
        cells += [row["Data"][0]["VarCharValue"] for row in page["ResultSet"]["Rows"]]
    assert cells == ["n", *map(str, range(1, 2501))]


def test_time_travel_and_metadata_tables(cloud: Any) -> None:
    before = cloud.table.refresh().current_snapshot()
    kinds = cloud.table.schema().as_arrow()
    cloud.table.append(pa.Table.from_pylist([{"acc": "LATER", "spots": 0}], schema=kinds))
    try:
        assert value(cloud, "count(*)", "FROM runs") == "4"
        assert value(cloud, "count(*)", f"FROM runs FOR VERSION AS OF {before.snapshot_id}") == "3"
        moment = dt.datetime.fromtimestamp(before.timestamp_ms / 1000 + 0.002, dt.UTC)
        as_of = f"FOR TIMESTAMP AS OF TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S.%f} UTC'"
        assert value(cloud, "count(*)", f"FROM runs {as_of}") == "3"
        assert "No version history" in reason(
            cloud, "SELECT 1 FROM runs FOR TIMESTAMP AS OF TIMESTAMP '2020-01-01 00:00:00 UTC'"
        )
        assert value(cloud, "count(*)", 'FROM "runs$snapshots"') == "2"
        assert value(cloud, "max(snapshot_id)", 'FROM "edges"."runs$history" WHERE is_current_ancestor') is not None
    finally:
        cloud.table.delete("acc = 'LATER'")


def test_glue_answers_show_and_describe(cloud: Any) -> None:
    def rows(sql: str) -> list[str | None]:
        execution = run(cloud, sql)
        assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
        got = cloud.client("athena").get_query_results(QueryExecutionId=execution["QueryExecutionId"])
        return [row["Data"][0]["VarCharValue"].rstrip() for row in got["ResultSet"]["Rows"]]

    assert "edges" in rows("SHOW DATABASES")
    assert rows("SHOW TABLES IN edges 'r*|x'") == ["runs"]
    assert rows("show tables") == ["big", "parted", "runs"]
    assert rows("SHOW COLUMNS IN parted") == ["acc", "spots", "wide", "source", "year"]
    assert rows("DESCRIBE runs")[0].split("\t")[0].rstrip() == "acc"
    assert rows("SHOW CREATE TABLE parted")[0] == "CREATE EXTERNAL TABLE `edges.parted`("
    assert rows("EXPLAIN SELECT acc FROM runs WHERE spots = 7")[1] == "- read edges.runs [acc, spots] spots = 7"


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("INSERT INTO runs SELECT * FROM runs", "INSERT INTO is not supported here"),
        ("CREATE TABLE x AS SELECT 1", "CREATE TABLE is not supported here"),
        ("DROP TABLE runs", "DROP TABLE is not supported here"),
        ("UNLOAD (SELECT 1 AS a) TO 's3://b/x' WITH (format='ORC')", "not supported here"),
        ("MSCK REPAIR TABLE parted", "not supported here"),
        ("SHOW PARTITIONS parted", "SHOW PARTITIONS is not supported here"),
        ("SELECT url_encode(acc) FROM runs", "the function url_encode() is not supported here"),
        ("SELECT json_extract(js, '$.a') FROM runs", "json_extract"),
        ("SELECT format_datetime(at, 'QQ') FROM runs", "format_datetime"),
        ("SELECT reduce(names, 0, (s, x) -> s + 1, s -> s) FROM runs", "reduce"),
        ("SELECT acc::int FROM runs", "the cast ::"),
        ("SELECT acc ILIKE 'c%' FROM runs", "ILIKE"),
        ("SELECT acc FROM runs TABLESAMPLE BERNOULLI (10)", "TABLESAMPLE"),
        ("SELECT at AT TIME ZONE 'UTC' FROM runs", "AT TIME ZONE"),
        ("SELECT acc FROM runs NATURAL JOIN parted", "NATURAL JOIN"),
        ("SELECT acc, count(*) FROM runs GROUP BY ALL", "GROUP BY ALL"),
        ("SELECT coalesce(spots, 'none') FROM runs", "integer beside text"),
        ("SELECT if(spots > 1, spots, 'none') FROM runs", "integer beside text"),
        ("SELECT acc FROM runs WHERE spots IN (1, '2')", "integer beside text"),
        ("SELECT spots FROM runs UNION SELECT acc FROM runs", "integer beside text"),
        ("SELECT acc || spots FROM runs", "integer where text belongs"),
        ("SELECT date_add('hour', 1, released) FROM runs", "the unit hour of a date"),
        ("SELECT date_diff('day', js, at) FROM runs", "date_diff() of a value of type text"),
        ("SELECT round(price, 1) FROM runs", "round() of a value of type decimal"),
        ("SELECT array_union(names, names) FROM runs", "array_union"),
        ("SELECT 1.0 / 3", "/ on decimals"),
        ("SELECT avg(price) FROM runs", "avg() of a decimal"),
        ("SELECT acc FROM runs WHERE spots = '7'", "comparing integer with text"),
        ("SELECT acc FROM runs WHERE released > '2026-01-01'", "comparing date with text"),
        ("SELECT CAST(size_gb AS VARCHAR) FROM runs", "CAST of a value of type double to varchar"),
        ("SELECT date_format(at, '%W') FROM runs", "date_format()"),
        ("SELECT json_extract_scalar(js, '$[\"a b\"]') FROM runs", "the JSON path"),
        ('SELECT "$path" FROM runs', '"$path" of an Iceberg table'),
        ('SELECT * FROM "runs$files"', 'the table "runs$files"'),
        ("SELECT * FROM other.edges.runs", "the catalog 'other'"),
        ("SELECT * FROM read_parquet('/etc/passwd')", "read_parquet"),
        ("SELECT read_text('/etc/passwd')", "the function read_text()"),
        ("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT n FROM t", "WITH RECURSIVE"),
    ],
)
def test_what_would_differ_is_refused_by_name(cloud: Any, sql: str, words: str) -> None:
    assert words in reason(cloud, sql)


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELEC 1", "SYNTAX_ERROR"),
        ("SELECT acc FROM runs QUALIFY row_number() OVER () = 1", "SYNTAX_ERROR"),
        ("SELECT 1; SELECT 2", "Only one sql statement is allowed"),
        ("SELECT nothing FROM runs", "COLUMN_NOT_FOUND"),
        ("SELECT acc AS a FROM runs WHERE a = 'x'", "COLUMN_NOT_FOUND"),
        ("SELECT * FROM nowhere", "TABLE_NOT_FOUND"),
        ("SELECT 1/0", "DIVISION_BY_ZERO"),
        ("SELECT names[9] FROM runs", "Array subscript out of bounds"),
        ("SELECT tags['zz'] FROM runs", "Key not present in map"),
        ("SELECT CAST('4.2' AS BIGINT)", "Could not convert"),
        ("SELECT sum(x) FROM (VALUES (9223372036854775807), (1)) AS t(x)", "NUMERIC_VALUE_OUT_OF_RANGE"),
    ],
)
def test_what_athena_fails_fails_here(cloud: Any, sql: str, words: str) -> None:
    assert words in reason(cloud, sql)


def test_a_stopped_query_ends_cancelled(cloud: Any) -> None:
    client = cloud.client("athena")
    many = "UNNEST(sequence(1, 20000))"
    sql = f"SELECT count(*) FROM {many} AS a(x) CROSS JOIN {many} AS b(y) CROSS JOIN {many} AS c(z) WHERE x + y < z"
    config = {"OutputLocation": f"s3://{cloud.bucket_name}/out"}
    started = client.start_query_execution(QueryString=sql, ResultConfiguration=config)["QueryExecutionId"]
    wanted, deadline = "RUNNING", time.time() + 5
    while client.get_query_execution(QueryExecutionId=started)["QueryExecution"]["Status"]["State"] != wanted:
        assert time.time() < deadline
    time.sleep(0.3)
    client.stop_query_execution(QueryExecutionId=started)
    assert client.get_query_execution(QueryExecutionId=started)["QueryExecution"]["Status"]["State"] == "CANCELLED"
    with pytest.raises(ClientError, match="Final query state: CANCELLED"):
        client.get_query_results(QueryExecutionId=started)
    assert value(cloud, "1") == "1"  # its slot is free again


def test_pyathena_works_unchanged(cloud: Any) -> None:
    keys = {"aws_access_key_id": KEY, "aws_secret_access_key": SECRET, "region_name": "us-east-1"}
    where = {"s3_staging_dir": f"s3://{cloud.bucket_name}/py/", "endpoint_url": cloud.url, "schema_name": "edges"}
    with connect(**keys, **where, poll_interval=0.02).cursor() as cursor:
        cursor.execute(
            "SELECT acc, spots, released, at, spots > 3 AS many FROM runs WHERE acc = %(acc)s", {"acc": "CRR000001"}
        )
        expected = ("CRR000001", 7, dt.date(2026, 1, 31), dt.datetime(2026, 1, 31, 1, 2, 3), True)
        assert cursor.fetchall() == [expected]
        assert [d[0] for d in cursor.description or []] == ["acc", "spots", "released", "at", "many"]
        cursor.execute("SELECT count(*) FROM runs WHERE spots > ?", ["0"], paramstyle="qmark")
        assert cursor.fetchone() == (2,)
        assert cursor.data_scanned_in_bytes and cursor.data_scanned_in_bytes > 0
        with pytest.raises(OperationalError, match="TABLE_NOT_FOUND"):
            cursor.execute("SELECT * FROM nowhere")


def test_memory_of_finished_executions_is_bounded(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from local.athena import backend

    monkeypatch.setattr(backend, "EXECUTIONS_KEPT", 5)
    monkeypatch.setattr(backend, "RESULTS_KEPT_CHARACTERS", 20)
    first = run(cloud, "SELECT 'a long text of many characters'")["QueryExecutionId"]
    run(cloud, "SELECT 1")
    with pytest.raises(ClientError, match="no longer held"):
        cloud.client("athena").get_query_results(QueryExecutionId=first)
    for _ in range(6):
        run(cloud, "SELECT 1")
    with pytest.raises(ClientError, match="was not found"):
        cloud.client("athena").get_query_execution(QueryExecutionId=first)
