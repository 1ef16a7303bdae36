"""What identifies a person inside files: names of reads, lines of headers, tables. Findings of one place a rule. Pure.

Texts are judged as those of metadata (privacy.py). In columns and series what stands once may be chance and what stands
everywhere is not: a number that changes from read to read is a counter, a column of words that begin like surnames is
one of names only if nearly all of them do and hardly one stands twice.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from biotheca import catalog
from biotheca.submissions.rules.identifiers import found_in, mask
from biotheca.submissions.rules.privacy import looks_like_name, name_in_alias

MOST_ROWS = 2_000
MOST_COLUMNS = 500
_MOST_CELL = 2_000  # characters
_MOBILE = re.compile(r"(?:\+?86)?1[3-9]\d{9}(?:\.0)?")
_RECORD = re.compile(r"[A-Za-z]{0,3}\d{5,12}(?:\.0)?")
_CERTAIN = frozenset({"privacy.citizen_number", "privacy.email"})  # one is enough
_LEAST_CELLS = 5
_ENDING = re.compile(r"(\.[A-Za-z0-9]{1,8})+$")
_SHARE, _SHARE_UNDER_HEAD = 0.8, 0.3
_MOSTLY_DIFFERENT = 0.7


@dataclass(frozen=True)
class Found:
    """What stands at `place` ("line 3", "column 2"): `value` is masked, `count` of `among` looked at are alike."""

    rule: str
    place: str
    value: str
    count: int = 1
    among: int = 1


def in_lines(lines: Iterable[tuple[int, str]], names: bool = True) -> Iterator[Found]:
    """Of (number, text) of lines that are all different, such as comments: the first of each rule."""
    seen: dict[str, Found] = {}
    for number, text in lines:
        for rule, value in found_in(text[:_MOST_CELL], names):
            seen.setdefault(rule, Found(rule, f"line {number}", value))
    yield from seen.values()


def in_codes(codes: Iterable[tuple[str, str]]) -> Iterator[Found]:
    """Of (place, text) of names that were given by people, such as samples and libraries."""
    seen: dict[str, Found] = {}
    for place, text in codes:
        told = [*found_in(text[:_MOST_CELL])]
        if name := name_in_alias(text[:_MOST_CELL]):
            told.append(("privacy.person_name", mask(name, 1)))
        for rule, value in told:
            seen.setdefault(rule, Found(rule, place, value))
    yield from seen.values()


def in_members(names: Sequence[str]) -> Iterator[Found]:
    """Of names inside an archive, folders and endings apart: a Chinese name alone may be a word, many are names."""
    stems = [(n, _ENDING.sub("", re.split(r"[/\\]", name)[-1])) for n, name in enumerate(names, 1)]
    seen: dict[str, Found] = {}
    for number, text in stems:
        told = [*found_in(text[:_MOST_CELL], names=False)]
        if name := name_in_alias(text[:_MOST_CELL]):
            told.append(("privacy.person_name", mask(name, 1)))
        for rule, value in told:
            seen.setdefault(rule, Found(rule, f"member {number}", value))
    for rule, cells in _of_cells(_Column("", stems)).items():
        number, value = cells[0]
        seen.setdefault(rule, Found(rule, f"member {number}", value, len(cells), len(stems)))
    yield from seen.values()


def in_read_names(names: Sequence[str]) -> Iterator[Found]:
    """Of a sample of read names: what a machine counted, and so changes from read to read, is passed over."""
    seen: dict[str, Found] = {}
    for text in dict.fromkeys(_unchanging(names)):
        told = [*found_in(text)]
        if name := name_in_alias(text):
            told.append(("privacy.person_name", mask(name, 1)))
        for rule, value in told:
            seen.setdefault(rule, Found(rule, "names of reads", value, among=len(names)))
    for text in names:
        for rule, value in found_in(text[:_MOST_CELL], names=False):
            if rule in _CERTAIN:
                seen.setdefault(rule, Found(rule, "names of reads", value, among=len(names)))
    yield from seen.values()


def _unchanging(names: Sequence[str]) -> Iterator[str]:
    """The names without the words that fewer than half of them have at the same place.

    >>> list(_unchanging(["Li:1:a", "Li:2:a", "Li:3:b"]))
    ['Li::a', 'Li::a', 'Li::']
    """
    cut = [re.split(r"([^0-9A-Za-z]+)", text[:_MOST_CELL]) for text in names]
    counted = Counter((at, word) for words in cut for at, word in enumerate(words))
    for words in cut:
        yield "".join(word if 2 * counted[at, word] >= len(names) else "" for at, word in enumerate(words))


@dataclass
class _Column:
    head: str
    cells: list[tuple[int, str]] = field(default_factory=list)  # line, text


def in_table(rows: Iterable[Sequence[str]]) -> Iterator[Found]:
    """Of the first rows of a table, the head first: one finding a column and rule."""
    columns: list[_Column] = []
    for number, row in enumerate(rows, 1):
        if number > MOST_ROWS:
            break
        for at, cell in enumerate(row[:MOST_COLUMNS]):
            text = str(cell).strip()[:_MOST_CELL]
            if number == 1:
                columns.append(_Column(text))
            elif text and at < len(columns):
                columns[at].cells.append((number, text))
    for at, column in enumerate(columns, 1):
        yield from in_lines([(1, column.head)], names=False) if column.head else ()
        yield from _in_column(at, column)


def _in_column(at: int, column: _Column) -> Iterator[Found]:
    told: dict[str, Found] = {}
    for rule, values in _of_cells(column).items():
        line, value = values[0]
        told[rule] = Found(rule, f"column {at}, line {line}", value, len(values), len(column.cells))
    yield from told.values()


def _of_cells(column: _Column) -> dict[str, list[tuple[int, str]]]:
    """rule -> (line, masked) of the cells that hold it, as far as the column bears it out."""
    met: dict[str, list[tuple[int, str]]] = {}
    bare: dict[str, list[tuple[int, str]]] = {}  # cells that are nothing else: what they are the column tells
    for line, text in column.cells:
        if kind := _bare(text):
            bare.setdefault(kind, []).append((line, text))
        for rule, value in found_in(text):
            if rule != kind or rule in _CERTAIN:
                met.setdefault(rule, []).append((line, value))
    said = _said_by_head(column.head)
    for rule, cells in bare.items():
        if _bears_out(rule, cells, len(column.cells), rule in said):
            met.setdefault(rule, []).extend(
                (line, mask(text, 3 if rule == "privacy.phone" else 1)) for line, text in cells
            )
    if "privacy.record_number" in said and "privacy.record_number" not in met:
        numbers = [(line, mask(text, 1)) for line, text in column.cells if _RECORD.fullmatch(text)]
        if len(numbers) > _SHARE_UNDER_HEAD * len(column.cells):
            met["privacy.record_number"] = numbers
    return met


def _bare(text: str) -> str | None:
    """The rule that a cell would break if it is what it looks like as a whole."""
    if _MOBILE.fullmatch(text):
        return "privacy.phone"
    return "privacy.person_name" if looks_like_name(text) else None


def _bears_out(rule: str, cells: list[tuple[int, str]], among: int, under_head: bool) -> bool:
    if under_head:
        return len(cells) > _SHARE_UNDER_HEAD * among
    different = len({text for _, text in cells})
    alike = len(cells) >= max(_LEAST_CELLS, _SHARE * among)
    return alike and different >= _MOSTLY_DIFFERENT * len(cells)


def _said_by_head(head: str) -> set[str]:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", head).replace("_", " ")
    return {rule for rule, pattern in catalog.privacy()["columns"].items() if re.search(pattern, words, re.IGNORECASE)}
