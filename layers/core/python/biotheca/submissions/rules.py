"""What a metadata document must hold. All findings at once, each with rule, place, value, expected, mend.

Pure: the member's object types come from the catalog, nothing is looked up elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from biotheca import catalog
from biotheca.catalog import Field, Member, ObjectType
from biotheca.errors import Finding
from biotheca.submissions.model import ArchiveObject

_ALIAS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_MD5 = re.compile(r"[0-9a-f]{32}")
_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")
LONGEST_HOLD = timedelta(days=2 * 366)  # as ENA and DRA: at most two years ahead

# INSDC reporting terms for a value that is not there.
MISSING = frozenset(
    {
        "not applicable",
        "not collected",
        "not provided",
        "restricted access",
        "missing: control sample",
        "missing: sample group",
        "missing: synthetic construct",
        "missing: lab stock",
        "missing: third party data",
        "missing: data agreement established pre-2023",
        "missing: endangered species",
        "missing: human-identifiable",
    }
)


def finding(rule: str, where: str, message: str, value: Any = "", expected: str = "") -> Finding:
    """A finding with severity and mend from the rule catalogue; long values are cut at 200 characters."""
    shown = "" if value in (None, "") else str(value)[:200]
    severity = catalog.rules()[rule]["severity"]
    return Finding(rule, where, message, shown, expected, catalog.mend(rule), severity)


def objects_of(document: dict[str, Any], kind: ObjectType) -> list[dict[str, Any]]:
    """The entries of one object type in a document, as a list whether many or one."""
    section = document.get(kind.section)
    if section is None:
        return []
    return section if isinstance(section, list) else [section]


def check_document(member: Member, document: dict[str, Any]) -> list[Finding]:
    """Every finding of a metadata document against its member's catalog."""
    findings = []
    sections = {kind.section for kind in member.objects}
    for section in sorted(set(document) - sections):
        expected = ", ".join(sorted(sections))
        findings.append(finding("metadata.unknown_field", f"/{section}", "No such section.", section, expected))
    aliases = {
        kind.type: {str(o.get("alias")) for o in objects_of(document, kind) if isinstance(o, dict)}
        for kind in member.objects
    }
    for kind in member.objects:
        findings += _check_section(member, kind, document, aliases)
    return findings + list(_check_file_counts(member, document))


def _check_file_counts(member: Member, document: dict[str, Any]) -> Iterator[Finding]:
    """As many files as a field of the referred object demands, e.g. PAIRED two."""
    for kind in member.objects:
        demand = (kind.files or {}).get("count_by")
        if not demand:
            continue
        target = member.object_type(demand["object"])
        wanted = {
            o.get("alias"): demand["counts"].get(o.get(demand["field"]))
            for o in objects_of(document, target)
            if isinstance(o, dict)
        }
        for number, entry in enumerate(objects_of(document, kind)):
            files = entry.get("files") if isinstance(entry, dict) else None
            count = wanted.get(entry.get(demand["object"])) if isinstance(files, list) else None
            if count is not None and len(files or []) != count:
                where = f"/{kind.section}/{number}/files"
                name = f"{kind.type} {entry.get('alias')!r}"
                message = f"{name} has {len(files or [])} file(s); its {target.type} needs {count}."
                yield finding("files.count", where, message, len(files or []), f"{count} file(s)")


def _check_section(
    member: Member, kind: ObjectType, document: dict[str, Any], aliases: dict[str, set[str]]
) -> Iterator[Finding]:
    entries = objects_of(document, kind)
    if not entries:
        message = f"The submission has no {kind.type}."
        yield finding("metadata.incomplete", f"/{kind.section}", message, expected=f"at least one {kind.type}")
    if isinstance(document.get(kind.section), list) and not kind.many and len(entries) > 1:
        message = f"A submission has one {kind.type}, not {len(entries)}."
        yield finding("metadata.incomplete", f"/{kind.section}", message, len(entries), "one")
    seen: set[str] = set()
    file_names: set[str] = set()
    for number, entry in enumerate(entries):
        where = f"/{kind.section}/{number}" if kind.many else f"/{kind.section}"
        if not isinstance(entry, dict):
            yield finding("general.body", where, "An object was expected.", entry, "a JSON object")
            continue
        yield from _check_alias(entry.get("alias"), where, seen)
        yield from _check_fields(member, kind, entry, where, aliases)
        if kind.files:
            yield from _check_files(kind, entry, where, file_names)


def _check_alias(alias: Any, where: str, seen: set[str]) -> Iterator[Finding]:
    if not isinstance(alias, str) or not _ALIAS.fullmatch(alias):
        expected = "1 to 100 letters, digits, dot, dash or underscore, starting with a letter or digit"
        yield finding("metadata.alias", f"{where}/alias", "The alias is missing or badly formed.", alias, expected)
    elif alias in seen:
        yield finding("metadata.alias", f"{where}/alias", f"The alias {alias!r} is used twice.", alias, "a new alias")
    else:
        seen.add(alias)


def _check_fields(
    member: Member, kind: ObjectType, entry: dict[str, Any], where: str, aliases: dict[str, set[str]]
) -> Iterator[Finding]:
    known = {"alias", "attributes"} | set(kind.fields) | ({"files"} if kind.files else set())
    for name in sorted(set(entry) - known):
        expected = ", ".join(sorted(known))
        message = f"A {kind.type} has no field {name!r}."
        yield finding("metadata.unknown_field", f"{where}/{name}", message, name, expected)
    custom = entry.get("attributes", {})
    if not isinstance(custom, dict) or not all(isinstance(v, str | int | float) for v in custom.values()):
        yield finding("general.body", f"{where}/attributes", "Names and plain values were expected.", custom)
    for spec in kind.fields.values():
        value = entry.get(spec.name)
        place = f"{where}/{spec.name}"
        if value in (None, ""):
            if spec.required:
                message = f"The {kind.type}'s {spec.name.replace('_', ' ')} is missing."
                yield finding("metadata.required", place, message, expected=_expected(spec))
            continue
        yield from _check_value(member, spec, value, place, aliases)


def _expected(spec: Field) -> str:
    if spec.vocabulary:
        terms = catalog.vocabulary(spec.vocabulary)
        return "one of " + ", ".join(terms[:12]) + (f" ... ({len(terms)} terms)" if len(terms) > 12 else "")
    if spec.kind == "reference":
        return f"the alias of a {spec.to}"
    return {"taxon": "an NCBI taxonomy id", "date_or_missing": "YYYY[-MM[-DD]] or a missing-value term"}.get(
        spec.kind, spec.kind
    )


def _check_value(
    member: Member, spec: Field, value: Any, where: str, aliases: dict[str, set[str]]
) -> Iterator[Finding]:
    if spec.kind == "choice":
        if value not in catalog.vocabulary(spec.vocabulary or ""):
            yield finding(
                "metadata.choice", where, f"{value!r} is not a term of {spec.vocabulary}.", value, _expected(spec)
            )
    elif spec.kind in ("integer", "taxon"):
        yield from _check_number(member, spec, value, where)
    elif spec.kind == "date_or_missing":
        if not isinstance(value, str) or not (_DATE.fullmatch(value) or value in MISSING):
            yield finding("metadata.date", where, f"{value!r} is not a date.", value, _expected(spec))
    elif spec.kind == "reference":
        if value not in aliases.get(spec.to or "", set()):
            message = f"There is no {spec.to} with the alias {value!r} in this submission."
            yield finding("metadata.reference", where, message, value, _expected(spec))
    elif not isinstance(value, str):
        yield finding("general.body", where, "A text was expected.", value, "text")
    elif (spec.min and len(value.strip()) < spec.min) or (spec.max and len(value) > spec.max):
        expected = f"{spec.min or 1} to {spec.max or 'any number of'} characters"
        yield finding("metadata.length", where, f"The text has {len(value)} characters.", value, expected)


def _check_number(member: Member, spec: Field, value: Any, where: str) -> Iterator[Finding]:
    low, high = (1, 2**31) if spec.kind == "taxon" else (spec.min, spec.max)
    expected = f"a whole number from {low} to {high}"
    if isinstance(value, bool) or not isinstance(value, int):
        yield finding("metadata.number", where, f"{value!r} is not a whole number.", value, expected)
    elif (low is not None and value < low) or (high is not None and value > high):
        yield finding("metadata.number", where, f"{value} is out of range.", value, expected)
    elif spec.kind == "taxon" and value in member.refuses_taxa:
        target = member.refuses_taxa[value]
        message = f"Taxon {value} belongs in {target}, not in {member.id}."
        yield finding("metadata.taxon_elsewhere", where, message, value, f"submit it to {target}")


def _check_files(kind: ObjectType, entry: dict[str, Any], where: str, seen: set[str]) -> Iterator[Finding]:
    policy = kind.files or {}
    files = entry.get("files")
    if not isinstance(files, list) or not policy["at_least"] <= len(files) <= policy["at_most"]:
        count = len(files) if isinstance(files, list) else 0
        expected = f"{policy['at_least']} to {policy['at_most']} files"
        yield finding("files.count", f"{where}/files", f"The {kind.type} has {count} files.", count, expected)
        return
    for number, file in enumerate(files):
        place = f"{where}/files/{number}"
        if not isinstance(file, dict):
            yield finding("general.body", place, "A file's name and MD5 were expected.", file)
            continue
        for name in sorted(set(file) - {"name", "md5", "size_bytes"}):
            yield finding("metadata.unknown_field", f"{place}/{name}", f"A file has no field {name!r}.", name)
        yield from _check_file(file, place, seen)


def _check_file(file: dict[str, Any], where: str, seen: set[str]) -> Iterator[Finding]:
    name, md5, size = file.get("name"), file.get("md5"), file.get("size_bytes")
    if not isinstance(name, str) or not _FILE_NAME.fullmatch(name):
        yield finding("files.name", f"{where}/name", f"The file name {name!r} cannot be taken.", name)
    elif name in seen:
        yield finding("files.duplicate", f"{where}/name", f"{name!r} is declared twice.", name)
    else:
        seen.add(name)
    if not isinstance(md5, str) or not _MD5.fullmatch(md5.lower()):
        expected = "32 hexadecimal digits"
        yield finding("files.md5", f"{where}/md5", f"The declared MD5 of {name!r} is malformed.", md5, expected)
    if size is not None and (isinstance(size, bool) or not isinstance(size, int) or not 0 < size <= 50 * 10**12):
        yield finding("metadata.number", f"{where}/size_bytes", "The size is no number of bytes.", size, "1 to 50 TB")


def check_accepted(before: list[ArchiveObject], after: list[ArchiveObject]) -> list[Finding]:
    """Findings of a new document against objects of the old one that were accepted: they stay as they are."""
    now = {(o.type, o.alias): o for o in after}
    found = []
    for old in before:
        new = now.get((old.type, old.alias))
        same = new is not None and (new.attributes, new.file_ids) == (old.attributes, old.file_ids)
        if old.batch and not same:
            message = f"The {old.type} {old.alias!r} was accepted as {old.accession}; a document no longer changes it."
            found.append(finding("curation.accepted_object", f"/{old.type}/{old.alias}", message, old.accession))
    return found


def check_release(mode: str, day: str | None, today: date) -> list[Finding]:
    """Findings of a release choice: at once, or on a date from today to two years ahead."""
    if mode == "immediately":
        return []
    latest = today + LONGEST_HOLD
    expected = f"a date from {today} to {latest}"
    try:
        chosen = date.fromisoformat(day or "")
    except ValueError:
        return [finding("release.date", "/release/date", "The release date is missing or no date.", day, expected)]
    if not today <= chosen <= latest:
        return [finding("release.date", "/release/date", f"{chosen} is out of range.", day, expected)]
    return []
