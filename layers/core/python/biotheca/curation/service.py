"""What a curator does: see the queue, accept, return with coded reasons.

The decision is stored first, with its event in the same transaction; a listener then answers the waiting
step. So a door that dies in between loses nothing, and a decision repeated is the same decision.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from biotheca import catalog, events
from biotheca.accounts.model import Person, Role
from biotheca.curation.store import TokenSpent, Workflow
from biotheca.errors import Conflict, Finding, Invalid, NotAllowed
from biotheca.submissions.model import FileState, State, Submission
from biotheca.submissions.service import files_all
from biotheca.submissions.store import SubmissionStore, saved

log = logging.getLogger(__name__)
DECISIONS = {"accept": State.ACCEPTED, "return": State.REVISION_REQUESTED}


class NotWaiting(Conflict):
    """The submission does not wait for a decision."""

    rule = "curation.not_waiting"


class OwnWork(NotAllowed):
    """Nobody decides on a submission of their own."""


def queue(
    store: SubmissionStore, person: Person, limit: int, cursor: str | None
) -> tuple[list[Submission], str | None]:
    """The submissions that wait for a decision, longest waiting first."""
    person.must_be(Role.CURATOR)
    return store.in_state(State.DATA_REVIEW, limit, cursor)


def ask(store: SubmissionStore, submission_id: str, round_number: int, token: str) -> None:
    """The workflow asks for a decision: the submission joins the queue with the token of the waiting step."""

    def change(submission: Submission) -> Submission:
        if submission.round != round_number or submission.state not in (State.FILES_CHECKING, State.DATA_REVIEW):
            return submission
        new = replace(submission, state=State.DATA_REVIEW, tokens={**submission.tokens, "decision": token})
        words = "Every file is sound; waiting for a curator."
        return store.save(submission, new, event="review", words=words, actor="archive", announce=events.FILES_CHECKED)

    saved(store, submission_id, change)


def decide(
    store: SubmissionStore, person: Person, submission_id: str, decision: str, reasons: list[dict[str, str]]
) -> Submission:
    """Accept or return. NotWaiting if the submission waits for no decision; the same decision again is no fault."""
    person.must_be(Role.CURATOR)
    submission = store.get(submission_id)
    if submission.owner == person.subject:
        raise OwnWork("This submission is your own; another curator decides on it.")
    target = DECISIONS[decision]
    if submission.state == target:
        return submission
    if submission.state != State.DATA_REVIEW:
        raise NotWaiting(f"Submission {submission_id} does not wait for a decision: it is {submission.state}.")
    _check_reasons(decision, reasons)
    new = replace(submission, state=target, reasons=reasons)
    words = "Accepted by a curator." if decision == "accept" else "Returned by a curator: " + _listed(reasons)
    return store.save(
        submission,
        new,
        event="accepted" if decision == "accept" else "revision requested",
        words=words,
        actor=person.subject,
        announce=events.CURATION_DECIDED,
        body={"decision": decision},
    )


def _listed(reasons: list[dict[str, str]]) -> str:
    return "; ".join(f"{r['code']}: {r['text']}" for r in reasons)


def _check_reasons(decision: str, reasons: list[dict[str, str]]) -> None:
    if decision == "accept":
        return
    codes = catalog.vocabulary("return_reason")
    findings = [
        Finding(
            "metadata.choice", f"/reasons/{n}/code", f"{r['code']!r} is no reason code.", r["code"], ", ".join(codes)
        )
        for n, r in enumerate(reasons)
        if r["code"] not in codes
    ]
    if not reasons:
        findings = [Finding("curation.reason_needed", "/reasons", "A return needs at least one coded reason.")]
    if findings:
        raise Invalid(findings[0].message, findings)


def resume_after_decision(store: SubmissionStore, workflow: Workflow, submission_id: str, round_number: int) -> bool:
    """Answer the step that waits for a decision. Repeated, late or foreign calls change nothing."""
    submission = store.get(submission_id)
    decided = {State.ACCEPTED: "accept", State.REVISION_REQUESTED: "return"}.get(submission.state)
    token = submission.tokens.get("decision")
    if submission.round != round_number or decided is None or token is None:
        return False
    return _answer(workflow, token, {"decision": decided})


def resume_if_complete(store: SubmissionStore, workflow: Workflow, submission_id: str) -> bool:
    """Answer the step that waits for files once the last one is there. Repeated calls change nothing."""
    submission = store.get(submission_id)
    token = submission.tokens.get("files")
    arrived = (FileState.RECEIVED, FileState.CHECKING, FileState.QC_PASSED, FileState.ARCHIVED)
    if submission.state != State.FILES_EXPECTED or token is None or not files_all(store.files(submission), *arrived):
        return False
    return _answer(workflow, token, {"arrived": True})


def _answer(workflow: Workflow, token: str, output: dict) -> bool:
    try:
        workflow.answer(token, output)
    except TokenSpent:
        log.info("the waiting step was answered before")
        return False
    return True
