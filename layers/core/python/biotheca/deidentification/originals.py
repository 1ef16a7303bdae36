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
from biotheca.publication.model import Visibility
from biotheca.publication.store import RecordStore
from biotheca.submissions.model import FileState, State, Submission
from biotheca.submissions.store import SubmissionStore
from biotheca.uploads.store import Inbox, Originals

LEFT_DAYS = 90  # that a submitter has to go on with a draft, or to mend what was returned
_LEFT = frozenset({State.DRAFT, State.FILES_EXPECTED, State.REVISION_REQUESTED, State.FILES_FAILED})


def is_due(member: Member, submission: Submission, withdrawn: bool, last_came: str) -> bool:
    """Whether the files as sent must go now. Pure but for the clock.

    Released: `sent_kept_days` of the catalog later, at once if it was withdrawn. Given up: at once. Left as a draft,
    without all of its files, or returned: 90 days after its last change and its last file. All else still needs them.
    """
    if submission.state == State.CANCELLED:
        return True
    if submission.state in _LEFT:
        since, days = max(submission.updated_at, last_came), LEFT_DAYS
    elif submission.state == State.RELEASED:
        since, days = submission.since or submission.updated_at, 0 if withdrawn else member.sent_kept_days
    else:
        return False
    return clock.parse(since) + timedelta(days=days) <= clock.now()


def sweep(store: SubmissionStore, records: RecordStore, inbox: Inbox) -> int:
    """Delete what is due; of how many submissions. A crash leaves the mark, so that the next sweep goes on."""
    marks = Originals(store.records)
    count = 0
    for submission_id, last_came in marks.every():
        submission = store.get(submission_id)
        member = catalog.members()[submission.member]
        dataset = records.get(submission.dataset) if submission.dataset else None
        withdrawn = dataset is not None and dataset.visibility == Visibility.WITHDRAWN
        if not is_due(member, submission, withdrawn, last_came):
            continue
        if submission.state in _LEFT:
            _to_be_sent_again(store, submission)
        gone = inbox.delete_all(submission_id)
        if gone:
            store.note(submission_id, "originals deleted", f"What was sent was deleted: {gone:,} object(s).", "archive")
        marks.forget(submission_id, last_came)
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
