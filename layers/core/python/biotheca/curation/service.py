"""What the desk does: queue, take up, look through, decide. Waiting workflow steps are answered in resuming.

The decision is stored first, with its event in the same transaction; a listener then answers the waiting
step. So a door that dies in between loses nothing, and a decision repeated is the same decision.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from biotheca import catalog, clock, events
from biotheca.accounts.model import Person, Role
from biotheca.curation import rules
from biotheca.curation.model import OUTCOMES, TOKENS, Decision, NotWaiting, OwnWork, Stale, Taken, Undecided
from biotheca.curation.store import Desk, TokenSpent, Workflow
from biotheca.errors import Invalid, NotFound
from biotheca.submissions.model import OPEN, REVIEWS, State, Submission
from biotheca.submissions.rules import finding
from biotheca.submissions.store import StaleWrite, SubmissionStore, saved

log = logging.getLogger(__name__)
STATE_VIEWS = {"checks": State.FILES_CHECKING, "failed": State.FILES_FAILED, "held": State.HELD}
VIEWS = ("data", "metadata", "mine", "release", *STATE_VIEWS)
Order = Callable[[Submission], dict[str, Any]]
RECENT = 50  # decisions that a forecast rests on


def queue(
    store: SubmissionStore, person: Person, view: str, limit: int, cursor: str | None
) -> tuple[list[Submission], str | None]:
    """A page of one of the desk's views; those that wait for a decision with priority first, then longest waiting."""
    person.must_be(Role.CURATOR, Role.DATA_MANAGER)
    if view not in VIEWS:
        raise Invalid("There is no such view.", [finding("metadata.choice", "?view", "", view, ", ".join(VIEWS))])
    if view == "mine":
        return store.assigned_to(person.subject, limit, cursor)
    if view in STATE_VIEWS:
        return store.in_state(STATE_VIEWS[view], limit, cursor)
    return store.queued(view, limit, cursor)


# --- the workflow asks ---


def ask(store: SubmissionStore, submission_id: str, round_number: int, token: str, stage: str) -> bool:
    """The workflow asks for a review; whether it is decided already, because nobody need be asked."""
    first = State.SUBMITTED if stage == "metadata" else State.FILES_CHECKING
    review = next(state for state, name in REVIEWS.items() if name == stage)

    def change(submission: Submission) -> Submission:
        if submission.round != round_number or submission.state not in (first, review):
            return submission
        new = replace(submission, state=review, tokens={**submission.tokens, TOKENS[stage]: token})
        kind = events.FILES_CHECKED if stage == "data" else None
        words = "Every file is sound." if stage == "data" else "The review of the metadata begins."
        return store.save(submission, new, event="review", words=words, actor="archive", announce=kind)

    def decide_alone(submission: Submission) -> Submission:
        member = catalog.members()[submission.member]
        if (
            submission.state != review
            or submission.round != round_number
            or not _nothing_to_ask(store, submission, stage)
        ):
            return submission
        new = replace(submission, state=OUTCOMES[stage]["accept"])
        if stage == "data":
            new = replace(new, batch=submission.batch + 1, rest="")
        words = f"The {stage} is accepted automatically: {member.title['en']} asks nobody when nothing is open."
        kind = events.METADATA_ACCEPTED if stage == "metadata" else events.CURATION_DECIDED
        body = {"decision": "accept", "stage": stage, "automatic": True}
        return store.save(submission, new, event="accepted", words=words, actor="archive", announce=kind, body=body)

    def renew(submission: Submission) -> Submission:
        """A repeated step has another token, also where the decision is there already."""
        decided = submission.state == OUTCOMES[stage]["accept"] and submission.round == round_number
        if not decided or submission.tokens.get(TOKENS[stage]) == token:
            return submission
        new = replace(submission, tokens={**submission.tokens, TOKENS[stage]: token})
        return store.save(submission, new, event="waiting", words="The step was asked again.", actor="archive")

    saved(store, submission_id, change)
    saved(store, submission_id, decide_alone)
    decided = saved(store, submission_id, renew)
    if decided.state == review and decided.round == round_number:
        store.note(submission_id, "waiting", f"Waiting for a curator's decision on the {stage}.", "archive")
    return decided.state == OUTCOMES[stage]["accept"]


def open_findings(store: SubmissionStore, submission: Submission) -> list[dict[str, Any]]:
    """Warnings of the document in force that no curator has let pass, and those of files that want a decision."""
    found = store.findings(submission)
    if submission.state == State.DATA_REVIEW:
        found += [f for file in store.files(submission) for f in file.findings if rules.must_be_decided(f)]
    if catalog.members()[submission.member].access_mode(submission.access) != OPEN:
        found = [f for f in found if not rules.is_of_open_data(f)]
    # The files of a run tell of it once each.
    once = {rules.fingerprint(f): f for f in found}
    return rules.open_findings(list(once.values()), submission.approved)


def _nothing_to_ask(store: SubmissionStore, submission: Submission, stage: str) -> bool:
    findings = open_findings(store, submission)
    if any(stage == "metadata" or rules.must_be_decided(f) for f in findings):
        return False
    return rules.review_of(catalog.members()[submission.member], stage) == "automatic"


# --- the curator takes up, notes, checks ---


def _reviewed(store: SubmissionStore, person: Person, submission_id: str) -> Submission:
    """A submission for the desk's eyes; NotAllowed without the role."""
    person.must_be(Role.CURATOR, Role.DATA_MANAGER)
    return store.get(submission_id)


def desk(store: SubmissionStore, notes: Desk, person: Person, submission_id: str) -> dict[str, Any]:
    """What the desk knows besides the submission: who has it, checklist, rounds with their times."""
    submission = _reviewed(store, person, submission_id)
    assigned = submission.assignee
    return {
        "version": submission.version,
        "stage": REVIEWS.get(submission.state),
        "since": submission.since,
        "priority": submission.priority,
        "assigned": None if assigned is None else "you" if assigned == person.subject else "another curator",
        "assigned_at": submission.assigned_at,
        "checklist": rules.checklist(open_findings(store, submission), notes.checks(submission_id)),
        "rounds": rounds(store, submission_id),
    }


def rounds(store: SubmissionStore, submission_id: str) -> list[dict[str, Any]]:
    """When each round was handed in, returned and accepted, from the history."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        lines, cursor = store.history(submission_id, 200, cursor)
        for line in lines:
            if line["event"] in ("submitted", "resumed"):
                found.append({"round": len(found) + 1, "submitted_at": line["at"]})
            elif found and line["event"] in ("revision requested", "returned", "accepted"):
                found[-1] |= {"ended_at": line["at"], "outcome": line["event"]}
        if cursor is None:
            return found


def assign(store: SubmissionStore, person: Person, submission_id: str, take_over: bool = False) -> Submission:
    """Take a waiting submission up. Taken if another curator has it; data managers may take it over."""
    submission = _reviewed(store, person, submission_id)
    _must_not_be_own(submission, person)
    if submission.state not in REVIEWS:
        raise NotWaiting(f"Submission {submission_id} does not wait for a decision: it is {submission.state}.")
    if submission.assignee == person.subject:
        return submission
    if submission.assignee and not (take_over and Role.DATA_MANAGER in person.roles):
        raise _taken(submission)
    new = replace(submission, assignee=person.subject, assigned_at=clock.stamp())
    words = "A curator took it up."
    try:
        return store.save(
            submission, new, event="assigned", words=words, actor=person.subject, announce=events.CURATOR_ASSIGNED
        )
    except StaleWrite:
        if store.get(submission_id).assignee:
            raise _taken(store.get(submission_id)) from None
        raise


def unassign(store: SubmissionStore, person: Person, submission_id: str) -> Submission:
    """Give it back to the queue; data managers may for others. Again changes nothing."""
    submission = _reviewed(store, person, submission_id)
    if submission.assignee is None:
        return submission
    if submission.assignee != person.subject and Role.DATA_MANAGER not in person.roles:
        raise _taken(submission)
    new = replace(submission, assignee=None, assigned_at=None)
    return store.save(submission, new, event="unassigned", words="Back in the queue.", actor=person.subject)


def take_next(store: SubmissionStore, person: Person, stage: str) -> Submission:
    """Take up the first of a queue that nobody has; NotFound if there is none."""
    person.must_be(Role.CURATOR)
    if stage not in OUTCOMES:
        raise Invalid("There is no such queue.", [finding("metadata.choice", "?stage", "", stage, "data, metadata")])
    cursor: str | None = None
    while True:
        waiting, cursor = store.queued(stage, 50, cursor)
        for submission in waiting:
            if submission.assignee or submission.may_edit(person):
                continue
            try:
                return assign(store, person, submission.id)
            except (Taken, StaleWrite, NotWaiting):
                continue
        if cursor is None:
            raise NotFound(f"Nothing waits in the queue {stage!r} that nobody has taken up.")


def set_priority(store: SubmissionStore, person: Person, submission_id: str, priority: str) -> Submission:
    """`priority` puts a submission before the normal ones."""
    _reviewed(store, person, submission_id)

    def change(submission: Submission) -> Submission:
        if submission.priority == priority:
            return submission
        words = f"Its priority is now {priority}."
        new = replace(submission, priority=priority)
        return store.save(submission, new, event="priority", words=words, actor=person.subject)

    return saved(store, submission_id, change)


def check(store: SubmissionStore, notes: Desk, person: Person, submission_id: str, rows: list[dict[str, str]]) -> None:
    """Write decisions on open findings (harmless, return). Invalid if one is not open."""
    submission = _reviewed(store, person, submission_id)
    known = {rules.fingerprint(found) for found in open_findings(store, submission)}
    unknown = [n for n, row in enumerate(rows) if row["finding"] not in known]
    if unknown:
        findings = [
            finding("metadata.choice", f"/decisions/{n}/finding", "No such finding.", rows[n]["finding"])
            for n in unknown
        ]
        raise Invalid(findings[0].message, findings)
    for row in rows:
        notes.check(submission_id, row["finding"], row["decision"], row.get("text", ""), person.subject)


def note(store: SubmissionStore, notes: Desk, person: Person, submission_id: str, text: str) -> dict[str, Any]:
    """A note for other curators."""
    _reviewed(store, person, submission_id)
    return notes.note(submission_id, text, person.subject)


def notes(
    store: SubmissionStore, notes: Desk, person: Person, submission_id: str, limit: int, cursor: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of the curators' notes."""
    _reviewed(store, person, submission_id)
    return notes.notes(submission_id, limit, cursor)


# --- the curator decides ---


def decide(store: SubmissionStore, notes: Desk, person: Person, submission_id: str, decision: Decision) -> Submission:
    """Accept, accept a part, or return. The same decision again is no fault.

    NotWaiting, Taken, Stale and Undecided say what stands in the way; Invalid which reason or run is wrong.
    """
    person.must_be(Role.CURATOR)
    submission = store.get(submission_id)
    _must_not_be_own(submission, person)
    stage = REVIEWS.get(submission.state)
    if stage is None:
        if submission.state in {outcome[decision.verdict] for outcome in OUTCOMES.values()}:
            return submission
        raise NotWaiting(f"Submission {submission_id} does not wait for a decision: it is {submission.state}.")
    if submission.assignee not in (None, person.subject):
        raise _taken(submission)
    if decision.version not in (None, submission.version):
        raise Stale(f"You saw version {decision.version} of the submission; it is now at {submission.version}.")
    new, extra = _decided(store, notes, submission, stage, decision)
    kind = events.METADATA_ACCEPTED if new.state == State.METADATA_ACCEPTED else events.CURATION_DECIDED
    return _saved(
        store,
        submission,
        new,
        event="accepted" if decision.verdict == "accept" else "revision requested",
        words=_words(stage, decision),
        actor=person.subject,
        announce=kind,
        body={"decision": decision.verdict, "stage": stage, "automatic": False},
        extra=extra,
    )


def ask_anew(
    store: SubmissionStore, person: Person, submission_id: str, words: str, body: dict[str, Any], order: Order
) -> Submission:
    """Have what is under review made anew by its job; it comes back to the desk. `order` gives the line that says how,
    kept in the same transaction; `body` what the event says of it. Faults as of a decision.
    """
    person.must_be(Role.CURATOR)
    submission = store.get(submission_id)
    _must_not_be_own(submission, person)
    if submission.state != State.DATA_REVIEW or submission.batch:
        raise NotWaiting(f"Submission {submission_id} does not wait for a decision on its data.")
    if submission.assignee not in (None, person.subject):
        raise _taken(submission)
    told = {"decision": "anew", "stage": "data", "automatic": False, **body}
    new = replace(submission, state=OUTCOMES["data"]["anew"])
    return _saved(
        store,
        submission,
        new,
        event="asked anew",
        words=words,
        actor=person.subject,
        announce=events.CURATION_DECIDED,
        body=told,
        extra=[order(submission)],
    )


def _saved(store: SubmissionStore, submission: Submission, new: Submission, **said: Any) -> Submission:
    try:
        return store.save(submission, new, **said)
    except StaleWrite:
        raise Stale(f"Submission {submission.id} was changed at the same moment. Look at it again.") from None


def _decided(
    store: SubmissionStore, notes: Desk, submission: Submission, stage: str, decision: Decision
) -> tuple[Submission, list[dict[str, Any]]]:
    findings = rules.check_reasons(decision)
    if decision.runs:
        member = catalog.members()[submission.member]
        findings += rules.check_part(member, store.objects(submission), decision.runs)
        if stage != "data" or decision.verdict != "accept":
            findings.append(finding("curation.batch", "/runs", "Only data is accepted in parts."))
    if findings:
        raise Invalid(findings[0].message, findings)
    new = replace(submission, state=OUTCOMES[stage][decision.verdict], reasons=decision.reasons)
    if decision.verdict == "return":
        return new, []
    findings_left = open_findings(store, submission)
    _must_be_checked(findings_left, notes.checks(submission.id))
    passed = [rules.fingerprint(found) for found in findings_left]
    new = replace(new, approved=[*submission.approved, *passed])
    if stage == "metadata":
        return new, []
    new = replace(new, batch=submission.batch + 1, rest=decision.rest if decision.runs else "")
    return new, [notes.batch_line(submission.id, new.batch, decision.runs)] if decision.runs else []


def _must_be_checked(findings: list[dict[str, Any]], decided: dict[str, dict[str, Any]]) -> None:
    rows = rules.checklist(findings, decided)
    bad = [row for row in rows if row["decision"] == "return" or (row["must_be_decided"] and not row["decision"])]
    if bad:
        raise Undecided(f"{len(bad)} finding(s) of the checklist are not decided as harmless: return it or decide.")


def _words(stage: str, decision: Decision) -> str:
    listed = "; ".join(f"{r['code']}: {r['text']}" for r in decision.reasons)
    if decision.verdict == "return":
        return f"Returned by a curator: {listed}"
    if decision.runs:
        then = "stay under review" if decision.rest == "keep" else f"are returned: {listed}"
        return f"{len(decision.runs)} run(s) accepted by a curator; the others {then}."
    return "Accepted by a curator." if stage == "data" else "The metadata is accepted by a curator."


def _must_not_be_own(submission: Submission, person: Person) -> None:
    if submission.may_edit(person):
        raise OwnWork("This submission is your own; another curator decides on it.")


def _taken(submission: Submission) -> Taken:
    return Taken(f"Another curator took {submission.id} up at {submission.assigned_at}.")


# --- waiting steps are answered ---


def resume_after_decision(
    store: SubmissionStore, workflow: Workflow, submission_id: str, round_number: int, stage: str = "data"
) -> bool:
    """Answer the step that waits for a decision. Repeated, late or foreign calls change nothing."""
    submission = store.get(submission_id)
    decided = {state: verdict for verdict, state in OUTCOMES[stage].items()}.get(submission.state)
    token = submission.tokens.get(TOKENS[stage])
    if submission.round != round_number or decided is None or token is None:
        return False
    return _answer(workflow, token, {"decision": decided})


def resume_if_complete(store: SubmissionStore, workflow: Workflow, submission_id: str) -> bool:
    """Answer the step that waits for files once the last one is there. Repeated calls change nothing.

    Asked at each arrival: it reads what is still awaited, never all files.
    """
    complete = False

    def look(submission: Submission) -> Submission:
        nonlocal complete
        waits = submission.state == State.FILES_EXPECTED and "files" in submission.tokens
        complete = waits and not store.awaits_files(submission)
        return submission

    submission = saved(store, submission_id, look)
    return complete and _answer(workflow, submission.tokens["files"], {"arrived": True})


def _answer(workflow: Workflow, token: str, output: dict) -> bool:
    try:
        workflow.answer(token, output)
    except TokenSpent:
        log.info("the waiting step was answered before")
        return False
    return True
