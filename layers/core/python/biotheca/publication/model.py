"""What is public: a record of one object under its accession, and the files of a dataset."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Visibility(StrEnum):
    """INSDC meanings. Suppressed and withdrawn come with the capability that suppresses and withdraws."""

    PRIVATE = "private"
    PUBLIC = "public"


@dataclass(frozen=True)
class Record:
    """One object as the archive publishes it. `dataset`: the accession whose release decides on `in_dataset` types."""

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

    def as_dict(self) -> dict[str, Any]:
        """All fields as plain values."""
        return asdict(self)

    def public_view(self) -> dict[str, Any]:
        """What everybody may see: no owner, no submission, no storage place."""
        shown = ("accession", "type", "member", "alias", "title", "attributes", "links", "dataset", "released_at")
        view = {name: getattr(self, name) for name in shown}
        return view | {"visibility": str(self.visibility), "files": [public_file(f) for f in self.files]}


def public_file(file: dict[str, Any]) -> dict[str, Any]:
    """A file as everybody may see it."""
    return {k: file.get(k) for k in ("name", "original_name", "run", "size_bytes", "md5", "sha256", "reads", "bases")}
