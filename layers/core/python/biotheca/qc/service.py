"""The checks of a workflow round: what is to be checked, what was found, is every file sound.

The check itself runs in a Batch job (batch/qc) that knows only objects and reports; here its report
becomes the state of a file.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from biotheca import events
from biotheca.qc.store import ReportStore
from biotheca.submissions.model import DataFile, FileState, State, Submission
from biotheca.submissions.store import SubmissionStore, saved
from biotheca.uploads.store import Inbox

FINDINGS_KEPT = 100  # per file; all are counted in the report


class NoReport(Exception):
    """The job ended without a report: a fault of ours, not of the file."""


def plan(store: SubmissionStore, inbox: Inbox, reports: ReportStore, submission_id: str, round_number: int) -> dict:
    """Write the manifest of files to check; files found sound in an earlier round are not checked again."""

    def change(submission: Submission) -> Submission:
        if submission.state != State.FILES_EXPECTED:
            return submission
        new = replace(submission, state=State.FILES_CHECKING)
        words = "Every file has arrived; the checks begin."
        return store.save(submission, new, event="checks began", words=words, actor="archive")

    submission = saved(store, submission_id, change)
    items = []
    for file in store.files(submission):
        if file.state == FileState.RECEIVED:
            store.save_file(submission_id, replace(file, state=FileState.CHECKING), only_from={FileState.RECEIVED})
        if file.state in (FileState.RECEIVED, FileState.CHECKING):
            items.append(
                {
                    "file_id": file.id,
                    "bucket": inbox.bucket,
                    "key": file.key or inbox.key(submission_id, file.id),
                    "name": file.name,
                    "version_id": file.version_id or "",
                    "md5": file.md5,
                    "format": file.format,
                    "report_bucket": reports.bucket,
                    "report_key": reports.report_key(submission_id, round_number, file.id),
                    "size_bytes": file.size_bytes,
                }
            )
    key = reports.put_manifest(submission_id, round_number, "checks", items)
    return {"bucket": reports.bucket, "key": key, "count": len(items)}


def note_verdict(
    store: SubmissionStore, reports: ReportStore, submission_id: str, file_id: str, report_key: str
) -> str:
    """Make a report the state of its file; returns the verdict. NoReport if there is none. A replay changes nothing."""
    _, file = store.file(file_id)
    if file.state != FileState.CHECKING:
        return "sound" if file.state in (FileState.QC_PASSED, FileState.ARCHIVED) else "unsound"
    report = reports.report(report_key)
    if report is None:
        raise NoReport(f"no report at {report_key!r}")
    sound = report["verdict"] == "sound"
    changed = replace(
        file,
        state=FileState.QC_PASSED if sound else FileState.QC_FAILED,
        sha256=report["sha256"],
        reads=report.get("reads"),
        bases=report.get("bases"),
        container=report.get("container"),
        findings=report["findings"][:FINDINGS_KEPT],
    )
    store.save_file(submission_id, changed, only_from={FileState.CHECKING}, words=_words(file, report))
    return report["verdict"]


def _words(file: DataFile, report: dict[str, Any]) -> str:
    if report["verdict"] == "sound":
        return f"{file.name} is sound: {report['reads']:,} reads, {report['bases']:,} bases, MD5 as declared."
    first = report["findings"][0]["message"] if report["findings"] else "no detail was reported"
    more = report["findings_total"] - 1
    return f"{file.name} did not pass: {first}" + (f" (and {more} more)" if more > 0 else "")


def judge(store: SubmissionStore, submission_id: str) -> dict[str, Any]:
    """What the checks of a round said: verdict `sound`, `unsound` or `unchecked`, with counts."""
    files = store.files(store.get(submission_id))
    failed = [f for f in files if f.state == FileState.QC_FAILED]
    unchecked = [f for f in files if f.state not in (FileState.QC_FAILED, FileState.QC_PASSED, FileState.ARCHIVED)]
    verdict = "unsound" if failed else "unchecked" if unchecked else "sound"
    return {"verdict": verdict, "files": len(files), "failed": len(failed), "unchecked": len(unchecked)}


def return_files(store: SubmissionStore, submission_id: str) -> Submission:
    """Give a submission back to its owner because files did not pass or never came."""

    def change(submission: Submission) -> Submission:
        if submission.state not in (State.FILES_CHECKING, State.FILES_EXPECTED):
            return submission
        bad = [f.name for f in store.files(submission) if f.state not in (FileState.QC_PASSED, FileState.ARCHIVED)]
        shown = ", ".join(bad[:5]) + (" ..." if len(bad) > 5 else "")
        words = f"Returned: {len(bad)} file(s) did not pass or did not arrive ({shown})."
        new = replace(submission, state=State.FILES_FAILED)
        return store.save(
            submission, new, event="returned", words=words, actor="archive", announce=events.SUBMISSION_RETURNED
        )

    return saved(store, submission_id, change)
