"""Sections and objects: what must be there, what may stand in it, what must differ."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from biotheca.catalog import Field, Member, ObjectType, Package
from biotheca.errors import Finding
from biotheca.submissions.model import Known
from biotheca.submissions.rules.finding import entries, finding, is_empty, listed, objects_of, place_of
from biotheca.submissions.rules.references import all_referred
from biotheca.submissions.rules.values import CONTROL, MISSING, check_value, expected_of

_ALIAS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
MOST_CUSTOM = 200
LONGEST_CUSTOM = 5000
LARGEST_OBJECT_BYTES = 300_000  # an item of the records table may have 400 KB with its keys and links


def check(
    member: Member, document: dict[str, Any], known: Mapping[str, Known], existing: Collection[str]
) -> Iterator[Finding]:
    """Every finding of sections and objects."""
    sections = {kind.section for kind in member.objects}
    for section in sorted(set(map(str, document)) - sections):
        expected = ", ".join(sorted(sections))
        yield finding("metadata.unknown_field", f"/{section}", "No such section.", section, expected)
    for kind in member.objects:
        yield from _check_presence(member, kind, document, known, existing)
        yield from _check_section(member, kind, document)
        yield from _check_unique(kind, document)
        yield from _check_different(kind, document)
        yield from _recommend(kind, document)


def _check_presence(
    member: Member, kind: ObjectType, document: dict[str, Any], known: Mapping[str, Known], existing: Collection[str]
) -> Iterator[Finding]:
    found = objects_of(document, kind)
    needless = kind.optional or kind.type in existing
    if not found and not needless and not all_referred(member, kind, document, known):
        message = f"The submission has no {kind.type}."
        expected = f"at least one {kind.type}, or references to accessions of such"
        yield finding("metadata.incomplete", f"/{kind.section}", message, expected=expected)
    if isinstance(document.get(kind.section), list) and not kind.many and len(found) > 1:
        message = f"A submission has one {kind.type}, not {len(found)}."
        yield finding("metadata.incomplete", f"/{kind.section}", message, len(found), "one")


def _check_section(member: Member, kind: ObjectType, document: dict[str, Any]) -> Iterator[Finding]:
    seen: set[str] = set()
    for number, entry in enumerate(objects_of(document, kind)):
        where = place_of(kind, number)
        if not isinstance(entry, dict):
            yield finding("general.body", where, "An object was expected.", entry, "a JSON object")
            continue
        yield from _check_alias(entry.get("alias"), where, seen)
        yield from _check_fields(member, kind, entry, where)
        size_bytes = len(json.dumps(entry, ensure_ascii=False, default=str).encode(errors="replace"))
        if size_bytes > LARGEST_OBJECT_BYTES:
            message = f"The {kind.type} takes {size_bytes} bytes."
            yield finding("metadata.too_large", where, message, size_bytes, f"at most {LARGEST_OBJECT_BYTES} bytes")


def _check_alias(alias: Any, where: str, seen: set[str]) -> Iterator[Finding]:
    if not isinstance(alias, str) or not _ALIAS.fullmatch(alias):
        expected = "1 to 100 letters, digits, dot, dash or underscore, starting with a letter or digit"
        yield finding("metadata.alias", f"{where}/alias", "The alias is missing or badly formed.", alias, expected)
    elif alias in seen:
        yield finding("metadata.alias", f"{where}/alias", f"The alias {alias!r} is used twice.", alias, "a new alias")
    else:
        seen.add(alias)


def _check_fields(member: Member, kind: ObjectType, entry: dict[str, Any], where: str) -> Iterator[Finding]:
    plain = {"alias", "attributes"} | ({"files"} if kind.files else set())
    for name in sorted(n for n in map(str, entry) if n not in kind.fields and n not in plain):
        message = f"A {kind.type} has no field {name[:80]!r}."
        expected = listed([*sorted(plain), *kind.fields], 40)  # a set's order is another in every process
        yield finding("metadata.unknown_field", f"{where}/{name}", message, name, expected)
    if "attributes" in entry:
        yield from _check_custom(kind, entry["attributes"], f"{where}/attributes")
    package = kind.package(entry)
    yield from _check_package(member, kind, package, where)
    for spec in kind.fields.values():
        value = entry.get(spec.name)
        if not is_empty(value):
            yield from check_value(spec, value, f"{where}/{spec.name}", entry)
        elif _demanded(spec, package, entry):
            message = f"The {kind.type}'s {spec.name.replace('_', ' ')} is missing."
            expected = expected_of(spec)
            yield finding("metadata.required", f"{where}/{spec.name}", message, expected=expected)
    yield from _check_groups(kind, package, entry, where)


def _check_package(member: Member, kind: ObjectType, package: Package | None, where: str) -> Iterator[Finding]:
    target = member.refuses_packages.get(package.id) if package else None
    if package and target:
        message = f"A {kind.type} of type {package.id} belongs in {target}, not in {member.id}."
        place = f"{where}/{kind.package_field}"
        yield finding("metadata.package_elsewhere", place, message, package.id, f"submit it to {target}")


def _demanded(spec: Field, package: Package | None, entry: dict[str, Any]) -> bool:
    if spec.required or (package and spec.name in package.mandatory):
        return True
    if spec.group:  # one of the group is enough: _check_groups
        return False
    return _holds(spec, entry)


def _holds(spec: Field, entry: dict[str, Any]) -> bool:
    """Whether the conditions of a field's demand are met; False if it has none."""
    if spec.required_if:
        return any(entry.get(other) in values for other, values in spec.required_if.items())
    if spec.required_unless:
        return not any(entry.get(other) in values for other, values in spec.required_unless.items())
    return False


def _check_groups(kind: ObjectType, package: Package | None, entry: dict[str, Any], where: str) -> Iterator[Finding]:
    by_name: dict[str, list[str]] = {}
    for spec in kind.fields.values():
        if spec.group and (_holds(spec, entry) or not (spec.required_if or spec.required_unless)):
            by_name.setdefault(spec.group, []).append(spec.name)
    for group in [*by_name.values(), *(package.groups if package else ())]:
        if all(is_empty(entry.get(name)) for name in group):
            words = ", ".join(name.replace("_", " ") for name in group)
            message = f"At least one of these is needed: {words}."
            yield finding(
                "metadata.one_of", f"{where}/{group[0]}", message, expected=" or ".join(group), fields=[*group]
            )


def _check_custom(kind: ObjectType, custom: Any, where: str) -> Iterator[Finding]:
    if not isinstance(custom, dict):
        yield finding("general.body", where, "Names and plain values were expected.", custom, "a JSON object")
        return
    if len(custom) > MOST_CUSTOM:
        yield finding("metadata.number", where, f"{len(custom)} own attributes.", len(custom), f"at most {MOST_CUSTOM}")
    known = {name.casefold() for name in [*kind.fields, "alias", "files"]}
    for name, value in custom.items():
        place = f"{where}/{name}"
        if not isinstance(name, str) or not 0 < len(name.strip()) <= 100 or CONTROL.search(name):
            yield finding(
                "metadata.attribute", where, "An attribute's name is empty or too long.", name, "1 to 100 letters"
            )
        elif name.strip().casefold().replace(" ", "_") in known:
            message = f"{name!r} is a field of a {kind.type}; it does not go into attributes."
            yield finding("metadata.attribute", place, message, name, f"the field {name.strip().casefold()}")
        elif isinstance(value, bool) or not isinstance(value, str | int | float) or is_empty(value):
            yield finding("general.body", place, "A text or a number was expected.", value, "a text or a number")
        elif isinstance(value, float) and not math.isfinite(value):
            yield finding("metadata.number", place, f"{value} is not a number.", value, "a number")
        elif isinstance(value, str) and (len(value) > LONGEST_CUSTOM or CONTROL.search(value)):
            yield finding("metadata.attribute", place, "The value is too long or holds a control character.", value)


def _check_unique(kind: ObjectType, document: dict[str, Any]) -> Iterator[Finding]:
    for spec in kind.fields.values():
        if not spec.unique:
            continue
        seen: dict[tuple[str, str], str] = {}
        for where, entry in entries(document, kind):
            value = entry.get(spec.name)
            if not isinstance(value, str) or not value.strip():
                continue
            parent = "" if spec.unique == "section" else str(entry.get(spec.unique))
            key = (parent, value.strip().casefold())
            if key in seen:
                within = f" of {spec.unique} {parent}" if parent else ""
                message = f"{value[:80]!r} is the {spec.name} of another {kind.type}{within} too ({seen[key]})."
                yield finding("metadata.unique", f"{where}/{spec.name}", message, value, "a value of its own")
            else:
                seen[key] = where


def _check_different(kind: ObjectType, document: dict[str, Any]) -> Iterator[Finding]:
    """Objects that say the same in every attribute are one object twice; says what would tell them apart."""
    if not kind.differ_beyond:
        return
    seen: dict[str, dict[str, Any]] = {}
    for where, entry in entries(document, kind):
        said = {k: v for k, v in entry.items() if k not in kind.differ_beyond and not is_empty(v)}
        print_ = json.dumps(said, sort_keys=True, default=str)
        other = seen.setdefault(print_, entry)
        if other is not entry:
            helpful = _helpful(kind, entry)
            pair = f"{kind.type}s {other.get('alias')!r} and {entry.get('alias')!r}"
            message = f"The {pair} are alike in every attribute; {' or '.join(helpful)} would tell them apart."
            yield finding("metadata.alike", where, message, entry.get("alias"), " or ".join(helpful), fields=helpful)


def _helpful(kind: ObjectType, entry: dict[str, Any]) -> list[str]:
    """Attributes that the object leaves empty and that usually tell samples apart."""
    package = kind.package(entry)
    usual = [n for n in (package.fields() if package else ()) if is_empty(entry.get(n)) or entry.get(n) in MISSING]
    first: list[str] = [name for name in ("replicate", "isolate", "treatment") if name in usual]
    return (first or usual or ["attributes"])[:3]


def _recommend(kind: ObjectType, document: dict[str, Any]) -> Iterator[Finding]:
    """One hint for each recommended field, however many objects leave it empty."""
    empty: Counter[str] = Counter()
    count = 0
    for _, entry in entries(document, kind):
        count += 1
        package = kind.package(entry)
        wished = {s.name for s in kind.fields.values() if s.recommended} | set(package.recommended if package else ())
        empty.update(name for name in wished if is_empty(entry.get(name)))
    for name, missing in sorted(empty.items()):
        message = f"{missing} of {count} {kind.type} object(s) say nothing about {name.replace('_', ' ')}."
        yield finding(
            "metadata.recommended", f"/{kind.section}", message, expected=expected_of(kind.fields[name]), field=name
        )
