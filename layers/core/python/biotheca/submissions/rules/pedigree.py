"""Families: whether rows of individuals with their parents can be a pedigree, and the same as PLINK's PED text. Pure.

The six columns and their codes (family, individual, father, mother, sex, phenotype): PLINK 1.9, formats .fam and .ped.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from biotheca.errors import Finding
from biotheca.submissions.rules.finding import finding

MALE, FEMALE, UNKNOWN = "1", "2", "0"
CASE, CONTROL, MISSING = "2", "1", "-9"
_SEXES: dict[str, tuple[str, ...]] = {MALE: ("1", "m", "male", "男"), FEMALE: ("2", "f", "female", "女")}
_SEXES[UNKNOWN] = ("", "0", "unknown", "not collected", "not provided", "other", "未知")
_PHENOTYPES: dict[str, tuple[str, ...]] = {CASE: ("2", "case", "affected", "病例")}
_PHENOTYPES[CONTROL] = ("1", "control", "unaffected", "对照")
_PHENOTYPES[MISSING] = ("", "0", "-9", "unknown", "missing", "not collected", "not provided", "未知")
SEX = {word: code for code, words in _SEXES.items() for word in words}
PHENOTYPE = {word: code for code, words in _PHENOTYPES.items() for word in words}
_NOBODY = ("", "0")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")


@dataclass(frozen=True)
class Relative:
    """One row. `father` and `mother` are individuals ("" or 0: not in the data), `sex` and `phenotype` words or codes.

    `twins`: a label that the twins (triplets ...) of one birth share; `zygosity`: MZ, DZ or "". Without a family an
    individual is a family of its own.
    """

    family: str
    individual: str
    father: str = ""
    mother: str = ""
    sex: str = ""
    phenotype: str = ""
    twins: str = ""
    zygosity: str = ""

    @property
    def own_family(self) -> str:
        """The family, or the individual's own name."""
        return self.family if self.family not in _NOBODY else self.individual

    @property
    def parents(self) -> dict[str, str]:
        """father and mother, as far as they are named."""
        named = {"father": self.father, "mother": self.mother}
        return {role: name for role, name in named.items() if name not in _NOBODY}

    @property
    def sex_code(self) -> str:
        """1 male, 2 female, 0 unknown (or no word for it)."""
        return SEX.get(self.sex.strip().casefold(), UNKNOWN)


def check_pedigree(rows: Sequence[Relative], section: str = "/individuals") -> list[Finding]:
    """Everything that keeps the rows from being a pedigree, each at its row and field (JSON pointer)."""
    places: dict[str, list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        places[row.individual].append(number)
    found = [*_names(rows, places, section)]
    for number, row in enumerate(rows):
        found += _codes(row, f"{section}/{number}")
        found += _parents(row, rows, places, f"{section}/{number}")
    return [*found, *_twins(rows, section), *_circles(rows, places, section)]


def _names(rows: Sequence[Relative], places: Mapping[str, list[int]], section: str) -> Iterator[Finding]:
    for name, numbers in places.items():
        first = numbers[0]
        if name.strip() in _NOBODY:
            for number in numbers:
                message = "An individual needs a name that is not 0: PED writes 0 for a parent who is not in the data."
                yield finding("pedigree.name", f"{section}/{number}/individual", message, name)
            continue
        for number in numbers[1:]:
            where = f"{section}/{number}/individual"
            if rows[number].own_family == rows[first].own_family:
                message = f"{name!r} stands twice in family {rows[first].own_family!r}; first in row {first + 1}."
                yield finding("pedigree.duplicate", where, message, name)
            else:
                families = f"{rows[first].own_family!r} and {rows[number].own_family!r}"
                yield finding("pedigree.two_families", where, f"{name!r} is in the families {families}.", name)


def _codes(row: Relative, where: str) -> Iterator[Finding]:
    for field, value, known in (("sex", row.sex, SEX), ("phenotype", row.phenotype, PHENOTYPE)):
        if value.strip().casefold() not in known:
            expected = "male, female or unknown" if field == "sex" else "case, control or unknown"
            message = f"{value[:40]!r} is no {field} that a pedigree knows."
            yield finding("pedigree.code", f"{where}/{field}", message, value, expected)


def _parents(row: Relative, rows: Sequence[Relative], places: Mapping[str, list[int]], where: str) -> Iterator[Finding]:
    parents = row.parents
    if len(parents) == 1:
        (role,) = parents
        message = f"Only the {role} of {row.individual!r} is named; PED writes 0 for the other."
        yield finding("pedigree.one_parent", where, message)
    if len(parents) == 2 and row.father == row.mother:
        message = f"Father and mother of {row.individual!r} are both {row.father!r}."
        yield finding("pedigree.same_parents", f"{where}/mother", message, row.mother)
    for role, name in parents.items():
        place = f"{where}/{role}"
        if name not in places:
            message = f"The {role} {name!r} of {row.individual!r} is none of the individuals."
            yield finding("pedigree.unknown_parent", place, message, name, "an individual of the family, or 0")
            continue
        parent = next((rows[n] for n in places[name] if rows[n].own_family == row.own_family), None)
        if parent is None:
            other = rows[places[name][0]].own_family
            message = f"The {role} {name!r} of {row.individual!r} is in family {other!r}, not {row.own_family!r}."
            yield finding("pedigree.parent_elsewhere", place, message, name, f"a member of {row.own_family}")
            continue
        right, wrong = (MALE, FEMALE) if role == "father" else (FEMALE, MALE)
        if parent.sex_code == wrong:
            says = "female" if role == "father" else "male"
            yield finding("pedigree.parent_sex", place, f"{name!r} is a {role} and {says}.", name)
        elif parent.sex_code != right:
            yield finding("pedigree.parent_sex_unknown", place, f"{name!r} is a {role} and of unknown sex.", name)


def _twins(rows: Sequence[Relative], section: str) -> Iterator[Finding]:
    births: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        if row.twins:
            births[row.own_family, row.twins].append(number)
    for (family, label), numbers in births.items():
        first = rows[numbers[0]]
        where = f"{section}/{numbers[0]}/twins"
        if len(numbers) == 1:
            yield finding("pedigree.twin_alone", where, f"Of the twins {label!r} of {family!r} there is one.", label)
        for number in numbers[1:]:
            row, where = rows[number], f"{section}/{number}/twins"
            if row.parents != first.parents:
                message = f"The twins {first.individual!r} and {row.individual!r} have different parents."
                yield finding("pedigree.twin_parents", where, message, label)
            identical = "MZ" in (row.zygosity.upper(), first.zygosity.upper())
            if identical and UNKNOWN not in (row.sex_code, first.sex_code) and row.sex_code != first.sex_code:
                message = f"{first.individual!r} and {row.individual!r} are identical twins of different sex."
                yield finding("pedigree.twin_sex", where, message, label)


def _circles(rows: Sequence[Relative], places: Mapping[str, list[int]], section: str) -> Iterator[Finding]:
    """Who is an ancestor of themselves: one finding a circle that is met when parents are followed."""
    parents: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        parents[row.individual] |= {name for name in row.parents.values() if name in places}
    left = _without_founders(parents)
    seen: set[str] = set()
    for start in parents:
        path: list[str] = []
        step = start
        while step in left and step not in seen:
            seen.add(step)
            path.append(step)
            step = min(left[step])
        if step in path:
            circle = path[path.index(step) :]
            words = " -> ".join([*circle, circle[0]])
            message = f"{circle[0]!r} would be an ancestor of itself: {words}."
            yield finding("pedigree.own_ancestor", f"{section}/{places[circle[0]][0]}", message, circle[0])


def _without_founders(parents: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """The individuals left, with parents left, once those whose parents are all gone are taken away again and again."""
    children: dict[str, set[str]] = defaultdict(set)
    for child, above in parents.items():
        for parent in above:
            children[parent].add(child)
    left = {child: set(above) for child, above in parents.items()}
    free = [name for name, above in left.items() if not above]
    while free:
        gone = free.pop()
        del left[gone]
        for child in children[gone]:
            left[child].discard(gone)
            if not left[child]:
                free.append(child)
    return left


def ped_names(names: Sequence[str]) -> dict[str, str]:
    """Name -> a name that PED can hold: ASCII letters, digits, `.`, `_`, `-`, not 0, each once.

    What needs no change keeps its name; of others, whose safe forms are the same, later ones get a number.

    >>> ped_names(["NA1", "child 1", "child_1", "0"])
    {'NA1': 'NA1', 'child 1': 'child_1.2', 'child_1': 'child_1', '0': '_0'}
    """
    safe = {name: _safe(name) for name in dict.fromkeys(names)}
    taken = {name for name, form in safe.items() if name == form}
    for name, form in safe.items():
        if name == form:
            continue
        unique, count = form, 1
        while unique in taken:
            count += 1
            unique = f"{form}.{count}"
        taken.add(unique)
        safe[name] = unique
    return safe


def _safe(name: str) -> str:
    form = _UNSAFE.sub("_", name)
    return f"_{form}" if form in ("", "0") or form.startswith("-") else form


def ped(rows: Sequence[Relative]) -> str:
    """The first six columns of PED, tab-separated, a line a row; a parent who is not among the rows is 0.

    Rows without errors of `check_pedigree` keep all that they say; twins have no column.
    """
    families, people = ped_names([row.own_family for row in rows]), ped_names([row.individual for row in rows])
    lines = []
    for row in rows:
        above = [people.get(row.parents.get(role, ""), "0") for role in ("father", "mother")]
        phenotype = PHENOTYPE.get(row.phenotype.strip().casefold(), MISSING)
        columns = (families[row.own_family], people[row.individual], *above, row.sex_code, phenotype)
        lines.append("\t".join(columns) + "\n")
    return "".join(lines)
