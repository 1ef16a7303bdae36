"""Memory and time of looking for reads of the same name: by order, by spool, by Bloom's filter, by a plain set.

BIOTHECA_BENCH_NAMES=1000000000 adds the spool over so many names; it needs 7 GB of disk and some minutes.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from bench.measure import child, table

COUNT = 10_000_000
PLANTED = 1000
# Word of the case, order of the names, how it is called.
CONTENDERS = (
    ("set", "shuffled", "a Python set of names"),
    ("auto", "instrument", "default, order of the instrument"),
    ("auto", "shuffled", "default, any order"),
    ("bloom", "shuffled", "bloom, 43.13 bits a name, 30 hashes"),
)
# Bits a name and hashes: the design of 1e-9, and one so weak that its rate can be measured.
DESIGNS = ((43.13, 30), (19.17, 13))


def _case(*words: object) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(child([sys.executable, "-m", "bench.names_case", *map(str, words)]).said)
    return told


def run(folder: Path) -> str:
    """Two tables: cost of each method; false positives of the filter."""
    rows, memory = [], 0.0
    for word, order, title in CONTENDERS:
        told = _case(word, COUNT, order, 0 if order == "instrument" else PLANTED)
        memory = memory or told["mib"]
        rows.append([f"{COUNT:,}", title, *_row(told, COUNT), f"{memory / told['mib']:.0f}"])
    if more := int(os.environ.get("BIOTHECA_BENCH_NAMES", "0")):
        told = _case("auto", more, "shuffled", PLANTED)
        share = memory / COUNT * more / told["mib"]  # a set of so many is not made
        rows.append([f"{more:,}", "default, any order", *_row(told, more), f"{share:.0f}"])
    heads = ["names", "", "method", "CPU s", "ns a name", "MiB", "RSS MiB", "repeats found", "set's MiB / its MiB"]
    cost = table(f"Reads of the same name, {PLANTED:,} planted at the end of those in no order", heads, rows)
    wrong = []
    for bits, hashes in DESIGNS:
        told = _case("false", COUNT, bits, hashes)
        figures = [f"{told['expected']:.3g}", told["wrong"], told["missed"]]
        wrong.append([f"{bits} bits, {hashes} hashes", *figures])
    title = f"Full filter of {COUNT:,}, asked for as many others"
    rates = table(title, ["", "false, expected", "false", "missed"], wrong)
    return f"{cost}\n\n{rates}"


def _row(told: dict[str, Any], count: int) -> list[str]:
    each = told["cpu_s"] / count * 1e9
    figures = [f"{told['cpu_s']:.1f}", f"{each:.0f}", f"{told['mib']:.1f}", f"{told['rss_mib']:.0f}"]
    return [told["method"], *figures, str(told["names"])]
