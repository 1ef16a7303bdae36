"""The report of a de-identification: what became of each file, the texts that are left, the counts."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from biotheca.deidentification.model import Entry


@dataclass
class Totals:
    """What became of a folder. `missing` is a fault of ours: an input with neither output nor entry.

    `pixels`: objects whose frames were all read (`every_frame`) or sampled and screened (`sampled`), those that nobody
    looked at (`unlooked`), frames read, and released objects out of which a face might be made (`face_risk`); `faces`:
    the series of these, by their new UIDs.
    """

    inputs: int = 0
    released: int = 0
    copies: int = 0
    quarantined: Counter[str] = field(default_factory=Counter)
    missing: int = 0
    texts: Counter[tuple[int, str]] = field(default_factory=Counter)
    pixels: Counter[str] = field(default_factory=Counter)
    faces: set[str] = field(default_factory=set)

    @property
    def complete(self) -> bool:
        """Whether every input passed or is in quarantine."""
        return self.missing == 0 and self.inputs == self.released + self.copies + self.quarantined.total()


def totals_of(inputs: int, entries: Iterable[Entry], texts: Counter[tuple[int, str]]) -> Totals:
    """The counts of all entries. Pure."""
    totals = Totals(inputs, texts=texts)
    known = 0
    for entry in entries:
        known += 1
        totals.released += entry.outcome == "released"
        totals.copies += entry.outcome == "copy"
        if entry.reason:
            totals.quarantined[entry.reason] += 1
        _count(entry, totals.pixels)
        if entry.face_risk and entry.outcome == "released":
            totals.faces.add(Path(entry.place).parent.name)
    totals.missing = inputs - known
    return totals


def _count(entry: Entry, pixels: Counter[str]) -> None:
    if not entry.pixels or entry.outcome == "copy":
        return
    read = entry.pixels["read"]
    assert isinstance(read, int)
    pixels[str(entry.pixels["tier"]) if read or entry.pixels["screened"] else "unlooked"] += 1
    pixels["frames_read"] += read
    pixels["face_risk"] += entry.face_risk and entry.outcome == "released"


def written(report: Path, head: dict[str, object], rows: list[tuple[str, Entry]], totals: Totals) -> None:
    """report.jsonl (a chain), texts.tsv (for a curator), summary.json; inputs.private.jsonl for the owner alone."""
    chain = hashlib.sha256()
    with (report / "report.jsonl").open("w", encoding="utf-8") as file:
        for number, line in zip(count(), [head, *(entry.line() for _, entry in rows)], strict=False):
            text = json.dumps({"n": number, **line, "previous": chain.hexdigest()}, sort_keys=True)
            chain = hashlib.sha256(text.encode())
            file.write(text + "\n")
    private = report / "inputs.private.jsonl"
    private.unlink(missing_ok=True)
    with os.fdopen(os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        for place, entry in rows:
            row = {"mark": entry.mark, "input": place, "outcome": entry.outcome}
            file.write(json.dumps(row | ({"reason": entry.reason} if entry.reason else {})) + "\n")
    texts_now = sorted((tag, text, number) for (tag, text), number in totals.texts.items())
    texts = "".join(f"{tag:08X}\t{number}\t{_flat(text)}\n" for tag, text, number in texts_now)
    (report / "texts.tsv").write_text("tag\tfiles\ttext\n" + texts, "utf-8")
    summary = {
        "inputs": totals.inputs,
        "released": totals.released,
        "copies": totals.copies,
        "quarantined": dict(sorted(totals.quarantined.items())),
        "missing": totals.missing,
        "pixels": {name: number for name, number in sorted(totals.pixels.items()) if number},
        "report_sha256": chain.hexdigest(),
    }
    (report / "summary.json").write_text(json.dumps(summary, indent=1) + "\n", "utf-8")


def _flat(text: str) -> str:
    return " ".join(text.split())


def broken_line(report: Path) -> int | None:
    """Number of the first line of a report.jsonl that is not as it was written, or None; the first line is 1."""
    previous = hashlib.sha256().hexdigest()
    for number, text in enumerate((report / "report.jsonl").read_text("utf-8").splitlines(), 1):
        row: dict[str, Any] = json.loads(text)
        if row.get("previous") != previous:
            return number
        previous = hashlib.sha256(text.encode()).hexdigest()
    said = json.loads((report / "summary.json").read_text("utf-8"))["report_sha256"]
    return None if said == previous else number + 1
