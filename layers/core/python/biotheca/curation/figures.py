"""What the desk achieves: how many wait, how long steps take, what share needs nobody; and one's place in the queue."""

from __future__ import annotations

from statistics import median
from typing import Any

from biotheca import clock
from biotheca.accounts.model import Person, Role
from biotheca.curation import rules
from biotheca.submissions.model import REVIEWS, State, Submission
from biotheca.submissions.store import SubmissionStore

RECENT = 1000  # of each step; older ones say little about today
# Steps that the archive itself or a curator ends; a submitter's own time is not counted.
STEPS = (
    State.METADATA_REVIEW,
    State.FILES_CHECKING,
    State.DATA_REVIEW,
    State.ACCEPTED,
)
GOOD = {State.METADATA_ACCEPTED, State.DATA_REVIEW, State.ACCEPTED, State.ARCHIVED}


def figures(store: SubmissionStore, person: Person) -> dict[str, Any]:
    """Per step: how many ended, how many well, share without staff, median seconds; and how many wait now."""
    person.must_be(Role.CURATOR, Role.DATA_MANAGER, Role.STATISTICIAN, Role.ADMINISTRATOR)
    waiting = {stage: len(store.queued(stage, RECENT, None)[0]) for stage in REVIEWS.values()}
    return {"waiting": waiting, "steps": [_step(state, store.steps(state, RECENT)) for state in STEPS], "of": RECENT}


def _step(state: State, lines: list[dict[str, Any]]) -> dict[str, Any]:
    alone = [line for line in lines if line["automatic"]]
    times = [float(line["seconds"]) for line in lines]
    return {
        "step": str(state),
        "ended": len(lines),
        "ended_well": sum(line["to"] in GOOD for line in lines),
        "held": sum(line["to"] == State.HELD for line in lines),
        "automatic_share": round(len(alone) / len(lines), 4) if lines else None,
        "median_seconds": median(times) if times else None,
    }


def place(store: SubmissionStore, submission: Submission) -> dict[str, Any] | None:
    """Where a submission stands in the curators' queue, when a decision may be expected; None if it does not wait."""
    if submission.state not in REVIEWS:
        return None
    position, length = store.place(submission)
    by_people = [float(s["seconds"]) for s in store.steps(submission.state, RECENT) if not s["automatic"]][:50]
    since = clock.parse(submission.since or submission.updated_at)
    moment = rules.expected(by_people, since, position, clock.now())
    words = "Too few decisions were made lately to tell when." if moment is None else ""
    shown = {"position": position, "length": length, "since": submission.since, "words": words}
    return shown | {"expected_on": moment.date().isoformat() if moment else None, "decisions_seen": len(by_people)}
