"""The JSON shapes that strangers send and get: pydantic only here, at the edge."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

# XML 1.0 and people's terminals both dislike control characters; so do we.
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$")]


class Shape(BaseModel):
    """Unknown fields are refused, so that a misspelt name is never silently lost."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Release(Shape):
    mode: Literal["immediately", "on_date"] = "immediately"
    date: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")] | None = None


class NewSubmission(Shape):
    member: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    title: Annotated[Text, StringConstraints(min_length=3, max_length=300)]
    release: Release = Release()
    extends: Annotated[str, StringConstraints(min_length=3, max_length=40)] | None = None
    access: Annotated[str, StringConstraints(min_length=1, max_length=40)] | None = None


class Metadata(BaseModel):
    """A document of sections; what each must hold is catalog data, so here only the outer shape is fixed."""

    model_config = ConfigDict(extra="allow")


class FindingShape(BaseModel):
    model_config = ConfigDict(extra="allow")
    rule: str
    where: str
    message: str
    severity: str


class FileShape(BaseModel):
    id: str
    name: str
    run: str
    size_bytes: int | None
    md5: str
    sha256: str | None
    reads: int | None
    bases: int | None
    state: str
    findings: list[dict[str, Any]]
    has_report: bool = False
    measured: dict[str, Any] | None = None


class ObjectShape(BaseModel):
    type: str
    alias: str
    accession: str | None
    attributes: dict[str, Any]


class SubmissionSummary(BaseModel):
    id: str
    member: str
    title: str
    state: str
    state_words: str
    round: int
    release: Release
    access: str
    dataset: str | None
    committee: str | None = None
    policies: Annotated[dict[str, int], Field(default_factory=dict)]
    catalog_version: str = ""
    warnings: int = 0
    waits_for: list[dict[str, str]] = []
    created_at: str
    updated_at: str


class SubmissionShape(SubmissionSummary):
    objects: list[ObjectShape]
    files: list[FileShape]
    accessions: dict[str, str]
    reasons: list[dict[str, str]]
    findings: list[dict[str, Any]]
    counts: dict[str, int]
    queue: dict[str, Any] | None
    extends: str | None
    de_identified: bool  # whether there is a report of it


class AnonymityShape(BaseModel):
    """Counts and names of columns of the table of persons; no value of a person."""

    rows: int
    quasi_identifiers: list[str]
    wanted: int
    k: int
    groups: int
    groups_below: int
    rows_below: int
    rows_alone: int
    distinct: dict[str, int]
    sensitive: str | None
    l: int | None  # noqa: E741 - the measure's own name
    searched: bool
    coarsening: dict[str, Any] | None


class ReceptionShape(BaseModel):
    """Which files came: of those that the metadata names, and beside them."""

    expected: int
    arrived: int
    missing: list[dict[str, Any]]
    surplus: list[dict[str, Any]]


class Page(BaseModel):
    items: list[dict[str, Any]]
    next_cursor: str | None = None


class StartUpload(Shape):
    size_bytes: Annotated[int, Field(gt=0, le=50 * 2**40)]


class UploadShape(BaseModel):
    file_id: str
    state: str
    size_bytes: int
    part_size_bytes: int
    part_count: int


class PartWanted(Shape):
    number: Annotated[int, Field(ge=1, le=10_000)]
    size_bytes: Annotated[int, Field(gt=0, le=5 * 2**30)]
    sha256: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]{43}=$")]


class PartsWanted(Shape):
    parts: Annotated[list[PartWanted], Field(min_length=1, max_length=100)]


class Reason(Shape):
    code: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    text: Annotated[Text, StringConstraints(min_length=1, max_length=2000)]


class RecordShape(BaseModel):
    model_config = ConfigDict(extra="allow")
    accession: str
    type: str
    member: str
    title: str
    visibility: str


class BelowItem(BaseModel):
    """A record of the tree; `of` is the record that it refers to."""

    accession: str
    type: str
    member: str
    title: str
    dataset: str | None = None
    released_at: str | None = None
    of: str


class BelowShape(BaseModel):
    """All that hangs on a record. `complete` is false if there is more than is listed."""

    accession: str
    items: list[BelowItem]
    complete: bool


class DownloadShape(BaseModel):
    name: str
    url: str
    expires_at: str
    size_bytes: int
    md5: str
    sha256: str
    encrypted: bool = False


class ProblemShape(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    rule: str
    mend: str
    findings: list[FindingShape] | None = None
    instance: str | None = None
