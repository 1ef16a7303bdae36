"""The INSDC mirror: how it stands, its reports and records, for everybody; runs and repairs for data managers."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from biotheca.accounts.model import Person, Role, Scope
from biotheca.errors import NotFound
from biotheca.mirror import service
from biotheca.settings import Settings
from functions.api.seam import Routes
from functions.api.shapes import Shape
from functions.stores import mirror

routes = Routes(__name__, "mirror", changes=Scope.CURATE)


class MirrorHealth(Shape):
    """How the mirror stands. `lag_hours`: since the published day's end. `totals`: records by entity and status."""

    state: str
    batch: int
    day: str
    published_at: str
    lag_hours: float | None = None
    lag_limit_hours: float
    missing_days: list[str]
    totals: dict[str, Any]
    batches: list[dict[str, Any]]


class MirrorReport(Shape):
    """The reconciliation of a day: what the feeds held, what the lake holds, and every difference."""

    batch: int
    totals: dict[str, Any]
    counts: dict[str, Any]
    quarantined: int
    sampled: int
    differences: list[str]
    feeds: list[dict[str, Any]]


class MirroredRecord(Shape):
    """A record of INSDC as mirrored. `fields`: its row in the lake; none of a withdrawn one, which is a tombstone."""

    accession: str
    entity: str
    status: str
    batch: int
    centre: str
    archive: str
    title: str = ""
    organism: str = ""
    released_at: str = ""
    shortened: bool = False
    fields: Annotated[dict[str, Any], Field(default_factory=dict)]


class RunWanted(Shape):
    """`day`: YYYY-MM-DD, without it the day that is whole now."""

    day: Annotated[str, StringConstraints(max_length=10)] | None = None


class RepairWanted(Shape):
    """One accession of INSDC, asked for at its source again."""

    accession: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3,6}[0-9]{1,12}$")]


class MirrorStarted(Shape):
    """`started` is false where that batch runs already, or is published."""

    batch: int
    day: str
    started: bool


@routes.on("GET", "/v1/mirror", answer=MirrorHealth)
def health(**_: str) -> MirrorHealth:
    """How the mirror of INSDC stands: the published day, its age, what is missing, what went wrong."""
    return MirrorHealth(**service.health(mirror()))


@routes.on("GET", "/v1/mirror/reports/{day}", answer=MirrorReport, errors=(404,))
def report(day: str) -> MirrorReport:
    """The reconciliation report of a day."""
    found = service.report(mirror(), day)
    if found is None:
        raise NotFound(f"There is no report of the day {day[:20]!r}. `GET /v1/mirror` lists the newest batches.")
    return MirrorReport(**found)


@routes.on("GET", "/v1/mirror/records/{accession}", answer=MirroredRecord, errors=(404,))
def record(accession: str) -> MirroredRecord:
    """A mirrored record: live and suppressed ones whole, a withdrawn one as a tombstone."""
    found = mirror().record(accession.strip().upper())
    if found is None:
        raise NotFound(f"No record {accession.strip()[:40]!r} is mirrored.")
    return MirroredRecord(**found)


@routes.on(
    "POST", "/v1/mirror/runs", signed_in=True, body=RunWanted, answer=MirrorStarted, status=202, errors=(401, 403, 422)
)
def run(body: RunWanted, person: Person) -> MirrorStarted:
    """Start the mirror of a day, with all days before it that are missing. Again starts nothing twice."""
    person.must_be(Role.DATA_MANAGER)
    return MirrorStarted(**service.start(mirror(), Settings().mirror_workflow, body.day))


@routes.on(
    "POST",
    "/v1/mirror/repairs",
    signed_in=True,
    body=RepairWanted,
    answer=MirrorStarted,
    status=202,
    errors=(401, 403, 422),
)
def repair(body: RepairWanted, person: Person) -> MirrorStarted:
    """Ask the source for one record again and bring it in."""
    person.must_be(Role.DATA_MANAGER)
    return MirrorStarted(**service.start(mirror(), Settings().mirror_workflow, None, body.accession))
