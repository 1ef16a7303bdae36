"""The archive as data: members, object types, accession forms, vocabularies, rules.

Everything that differs between member databases stands in the YAML files beside this module; code
that names a member is a defect (tests/unit/catalog). Loaded once a process, frozen, no cloud.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

import yaml


@dataclass(frozen=True)
class Field:
    """What one field of an object may hold. `kind`: text, choice, integer, taxon, date_or_missing, reference."""

    name: str
    kind: str
    required: bool = False
    vocabulary: str | None = None
    to: str | None = None
    min: int | None = None
    max: int | None = None


@dataclass(frozen=True)
class ObjectType:
    """One kind of object of a member, e.g. sample. `section` is its key in a metadata document."""

    type: str
    title: dict[str, str]
    accession: str
    section: str
    release: str  # dataset | in_dataset | with_dataset
    many: bool = False
    fields: dict[str, Field] = field(default_factory=dict)
    files: dict[str, Any] | None = None
    published_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Member:
    """One member database. `dataset` is the object type whose release makes the data public."""

    id: str
    title: dict[str, str]
    purpose: dict[str, str]
    access_modes: tuple[str, ...]
    dataset: str
    objects: tuple[ObjectType, ...]
    refuses_taxa: dict[int, str]
    lake: dict[str, dict[str, str]]

    def object_type(self, name: str) -> ObjectType:
        """The object type of that name; KeyError if the member has none."""
        for kind in self.objects:
            if kind.type == name:
                return kind
        raise KeyError(name)


def _read(name: str) -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load((resources.files(__package__) / name).read_text("utf-8"), Loader=loader)  # noqa: S506 - a safe loader


def _object_type(row: dict[str, Any]) -> ObjectType:
    fields = {name: Field(name=name, **spec) for name, spec in row.get("fields", {}).items()}
    return ObjectType(
        **{k: v for k, v in row.items() if k not in ("fields", "published_names")},
        fields=fields,
        published_names=tuple(row.get("published_names", ())),
    )


@cache
def members() -> dict[str, Member]:
    """Every member database by id."""
    rows = _read("members.yaml")["members"]
    return {
        row["id"]: Member(
            id=row["id"],
            title=row["title"],
            purpose=row["purpose"],
            access_modes=tuple(row["access_modes"]),
            dataset=row["dataset"],
            objects=tuple(_object_type(kind) for kind in row["objects"]),
            refuses_taxa={int(taxon): target for taxon, target in row.get("refuses_taxa", {}).items()},
            lake=row.get("lake", {}),
        )
        for row in rows
    }


@cache
def vocabulary(name: str) -> tuple[str, ...]:
    """The terms of a controlled vocabulary, in published order; KeyError if there is none of that name."""
    return tuple(str(term) for term in _read("vocabularies.yaml")[name])


@cache
def rules() -> dict[str, dict[str, Any]]:
    """The rule catalogue: id -> severity, message and mend in EN and ZH, example."""
    found: dict[str, dict[str, Any]] = {}
    for entry in sorted(resources.files(__package__).iterdir(), key=lambda e: e.name):
        if entry.name.startswith("rules") and entry.name.endswith(".yaml"):
            rows = _read(entry.name)["rules"]
            if isinstance(rows, list):
                rows = {row["id"]: {k: v for k, v in row.items() if k != "id"} for row in rows}
            found |= rows
    return found


def mend(rule: str) -> str:
    """How to mend what the rule found, in English; empty if the rule is unknown."""
    return rules().get(rule, {}).get("mend", {}).get("en", "")


@cache
def accession_forms() -> dict[str, Any]:
    """The rows of accessions.yaml: own, derived, lookup_only."""
    return _read("accessions.yaml")


@cache
def notices() -> dict[str, Any]:
    """Who is told what: the rows of notices.yaml and the signature of mails."""
    return _read("notices.yaml")
