"""BGZF (SAM specification, 4.1) by several threads: whole blocks are taken from the source in batches and unpacked side
by side, in order. Only what is plainly sound is passed; the first batch in any doubt is given back to the source, so
that the careful reader (gzip_members) can say what is wrong with it.
"""

from __future__ import annotations

import importlib
import io
import struct
import zlib
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from biotheca.formats import native
from biotheca.formats.faults import Meter
from biotheca.formats.source import Source

STORED_BYTES = 256 * 1024  # taken at once; unpacks to a megabyte or so
_DECODED_BYTES = 3 * 512 * 1024  # a batch claims no more, however well it shrinks
_BLOCK_BYTES = 64 * 1024
_HEAD = 18
_MAGIC = b"\x1f\x8b\x08\x04"
_EXTRA = b"\x06\x00BC\x02\x00"

_reader: Any
_FAULTS: tuple[type[Exception], ...] = (OSError, EOFError, ValueError, zlib.error)
try:
    _reader = importlib.import_module("isal.igzip").IGzipFile
    _FAULTS += (importlib.import_module("isal.isal_zlib").error,)
except ImportError:
    _reader = importlib.import_module("gzip").GzipFile


def starts(head: bytes) -> bool:
    """Whether a plain BGZF block begins with `head`."""
    return head[:4] == _MAGIC and head[10:16] == _EXTRA


@dataclass(frozen=True)
class Batch:
    """Whole blocks as stored. Sizes are those that their trailers claim: of all together, and of the last."""

    stored: bytes
    blocks: int
    decoded_bytes: int
    last_bytes: int


def take(source: Source) -> Batch | None:
    """The next whole blocks; None if what follows is no plain BGZF block, or none that is whole."""
    stored = source.take(STORED_BYTES)
    whole = native.bgzf_blocks if native.has_kernel() else blocks_in
    end, blocks, decoded, last = whole(stored, _DECODED_BYTES)
    source.give_back(stored[end:])
    return Batch(stored[:end], blocks, decoded, last) if blocks else None


def blocks_in(stored: bytes, most: int) -> tuple[int, int, int, int]:
    """The same as native.bgzf_blocks."""
    at = blocks = decoded = last = 0
    while at + _HEAD <= len(stored) and starts(stored[at : at + 16]):
        end = at + struct.unpack_from("<H", stored, at + 16)[0] + 1
        if end > len(stored) or end - at < _HEAD + 8:
            break
        size = struct.unpack_from("<I", stored, end - 4)[0]
        if size > _BLOCK_BYTES or decoded + size > most:
            break
        at, blocks, decoded, last = end, blocks + 1, decoded + size, size
    return at, blocks, decoded, last


def unpacked(batch: Batch) -> bytes | None:
    """Its decoded bytes; None if CRC-32, size or anything else is not as its blocks say."""
    by = native.bgzf_unpack if native.has_kernel() else unpacked_by_library
    return by(batch.stored, batch.decoded_bytes)


def unpacked_by_library(stored: bytes, decoded_bytes: int) -> bytes | None:
    """The same as native.bgzf_unpack."""
    try:
        with _reader(fileobj=io.BytesIO(stored)) as file:
            data: bytes = file.read(decoded_bytes + 1)
            # At the end of a block its trailer is compared only when more is asked for.
            data += file.read(1)
    except _FAULTS:  # the careful reader says it again, better
        return None
    return data if len(data) == decoded_bytes else None


def pieces(source: Source, meter: Meter, threads: int, passed: Callable[[Batch], None]) -> Generator[bytes]:
    """Decoded bytes of all blocks up to the first in doubt. `passed` is told of each batch before its bytes are given.

    Afterwards `source` stands at the first byte that was not passed. Raises UnpacksTooFar.
    """
    if threads < 2:
        yield from _pieces_here(source, meter, passed)
        return
    waiting: deque[tuple[Batch, int, Future[bytes | None]]] = deque()
    with ThreadPoolExecutor(threads, "bgzf") as pool:
        try:
            while True:
                while len(waiting) <= threads and (batch := take(source)):
                    waiting.append((batch, source.offset, pool.submit(unpacked, batch)))
                if not waiting:
                    return
                data = waiting[0][2].result()
                if data is None:
                    return
                batch, offset, _ = waiting.popleft()
                meter.add(len(data), offset)
                passed(batch)
                yield data
        finally:
            for _, _, future in waiting:
                future.cancel()
            source.give_back(b"".join(batch.stored for batch, _, _ in waiting))


def _pieces_here(source: Source, meter: Meter, passed: Callable[[Batch], None]) -> Generator[bytes]:
    """The same in the caller's thread."""
    while batch := take(source):
        data = unpacked(batch)
        if data is None:
            source.give_back(batch.stored)
            return
        meter.add(len(data), source.offset)
        passed(batch)
        yield data
