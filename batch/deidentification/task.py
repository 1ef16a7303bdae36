"""What the job is asked to do, and its steps. Nothing here knows a rule: biotheca.deidentification does."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from biotheca.deidentification import clinical_files, levels, packing
from biotheca.deidentification.engine import VERSION
from biotheca.deidentification.folder import Totals, de_identify
from biotheca.deidentification.keys import CollectionKey
from biotheca.deidentification.store import CollectionSecrets, fetch, keep, keep_outcome, task_at

_PUBLIC = ("report.jsonl", "texts.tsv", "summary.json")  # the names of inputs stay on this machine and go with it


class CalledWrongly(Exception):
    """The task cannot be understood. Trying again is useless."""


@dataclass(frozen=True)
class Task:
    """`files`: file_id, key, version_id and format of each archive in `bucket`. `made`: prefix of packed series there.
    `report`: prefix in `report_bucket`. `collection`: whose secret it is.
    `individual_column`: heading of the patients' numbers in a clinical table."""

    submission_id: str
    collection: str
    bucket: str
    files: list[dict[str, str]]
    made: str
    report_bucket: str
    report: str
    individual_column: str = ""


def task_of(place: str) -> Task:
    """The task at s3://bucket/key. Raises CalledWrongly."""
    try:
        return Task(**task_at(place))
    except TypeError as fault:
        raise CalledWrongly(f"the task at {place} is of another form: {fault}") from None


def run(task: Task, scratch: Path | None = None, workers: int = 1) -> dict[str, Any]:
    """Fetch, unpack, de-identify, pack, report; the outcome, which is written last.

    Deterministic and written over: after a kill the job runs again and leaves the same. RuntimeError if an input has
    neither output nor reason.
    """
    secret = CollectionSecrets().of(task.collection)
    with tempfile.TemporaryDirectory(dir=scratch) as made:
        work = Path(made)
        refused = _laid(task, work)
        tables = clinical_files.set_apart(work / "in", work / "tables")
        totals = de_identify(work / "in", work / "out", work / "report", CollectionKey(secret), secret, workers=workers)
        if not totals.complete:
            raise RuntimeError(f"{totals.missing} file(s) have neither an output nor a reason")
        outcome = {
            "engine": VERSION,
            **_counts(totals),
            "refused": refused,
            **_packed(task, work, tables, CollectionKey(secret)),
        }
        for name in _PUBLIC:
            keep(work / "report" / name, task.report_bucket, task.report + name)
        keep_outcome(task.report_bucket, task.report + "outcome.json", outcome)
    return outcome


def _laid(task: Task, work: Path) -> dict[str, str]:
    """Unpack each archive into a folder of its own; why one was refused, by file id."""
    refused = {}
    (work / "in").mkdir()
    for file in task.files:
        archive = work / "archive"
        fetch(task.bucket, file["key"], file["version_id"], archive)
        try:
            packing.unpack(archive, file["format"], work / "in" / file["file_id"])
        except packing.Unsafe as fault:
            refused[file["file_id"]] = str(fault)
        archive.unlink()
    return refused


def _counts(totals: Totals) -> dict[str, Any]:
    counts = {"inputs": totals.inputs, "released": totals.released, "copies": totals.copies}
    return counts | {"quarantined": dict(sorted(totals.quarantined.items()))}


def _packed(task: Task, work: Path, tables: list[Path], key: CollectionKey) -> dict[str, Any]:
    """Pack each series beside its metadata, make the clinical table; the levels and what was packed, by alias."""
    found = levels.Levels()
    packed: dict[str, list[dict[str, Any]]] = {}
    for folder in levels.series_folders(work / "out"):
        uid = folder.name
        metadata, archive = work / f"{uid}.json.gz", work / f"{uid}.zip"
        metadata.write_bytes(levels.add_series(found, folder))
        packing.pack(folder, archive)
        packed[uid] = [_sent(task, archive), _sent(task, metadata)]
    table, told = clinical_files.make(tables, work / "in", work, task.individual_column, key, found)
    packed |= {clinical_files.MADE: [_sent(task, table)]} if table else {}
    return {"levels": asdict(found), "packed": packed, "clinical": told}


def _sent(task: Task, path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        md5 = hashlib.file_digest(file, "md5").hexdigest()
    said = {"name": path.name, "key": task.made + path.name, "size_bytes": path.stat().st_size}
    keep(path, task.bucket, task.made + path.name)
    path.unlink()
    return said | {"sha256": sha256, "md5": md5}
