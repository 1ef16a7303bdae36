"""How a finding is made from its rule, and how the objects of a document are walked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from biotheca import catalog
from biotheca.catalog import Member, ObjectType
from biotheca.errors import Finding
from biotheca.submissions.rules.identifiers import without_identifiers


def finding(rule: str, where: str, message: str, value: Any = "", expected: str = "", **facts: Any) -> Finding:
    """A finding with severity and mend from the rule catalogue; long values are cut at 200 characters.

    Numbers and addresses of people are masked: findings are kept, mailed and read by others than who wrote the value.
    """
    shown = "" if value in (None, "") else without_identifiers(str(value))[:200]
    if isinstance(value, str) and value and shown != value[:200]:
        message = message.replace(value, shown)
    severity = catalog.rules()[rule]["severity"]
    return Finding(rule, where, without_identifiers(message), shown, expected, catalog.mend(rule), severity, facts)


def objects_of(document: dict[str, Any], kind: ObjectType) -> list[dict[str, Any]]:
    """The entries of one object type in a document, as a list whether many or one."""
    section = document.get(kind.section)
    if section is None:
        return []
    return section if isinstance(section, list) else [section]


def place_of(kind: ObjectType, number: int) -> str:
    """The JSON pointer of the n-th entry of a section."""
    return f"/{kind.section}/{number}" if kind.many else f"/{kind.section}"


def entries(document: dict[str, Any], kind: ObjectType) -> Iterator[tuple[str, dict[str, Any]]]:
    """(place, entry) of every entry of a type that is an object at all."""
    for number, entry in enumerate(objects_of(document, kind)):
        if isinstance(entry, dict):
            yield place_of(kind, number), entry


def aliases_of(member: Member, document: dict[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    """type -> alias -> entry, of the entries that have an alias."""
    return {
        kind.type: {e["alias"]: e for _, e in entries(document, kind) if isinstance(e.get("alias"), str)}
        for kind in member.objects
    }


def is_empty(value: Any) -> bool:
    """Whether a field says nothing: absent, an empty text or an empty list."""
    return value is None or value == "" or value == []


def listed(words: Any, most: int = 12) -> str:
    """Words in a row, cut after some."""
    words = list(words)
    return ", ".join(words[:most]) + (f" ... ({len(words)} terms)" if len(words) > most else "")
