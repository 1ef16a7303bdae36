"""A clinical table whose rows are keyed by patients: persons of the images, and nothing that names them. Pure.

Keys become the pseudonyms that the objects bear as Patient ID, days move as the dates of the same person do (PS3.15
E.3.6). A column that holds what identifies refuses the table; its finding has the column's number, never a value.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from biotheca import catalog
from biotheca.deidentification.keys import shifted
from biotheca.deidentification.text import PATTERNS, Identifiers, cleaned, folded
from biotheca.submissions.rules.identifiers import found_in
from biotheca.submissions.rules.privacy_content import in_table

KEY = "PatientID"  # of the table that is made: the keyword of (0010,0020), where the released objects have it
MOST_BYTES, MOST_ROWS, MOST_COLUMNS, LONGEST_CELL = 64 * 1024**2, 200_000, 1_000, 100
OLDEST = 89  # HIPAA Safe Harbor, 45 CFR 164.514(b)(2)(i)(C): above it ages are one group
_KEYS = ("patientid", "patient_id", "patient id", "individual", "individual_id", "患者编号", "个体编号")
_NUMBER = re.compile(r"[+-]?\d{1,12}(?:[.,]\d{1,12})?(?:[eE][+-]?\d{1,3})?%?")
_DAY = re.compile(r"(\d{4})([-/.]?)(\d{2})\2(\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2})?)?")
_HEAD = re.compile(r"[^\W_][\w ()/%.\[\]#+:-]{0,79}")
_DATES = tuple(pattern for kind, pattern in PATTERNS if kind == "date")
_BORN = re.compile(r"birth|\bdob\b|出生|生日", re.IGNORECASE)
_WHEN = re.compile(r"date|\bday of\b|日期|时间|年份|\byear\b", re.IGNORECASE)
_AGE = re.compile(r"(?<![a-z])age(?![a-z])|年龄", re.IGNORECASE)
_WHERE = re.compile(
    r"address|street|\bcity\b|\btown\b|village|zip[ _-]?code|post(?:al)?[ _-]?code|hospital|institution|physician"
    r"|doctor|operator|accession|住址|地址|邮编|医院|医生|检查号",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Person:
    """Who a key stands for: the pseudonym, by how many days dates move, and what names them in their objects."""

    pseudonym: str
    days: int
    known: tuple[Identifiers, ...] = ()


@dataclass(frozen=True)
class Refusal:
    """Why a table is not taken: rule, number of the column (1 is the first; 0 the whole table), cells concerned."""

    rule: str
    column: int = 0
    cells: int = 0


@dataclass
class Told:
    """What became of a table, as counts. `matched`: rows of released individuals; `missing`: these have no row."""

    rows: int = 0
    matched: int = 0
    unmatched: int = 0
    missing: int = 0
    columns: list[str] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """All of it as plain values."""
        return asdict(self)


def de_identified(data: bytes, key: str, people: Mapping[str, Person]) -> tuple[bytes, Told]:
    """(the table as it may be archived, what became of it); no bytes where it is refused, or no row is of anybody.

    `key`: the heading of the column with the patients' own numbers; empty looks for the usual ones. `people`: by those
    numbers. Comma, semicolon or tab; UTF-8 or GB18030. The result is tab-separated UTF-8, its rows ordered by pseudonym
    and content: the order of the original tells nothing. The same input gives the same bytes.
    """
    told = Told()
    rows = _rows(data, told)
    if told.refusals:
        return b"", told
    head, body = rows[0], rows[1:]
    told.rows = len(body)
    at = _key_column(head, key)
    if at is None or len(set(head)) < len(head) or not all(_HEAD.fullmatch(name) for name in head):
        told.refusals.append(Refusal("clinical.key_column" if at is None else "clinical.headings"))
        return b"", told
    own = [(people[row[at]], row) for row in body if row[at] in people]
    if any(_wrong(name, person, set()) & _NAMING for person in set(people.values()) for name in head):
        told.refusals.append(Refusal("clinical.headings"))
    told.matched, told.unmatched = len(own), len(body) - len(own)
    told.missing = len({p.pseudonym for p in people.values()} - {p.pseudonym for p, _ in own})
    columns = {n: _column(n, head[n], own, people, told) for n in range(len(head)) if n != at}
    _of_the_whole(head, at, [row for _, row in own], told)
    told.refusals = sorted(set(told.refusals), key=lambda r: (r.column, r.rule))
    if told.refusals or not own:
        return b"", told
    told.columns = [KEY, *(head[n] for n in columns)]
    made = sorted([p.pseudonym, *(cells[n] for cells in columns.values())] for n, (p, _) in enumerate(own))
    held = io.StringIO()
    csv.writer(held, delimiter="\t", lineterminator="\n").writerows([told.columns, *made])
    return held.getvalue().encode(), told


def _rows(data: bytes, told: Told) -> list[list[str]]:
    if len(data) > MOST_BYTES:
        told.refusals.append(Refusal("clinical.size"))
        return []
    text = _text(data)
    first = (text or "").partition("\n")[0]
    mark = max("\t,;", key=first.count)
    try:
        rows = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text or ""), delimiter=mark) if row]
    except csv.Error:
        rows = []
    if len(rows) < 2 or len({len(row) for row in rows}) != 1 or len(rows[0]) < 2:
        told.refusals.append(Refusal("clinical.form"))
    elif len(rows) > MOST_ROWS + 1 or len(rows[0]) > MOST_COLUMNS:
        told.refusals.append(Refusal("clinical.size"))
    return rows


def _text(data: bytes) -> str | None:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _key_column(head: Sequence[str], key: str) -> int | None:
    wanted = (folded(key),) if key else _KEYS
    found = [n for n, name in enumerate(head) if folded(name) in wanted]
    return found[0] if len(found) == 1 else None


def _column(
    at: int, name: str, own: Sequence[tuple[Person, list[str]]], people: Mapping[str, Person], told: Told
) -> list[str]:
    """The cells of a column as they may go out; refusals are noted where it holds what may not."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).replace("_", " ")
    met = Counter[str]()
    for rule, pattern in catalog.privacy()["columns"].items():
        if re.search(pattern, words, re.IGNORECASE) or re.search(pattern, name, re.IGNORECASE):
            met[rule] += len(own)
    for rule, form in (("clinical.birth_date", _BORN), ("clinical.place", _WHERE)):
        met[rule] += len(own) if form.search(words) else 0
    keys = {folded(text) for text in people if len(text) > 3}
    of_days = any(_DAY.fullmatch(row[at]) and shifted(_plain(row[at]), 0) for _, row in own)
    cells = []
    for person, row in own:
        cell = row[at]
        if cell and of_days:
            moved = _moved(cell, person.days)
            met["clinical.date"] += moved is None
            cell = moved or ""
        elif cell:
            met.update(_wrong(cell, person, keys))
            met["clinical.date"] += bool(_WHEN.search(words)) and any(p.search(cell) for p in _DATES)
        cells.append(_aged(cell) if _AGE.search(words) else cell)
    told.refusals += [Refusal(rule, at + 1, count) for rule, count in met.items() if count]
    return cells


def _wrong(cell: str, person: Person, keys: set[str]) -> set[str]:
    """The rules that a cell breaks by itself. A measure may look like a year or a number of an order: it is none."""
    if len(cell) > LONGEST_CELL:
        return {"clinical.free_text"}
    found = {rule for rule, _ in found_in(cell)}
    word = folded(cell)
    if word in keys or any(key in word for key in keys):
        found.add("clinical.key_elsewhere")
    if _NUMBER.fullmatch(cell):
        return found | ({"clinical.identifier"} if any(known.is_number(word) for known in person.known) else set())
    if cell[0] in "=@+" or "\n" in cell:
        found.add("clinical.formula")
    for known in person.known:
        removed = cleaned(cell, known, strict=False).removed
        found |= {"clinical.identifier"} if removed.get("identifier") else set()
        found |= {_OF_PATTERN[kind] for kind in removed if kind in _OF_PATTERN}
    return found


_NAMING = frozenset({"clinical.identifier", "privacy.email", "privacy.phone"})
_OF_PATTERN = {
    "date": "clinical.date",
    "mail": "privacy.email",
    "phone": "privacy.phone",
    "address": "clinical.place",
    "title": "privacy.person_name",
    "uid": "clinical.identifier",
    "number": "clinical.identifier",
}


def _of_the_whole(head: Sequence[str], at: int, rows: Sequence[Sequence[str]], told: Told) -> None:
    """Columns that tell only as a whole, such as one of names (submissions.rules.privacy_content)."""
    kept = [n for n in range(len(head)) if n != at]
    for found in in_table([[row[n] for n in kept] for row in [head, *rows]]):
        place = re.search(r"column (\d+)", found.place)
        number = int(place[1]) if place else 0
        told.refusals.append(Refusal(found.rule, kept[number - 1] + 1 if number else 0, found.count))


def _plain(cell: str) -> str:
    """The eight digits of a day; of anything else nothing.

    >>> _plain("2024-02-29 10:15"), _plain("29.02.2024")
    ('20240229', '')
    """
    found = _DAY.fullmatch(cell)
    return found[1] + found[3] + found[4] if found else ""


def _moved(cell: str, days: int) -> str | None:
    """The day moved back, as YYYY-MM-DD with the time as it was; None where the cell is no day."""
    moved = shifted(_plain(cell), days)
    rest = cell[len(cell.replace("T", " ").partition(" ")[0]) :]
    return f"{moved[:4]}-{moved[4:6]}-{moved[6:8]}{rest}" if moved else None


def _aged(cell: str) -> str:
    """Ages above 89 as one group."""
    years = re.match(r"\d{1,3}", cell)
    return f"{OLDEST + 1}+" if years and int(years[0]) > OLDEST else cell
