"""A file of XML cut into chunks of whole records, and a chunk that is damaged into its records one by one.

Memory is that of one chunk. A record that lacks its end takes none of its neighbours with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

from isal import isal_zlib

from biotheca.mirror.mapping import BIOPROJECT, BIOSAMPLE, PACKAGE, ROOTS, Document
from biotheca.mirror.model import FeedIsUnreadable, Kind, SchemaHasChanged

CHUNK_BYTES = 4 * 1024 * 1024
# A single record beyond this is no record; the largest real project packages have some MB.
LARGEST_RECORD_BYTES = 256 * 1024 * 1024
_READ_BYTES = 4 * 1024 * 1024
_OPENING = re.compile(rb"\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*<([A-Za-z_][\w.-]*)", re.DOTALL)
_ENCODING = re.compile(rb"""<\?xml[^>]*encoding\s*=\s*["']([\w.-]+)["']""")


@dataclass(frozen=True)
class Chunk:
    """Whole records in UTF-8, one after another. `offset`: of the first byte in the unpacked, transcoded file."""

    document: Document
    text: bytes
    offset: int


class Source:
    """The bytes of a file, unpacked if they are gzip, and whether its end was reached."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.complete = True

    def blocks(self) -> Iterator[bytes]:
        """Blocks of some MiB. A cut gzip stream ends early, with `complete` false."""
        first = self._file.read(_READ_BYTES)
        if first[:2] == b"\x1f\x8b":
            yield from self._unpacked(first)
            return
        while first:
            yield first
            first = self._file.read(_READ_BYTES)

    def _unpacked(self, packed: bytes) -> Iterator[bytes]:
        """All members of the stream, never more than some MiB at once, whatever a block claims to hold."""
        member = isal_zlib.decompressobj(wbits=31)
        begun = True
        try:
            while packed:
                yield member.decompress(packed, _READ_BYTES)
                packed = member.unconsumed_tail
                if member.eof:
                    packed = (member.unused_data or self._file.read(_READ_BYTES)).lstrip(b"\0")
                    member, begun = isal_zlib.decompressobj(wbits=31), False
                packed = packed or self._file.read(_READ_BYTES)
                begun |= bool(packed)
        except isal_zlib.IsalError as fault:
            raise FeedIsUnreadable(f"the gzip stream is damaged: {fault}. Fetch the file again.") from fault
        self.complete = not begun


def open_feed(path: Path) -> IO[bytes]:
    """A file of a feed as it is; `Source` unpacks it."""
    return path.open("rb")


def is_archive(path: Path) -> bool:
    """Whether a file, unpacked, is a tar archive."""
    with path.open("rb") as file:
        head = next(iter(Source(file).blocks()), b"")
    return head[257:262] == b"ustar"


def chunks(source: Source, wanted: frozenset[str]) -> Iterator[Chunk]:
    """Chunks of a document whose root is one of `wanted`. Sets source.complete to False if its end is missing.

    Raises SchemaHasChanged for another root, FeedIsUnreadable for what is no XML.
    """
    blocks = source.blocks()
    buffer = b""
    for block in blocks:
        buffer += block
        if _OPENING.match(buffer) or len(buffer) > _READ_BYTES:
            break
    opening = _OPENING.match(buffer)
    if opening is None:
        if not source.complete:
            return  # too little of it came to see what it is
        if not buffer.strip():
            raise FeedIsUnreadable("the file is empty, expected XML. Fetch it again.")
        raise FeedIsUnreadable("the file does not begin as XML. Is it the file that its kind says?")
    root = opening[1].decode()
    if b"<!DOCTYPE" in buffer[: opening.end()] or b"<!DOCTYPE" in buffer[:1024]:
        raise FeedIsUnreadable("the file has a document type declaration, which INSDC's feeds never have.")
    if root not in wanted:
        raise SchemaHasChanged(f"the root is <{root}>, expected {' or '.join(sorted(wanted))}.")
    document = ROOTS[root]
    encoding = _encoding(buffer)
    yield from _cut(source, blocks, buffer, document, root, encoding)


def _encoding(buffer: bytes) -> str | None:
    """The encoding to transcode from; None for UTF-8."""
    declared = _ENCODING.match(buffer.lstrip())
    name = declared[1].decode().lower() if declared else "utf-8"
    if name in ("utf-8", "us-ascii", "ascii"):
        return None
    if name in ("iso-8859-1", "latin-1", "latin1", "windows-1252"):
        return "cp1252" if name == "windows-1252" else "latin-1"
    raise FeedIsUnreadable(f"the file is in {name!r}; UTF-8 and ISO-8859-1 are read.")


def _cut(
    source: Source, blocks: Iterator[bytes], buffer: bytes, document: Document, root: str, encoding: str | None
) -> Iterator[Chunk]:
    bare = root == document.record
    end = f"</{document.record}>".encode()
    pieces, offset = [_utf8(buffer, encoding)], 0
    if not bare:  # the root's own tag is no record
        head = pieces[0]
        begin = head.index(b">", _OPENING.match(head).end()) + 1  # type: ignore[union-attr]
        pieces, offset = [head[begin:]], begin
        if head[begin - 2 : begin] == b"/>":
            return
    else:
        head = pieces[0]
        begin = _OPENING.match(head).end(0) - len(document.record) - 1  # type: ignore[union-attr]
        pieces, offset = [head[begin:]], begin
    rest = pieces[0]
    for block in blocks:
        rest += _utf8(block, encoding)
        if len(rest) < CHUNK_BYTES:
            continue
        cut = rest.rfind(end) + len(end)
        if cut < len(end):
            if len(rest) > LARGEST_RECORD_BYTES:
                raise FeedIsUnreadable(f"no <{document.record}> ends within {LARGEST_RECORD_BYTES:,} bytes")
            continue
        yield Chunk(document, rest[:cut], offset)
        offset += cut
        rest = rest[cut:]
    closing = f"</{root}>".encode()
    at = rest.rfind(closing)
    if bare:
        if at < 0 and not rest.rstrip().endswith(b"/>"):
            source.complete = False
        at = len(rest)
    elif at < 0:
        source.complete = False
        at = len(rest)
    if rest[:at].strip():
        yield Chunk(document, rest[:at], offset)


def _utf8(block: bytes, encoding: str | None) -> bytes:
    return block if encoding is None else block.decode(encoding, "replace").encode()


@cache
def _begins(record: str) -> re.Pattern[bytes]:
    return re.compile(rf"<{record}(?=[\s/>])".encode())


def records(chunk: Chunk) -> Iterator[tuple[int, bytes]]:
    """(offset, bytes) of each record of a chunk, also of what stands between records and is none.

    A record reaches from its begin to its first end, or, where that is missing, to the next one's begin.
    """
    begins = [match.start() for match in _begins(chunk.document.record).finditer(chunk.text)]
    end = f"</{chunk.document.record}>".encode()
    if leading := chunk.text[: begins[0] if begins else None].strip():
        yield chunk.offset, leading
    for begin, following in zip(begins, [*begins[1:], len(chunk.text)], strict=True):
        span = chunk.text[begin:following]
        at = span.find(end)
        tag = span.find(b">")
        if at < 0 and tag > 0 and span[tag - 1 : tag] == b"/":
            at, end_of = tag, 1
        else:
            end_of = len(end)
        cut = len(span) if at < 0 else at + end_of
        yield chunk.offset + begin, span[:cut]
        if rest := span[cut:].strip():
            yield chunk.offset + begin + cut, rest


def accession_in(record: bytes) -> str:
    """The first accession attribute of a damaged record, or ''."""
    found = re.search(rb"""accession\s*=\s*["']([A-Z]{3,6}\d{1,12})["']""", record)
    return found[1].decode() if found else ""


def roots_of(kind: Kind) -> frozenset[str]:
    """The roots that a file of a kind may have."""
    documents = {Kind.SRA_PACKAGE: (PACKAGE,), Kind.BIOSAMPLE: (BIOSAMPLE,), Kind.BIOPROJECT: (BIOPROJECT,)}
    if kind in documents:
        return frozenset(root for root, document in ROOTS.items() if document in documents[kind])
    others = {PACKAGE.record, BIOSAMPLE.record, BIOPROJECT.record}
    return frozenset(root for root, document in ROOTS.items() if document.record not in others)
