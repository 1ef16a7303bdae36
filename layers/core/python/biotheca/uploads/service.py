"""What a submitter does with a file: open an upload, get links, look what arrived, complete, abort.

The server remembers nothing about parts: ListParts of S3 does. So a killed client, another machine or
another day goes on where the last part ended.
"""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

from biotheca import catalog, clock, events
from biotheca.accounts.model import Person
from biotheca.errors import Finding, Invalid, NotFound
from biotheca.settings import Settings
from biotheca.submissions.model import UPLOADABLE, DataFile, FileState, FilesWrong, Submission
from biotheca.submissions.rules import finding
from biotheca.submissions.service import own
from biotheca.submissions.store import StaleWrite, SubmissionStore
from biotheca.uploads import rules
from biotheca.uploads.rules import PartRefused, PartsMissing
from biotheca.uploads.store import Inbox, Originals, UploadGone

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
        opened = _open(inbox, submission, file, size_bytes)
        changed = replace(file, state=FileState.UPLOADING, upload=opened, findings=[])
        store.save_file(submission.id, changed, only_from=REPLACEABLE, words=f"Upload of {file.name} began.")
    return {
        "file_id": file.id,
        "state": FileState.UPLOADING,
        "size_bytes": size_bytes,
        "part_size_bytes": _step(opened),
        "part_count": rules.part_count(size_bytes, _step(opened)),
    }


def _open(inbox: Inbox, submission: Submission, file: DataFile, size_bytes: int) -> dict[str, Any]:
    """A new upload as it is kept with its file. Where bytes of the same size lie already, it repairs these."""
    key = inbox.key(submission.id, file.id)
    smallest_mib = Settings().optional("smallest_part_mib")
    smallest = int(smallest_mib) * rules.MEBIBYTE if smallest_mib else rules.SMALLEST_PART_BYTES
    opened: dict[str, Any] = {
        "id": inbox.start(key),
        "key": key,
        "size_bytes": size_bytes,
        "part_size_bytes": rules.part_size_bytes(size_bytes, smallest),
        "touched_at": clock.stamp(),
    }
    if file.version_id and file.size_bytes == size_bytes:
        opened["repairs"] = {"key": file.key or key, "version_id": file.version_id}
    return opened


def _step(upload: dict[str, Any]) -> int:
    """Bytes of the parts of an open upload; it keeps them, whatever the rule becomes."""
    return int(upload.get("part_size_bytes") or rules.part_size_bytes(upload["size_bytes"]))


def _touched(store: SubmissionStore, submission: Submission, file: DataFile) -> None:
    """Note that the upload goes on, once an hour: what is idle for a week is thrown away."""
    upload = file.upload or {}
    now = clock.now()
    if upload.get("touched_at", "") > clock.stamp(now - timedelta(seconds=rules.TOUCH_S)):
        return
    with contextlib.suppress(StaleWrite):
        changed = replace(file, upload=upload | {"touched_at": clock.stamp(now)})
        store.save_file(submission.id, changed, only_from={FileState.UPLOADING})


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
    expires_at = _links_end()
    step = _step(upload)
    answer = []
    for part in wanted:
        rules.check_part(upload["size_bytes"], part["number"], part["size_bytes"], part["sha256"], step)
        url, headers = inbox.link(
            upload["key"], upload["id"], part["number"], part["size_bytes"], part["sha256"], rules.PART_LINK_VALID_S
        )
        answer.append({"number": part["number"], "url": url, "headers": headers, "expires_at": expires_at})
    _touched(store, submission, file)
    return answer


def _links_end() -> str:
    return clock.stamp(clock.now() + timedelta(seconds=rules.PART_LINK_VALID_S))


def direct_links(
    store: SubmissionStore, inbox: Inbox, person: Person, submission_id: str, wanted: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Presigned PUT links for up to 100 whole small files: no upload is opened, none must be completed.

    Refused with a finding for each file that does not fit; what was found sound before has no link.
    """
    submission = own(store, person, submission_id)
    submission.must_be_in(*UPLOADABLE)
    files = store.files_of_ids(submission.id, [entry["file_id"] for entry in wanted])
    if findings := [f for n, entry in enumerate(wanted) for f in _misfit(files, n, entry)]:
        raise Invalid(f"{len(findings)} of {len(wanted)} files cannot be sent so.", findings)
    expires_at = _links_end()
    answer = []
    for entry in wanted:
        file = files[entry["file_id"]]
        item: dict[str, Any] = {"file_id": file.id, "state": file.state, "url": None, "headers": {}}
        if file.state in REPLACEABLE:
            key = inbox.key(submission.id, file.id)
            url, headers = inbox.direct_link(key, entry["size_bytes"], entry["sha256"], rules.PART_LINK_VALID_S)
            item |= {"url": url, "headers": headers, "expires_at": expires_at}
        answer.append(item)
    return answer


def _misfit(files: dict[str, DataFile], place: int, entry: dict[str, Any]) -> list[Finding]:
    file = files.get(entry["file_id"])
    where = f"/files/{place}"
    if file is None:
        return [finding("files.unknown", where, "The submission has no such file.", entry["file_id"])]
    if not 0 < entry["size_bytes"] <= rules.SMALLEST_PART_BYTES:
        limit = f"1 to {rules.SMALLEST_PART_BYTES} bytes"
        return [finding("uploads.part", where, f"{file.name!r} must go in parts.", entry["size_bytes"], limit)]
    if file.state == FileState.DECLARED and file.size_bytes not in (None, entry["size_bytes"]):
        message = f"{file.name!r} was declared with another size."
        return [finding("uploads.part", where, message, entry["size_bytes"], str(file.size_bytes))]
    return []


def parts(
    store: SubmissionStore, inbox: Inbox, person: Person, file_id: str, after: int, limit: int
) -> tuple[list[dict[str, Any]], int | None]:
    """A page of the parts that arrived, and the number to go on from."""
    _, file = _owned(store, person, file_id)
    upload = _open_upload(file)
    try:
        if "repairs" not in upload:
            return inbox.parts(upload["key"], upload["id"], after, limit)
        held = {p["number"]: p for p in inbox.every_part(upload["key"], upload["id"])}
    except UploadGone:
        return [], None
    both = _to_take_over(inbox, upload) | held
    listed = [both[n] for n in sorted(both) if n > after]
    return listed[:limit], listed[limit - 1]["number"] if len(listed) > limit else None


def _to_take_over(inbox: Inbox, upload: dict[str, Any]) -> dict[int, dict[str, Any]]:
    """Parts of the file that an upload repairs which lie where parts of the upload will."""
    if not (repaired := upload.get("repairs")):
        return {}
    size, step = upload["size_bytes"], _step(upload)
    found = {p["number"]: p for p in inbox.parts_of(repaired["key"], repaired["version_id"])}
    gone = set(rules.missing_parts(size, {n: p["size_bytes"] for n, p in found.items()}, step))
    return {} if gone else found


def _take_over(inbox: Inbox, upload: dict[str, Any], numbers: list[int]) -> bool:
    """Copy parts that were not sent anew from the file that is repaired, inside S3; whether there was anything."""
    old = _to_take_over(inbox, upload)
    chosen = [n for n in numbers if n in old][: rules.COPIES_PER_CALL]
    size, step = upload["size_bytes"], _step(upload)

    def copy(number: int) -> None:
        first = (number - 1) * step
        inbox.take_over(upload, number, first, first + rules.size_of_part(size, number, step) - 1)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(copy, chosen))
    return bool(chosen)


def complete(store: SubmissionStore, inbox: Inbox, person: Person, file_id: str) -> DataFile:
    """Join the parts; PartsMissing names what is missing. Completing twice changes nothing."""
    submission, file = _owned(store, person, file_id)
    if not file.upload and file.state != FileState.DECLARED:
        return file
    submission.must_be_in(*UPLOADABLE)
    upload = _open_upload(file)
    try:
        held, missing = _held(inbox, upload)
        if missing and _take_over(inbox, upload, missing):
            held, missing = _held(inbox, upload)
    except UploadGone:
        return file  # completed before; its S3 event is on the way or was noted
    if missing:
        shown = ", ".join(map(str, missing[:20])) + (" ..." if len(missing) > 20 else "")
        where = f"/files/{file.name}"
        finding = Finding("uploads.incomplete", where, f"Missing: part {shown}.", shown, "all parts")
        raise PartsMissing(f"{len(missing)} part(s) of {file.name!r} are missing: {shown}.", [finding])
    inbox.complete(upload["key"], upload["id"], held)
    return file


def _held(inbox: Inbox, upload: dict[str, Any]) -> tuple[list[dict[str, Any]], list[int]]:
    """The parts that S3 holds of an upload, and the numbers of those that it lacks."""
    held = inbox.every_part(upload["key"], upload["id"])
    sizes = {p["number"]: p["size_bytes"] for p in held}
    return held, rules.missing_parts(upload["size_bytes"], sizes, _step(upload))


def abort(store: SubmissionStore, inbox: Inbox, person: Person, file_id: str) -> None:
    """Throw an open upload away; without one nothing happens."""
    submission, file = _owned(store, person, file_id)
    if file.upload and file.state == FileState.UPLOADING:
        inbox.abort(file.upload["key"], file.upload["id"])
        changed = replace(file, state=FileState.DECLARED, upload=None)
        store.save_file(submission.id, changed, only_from={FileState.UPLOADING}, words=f"Upload of {file.name} ended.")


def sweep(store: SubmissionStore, inbox: Inbox) -> int:
    """Give up uploads to which nothing was sent for a week; how many. Each is told to the submitter and the audit."""
    moment = clock.stamp(clock.now() - timedelta(days=rules.IDLE_DAYS))
    count = 0
    for submission_id, file_id in store.uploads_idle_since(moment):
        with contextlib.suppress(NotFound, StaleWrite):  # completed, sent on or dropped in this very moment
            _, file = store.file(file_id)
            if file.state == FileState.UPLOADING and file.upload and file.upload["touched_at"] < moment:
                _give_up(store, inbox, submission_id, file)
                count += 1
    return count


def _give_up(store: SubmissionStore, inbox: Inbox, submission_id: str, file: DataFile) -> None:
    upload = file.upload or {}
    words = f"The upload of {file.name} was thrown away: nothing came for {rules.IDLE_DAYS} days. It can begin anew."
    changed = replace(file, state=FileState.DECLARED, upload=None)
    store.save_file(
        submission_id, changed, only_from={FileState.UPLOADING}, words=words, announce=events.UPLOAD_ABORTED
    )
    # After the note: a crash in between leaves parts to the bucket's own rule, never a file that waits for nothing.
    inbox.abort(upload["key"], upload["id"])


def lend(store: SubmissionStore, inbox: Inbox, person: Person, submission_id: str) -> dict[str, Any]:
    """Keys of S3 for an hour, for the one prefix of the submission, with what programs of S3 must be told."""
    submission = own(store, person, submission_id)
    submission.must_be_in(*UPLOADABLE)
    valid_s = rules.CREDENTIALS_VALID_S
    keys = inbox.lend(Settings().uploader_role, submission.id, valid_s)
    words = f"Keys for sending files with a program of S3 were lent for {valid_s // 60} minutes."
    store.note(submission.id, "keys lent", words, person.subject)
    return {
        "access_key_id": keys.access_key_id,
        "secret_access_key": keys.secret_access_key,
        "session_token": keys.session_token,
        "expires_at": clock.stamp(clock.now() + timedelta(seconds=valid_s)),
        "bucket": inbox.bucket,
        "prefix": inbox.prefix_by_name(submission.id),
    }


def note_received(
    store: SubmissionStore, inbox: Inbox, key: str, version_id: str | None, sequencer: str | None
) -> DataFile | None:
    """Note that S3 holds a file. The same event again, or an older one, changes nothing. None: not a file of ours."""
    if inbox.is_made(key):
        return None
    _note_sent(store, inbox.place_of(key))
    named = inbox.named(key)
    file_id = store.file_named(*named) if named else inbox.file_of(key)
    if file_id is None:
        _note_surplus(store, inbox.place_of(key), key)
        return None
    for _ in range(5):
        try:
            submission_id, file = store.file(file_id)
        except NotFound:  # never declared, or no more by a newer document; its bytes wait for the lifecycle rule
            _note_surplus(store, inbox.place_of(key), file_id)
            return None
        place = key if named else ""
        if file.state not in REPLACEABLE:
            return file
        if place == file.key and not rules.is_newer(sequencer, file.sequencer):  # S3 orders the events of one key
            return file
        if version_id and version_id == file.version_id:  # the same bytes, told once more
            return file
        size = inbox.facts(key, version_id)["size_bytes"]
        changed = replace(
            file,
            state=FileState.RECEIVED,
            upload=None,
            key=place,
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


def _note_sent(store: SubmissionStore, submission_id: str) -> None:
    """Before all else: what is archived nowhere as it was sent must be found by the sweep, declared or not."""
    try:
        submission = store.get(submission_id)
    except NotFound:
        return
    if catalog.members()[submission.member].made_anew_by:
        Originals(store.records).mark(submission_id)


def _note_surplus(store: SubmissionStore, submission_id: str, name: str) -> None:
    """Tell the submission of bytes that it does not name; a key of no submission is nobody's."""
    try:
        store.get(submission_id)
    except NotFound:
        return
    shown = name.rsplit("/", 1)[-1][:200]
    words = f"{shown!r} arrived, which the metadata does not name; it is not archived."
    store.note_surplus(submission_id, shown, words)
