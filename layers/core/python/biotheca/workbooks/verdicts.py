"""The verdict on what somebody sent: read, checked, told by cell. The API, `biotheca check` and the pages say this.

Pure: the same bytes give the same verdict everywhere. What depends on other records is said by the archive alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from biotheca import catalog, clock
from biotheca.catalog import Member
from biotheca.errors import Finding, Invalid, listed
from biotheca.sra_xml.read import document_of as xml_document
from biotheca.submissions.model import Known
from biotheca.submissions.rules import accessions_in, check_document
from biotheca.workbooks.model import TSV, XLSX, Received, Unreadable
from biotheca.workbooks.rules import document_of, finding
from biotheca.workbooks.sheets import read_workbook
from biotheca.workbooks.tables import read_tables

JSON = "application/json"
XML = ("application/xml", "text/xml")
TAKEN = (JSON, XLSX, TSV, *XML)


def receive(member: Member, media_type: str, body: bytes) -> Received:
    """What a body of one of the TAKEN media types holds. Invalid (Unreadable) if it cannot be read at all."""
    if media_type == XLSX:
        return _of_member(member, document_of(member, read_workbook(body)))
    if media_type == TSV:
        return _of_member(member, document_of(member, read_tables(body)))
    if media_type in XML:
        return Received(xml_document(member, body))
    return Received(_json(body))


def _of_member(member: Member, received: Received) -> Received:
    named = received.general.get("member", "")
    if named and named not in (member.id, *member.title.values()):
        message = f"The workbook is for {named!r}; this submission belongs to {member.id}."
        received.findings.insert(0, finding("workbooks.other_member", "/", message, named, member.id))
    return received


def _json(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body or b"{}", parse_constant=_no_number)
    except (ValueError, RecursionError) as fault:
        reason = "it is nested too deep" if isinstance(fault, RecursionError) else str(fault)[:200]
        raise Unreadable("general.body", f"The body is not JSON: {reason}.") from fault
    if not isinstance(document, dict):
        raise Unreadable("general.body", "The body is not one JSON object.", expected="an object of sections")
    return document


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def judge(member: Member, received: Received) -> list[Finding]:
    """Every finding of what was received, as far as it can be said without the archive's records."""
    known = assumed(member, received.document)
    return told(received, check_document(member, received.document, known, today=clock.now().date()))


def assumed(member: Member, document: dict[str, Any]) -> dict[str, Known]:
    """Accessions that a document refers to, taken for what their form says; only the archive knows whether they are."""
    fields = {
        (spec.to, tuple(sorted((k, v[0]) for k, v in spec.where.items())))
        for kind in member.objects
        for spec in kind.fields.values()
        if spec.kind == "reference"
    }
    known: dict[str, Known] = {}
    named = accessions_in(member, document)
    for target, facts in sorted(fields, key=lambda f: len(f[1])) if named else ():
        form = next((form_of(kind.accession) for kind in member.objects if kind.type == target), None)
        for accession in named:
            if form and form.fullmatch(accession):
                known[accession] = Known(accession, str(target), dict(facts))
    return known


def form_of(accession: str) -> re.Pattern[str]:
    """The form of the numbers of one kind of the catalog (accessions.yaml)."""
    row = next(row for row in catalog.accession_forms()["own"] if row["kind"] == accession)
    letter = {"roll": "[A-Z]", "optional": "[A-Z]?"}.get(row.get("letter", ""), "")
    return re.compile(rf"{row['prefix']}{letter}\d{{{row.get('shortest', row['width'])},}}")


def told(received: Received, of_document: Iterable[Finding]) -> list[Finding]:
    """The findings of sheets and document together, each with its cell; nothing is said twice."""
    places = received.places
    if places is None:
        return [*received.findings, *of_document]
    known = {f.where for f in received.findings if f.facts.get("cell")}
    found = list(received.findings)
    for one in of_document:
        pieces = one.where.split("/")
        if one.where in known or (one.rule == "metadata.required" and (pieces[1], pieces[-1]) in received.unfilled):
            continue
        place = places.find(one.where)
        found.append(replace(one, facts={**one.facts, **place}) if place else one)
    order = {sheet.name: n for n, sheet in enumerate(received.sheets)}
    return sorted(found, key=lambda f: _cell_order(f, order))


def _cell_order(one: Finding, order: dict[str, int]) -> tuple[int, int, int, str]:
    facts = one.facts
    column = str(facts.get("column", ""))
    return order.get(facts.get("sheet", ""), len(order)), int(facts.get("row", 0)), len(column), column


def verdict_of(findings: list[Finding]) -> dict[str, Any]:
    """Findings as the API tells them: the first ones in full, all of them counted and grouped with their rows."""
    rows = [f.as_dict() for f in findings]
    shown = listed(rows)
    errors = sum(1 for f in findings if f.severity == "error")
    return {
        "verdict": "refused" if errors else "taken",
        "findings": shown,
        "findings_total": len(rows),
        "errors_total": errors,
        "groups": groups_of(findings),
    }


def verdict(member: Member, media_type: str, body: bytes) -> dict[str, Any]:
    """The verdict on a body, whatever it is."""
    try:
        received = receive(member, media_type, body)
    except Invalid as fault:
        return verdict_of(fault.findings)
    return verdict_of(judge(member, received))


def groups_of(findings: list[Finding]) -> list[dict[str, Any]]:
    """Findings of one rule in one column (or field) together: how many, the first in words, the rows of all."""
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    rows: dict[tuple[str, ...], list[int]] = {}
    for one in findings:
        section, number, name = _place(one.where)
        facts = one.facts
        key: tuple[str, ...] = (one.rule, str(facts.get("sheet", section)), str(facts.get("column", "")), name)
        if key not in found:
            place: dict[str, Any] = {k: facts[k] for k in ("sheet", "column") if k in facts} or {"section": section}
            group: dict[str, Any] = {"rule": one.rule, "severity": one.severity, "field": name, **place, "count": 0}
            found[key] = {k: v for k, v in group.items() if v != ""} | {"first": one.message, "mend": one.mend}
            rows[key] = []
        found[key]["count"] += 1
        row = facts.get("row", number)
        if row is not None:
            rows[key].append(int(row))
    for group, numbers in zip(found.values(), rows.values(), strict=True):
        if numbers:
            group["rows" if "sheet" in group else "items"] = ranges(numbers)
    return list(found.values())


def _place(where: str) -> tuple[str, int | None, str]:
    """Section, number of the object and field of a JSON pointer."""
    pieces = where.lstrip("/").split("/")
    number = next((int(p) for p in pieces[1:2] if p.isdigit()), None)
    rest = pieces[1:] if number is None else pieces[2:]
    return pieces[0], number, "/".join(rest)


def ranges(numbers: list[int]) -> str:
    """Numbers in the fewest words.

    >>> ranges([5, 3, 4, 9])
    '3-5, 9'
    """
    ordered = sorted(set(numbers))
    spans: list[list[int]] = []
    for number in ordered:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in spans)
