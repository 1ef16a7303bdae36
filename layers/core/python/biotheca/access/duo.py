"""Data use codes (GA4GH DUO) against the purpose of a request: met, not met, or for a person to judge. Pure.

A machine's verdict never decides a request; it tells the committee what the form's answers say about each code.
Codes, titles and sentences: catalog/duo.yaml. What each rule does stands in docs/duo.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any

from biotheca import catalog
from biotheca.submissions.rules.data_use import Code, permits, sound

# A term -> all terms above it, without itself; None if the term is unknown.
Ancestors = Callable[[str], frozenset[str] | None]


class Aim(StrEnum):
    """What a request is for. All but clinical care are research."""

    HEALTH = "health"
    DISEASE = "disease"
    ANCESTRY = "ancestry"
    METHODS = "methods"
    CLINICAL_CARE = "clinical_care"
    OTHER = "other"


class Verdict(StrEnum):
    """What the answers say about a code."""

    MET = "met"
    NOT_MET = "not_met"
    TO_JUDGE = "to_judge"


@dataclass(frozen=True)
class Purpose:
    """The answers of a request's form; None: not answered. `person`, `institution`: identifiers; dates are days."""

    aims: frozenset[Aim] | None = None
    diseases: tuple[str, ...] | None = None
    genetic: bool | None = None
    commercial: bool | None = None
    for_profit: bool | None = None
    country: str | None = None
    institution: str | None = None
    person: str | None = None
    project: str | None = None
    ethics_approved: bool | None = None
    collaborates: bool | None = None
    will_publish: bool | None = None
    publishes_on: date | None = None
    months: int | None = None
    will_return: bool | None = None


@dataclass(frozen=True)
class Opinion:
    """What the rules say about one code, with a sentence in each language."""

    code: str
    shorthand: str
    verdict: Verdict
    why: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Matched:
    """Every code's opinion and the verdict over all."""

    verdict: Verdict
    opinions: tuple[Opinion, ...]


_Said = tuple[Verdict, str]  # and the key of the sentence, "" for the code's own
_MET, _NOT_MET = (Verdict.MET, ""), (Verdict.NOT_MET, "")
_UNANSWERED, _UNPARAMETRISED = (Verdict.TO_JUDGE, "unanswered"), (Verdict.TO_JUDGE, "unparametrised")
_HEALTH = frozenset({Aim.HEALTH, Aim.DISEASE})


def match(codes: Sequence[Code], purpose: Purpose, ancestors: Ancestors) -> Matched:
    """All codes of a dataset against a request's purpose.

    Every code must be met. A dataset without a permission (or without any code) is for a person to judge. Clinical
    care (CC) is the one code that widens: with it clinical care counts as allowed by the permissions.
    """
    care = any(_short(code) == "CC" for code in codes)
    opinions = tuple(_opinion(code, purpose, ancestors, care) for code in codes)
    said = {opinion.verdict for opinion in opinions}
    permitted = permits(codes)
    if Verdict.NOT_MET in said:
        return Matched(Verdict.NOT_MET, opinions)
    return Matched(Verdict.MET if permitted and said == {Verdict.MET} else Verdict.TO_JUDGE, opinions)


def _opinion(code: Code, purpose: Purpose, ancestors: Ancestors, care: bool) -> Opinion:
    row = catalog.duo()["codes"].get(code.id)
    if row is None:
        return Opinion(code.id, "", Verdict.TO_JUDGE, catalog.duo()["reasons"]["judged"])
    verdict, reason = _said(row, code, purpose, ancestors, care)
    sentences = catalog.duo()["reasons"][reason] if reason else row[verdict.value]
    facts = {"allowed": ", ".join(code.values), "parameter": row.get("parameter", ""), "asked": _asked(row, purpose)}
    why = {
        language: sentence.format_map(facts | {"missing": _missing(row, purpose, language)})
        for language, sentence in sentences.items()
    }
    return Opinion(code.id, row["shorthand"], verdict, why)


def _said(row: dict[str, Any], code: Code, purpose: Purpose, ancestors: Ancestors, care: bool) -> _Said:
    parameter = row.get("parameter")
    if parameter and not sound(parameter, code.values):
        return _UNPARAMETRISED
    if care and purpose.aims and row["kind"] == "permission":
        if purpose.aims == {Aim.CLINICAL_CARE}:
            return Verdict.MET, "care"
        purpose = replace(purpose, aims=purpose.aims - {Aim.CLINICAL_CARE})
    return _RULES[row["shorthand"]](code, purpose, ancestors)


def _short(code: Code) -> str:
    return str(catalog.duo()["codes"].get(code.id, {}).get("shorthand", ""))


def _asked(row: dict[str, Any], purpose: Purpose) -> str:
    """What the request says of what the code asks; never who asks."""
    said: list[str] = []
    for name in row["asks"]:
        value = purpose.publishes_on if row["shorthand"] == "MOR" else getattr(purpose, name)
        if name == "person" or value is None:
            continue
        said += sorted(map(str, value)) if isinstance(value, frozenset | tuple) else [str(value)]
    return ", ".join(said)


def _missing(row: dict[str, Any], purpose: Purpose, language: str) -> str:
    words = catalog.duo()["answers"]
    return ", ".join(words[name][language] for name in row["asks"] if getattr(purpose, name) in (None, (), frozenset()))


# One function a kind of rule: (code, purpose, ancestors) -> verdict.


def _always(*_: Any) -> _Said:
    return _MET


def _never(*_: Any) -> _Said:
    return Verdict.TO_JUDGE, "judged"


def _wants(answer: str, right: bool) -> Callable[..., _Said]:
    """A yes or no of the form must be `right`."""

    def rule(code: Code, purpose: Purpose, ancestors: Ancestors) -> _Said:
        value = getattr(purpose, answer)
        return _UNANSWERED if value is None else _MET if value is right else _NOT_MET

    return rule


def _one_of(answer: str) -> Callable[..., _Said]:
    """An answer must be among the code's values; letter case does not matter."""

    def rule(code: Code, purpose: Purpose, ancestors: Ancestors) -> _Said:
        value = getattr(purpose, answer)
        if not value:
            return _UNANSWERED
        return _MET if value.casefold() in {allowed.casefold() for allowed in code.values} else _NOT_MET

    return rule


def _only(allowed: frozenset[Aim], judged: frozenset[Aim] = frozenset()) -> Callable[..., _Said]:
    """Every aim is allowed; `judged` ones are neither allowed nor refused."""

    def rule(code: Code, purpose: Purpose, ancestors: Ancestors) -> _Said:
        if not purpose.aims:
            return _UNANSWERED
        if purpose.aims - allowed - judged:
            return _NOT_MET
        return _MET if purpose.aims <= allowed else (Verdict.TO_JUDGE, "methods")

    return rule


def _research(code: Code, purpose: Purpose, ancestors: Ancestors) -> _Said:
    return _only(frozenset(Aim) - {Aim.CLINICAL_CARE})(code, purpose, ancestors)


def _without(refused: Aim) -> Callable[..., _Said]:
    return _only(frozenset(Aim) - {refused})


def _disease(code: Code, purpose: Purpose, ancestors: Ancestors) -> _Said:
    """Aims as disease research, and each disease one of the code's or below one."""
    verdict = _only(frozenset({Aim.DISEASE}), frozenset({Aim.METHODS}))(code, purpose, ancestors)
    if verdict == _NOT_MET:
        return verdict
    allowed, unknown = set(code.values), False
    for disease in purpose.diseases or ():
        above = ancestors(disease)
        if disease in allowed or (above or frozenset()) & allowed:
            continue
        if above is not None:
            return _NOT_MET
        unknown = True
    if not purpose.diseases:
        return _UNANSWERED
    return (Verdict.TO_JUDGE, "unknown_term") if unknown else verdict


def _non_profit_non_commercial(code: Code, purpose: Purpose, ancestors: Ancestors) -> _Said:
    answers = (purpose.for_profit, purpose.commercial)
    if True in answers:
        return _NOT_MET
    return _UNANSWERED if None in answers else _MET


def _moratorium(code: Code, purpose: Purpose, ancestors: Ancestors) -> _Said:
    """No publication before the code's day. Who will not publish keeps it."""
    if purpose.publishes_on is not None:
        return _MET if purpose.publishes_on >= max(map(date.fromisoformat, code.values)) else _NOT_MET
    return _MET if purpose.will_publish is False else _UNANSWERED


def _within_months(code: Code, purpose: Purpose, ancestors: Ancestors) -> _Said:
    if purpose.months is None:
        return _UNANSWERED
    return _MET if purpose.months <= min(map(int, code.values)) else _NOT_MET


_RULES: dict[str, Callable[[Code, Purpose, Ancestors], _Said]] = {
    "NRES": _always,
    "GRU": _research,
    "HMB": _only(_HEALTH, frozenset({Aim.METHODS})),
    "DS": _disease,
    "POA": _only(frozenset({Aim.ANCESTRY})),
    "RS": _never,
    "NMDS": _without(Aim.METHODS),
    "GSO": _wants("genetic", True),
    "NPUNCU": _non_profit_non_commercial,
    "PUB": _wants("will_publish", True),
    "COL": _wants("collaborates", True),
    "IRB": _wants("ethics_approved", True),
    "GS": _one_of("country"),
    "MOR": _moratorium,
    "TS": _within_months,
    "US": _one_of("person"),
    "PS": _one_of("project"),
    "IS": _one_of("institution"),
    "RTN": _wants("will_return", True),
    "CC": _always,
    "NPOA": _without(Aim.ANCESTRY),
    "NPU": _wants("for_profit", False),
    "NCU": _wants("commercial", False),
}
