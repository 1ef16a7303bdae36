"""What a submitter does with a file: open an upload, get links, look what arrived, complete, abort.

The server remembers nothing about parts: ListParts of S3 does. So a killed client, another machine or
another day goes on where the last part ended.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from biotheca import clock, events
from biotheca.accounts.model import Person
from biotheca.errors import Finding, NotFound
from biotheca.submissions.model import UPLOADABLE, DataFile, FileState, FilesWrong, Submission
from biotheca.submissions.service import own
from biotheca.submissions.store import StaleWrite, SubmissionStore
from biotheca.uploads import rules
from biotheca.uploads.rules import PartRefused, PartsMissing
from biotheca.uploads.store import Inbox, UploadGone

# A file that was checked and found good, or archived, is never overwritten by an upload.
REPLACEABLE = {FileState.DECLARED, FileState.UPLOADING, FileState.RECEIVED, FileState.QC_FAILED}


def _owned(store: SubmissionStore, person: Person, file_id: str) -> tuple[Submission, DataFile]:
    """The person's own file; an unknown file and somebody else's give the same answer, word for word."""
    try:
        submission_id, file = store.file(file_id)
        return own(store, person, submission_id), file
    except NotFound:
        raise NotFound(f"There is no file {file_id!r} of yours.") from None


def start(store: SubmissionStore, inbox: Inbox, person: Person, file_id: str, size_bytes: int) -> dict[str, Any]:
    """Open an upload, or return the one that is open for the same size. Part size and count come back."""
    submission, file = _owned(store, person, file_id)
    submission.must_be_in(*UPLOADABLE)
    if file.state not in REPLACEABLE:
        raise FilesWrong(f"{file.name!r} is {file.state} and cannot be sent again.")
    if not 0 < size_bytes <= rules.LARGEST_FILE_BYTES:
        raise FilesWrong(f"{file.name!r} has {size_bytes} bytes; 1 to {rules.LARGEST_FILE_BYTES} can be taken.")
    if file.state == FileState.DECLARED and file.size_bytes not in (None, size_bytes):
        raise FilesWrong(f"{file.name!r} was declared with {file.size_bytes} bytes, not {size_bytes}.")
    opened = file.upload
    if opened and opened["size_bytes"] != size_bytes:
        inbox.abort(opened["key"], opened["id"])
        opened = None
    if opened is None:
        key = inbox.key(submission.id, file.id)
        opened = {"id": inbox.start(key), "key": key, "size_bytes": size_bytes}
        changed = replace(file, state=FileState.UPLOADING, upload=opened, findings=[])
        store.save_file(submission.id, changed, only_from=REPLACEABLE, words=f"Upload of {file.name} began.")
    return {
        "file_id": file.id,
        "state": FileState.UPLOADING,
        "size_bytes": size_bytes,
        "part_size_bytes": rules.part_size_bytes(size_bytes),
        "part_count": rules.part_count(size_bytes),
    }


def _open_upload(file: DataFile) -> dict[str, Any]:
    if not file.upload:
        raise FilesWrong(f"No upload of {file.name!r} is open; open one first (POST /v1/files/{file.id}/upload).")
    return file.upload


def links(
    store: SubmissionStore, inbox: Inbox, person: Person, file_id: str, wanted: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Presigned PUT links for at most 100 parts, each bound to number, length and SHA-256."""
    submission, file = _owned(store, person, file_id)
    submission.must_be_in(*UPLOADABLE)
    upload = _open_upload(file)
    if len(wanted) > rules.LINKS_PER_CALL:
        raise PartRefused(f"Ask for at most {rules.LINKS_PER_CALL} links at a time, not {len(wanted)}.")
    expires_at = clock.stamp(clock.now() + timedelta(seconds=rules.PART_LINK_VALID_S))
    answer = []
    for part in wanted:
        rules.check_part(upload["size_bytes"], part["number"], part["size_bytes"], part["sha256"])
        url, headers = inbox.link(
            upload["key"], upload["id"], part["number"], part["size_bytes"], part["sha256"], rules.PART_LINK_VALID_S
        )
        answer.append({"number": part["number"], "url": url, "headers": headers, "expires_at": expires_at})
    return answer


def parts(
    store: SubmissionStore, inbox: Inbox, person: Person, file_id: str, after: int, limit: int
) -> tuple[list[dict[str, Any]], int | None]:
    """A page of the parts that arrived, and the number to go on from."""
    _, file = _owned(store, person, file_id)
    upload = _open_upload(file)
    try:
        return inbox.parts(upload["key"], upload["id"], after, limit)
    except UploadGone:
        return [], None


def complete(store: SubmissionStore, inbox: Inbox, person: Person, file_id: str) -> DataFile:
    """Join the parts; PartsMissing names what is missing. Completing twice changes nothing."""
    submission, file = _owned(store, person, file_id)
    if not file.upload and file.state != FileState.DECLARED:
        return file
    submission.must_be_in(*UPLOADABLE)
    upload = _open_upload(file)
    try:
        held = inbox.every_part(upload["key"], upload["id"])
    except UploadGone:
        return file  # completed before; its S3 event is on the way or was noted
    missing = rules.missing_parts(upload["size_bytes"], {p["number"]: p["size_bytes"] for p in held})
    if missing:
        shown = ", ".join(map(str, missing[:20])) + (" ..." if len(missing) > 20 else "")
        where = f"/files/{file.name}"
        finding = Finding("uploads.incomplete", where, f"Missing: part {shown}.", shown, "all parts")
        raise PartsMissing(f"{len(missing)} part(s) of {file.name!r} are missing: {shown}.", [finding])
    inbox.complete(upload["key"], upload["id"], held)
    return file


def abort(store: SubmissionStore, inbox: Inbox, person: Person, file_id: str) -> None:
    """Throw an open upload away; without one nothing happens."""
    submission, file = _owned(store, person, file_id)
    if file.upload and file.state == FileState.UPLOADING:
        inbox.abort(file.upload["key"], file.upload["id"])
        changed = replace(file, state=FileState.DECLARED, upload=None)
        store.save_file(submission.id, changed, only_from={FileState.UPLOADING}, words=f"Upload of {file.name} ended.")


def note_received(
    store: SubmissionStore, inbox: Inbox, key: str, version_id: str | None, sequencer: str | None
) -> DataFile | None:
    """Note that S3 holds a file. The same event again, or an older one, changes nothing. None: not a file of ours."""
    file_id = inbox.file_of(key)
    if file_id is None:
        _note_surplus(store, inbox.place_of(key), key)
        return None
    for _ in range(5):
        try:
            submission_id, file = store.file(file_id)
        except NotFound:  # never declared, or no more by a newer document; its bytes wait for the lifecycle rule
            _note_surplus(store, inbox.place_of(key), file_id)
            return None
        if file.state not in REPLACEABLE or not rules.is_newer(sequencer, file.sequencer):
            return file
        if version_id and version_id == file.version_id:  # the same bytes, told once more
            return file
        size = inbox.facts(key, version_id)["size_bytes"]
        changed = replace(
            file,
            state=FileState.RECEIVED,
            upload=None,
            version_id=version_id,
            sequencer=sequencer,
            size_bytes=size,
            findings=[],
        )
        words = f"{file.name} arrived ({size:,} bytes)."
        try:
            return store.save_file(
                submission_id, changed, only_from={file.state}, words=words, announce=events.FILE_RECEIVED
            )
        except StaleWrite:
            continue
    raise StaleWrite(file_id)


def _note_surplus(store: SubmissionStore, submission_id: str, name: str) -> None:
    """Tell the submission of bytes that it does not name; a key of no submission is nobody's."""
    try:
        store.get(submission_id)
    except NotFound:
        return
    shown = name.rsplit("/", 1)[-1][:200]
    words = f"{shown!r} arrived, which the metadata does not name; it is not archived."
    store.note_surplus(submission_id, shown, words)
