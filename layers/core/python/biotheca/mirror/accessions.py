"""SRA_Accessions.tab: blocks of whole lines, columns by Arrow, lines that are none set aside.

Twenty columns, `-` for nothing, no quoting. Its `Md5sum` is not the MD5 of a file (it stands beside studies, too).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from biotheca.lake.model import ACCESSION_STATUS_COLUMNS
from biotheca.mirror.chunks import Source, open_feed
from biotheca.mirror.model import FeedIsUnreadable, Parsed, Quarantined, SchemaHasChanged

TABLE = "accession_status"
COLUMNS = tuple(ACCESSION_STATUS_COLUMNS)
_NUMBERS = tuple(name for name, kind in ACCESSION_STATUS_COLUMNS.items() if kind == "bigint")
BLOCK_BYTES = 16 * 1024 * 1024


class Sink(Protocol):
    """Where rows and lines that are set aside go."""

    def add(self, name: str, rows: pa.Table) -> None: ...

    def set_aside(self, one: Quarantined) -> None: ...


def parse(path: Path, parsed: Parsed, sink: Sink) -> None:
    """Read a whole file into `accession_status`. Raises SchemaHasChanged for other columns."""
    with open_feed(path) as file:
        for offset, block in blocks(file, parsed):
            rows, aside = rows_of(block, offset)
            for one in aside:
                sink.set_aside(one)
            parsed.records += rows.num_rows
            parsed.rows[TABLE] += rows.num_rows
            parsed.quarantined += len(aside)
            sink.add(TABLE, rows)


def blocks(file: IO[bytes], parsed: Parsed) -> Iterator[tuple[int, bytes]]:
    """(offset, whole lines) after the header. A last line without its end makes the file incomplete."""
    source = Source(file)
    pieces: list[bytes] = []
    size = offset = 0
    header = None
    for piece in source.blocks():
        pieces.append(piece)
        size += len(piece)
        if header is None and (b"\n" in piece or size > BLOCK_BYTES):
            whole = b"".join(pieces)
            header, _, rest = whole.partition(b"\n")
            _check(header)
            offset, pieces, size = len(header) + 1, [rest], len(rest)
        if header is None or size < BLOCK_BYTES:
            continue
        whole = b"".join(pieces)
        cut = whole.rfind(b"\n") + 1
        if cut:
            yield offset, whole[:cut]
            offset += cut
            pieces, size = [whole[cut:]], len(whole) - cut
    rest = b"".join(pieces)
    if header is None:
        _check(rest)
        rest = b""
    cut = rest.rfind(b"\n") + 1
    if cut:
        yield offset, rest[:cut]
    parsed.complete &= source.complete and cut == len(rest)


def _check(header: bytes) -> None:
    names = header.decode("utf-8", "replace").rstrip("\r").split("\t")
    found = tuple(name.lower() for name in names)
    if found != COLUMNS:
        if len(found) < 3:
            raise FeedIsUnreadable("the file does not begin with the header of SRA_Accessions.tab.")
        odd = sorted(set(found) ^ set(COLUMNS)) or ["their order"]
        raise SchemaHasChanged(f"SRA_Accessions.tab has {len(found)} columns, {len(COLUMNS)} are known; see {odd}.")


def rows_of(block: bytes, offset: int = 0) -> tuple[pa.Table, list[Quarantined]]:
    """The rows of whole lines, and the lines that are none: other than twenty columns, no accession, no UTF-8."""
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n")
    try:
        return _read(block), []
    except pa.ArrowInvalid:
        pass
    sound, aside = [], []
    at = offset
    for line in block.splitlines(keepends=True):
        reason = _reason(line)
        if reason:
            accession = line.split(b"\t", 1)[0].decode("utf-8", "replace")[:40]
            aside.append(Quarantined("line", accession, at, reason, line.rstrip(b"\n")))
        elif line.strip():
            sound.append(line)
        at += len(line)
    return _read(b"".join(sound)), aside


def _reason(line: bytes) -> str:
    if not line.strip():
        return ""
    columns = line.count(b"\t") + 1
    if columns != len(COLUMNS):
        return f"{columns} columns where {len(COLUMNS)} are expected"
    if line.startswith((b"\t", b"-\t")):
        return "no accession"
    try:
        line.decode()
    except UnicodeDecodeError as fault:
        return f"no UTF-8: {fault.reason} at byte {fault.start}"
    return ""


_READ = pacsv.ReadOptions(column_names=list(COLUMNS), block_size=BLOCK_BYTES * 2, use_threads=False)
_PARSE = pacsv.ParseOptions(delimiter="\t", quote_char=False, newlines_in_values=False)
_CONVERT = pacsv.ConvertOptions(
    column_types=dict.fromkeys(COLUMNS, pa.string()),
    null_values=["-", ""],
    strings_can_be_null=True,
    quoted_strings_can_be_null=False,
)


def _read(block: bytes) -> pa.Table:
    """Raises ArrowInvalid for a line of another width, broken UTF-8, or no accession."""
    if not block:
        kinds = [(n, pa.int64() if n in _NUMBERS else pa.string()) for n in COLUMNS]
        return pa.schema(kinds).empty_table()
    table = pacsv.read_csv(io.BytesIO(block), _READ, _PARSE, _CONVERT)
    if table.column("accession").null_count:
        raise pa.ArrowInvalid("no accession")
    for name in _NUMBERS:
        number = table.schema.get_field_index(name)
        table = table.set_column(number, name, _whole_numbers(table.column(name)))
    return table


def _whole_numbers(text: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        return pc.cast(text, pa.int64())
    except pa.ArrowInvalid:
        sound = pc.fill_null(pc.match_substring_regex(text, r"^[0-9]{1,18}$"), False)
        return pc.cast(pc.if_else(sound, text, pa.scalar(None, pa.string())), pa.int64())
