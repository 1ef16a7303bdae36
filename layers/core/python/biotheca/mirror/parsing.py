"""One file of a feed to Parquet: chunks by the fast reader, damaged ones record by record, the rest in quarantine.

Files appear under their names only when they are whole: a killed run leaves nothing that looks finished.
"""

from __future__ import annotations

import json
import tarfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from biotheca.mirror import accessions, careful, fast
from biotheca.mirror.assembly import Assembly
from biotheca.mirror.chunks import Chunk, Source, accession_in, chunks, is_archive, open_feed, records, roots_of
from biotheca.mirror.model import FeedIsUnreadable, Kind, Parsed, Quarantined
from biotheca.mirror.shapes import entities

QUARANTINE = "quarantine.jsonl"
PARTIAL = ".partial"
# Columns with few different values; a dictionary of the others costs more than it saves.
_DICTIONARY = frozenset(
    ["center_name", "broker_name", "study_type", "organism", "common_name", "library_strategy", "library_source", "library_selection", "library_layout", "platform", "instrument_model", "run_center", "is_public", "cluster_name", "package", "access", "status", "submission", "type", "center", "visibility", "project_type", "target_capture", "target_material", "target_sample_scope", "method_type", "study", "bioproject", "semantic_name", "supertype", "cluster", "org", "access_type", "free_egress", "filetype", "provider", "location", "k", "harmonized_name", "unit", "namespace", "db", "label"]
)
_AHEAD = 2


class Tables:
    """The Parquet files of one folder, a file an entity, made as rows come."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._waiting: dict[str, list[pa.Table]] = {}
        self._seen: dict[str, dict[str, Any]] = {}
        self._quarantine = (folder / f"{QUARANTINE}{PARTIAL}").open("w", encoding="utf-8")

    def __enter__(self) -> Tables:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: object, trace: TracebackType | None) -> None:
        self._quarantine.close()
        for name, waiting in self._waiting.items():
            if kind is None and waiting:
                self._write(name, pa.concat_tables(waiting))
        for writer in self._writers.values():
            writer.close()
        for file in sorted(self.folder.glob(f"*{PARTIAL}")):
            if kind is None:
                file.rename(file.with_name(file.name.removesuffix(PARTIAL)))
            else:
                file.unlink()

    def add(self, name: str, rows: pa.Table) -> None:
        """Take rows of an entity; they are written in groups of 32,768 or so."""
        waiting = self._waiting.setdefault(name, [])
        waiting.append(rows)
        if sum(table.num_rows for table in waiting) >= 32_768 or sum(table.nbytes for table in waiting) > 48 << 20:
            self._write(name, pa.concat_tables(waiting))
            waiting.clear()

    def set_aside(self, one: Quarantined) -> None:
        """Keep a record that could not be read, with its reason."""
        self._quarantine.write(json.dumps(one.as_row(), ensure_ascii=False) + "\n")

    def _write(self, name: str, rows: pa.Table) -> None:
        if name not in self._writers:
            leaves = _leaves(rows.schema)
            self._writers[name] = pq.ParquetWriter(
                self.folder / f"{name}.parquet{PARTIAL}",
                rows.schema,
                compression="zstd",
                compression_level=1,
                use_dictionary=[leaf for leaf in leaves if leaf.split(".")[-1] in _DICTIONARY or ("." not in leaf
                                and leaf in _DICTIONARY)],
                write_statistics=["acc"] if "acc" in rows.schema.names else True,
                write_page_index=False,
            )
        self._writers[name].write_table(rows)


def _leaves(schema: pa.Schema) -> list[str]:
    """Paths of all columns as Parquet names them."""

    def below(kind: pa.DataType, path: str) -> Iterator[str]:
        if pa.types.is_list(kind):
            yield from below(kind.value_type, f"{path}.list.element")
        elif pa.types.is_struct(kind):
            for inner in kind:
                yield from below(inner.type, f"{path}.{inner.name}")
        else:
            yield path

    return [leaf for field in schema for leaf in below(field.type, field.name)]


def parse_file(path: Path, kind: Kind, out: Path) -> Parsed:
    """Read one file and write a Parquet file an entity, and quarantine.jsonl, into `out`.

    The file may be gzip, and for SRA_SET a tar archive of set files. Raises FeedIsUnreadable where nothing can be
    used. `complete` of the answer is False where the file ends before its end; its whole records are written.
    """
    started = time.perf_counter()
    parsed = Parsed(kind)
    with Tables(out) as tables:
        if kind is Kind.ACCESSIONS:
            accessions.parse(path, parsed, tables)
        elif kind is Kind.SRA_SET and is_archive(path):
            _parse_archive(path, parsed, tables)
        else:
            with open_feed(path) as file:
                _parse_document(Source(file), kind, parsed, tables)
    parsed.seconds = time.perf_counter() - started
    return parsed


def _parse_archive(path: Path, parsed: Parsed, tables: Tables) -> None:
    """Every XML file of a tar archive: one that is damaged is set aside, the others are kept."""
    try:
        with tarfile.open(path, "r|*") as archive:
            for member in archive:
                if not member.isfile() or not member.name.endswith(".xml"):
                    continue
                file = archive.extractfile(member)
                if file is None:
                    continue
                source = Source(file)  # type: ignore[arg-type]
                try:
                    _parse_document(source, parsed.kind, parsed, tables)
                except FeedIsUnreadable as fault:
                    parsed.quarantined += 1
                    tables.set_aside(Quarantined("file", "", 0, f"{member.name}: {fault}", b""))
    except (tarfile.ReadError, EOFError):
        parsed.complete = False


def _parse_document(source: Source, kind: Kind, parsed: Parsed, tables: Tables) -> None:
    """Chunks are read one ahead of the one that is written; the readers let other threads run."""
    waiting: list[Any] = []
    with ThreadPoolExecutor(1) as pool:
        for chunk in chunks(source, roots_of(kind)):
            waiting.append(pool.submit(read_chunk, chunk))
            if len(waiting) >= _AHEAD:
                _take(waiting.pop(0).result(), parsed, tables)
        for one in waiting:
            _take(one.result(), parsed, tables)
    parsed.complete &= source.complete


Read = tuple[dict[str, pa.Table], list[Quarantined], int, int, Counter[str]]


def read_chunk(chunk: Chunk) -> Read:
    """(tables, set aside, records, of these read carefully, values that are no number) of one chunk."""
    try:
        assembly = Assembly(fast.read(chunk.document, chunk.text))
        made = entities(chunk.document, assembly)
        count = fast.records_in(chunk.document, assembly.raw)
        # Each record must have given a row of its first entity: one without an accession is to be set aside.
        if made[chunk.document.entities[0].name].num_rows == count:
            return made, [], count, 0, assembly.casts
    except fast.NotForTheFast:
        pass
    reader, aside = careful.CarefulReader(chunk.document), []
    count = 0
    for offset, record in records(chunk):
        try:
            reader.add(record)
            count += 1
        except careful.RecordIsUnreadable as fault:
            kind = chunk.document.record
            aside.append(Quarantined(kind, accession_in(record), offset, str(fault), record))
    assembly = Assembly(reader.raw())
    return entities(chunk.document, assembly), aside, count, count, assembly.casts


def _take(read: Read, parsed: Parsed, tables: Tables) -> None:
    made, aside, count, careful_count, casts = read
    for one in aside:
        tables.set_aside(one)
    for name, rows in made.items():
        if rows.num_rows:
            parsed.rows[name] += rows.num_rows
            tables.add(name, rows)
    parsed.rows["file"] += _files(made)
    parsed.records += count
    parsed.quarantined += len(aside)
    parsed.careful += careful_count
    parsed.casts.update(casts)


def _files(made: dict[str, pa.Table]) -> int:
    """How many sequence files the runs name."""
    if "run" not in made:
        return 0
    return sum(len(piece.flatten()) for piece in made["run"].column("files").chunks)
