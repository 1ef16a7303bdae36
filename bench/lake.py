"""Mirrored rows into the lake: a day's delta as an overlay, its compaction, and pyiceberg's own ways on equal input."""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from bench import lake_case
from bench.lake_data import write
from bench.measure import Run, by_turns, child, ratio, table

ROWS = int(os.environ.get("BIOTHECA_BENCH_LAKE_ROWS", "5000000"))
SMALL = ROWS // 5  # for reading, merging and overwriting at once: memory grows with the table
TINY = ROWS // 100  # for upsert: its time grows faster than the table
UPDATED, GONE, NEW = 0.0084, 0.0004, 0.0016  # of the rows: 42,000, of them 2,000 withdrawn, and 8,000 of 5 million
FILE_ROWS = 200_000
ROUNDS = 3


def run(folder: Path) -> str:
    """The tables of docs/performance.md."""
    place = folder / "lake"
    shutil.rmtree(place, ignore_errors=True)
    large, small, tiny = (_made(place / name, rows) for name, rows in _SIZES.items())
    loaded = _step("load", large)
    _step("load", small), _step("load", tiny)
    _step("load_plain", small), _step("load_plain", tiny)
    done = by_turns(
        {
            "append": lambda: _again(large, "append"),
            "compact": lambda: _step("compact", large),
            "small append": lambda: _again(small, "append"),
            "small compact": lambda: _step("compact", small),
            "small overwrite": lambda: _again(small, "overwrite"),
            "tiny append": lambda: _again(tiny, "append"),
            "tiny compact": lambda: _step("compact", tiny),
            "tiny upsert": lambda: _again(tiny, "upsert"),
        },
        ROUNDS,
    )
    reads = by_turns({"compacted": lambda: _step("read", large), "hash": lambda: _step("table_hash", large)}, ROUNDS)
    _again(large, "append")
    reads |= by_turns({"overlaid": lambda: _step("read", large)}, ROUNDS)
    shutil.rmtree(place)
    return _tables(loaded, done, reads)


_SIZES = {"large": ROWS, "small": SMALL, "tiny": TINY}


def _tables(loaded: Run, done: dict[str, Run], reads: dict[str, Run]) -> str:
    def row(what: str, size: int, run: Run, beside: str = "-") -> list[object]:
        return [what, f"{size:,}", f"{run.cpu_s:.2f}", f"{run.peak_mib:.0f}", beside]

    def both(size: str) -> Run:
        first, second = done[f"{size}append"], done[f"{size}compact"]
        return replace(second, cpu_s=first.cpu_s + second.cpu_s, peak_mib=max(first.peak_mib, second.peak_mib))

    def times(peer: Run, size: str) -> str:
        return f"{ratio(peer.cpu_s, both(size).cpu_s)} x ours at this size"

    merging = [
        row("overlay: append and commit the delta", ROWS, done["append"]),
        row("compaction: base and trim, two commits", ROWS, done["compact"]),
        row("first load, through the overlay", ROWS, loaded),
        row("ours, append and compaction", SMALL, both("small ")),
        row(
            "pyiceberg: scan, merge in memory, overwrite",
            SMALL,
            done["small overwrite"],
            times(done["small overwrite"], "small "),
        ),
        row("ours, append and compaction", TINY, both("tiny ")),
        row("pyiceberg: upsert, delete", TINY, done["tiny upsert"], times(done["tiny upsert"], "tiny ")),
    ]
    reading = [
        row("two columns, grouped, after compaction", ROWS, reads["compacted"]),
        row(
            "the same with a day's overlay",
            ROWS,
            reads["overlaid"],
            f"{ratio(reads['overlaid'].cpu_s, reads['compacted'].cpu_s)} x",
        ),
        row("hash of all columns", ROWS, reads["hash"]),
    ]
    heads = ["step", "rows in the base", "CPU s", "peak MiB", "beside"]
    title = f"A day's delta of {UPDATED + NEW:.1%} into mirrored runs, {len(_columns())} columns, medians of {ROUNDS}"
    return table(title, heads, merging) + "\n\n" + table("Reading them", heads, reading)


def _columns() -> list[str]:
    return list(lake_case.RUN_COLUMNS)


def _made(place: Path, rows: int) -> Path:
    """A folder with the base's rows in files and the delta's in one."""
    (place / "base").mkdir(parents=True)
    for start in range(0, rows, FILE_ROWS):
        until = min(start + FILE_ROWS, rows)
        numbers = f"(SELECT range AS n, {lake_case.FIRST} AS v FROM range({start}, {until}))"
        write(numbers, place / "base" / f"{start:09}.parquet")
    chosen = random.Random(20261128).sample(range(rows), int(rows * UPDATED))  # noqa: S311
    gone = int(rows * GONE)
    numbers_of_delta = chosen + list(range(rows, rows + int(rows * NEW)))
    said = pa.table({"n": numbers_of_delta, "g": [place < gone for place in range(len(numbers_of_delta))]})
    pq.write_table(said, place / "numbers.parquet")
    source = f"(SELECT n, {lake_case.DELTA} AS v, g FROM '{place / 'numbers.parquet'}')"
    write(source, place / "delta.parquet", "g")
    return place


def _again(place: Path, step: str) -> Run:
    """A step on the tables as they were loaded: pointers go back, files stay."""
    tables = place / lake_case.DATABASE
    kept = place / "pointers"
    if not kept.exists():
        kept.mkdir()
        for pointer in tables.glob("*.current"):
            shutil.copy(pointer, kept / pointer.name)
    for pointer in kept.iterdir():
        shutil.copy(pointer, tables / pointer.name)
    return _step(step, place)


def _step(step: str, place: Path) -> Run:
    run = child([sys.executable, "-m", "bench.lake_case", step, str(place)])
    return replace(run, cpu_s=json.loads(run.said.splitlines()[-1])["cpu_s"])
