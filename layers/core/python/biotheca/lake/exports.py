"""The rows of a query in a format by its name. The formats: exports_tables, exports_runs. No cloud."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from biotheca.lake import exports_runs
from biotheca.lake.exports_formats import FORMATS, About, ColumnsMissing
from biotheca.lake.exports_tables import Row, csv_, jsonl, parquet, tsv

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["FORMATS", "About", "ColumnsMissing", "export"]
_MAKERS: dict[str, Callable[[list[str], Iterable[Row], About], Iterator[bytes]]] = {
    "tsv": tsv,
    "csv": csv_,
    "jsonl": jsonl,
    **exports_runs.MAKERS,
}


def export(name: str, reader: pa.RecordBatchReader, about: About) -> Iterator[bytes]:
    """The rows of a reader in the format of that name. ColumnsMissing before the first byte."""
    wanted = FORMATS[name]
    there = reader.schema.names  # none at all if the engine found no row and wrote no file
    if there and (missing := [c for c in wanted.needs if c not in there]):
        raise ColumnsMissing(wanted, missing)
    if name == "parquet":
        return parquet(reader, about)
    rows = (row for batch in reader for row in batch.to_pylist())
    return _MAKERS[name](list(reader.schema.names), rows, about)
