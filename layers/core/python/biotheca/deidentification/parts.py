"""A submission too large for one job, in parts of whole series: what is decided over all files, and how parts join.

Over all files are seen: patients of a series, files with one UID, copies. All else is of one file (identifiers of its
own header) or of the collection's key (UIDs, shifts, pseudonyms), so that parts need not know of each other. The names
of files stand in the plan: it lies where the files lie, and goes with them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from biotheca.deidentification.folder import as_copy, set_aside
from biotheca.deidentification.keys import CollectionKey
from biotheca.deidentification.model import Entry, Reason
from biotheca.deidentification.report import Totals, totals_of
from biotheca.deidentification.survey import Survey

PART_FILES = 20_000
PART_BYTES = 16 * 1024**3


@dataclass
class Plan:
    """What the survey of a submission decided, by the places of files below the folder that they are laid in.

    `order`: all files; `refused`: reason and size in bytes of what is set aside unopened; `copies`: file -> the first
    with the same bytes; `parts`: groups (series) of each; `archives`: why one could not be unpacked, by file id.
    """

    order: list[str]
    refused: dict[str, list[Any]]
    copies: dict[str, str]
    parts: list[list[list[str]]]
    archives: dict[str, str] = field(default_factory=dict)


def planned(found: Survey, sizes: Mapping[Path, int], archives: dict[str, str], part_files: int = PART_FILES) -> Plan:
    """The plan of a survey. Pure."""
    groups = [[path.as_posix() for path in group] for group in found.groups()]
    known = {path.as_posix(): size for path, size in sizes.items()}
    return Plan(
        order=[path.as_posix() for path in sorted(sizes)],
        refused={path.as_posix(): [str(reason), sizes[path]] for path, reason in found.refused.items()},
        copies={path.as_posix(): first.as_posix() for path, first in found.copies.items()},
        parts=parted(groups, known, part_files),
        archives=archives,
    )


def parted(
    groups: list[list[str]], sizes: Mapping[str, int], most_files: int = PART_FILES, most_bytes: int = PART_BYTES
) -> list[list[list[str]]]:
    """Groups as parts, in the order of their first files, so that a part has to do with few archives. A group stays
    whole: only one that is larger than a part makes a larger one. Pure."""
    parts: list[list[list[str]]] = []
    files = size = 0
    for group in sorted(groups):
        own = sum(sizes[name] for name in group)
        if not parts or files + len(group) > most_files or size + own > most_bytes:
            parts.append([])
            files = size = 0
        parts[-1].append(group)
        files, size = files + len(group), size + own
    return parts


def joined(plan: Plan, parts: Iterable[dict[str, Any]], key: CollectionKey) -> tuple[list[tuple[str, Entry]], Totals]:
    """(place and entry of each file in order, totals) of all parts' documents: `entries` and `texts`."""
    entries: dict[str, Entry] = {}
    texts: Counter[tuple[int, str]] = Counter()
    for part in parts:
        entries |= {name: entry_of(line) for name, line in part["entries"]}
        texts.update({(int(tag), text): number for tag, text, number in part["texts"]})
    for name, (reason, size) in plan.refused.items():
        entries[name] = set_aside(key.report_mark(name.encode()), size, Reason(reason))
    for name, first in plan.copies.items():
        if first in entries:
            entries[name] = as_copy(entries[first], key.report_mark(name.encode()))
    rows = [(name, entries[name]) for name in plan.order if name in entries]
    return rows, totals_of(len(plan.order), [entry for _, entry in rows], texts)


def entry_of(line: Mapping[str, Any]) -> Entry:
    """An entry from its line (Entry.line)."""
    known = {one.name for one in fields(Entry)}
    told: dict[str, Any] = {"outcome": "", "size_bytes": 0, "sha256": ""} | {
        k: v for k, v in line.items() if k in known
    }
    told |= {"reason": Reason(told["reason"])} if told.get("reason") else {}
    told |= {"checks": tuple(told.get("checks", ()))}
    return Entry(**told)
