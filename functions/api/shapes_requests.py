"""The JSON shapes of committees, requests, grants, documents and the log of links."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from biotheca.access.model import Rule
from functions.api.shapes import Shape, Text
from functions.api.shapes_accounts import Email

Name = Annotated[Text, StringConstraints(min_length=3, max_length=200)]
Long = Annotated[Text, StringConstraints(max_length=4000)]
Number = Annotated[str, StringConstraints(min_length=1, max_length=40)]
Reason = Annotated[Text, StringConstraints(max_length=4000)]
Token = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class NewCommittee(Shape):
    name: Name
    description: Long = ""
    rule: Rule = Rule.ONE


class CommitteeChange(Shape):
    """What is given is changed, the rest stays."""

    name: Name | None = None
    description: Long | None = None
    rule: Rule | None = None


class Invitation(Shape):
    email: Email
    contact: bool = False
    deputy: bool = False


class MemberRoles(Shape):
    """`away_until`: a day, inclusive; an empty text ends the absence."""

    contact: bool | None = None
    deputy: bool | None = None
    away_until: Annotated[str, StringConstraints(max_length=10)] | None = None


class CommitteeMember(BaseModel):
    """Name (or else the address) and organisation, as the account of a member who joined tells them now."""

    subject: str
    name: str
    organisation: str
    standing: Literal["invited", "joined"]
    contact: bool
    deputy: bool
    away_until: str | None
    since: str | None


class CommitteeShape(BaseModel):
    number: str
    name: str
    description: str
    rule: str
    version: int
    created_at: str
    changed_at: str
    undecided: int
    members: list[CommitteeMember]


class CommitteeChoice(Shape):
    """`reason` is asked for after release."""

    committee: Number
    reason: Annotated[Text, StringConstraints(max_length=2000)] = ""


class NewRequest(Shape):
    """`renews`: the number of a request of your own whose grant is to be prolonged."""

    dataset: Number
    renews: Annotated[str, StringConstraints(max_length=40)] = ""


class Filled(Shape):
    """The whole form; `files` empty asks for all; `documents`: document -> version that you accept."""

    answers: dict[str, Any]
    files: Annotated[
        list[Annotated[str, StringConstraints(min_length=1, max_length=300)]],
        Field(max_length=1000, default_factory=list),
    ]
    documents: Annotated[dict[str, int], Field(max_length=20, default_factory=dict)]


class VoteBody(Shape):
    """A rejection needs a reason."""

    decision: Literal["approve", "reject"]
    reason: Reason = ""


class Said(Shape):
    reason: Reason = ""


class Conflicted(Shape):
    """Whose conflict of interest it is; your own, if nobody is named."""

    subject: Annotated[str, StringConstraints(max_length=100)] = ""


class GrantShape(BaseModel):
    """`state`: future, live, expired, revoked or closed, by the clock of this moment."""

    request: str
    dataset: str
    state: str
    starts_at: str
    ends_at: str
    files: list[str]
    revoked_at: str | None
    reason: str | None
    closed_at: str | None


class Requester(BaseModel):
    subject: str
    name: str
    organisation: str
    email: str


# The values of access.duo.Verdict; a shape of that name is the workbooks'.
DataUseVerdict = Literal["met", "not_met", "to_judge"]


class DataUseOpinion(BaseModel):
    """`verdict`: met, not_met or to_judge; `why`: a sentence in each language."""

    code: str
    shorthand: str
    title: dict[str, str]
    verdict: DataUseVerdict
    why: dict[str, str]


class DataUseMatch(BaseModel):
    """What the answers say about each data use code of the dataset; it decides nothing."""

    verdict: DataUseVerdict
    codes: list[DataUseOpinion]


class RequestShape(BaseModel):
    """`waiting`: days, and place in the committee's queue. `requester`, `votes`, `conflicts`: the committee's.

    `data_use_match`: when one request is shown, if its dataset carries data use codes.
    """

    id: str
    number: str | None
    dataset: str
    member: str
    committee: str
    form: str
    renews: str | None
    state: str
    state_words: str
    answers: dict[str, Any]
    files: list[str]
    documents: dict[str, int]
    created_at: str
    submitted_at: str | None
    decided_at: str | None
    reason: str | None
    waiting: dict[str, int] | None
    grant: GrantShape | None
    data_use_match: DataUseMatch | None = None
    requester: Requester | None = None
    votes: list[dict[str, Any]] | None = None
    conflicts: list[str] | None = None


class FormShape(BaseModel):
    """What a request to a dataset must tell, and the documents to accept in their version in force."""

    dataset: str
    form: str
    committee: dict[str, str]
    fields: list[dict[str, Any]]
    documents: list[dict[str, Any]]


class DocumentShape(BaseModel):
    name: str
    version: int
    since: str
    title: dict[str, str]
    text: dict[str, str]
    versions: list[int]


class Closing(Shape):
    """`deleted` attests that the data and all copies are gone."""

    deleted: bool
    report: Long = ""


class Approval(Shape):
    """The secret of the link in a mail."""

    token: Token


class ApprovalShape(BaseModel):
    """What the link approves, or approved: `state` of the request after it."""

    number: str
    dataset: str
    committee: str
    state: str
    purpose: str
    months: int | None


class VisaShape(BaseModel):
    """`visa`: a signed JWT; it ends with the grant, or `longest_s` seconds from now."""

    visa: str
    longest_s: int


class PassportBody(Shape):
    """Visas of other archives, each a signed JWT."""

    ga4gh_passport_v1: list[str]


class TakenVisa(BaseModel):
    dataset: str
    issuer: str
    ends_at: str


class PassportShape(BaseModel):
    """`items`: what was taken. `refused`: one and the same finding for each visa that was not, at its place."""

    items: list[TakenVisa]
    refused: list[dict[str, Any]]


class GlassShape(BaseModel):
    """`id` stands in the log as the right by which each file is read."""

    id: str
    dataset: str
    starts_at: str
    ends_at: str
