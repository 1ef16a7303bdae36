"""docs/requirements.md: every line of the mission once, every named test exists, every state is one of three words."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STATES = {"shown", "begun", "open"}


def lines() -> list[tuple[str, str, list[str], str]]:
    """(number, text, tests, state) of every row."""
    found = []
    for line in (ROOT / "docs" / "requirements.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("| R"):
            number, text, tests, state = (cell.strip() for cell in line.strip("|").split("|"))
            found.append((number, text, re.findall(r"`([^`]+)`", tests), state))
    return found


@cache
def names_in(file: str) -> frozenset[str]:
    path = ROOT / file
    if not path.is_file():
        return frozenset()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name.startswith("test_"))


def test_every_requirement_stands_once_and_in_order() -> None:
    assert [number for number, *_ in lines()] == [f"R{n}" for n in range(1, 181)]


def test_every_named_test_exists() -> None:
    missing = []
    for number, _, tests, _ in lines():
        for named in tests:
            file, _, test = named.partition("::")
            if test not in names_in(file):
                missing.append(f"{number} names {named}")
    assert missing == []


def test_a_state_is_one_of_three_words_and_a_claim_names_its_test() -> None:
    for number, text, tests, state in lines():
        assert text and state in STATES, number
        assert bool(tests) == (state != "open"), f"{number} is {state} and names {len(tests)} test(s)"


def test_the_counts_above_the_table_are_true() -> None:
    counts = Counter(state for *_, state in lines())
    said = re.search(r"Today: (\d+) shown, (\d+) begun, (\d+) open", (ROOT / "docs" / "requirements.md").read_text())
    assert said and [int(n) for n in said.groups()] == [counts["shown"], counts["begun"], counts["open"]]
