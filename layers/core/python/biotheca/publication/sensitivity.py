"""The class of an archived file: noted when it is archived, asked at every door from then on. Rules: submissions.

A file keeps the facts and not only the class, because the access mode may change: the class that holds is that of the
facts with the mode of today. What was archived before there were classes has the class of its mode.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from biotheca import catalog
from biotheca.accounts.model import Person
from biotheca.catalog import Member, ObjectType
from biotheca.curation.rules import fingerprint, must_be_decided
from biotheca.publication.model import Record, Visibility
from biotheca.qc.screening import estimate
from biotheca.submissions import rules
from biotheca.submissions.model import CONTROLLED, OPEN, ArchiveObject, DataFile, Submission
from biotheca.submissions.rules.sensitivity import Sensitivity, class_of
from biotheca.taxonomy.service import Taxonomy

EVERYBODY, SIGNED_IN, GRANT, OWNER = "everybody", "signed_in", "grant", "owner"
_UNKNOWN = {"human": False, "human_read_share": 0.0, "private_findings": 0}  # of what was archived without facts


def facts_of_file(
    member: Member, dataset: ArchiveObject | None, submission: Submission, file: DataFile, gate_open: bool
) -> dict[str, Any]:
    """What is known of a file when it is archived, but the access mode. `dataset`: the object that speaks for all.

    What a curator let pass counts no more: neither a finding of private content nor human reads.
    """
    document = rules.document_of(member, [dataset] if dataset else [])
    taxa = Taxonomy().get_many(rules.taxa_in(member, document))
    known = rules.said_of(member, member.sensitivity, document, taxa)
    undecided = [f for f in file.findings if must_be_decided(f) and fingerprint(f) not in submission.approved]
    private = [f for f in undecided if str(f.get("rule", "")).startswith("privacy.")]
    human_reads = estimate([file.screen]) if file.screen and len(undecided) > len(private) else None
    share = human_reads.share if human_reads and human_reads.flagged else 0.0
    return known | {"human_read_share": share, "private_findings": len(private), "release_gate_open": gate_open}


def tier_of(kind: ObjectType, dataset: ArchiveObject | None) -> dict[str, str]:
    """The fact of a type's own tier: what its dataset says; what it does not say is controlled."""
    return {"tier": str((dataset and dataset.attributes.get(kind.tier)) or CONTROLLED)} if kind.tier else {}


def of_file(file: Mapping[str, Any], mode: str, released: bool) -> Sensitivity:
    """The class of an archived file in a dataset of an access mode. What was released has passed its gate.

    A tier of its own can only be stricter than the mode: the class of an open one is that of the mode.
    """
    facts: Mapping[str, Any] = file.get("facts") or _UNKNOWN
    gate = {"release_gate_open": True} if released else {}
    tier = facts.get("tier", OPEN)
    return class_of({**facts, "access": mode if tier == OPEN else tier, **gate})


def noted(found: Sensitivity, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What an archived file keeps of its class.

    What its owner calls a file may tell of a person: of what is not for everybody only insiders see it.
    """
    kept = {"class": found.name, "because": list(found.because), "facts": dict(facts)}
    return kept | {"private_name": found.access != EVERYBODY}


def of_mode(mode: str) -> Sensitivity:
    """The class of a file of which nothing is known that raises it above its access mode."""
    return class_of({**_UNKNOWN, "access": mode})


def is_sealed(member: Member, mode: str, found: Sensitivity) -> bool:
    """Whether a file is kept encrypted: its class asks for it and the member's row says so of the mode."""
    return found.encrypted and mode in member.sealed


def reaches(found: Sensitivity, person: Person | None, has_grant: bool) -> bool:
    """Whether a class lets a reader have the file who is none of its people nor staff."""
    signed_in = person is not None
    return {EVERYBODY: True, SIGNED_IN: signed_in, GRANT: has_grant, OWNER: False}[found.access]


def open_to_all(record: Record, dataset: Record | None) -> list[dict[str, Any]]:
    """The files of a record that everybody may have, for what leaves the archive without asking who reads it."""
    mode = catalog.members()[record.member].access_mode(dataset.access if dataset else "")
    released = dataset is None or dataset.visibility != Visibility.PRIVATE
    return [file for file in record.files if of_file(file, mode, released).access == EVERYBODY]
