"""k-anonymity and l-diversity of a table of people, and the least coarsening that would reach k. Pure; counts only.

k-anonymity: Samarati and Sweeney 1998; the loss of a coarsening is 1 minus the precision of Sweeney 2002 (the mean over
columns of step / last step); l-diversity in its plain form (distinct values): Machanavajjhala et al. 2007.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations, product
from math import prod
from typing import Any

from biotheca import catalog
from biotheca.errors import Finding
from biotheca.privacy.hierarchies import Hierarchy, hierarchy, quasi_identifiers

_Keys = tuple[str, ...]
_MISSING = ""


@dataclass(frozen=True)
class Coarsening:
    """A step for each quasi-identifier, and what it gives. `left_out`: rows that would still have to go."""

    steps: dict[str, str]
    loss: float
    k: int
    left_out: int


@dataclass(frozen=True)
class Report:
    """What a table gives away, as counts. `k`: rows of the smallest group, 0 without rows; `l`: least distinct
    sensitive values of a group, None without a sensitive column. `coarsening` None: none reaches k, or it was not
    searched (`searched` False).
    """

    rows: int
    quasi_identifiers: tuple[str, ...]
    wanted: int
    k: int
    groups: int
    groups_below: int
    rows_below: int
    rows_alone: int
    distinct: dict[str, int]
    sensitive: str | None
    l: int | None  # noqa: E741 - the measure's own name
    searched: bool
    coarsening: Coarsening | None

    def as_dict(self) -> dict[str, Any]:
        """All of it as plain values."""
        return asdict(self)


def report(
    rows: Sequence[Mapping[str, Any]],
    quasi: Sequence[str] | None = None,
    sensitive: str | None = None,
    k: int | None = None,
    leave_out: int = 0,
) -> Report:
    """The report over rows of individuals, one row a person.

    `quasi`: the quasi-identifiers; usually those columns that the catalog knows as such. A value that is missing (none,
    empty, or INSDC's words for it) is a value of its own. `leave_out`: so many rows may be dropped by the coarsening.
    """
    if quasi is None:
        quasi = quasi_identifiers(dict.fromkeys(name for row in rows for name in row))
    quasi = [column for column in dict.fromkeys(quasi) if column != sensitive]
    wanted = k or int(catalog.anonymity()["k"])
    keys = [tuple(_value(row, column) for column in quasi) for row in rows]
    sizes = Counter(keys)
    below = [size for size in sizes.values() if size < wanted]
    searched, coarsening = _least(sizes, [hierarchy(column) for column in quasi], wanted, leave_out)
    return Report(
        rows=len(rows),
        quasi_identifiers=tuple(quasi),
        wanted=wanted,
        k=min(sizes.values(), default=0),
        groups=len(sizes),
        groups_below=len(below),
        rows_below=sum(below),
        rows_alone=sum(size == 1 for size in below),
        distinct={column: len({key[place] for key in sizes}) for place, column in enumerate(quasi)},
        sensitive=sensitive,
        l=_diversity(keys, [_value(row, sensitive) for row in rows]) if sensitive else None,
        searched=searched,
        coarsening=coarsening,
    )


def generalised(rows: Sequence[Mapping[str, Any]], told: Report, columns: Sequence[str]) -> list[dict[str, str]]:
    """Rows with these columns and the quasi-identifiers as coarse as the report proposes, in an order that tells
    nothing; none if it proposes nothing. Rows in groups that stay too small are left out."""
    if told.coarsening is None:
        return []
    made = []
    for row in rows:
        shown = {column: _value(row, column) for column in columns if column not in told.quasi_identifiers}
        for column in told.quasi_identifiers:
            ladder = hierarchy(column)
            shown[column] = ladder.steps[ladder.names.index(told.coarsening.steps[column])](_value(row, column))
        made.append(shown)
    sizes = Counter(tuple(row[column] for column in told.quasi_identifiers) for row in made)
    kept = [row for row in made if sizes[tuple(row[c] for c in told.quasi_identifiers)] >= told.wanted]
    return sorted(kept, key=lambda row: tuple(sorted(row.items())))


def findings(told: Report, where: str) -> list[Finding]:
    """A warning if groups are too small, with counts and names of columns and no value."""
    if told.k >= told.wanted or not told.rows:
        return []
    by = ", ".join(told.quasi_identifiers)
    message = f"{told.rows_below} of {told.rows} rows are in groups of fewer than {told.wanted} by {by or 'nothing'}"
    message += f"; the smallest group has {told.k}."
    rule = "anonymity.small_groups"
    mend = catalog.mend(rule)
    if told.coarsening:
        steps = (f"{column}: {step}" for column, step in told.coarsening.steps.items() if step != "value")
        mend = f"{mend} The least that reaches {told.wanted}: {', '.join(steps)}."
    facts = {"k": told.k, "rows": told.rows, "rows_below": told.rows_below}
    severity = catalog.rules()[rule]["severity"]
    return [
        Finding(rule, where, message, expected=f"groups of {told.wanted}", mend=mend, severity=severity, facts=facts)
    ]


def _value(row: Mapping[str, Any], column: str) -> str:
    value = row.get(column)
    text = "" if value is None else str(value).strip()
    return _MISSING if text.casefold() in _missing_words() else text


def _missing_words() -> frozenset[str]:
    return frozenset({term.casefold() for term in catalog.missing_terms()} | {"", "na", "n/a", "nan", "none", "null"})


def _diversity(keys: Sequence[_Keys], values: Sequence[str]) -> int:
    of_group: dict[_Keys, set[str]] = defaultdict(set)
    for key, value in zip(keys, values, strict=True):
        of_group[key].add(value)
    return min((len(values) for values in of_group.values()), default=0)


def _least(
    sizes: Counter[_Keys], ladders: Sequence[Hierarchy], wanted: int, leave_out: int
) -> tuple[bool, Coarsening | None]:
    """(whether it was searched, the coarsening of least loss that leaves at most so many rows in small groups).

    Combinations are tried by their loss; at the same loss the earlier columns keep more. One whose steps of one or two
    columns alone leave too many rows in small groups cannot do better with the other columns, and is passed over.
    """
    if prod(ladder.height + 1 for ladder in ladders) > catalog.anonymity()["most_combinations"]:
        return False, None
    if sum(sizes.values()) < wanted:
        return True, None
    # Each value is made coarser once a step, not once a combination.
    steps = [[_coarser(sizes, place, step) for step in ladder.steps] for place, ladder in enumerate(ladders)]
    refused: dict[tuple[tuple[int, int], ...], bool] = {}

    def too_small(chosen: tuple[tuple[int, int], ...]) -> bool:
        if chosen not in refused:
            refused[chosen] = _left(sizes, steps, chosen, wanted)[1] > leave_out
        return refused[chosen]

    for levels in _by_loss(ladders):
        chosen = tuple(enumerate(levels))
        if any(too_small(part) for size in (1, 2) for part in combinations(chosen, size)):
            continue
        smallest, left = _left(sizes, steps, chosen, wanted)
        if smallest and left <= leave_out:
            named = {ladder.column: ladder.names[level] for ladder, level in zip(ladders, levels, strict=True)}
            return True, Coarsening(named, round(_loss(ladders, levels), 4), smallest, left)
    return True, None


def _by_loss(ladders: Sequence[Hierarchy]) -> Iterator[tuple[int, ...]]:
    every = product(*(range(ladder.height + 1) for ladder in ladders))
    yield from sorted(every, key=lambda levels: (round(_loss(ladders, levels), 12), levels))


def _loss(ladders: Sequence[Hierarchy], levels: Sequence[int]) -> float:
    shares = [level / ladder.height for ladder, level in zip(ladders, levels, strict=True)]
    return sum(shares) / len(shares) if shares else 0.0


def _coarser(sizes: Counter[_Keys], place: int, step: Any) -> dict[str, str]:
    return {value: step(value) for value in {key[place] for key in sizes}}


def _left(
    sizes: Counter[_Keys],
    steps: Sequence[Sequence[Mapping[str, str]]],
    chosen: Sequence[tuple[int, int]],
    wanted: int,
) -> tuple[int, int]:
    """(rows of the smallest group that is large enough, rows in groups that are not) under the chosen steps."""
    groups: Counter[_Keys] = Counter()
    for key, size in sizes.items():
        groups[tuple(steps[place][level][key[place]] for place, level in chosen)] += size
    left = sum(size for size in groups.values() if size < wanted)
    return min((size for size in groups.values() if size >= wanted), default=0), left
