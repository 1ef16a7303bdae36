"""What a curator's decision is, and what can stand in its way."""

from __future__ import annotations

from dataclasses import dataclass, field

from biotheca.errors import Conflict, NotAllowed
from biotheca.submissions.model import State

# What a decision makes of a submission, by the stage of its review.
OUTCOMES = {
    "metadata": {"accept": State.METADATA_ACCEPTED, "return": State.REVISION_REQUESTED},
    # `anew`: what is under review is made anew as the curator asked, and comes back.
    "data": {"accept": State.ACCEPTED, "return": State.REVISION_REQUESTED, "anew": State.FILES_CHECKING},
}
TOKENS = {"metadata": "metadata", "data": "decision"}  # the waiting step that each stage's decision answers


@dataclass(frozen=True)
class Decision:
    """`runs`: aliases of a part that is accepted alone; `rest` (keep, return) is then what becomes of the others.

    `version` is that of the submission as the curator saw it; None decides on whatever is there.
    """

    verdict: str
    reasons: list[dict[str, str]] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    rest: str = "keep"
    version: int | None = None


class NotWaiting(Conflict):
    """The submission does not wait for a decision."""

    rule = "curation.not_waiting"


class Taken(Conflict):
    """Another curator has taken it up."""

    rule = "curation.taken"


class Stale(Conflict):
    """It was changed since the curator looked at it."""

    rule = "curation.stale"


class Undecided(Conflict):
    """A finding on private content has no decision in the checklist."""

    rule = "curation.checklist"


class OwnWork(NotAllowed):
    """Nobody decides on a submission of their own."""
