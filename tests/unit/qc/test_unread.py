"""Files that no reader knows: whole and as declared, or not; what is packed is unpacked only where that proves it."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import random

import pytest

from biotheca.qc import Verdict, check_file

NOISE = random.Random(7).randbytes(70_000)
SOUND = {
    "plain": NOISE,
    "gzip": gzip.compress(NOISE),
    "bzip2": bz2.compress(NOISE),
    "zip": b"PK\x03\x04" + NOISE,
    "xz": b"\xfd7zXZ\x00" + NOISE,
    "zstd": b"\x28\xb5\x2f\xfd" + NOISE,
}


@pytest.mark.parametrize("name", SOUND)
def test_a_whole_file_is_sound_and_its_digests_are_those_of_its_bytes(name: str) -> None:
    report = check_file([SOUND[name]], hashlib.md5(SOUND[name]).hexdigest(), "other", "a.dat")
    assert report.verdict is Verdict.SOUND and not report.findings
    assert report.sha256 == hashlib.sha256(SOUND[name]).hexdigest() and report.reads == 0


@pytest.mark.parametrize("name", ["gzip", "bzip2"])
def test_one_that_was_cut_or_is_packed_nothing_is_not(name: str) -> None:
    assert check_file([SOUND[name][:-9]], None, "other", "a.dat").verdict is Verdict.UNSOUND
    empty = {"gzip": gzip.compress(b""), "bzip2": bz2.compress(b"")}[name]
    found = check_file([empty], None, "other", "a.dat").findings
    assert [f.rule for f in found] == ["qc.nothing_inside"]


def test_a_bomb_is_none_either() -> None:
    bomb = gzip.compress(b"\0" * 200_000_000)
    assert "qc.unpacks_too_far" in {f.rule for f in check_file([bomb], None, "other", "a.dat").findings}
