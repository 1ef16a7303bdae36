"""Requests for controlled data, approvals from a mail, and the documents that are accepted."""

from __future__ import annotations

from typing import Any

from biotheca import catalog, clock
from biotheca.access import clicks, decisions, rules, service
from biotheca.access.model import WORDS, Grant, GrantState, Request, State
from biotheca.access.purposes import match_of
from biotheca.accounts.model import Person, Scope
from biotheca.errors import Finding, Invalid, NotFound
from biotheca.publication.service import visible
from functions.api.reference import field
from functions.api.seam import Routes, optional_person, page_of, query_of
from functions.api.shapes import Page
from functions.api.shapes_requests import (
    Approval,
    ApprovalShape,
    Conflicted,
    DataUseMatch,
    DataUseOpinion,
    DocumentShape,
    Filled,
    FormShape,
    GrantShape,
    NewRequest,
    Requester,
    RequestShape,
    Said,
    VoteBody,
)
from functions.api.submissions import PAGED
from functions.stores import access, minting, people, records, users

routes = Routes(__name__, "access", changes=Scope.ACCOUNT)


def shape(request: Request, person: Person, places: dict[str, int] | None = None) -> RequestShape:
    """A request as its reader may see it: voices and requester are for the committee, never for the requester.

    `places`: of all that wait for its committee, where a list has looked already.
    """
    grant = access().grant(request) if request.number else None
    state = request.state
    if grant and state == State.APPROVED and rules.state_of(grant, clock.now()) == GrantState.EXPIRED:
        state = State.EXPIRED  # the sweep writes it down later
    waiting = None
    if state == State.SUBMITTED:
        places = access().places(request.committee) if places is None else places
        place = places.get(request.id, len(places) + 1)  # the index may not have it yet
        waiting = {"days": rules.days_waited(request, clock.now()), "place": place}
    shown = {name: getattr(request, name) for name in _SHOWN}
    shown |= {name: getattr(request, name) or None for name in _MAYBE}
    shown |= {"state": state, "state_words": WORDS[state], "waiting": waiting, "files": list(request.files)}
    made = RequestShape(**shown, grant=grant_shape(grant) if grant else None)
    if person.subject == request.requester:
        return made
    votes: list[dict[str, Any]] = [
        {"subject": v.subject, "approve": v.approve, "at": v.at, "reason": v.reason} for v in request.votes
    ]
    update = {"requester": _requester(request.requester), "votes": votes, "conflicts": list(request.conflicts)}
    return made.model_copy(update=update)


_SHOWN = ("id", "dataset", "member", "committee", "form", "answers", "documents", "created_at")
_MAYBE = ("number", "renews", "submitted_at", "decided_at", "reason")


def _requester(subject: str) -> Requester:
    profile = people().profile(subject)
    told = {name: getattr(profile, name, "") for name in ("name", "organisation", "email")}
    return Requester(subject=subject, **told)


def grant_shape(grant: Grant) -> GrantShape:
    """A grant with what it is worth now."""
    shown: dict[str, Any] = {name: getattr(grant, name) for name in ("request", "dataset", "starts_at", "ends_at")}
    shown |= {name: getattr(grant, name) or None for name in ("revoked_at", "reason", "closed_at")}
    state = rules.state_of(grant, clock.now())
    return GrantShape(**shown, files=list(grant.files), state=state)


# --- what is asked ---


@routes.on(
    "GET",
    "/v1/records/{accession}/request-form",
    answer=FormShape,
    query={"form": "short: the form with which a grant is prolonged"},
    errors=(401, 404, 410, 422),
)
def request_form(accession: str) -> FormShape:
    """The form with which the files of a controlled dataset are asked for."""
    request = routes.current_request
    record = service.controlled(records(), visible(records(), optional_person(request), accession))
    committee = access().committee(record.committee)
    form = query_of(request).get("form") or catalog.members()[record.member].request_form
    if form not in catalog.request_forms():
        known = ", ".join(catalog.request_forms())
        message = f"form is one of {known}."
        raise Invalid(message, [Finding("metadata.choice", "?form", message, form[:80], known)])
    documents = [catalog.document(name) | {"name": name} for name in catalog.request_documents(form)]
    return FormShape(
        dataset=record.accession,
        form=form,
        committee={"number": record.committee, "name": committee.name if committee else ""},
        fields=[field(spec) for spec in catalog.request_forms()[form].values()],
        documents=[{k: row[k] for k in ("name", "version", "title")} for row in documents],
    )


@routes.on("GET", "/v1/documents")
def documents() -> dict[str, Any]:
    """Policies and agreements, each with its version in force."""
    rows = [{"name": name, **catalog.document(name)} for name in catalog.documents()]
    return {"items": [{k: row[k] for k in ("name", "version", "since", "title")} for row in rows], "next_cursor": None}


@routes.on(
    "GET",
    "/v1/documents/{document}",
    answer=DocumentShape,
    query={"version": "Number of a version; the one in force if none is named"},
    errors=(404, 422),
)
def document(document: str) -> DocumentShape:
    """A policy or agreement in English and Chinese; every version stays readable."""
    wanted = query_of(routes.current_request).get("version", "")
    if wanted and not (wanted.isascii() and wanted.isdigit() and len(wanted) < 6):
        message = "version is the number of a version."
        raise Invalid(message, [Finding("metadata.number", "?version", message, wanted[:80], "1, 2 ...")])
    try:
        found = catalog.document(document, int(wanted) if wanted else None)
    except KeyError:
        raise NotFound(f"There is no document {document[:60]!r} (of that version); see /v1/documents.") from None
    return DocumentShape(name=document, **found, versions=[row["version"] for row in catalog.documents()[document]])


# --- the requester ---


@routes.on(
    "POST",
    "/v1/requests",
    signed_in=True,
    body=NewRequest,
    answer=RequestShape,
    status=201,
    errors=(401, 403, 404, 409, 410, 422),
)
def begin(body: NewRequest, person: Person) -> RequestShape:
    """Begin a request for the files of a dataset, or to prolong a grant. Nobody else sees it before it is handed in."""
    key = routes.current_request.headers.get("idempotency-key")
    return shape(service.begin(access(), records(), person, body.dataset, body.renews, key), person)


@routes.on("GET", "/v1/requests", signed_in=True, answer=Page, query=PAGED, errors=(401, 422))
def list_own(person: Person) -> Page:
    """Your requests, newest first."""
    limit, cursor = page_of(routes.current_request)
    found, following = access().requests_of(person.subject, limit, cursor)
    return Page(items=[shape(request, person).model_dump(mode="json") for request in found], next_cursor=following)


@routes.on("GET", "/v1/requests/{request}", signed_in=True, answer=RequestShape, errors=(401, 404))
def show(request: str, person: Person) -> RequestShape:
    """A request by its number or id: yours, or one to a committee of yours."""
    found = service.show(access(), person, request)
    return shape(found, person).model_copy(update={"data_use_match": _data_use(found)})


def _data_use(request: Request) -> DataUseMatch | None:
    record = records().get(request.dataset)
    matched = match_of(record, request) if record else None
    if matched is None:
        return None
    known = catalog.duo()["codes"]
    told = [
        DataUseOpinion(
            code=one.code,
            shorthand=one.shorthand,
            title=known.get(one.code, {}).get("title", {}),
            verdict=one.verdict.value,
            why=dict(one.why),
        )
        for one in matched.opinions
    ]
    return DataUseMatch(verdict=matched.verdict.value, codes=told)


@routes.on(
    "PUT",
    "/v1/requests/{request}",
    signed_in=True,
    body=Filled,
    answer=RequestShape,
    errors=(401, 403, 404, 409, 410, 422),
)
def fill(request: str, body: Filled, person: Person) -> RequestShape:
    """Fill the form of a draft or returned request; it is looked at when it is handed in."""
    changed = service.edit(access(), records(), person, request, body.answers, body.files, body.documents)
    return shape(changed, person)


@routes.on(
    "POST",
    "/v1/requests/{request}/submit",
    signed_in=True,
    answer=RequestShape,
    status=202,
    errors=(401, 403, 404, 409, 410, 422),
)
def submit(request: str, person: Person) -> RequestShape:
    """Hand the request in: it gets its number, and the committee hears of it."""
    return shape(service.submit(access(), records(), minting(), person, request), person)


@routes.on("POST", "/v1/requests/{request}/withdraw", signed_in=True, answer=RequestShape, errors=(401, 403, 404, 409))
def withdraw(request: str, person: Person) -> RequestShape:
    """Take a request back before it is decided."""
    return shape(service.withdraw(access(), person, request), person)


@routes.on("GET", "/v1/requests/{request}/history", signed_in=True, answer=Page, query=PAGED, errors=(401, 404, 422))
def history(request: str, person: Person) -> Page:
    """What happened to a request, in words, oldest first."""
    found = service.show(access(), person, request)
    limit, cursor = page_of(routes.current_request)
    lines, following = access().history(f"REQ#{found.id}", limit, cursor)
    for line in lines:  # to the requester the committee is one voice
        if person.subject == found.requester:
            line["actor"] = {"archive": "archive", found.requester: "requester"}.get(line["actor"], "committee")
    return Page(items=lines, next_cursor=following)


# --- the committee ---


@routes.on(
    "POST",
    "/v1/requests/{request}/votes",
    signed_in=True,
    body=VoteBody,
    answer=RequestShape,
    errors=(401, 403, 404, 409, 422),
)
def vote(request: str, body: VoteBody, person: Person) -> RequestShape:
    """Give your voice; the request is decided as soon as the committee's rule is met."""
    return shape(decisions.vote(access(), person, request, body.decision == "approve", body.reason), person)


@routes.on(
    "POST",
    "/v1/requests/{request}/return",
    signed_in=True,
    body=Said,
    answer=RequestShape,
    errors=(401, 403, 404, 409, 422),
)
def give_back(request: str, body: Said, person: Person) -> RequestShape:
    """Ask the requester for more; the voices given so far are void."""
    return shape(decisions.give_back(access(), person, request, body.reason), person)


@routes.on(
    "POST",
    "/v1/requests/{request}/conflicts",
    signed_in=True,
    body=Conflicted,
    answer=RequestShape,
    errors=(401, 403, 404, 409, 422),
)
def conflict(request: str, body: Conflicted, person: Person) -> RequestShape:
    """Note a conflict of interest, yours or (as a contact) another member's: no voice on this request."""
    subject = body.subject or person.subject
    return shape(decisions.declare_conflict(access(), person, request, subject), person)


@routes.on("POST", "/v1/approvals/look", body=Approval, answer=ApprovalShape, errors=(404, 422))
def look(body: Approval) -> ApprovalShape:
    """What the link in a mail would approve. Nothing is changed."""
    return _approval(clicks.look(access(), users(), body.token))


@routes.on("POST", "/v1/approvals", body=Approval, answer=ApprovalShape, errors=(404, 409, 422))
def approve(body: Approval) -> ApprovalShape:
    """Approve with the secret of a mail, once: the voice of the member to whom it was sent."""
    return _approval(clicks.approve(access(), users(), body.token))


def _approval(request: Request) -> ApprovalShape:
    months = request.answers.get("months")
    return ApprovalShape(
        number=request.number,
        dataset=request.dataset,
        committee=request.committee,
        state=request.state,
        purpose=str(request.answers.get("purpose", "")),
        months=months if isinstance(months, int) else None,
    )
