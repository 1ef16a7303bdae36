"""What can be said only of a run's files together: mates of different length, human reads. Pure; one file: rules.

The workflow asks after every file was checked, `biotheca check` after it read the folder: the findings are the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from biotheca.catalog import Member
from biotheca.errors import Finding
from biotheca.qc import screening
from biotheca.qc.rules import made
from biotheca.taxonomy.model import Taxon

RULES = frozenset({"qc.mates_differ", "qc.human_reads"})  # what is found here and nowhere else


@dataclass(frozen=True)
class CheckedFile:
    """What the check of one sound file said, in the order in which its run names the files."""

    name: str
    format: str
    reads: int | None
    screen: Mapping[str, int] | None


@dataclass(frozen=True)
class CheckedRun:
    """An object with files, all of them sound. `taxon` is its declared organism, None if it is not known here."""

    type: str
    alias: str
    files: tuple[CheckedFile, ...]
    taxon: Taxon | None = None


def check_run(member: Member, run: CheckedRun) -> list[Finding]:
    """Every finding of a run as a whole."""
    files = member.object_type(run.type).files or {}
    found = list(_mates(run)) if run.files and run.files[0].format in files.get("mates", ()) else []
    return [*found, *_human(run)] if files.get("screened") == "human_reads" else found


def check_mates(run: CheckedRun) -> list[Finding]:
    """What two files say together as mates, of whatever member."""
    return list(_mates(run))


def _mates(run: CheckedRun) -> Iterator[Finding]:
    if len(run.files) != 2:
        return
    one, two = run.files
    if one.reads != two.reads:
        facts = {"run": run.alias, "other": two.name, "reads": one.reads, "other_reads": two.reads}
        yield made("mates_differ", one.name, 0, facts | {"value": f"{one.reads} and {two.reads}"})


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
    seen = set()
    waiting = [(kind, alias)]
    while waiting:
        key = waiting.pop(0)
        fields = document.get(key)
        if fields is None or key in seen:
            continue
        seen.add(key)
        for spec in member.object_type(key[0]).fields.values():
            value = fields.get(spec.name)
            if spec.kind == "taxon" and str(value).isdigit():
                return int(str(value))
            if spec.kind == "reference" and spec.to and isinstance(value, str):
                waiting.append((spec.to, value))
    return None


def told(findings: Iterable[Mapping[str, Any]], runs: Iterable[Finding]) -> list[dict[str, Any]]:
    """The findings of a file with those of its run: an earlier judgement of the run is replaced."""
    return [dict(f) for f in findings if f["rule"] not in RULES] + [f.as_dict() for f in runs]
