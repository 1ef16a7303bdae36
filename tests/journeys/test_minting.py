"""R4: 100,000 numbers over eight processes at once: none twice, never decreasing, replays equal."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

from biotheca.accessions.model import forms
from biotheca.accessions.service import Mint
from local.stack import Stack

WORKERS, OWNERS, EACH, SINGLES = 8, 124, 100, 100


def _number(accession: str) -> int:
    return int(re.sub(r"\D", "", accession))


def test_a_hundred_thousand_numbers_over_eight_processes_are_all_different(
    stack: Stack, aws: Callable[[str], Any]
) -> None:
    table = next(t for t in aws("dynamodb").list_tables()["TableNames"] if "Accessions" in t)
    environment = os.environ | stack.surroundings.environment() | {"BIOTHECA_ACCESSIONS_TABLE": table}
    command = [sys.executable, "-m", "tests.journeys.mint_worker"]
    sizes = [str(OWNERS), str(EACH), str(SINGLES)]
    children = [
        subprocess.Popen(
            [*command, f"w{n}", *sizes],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(WORKERS)
    ]
    told = [json.loads(child.communicate(timeout=300)[0]) for child in children]
    runs = [number for worker in told for owner in worker["runs"] for number in owner]
    samples = [number for worker in told for owner in worker["samples"] for number in owner]
    assert len(runs) == WORKERS * OWNERS * EACH and len(runs) + len(samples) == 100_000
    assert len(set(runs)) == len(runs) and len(set(samples)) == len(samples)
    assert all(re.fullmatch(r"CRR\d{6,}", r) for r in runs) and all(re.fullmatch(r"SAMC\d{6,}", s) for s in samples)
    for worker in told:
        for kind in ("runs", "samples"):
            order = [_number(number) for owner in worker[kind] for number in owner]
            assert order == sorted(order)  # never decreasing for whoever asks
        assert worker["again"] == worker["runs"][0]  # a replay gives the same numbers
    assert all(worker["shared"] == told[0]["shared"] for worker in told)
    shared = [number for (number,) in told[0]["shared"]]
    assert len(set(shared)) == len(shared)


class _Memory:
    """A ledger as strict as the table, in memory, for as many calls as we like."""

    def __init__(self) -> None:
        self.lock, self.last, self.owners = threading.Lock(), {}, {}  # type: ignore[var-annotated]

    def take(self, kind: str, count: int) -> int:
        with self.lock:
            self.last[kind] = self.last.get(kind, 0) + count
            return self.last[kind]

    def assigned(self, owner: str) -> tuple[int, int] | None:
        return self.owners.get(owner)

    def assign(self, owner: str, kind: str, first: int, count: int) -> tuple[int, int]:
        with self.lock:
            return self.owners.setdefault(owner, (first, count))


def test_a_hundred_thousand_single_calls_from_eight_mints_give_no_number_twice() -> None:
    ledger, got = _Memory(), [[] for _ in range(8)]  # type: ignore[var-annotated]

    def work(n: int) -> None:
        mint = Mint(ledger)
        got[n] = [mint.mint("sample", f"{n}/{i}", 1)[0] for i in range(12_500)]

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    every = [number for numbers in got for number in numbers]
    assert len(every) == 100_000 and len(set(every)) == 100_000
    assert all([_number(x) for x in numbers] == sorted(_number(x) for x in numbers) for numbers in got)


def test_a_crash_between_taking_and_assigning_leaves_a_void_and_no_number_twice() -> None:
    class Dies(_Memory):
        def assign(self, owner: str, kind: str, first: int, count: int) -> tuple[int, int]:
            if owner == "dies":
                raise SystemExit
            return super().assign(owner, kind, first, count)

    ledger = Dies()
    mint = Mint(ledger)
    first = mint.mint("gsa.study", "lives", 2)
    with contextlib.suppress(SystemExit):
        mint.mint("gsa.study", "dies", 3)
    after = mint.mint("gsa.study", "next", 1)
    assert first == ["CRA000001", "CRA000002"] and after == ["CRA000006"]
    assert ledger.last["gsa.study"] == 6 and "dies" not in ledger.owners


def test_numbers_of_every_own_form_match_its_pattern_and_grow_past_its_width() -> None:
    for form in forms().values():
        for number in (1, 999, 10**form.width - 1, 10**form.width, 10 ** (form.width + 1)):
            assert form.pattern.fullmatch(form.write(number)), (form, number)
