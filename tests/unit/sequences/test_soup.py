"""Many random misfortunes at once, by seed: a copy ends proved with the right bytes, in quarantine, or gone."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from biotheca.sequences.model import State
from tests.unit.sequences.http_source import http_source
from tests.unit.sequences.mirror import FINAL, MEBIBYTE, RUN, Mirror, md5, mirror
from tests.unit.sequences.strict_s3 import Killed, Thing

NAME = "a.fastq.gz"
DATA = random.Random(21).randbytes(2 * MEBIBYTE + 999)
OTHER = random.Random(22).randbytes(2 * MEBIBYTE + 999)


def killed() -> None:
    raise Killed


class Soup:
    """Misfortunes of one seed. `spoils`: whether one of them replaces the source's bytes for good."""

    def __init__(self, dice: random.Random, small: Mirror) -> None:
        self.dice, self.small, self.spoils = dice, small, False

    def order(self) -> int | tuple[int, dict[str, str]] | Callable[[], None] | None:
        return self.dice.choice(
            [
                None,
                None,
                None,
                self.dice.randrange(MEBIBYTE),
                (503, {}),
                (500, {}),
                (429, {"Retry-After": str(self.dice.randrange(10_000))}),
                (302, {"Location": f"/{NAME}"}),
                self.twice,
                self.overtaken,
                self.spoiled,
            ]
        )

    def act(self) -> Callable[[], None]:
        return self.dice.choice([killed, killed, self.twice, self.overtaken])

    def spoiled(self) -> None:
        if self.dice.random() < 0.3:
            self.spoils = True
            self.small.web.files[NAME] = OTHER

    def overtaken(self) -> None:
        """Leases end, and whoever comes next does its work while this worker stands still."""
        self.small.jump(self.small.policy.lease_s + 1)
        self._others(self.small.claim())

    def twice(self) -> None:
        row = self.small.row(NAME)
        if row.lease_owner:
            self._others([{"run": RUN, "file": NAME, "owner": row.lease_owner}])

    def _others(self, tasks: list[dict]) -> None:
        for task in tasks:
            with suppress(Killed):  # another process died, not this one
                self.small.bring(task)


@contextmanager
def begun(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Mirror]:
    with http_source() as web, mirror(monkeypatch, web, tmp_path) as small:
        yield small


@pytest.mark.parametrize("seed", range(16))
def test_a_soup_of_misfortunes_over_http_never_serves_wrong_bytes(
    seed: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dice = random.Random(seed)
    with begun(monkeypatch, tmp_path) as small:
        soup = Soup(dice, small)
        small.web.knows_ranges = dice.random() < 0.8
        small.slice_parts = dice.choice([None, 1, 2])
        small.web.orders = [soup.order() for _ in range(dice.randrange(12))]
        for verb in ("start", "put_part", "complete"):
            for count in range(1, 5):
                if dice.random() < 0.25:
                    small.s3.on(verb, count, soup.act(), after=dice.random() < 0.5)
        small.note(small.on_the_web(NAME, DATA))
        small.ask()
        small.work()
        row = small.row(NAME)
        assert row.state in FINAL
        if row.state is State.VERIFIED:
            assert small.bytes_of(NAME) == DATA and row.md5 == md5(DATA) and len(small.s3.ours) == 1
        else:
            assert soup.spoils or row.error_rule == "sequences.given_up", row
            assert not small.s3.ours


@pytest.mark.parametrize("seed", range(10))
def test_a_soup_of_misfortunes_inside_s3_never_serves_wrong_bytes(
    seed: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dice = random.Random(1000 + seed)
    with begun(monkeypatch, tmp_path) as small:
        soup = Soup(dice, small)
        place, spoils = ("sra-pub-run-odp", f"sra/{NAME}"), dice.random() < 0.3

        def replaced() -> None:
            small.s3.open[place] = Thing.holding(OTHER)

        for verb in ("look", "start", "copy_part", "complete"):
            for count in range(1, 5):
                if dice.random() < 0.25:
                    act = replaced if spoils and verb == "copy_part" else soup.act()
                    small.s3.on(verb, count, act, after=dice.random() < 0.5)
        small.note(small.in_a_bucket(NAME, Thing.holding(DATA)))
        small.ask()
        small.work(copy_limit_bytes=dice.choice([MEBIBYTE, 5 * 1024**3]))
        row = small.row(NAME)
        assert row.state in FINAL
        if row.state is State.VERIFIED:
            assert small.bytes_of(NAME) == DATA and len(small.s3.ours) == 1
        else:
            assert spoils and not small.s3.ours, row
