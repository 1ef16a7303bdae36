"""How the domain's objects look in JSON. No decision is taken here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from biotheca.catalog import members
from biotheca.curation.figures import place
from biotheca.submissions.model import WORDS, ArchiveObject, DataFile, Submission
from biotheca.submissions.store import SubmissionStore
from functions.api.shapes import FileShape, ObjectShape, Release, SubmissionShape, SubmissionSummary


def summary(submission: Submission) -> SubmissionSummary:
    """A submission in a list."""
    return SubmissionSummary(**_common(submission))


FIRST = 200  # objects, and objects whose files are shown; the others come by their own pages


def of(store: SubmissionStore, submission: Submission) -> SubmissionShape:
    """A submission with counts, its first objects and files, and its place in the curators' queue."""
    objects, _ = store.objects_page(submission, None, FIRST, None)
    files, _ = store.files_page(submission, FIRST, None)
    findings = store.findings(submission)[:FIRST]
    return whole(submission, objects, files, findings, place(store, submission))


def object_(o: ArchiveObject) -> ObjectShape:
    """A metadata object of a submission."""
    return ObjectShape(type=o.type, alias=o.alias, accession=o.accession, attributes=o.attributes)


def whole(
    submission: Submission,
    objects: list[ArchiveObject],
    files: list[DataFile],
    findings: Sequence[dict[str, Any]] = (),
    queue: dict[str, Any] | None = None,
) -> SubmissionShape:
    """A submission with what is shown of it at once; objects in the order of the catalog."""
    order = [kind.type for kind in members()[submission.member].types]
    objects = sorted(objects, key=lambda o: order.index(o.type))
    return SubmissionShape(
        **_common(submission),
        objects=[object_(o) for o in objects],
        files=[file(f) for f in files],
        accessions={f"{o.type}/{o.alias}": o.accession for o in objects if o.accession},
        reasons=submission.reasons,
        findings=[*(finding for f in files for finding in f.findings), *findings],
        counts=submission.counts,
        queue=queue,
        extends=submission.extends,
        de_identified=any(kind.type in submission.counts for kind in members()[submission.member].made),
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
        has_report=f.report is not None,
        measured=f.measured,
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
        "access": members()[submission.member].access_mode(submission.access),
        "committee": submission.committee or None,
        "policies": submission.policies,
        "dataset": submission.dataset,
        "catalog_version": submission.catalog_version,
        "warnings": submission.warnings,
        "waits_for": submission.waits_for,
        "created_at": submission.created_at,
        "updated_at": submission.updated_at,
    }
