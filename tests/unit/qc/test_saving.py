"""A check that is stopped at any save point and gone on from says what an uninterrupted one says."""

from __future__ import annotations

import bz2
import hashlib
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from biotheca.formats import bgzf as bgzf_blocks
from biotheca.formats import native
from biotheca.formats.containers import Limits
from biotheca.qc import Report, check_file, saving
from biotheca.qc.saving import Kept, sealed
from tests.unit.formats.making import bgzf, cut_into, gzip_member


class _TakenAway(Exception):
    """The machine is gone."""


@dataclass
class _Shelf:
    """Keeps every state that was written. `stop_at`: the machine goes after so many saves."""

    stored: bytes
    every_bytes: int
    of: str = "bucket/key etag"
    stop_at: int = 0
    states: list[bytes] = field(default_factory=list)
    first: bytes | None = None
    resumes: bool = False  # the beginning of the file must not be read
    opened: list[int] = field(default_factory=list)

    def kept(self) -> Kept:
        return Kept(self.every_bytes, self.of, lambda: self.first, self._write, self._open)

    def _write(self, state: bytes) -> None:
        self.states.append(state)
        if len(self.states) == self.stop_at:
            raise _TakenAway

    def _open(self, offset: int) -> Iterable[bytes]:
        self.opened.append(offset)
        return cut_into(self.stored[offset:], [5_000, 100_000])


def _never() -> Iterator[bytes]:
    raise AssertionError("the file is read from its beginning")
    yield b""


def _check(stored: bytes, shelf: _Shelf | None = None, threads: int = 1, duplicates: str = "auto") -> Report:
    chunks = cut_into(stored, [1_000, 70_000, 70_001])
    kept, declared = shelf.kept() if shelf else None, hashlib.md5(stored).hexdigest()
    first = _never() if shelf and shelf.resumes else chunks
    asked = {"threads": threads, "duplicates": duplicates, "again": lambda: chunks, "kept": kept}
    return check_file(first, declared, "fastq", "run/r", **asked)  # type: ignore[arg-type]


def _reads(numbers: Iterable[int], end: str = "\n", bases: int = 60) -> bytes:
    dice, out = random.Random(7), []
    for n in numbers:
        name = f"@A00123:45:HXYZ:1:{1101 + n // 1_000}:{1000 + n // 50}:{1000 + n % 50}"  # tile, x, y
        read, qualities = ("".join(dice.choices(letters, k=bases)) for letters in ("ACGT", "#,:F"))
        out.append(end.join((name, read, "+", qualities, "")))
    return "".join(out).encode()


_PLAIN = _reads(range(1_600))
_AT = _PLAIN[: len(_PLAIN) // 2].rfind(b"\n@A") + 1
_DEFECTS = (
    b"@r1\nACXT\n+\nIIII\n" + _PLAIN[:_AT] + b"@r2\nACGT\n+\nII\n\n\n" + _PLAIN[_AT:] + b"@r1\nAC\n+\nII\nnothing\n"
)
_TEXTS = {
    "sound": _PLAIN,
    "defects before and after": _DEFECTS,
    "CRLF": _reads(range(1_200), "\r\n"),
    "CRLF from the middle on": _reads(range(800)) + _reads(range(800, 1_600), "\r\n"),
    "same names across the cut": _PLAIN + _reads(range(10, 13)),
    "names in no order": _reads(random.Random(3).sample(range(1_600), 1_600)) + _reads(range(77, 79)),
    "long reads": _reads(range(12), bases=20_000),
}


def _gzips(text: bytes) -> bytes:
    return b"".join(gzip_member(text[at : at + 50_000]) for at in range(0, len(text), 50_000))


_WRAPPED: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda text: text,
    "BGZF": lambda text: bgzf(text, 10_000),
    "gzip members": _gzips,
    "bzip2 streams": lambda text: b"".join(bz2.compress(text[at : at + 60_000]) for at in range(0, len(text), 60_000)),
    "BGZF and a gzip member": lambda text: bgzf(text[:100_000], 9_000, end=False) + gzip_member(text[100_000:]),
}


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bgzf_blocks, "STORED_BYTES", 12_000)  # as the files are small


@pytest.mark.parametrize("wrapping", _WRAPPED)
@pytest.mark.parametrize("text", _TEXTS)
def test_stopped_at_every_save_point_the_report_is_that_of_an_uninterrupted_check(text: str, wrapping: str) -> None:
    stored = _WRAPPED[wrapping](_TEXTS[text])
    whole = _check(stored)
    shelf = _Shelf(stored, len(stored) // 5)
    assert _check(stored, shelf, threads=2) == whole and shelf.states
    for at, state in enumerate(shelf.states):
        resumed = _Shelf(stored, 2 * len(stored), first=state, resumes=True)
        assert _check(stored, resumed, threads=1 + at % 2) == whole
        assert resumed.opened[0] > 0


@pytest.mark.parametrize("duplicates", ["spool", "bloom", "off"])
def test_each_method_finds_the_same_names_after_a_stop(duplicates: str) -> None:
    stored = bgzf(_TEXTS["same names across the cut"], 10_000)
    whole, shelf = _check(stored, duplicates=duplicates), _Shelf(stored, len(stored) // 3)
    _check(stored, shelf, duplicates=duplicates)
    for state in shelf.states:
        assert _check(stored, _Shelf(stored, 10**9, first=state, resumes=True), duplicates=duplicates) == whole
    assert (whole.duplicates or {})["duplicate_names"] == (3 if duplicates != "off" else 0)


def test_names_that_lose_their_order_after_the_stop_are_still_compared_with_those_before() -> None:
    dice = random.Random(5)
    numbers = [*range(3_000), *dice.sample(range(3_000, 8_000), 5_000), 17, 2_999]
    stored = bgzf(_reads(numbers), 20_000)
    whole, shelf = _check(stored), _Shelf(stored, len(stored) // 4)
    assert _check(stored, shelf) == whole
    for state in shelf.states:
        assert _check(stored, _Shelf(stored, 10**9, first=state, resumes=True)) == whole
    assert ((whole.duplicates or {})["duplicate_names"], (whole.duplicates or {})["method"]) == (2, "spool")


def test_a_machine_taken_away_again_and_again_ends_with_the_same_report() -> None:
    stored = _gzips(_TEXTS["defects before and after"])
    state, stops = None, 0
    while True:
        shelf = _Shelf(stored, len(stored) // 7, first=state, stop_at=1)
        try:
            report = _check(stored, shelf)
            break
        except _TakenAway:
            state, stops = shelf.states[-1], stops + 1
    assert stops >= 5 and report == _check(stored)


def test_a_broken_container_is_told_with_the_place_in_the_whole_file() -> None:
    stored = bytearray(bgzf(_PLAIN, 10_000))
    stored[-200] ^= 1
    cut = bgzf(_PLAIN, 10_000)[:-400]
    for broken in (bytes(stored), cut, bgzf(_PLAIN, 10_000) + b"garbage"):
        shelf = _Shelf(broken, len(broken) // 3)
        whole = _check(broken, shelf)
        assert whole.verdict == "unsound" and whole == _check(broken)
        resumed = _Shelf(broken, 10**9, first=shelf.states[-1], resumes=True)
        assert _check(broken, resumed) == whole


def test_a_bomb_is_measured_from_the_beginning_of_the_file() -> None:
    small = Limits(max_ratio=5, grace_bytes=40_000)
    text = bytes(b"@r%d\n%b\n+\n%b\n" % (7, b"A" * 900, b"I" * 900)) * 60
    stored = _gzips(_PLAIN[:30_000]) + gzip_member(text)
    shelf = _Shelf(stored, 1_000)

    def check(**more: Any) -> Report:
        return check_file([stored], None, "fastq", "r", small, threads=1, **more)

    whole = check(kept=shelf.kept())
    assert [f.rule for f in whole.findings] == ["qc.unpacks_too_far"] and shelf.states
    assert check(kept=_Shelf(stored, 10**9, first=shelf.states[0]).kept()) == whole


def test_one_gzip_member_has_no_save_point() -> None:
    shelf = _Shelf(stored := gzip_member(_PLAIN), 1_000)
    assert _check(stored, shelf) == _check(stored) and not shelf.states


def test_the_state_of_other_bytes_a_broken_one_and_one_asked_otherwise_begin_anew() -> None:
    stored = bgzf(_PLAIN, 10_000)
    shelf = _Shelf(stored, len(stored) // 3)
    whole, state = _check(stored, shelf), shelf.states[-1]
    flipped = bytearray(state)
    flipped[len(state) // 2] ^= 1
    for first in (bytes(flipped), state[:-1], b"", b"nothing", sealed({"sums": b""}, {})):
        anew = _Shelf(stored, 10**9, first=first)
        assert _check(stored, anew) == whole and not anew.opened
    changed = _Shelf(stored, 10**9, of="bucket/key other etag", first=state)
    assert _check(stored, changed) == whole and not changed.opened
    otherwise = _Shelf(stored, 10**9, first=state)
    assert _check(stored, otherwise, duplicates="spool").duplicates != whole.duplicates and not otherwise.opened


def test_the_state_of_other_code_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = bgzf(_PLAIN, 10_000)
    shelf = _Shelf(stored, len(stored) // 3)
    whole = _check(stored, shelf)
    monkeypatch.setattr(saving, "code_version", lambda: "of tomorrow")
    anew = _Shelf(stored, 10**9, first=shelf.states[-1])
    assert _check(stored, anew) == whole and not anew.opened


def test_digests_that_cannot_be_saved_leave_the_check_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = bgzf(_PLAIN, 10_000)
    shelf = _Shelf(stored, len(stored) // 3)
    whole = _check(stored, shelf)
    monkeypatch.setattr(native, "has_kernel", lambda: False)
    without = _Shelf(stored, 1_000, first=shelf.states[-1])
    assert _check(stored, without) == whole and not without.states and not without.opened
