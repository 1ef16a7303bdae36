"""How the domain's objects look in JSON. No decision is taken here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from biotheca.submissions.model import WORDS, ArchiveObject, DataFile, Submission
from functions.api.shapes import FileShape, ObjectShape, Release, SubmissionShape, SubmissionSummary


def summary(submission: Submission) -> SubmissionSummary:
    """A submission in a list."""
    return SubmissionSummary(**_common(submission))


def whole(
    submission: Submission,
    objects: list[ArchiveObject],
    files: list[DataFile],
    findings: Sequence[dict[str, Any]] = (),
) -> SubmissionShape:
    """A submission with all that belongs to it."""
    return SubmissionShape(
        **_common(submission),
        objects=[
            ObjectShape(type=o.type, alias=o.alias, accession=o.accession, attributes=o.attributes) for o in objects
        ],
        files=[file(f) for f in files],
        accessions={f"{o.type}/{o.alias}": o.accession for o in objects if o.accession},
        reasons=submission.reasons,
        findings=[*(finding for f in files for finding in f.findings), *findings],
    )


def file(f: DataFile) -> FileShape:
    """A file of a submission."""
    return FileShape(
        id=f.id,
        name=f.name,
        run=f.owner_alias,
        size_bytes=f.size_bytes,
        md5=f.md5,
        sha256=f.sha256,
        reads=f.reads,
        bases=f.bases,
        state=f.state,
        findings=f.findings,
    )


def _common(submission: Submission) -> dict[str, Any]:
    return {
        "id": submission.id,
        "member": submission.member,
        "title": submission.title,
        "state": submission.state,
        "state_words": WORDS[submission.state],
        "round": submission.round,
        "release": Release(mode="on_date" if submission.release_on else "immediately", date=submission.release_on),
        "dataset": submission.dataset,
        "catalog_version": submission.catalog_version,
        "warnings": submission.warnings,
        "created_at": submission.created_at,
        "updated_at": submission.updated_at,
    }
