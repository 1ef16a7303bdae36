"""What a set of files holds before any is touched: which belong together, which contradict each other."""

from __future__ import annotations

import mmap
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from biotheca.deidentification.model import Reason
from biotheca.deidentification.people import Stated, stated
from biotheca.formats.dicom import DicomFault, elements, opened

Looked = tuple[bytes, bytes, bytes, int] | Reason | None


@dataclass
class Survey:
    """Paths by what they state; `refused`: path -> reason why it is set aside without being opened again."""

    series: dict[bytes, list[Path]] = field(default_factory=lambda: defaultdict(list))
    refused: dict[Path, Reason] = field(default_factory=dict)
    copies: dict[Path, Path] = field(default_factory=dict)
    unread: list[Path] = field(default_factory=list)

    def groups(self) -> list[list[Path]]:
        """What is to be opened, by series; what could not be read yet is a group of its own: the engine says why."""
        return [*self.series.values(), *([path] for path in self.unread)]


def survey(paths: Iterable[Path], digest: Callable[[Path], str], tell: Callable[[], None] = lambda: None) -> Survey:
    """One look at the header of each file. `digest` is asked only where two files bear one instance UID."""

    def looked() -> Iterator[tuple[Path, Looked]]:
        for path in paths:
            tell()
            yield path, look(path)

    return settled(looked(), digest)


def look(path: Path) -> Looked:
    """What a file states; a reason, if it is set aside unopened; None if it has to be opened to say what is wrong."""
    return Reason.LINK if path.is_symlink() else _stated(path)


def settled(looked: Iterable[tuple[Path, Looked]], digest: Callable[[Path], str]) -> Survey:
    """Which files belong together and which contradict each other, by what was seen of each."""
    found = Survey()
    patients: dict[bytes, set[bytes]] = defaultdict(set)
    instances: dict[bytes, list[Path]] = defaultdict(list)
    numbers: dict[Path, int] = {}
    for path, facts in looked:
        if isinstance(facts, Reason):
            found.refused[path] = facts
            continue
        if facts is None:
            found.unread.append(path)
            continue
        series, patient, instance, number = facts
        found.series[series].append(path)
        numbers[path] = number
        patients[series].add(patient)
        instances[instance].append(path)
    for series, of in patients.items():
        if len(of) > 1:
            found.refused |= dict.fromkeys(found.series.pop(series), Reason.MIXED_PATIENTS)
    for same in instances.values():
        if len(same) > 1:
            _settle(same, found, digest)
    found.series = {
        # In the order of the scan, so that first, middle and last are what these words say.
        series: sorted(kept, key=lambda path: numbers[path])
        for series, of in found.series.items()
        if (kept := [p for p in of if _stays(p, found)])
    }
    return found


def _settle(same: list[Path], found: Survey, digest: Callable[[Path], str]) -> None:
    """Files of one instance UID: equal ones are copies of the first; different ones are all set aside."""
    if len({digest(path) for path in same}) == 1:
        found.copies |= {path: same[0] for path in same[1:]}
    else:
        found.refused |= {path: Reason.DUPLICATE_UID for path in same if path not in found.refused}


def _stays(path: Path, found: Survey) -> bool:
    return path not in found.refused and path not in found.copies


def header(path: Path) -> Stated | None:
    """What the header of a file states; None if it has to be opened to say what is wrong."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            part = opened(data)  # type: ignore[arg-type]  # read like bytes
            return stated(part.data, elements(part.data, part.start, len(part.data), part.form), part.form)
    except (DicomFault, OSError, ValueError):
        return None


def _stated(path: Path) -> tuple[bytes, bytes, bytes, int] | None:
    """(series UID, patient, instance UID, Instance Number or 0); None if it has to be opened to say what is wrong."""
    known = header(path)
    if known is None:
        return None
    series, instance = (known.facts.get(name, b"") for name in ("series", "instance"))
    text = known.facts.get("number", b"")
    number = int(text) if text.isdigit() and len(text) < 12 else 0  # IS: twelve characters at most (PS3.5 table 6.2-1)
    return (series, known.patient, instance, number) if series and instance else None
