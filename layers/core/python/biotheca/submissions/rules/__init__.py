"""What a metadata document must hold. All findings at once, each with rule, place, value, expected, mend.

Pure: the member's object types come from the catalog; what an accession refers to comes in as `known`.
`check_document` is the one verdict: form, API, workbooks, command line and curators all ask it.
`normalised` writes a document as it is stored (an alias of a term as the term). Values: values; objects: objects;
files: files; what refers to what: references; families: families; data use codes: data_use.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Any

from biotheca.catalog import Member
from biotheca.errors import Finding
from biotheca.submissions.model import OPEN, Known, Submission
from biotheca.submissions.rules import (
    agreement,
    anonymous,
    data_use,
    families,
    files,
    objects,
    plausibility,
    privacy,
    references,
)
from biotheca.submissions.rules import taxa as organisms
from biotheca.submissions.rules.accepted import check_accepted
from biotheca.submissions.rules.agreement import check_mode, document_of
from biotheca.submissions.rules.families import ped_of
from biotheca.submissions.rules.finding import finding, objects_of
from biotheca.submissions.rules.human_facts import documents_of, facts_of, said_of
from biotheca.submissions.rules.normal import normalised
from biotheca.submissions.rules.references import accessions_in
from biotheca.submissions.rules.taxa import taxa_in
from biotheca.submissions.rules.values import MISSING
from biotheca.taxonomy.model import Taxon, subset

__all__ = [
    "MISSING",
    "accessions_in",
    "check_accepted",
    "check_access",
    "check_committee",
    "check_document",
    "check_mode",
    "check_release",
    "document_of",
    "documents_of",
    "errors_in",
    "facts_of",
    "finding",
    "normalised",
    "objects_of",
    "ped_of",
    "said_of",
    "taxa_in",
    "tiers_of",
]

LONGEST_HOLD = timedelta(days=2 * 366)  # as ENA and DRA: at most two years ahead


def check_document(
    member: Member,
    document: dict[str, Any],
    known: Mapping[str, Known] | None = None,
    existing: Collection[str] = (),
    numbers: Mapping[tuple[str, str], str] | None = None,
    taxa: Mapping[int, Taxon] | None = None,
    today: date | None = None,
    mode: str | None = None,
) -> list[Finding]:
    """Every finding of a metadata document against its member's catalog: errors first, then warnings, then hints.

    `known`: accession -> what it names, of each that the writer may use (`accessions_in` says which to look up).
    `existing`: object types that need no section, because a dataset that is extended has them.
    `numbers`: accessions that objects of this document hold already, by (type, alias).
    `taxa`: the taxa that `taxa_in` names, as far as they are known; those of the package's subset, if none are given.
    `today`: the day on which dates lie in the future; without it none does.
    `mode`: the access mode that the document is for.
    """
    known = known or {}
    taxa = subset() if taxa is None else taxa
    document, hints = normalised(member, document)
    found = [
        *objects.check(member, document, known, existing),
        *references.check(member, document, known, numbers or {}, taxa),
    ]
    found += [*files.check(member, document, known), *organisms.check(member, document, taxa)]
    found += [*agreement.check(member, document), *families.check(member, document, known, existing)]
    found += data_use.check(member, document, mode)
    if mode:
        found += check_mode(member, document, mode, taxa)
    found += [*plausibility.check(member, document, taxa, today), *privacy.check(member, document)]
    found += anonymous.check(member, document)
    return sorted([*found, *hints], key=lambda f: ("error", "warning", "hint").index(f.severity))


def errors_in(findings: list[Finding]) -> list[Finding]:
    """Those that refuse the document."""
    return [f for f in findings if f.severity == "error"]


def check_access(member: Member, mode: str) -> list[Finding]:
    """Findings of an access mode: one that the member offers."""
    if mode in member.access_modes:
        return []
    offered = ", ".join(member.access_modes)
    return [finding("access.mode", "/access", f"{member.id} has no access mode {mode[:40]!r}.", mode, offered)]


def tiers_of(member: Member, attributes: Mapping[str, Any]) -> set[str]:
    """The access modes that a dataset states for files of a type of their own."""
    return {str(attributes[kind.tier]) for kind in member.types if kind.tier and attributes.get(kind.tier)}


def check_committee(member: Member, submission: Submission, tiers: Collection[str] = ()) -> list[Finding]:
    """Findings of who decides on requests: what is not open has a committee; additions have that of their dataset.

    `tiers`: modes that some of the files have besides.
    """
    mode = next((m for m in (member.access_mode(submission.access), *sorted(tiers)) if m != OPEN), OPEN)
    if mode == OPEN or submission.committee or submission.extends:
        return []
    message = f"Access is {mode}, and no committee is named that decides on requests."
    return [finding("access.committee_needed", "/committee", message, expected="the number of a committee of yours")]


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
