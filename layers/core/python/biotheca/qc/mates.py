"""What the names of a run's files say of each other and of what was declared: mates in order, lanes, platform. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from biotheca import catalog
from biotheca.errors import Finding
from biotheca.formats.names_twin import NAMES_PER_DIGEST
from biotheca.qc.rules import made

RULES = frozenset(
    {
        "qc.mates_differ",
        "qc.mates_order",
        "qc.mates_same",
        "qc.mates_swapped",
        "qc.lanes_mixed",
        "qc.platform_differs",
        "qc.layout_differs",
        "qc.read_length_differs",
    }
)
_MANY_READS = 100
_LENGTH_SHARE, _LENGTH_BASES = 0.1, 5  # a declared length may be so far from the found one

Found = tuple[int, str, str, int, int]  # read, from 0; its name in both files, its line in both
Locate = Callable[[int], Found | None]


@dataclass(frozen=True)
class CheckedFile:
    """What the check of one sound file said, in the order in which its run names the files.

    `names` and `statistics` are those of the report, None if it has none.
    """

    name: str
    format: str
    reads: int | None
    screen: Mapping[str, int] | None
    sha256: str | None = None
    names: Mapping[str, Any] | None = None
    statistics: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, name: str, report: Mapping[str, Any]) -> CheckedFile:
        """From a report as a document."""
        fields = (report.get(key) for key in ("reads", "screen", "sha256", "names", "statistics"))
        return cls(name, report["format"], *fields)

    def only_read(self) -> int:
        """1 or 2 if every name says that it is this read of its fragment, else 0."""
        labels = (self.names or {}).get("labels") or {}
        said = [key for key, count in labels.items() if count]
        return int(said[0]) if said in (["1"], ["2"]) else 0


@dataclass(frozen=True)
class Declared:
    """What the metadata say of a run: a term of the platforms, PAIRED or SINGLE, bases of each mate. Empty: nothing."""

    platform: str | None = None
    layout: str | None = None
    read_lengths: Sequence[int | None] = field(default_factory=tuple)


NOTHING_DECLARED = Declared()


def of_pair(run: str, one: CheckedFile, two: CheckedFile, locate: Locate | None = None) -> Iterator[Finding]:
    """What is wrong with two files as mates. `locate` finds the first read that differs in a block of names."""
    about = {"run": run, "other": two.name}
    if one.reads != two.reads:
        facts = {"reads": one.reads, "other_reads": two.reads, "value": f"{one.reads} and {two.reads}"}
        yield made("mates_differ", one.name, 0, about | facts)
    if _same_content(one, two):
        yield made("mates_same", one.name, 0, about)
        return
    first, second = one.only_read(), two.only_read()
    if first and second and (first, second) != (1, 2):
        facts = {"first": first, "second": second, "value": f"{first} and {second}"}
        yield made("mates_swapped", one.name, 0, about | facts)
    if one.reads == two.reads and one.names and two.names:
        yield from _order(about, one, two, locate)


def _same_content(one: CheckedFile, two: CheckedFile) -> bool:
    """The same bytes, or the same reads packed or named otherwise: every statistic is equal.

    Counts of each letter and quality at each cycle are a sum of the reads themselves; that those of two different files
    agree is no chance any more where there are many.
    """
    if one.sha256 and one.sha256 == two.sha256:
        return True
    if not one.statistics or one.statistics != two.statistics:
        return False
    same_names = one.names and two.names and all(one.names[k] == two.names[k] for k in ("digests", "labels"))
    return bool(same_names) or (one.reads or 0) >= _MANY_READS


def _order(about: dict[str, Any], one: CheckedFile, two: CheckedFile, locate: Locate | None) -> Iterator[Finding]:
    assert one.names and two.names
    pairs = list(zip(one.names["digests"], two.names["digests"], strict=False))
    differ = [at for at, (a, b) in enumerate(pairs) if a != b]
    if not differ:
        return
    block = differ[0]
    first, last = block * NAMES_PER_DIGEST + 1, min((block + 1) * NAMES_PER_DIGEST, one.reads or 0)
    facts: dict[str, Any] = about | {"first_read": first, "last_read": last, "blocks": len(differ), "of": len(pairs)}
    place = f"among reads {first} to {last}"
    found = locate(block) if locate else None
    line = 0
    if found:
        read, name, other, line, other_line = found
        facts |= {"read": name, "other_read": other, "number": read + 1, "other_line": other_line}
        place = f"at read {read + 1}: '{name}' (line {line}) and '{other}' (line {other_line})"
    yield made("mates_order", one.name, line, facts | {"place": place, "value": place})


def of_names(run: str, files: Sequence[CheckedFile], declared: Declared) -> Iterator[Finding]:
    """What the names of a run's files say against each other and against what was declared."""
    known = [file for file in files if file.names]
    yield from _lanes(run, known)
    for file in known:
        yield from _platform(run, file, declared.platform)
        yield from _layout(run, file, declared.layout, len(files))
    for file, length in zip(files, declared.read_lengths, strict=False):
        if file.statistics and length:
            yield from _length(run, file, length)


def _lanes(run: str, files: Sequence[CheckedFile]) -> Iterator[Finding]:
    lanes = list(dict.fromkeys(chain.from_iterable((file.names or {}).get("lanes") or () for file in files)))
    if len(lanes) > 1:
        shown = ", ".join(lanes[:4]) + (" ..." if len(lanes) > 4 else "")
        yield made("lanes_mixed", files[0].name, 0, {"run": run, "count": len(lanes), "value": shown})


def _platform(run: str, file: CheckedFile, declared: str | None) -> Iterator[Finding]:
    shape = (file.names or {}).get("platform")
    makers = catalog.platforms_of_names().get(str(shape))
    if makers and declared and declared not in makers:
        yield made("platform_differs", file.name, 0, {"run": run, "value": shape, "declared": declared})


def _layout(run: str, file: CheckedFile, declared: str | None, files: int) -> Iterator[Finding]:
    labels = (file.names or {}).get("labels") or {}
    one, two = labels.get("1", 0), labels.get("2", 0)
    if one and two and (files > 1 or declared in ("SINGLE", "PAIRED")):
        said = declared or "PAIRED"
        yield made(
            "layout_differs", file.name, 0, {"run": run, "ones": one, "twos": two, "declared": said, "files": files}
        )


def _length(run: str, file: CheckedFile, declared: int) -> Iterator[Finding]:
    found = (file.statistics or {})["length_bases"]
    slack = max(_LENGTH_BASES, _LENGTH_SHARE * declared)
    # Trimmed reads are shorter, and of long reads a typical length is declared.
    if declared > found["max"] + slack or declared < found["min"] - slack:
        value = f"{found['min']} to {found['max']}" if found["min"] != found["max"] else str(found["max"])
        yield made("read_length_differs", file.name, 0, {"run": run, "value": value, "declared": declared})
