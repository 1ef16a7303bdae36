"""What the job is asked to do, and its steps. Nothing here knows a rule: biotheca.deidentification does."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from biotheca.deidentification import blanking, clinical_files, levels, packing
from biotheca.deidentification.blanking import Blanking
from biotheca.deidentification.clinical import Person
from biotheca.deidentification.engine import VERSION
from biotheca.deidentification.folder import de_identify, digest_of
from biotheca.deidentification.keys import CollectionKey
from biotheca.deidentification.parts import PART_FILES
from biotheca.deidentification.report import Totals
from biotheca.deidentification.store import (
    CollectionSecrets,
    fetch,
    keep,
    keep_document,
    picture_key,
    task_at,
)
from biotheca.imaging import preparing

_PUBLIC = ("report.jsonl", "texts.tsv", "summary.json")  # the names of inputs stay on this machine and go with it


class CalledWrongly(Exception):
    """The task cannot be understood. Trying again is useless."""


@dataclass(frozen=True)
class Task:
    """`files`: file_id, key, version_id and format of each archive in `bucket`. `made`: prefix of packed series there.
    `report`: prefix in `report_bucket`. `collection`: whose secret it is. `blank`: what curators want blanked.
    `parts`: where the list of parts goes, in `report_bucket`; `part_files`: files of one at most.
    `individual_column`: heading of the patients' numbers in a clinical table."""

    submission_id: str
    collection: str
    bucket: str
    files: list[dict[str, str]]
    made: str
    report_bucket: str
    report: str
    blank: dict[str, Any] = field(default_factory=dict)
    parts: str = ""
    part_files: int = PART_FILES
    individual_column: str = ""

    def blanking(self, pictures: Path) -> Blanking:
        """What curators asked for."""
        marks = {mark: tuple(map(tuple, boxes)) for mark, boxes in self.blank.get("marks", {}).items()}
        return Blanking(pictures, marks, frozenset(self.blank.get("reasons", ())))


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
        places = work / "in", work / "out", work / "report"
        asked, key = task.blanking(work / "pictures"), CollectionKey(secret)
        tables = clinical_files.set_apart(work / "in", work / "tables")
        people = clinical_files.people_in(work / "in", key) if tables else {}
        totals = de_identify(*places, key, secret, workers=workers, blanking=asked, consume=True)
        if not totals.complete:
            raise RuntimeError(f"{totals.missing} file(s) have neither an output nor a reason")
        outcome = {"engine": VERSION, **counts_of(totals), "refused": refused, **packed_of(task, work, tables, people)}
        with (work / "report" / "report.jsonl").open(encoding="utf-8") as lines:
            pictures = pictures_of(map(json.loads, lines), work)
        keep_pictures(task, work, pictures)
        keep_reports(task, work, pictures)
        keep_document(task.report_bucket, task.report + "outcome.json", outcome)
    return outcome


def _laid(task: Task, work: Path) -> dict[str, str]:
    """Unpack each archive into a folder of its own; why one was refused, by file id."""
    (work / "in").mkdir()
    told = {file["file_id"]: laid(task, file, work) for file in task.files}
    return {file_id: why for file_id, why in told.items() if why}


def laid(task: Task, file: dict[str, str], work: Path, only: Iterable[str] | None = None) -> str:
    """Fetch a file and lay what is wanted of it below in/; why it could not be unpacked to its end, else nothing."""
    archive, target = work / "archive", work / "in" / file["file_id"]
    fetch(task.bucket, file["key"], file["version_id"], archive)
    try:
        packing.laid(archive, file["format"], target, None if only is None else frozenset(only))
    except packing.Unsafe as fault:
        return str(fault)
    finally:
        archive.unlink(missing_ok=True)
    return ""


def pictures_of(lines: Iterable[Mapping[str, Any]], work: Path) -> list[dict[str, Any]]:
    """What a curator is shown of the entries' lines."""
    return blanking.shown(lines, work / "pictures")


def keep_pictures(task: Task, work: Path, rows: list[dict[str, Any]]) -> None:
    """The pictures to their private place."""
    for row in rows:
        for moment in ("before", "after"):
            if row[moment]:
                picture = work / "pictures" / f"{row['mark']}-{moment}.png"
                keep(picture, task.bucket, picture_key(task.made, row["mark"], moment))


def keep_reports(task: Task, work: Path, pictures: list[dict[str, Any]]) -> None:
    """What people of the submission and the desk may read; the list of pictures shows nothing."""
    keep_document(task.report_bucket, task.report + "pictures.json", {"items": pictures})
    for name in _PUBLIC:
        keep(work / "report" / name, task.report_bucket, task.report + name)


def counts_of(totals: Totals) -> dict[str, Any]:
    """What an outcome says of a submission's files."""
    counts = {"inputs": totals.inputs, "released": totals.released, "copies": totals.copies}
    return counts | {"quarantined": dict(sorted(totals.quarantined.items())), "faces": sorted(totals.faces)}


def packed_of(
    task: Task, work: Path, tables: Sequence[Path] = (), people: Mapping[str, Person] | None = None
) -> dict[str, Any]:
    """Pack each series beside its metadata, make the clinical table; the levels and what was packed, by alias."""
    found = levels.Levels()
    packed: dict[str, list[dict[str, Any]]] = {}
    for folder in levels.series_folders(work / "out"):
        uid = folder.name
        metadata, archive = work / f"{uid}.json.gz", work / f"{uid}.zip"
        metadata.write_bytes(levels.add_series(found, folder))
        packing.pack(folder, archive)
        read_by = preparing.beside(folder, archive)
        packed[uid] = [_sent(task, path) for path in (archive, metadata, *read_by)]
        shutil.rmtree(folder)  # what is packed needs no second place
    table, told = clinical_files.make(tables, people or {}, work, task.individual_column, found)
    packed |= {clinical_files.MADE: [_sent(task, table)]} if table else {}
    return {"levels": asdict(found), "packed": packed, "clinical": told}


def _sent(task: Task, path: Path) -> dict[str, Any]:
    sha256, md5 = digest_of(path), digest_of(path, "md5")
    said = {"name": path.name, "key": task.made + path.name, "size_bytes": path.stat().st_size}
    keep(path, task.bucket, task.made + path.name)
    path.unlink()
    return said | {"sha256": sha256, "md5": md5}
