"""What the rules of countries demand before data of people are shared, and whether the release gate is open. Pure.

The rules are data: catalog/human_resources.yaml. A fact that is not known keeps the gate closed; so does a number that
staff have not verified.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from biotheca import catalog
from biotheca.errors import Finding
from biotheca.submissions.rules.conditions import Facts, holds, unknown
from biotheca.submissions.rules.finding import finding, is_empty

WHERE = "/human_resources"
_TYPES: dict[str, type] = {"boolean": bool, "text": str, "list": list, "integer": int}


class Standing(StrEnum):
    """What staff say of a number."""

    DECLARED = "declared"
    VERIFIED = "verified"
    REFUSED = "refused"


@dataclass(frozen=True)
class Document:
    """A number that was given out by an authority. `kind` is a document of the catalog, `dated` is YYYY-MM-DD;
    so is `ends`, the last day on which it holds, or it is empty."""

    kind: str
    number: str
    dated: str
    standing: Standing = Standing.DECLARED
    ends: str = ""


@dataclass(frozen=True)
class Demand:
    """A document that a rule demands, and why, by language. Empty `document`: only other facts can open the gate."""

    pack: str
    rule: str
    document: str
    why: dict[str, str]


@dataclass(frozen=True)
class Gate:
    """Whether the data may be released, what is demanded, and what is missing (`findings`)."""

    open: bool
    demands: tuple[Demand, ...] = ()
    findings: tuple[Finding, ...] = field(default=())


def gate(facts: Facts, documents: Iterable[Document], today: date) -> Gate:
    """The release gate of a submission with these facts and documents. Warnings keep it closed, too."""
    found = [*_wrong_facts(facts)]
    known = {name: value for name, value in facts.items() if not any(f.where == f"{WHERE}/{name}" for f in found)}
    demands, more = _demanded(known)
    found += more
    held = list(documents)
    for demand in dict.fromkeys((d.pack, d.document) for d in demands):
        found += _document(demand[1], held, today) if demand[1] else []
    found += [
        finding("jurisdiction.not_allowed", WHERE, demand.why["en"], f"{demand.pack}.{demand.rule}")
        for demand in demands
        if not demand.document
    ]
    return Gate(not found, tuple(demands), tuple(found))


def individuals_sequenced(links: Iterable[tuple[str, str]]) -> int:
    """Persons whose exome or genome was sequenced, of (library strategy, individual) of every experiment.

    >>> individuals_sequenced([("WGS", "i1"), ("WXS", "i1"), ("RNA-Seq", "i2")])
    1
    """
    wanted = {strategy.casefold() for strategy in catalog.human_resources()["strategies"]}
    return len({individual for strategy, individual in links if strategy.casefold() in wanted})


def _wrong_facts(facts: Facts) -> Iterator[Finding]:
    for name, value in facts.items():
        spec = catalog.human_resources()["facts"].get(name)
        if spec is None or is_empty(value):
            continue
        wanted = _TYPES[spec["type"]]
        wrong_number = isinstance(value, bool) if wanted is int else False
        if not isinstance(value, wanted) or wrong_number or (isinstance(value, int) and value < 0):
            message = f"{name} is no {spec['type']}."
            yield finding("jurisdiction.fact_type", f"{WHERE}/{name}", message, value, spec["type"])


def _demanded(facts: Facts) -> tuple[list[Demand], list[Finding]]:
    demands, missing = [], dict.fromkeys("")
    for name, pack in catalog.human_resources()["packs"].items():
        within = holds(pack["scope"], facts)
        missing |= dict.fromkeys(unknown(pack["scope"], facts))
        for rule in pack["rules"] if within else ():
            missing |= dict.fromkeys(unknown(rule["when"], facts))
            if holds(rule["when"], facts):
                demands += [Demand(name, rule["id"], document, rule["why"]) for document in rule["demands"] or [""]]
    return demands, [_missing(name) for name in missing]


def _missing(name: str) -> Finding:
    spec = catalog.human_resources()["facts"][name]
    message = f"Not answered: {spec['title']['en']}."
    return finding("jurisdiction.fact_missing", f"{WHERE}/{name}", message, "", spec["type"])


def _document(kind: str, held: list[Document], today: date) -> list[Finding]:
    """What is wrong with the documents of a kind; nothing, if one of them is in order and verified."""
    spec: Mapping[str, Any] = catalog.human_resources()["documents"][kind]
    title, where = spec["title"]["en"], f"{WHERE}/documents/{kind}"
    alike = [one for one in held if one.kind == kind]
    if not alike:
        return [finding("jurisdiction.document_missing", where, f"Missing: {title}.", "", title)]
    told = []
    for one in alike:
        if not re.fullmatch(spec["form"], one.number.strip()) or not _is_past(one.dated, today):
            told.append(finding("jurisdiction.document_form", where, f"Number or date is wrong: {title}.", one.number))
        elif one.ends and _is_past(one.ends, today - timedelta(days=1)):
            told.append(
                finding("jurisdiction.document_expired", where, f"It held until {one.ends}: {title}.", one.number)
            )
        elif one.standing == Standing.VERIFIED:
            return []
        else:
            refused = one.standing == Standing.REFUSED
            rule = "jurisdiction.document_refused" if refused else "jurisdiction.document_not_verified"
            told.append(finding(rule, where, f"{'Refused' if refused else 'Not verified yet'}: {title}.", one.number))
    return told


def _is_past(text: str, today: date) -> bool:
    try:
        return date.fromisoformat(text) <= today and len(text) == 10
    except ValueError:
        return False
