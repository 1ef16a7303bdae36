"""The data use codes of a dataset as they are given: what each needs beside it, and what is wrong with them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from biotheca import catalog
from biotheca.errors import Finding


@dataclass(frozen=True)
class Code:
    """A code of a dataset. `values`: its parameter (MONDO terms, countries ...; a date or number as text)."""

    id: str
    values: tuple[str, ...] = ()


def permits(codes: Sequence[Code]) -> bool:
    """Whether there is a permission among them."""
    return any(catalog.duo()["codes"].get(code.id, {}).get("kind") == "permission" for code in codes)


def faults(codes: Sequence[Code], where: str = "/duo") -> list[Finding]:
    """What is wrong with a dataset's codes: unknown, twice, without their parameter, or with one that says nothing."""
    found, seen = [], set()
    for position, code in enumerate(codes):
        place, row = f"{where}/{position}", catalog.duo()["codes"].get(code.id)
        if row is None:
            found.append(_finding("duo.unknown", place, f"{code.id[:40]!r} is no data use code.", code.id[:40]))
            continue
        if code.id in seen:
            found.append(_finding("duo.twice", place, f"{code.id} ({row['shorthand']}) stands twice.", code.id))
        seen.add(code.id)
        if (parameter := row.get("parameter")) and not sound(parameter, code.values):
            message = f"{code.id} ({row['shorthand']}) needs {parameter} in a form that can be compared."
            found.append(_finding("duo.parameter", place, message, ", ".join(code.values)[:80], _FORMS.get(parameter)))
    if codes and not permits(codes):
        found.append(_finding("duo.no_permission", where, "Modifiers narrow a permission, and none is given."))
    return found


_FORMS = {"until": "a day as YYYY-MM-DD", "months": "a whole number of months", "diseases": "terms as MONDO:0005148"}


def sound(parameter: str, values: tuple[str, ...]) -> bool:
    """Whether values are there, in a form that can be compared."""
    if not values or not all(value.strip() for value in values):
        return False
    if parameter == "months":
        return all(value.isascii() and value.isdigit() for value in values)
    if parameter == "diseases":
        return all(value.startswith("MONDO:") and value[6:].isdigit() and value.isascii() for value in values)
    if parameter == "until":
        try:
            return bool([date.fromisoformat(value) for value in values])
        except ValueError:
            return False
    return True


def _finding(rule: str, where: str, message: str, value: str = "", expected: str | None = None) -> Finding:
    severity = catalog.rules()[rule]["severity"]
    return Finding(rule, where, message, value, expected or "", catalog.mend(rule), severity)
