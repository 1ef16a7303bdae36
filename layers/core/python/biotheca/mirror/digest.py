"""A number and a hash for each accession of SRA_Accessions.tab: what tells, a day later, which lines changed.

A file-date window cannot see that status changes of DDBJ's objects move no date; only the whole difference can.
Sorted arrays of 17 bytes a row: 110 million rows are 1.9 GB.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from biotheca.mirror.model import FeedIsUnreadable

_TAB, _LINE = 9, 10
_PREFIX, _MOST_DIGITS = 3, 12
Numbers = Any  # a numpy array


def connection() -> duckdb.DuckDBPyConnection:
    """A connection for hashing, one thread."""
    made = duckdb.connect(":memory:", config={"threads": 1})
    made.execute("SET enable_external_access = false")
    return made


@dataclass(frozen=True)
class Digest:
    """keys int64, rising; hashes uint64 of whole lines; ranks uint8 of their status (0 counts most)."""

    keys: Numbers
    hashes: Numbers
    ranks: Numbers

    def __len__(self) -> int:
        return len(self.keys)

    @staticmethod
    def empty() -> Digest:
        """Of no feed yet."""
        return Digest(np.zeros(0, np.int64), np.zeros(0, np.uint64), np.zeros(0, np.uint8))

    def save(self, path: Path) -> None:
        """Write it. DuckDB's hash may differ between its versions: then every line seems changed once."""
        table = pa.table({"key": self.keys, "hash": self.hashes, "rank": self.ranks})
        table = table.replace_schema_metadata({"engine": f"duckdb {duckdb.__version__}", "form": "1"})
        pq.write_table(table, path, compression="zstd", compression_level=1, use_dictionary=["rank"])

    @staticmethod
    def load(path: Path) -> Digest:
        """Read what `save` wrote."""
        table = pq.read_table(path)
        return Digest(*(table.column(name).to_numpy() for name in ("key", "hash", "rank")))


def accession_of(key: int) -> str:
    """The accession that a key stands for.

    >>> accession_of(int(keys_of(b"SRR0012\\tx\\n")[0][0]))
    'SRR0012'
    """
    rest, number = divmod(key, 10**_MOST_DIGITS)
    prefix, digits = divmod(rest, 16)
    letters = [chr(65 + prefix // 676), chr(65 + prefix // 26 % 26), chr(65 + prefix % 26)]
    return f"{''.join(letters)}{number:0{digits}d}"


def keys_of(block: bytes) -> tuple[Numbers, Numbers]:
    """(keys, where each line begins, with the end of the last) of a block of whole lines that each begin with an
    accession and a tab. Three letters and up to twelve digits, zeros kept: two accessions never have one key.

    Raises FeedIsUnreadable for a line that begins otherwise.
    """
    data = np.frombuffer(block, np.uint8)
    offsets = np.concatenate(([0], np.flatnonzero(data == _LINE) + 1))
    begins = offsets[:-1]
    last = len(data) - 1
    key = np.zeros(len(begins), np.int64)
    for number in range(_PREFIX):
        letter = data[np.minimum(begins + number, last)].astype(np.int64) - 65
        if len(letter) and (letter.min() < 0 or letter.max() > 25):
            raise FeedIsUnreadable("a line does not begin with an accession")
        key = key * 26 + letter
    value, digits = np.zeros(len(begins), np.int64), np.zeros(len(begins), np.int64)
    open_ = np.ones(len(begins), bool)
    for number in range(_PREFIX, _PREFIX + _MOST_DIGITS + 1):
        byte = data[np.minimum(begins + number, last)]
        open_ &= byte != _TAB
        if not open_.any():
            break
        digit = byte.astype(np.int64) - 48
        if number == _PREFIX + _MOST_DIGITS or (digit[open_] < 0).any() or (digit[open_] > 9).any():
            raise FeedIsUnreadable("a line does not begin with an accession")
        value = np.where(open_, value * 10 + digit, value)
        digits += open_
    if len(digits) and digits.min() == 0:
        raise FeedIsUnreadable("a line does not begin with an accession")
    return (key * 16 + digits) * 10**_MOST_DIGITS + value, offsets


def hashes_of(block: bytes, offsets: Numbers, engine: duckdb.DuckDBPyConnection) -> Numbers:
    """A 64-bit hash of each line."""
    text = pa.StringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(block))
    table = pa.table({"line": text})
    engine.register("lines", table)
    hashes = engine.sql("SELECT hash(line) AS h FROM lines").to_arrow_table().column("h").to_numpy()
    engine.unregister("lines")
    return hashes
