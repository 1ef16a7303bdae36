"""Save and load what the laptop cloud holds, through plain boto3: S3 objects, DynamoDB items, Glue's Iceberg pointers,
secrets.

The emulator keeps nothing when it ends, and its resources come from the templates; so only contents are kept.
Users come from the seed file. Of a versioned object the latest version is kept; an object that was uploaded in
parts comes back whole, so its ETag changes. Of a secret the current value is kept, in a file for its owner's eyes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from biotheca import clock

FORM = 1
BLOCK_BYTES = 1024 * 1024
BATCH_ITEMS = 25
KEPT_HEADERS = (
    "ContentType",
    "ContentEncoding",
    "ContentDisposition",
    "ContentLanguage",
    "CacheControl",
    "StorageClass",
)
MADE_BY_JOBS = "biotheca/collections/"  # secrets below it are in no template: a deployed cloud has none of them yet
BODY = re.compile(r"bodies/\d{8,}")
SETTINGS = Config(signature_version="s3v4", s3={"addressing_style": "path"}, read_timeout=600)


class Damaged(Exception):
    """A saved folder is not what its manifest says; nothing was loaded."""


class Homeless(Exception):
    """The running cloud lacks a bucket or table for saved contents; nothing was loaded."""


def _client(service: str, endpoint: str, keys: Mapping[str, str] | None) -> Any:
    settings = SETTINGS if service == "s3" else Config(read_timeout=600)
    return boto3.client(service, endpoint_url=endpoint, config=settings, **(keys or {}))  # type: ignore[call-overload]


def deployed_assets(bucket: str) -> bool:
    """Buckets that a deploy fills anew."""
    return bucket.startswith("cdk-")


def save(
    endpoint: str,
    folder: Path,
    *,
    keys: Mapping[str, str] | None = None,
    skip: Callable[[str], bool] = deployed_assets,
) -> dict[str, Any]:
    """Write everything to `folder`, all or nothing, and return the manifest. `keys` are arguments of boto3.client."""
    part = folder.with_name(f".{folder.name}.part-{os.getpid()}")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        counts = {
            "objects": _save_objects(_client("s3", endpoint, keys), part / "s3", skip),
            "items": _save_items(_client("dynamodb", endpoint, keys), part / "dynamodb"),
            "tables": _save_pointers(_client("glue", endpoint, keys), part / "glue"),
            "secrets": _save_secrets(_client("secretsmanager", endpoint, keys), part / "secrets"),
        }
        manifest = {"form": FORM, "saved_at": clock.stamp(), "counts": counts, "files": _digests(part)}
        (part / "manifest.json").write_text(json.dumps(manifest, indent=1))
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    _swap(part, folder)
    return manifest


def _swap(part: Path, folder: Path) -> None:
    """Put the new folder in the place of the old one; whoever looks sees one or the other."""
    old = folder.with_name(f".{folder.name}.old-{os.getpid()}")
    if folder.exists():
        folder.rename(old)
    part.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digests(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): _sha256(p) for p in sorted(folder.rglob("*")) if p.is_file()}


def _lines(path: Path) -> Iterator[Any]:
    if path.exists():
        with path.open() as file:
            for line in file:
                yield json.loads(line)


def _save_objects(s3: Any, folder: Path, skip: Callable[[str], bool]) -> int:
    count = 0
    (folder / "bodies").mkdir(parents=True)
    with (folder / "objects.jsonl").open("w") as index:
        for bucket in s3.list_buckets()["Buckets"]:
            if skip(bucket["Name"]):
                continue
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket["Name"]):
                for found in page.get("Contents", []):
                    # Keys may be hostile as paths, so bodies are numbered.
                    body = f"bodies/{count:08d}"
                    entry = _save_object(s3, bucket["Name"], found["Key"], folder / body)
                    index.write(json.dumps(entry | {"body": body}) + "\n")
                    count += 1
    return count


def _save_object(s3: Any, bucket: str, key: str, where: Path) -> dict[str, Any]:
    got = s3.get_object(Bucket=bucket, Key=key)
    with where.open("wb") as file:
        shutil.copyfileobj(got["Body"], file, BLOCK_BYTES)
    if where.stat().st_size != got["ContentLength"]:
        raise Damaged(f"s3://{bucket}/{key} ended after {where.stat().st_size} of {got['ContentLength']} bytes")
    headers = {name: got[name] for name in KEPT_HEADERS if got.get(name)}
    tags = s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
    entry = {"bucket": bucket, "key": key, "headers": headers, "metadata": got["Metadata"], "tags": tags}
    return entry | {"version": got.get("VersionId")}


def _encode(value: Any) -> Any:
    """DynamoDB's own JSON, with its bytes as base64."""
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {name: _encode(inner) for name, inner in value.items()}
    return [_encode(inner) for inner in value] if isinstance(value, list) else value


def _decode(value: dict[str, Any]) -> dict[str, Any]:
    """One attribute value back, as boto3 takes it."""
    ((kind, inner),) = value.items()
    if kind == "B":
        return {kind: base64.b64decode(inner)}
    if kind == "BS":
        return {kind: [base64.b64decode(item) for item in inner]}
    if kind == "M":
        return {kind: {name: _decode(item) for name, item in inner.items()}}
    if kind == "L":
        return {kind: [_decode(item) for item in inner]}
    return value


def _save_items(dynamodb: Any, folder: Path) -> int:
    folder.mkdir(parents=True)
    count = 0
    for page in dynamodb.get_paginator("list_tables").paginate():
        for table in page["TableNames"]:
            with (folder / f"{table}.jsonl").open("w") as file:
                for scanned in dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
                    for item in scanned["Items"]:
                        file.write(json.dumps(_encode(item)) + "\n")
                        count += 1
    return count


def _save_pointers(glue: Any, folder: Path) -> int:
    folder.mkdir(parents=True)
    count = 0
    with (folder / "tables.jsonl").open("w") as file:
        for page in glue.get_paginator("get_databases").paginate():
            for database in page["DatabaseList"]:
                for tables in glue.get_paginator("get_tables").paginate(DatabaseName=database["Name"]):
                    for table in tables["TableList"]:
                        location = table.get("Parameters", {}).get("metadata_location")
                        if location:
                            pointer = {
                                "database": database["Name"],
                                "table": table["Name"],
                                "metadata_location": location,
                            }
                            file.write(json.dumps(pointer) + "\n")
                            count += 1
    return count


def _save_secrets(manager: Any, folder: Path) -> int:
    folder.mkdir(parents=True)
    count = 0
    path = folder / "values.jsonl"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        for name in _secrets(manager):
            try:
                found = manager.get_secret_value(SecretId=name)
            except ClientError as error:
                if error.response["Error"]["Code"] == "ResourceNotFoundException":
                    continue  # made and never filled
                raise
            value = {kind: found[kind] for kind in ("SecretString", "SecretBinary") if kind in found}
            file.write(json.dumps({"name": name, "value": _encode(value)}) + "\n")
            count += 1
    return count


def _secrets(manager: Any) -> Iterator[str]:
    for page in manager.get_paginator("list_secrets").paginate():
        yield from (secret["Name"] for secret in page["SecretList"])


def load(
    endpoint: str,
    folder: Path,
    *,
    keys: Mapping[str, str] | None = None,
    quiet: AbstractContextManager[Any] | None = None,
    same_version: Callable[[str, str, str], None] = lambda bucket, key, version: None,
) -> dict[str, Any]:
    """Put everything back into a deployed cloud and return the manifest. Raises Damaged or Homeless before any write.

    `quiet` is entered around the writes: whoever hears S3's events and DynamoDB's streams should not act meanwhile.
    `same_version` is told each object's former version id, which S3's API cannot give back; records may name it.
    """
    manifest = check(folder)
    s3, dynamodb, glue, manager = (
        _client(service, endpoint, keys) for service in ("s3", "dynamodb", "glue", "secretsmanager")
    )
    _check_homes(folder, s3, dynamodb, glue, manager)
    with quiet or nullcontext():
        counts = {
            "objects": _load_objects(s3, folder / "s3", same_version),
            "tables": _load_pointers(glue, folder / "glue"),
            "items": _load_items(dynamodb, folder / "dynamodb"),
            "secrets": _load_secrets(manager, folder / "secrets"),
        }
    if counts != {"secrets": 0} | manifest["counts"]:  # a folder of before secrets were kept says nothing of them
        raise Damaged(f"{folder}: loaded {counts}, the manifest says {manifest['counts']}")
    return manifest


def check(folder: Path) -> dict[str, Any]:
    """The manifest, when every file is there and whole. Raises Damaged."""
    try:
        manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    except (FileNotFoundError, ValueError) as error:
        raise Damaged(f"{folder} holds no readable manifest.json") from error
    if manifest.get("form") != FORM:
        raise Damaged(f"{folder} is of form {manifest.get('form')!r}, expected {FORM}")
    for name, digest in manifest["files"].items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
            raise Damaged(f"{folder}: {name} is missing")
        if _sha256(path) != digest:
            raise Damaged(f"{folder}: {name} is not what was saved")
    return manifest


def _check_homes(folder: Path, s3: Any, dynamodb: Any, glue: Any, manager: Any) -> None:
    buckets = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    wanted = {entry["bucket"] for entry in _lines(folder / "s3/objects.jsonl")}
    pointers = list(_lines(folder / "glue/tables.jsonl"))
    wanted |= {urlsplit(pointer["metadata_location"]).netloc for pointer in pointers}
    missing = [f"bucket {name}" for name in sorted(wanted - buckets)]
    known = {name for page in dynamodb.get_paginator("list_tables").paginate() for name in page["TableNames"]}
    saved = {p.name.removesuffix(".jsonl") for p in (folder / "dynamodb").glob("*.jsonl") if p.stat().st_size}
    missing += [f"table {name}" for name in sorted(saved - known)]
    held = {s["name"] for s in _lines(folder / "secrets/values.jsonl") if not s["name"].startswith(MADE_BY_JOBS)}
    missing += [f"secret {name}" for name in sorted(held - set(_secrets(manager) if held else ()))]
    for pointer in pointers:
        try:
            glue.get_table(DatabaseName=pointer["database"], Name=pointer["table"])
        except ClientError:
            missing.append(f"Glue table {pointer['database']}.{pointer['table']}")
    if missing:
        raise Homeless(f"the running cloud lacks {', '.join(missing)}; deploy first")


def _load_objects(s3: Any, folder: Path, same_version: Callable[[str, str, str], None]) -> int:
    count = 0
    for entry in _lines(folder / "objects.jsonl"):
        if not BODY.fullmatch(entry["body"]):  # a folder from elsewhere must not name other files
            raise Damaged(f"{folder}: {entry['body']!r} is no body of an object")
        path = folder / entry["body"]
        with path.open("rb") as file:
            digest = base64.b64encode(hashlib.file_digest(file, "sha256").digest()).decode()
            file.seek(0)
            s3.put_object(
                Bucket=entry["bucket"],
                Key=entry["key"],
                Body=file,
                Metadata=entry["metadata"],
                ChecksumSHA256=digest,
                **entry["headers"],
            )
        if entry["tags"]:
            s3.put_object_tagging(Bucket=entry["bucket"], Key=entry["key"], Tagging={"TagSet": entry["tags"]})
        if entry.get("version"):
            same_version(entry["bucket"], entry["key"], entry["version"])
        count += 1
    return count


def _load_items(dynamodb: Any, folder: Path) -> int:
    count = 0
    for path in sorted(folder.glob("*.jsonl")):
        batch: list[dict[str, Any]] = []
        for item in _lines(path):
            batch.append({"PutRequest": {"Item": {name: _decode(value) for name, value in item.items()}}})
            count += 1
            if len(batch) == BATCH_ITEMS:
                _write(dynamodb, path.name.removesuffix(".jsonl"), batch)
                batch = []
        if batch:
            _write(dynamodb, path.name.removesuffix(".jsonl"), batch)
    return count


def _write(dynamodb: Any, table: str, batch: list[dict[str, Any]]) -> None:
    left = {table: batch}
    while left:
        left = dynamodb.batch_write_item(RequestItems=left).get("UnprocessedItems", {})


def _load_secrets(manager: Any, folder: Path) -> int:
    count, there = 0, set(_secrets(manager))
    for secret in _lines(folder / "values.jsonl"):
        value = dict(secret["value"])
        if "SecretBinary" in value:
            value["SecretBinary"] = base64.b64decode(value["SecretBinary"])
        if secret["name"] in there:
            manager.put_secret_value(SecretId=secret["name"], **value)
        else:
            manager.create_secret(Name=secret["name"], **value)
        count += 1
    return count


def _load_pointers(glue: Any, folder: Path) -> int:
    count = 0
    for pointer in _lines(folder / "tables.jsonl"):
        table = glue.get_table(DatabaseName=pointer["database"], Name=pointer["table"])["Table"]
        kept = ("Name", "Description", "Owner", "StorageDescriptor", "PartitionKeys", "TableType", "Parameters")
        wanted = {name: table[name] for name in kept if name in table}
        location = {"table_type": "ICEBERG", "metadata_location": pointer["metadata_location"]}
        wanted["Parameters"] = table.get("Parameters", {}) | location
        glue.update_table(DatabaseName=pointer["database"], TableInput=wanted, SkipArchive=True)
        count += 1
    return count
