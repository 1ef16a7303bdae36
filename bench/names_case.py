"""One contender of the bench of names, in a process of its own.

`python -m bench.names_case METHOD COUNT ORDER PLANTED`, or `false COUNT BITS HASHES`. Names are made block by block, so
that no list of them is in the memory that is measured. Prints JSON: CPU seconds of the method alone, its share of the
highest resident size in MiB, what it found.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from bench.measure import peak_mib
from biotheca.formats import native
from biotheca.formats.bloom import Design, Filter
from biotheca.formats.names import Names
from biotheca.formats.names_looks import Looks
from biotheca.formats.native import build

BLOCK = 1 << 14
_SIZE = 51  # characters of a header line, 38 of them the name


def _maker() -> ctypes.CDLL:
    """The names are made in C: in Python a thousand million take an hour."""
    target = Path(tempfile.gettempdir()) / f"biotheca-bench-names-{os.getpid()}.so"
    source = str(Path(__file__).with_suffix(".c"))
    subprocess.run([build.compiler() or "cc", "-O2", "-fPIC", "-shared", source, "-o", str(target)], check=True)
    made = ctypes.CDLL(str(target))
    target.unlink()
    return made


_MADE = _maker()


def _blocks(make: Any, count: int, start: int = 0) -> Iterator[native.Records]:
    buffer = ctypes.create_string_buffer(BLOCK * _SIZE)
    spans = array("I", chain.from_iterable((at * _SIZE, _SIZE, 0, 0) for at in range(BLOCK))).tobytes()
    for first in range(start, start + count, BLOCK):
        n = min(BLOCK, start + count - first)
        make(ctypes.c_uint64(first), ctypes.c_size_t(n), buffer)
        yield native.Records(buffer.raw[: n * _SIZE], spans[: n * 16])


def instrument(count: int) -> Iterator[native.Records]:
    """Names in the order of an instrument."""
    return _blocks(_MADE.in_order, count)


def shuffled(count: int, start: int = 0) -> Iterator[native.Records]:
    """As many different names in no order."""
    return _blocks(_MADE.in_no_order, count, start)


class _Set:
    """A plain set of names, as most would do it."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()
        self._repeats = 0

    def feed(self, records: native.Records, line: int) -> None:
        for header in records.headers():
            name = header.split(b" ", 1)[0]
            self._repeats += name in self._seen
            self._seen.add(name)

    def result(self) -> dict[str, Any]:
        return {"method": "set", "names": self._repeats}


class _Ours(Names):
    """What the file check uses."""

    def result(self) -> dict[str, Any]:
        found = self.candidates()
        return {"method": found.method, "names": found.names} | self.parameters()


def run(method: str, count: int, order: str, planted: int) -> dict[str, Any]:
    """Feed all names and, at the end, the first `planted` of them once more."""
    make = instrument if order == "instrument" else shuffled
    for _ in make(BLOCK):
        pass  # what making costs is not the method's
    before = peak_mib(os.getpid())
    looks = _Set() if method == "set" else _Ours(method, design=Design(count + planted) if method == "bloom" else None)
    cpu_s, line = 0.0, 1
    for records in chain(make(count), make(planted)):
        began = time.process_time()
        looks.feed(records, line)
        cpu_s += time.process_time() - began
        line += 4 * len(records)
    began = time.process_time()
    found = looks.result()
    cpu_s += time.process_time() - began
    peak = peak_mib(os.getpid())
    return found | {"cpu_s": cpu_s, "mib": peak - before, "rss_mib": peak}


def false_positives(count: int, bits_a_name: float, hashes: int) -> dict[str, Any]:
    """Of a full filter: how many new names it takes for old, and how many old ones it misses."""
    design, looks = Design(count, bits_a_name, hashes), Looks()
    one = Filter(design, looks.compiled)

    def met(records: native.Records, add: bool = False) -> int:
        return sum(one.look(looks.facts().feed(records), add))

    for records in shuffled(count):
        met(records, add=True)
    missed = count - sum(map(met, shuffled(count)))
    wrong = sum(map(met, shuffled(count, start=count)))
    return {"wrong": wrong, "missed": missed, "expected": design.false_rate(count) * count}


if __name__ == "__main__":
    word, *rest = sys.argv[1:]
    if word == "false":
        told = false_positives(int(rest[0]), float(rest[1]), int(rest[2]))
    else:
        told = run(word, int(rest[0]), rest[1], int(rest[2]))
    print(json.dumps(told))
