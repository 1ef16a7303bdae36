"""Images that are set aside for text in their pixels, as the curator's desk sees them: pictures, and the wish to blank.

The pictures show what identifies people. Only the desk gets to them, by links of five minutes; no door of a submitter
or of the public asks here.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from biotheca.accounts.model import Person, Role
from biotheca.curation import service as curating
from biotheca.deidentification.model import PIXEL_REASONS
from biotheca.deidentification.store import Orders, Reports, picture_key, picture_link, tell_shown
from biotheca.errors import Invalid, NotFound
from biotheca.submissions.model import Submission
from biotheca.submissions.rules import finding
from biotheca.submissions.store import SubmissionStore
from biotheca.uploads.store import Inbox

LINK_VALID_S = 300
MOST_ASKED = 1_000  # images by name in one order: it is one item of the table
MOST_BOXES = 32  # of the curator's own, an image
MOMENTS = ("before", "after")


def pictures(
    store: SubmissionStore, reports: Reports, person: Person, submission_id: str, limit: int, cursor: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of the latest round's images that are set aside for text in their pixels, or were blanked.

    `boxes`: left, top, right, bottom in pixels. NotAllowed without the role; NotFound without a report.
    """
    rows = _rows(store, reports, person, submission_id)
    begin = int(cursor) if cursor and cursor.isascii() and cursor.isdigit() else 0
    following = begin + limit
    return rows[begin:following], str(following) if following < len(rows) else None


def link(
    store: SubmissionStore, reports: Reports, inbox: Inbox, person: Person, submission_id: str, mark: str, moment: str
) -> str:
    """A link of five minutes to the picture of before or after; the audit chain has who asked. NotFound for one that
    there is not."""
    row = next((row for row in _rows(store, reports, person, submission_id) if row["mark"] == mark), None)
    if row is None or moment not in MOMENTS or not row[moment]:
        raise NotFound("There is no such picture.")
    tell_shown(store.outbox, submission_id, mark, moment, person.subject)
    return picture_link(inbox.bucket, picture_key(inbox.prefix_made(submission_id), mark, moment), LINK_VALID_S)


def blank(
    store: SubmissionStore,
    reports: Reports,
    person: Person,
    submission_id: str,
    images: dict[str, list[tuple[int, int, int, int]]],
    reasons: list[str],
) -> Submission:
    """Have text blanked: in images by their marks, each with boxes of the curator's own, or in all of a reason.

    The round's job runs again; what it could blank, reads clean and passes the verifier is released with the rest, and
    the curator is asked again, now with pictures of after. Invalid, and faults of curation as of a decision.
    """
    rows = {row["mark"]: row for row in _rows(store, reports, person, submission_id)}
    _must_be_asked_well(rows, images, reasons)
    chosen = {mark for mark, row in rows.items() if mark in images or row["reason"] in reasons}
    order = {"marks": {mark: [list(box) for box in boxes] for mark, boxes in images.items()}, "reasons": reasons}
    digest = hashlib.sha256(json.dumps(order, sort_keys=True).encode()).hexdigest()
    return curating.ask_anew(
        store,
        person,
        submission_id,
        f"A curator asked to blank text in {len(chosen):,} image(s).",
        {"images": len(chosen), "order_sha256": digest},
        lambda submission: Orders(store.records).line(submission, order),
    )


def _rows(store: SubmissionStore, reports: Reports, person: Person, submission_id: str) -> list[dict[str, Any]]:
    person.must_be(Role.CURATOR, Role.DATA_MANAGER)
    submission = store.get(submission_id)
    found = reports.pictures(submission_id, submission.round)
    if found is None:
        raise NotFound(f"Submission {submission_id} has no report of a de-identification.")
    return found


def _must_be_asked_well(rows: dict[str, dict[str, Any]], images: dict[str, Any], reasons: list[str]) -> None:
    wrong = []
    if not images and not reasons:
        message = "Nothing is named that is to be blanked."
        wrong.append(finding("metadata.choice", "/images", message, "", "marks, or a reason"))
    if len(images) > MOST_ASKED:
        message = f"{len(images)} images are named."
        wrong.append(finding("metadata.choice", "/images", message, len(images), f"{MOST_ASKED} at most, or a reason"))
    for mark in images:
        if rows.get(mark, {}).get("reason") not in PIXEL_REASONS and not rows.get(mark, {}).get("blanked"):
            message = "No image that is set aside for text in its pixels bears this mark."
            wrong.append(finding("metadata.choice", f"/images/{mark[:40]}", message, mark[:40], "a mark of the list"))
    for reason in reasons:
        if reason not in {row["reason"] for row in rows.values()} & PIXEL_REASONS:
            message = f"No image is set aside for {reason[:40]!r}."
            wrong.append(finding("metadata.choice", "/reasons", message, reason[:40], ", ".join(sorted(PIXEL_REASONS))))
    if wrong:
        raise Invalid(wrong[0].message, wrong)
