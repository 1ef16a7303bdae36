"""Iceberg tables that Glue begins, written by pyiceberg from other processes: nothing is lost, nothing is half."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from botocore.exceptions import ClientError
from pyiceberg.catalog import load_catalog
from pyiceberg.exceptions import CommitFailedException

from local import hive_types, lake_tables
from tests.local.served import KEY, SECRET, Served, serving

COLUMNS = [
    {"Name": "accession", "Type": "string", "Comment": "run accession"},
    {"Name": "spots", "Type": "bigint"},
    {"Name": "released", "Type": "timestamp"},
    {"Name": "attributes", "Type": "array<struct<k:string,v:string>>"},
    {"Name": "links", "Type": "map<string,array<string>>"},
    {"Name": "price", "Type": "decimal(12,2)"},
]
ICEBERG = {"IcebergInput": {"MetadataOperation": "CREATE", "Version": "2"}}


@pytest.fixture(scope="module")
def cloud() -> Iterator[Served]:
    lake_tables.install()
    with serving() as served:
        served.client("glue").create_database(DatabaseInput={"Name": "edges_lake"})
        yield served


def properties(cloud: Served) -> dict[str, str]:
    keys = {"access-key-id": KEY, "secret-access-key": SECRET, "region": "us-east-1", "endpoint": cloud.url}
    return {"type": "glue"} | {f"{service}.{k}": v for service in ("glue", "s3") for k, v in keys.items()}


@pytest.fixture
def made(cloud: Served, request: pytest.FixtureRequest) -> str:
    name = "t_" + "".join(c for c in request.node.name if c.isalnum())[:40].lower()
    location = f"s3://{cloud.bucket()}/{name}"
    table = {"Name": name, "StorageDescriptor": {"Columns": COLUMNS, "Location": location}}
    cloud.client("glue").create_table(DatabaseName="edges_lake", TableInput=table, OpenTableFormatInput=ICEBERG)
    return f"edges_lake.{name}"


def rows(*accessions: str) -> pa.Table:
    kinds = [(c["Name"], hive_types.to_arrow(hive_types.parse(c["Type"]))) for c in COLUMNS]
    made = [
        {"accession": a, "spots": 1, "attributes": [{"k": "x", "v": "y"}], "links": [("p", ["q"])]} for a in accessions
    ]
    return pa.Table.from_pylist(made, schema=pa.schema(kinds))


def accessions(table: Any) -> list[str]:
    return sorted(table.refresh().scan().to_arrow()["accession"].to_pylist())


def test_glue_begins_a_table_that_another_process_can_append_to(cloud: Served, made: str) -> None:
    script = """
import json, sys
from pyiceberg.catalog import load_catalog
import pyarrow as pa
table = load_catalog("glue", **json.loads(sys.argv[1])).load_table(sys.argv[2])
row = {"accession": "CRR1", "spots": 7, "attributes": [{"k": "a", "v": "b"}], "links": [("p", ["q"])]}
table.append(pa.Table.from_pylist([row], schema=table.schema().as_arrow()))
"""
    subprocess.run([sys.executable, "-c", script, json.dumps(properties(cloud)), made], check=True)
    table = load_catalog("glue", **properties(cloud)).load_table(made)
    assert table.format_version == 2 and table.schema().find_field("accession").doc == "run accession"
    assert str(table.schema().find_type("attributes")) == "list<struct<8: k: optional string, 9: v: optional string>>"
    assert table.scan().to_arrow().to_pylist()[0]["attributes"] == [{"k": "a", "v": "b"}]
    assert {"table_type", "metadata_location"} <= set(
        cloud.client("glue").get_table(DatabaseName="edges_lake", Name=made.partition(".")[2])["Table"]["Parameters"]
    )


def test_overwriting_by_a_filter_replaces_only_what_it_names(cloud: Served, made: str) -> None:
    table = load_catalog("glue", **properties(cloud)).load_table(made)
    table.append(rows("A", "B", "C"))
    table.overwrite(rows("B2"), overwrite_filter="accession = 'B'")
    assert accessions(table) == ["A", "B2", "C"]
    assert len(table.snapshots()) in (3, 4)  # one of the append, and one or two of the overwrite


def test_of_two_commits_at_once_one_is_refused_and_none_is_lost(cloud: Served, made: str) -> None:
    catalogs = [load_catalog("glue", **properties(cloud)) for _ in range(4)]
    barrier, refused, kept = threading.Barrier(4), [], []

    def commit(number: int) -> None:
        table = catalogs[number].load_table(made)
        barrier.wait()
        try:
            table.append(rows(f"R{number}"))
            kept.append(f"R{number}")
        except CommitFailedException:
            refused.append(number)

    threads = [threading.Thread(target=commit, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kept) + len(refused) == 4 and kept
    assert accessions(catalogs[0].load_table(made)) == sorted(kept)


def test_a_stale_version_id_is_refused(cloud: Served, made: str) -> None:
    glue = cloud.client("glue")
    table = glue.get_table(DatabaseName="edges_lake", Name=made.partition(".")[2])["Table"]
    wanted = {
        "Name": made.partition(".")[2],
        "StorageDescriptor": table["StorageDescriptor"],
        "Parameters": table["Parameters"],
    }
    glue.update_table(DatabaseName="edges_lake", TableInput=wanted, VersionId=table["VersionId"])
    with pytest.raises(ClientError, match="ConcurrentModificationException"):
        glue.update_table(DatabaseName="edges_lake", TableInput=wanted, VersionId=table["VersionId"])
    current = glue.get_table(DatabaseName="edges_lake", Name=made.partition(".")[2])["Table"]["VersionId"]
    glue.update_table(DatabaseName="edges_lake", TableInput=wanted, VersionId=current, SkipArchive=True)
    assert (
        len(glue.get_table_versions(DatabaseName="edges_lake", TableName=made.partition(".")[2])["TableVersions"]) == 1
    )


def test_the_same_can_be_done_from_outside_through_boto3(cloud: Served) -> None:
    glue, bucket = cloud.client("glue"), cloud.bucket()
    location = f"s3://{bucket}/outside/"
    table = {"Name": "outside", "StorageDescriptor": {"Columns": COLUMNS[:2], "Location": location}}
    call = {"DatabaseName": "edges_lake", "TableInput": table}
    glue.create_table(**call)
    asked = call | {"OpenTableFormatInput": ICEBERG}
    assert lake_tables.asks_for_iceberg(asked) and not lake_tables.asks_for_iceberg(call)
    lake_tables.write_first_metadata(asked, glue, cloud.client("s3"))
    loaded = load_catalog("glue", **properties(cloud)).load_table("edges_lake.outside")
    assert loaded.location() == location.rstrip("/") and not loaded.snapshots()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"PartitionKeys": [{"Name": "d", "Type": "date"}]}, "PartitionKeys"),
        ({"StorageDescriptor": {"Columns": COLUMNS, "Location": "folder/x"}}, "expected s3://"),
        ({"StorageDescriptor": {"Columns": [], "Location": "s3://b/x"}}, "needs columns"),
        (
            {"StorageDescriptor": {"Columns": [{"Name": "a", "Type": "tinyint"}], "Location": "s3://b/x"}},
            "no Iceberg type",
        ),
        (
            {"StorageDescriptor": {"Columns": [{"Name": "a", "Type": "array<int"}], "Location": "s3://b/x"}},
            "is missing",
        ),
    ],
)
def test_a_table_that_glue_would_refuse_says_why(cloud: Served, change: dict[str, Any], words: str) -> None:
    call = {"DatabaseName": "edges_lake", "TableInput": {"Name": "bad"} | change, "OpenTableFormatInput": ICEBERG}
    with pytest.raises(ClientError, match=words):
        cloud.client("glue").create_table(**call)
    names = [t["Name"] for t in cloud.client("glue").get_tables(DatabaseName="edges_lake")["TableList"]]
    assert "bad" not in names


@pytest.mark.parametrize(
    "text", ["int", "map<string,array<int>>", "struct<a:int,b:map<string,decimal(9,2)>>", "varchar(20)"]
)
def test_a_type_reads_and_writes_the_same(text: str) -> None:
    assert str(hive_types.parse(text)) == text
