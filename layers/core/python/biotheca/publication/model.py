"""What is public: a record of one object under its accession, the files of a dataset, who may see what when."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from biotheca.errors import BiothecaError, Conflict


class Visibility(StrEnum):
    """INSDC meanings: what each lets through which door is the table `MATRIX`."""

    PRIVATE = "private"
    PUBLIC = "public"
    SUPPRESSED = "suppressed"
    WITHDRAWN = "withdrawn"
    REPLACED = "replaced"


class Door(StrEnum):
    """The ways on which a stranger comes to a record."""

    SEARCH = "search"
    ACCESSION = "accession"
    LISTING = "listing"
    FILES = "files"
    RESOLVER = "resolver"
    LAKE = "lake"


_ALL = frozenset(Door)
# After INSDC, ENA and DDBJ: suppressed is left out of search but returned by its very number; withdrawn leaves a
# tombstone (410) under its number and nothing else; replaced leads to its successor.
MATRIX: dict[Visibility, frozenset[Door]] = {
    Visibility.PRIVATE: frozenset(),
    Visibility.PUBLIC: _ALL,
    Visibility.SUPPRESSED: frozenset({Door.ACCESSION, Door.RESOLVER}),
    Visibility.WITHDRAWN: frozenset(),
    Visibility.REPLACED: frozenset({Door.ACCESSION, Door.RESOLVER}),
}

# What may follow what; a record that was public never becomes private again.
CHANGES: dict[Visibility, frozenset[Visibility]] = {
    Visibility.PRIVATE: frozenset({Visibility.PUBLIC, Visibility.WITHDRAWN}),
    Visibility.PUBLIC: frozenset({Visibility.SUPPRESSED, Visibility.WITHDRAWN, Visibility.REPLACED}),
    Visibility.SUPPRESSED: frozenset({Visibility.PUBLIC, Visibility.WITHDRAWN, Visibility.REPLACED}),
    Visibility.WITHDRAWN: frozenset({Visibility.PUBLIC}),
    Visibility.REPLACED: frozenset({Visibility.PUBLIC, Visibility.WITHDRAWN}),
}


class Withdrawn(BiothecaError):
    """The record was public and is withdrawn: its number stays, what it named is gone."""

    rule = "publication.withdrawn"


class ReferredTo(Conflict):
    """Other records point at it, so it cannot go."""

    rule = "publication.referred_to"


class StaleRecord(Conflict):
    """Somebody else changed the record in between."""

    rule = "curation.stale"


class WrongVisibility(Conflict):
    """The record's visibility does not allow this."""

    rule = "publication.visibility"


@dataclass(frozen=True)
class Record:
    """One object as the archive publishes it.

    `dataset`: the accession whose release decides on `in_dataset` types (of a dataset, its own). `needs`: the
    accessions that it refers to and cannot be understood without. `access`: of a dataset, its mode; `committee`: the
    number of the committee that decides on requests to its files.
    `sensitive`: attributes that only the owner and the archive's staff see (catalog: `sensitive`), kept apart so that
    whoever reads `attributes` can publish them. `version` counts its content, `revision` its writes.
    """

    accession: str
    type: str
    member: str
    alias: str
    title: str
    submission: str
    owner: str
    attributes: dict[str, Any]
    links: dict[str, list[str]] = field(default_factory=dict)
    files: list[dict[str, Any]] = field(default_factory=list)
    dataset: str | None = None
    visibility: Visibility = Visibility.PRIVATE
    released_at: str | None = None
    release_on: str | None = None
    needs: list[str] = field(default_factory=list)
    version: int = 1
    revision: int = 0
    replaced_by: str | None = None
    changed_at: str | None = None
    reason: str | None = None
    created_at: str = ""
    access: str = ""
    sensitive: dict[str, Any] = field(default_factory=dict)
    committee: str = ""

    def as_dict(self) -> dict[str, Any]:
        """All fields as plain values."""
        return asdict(self)

    def public_view(self) -> dict[str, Any]:
        """What everybody may see: no owner, no submission, no storage place."""
        shown = (
            "accession",
            "type",
            "member",
            "alias",
            "title",
            "attributes",
            "links",
            "dataset",
            "released_at",
            "version",
            "replaced_by",
        )
        view = {name: getattr(self, name) for name in shown}
        with_files = Door.FILES in MATRIX[self.visibility] or self.visibility == Visibility.PRIVATE
        files = [public_file(f) for f in self.files] if with_files else []
        view |= {"visibility": str(self.visibility), "files": files}
        if self.visibility not in (Visibility.PRIVATE, Visibility.PUBLIC):
            view |= {"reason": self.reason, "changed_at": self.changed_at}
        return view

    def inside_view(self) -> dict[str, Any]:
        """What the owner and the archive's staff see: with the sensitive attributes."""
        view = self.public_view()
        files = [public_file(f, inside=True) for f in self.files] if view["files"] else []
        return view | {"attributes": self.attributes | self.sensitive, "files": files}


def public_file(file: dict[str, Any], inside: bool = False) -> dict[str, Any]:
    """A file as everybody may see it; to insiders also by the name that its owner gave it, where that is private."""
    if file.get("private_name") and not inside:
        file = file | {"original_name": None}
    shown = {k: file.get(k) for k in ("name", "original_name", "run", "size_bytes", "md5", "sha256", "reads", "bases")}
    shown |= {"encrypted": True} if file.get("sealed") else {}
    shown |= {"sensitivity": file["class"]} if file.get("class") else {}
    return shown | {"statistics": (file.get("statistics") or {}).get("name"), "measured": file.get("measured")}
