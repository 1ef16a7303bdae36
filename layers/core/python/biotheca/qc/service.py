"""The checks of a workflow round: what is to be checked, what was found, is every file sound.

The check itself runs in a Batch job (batch/qc) that knows only objects and reports; here its report
becomes the state of a file.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from biotheca import catalog, events
from biotheca.accounts.model import Person
from biotheca.errors import NotFound
from biotheca.qc import report_json, runs, sizing
from biotheca.qc.report_json import summary
from biotheca.qc.store import ReportStore
from biotheca.submissions.model import ArchiveObject, DataFile, FileState, State, Submission
from biotheca.submissions.service import visible
from biotheca.submissions.store import SubmissionStore, saved
from biotheca.taxonomy.service import Taxonomy
from biotheca.uploads.store import Inbox

FINDINGS_KEPT = 100  # per file; all are counted in the report
DIGESTS_ANSWERED = 8_192  # of names, one every 65,536 reads: 300 kB
READ_AT_ONCE = 8  # reports that are fetched side by side


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
                    **_needs(file),
                }
            )
    key = reports.put_manifest(submission_id, round_number, "checks", items)
    return {"bucket": reports.bucket, "key": key, "count": len(items)}


def _needs(file: DataFile) -> dict[str, str]:
    """What the state machine asks of Batch for the check of a file; Batch takes numbers as words."""
    needed = sizing.size(file.size_bytes or 0, sizing.container_named(file.name), saved=file.format == "fastq")
    stored = {"stored_bytes": str(file.size_bytes or 0)}
    return stored | {"machine": needed.machine, "vcpus": str(needed.vcpus), "memory_mib": str(needed.memory_mib)}


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
        screen=report.get("screen"),
        report=report_key,
        measured=summary(report),
        findings=report["findings"][:FINDINGS_KEPT],
    )
    store.save_file(submission_id, changed, only_from={FileState.CHECKING}, words=_words(file, report))
    return report["verdict"]


def _words(file: DataFile, report: dict[str, Any]) -> str:
    if report["verdict"] == "sound":
        counted = f"{report['reads']:,} reads, {report['bases']:,} bases, " if report["reads"] else ""
        return f"{file.name} is sound: {counted}MD5 as declared."
    first = report["findings"][0]["message"] if report["findings"] else "no detail was reported"
    more = report["findings_total"] - 1
    return f"{file.name} did not pass: {first}" + (f" (and {more} more)" if more > 0 else "")


def judge(
    store: SubmissionStore, taxonomy: Taxonomy, submission_id: str, reports: ReportStore | None = None
) -> dict[str, Any]:
    """What the checks of a round said: verdict `sound`, `unsound` or `unchecked`, with counts. `made_anew`: whether
    other files are made of these before anybody decides.

    Here the files of a run are compared with each other. A file is sound by itself, so it stays `qc_passed`; what is
    wrong with its run stands at the file until the run is judged again. A replay finds the same. Names of reads are
    compared where `reports` holds what the checks said of them.
    """
    submission = store.get(submission_id)
    files = _judge_runs(store, taxonomy, submission, reports)
    failed = [f for f in files if f.state == FileState.QC_FAILED or _has_error(f)]
    unchecked = [f for f in files if f.state not in (FileState.QC_FAILED, FileState.QC_PASSED, FileState.ARCHIVED)]
    verdict = "unsound" if failed else "unchecked" if unchecked else "sound"
    anew = bool(catalog.members()[submission.member].made_anew_by)
    counts = {"files": len(files), "failed": len(failed), "unchecked": len(unchecked)}
    return {"verdict": verdict, **counts, "made_anew": anew}


def _has_error(file: DataFile) -> bool:
    return any(found.get("severity") == "error" for found in file.findings)


def _with_reports(
    owners: list[ArchiveObject], files: dict[str, DataFile], reports: ReportStore | None
) -> Iterator[tuple[ArchiveObject, tuple[runs.CheckedFile, ...] | None]]:
    """Each owner with what the checks of its files said, None if one did not pass; some reports are read at once."""
    with ThreadPoolExecutor(READ_AT_ONCE) as pool:
        for at in range(0, len(owners), READ_AT_ONCE):  # no more are held: one tells the names of all its reads
            some = [
                (owner, [files[i] for i in owner.file_ids if i in files]) for owner in owners[at : at + READ_AT_ONCE]
            ]
            wanted = {f.id: f for _, own in some for f in own if f.state == FileState.QC_PASSED}
            told = dict(zip(wanted, pool.map(lambda f: _checked(f, reports), wanted.values()), strict=True))
            for owner, own in some:
                yield owner, tuple(told[f.id] for f in own) if all(f.id in told for f in own) else None


def _checked(file: DataFile, reports: ReportStore | None) -> runs.CheckedFile:
    """What the check of a file said: of names, which are too many for its record, as the report has it."""
    report = reports.report(file.report) if reports and file.report else None
    told = {"format": file.format, "reads": file.reads, "screen": file.screen, "sha256": file.sha256}
    return runs.CheckedFile.of(file.name, (report or {}) | told)


def _judge_runs(
    store: SubmissionStore, taxonomy: Taxonomy, submission: Submission, reports: ReportStore | None
) -> list[DataFile]:
    """All files, those of runs that wait for their decision with what the run as a whole says."""
    member = catalog.members()[submission.member]
    objects = store.objects(submission)
    fields = {(o.type, o.alias): o.attributes for o in objects}
    files = {f.id: f for f in store.files(submission)}
    owners = [o for o in objects if o.file_ids]
    numbers = {o.alias: runs.organism(member, fields, o.type, o.alias) for o in owners}
    taxa = taxonomy.get_many(n for n in numbers.values() if n)
    for owner, checked in _with_reports(owners, files, reports):
        own = [files[i] for i in owner.file_ids if i in files]
        found = []
        if checked is not None:
            taxon = taxa.get(numbers[owner.alias] or 0)
            declared = runs.declared(member, fields, owner.type, owner.alias)
            found = runs.check_run(member, runs.CheckedRun(owner.type, owner.alias, checked, taxon, declared))
        for file in own:
            findings = runs.told(file.findings, found)
            if file.state in (FileState.QC_PASSED, FileState.QC_FAILED) and findings != file.findings:
                words = found[0].message if found and file is own[0] else None
                changed = replace(file, findings=findings)
                files[file.id] = store.save_file(submission.id, changed, only_from={file.state}, words=words)
    return list(files.values())


def report_of(store: SubmissionStore, person: Person, submission_id: str, file_id: str) -> DataFile:
    """A file whose check left a report, of a submission that the person may see; NotFound otherwise, all alike."""
    submission = visible(store, person, submission_id)
    try:
        owner, file = store.file(file_id)
    except NotFound:
        owner, file = "", None
    if file is None or owner != submission.id or not file.report:
        raise NotFound(f"Submission {submission.id} has no report of a file {file_id[:60]!r}.")
    return file


def document_of(reports: ReportStore, file: DataFile) -> dict[str, Any]:
    """The published document of a file's check; findings are those of today, with what is wrong with its run."""
    report = reports.report(file.report or "")
    if report is None:
        raise NotFound(f"There is no report of {file.name!r} any more.")
    # What its run was told after the check counts as well; the file's own findings are among them.
    of_run = [found for found in file.findings if found["rule"] in runs.RULES]
    return report_json.document([report | {"key": file.name, "names": _few_digests(report.get("names"))}], of_run)


def _few_digests(names: dict[str, Any] | None) -> dict[str, Any] | None:
    """What names tell, without digests where there are more than an answer holds: 7 MB of a terabyte's. The report in
    the bucket, which runs are judged by, has them all."""
    if not names or len(names.get("digests", ())) <= DIGESTS_ANSWERED:
        return names
    return {key: value for key, value in names.items() if key != "digests"} | {
        "digests_left_out": len(names["digests"])
    }


def page_of(reports: ReportStore, file: DataFile) -> str:
    """The page for people that the check wrote."""
    page = reports.page(file.report or "")
    if page is None:
        raise NotFound(f"There is no page of {file.name!r}.")
    return page


def return_files(store: SubmissionStore, submission_id: str) -> Submission:
    """Give a submission back to its owner because files did not pass or never came."""

    def change(submission: Submission) -> Submission:
        if submission.state not in (State.FILES_CHECKING, State.FILES_EXPECTED):
            return submission
        fine = (FileState.QC_PASSED, FileState.ARCHIVED)
        bad = [f.name for f in store.files(submission) if f.state not in fine or _has_error(f)]
        shown = ", ".join(bad[:5]) + (" ..." if len(bad) > 5 else "")
        words = f"Returned: {len(bad)} file(s) did not pass or did not arrive ({shown})."
        new = replace(submission, state=State.FILES_FAILED)
        return store.save(
            submission, new, event="returned", words=words, actor="archive", announce=events.SUBMISSION_RETURNED
        )

    return saved(store, submission_id, change)
