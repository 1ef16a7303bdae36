"""The parts of an .xlsx, taken out of its zip with every size bounded before a byte is unpacked. XML: see sheets."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator

from biotheca.workbooks.model import Limits, Unreadable

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_END = b"PK\x05\x06"
_END_BYTES = 22
_CHUNK = 65_536
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)
# Parts that a table of metadata has no use for and that programs obey.
_REFUSED = {
    "vbaproject": ("workbooks.macros", "It holds macros."),
    "macrosheets/": ("workbooks.macros", "It holds a macro sheet."),
    "activex/": ("workbooks.macros", "It holds ActiveX controls."),
    "externallinks/": ("workbooks.external_link", "It takes values from other workbooks."),
    "connections.xml": ("workbooks.external_link", "It takes values from a data connection."),
    "querytables/": ("workbooks.external_link", "It takes values from a query."),
    "embeddings/": ("workbooks.external_link", "It holds embedded documents."),
}


class Parts:
    """The named parts of one workbook."""

    def __init__(self, body: bytes, limits: Limits) -> None:
        """Raises Unreadable for everything that is no plain .xlsx of bearable size."""
        self.limits = limits
        self._left = limits.all_parts_bytes
        _must_be_zip(body, limits)
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(body))
            self._names = {info.filename.lower().lstrip("/"): info for info in self._zip.infolist()}
        except (zipfile.BadZipFile, ValueError, OSError, struct.error, NotImplementedError) as fault:
            message = "The file is damaged: its zip directory cannot be read."
            raise Unreadable("workbooks.not_a_workbook", message) from fault
        self._must_be_plain()

    def _must_be_plain(self) -> None:
        if any(info.flag_bits & 0x1 for info in self._names.values()):
            raise Unreadable("workbooks.encrypted", "The file is protected with a password.")
        for name in self._names:
            for piece, (rule, words) in _REFUSED.items():
                if piece in name:
                    raise Unreadable(rule, words, name[:100])
        if "[content_types].xml" not in self._names:
            what = "an OpenDocument sheet" if "mimetype" in self._names else "a zip file, but no workbook"
            raise Unreadable("workbooks.not_a_workbook", f"The file is {what}.")
        kinds = b"".join(self.chunks("[content_types].xml", 1_000_000)).lower()
        if b"macroenabled" in kinds:
            raise Unreadable("workbooks.macros", "It is a workbook with macros (.xlsm).")
        if b"sheet.binary" in kinds:
            raise Unreadable("workbooks.not_a_workbook", "It is a binary workbook (.xlsb).")
        if b"spreadsheetml" not in kinds:
            raise Unreadable("workbooks.not_a_workbook", "The file is an Office document, but no workbook.")

    def has(self, name: str) -> bool:
        """Whether there is such a part."""
        return name.lower().lstrip("/") in self._names

    def chunks(self, name: str, most_bytes: int | None = None) -> Iterator[bytes]:
        """The unpacked bytes of a part, bit by bit. Raises Unreadable beyond the limits, declared or real."""
        info = self._names.get(name.lower().lstrip("/"))
        if info is None:
            raise Unreadable("workbooks.not_a_workbook", f"The workbook lacks its part {name[:100]!r}.")
        most = min(most_bytes or self.limits.part_bytes, self._left)
        if info.file_size > most:
            raise _too_large(f"Its part {name[:100]!r} unpacks to {info.file_size} bytes.", f"at most {most} bytes")
        try:
            with self._zip.open(info) as stream:
                while data := stream.read(_CHUNK):
                    self._left -= len(data)
                    if self._left < 0:
                        raise _too_large("Its parts unpack to too many bytes.", f"{self.limits.all_parts_bytes} bytes")
                    yield data
        except _DAMAGE as fault:
            raise Unreadable("workbooks.not_a_workbook", f"Its part {name[:100]!r} cannot be unpacked.") from fault


def _too_large(message: str, expected: str) -> Unreadable:
    return Unreadable("workbooks.too_large", f"The workbook is too large to be read. {message}", expected=expected)


def _must_be_zip(body: bytes, limits: Limits) -> None:
    """Look at the first and last bytes alone: no directory is read that could be endless."""
    if body.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in body:
            raise Unreadable("workbooks.encrypted", "The file is protected with a password.")
        raise Unreadable("workbooks.legacy", "The file is a workbook of Excel 97-2003 (.xls).")
    if len(body) > limits.stored_bytes:
        raise _too_large(f"It has {len(body)} bytes.", f"at most {limits.stored_bytes} bytes")
    at = body.rfind(_END, max(0, len(body) - _END_BYTES - 65_535))
    if not body.startswith(b"PK") or at < 0 or at + _END_BYTES > len(body):
        what = "empty" if not body else "no .xlsx workbook"
        raise Unreadable("workbooks.not_a_workbook", f"The file is {what}.")
    count, size = struct.unpack_from("<HI", body, at + 10)
    if body[max(0, at - 20) : at].startswith(b"PK\x06\x07") or count > limits.entries or size > limits.directory_bytes:
        raise _too_large("It has too many parts.", f"at most {limits.entries} parts")
