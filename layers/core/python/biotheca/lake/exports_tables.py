"""Rows of a query as TSV, CSV, JSON Lines or Parquet: streams of bytes in constant memory. No cloud.

Formats that are about runs (accessions, SRA XML, sample sheets, download scripts): exports_runs. By name: exports.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from biotheca.lake.exports_formats import About
from biotheca.publication.exports import guarded

if TYPE_CHECKING:  # the API lists formats without Arrow in its layers
    import pyarrow as pa

Row = dict[str, Any]
CHUNK_BYTES = 256 * 1024


def tsv(columns: list[str], rows: Iterable[Row], about: About) -> Iterator[bytes]:
    """Names, then rows. A value with a tab, a line break or a quote stands in quotes, as the csv modules read it."""
    return _separated(columns, rows, "\t", plain)


def csv_(columns: list[str], rows: Iterable[Row], about: About) -> Iterator[bytes]:
    """Names, then rows, for spreadsheets: a text that one would take for a formula gets an apostrophe before it."""
    return _separated(columns, rows, ",", _guarded)


def _separated(columns: list[str], rows: Iterable[Row], delimiter: str, cell: Callable[[Any], str]) -> Iterator[bytes]:
    made = io.StringIO()
    writer = csv.writer(made, delimiter=delimiter, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([cell(row[name]) for name in columns])
        if made.tell() >= CHUNK_BYTES:
            yield _taken(made)
    yield _taken(made)


def _taken(made: io.StringIO) -> bytes:
    said = made.getvalue().encode()
    made.seek(0)
    made.truncate()
    return said


def plain(value: Any) -> str:
    """A value as one cell: nothing for null, ISO 8601 for times, JSON for what is nested.

    >>> plain(None), plain(True), plain([{"k": "é"}]), plain(datetime(2026, 1, 2))
    ('', 'true', '[{"k": "é"}]', '2026-01-02T00:00:00')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=_json)
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def _guarded(value: Any) -> str:
    text = plain(value)
    return guarded(text) if isinstance(value, str) and "\n" not in text and "\r" not in text else _apostrophe(text)


def _apostrophe(text: str) -> str:
    return f"'{text}" if text[:1] in ("=", "@", "\t", "\r") else text


def jsonl(columns: list[str], rows: Iterable[Row], about: About) -> Iterator[bytes]:
    """One object a line; null stays null, NaN becomes null as JSON has none."""
    held: list[bytes] = []
    size = 0
    for row in rows:
        line = json.dumps(_finite(row), ensure_ascii=False, default=_json, allow_nan=False).encode() + b"\n"
        held, size = [*held, line] if size else [line], size + len(line)
        if size >= CHUNK_BYTES:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join(held)


def _json(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return plain(value)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_finite(v) for v in value]
    return value


def parquet(reader: pa.RecordBatchReader, about: About) -> Iterator[bytes]:
    """The same types; the file's metadata says query, time and snapshot under `biotheca.`."""
    import pyarrow.parquet as pq

    said = {f"biotheca.{k}": v for k, v in {"query": about.query, "at": about.at, "snapshot": about.snapshot}.items()}
    sink = _Sink()
    with pq.ParquetWriter(sink, reader.schema.with_metadata(said), compression="zstd") as writer:
        for batch in reader:
            if batch.num_rows:
                writer.write_batch(batch)
            yield sink.taken()
    yield sink.taken()


class _Sink(io.RawIOBase):
    """What a writer has written since it was last asked."""

    def __init__(self) -> None:
        super().__init__()
        self._held: list[bytes] = []
        self._place = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def write(self, data: Any) -> int:
        held = bytes(data)
        self._held.append(held)
        self._place += len(held)
        return len(held)

    def taken(self) -> bytes:
        said, self._held = b"".join(self._held), []
        return said
