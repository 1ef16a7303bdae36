"""Saving and loading contents: everything comes back, nothing is half-written, nothing damaged is loaded."""

from __future__ import annotations

import contextlib
import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pytest
import requests
from pyiceberg.catalog import load_catalog

from local import contents
from tests.local.served import KEY, SECRET, Served, serving_apart

OF_A_JOB = "biotheca/collections/sub_1"
KEYS = {"aws_access_key_id": KEY, "aws_secret_access_key": SECRET, "region_name": "us-east-1"}
SECRET_TEXT = '{"keys": {"k1": "c2VjcmV0"}}'
HOSTILE = "../a é/+%&=?#x\"'/日本.gz"
ITEM = {
    "pk": {"S": "sub#1"},
    "n": {"N": "123456789012345678901234567890"},
    "raw": {"B": b"\x00\xff"},
    "set": {"BS": [b"a", b"b"]},
    "deep": {"M": {"l": {"L": [{"BOOL": True}, {"NULL": True}, {"B": b"z"}]}, "ss": {"SS": ["x", "y"]}}},
}


@pytest.fixture(scope="module")
def apart() -> Iterator[Served]:
    with serving_apart() as served:
        yield served


@pytest.fixture
def cloud(apart: Served) -> Served:
    _empty(apart)
    requests.delete(f"{apart.url}/_gate/faults")
    return apart


def _empty(cloud: Served) -> None:
    """As after a restart."""
    assert requests.post(f"{cloud.url}/moto-api/reset").status_code == 200


def _deploy(cloud: Served) -> None:
    s3, glue = cloud.client("s3"), cloud.client("glue")
    for name in ("archive", "lake", "cdk-assets"):
        s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket="archive", VersioningConfiguration={"Status": "Enabled"})
    key = {"AttributeName": "pk", "AttributeType": "S"}
    schema = [{"AttributeName": "pk", "KeyType": "HASH"}]
    common = {"AttributeDefinitions": [key], "KeySchema": schema, "BillingMode": "PAY_PER_REQUEST"}
    cloud.client("dynamodb").create_table(TableName="records", **common)
    for name in ("keys", "bytes", "never-filled"):
        cloud.client("secretsmanager").create_secret(Name=name)
    glue.create_database(DatabaseInput={"Name": "lake"})
    columns = [{"Name": "acc", "Type": "string"}]
    table = {"Name": "runs", "StorageDescriptor": {"Columns": columns, "Location": "s3://lake/runs"}}
    iceberg = {"IcebergInput": {"MetadataOperation": "CREATE", "Version": "2"}}
    glue.create_table(DatabaseName="lake", TableInput=table, OpenTableFormatInput=iceberg)


def _runs(cloud: Served) -> Any:
    keys = {"access-key-id": KEY, "secret-access-key": SECRET, "region": "us-east-1", "endpoint": cloud.url}
    properties = {"type": "glue"} | {f"{s}.{k}": v for s in ("glue", "s3") for k, v in keys.items()}
    return load_catalog("glue", **properties).load_table("lake.runs")


def _fill(cloud: Served) -> None:
    s3, dynamodb = cloud.client("s3"), cloud.client("dynamodb")
    s3.put_object(Bucket="archive", Key="v", Body=b"old")
    s3.put_object(Bucket="archive", Key="v", Body=b"new")
    s3.put_object(
        Bucket="archive",
        Key=HOSTILE,
        Body=b"x" * 3_000_000,
        Metadata={"run": "CRR1"},
        ContentType="application/gzip",
        ContentEncoding="gzip",
        StorageClass="STANDARD_IA",
        Tagging="a=1&b=two",
    )
    manager = cloud.client("secretsmanager")
    for text in ("an older value", SECRET_TEXT):
        manager.put_secret_value(SecretId="keys", SecretString=text)
    manager.put_secret_value(SecretId="bytes", SecretBinary=b"\x00\xff")
    manager.create_secret(Name=OF_A_JOB, SecretString="of a collection")  # no deployment makes it
    s3.put_object(Bucket="cdk-assets", Key="asset.zip", Body=b"zip")
    dynamodb.put_item(TableName="records", Item=ITEM)
    for start in (0, 20, 40):
        batch = [{"PutRequest": {"Item": {"pk": {"S": f"r{n}"}}}} for n in range(start, start + 20)]
        dynamodb.batch_write_item(RequestItems={"records": batch})
    _runs(cloud).append(pa.table({"acc": ["CRR1", "CRR2"]}))


def test_everything_comes_back_after_a_restart(cloud: Served, tmp_path: Path) -> None:
    _deploy(cloud)
    _fill(cloud)
    folder = tmp_path / "saved"
    manifest = contents.save(cloud.url, folder, keys=KEYS)
    assert manifest["counts"]["items"] == 61 and manifest["counts"]["tables"] == 1
    kept = folder / "secrets" / "values.jsonl"
    assert manifest["counts"]["secrets"] == 3 and stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert not [p for p in folder.rglob("*") if p.is_file() and p != kept and b"c2VjcmV0" in p.read_bytes()]
    _empty(cloud)
    _deploy(cloud)
    was_quiet: list[str] = []

    @contextlib.contextmanager
    def quiet() -> Iterator[None]:
        was_quiet.append("in")
        yield
        was_quiet.append("out")

    contents.load(cloud.url, folder, keys=KEYS, quiet=quiet())
    assert was_quiet == ["in", "out"]
    s3, dynamodb = cloud.client("s3"), cloud.client("dynamodb")
    assert s3.get_object(Bucket="archive", Key="v")["Body"].read() == b"new"
    back = s3.get_object(Bucket="archive", Key=HOSTILE)
    assert back["Body"].read() == b"x" * 3_000_000 and back["Metadata"] == {"run": "CRR1"}
    assert (back["ContentType"], back["ContentEncoding"], back["StorageClass"]) == (
        "application/gzip",
        "gzip",
        "STANDARD_IA",
    )
    manager = cloud.client("secretsmanager")
    assert manager.get_secret_value(SecretId="keys")["SecretString"] == SECRET_TEXT
    assert manager.get_secret_value(SecretId="bytes")["SecretBinary"] == b"\x00\xff"
    assert manager.get_secret_value(SecretId=OF_A_JOB)["SecretString"] == "of a collection"
    with pytest.raises(manager.exceptions.ResourceNotFoundException):
        manager.get_secret_value(SecretId="never-filled")
    tags = s3.get_object_tagging(Bucket="archive", Key=HOSTILE)["TagSet"]
    assert {t["Key"]: t["Value"] for t in tags} == {"a": "1", "b": "two"}
    assert "Contents" not in s3.list_objects_v2(Bucket="cdk-assets")
    item = dynamodb.get_item(TableName="records", Key={"pk": {"S": "sub#1"}})["Item"]
    item["set"]["BS"].sort()
    item["deep"]["M"]["ss"]["SS"].sort()
    assert item == ITEM
    assert dynamodb.scan(TableName="records", Select="COUNT")["Count"] == 61
    assert sorted(_runs(cloud).scan().to_arrow()["acc"].to_pylist()) == ["CRR1", "CRR2"]
    _runs(cloud).append(pa.table({"acc": ["CRR3"]}))


def test_a_save_that_fails_leaves_the_old_one_and_no_litter(cloud: Served, tmp_path: Path) -> None:
    _deploy(cloud)
    cloud.client("s3").put_object(Bucket="archive", Key="k", Body=b"first")
    folder = tmp_path / "saved"
    contents.save(cloud.url, folder, keys=KEYS)
    before = (folder / "manifest.json").read_text()
    fault = {"method": "GET", "path": "/archive/k", "action": "status", "status": 404}
    requests.put(f"{cloud.url}/_gate/faults", json=[fault])
    with pytest.raises(Exception, match="A fault was asked for"):
        contents.save(cloud.url, folder, keys=KEYS)
    assert (folder / "manifest.json").read_text() == before
    assert [p.name for p in tmp_path.iterdir()] == ["saved"]
    requests.delete(f"{cloud.url}/_gate/faults")
    cloud.client("s3").put_object(Bucket="archive", Key="k", Body=b"second")
    contents.save(cloud.url, folder, keys=KEYS)
    assert (folder / "manifest.json").read_text() != before
    assert [p.name for p in tmp_path.iterdir()] == ["saved"]


def test_a_damaged_folder_is_refused_before_any_write(cloud: Served, tmp_path: Path) -> None:
    _deploy(cloud)
    cloud.client("s3").put_object(Bucket="archive", Key="k", Body=b"first")
    folder = tmp_path / "saved"
    contents.save(cloud.url, folder, keys=KEYS)
    body = next((folder / "s3/bodies").iterdir())
    whole = body.read_bytes()
    body.write_bytes(whole[:-1] + b"X")
    with pytest.raises(contents.Damaged, match="not what was saved"):
        contents.load(cloud.url, folder, keys=KEYS)
    body.unlink()
    with pytest.raises(contents.Damaged, match="is missing"):
        contents.load(cloud.url, folder, keys=KEYS)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"files": {"../../outside": "0"}}))
    with pytest.raises(contents.Damaged, match="is missing"):
        contents.load(cloud.url, folder, keys=KEYS)
    with pytest.raises(contents.Damaged, match=r"no readable manifest"):
        contents.load(cloud.url, tmp_path / "nowhere", keys=KEYS)


def test_a_folder_from_before_secrets_were_kept_still_comes_back(cloud: Served, tmp_path: Path) -> None:
    _deploy(cloud)
    folder = tmp_path / "saved"
    contents.save(cloud.url, folder, keys=KEYS)
    (folder / "secrets" / "values.jsonl").unlink()
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["counts"]["secrets"], manifest["files"]["secrets/values.jsonl"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    contents.load(cloud.url, folder, keys=KEYS)
    cloud.client("secretsmanager").put_secret_value(SecretId="keys", SecretString="x")
    contents.save(cloud.url, tmp_path / "again", keys=KEYS)
    _empty(cloud)
    with pytest.raises(contents.Homeless, match="secret keys"):
        contents.load(cloud.url, tmp_path / "again", keys=KEYS)


def test_contents_without_a_home_are_named_before_any_write(cloud: Served, tmp_path: Path) -> None:
    _deploy(cloud)
    _fill(cloud)
    contents.save(cloud.url, tmp_path / "saved", keys=KEYS)
    _empty(cloud)
    cloud.client("s3").create_bucket(Bucket="lake")
    with pytest.raises(
        contents.Homeless, match=r"bucket archive, table records, secret bytes, secret keys, Glue table lake.runs"
    ):
        contents.load(cloud.url, tmp_path / "saved", keys=KEYS)
    assert "Contents" not in boto3.client("s3", endpoint_url=cloud.url, **KEYS).list_objects_v2(Bucket="lake")
