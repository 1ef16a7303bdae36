"""Reading a series of 2,000 instances through the API's door: metadata, one frame, a search. Cloud: moto beside it.

The series is what the job makes of 2,000 slices with some 200 elements each; the clock runs around the door's handler,
with the record, the right to read, the object and the answer in base64.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import boto3
from moto import mock_aws
from pydicom.uid import UID

from bench.measure import table
from biotheca.aws import session
from biotheca.deidentification import levels, packing
from biotheca.imaging import following, preparing
from biotheca.publication.model import Record, Visibility
from biotheca.publication.rules import uid_name

INSTANCES, SIDE, ROUNDS = 2_000, 64, 7
STUDY, SERIES = "2.25.1", "2.25.2"
PLACE = f"/v1/dicomweb/studies/{STUDY}/series/{SERIES}"


def run(folder: Path) -> str:
    """The table."""
    names = {"records_table": "records", "search_table": "search", "outbox_table": "outbox", "access_table": "access"}
    names |= {"people_table": "people", "derived_bucket": "derived", "open_archive_bucket": "open"}
    told = {f"BIOTHECA_{name.upper()}": value for name, value in names.items()}
    told |= {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    told |= {"POWERTOOLS_TRACE_DISABLED": "1", "POWERTOOLS_METRICS_DISABLED": "true", "POWERTOOLS_LOG_LEVEL": "ERROR"}
    with patch.dict(os.environ, told), mock_aws(), TemporaryDirectory(dir=folder) as made:
        session.client.cache_clear()
        facts = _released(Path(made))
        rows = _measured(facts)
    return table(f"A series of {INSTANCES:,} instances", ["", "answers", "bytes", "wall ms"], rows)


def _measured(facts: dict[str, Any]) -> list[list[Any]]:
    gzip = {"accept-encoding": "gzip"}
    uid = facts["uid"]
    calls: list[tuple[str, Callable[[], dict[str, Any]]]] = [
        ("metadata, gzip", lambda: _get(PLACE + "/metadata", gzip)),
        ("metadata, plain", lambda: _get(PLACE + "/metadata", {})),
        ("metadata of one instance", lambda: _get(f"{PLACE}/instances/{uid}/metadata", gzip)),
        ("one frame", lambda: _get(f"{PLACE}/instances/{uid}/frames/1", {})),
        ("one frame as PNG", lambda: _get(f"{PLACE}/instances/{uid}/rendered", {})),
        ("QIDO: 1,000 instances", lambda: _get(PLACE + "/instances", {}, {"limit": "1000"})),
    ]
    rows: list[list[Any]] = []
    for name, call in calls:
        took = []
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            answer = call()
            took.append(time.perf_counter() - begun)
        assert answer["statusCode"] in (200, 307), answer
        rows.append([name, answer["statusCode"], f"{len(answer['body']):,}", f"{1e3 * median(took):,.0f}"])
    said = facts["metadata_bytes"], facts["index_bytes"], facts["beside_s"]
    rows.append(["kept: metadata, index", "", f"{said[0]:,}; {said[1]:,}", ""])
    rows.append(["the job: index and pictures, of one instance", "", "", f"{1e3 * said[2] / INSTANCES:.1f}"])
    return rows


def _get(path: str, headers: dict[str, str], query: dict[str, str] | None = None) -> dict[str, Any]:
    """One request of the gateway to the door."""
    from functions.api.app import app, handler

    route = _route(app, path)
    event = {
        "httpMethod": "GET",
        "path": path,
        "resource": route[0],
        "headers": {"host": "x", **headers},
        "multiValueHeaders": {},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": {name: [value] for name, value in (query or {}).items()} or None,
        "pathParameters": route[1],
        "stageVariables": None,
        "body": None,
        "isBase64Encoded": False,
        "requestContext": {"resourcePath": route[0], "path": path, "httpMethod": "GET", "requestId": "bench"},
    }
    answer: dict[str, Any] = handler(event, None)
    return answer


def _route(app: Any, path: str) -> tuple[str, dict[str, str]]:
    pieces = path.strip("/").split("/")
    for known in app.routes:
        names = known.strip("/").split("/")
        if len(names) == len(pieces) and all(n[0] == "{" or n == p for n, p in zip(names, pieces, strict=True)):
            return known, {n[1:-1]: p for n, p in zip(names, pieces, strict=True) if n[0] == "{"}
    raise LookupError(path)


def _released(folder: Path) -> dict[str, Any]:
    """Make the series, put its files and records where the archive has them."""
    from tests.unit.deidentification.making import as_bytes, ct
    from tests.unit.world import INDEXES, _table

    for name, indexes in (("records", INDEXES), ("search", {}), ("outbox", {}), ("access", {}), ("people", {})):
        _table(name, name != "outbox", indexes)
    place = folder / "patient" / STUDY / SERIES
    place.mkdir(parents=True)
    for number in range(1, INSTANCES + 1):
        uid = UID(f"2.25.{1000 + number}")
        made = ct(number, SIDE, StudyInstanceUID=STUDY, SeriesInstanceUID=SERIES)
        made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = uid
        for element in range(150):  # as many as a scanner writes: short texts and numbers of private blocks
            made.add_new((0x0099, 0x1000 + element), "LO" if element % 2 else "DS", f"{element + number}.25")
        made.add_new((0x0099, 0x0010), "LO", "A MAKER")
        (place / f"{uid}.dcm").write_bytes(as_bytes(made))
    archive, metadata = folder / f"{SERIES}.zip", folder / f"{SERIES}.json.gz"
    metadata.write_bytes(levels.add_series(levels.Levels(), place))
    packing.pack(place, archive)
    begun = time.perf_counter()
    index, pictures = preparing.beside(place, archive)
    beside_s = time.perf_counter() - begun
    s3 = boto3.client("s3")
    files = []
    for bucket in ("open", "derived"):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for suffix, path in (
        (".zip", archive),
        ("_metadata.json.gz", metadata),
        ("_index.json.gz", index),
        ("_previews.zip", pictures),
    ):
        name = f"OBIE000001{suffix}"
        s3.put_object(Bucket="open", Key=name, Body=path.read_bytes())
        size = path.stat().st_size
        files.append({"name": name, "bucket": "open", "key": name, "size_bytes": size, "md5": "", "sha256": ""})
    _write(files)
    facts = {"uid": "2.25.2000", "metadata_bytes": files[1]["size_bytes"], "index_bytes": files[2]["size_bytes"]}
    return facts | {"beside_s": beside_s}


def _write(files: list[dict[str, Any]]) -> None:
    from functions.stores import records, series

    common: dict[str, Any] = {
        "created_at": "2026-01-01T00:00:00.000Z",
        "member": "obia",
        "submission": "sub",
        "owner": "me",
        "visibility": Visibility.PUBLIC,
        "title": "CT",
    }
    rows = (
        Record(accession="OBIA0001", type="collection", alias="c", attributes={}, dataset="OBIA0001", **common),
        Record(
            accession="OBII000001", type="imaged_individual", alias="P", attributes={}, dataset="OBIA0001", **common
        ),
        Record(
            accession="OBIS000001",
            type="imaging_study",
            alias=STUDY,
            attributes={"study_uid": STUDY, "modalities": ["CT"]},
            links={"imaged_individual": ["OBII000001"]},
            dataset="OBIA0001",
            **common,
        ),
        Record(
            accession="OBIE000001",
            type="series",
            alias=SERIES,
            attributes={"series_uid": SERIES, "modality": "CT", "images": INSTANCES},
            links={"imaging_study": ["OBIS000001"]},
            files=files,
            dataset="OBIA0001",
            **common,
        ),
    )
    for record in rows:
        records().put_new(record)
    records().put_name(uid_name(SERIES), "OBIE000001")
    following.refresh(series(), records(), "OBIA0001")
