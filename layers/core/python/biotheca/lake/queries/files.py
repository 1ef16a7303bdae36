"""The engine's rows as one stream, and the answer's file: Parquet parts in, bytes out, through Arrow's own S3."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow import fs

BATCH_ROWS = 5_000


class Counted:
    """A reader that counts what went through it. No part at all is no row and no column."""

    def __init__(self, dataset: ds.Dataset) -> None:
        self.schema, self.count = dataset.schema, 0
        self._dataset = dataset

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for batch in self._dataset.to_batches(batch_size=BATCH_ROWS, batch_readahead=2, fragment_readahead=1):
            self.count += batch.num_rows
            yield batch


class Files:
    """Objects of S3 by place; `system` may be another of Arrow's file systems."""

    def __init__(self, system: fs.FileSystem | None = None) -> None:
        self.system = system or _s3()

    @contextmanager
    def rows(self, place: str) -> Iterator[Counted]:
        """What the engine wrote under a place (s3://bucket/prefix/)."""
        where = urlsplit(place)
        folder = f"{where.netloc}{where.path}".rstrip("/")
        found = self.system.get_file_info(fs.FileSelector(folder, recursive=True, allow_not_found=True))
        parts = sorted(info.path for info in found if info.type == fs.FileType.File and info.size)
        form = ds.ParquetFileFormat()
        dataset = ds.dataset(parts, format=form, filesystem=self.system) if parts else ds.dataset(pa.table({}))
        yield Counted(dataset)

    def write(self, path: str, media_type: str, pieces: Iterable[bytes]) -> int:
        """Write a file (bucket/key) piece by piece; returns its bytes. Nothing is there before it is whole."""
        size = 0
        with self.system.open_output_stream(path, metadata={"Content-Type": media_type}) as sink:
            for piece in pieces:
                if piece:
                    sink.write(piece)
                    size += len(piece)
        return size


def _s3() -> fs.S3FileSystem:
    region = os.environ.get("AWS_REGION", "us-east-1")
    if endpoint := os.environ.get("AWS_ENDPOINT_URL"):  # Arrow's S3 client does not read this variable itself
        where = urlsplit(endpoint)
        return fs.S3FileSystem(endpoint_override=where.netloc, scheme=where.scheme, region=region)
    return fs.S3FileSystem(region=region)
