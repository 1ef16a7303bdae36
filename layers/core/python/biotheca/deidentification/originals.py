"""How long the files as sent are kept: until nobody needs them for a correction, and no day longer.

What is archived was made of them. They, the pictures of text in them, and packed series that are archived by then lie
below one prefix of the inbox, and go together, in every version.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from biotheca import catalog, clock
from biotheca.catalog import Member
from biotheca.deidentification.store import Originals
from biotheca.publication.model import Visibility
from biotheca.publication.store import RecordStore
from biotheca.submissions.model import FileState, State, Submission
from biotheca.submissions.store import SubmissionStore
from biotheca.uploads.store import Inbox

RETURNED_DAYS = 90  # that a submitter has to mend what was returned
_RETURNED = frozenset({State.REVISION_REQUESTED, State.FILES_FAILED})


def is_due(member: Member, submission: Submission, withdrawn: bool) -> bool:
    """Whether the files as sent must go now. Pure but for the clock.

    Released: `sent_kept_days` of the catalog later, at once if it was withdrawn. Given up: at once. Returned and left:
    after 90 days. All else still needs them.
    """
    if submission.state == State.CANCELLED:
        return True
    days = {State.RELEASED: 0 if withdrawn else member.sent_kept_days} | dict.fromkeys(_RETURNED, RETURNED_DAYS)
    since = submission.since or submission.updated_at
    limit = days.get(submission.state)
    return limit is not None and clock.parse(since) + timedelta(days=limit) <= clock.now()


def sweep(store: SubmissionStore, records: RecordStore, inbox: Inbox) -> int:
    """Delete what is due; of how many submissions. A crash leaves the mark, so that the next sweep goes on."""
    marks = Originals(store.records)
    count = 0
    for submission_id in marks.every():
        submission = store.get(submission_id)
        member = catalog.members()[submission.member]
        dataset = records.get(submission.dataset) if submission.dataset else None
        withdrawn = dataset is not None and dataset.visibility == Visibility.WITHDRAWN
        if not is_due(member, submission, withdrawn):
            continue
        if submission.state in _RETURNED:
            _to_be_sent_again(store, submission)
        gone = marks.delete_below(inbox.bucket, inbox.prefix(submission_id))
        if gone:
            store.note(submission_id, "originals deleted", f"What was sent was deleted: {gone:,} object(s).", "archive")
        marks.forget(submission_id)
        count += 1
    return count


def _to_be_sent_again(store: SubmissionStore, submission: Submission) -> None:
    """Before their bytes go: a file whose bytes are gone must not count as received."""
    nothing: dict[str, Any] = {
        "key": "",
        "version_id": None,
        "sequencer": None,
        "upload": None,
        "sha256": None,
        "report": None,
    }
    for file in store.files(submission):
        if file.state != FileState.DECLARED:
            store.save_file(submission.id, replace(file, state=FileState.DECLARED, **nothing))
