"""tar (POSIX ustar and pax, GNU long names) as a stream: members one behind the other, nothing written to disk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from biotheca.formats.source import Source

BLOCK_BYTES = 512
_PIECE_BYTES = 256 * 1024
_MAX_HEADER_BYTES = 1024 * 1024  # of a long name or a pax header
_KINDS = {b"0": "file", b"\0": "file", b"7": "file", b"5": "folder", b"1": "link", b"2": "link"}


class TarFault(Exception):
    """The archive cannot be read on. `code` and `reason` say why, `offset` is where."""

    def __init__(self, code: str, reason: str, offset: int) -> None:
        super().__init__(reason)
        self.code, self.reason, self.offset = code, reason, offset


@dataclass(frozen=True)
class Entry:
    """A member: `kind` is "file", "folder", "link" or "device"."""

    name: str
    size_bytes: int
    kind: str


class Tar:
    """Go through `entries()`; between two steps, `pieces()` are the bytes of the last one, if somebody wants them."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._left = self._padding = 0

    def entries(self) -> Iterator[Entry]:
        """Every member in order. Raises TarFault."""
        long_name, pax = "", dict[str, str]()
        while True:
            self._skip()
            head = self._take(BLOCK_BYTES)
            if not head.strip(b"\0"):
                return self._end()
            size = self._header(head)
            kind, name = head[156:157], self._name(head)
            if kind in (b"L", b"K", b"x", b"g"):
                data = self._extra(size)
                if kind == b"L":
                    long_name = data.rstrip(b"\0").decode("utf-8", "backslashreplace")
                elif kind == b"x":
                    pax = self._pax(data)
                continue
            if pax.get("size", "").isdigit():
                size = int(pax["size"])
            self._left, self._padding = size, -size % BLOCK_BYTES
            yield Entry(pax.get("path") or long_name or name, size, _KINDS.get(kind, "device"))
            long_name, pax = "", {}

    def pieces(self) -> Iterator[bytes]:
        """The bytes of the member that was told last. Raises TarFault if they are not all there."""
        while self._left:
            piece = self._source.take(min(self._left, _PIECE_BYTES))
            if not piece:
                raise TarFault("tar_cut", "it ends inside a member", self._source.offset)
            self._left -= len(piece)
            yield piece

    def _end(self) -> None:
        """Only zeros may follow."""
        while data := self._source.some():
            if data.strip(b"\0"):
                raise TarFault("tar_broken", "bytes follow its end", self._source.offset)

    def _skip(self) -> None:
        for _ in self.pieces():
            pass
        if self._padding and len(self._source.take(self._padding)) < self._padding:
            raise TarFault("tar_cut", "it ends inside a member", self._source.offset)
        self._padding = 0

    def _take(self, count: int) -> bytes:
        data = self._source.take(count)
        if len(data) < count:
            raise TarFault("tar_cut", "its two empty blocks at the end are missing", self._source.offset)
        return data

    def _header(self, head: bytes) -> int:
        """The size that a header tells, after its check sum was compared."""
        told = self._octal(head[148:156])
        if told != sum(head[:148]) + 8 * 32 + sum(head[156:]):
            raise TarFault("tar_broken", "the check sum of a header is wrong", self._source.offset - BLOCK_BYTES)
        field = head[124:136]
        size = int.from_bytes(field[1:], "big") if field[0] == 0x80 else self._octal(field)
        if size < 0:
            raise TarFault("tar_broken", "a size is no number", self._source.offset - BLOCK_BYTES)
        return size

    @staticmethod
    def _octal(field: bytes) -> int:
        digits = field.split(b"\0")[0].strip()
        return int(digits or b"0", 8) if not digits.translate(None, b"01234567") else -1

    @staticmethod
    def _name(head: bytes) -> str:
        name = head[:100].split(b"\0")[0]
        prefix = head[345:500].split(b"\0")[0] if head[257:262] == b"ustar" and head[263:265] == b"00" else b""
        return (prefix + b"/" + name if prefix else name).decode("utf-8", "backslashreplace")

    def _extra(self, size: int) -> bytes:
        if size > _MAX_HEADER_BYTES:
            raise TarFault("tar_broken", "a header has more than a megabyte", self._source.offset)
        data = self._take(size)
        self._take(-size % BLOCK_BYTES)
        return data

    def _pax(self, data: bytes) -> dict[str, str]:
        """Records `length key=value` of a pax header."""
        found, at = {}, 0
        while at < len(data):
            digits = data[at : at + 20].partition(b" ")[0]
            length = int(digits) if digits.isdigit() else 0
            record = data[at : at + length].rstrip(b"\n")
            if length <= len(digits) or at + length > len(data) or b"=" not in record:
                raise TarFault("tar_broken", "a pax header is malformed", self._source.offset)
            key, _, value = record[len(digits) + 1 :].partition(b"=")
            found[key.decode("utf-8", "backslashreplace")] = value.decode("utf-8", "backslashreplace")
            at += length
        return found
