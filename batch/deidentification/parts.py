"""The steps of a submission in parts: survey (once), part (side by side), gather (once, last).

Each may be killed and run again: it writes the same over what was there. What steps tell each other lies in the inbox
below the prefix of what was made, for it names files; the list of parts, which says nothing, with the manifests.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from batch.deidentification.task import (
    Task,
    counts_of,
    keep_pictures,
    keep_reports,
    laid,
    packed_of,
    pictures_of,
)
from biotheca.deidentification import levels
from biotheca.deidentification.blanking import MOST_PICTURES
from biotheca.deidentification.engine import VERSION
from biotheca.deidentification.folder import Job, digest_of, worked
from biotheca.deidentification.keys import CollectionKey
from biotheca.deidentification.model import Options
from biotheca.deidentification.parts import Plan, joined, planned
from biotheca.deidentification.report import written
from biotheca.deidentification.store import CollectionSecrets, document_at, keep_document
from biotheca.deidentification.survey import Looked, look, settled


def survey(task: Task, scratch: Path | None = None) -> int:
    """Look at all files, archive after archive, so that scratch holds one; how many parts there are."""
    seen: dict[Path, Looked] = {}
    sizes: dict[Path, int] = {}
    digests: dict[Path, str] = {}
    archives: dict[str, str] = {}
    with tempfile.TemporaryDirectory(dir=scratch) as made:
        work = Path(made)
        for file in task.files:
            if why := laid(task, file, work):
                archives[file["file_id"]] = why
            for path in sorted(path for path in (work / "in").rglob("*") if path.is_file()):
                place = path.relative_to(work / "in")
                seen[place], sizes[place], digests[place] = look(path), path.stat().st_size, digest_of(path)
            shutil.rmtree(work / "in", ignore_errors=True)
    found = settled(sorted(seen.items()), digests.__getitem__)
    plan = planned(found, sizes, archives, task.part_files)
    keep_document(task.bucket, _place(task, "plan"), asdict(plan))
    keep_document(task.report_bucket, task.parts, [{"part": str(number)} for number in range(len(plan.parts))])
    return len(plan.parts)


def part(task: Task, number: int, scratch: Path | None = None, workers: int = 1) -> int:
    """De-identify, verify, look at and pack the series of one part; how many files it has."""
    plan = Plan(**document_at(task.bucket, _place(task, "plan")))
    groups = plan.parts[number]
    wanted = {name for group in groups for name in group}
    secret = CollectionSecrets().of(task.collection)
    with tempfile.TemporaryDirectory(dir=scratch) as made:
        work = Path(made)
        for file in task.files:
            own = {name.partition("/")[2] for name in wanted if name.partition("/")[0] == file["file_id"]}
            if own:
                laid(task, file, work, own)
        job = Job(work / "in", work / "out", secret, Options(), "check", task.blanking(work / "pictures"), consume=True)
        (work / "out").mkdir()
        done = list(worked(job, [[work / "in" / name for name in group] for group in groups], workers))
        texts: Counter[tuple[int, str]] = Counter()
        for _, _, said in done:
            texts.update(said)
        lines = [(path.relative_to(work / "in").as_posix(), entry.line()) for path, entry, _ in done]
        pictures = pictures_of((line for _, line in sorted(lines)), work)
        keep_pictures(task, work, pictures)
        document = {
            "entries": sorted(lines),
            "texts": [[tag, text, count] for (tag, text), count in sorted(texts.items())],
            "pictures": pictures,
            **packed_of(task, work),
        }
    keep_document(task.bucket, _place(task, f"part-{number}"), document)
    return len(done)


def gather(task: Task, scratch: Path | None = None) -> dict[str, Any]:
    """Join what the parts made; the outcome, which is written last. RuntimeError if a file has neither output nor
    reason; ObjectMissing if a part did not come to its end."""
    plan = Plan(**document_at(task.bucket, _place(task, "plan")))
    told = [document_at(task.bucket, _place(task, f"part-{number}")) for number in range(len(plan.parts))]
    secret = CollectionSecrets().of(task.collection)
    key = CollectionKey(secret)
    rows, totals = joined(plan, told, key)
    if not totals.complete:
        raise RuntimeError(f"{totals.missing} file(s) have neither an output nor a reason")
    with tempfile.TemporaryDirectory(dir=scratch) as made:
        work = Path(made)
        (work / "report").mkdir()
        written(work / "report", Job(work, work, secret, Options()).head(key), rows, totals)
        pictures = [row for one in told for row in one["pictures"]][:MOST_PICTURES]
        whole = asdict(levels.merged(one["levels"] for one in told))
        packed = {uid: files for one in told for uid, files in one["packed"].items()}
        outcome = {"engine": VERSION, **counts_of(totals), "refused": plan.archives, "levels": whole, "packed": packed}
        outcome["clinical"] = {}  # a table needs one job (service.plan); here it was set aside as no image
        keep_reports(task, work, pictures)
        keep_document(task.report_bucket, task.report + "outcome.json", outcome)
    return outcome


def _place(task: Task, name: str) -> str:
    return f"{task.made}parts/{name}.json"
