"""What can be said only of a run's files together: mates (see mates), human reads. Pure; one file: rules.

The workflow asks after every file was checked, `biotheca check` after it read the folder: the findings are the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from biotheca.catalog import Member
from biotheca.errors import Finding
from biotheca.qc import mates, screening
from biotheca.qc.mates import NOTHING_DECLARED, CheckedFile, Declared, Locate
from biotheca.qc.rules import made
from biotheca.taxonomy.model import Taxon

__all__ = ["RULES", "CheckedFile", "CheckedRun", "check_mates", "check_run", "declared", "organism", "told"]

RULES = mates.RULES | {"qc.human_reads"}  # what is found here and nowhere else


@dataclass(frozen=True)
class CheckedRun:
    """An object with files, all of them sound. `taxon` is its declared organism, None if it is not known here.

    `locate` finds the first read of a block that the mates name differently, where both files can be read.
    """

    type: str
    alias: str
    files: tuple[CheckedFile, ...]
    taxon: Taxon | None = None
    declared: Declared = NOTHING_DECLARED
    locate: Locate | None = None


def check_run(member: Member, run: CheckedRun) -> list[Finding]:
    """Every finding of a run as a whole."""
    files = member.object_type(run.type).files or {}
    are_reads = bool(run.files) and run.files[0].format in files.get("mates", ())
    found = [*check_mates(run), *mates.of_names(run.alias, run.files, run.declared)] if are_reads else []
    return [*found, *_human(run)] if files.get("screened") == "human_reads" else found


def check_mates(run: CheckedRun) -> list[Finding]:
    """What two files say together as mates, of whatever member."""
    return list(mates.of_pair(run.alias, *run.files, run.locate)) if len(run.files) == 2 else []


def _human(run: CheckedRun) -> Iterator[Finding]:
    if run.taxon and any(run.taxon.within(taxon) for taxon in screening.policy()["not_within"]):
        return
    told = screening.estimate(file.screen for file in run.files if file.screen)
    if told and told.flagged:
        percent = {key: f"{100 * getattr(told, key):.2g}" for key in ("share", "low", "high")}
        facts = {"run": run.alias, "marker_reads": told.marker_reads, "screened": told.reads, **percent}
        yield made("human_reads", run.files[0].name, 0, facts | {"value": f"{percent['share']} %"})


def organism(
    member: Member, document: Mapping[tuple[str, str], Mapping[str, Any]], kind: str, alias: str
) -> int | None:
    """The taxonomy id that an object leads to by its references; None if it leads out of the document.

    `document`: (type, alias) -> fields of the object.
    """
    for (kind_, _), fields in _led_to(member, document, kind, alias):
        for spec in member.object_type(kind_).fields.values():
            value = fields.get(spec.name)
            if spec.kind == "taxon" and str(value).isdigit():
                return int(str(value))
    return None


def declared(member: Member, document: Mapping[tuple[str, str], Mapping[str, Any]], kind: str, alias: str) -> Declared:
    """What the metadata say of the reads of an object with files: the policy `declared` names where."""
    policy = (member.object_type(kind).files or {}).get("declared") or {}
    for (kind_, _), fields in _led_to(member, document, kind, alias):
        if kind_ == policy.get("object"):
            lengths = (str(fields.get(name)) for name in policy.get("read_lengths", ()))
            return Declared(
                platform=_text(fields.get(policy["platform"])),
                layout=_text(fields.get(policy["layout"])),
                read_lengths=tuple(int(n) if n.isdigit() else None for n in lengths),
            )
    return NOTHING_DECLARED


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _led_to(
    member: Member, document: Mapping[tuple[str, str], Mapping[str, Any]], kind: str, alias: str
) -> Iterator[tuple[tuple[str, str], Mapping[str, Any]]]:
    """The object and those that it leads to by references, the nearest first, each once."""
    seen = set()
    waiting = [(kind, alias)]
    while waiting:
        key = waiting.pop(0)
        fields = document.get(key)
        if fields is None or key in seen:
            continue
        seen.add(key)
        yield key, fields
        for spec in member.object_type(key[0]).fields.values():
            value = fields.get(spec.name)
            if spec.kind == "reference" and spec.to and isinstance(value, str):
                waiting.append((spec.to, value))


def told(findings: Iterable[Mapping[str, Any]], runs: Iterable[Finding]) -> list[dict[str, Any]]:
    """The findings of a file with those of its run: an earlier judgement of the run is replaced."""
    return [dict(f) for f in findings if f["rule"] not in RULES] + [f.as_dict() for f in runs]
