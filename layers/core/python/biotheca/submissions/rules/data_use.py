"""The data use codes of a dataset as they are given: what each needs beside it, and what is wrong with them. Pure.

Which field of an object type holds them is the catalog's word (`data_use`): rows of `code` and `value`.
What a request's answers say about them: access.duo.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from biotheca import catalog
from biotheca.catalog import Member, ObjectType
from biotheca.errors import Finding
from biotheca.submissions.model import OPEN
from biotheca.submissions.rules.finding import entries, finding, is_empty


@dataclass(frozen=True)
class Code:
    """A code of a dataset. `values`: its parameter (MONDO terms, countries ...; a date or number as text)."""

    id: str
    values: tuple[str, ...] = ()


def codes_of(kind: ObjectType, attributes: dict[str, Any]) -> list[Code]:
    """The codes that an object carries, in their order; several values of one stand between semicolons."""
    rows = attributes.get(kind.data_use) if kind.data_use else None
    return [_code(row) for row in rows or () if isinstance(row, dict)] if isinstance(rows, list) else []


def _code(row: dict[str, Any]) -> Code:
    values = (value.strip() for value in str(row.get("value") or "").split(";"))
    return Code(str(row.get("code") or ""), tuple(value for value in values if value))


def check(member: Member, document: dict[str, Any], mode: str | None = None) -> Iterator[Finding]:
    """Findings of the codes of a document; where its files are not open, a hint if it has none."""
    for kind in member.objects:
        if not kind.data_use:
            continue
        for where, entry in entries(document, kind):
            place = f"{where}/{kind.data_use}"
            # That a code is none of the vocabulary is told at its own field already.
            yield from (fault for fault in faults(codes_of(kind, entry), place) if fault.rule != "duo.unknown")
            if mode not in (None, OPEN) and is_empty(entry.get(kind.data_use)):
                message = f"Access is {mode}, and nothing says what the data may be used for."
                yield finding("duo.recommended", place, message, expected="a code of the Data Use Ontology")


def permits(codes: Sequence[Code]) -> bool:
    """Whether there is a permission among them."""
    return any(catalog.duo()["codes"].get(code.id, {}).get("kind") == "permission" for code in codes)


def faults(codes: Sequence[Code], where: str = "/duo") -> list[Finding]:
    """What is wrong with a dataset's codes: unknown, twice, without their parameter, or with one that says nothing."""
    found, seen = [], set()
    for position, code in enumerate(codes):
        place, row = f"{where}/{position}", catalog.duo()["codes"].get(code.id)
        if row is None:
            found.append(finding("duo.unknown", place, f"{code.id[:40]!r} is no data use code.", code.id[:40]))
            continue
        if code.id in seen:
            found.append(finding("duo.twice", place, f"{code.id} ({row['shorthand']}) stands twice.", code.id))
        seen.add(code.id)
        if (parameter := row.get("parameter")) and not sound(parameter, code.values):
            message = f"{code.id} ({row['shorthand']}) needs {parameter} in a form that can be compared."
            said, expected = ", ".join(code.values)[:80], _FORMS.get(parameter, parameter)
            found.append(finding("duo.parameter", place, message, said, expected))
    if codes and not permits(codes):
        found.append(finding("duo.no_permission", where, "Modifiers narrow a permission, and none is given."))
    return found


_FORMS = {
    "until": "a day as YYYY-MM-DD",
    "months": "a whole number of months",
    "diseases": "terms as MONDO:0005148",
    "countries": "countries of the INSDC list",
}


def sound(parameter: str, values: tuple[str, ...]) -> bool:
    """Whether values are there, in a form that can be compared."""
    if not values or not all(value.strip() for value in values):
        return False
    if parameter == "months":
        return all(value.isascii() and value.isdigit() for value in values)
    if parameter == "diseases":
        return all(value.startswith("MONDO:") and value[6:].isdigit() and value.isascii() for value in values)
    if parameter == "countries":
        known = {country.casefold() for country in catalog.vocabulary("country")}
        return all(value.casefold() in known for value in values)
    if parameter == "until":
        try:
            return bool([date.fromisoformat(value) for value in values])
        except ValueError:
            return False
    return True
