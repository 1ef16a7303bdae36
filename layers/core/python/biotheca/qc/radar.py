"""The privacy radar: what identifies a person in the first megabytes of a file. What counts as that: privacy_content.

Only the head is looked at, and a broken container gives what could be unpacked: what is at fault there others say.
Findings are warnings, masked, and want a curator's decision each (curation.rules.must_be_decided).
"""

from __future__ import annotations

import csv
import io
import re
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial

from biotheca.errors import Finding
from biotheca.formats.containers import ContainerFault, Decoder, Limits
from biotheca.submissions.rules.finding import finding
from biotheca.submissions.rules.privacy import told
from biotheca.submissions.rules.privacy_content import (
    MOST_COLUMNS,
    MOST_ROWS,
    Found,
    in_codes,
    in_lines,
    in_members,
    in_read_names,
    in_table,
)
from biotheca.workbooks.model import Cell, Unreadable
from biotheca.workbooks.model import Limits as SheetLimits

HEAD_BYTES = 4 * 1024 * 1024
SHEET_BYTES = 20 * 1024 * 1024  # a workbook is read as a whole or not at all
_DECODED_BYTES = 16 * 1024 * 1024
_READS = 500
_CODES = {"SM", "LB", "ID", "PU"}  # fields of @RG that people name
_TEXTS = {"DS", "CO", "CL"}
_TABLES = {".csv": ",", ".tsv": "\t", ".txt": "\t", ".xlsx": ""}


class Radar:
    """Give it the stored bytes of a file on their way; ask afterwards."""

    def __init__(self, file: str, form: str) -> None:
        self._file, self._form = file, form
        self._most = SHEET_BYTES if _looks(form, file) is _workbook else HEAD_BYTES
        self._head = bytearray()
        self._whole = False

    def tee(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The same chunks; their first bytes are kept."""
        for chunk in chunks:
            if len(self._head) < self._most:
                self._head += chunk[: self._most - len(self._head)]
            yield chunk
        self._whole = len(self._head) < self._most

    @property
    def is_empty(self) -> bool:
        """Whether no byte has passed."""
        return not self._head

    def take(self, chunks: Iterable[bytes]) -> None:
        """The head of a file of which the check reads only the end."""
        for _ in self.tee(chunks):
            if len(self._head) >= self._most:
                return

    def findings(self, members: Sequence[str] = ()) -> list[Finding]:
        """One finding a rule and place; `members` are names inside an archive. Bad data never raises."""
        found = [*in_members(members)]
        look = _looks(self._form, self._file)
        if look is not None and (self._most != SHEET_BYTES or self._whole):
            found += look(bytes(self._head))
        return [_finding(one, self._file) for one in found]


Look = Callable[[bytes], Iterator[Found]]


def _looks(form: str, file: str) -> Look | None:
    if form in _BY_FORMAT:
        return _BY_FORMAT[form]
    name = file.lower().removesuffix(".gz")
    for ending, delimiter in _TABLES.items():
        if name.endswith(ending):
            return partial(_table, delimiter) if delimiter else _workbook
    return None


def _decoded(head: bytes, most: int = _DECODED_BYTES) -> bytes:
    got = bytearray()
    with suppress(ContainerFault):  # the head ends where it ends
        for piece in Decoder([head], Limits(max_ratio=1_000)).pieces():
            got += piece
            if len(got) >= most:
                break
    return bytes(got[:most])


def _fastq(head: bytes) -> Iterator[Found]:
    lines = _decoded(head, HEAD_BYTES // 4).split(b"\n", 4 * _READS)
    yield from in_read_names([_text(line[1:]) for line in lines[: 4 * _READS : 4] if line[:1] == b"@"])


def _fasta(head: bytes) -> Iterator[Found]:
    lines = enumerate(_decoded(head).split(b"\n"), 1)
    some = [(number, _text(line[1:])) for number, line in lines if line[:1] == b">"][:_READS]
    yield from in_read_names([text for _, text in some])


def _bam(head: bytes) -> Iterator[Found]:
    data = _decoded(head)
    if data[:4] != b"BAM\1" or len(data) < 8:
        return
    (size,) = struct.unpack_from("<i", data, 4)
    yield from _sam_header(_text(data[8 : 8 + max(0, size)]))


def _sam_header(text: str) -> Iterator[Found]:
    codes, texts = [], []
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("@CO"):
            texts.append((number, line[4:]))
            continue
        for part in line.split("\t")[1:]:
            tag, _, value = part.partition(":")
            if line.startswith("@RG") and tag in _CODES:
                codes.append((f"line {number}", value))
            elif tag in _TEXTS:
                texts.append((number, value))
    yield from _once([*in_codes(codes), *in_lines(texts)])


def _vcf(head: bytes) -> Iterator[Found]:
    texts, codes = [], []
    for number, line in enumerate(_decoded(head).split(b"\n"), 1):
        if line.startswith(b"##"):
            texts.append((number, _text(line[2:])))
        elif line.startswith(b"#CHROM"):
            codes = [(f"line {number}", name) for name in _text(line).split("\t")[9:]]
        else:
            break
    yield from _once([*in_codes(codes), *in_lines(texts)])


def _table(delimiter: str, head: bytes) -> Iterator[Found]:
    text = _text(_decoded(head)).removeprefix("\ufeff")
    try:
        yield from in_table(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error:
        return  # no table: the check of its type tells


def _workbook(head: bytes) -> Iterator[Found]:
    from biotheca.workbooks.sheets import read_workbook

    try:
        sheets = read_workbook(head, SheetLimits(stored_bytes=SHEET_BYTES, rows=1_048_576, columns=16_384))
    except Unreadable:
        return
    if sheets:
        yield from in_table(_row(cells) for _, cells in sheets[0].rows[: MOST_ROWS + 1])


def _row(cells: dict[int, Cell]) -> list[str]:
    return [_cell(cells.get(at)) for at in range(min(max(cells, default=-1) + 1, MOST_COLUMNS))]


def _cell(value: Cell | None) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(getattr(value, "text", value))


_BY_FORMAT: dict[str, Look] = {"fastq": _fastq, "fasta": _fasta, "bam": _bam, "vcf": _vcf, "xlsx": _workbook}
_BY_FORMAT |= {"csv": partial(_table, ","), "tsv": partial(_table, "\t")}


def _once(found: list[Found]) -> Iterator[Found]:
    rules: set[str] = set()
    for one in found:
        if one.rule not in rules:
            rules.add(one.rule)
            yield one


def _finding(found: Found, file: str) -> Finding:
    message = told(found.rule, found.value)
    if found.among > 1:
        message += f" {found.count:,} of {found.among:,} that were looked at are alike."
    line = re.fullmatch(r"line (\d+)", found.place)
    where = f"{file}:{line[1]}" if line else f"{file}:{found.place}"
    facts = {"file": file} | ({"line": int(line[1])} if line else {})
    return finding(found.rule, where, message, found.value, "nothing that identifies a person", **facts)


def _text(data: bytes) -> str:
    """UTF-8, else what Excel writes in Chinese, else as it can be."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as fault:
        if fault.start > len(data) - 4:  # the head cuts a letter
            return data[: fault.start].decode("utf-8")
        return data.decode("gb18030", "replace")
