"""Media types of DICOMweb: what a caller takes, multipart bodies (PS3.18 section 8.6, 8.7; RFC 2387). Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from biotheca.imaging.model import NotOffered

DICOM, DICOM_JSON, OCTETS, ZIP, PNG, JPEG = (
    "application/dicom",
    "application/dicom+json",
    "application/octet-stream",
    "application/zip",
    "image/png",
    "image/jpeg",
)
# Media types of encapsulated frames by transfer syntax (PS3.18 table 8.7.3-2 and -5).
_FRAMES = {
    "1.2.840.10008.1.2.4.50": JPEG,
    "1.2.840.10008.1.2.4.51": JPEG,
    "1.2.840.10008.1.2.4.57": JPEG,
    "1.2.840.10008.1.2.4.70": JPEG,
    "1.2.840.10008.1.2.4.80": "image/jls",
    "1.2.840.10008.1.2.4.81": "image/jls",
    "1.2.840.10008.1.2.4.90": "image/jp2",
    "1.2.840.10008.1.2.4.91": "image/jp2",
    "1.2.840.10008.1.2.4.92": "image/jpx",
    "1.2.840.10008.1.2.4.93": "image/jpx",
    "1.2.840.10008.1.2.4.201": "image/jphc",
    "1.2.840.10008.1.2.4.202": "image/jphc",
    "1.2.840.10008.1.2.4.203": "image/jphc",
    "1.2.840.10008.1.2.5": "image/dicom-rle",
}
_PIECE = re.compile(r'((?:[^,"]|"[^"]*")+)')
_PARAMETER = re.compile(r';\s*([\w-]+)\s*=\s*(?:"([^"]*)"|([^;\s]*))')


@dataclass(frozen=True)
class Taken:
    """One media type that a caller takes; of multipart/related that of its parts. `syntax`: "*" or a UID, if said."""

    kind: str
    multipart: bool = False
    syntax: str = ""
    quality: float = 1.0

    def fits(self, kind: str, syntax: str = "") -> bool:
        """Whether it lets a media type (and transfer syntax) through."""
        major = self.kind.partition("/")[0]
        same = self.kind in (kind, "*/*") or (self.kind.endswith("/*") and kind.startswith(f"{major}/"))
        return same and (not syntax or self.syntax in ("", "*", syntax))


def accepted(header: str | None) -> list[Taken]:
    """What an Accept header lists, best first. Nothing said takes everything.

    >>> accepted('multipart/related; type="application/dicom"; transfer-syntax=*')
    [Taken(kind='application/dicom', multipart=True, syntax='*', quality=1.0)]
    """
    found = []
    for piece in _PIECE.findall(header or "*/*"):
        kind = piece.partition(";")[0].strip().lower()
        given = {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(piece)}
        try:
            quality = float(given.get("q") or 1)
        except ValueError:
            quality = 0.0
        multipart = kind == "multipart/related"
        inside = given.get("type", "*/*").lower() if multipart else kind
        if quality > 0 and kind:
            found.append(Taken(inside, multipart, given.get("transfer-syntax", ""), quality))
    return sorted(found, key=lambda one: -one.quality)


def chosen(header: str | None, offers: list[tuple[str, bool]], syntaxes: frozenset[str] = frozenset()) -> Taken:
    """The first of the caller's types that one of the offers (media type, multipart) meets, as it is then sent.

    `syntaxes`: those of what would be sent; all must be taken. Raises NotOffered with what is offered.
    """
    for one in accepted(header):
        for kind, multipart in offers:
            whole = one.kind == "*/*" and not one.multipart
            if (one.multipart == multipart or whole) and all(one.fits(kind, each) for each in syntaxes or {""}):
                return Taken(kind, multipart, one.syntax)
    told = ", ".join(f'multipart/related; type="{kind}"' if multipart else kind for kind, multipart in offers)
    stored = f" in {', '.join(sorted(syntaxes))}" if syntaxes else ""
    raise NotOffered(f"This can be had as {told}{stored}, not as {(header or '')[:200]!r}.")


def of_frames(syntax: str, encapsulated: bool) -> str:
    """The media type of frames as they are stored."""
    return _FRAMES.get(syntax, OCTETS) if encapsulated else OCTETS


@dataclass(frozen=True)
class Multipart:
    """A multipart/related body whose pieces may lie elsewhere: heads and sizes tell its length beforehand."""

    kind: str
    heads: tuple[bytes, ...]
    sizes: tuple[int, ...]
    boundary: str

    @property
    def content_type(self) -> str:
        """As the header of the answer."""
        return f'multipart/related; type="{self.kind}"; boundary={self.boundary}'

    @property
    def size_bytes(self) -> int:
        """Of the whole body."""
        return sum(map(len, self.heads)) + sum(self.sizes) + len(self._end)

    @property
    def _end(self) -> bytes:
        return f"\r\n--{self.boundary}--\r\n".encode()

    def body(self, parts: list[bytes]) -> bytes:
        """The whole body."""
        return b"".join(self._pieces(parts))

    def _pieces(self, parts: list[bytes]) -> Iterator[bytes]:
        for head, part in zip(self.heads, parts, strict=True):
            yield head
            yield part
        yield self._end


def multipart(kind: str, parts: list[tuple[str, int, str]]) -> Multipart:
    """A body of parts: transfer syntax, size in bytes, Content-Location. The same parts have the same boundary."""
    marks = "\n".join(f"{syntax} {size} {place}" for syntax, size, place in parts)
    boundary = hashlib.sha256(f"{kind}\n{marks}".encode()).hexdigest()[:40]
    heads = []
    for number, (syntax, size, place) in enumerate(parts):
        lines = [f"--{boundary}", f"Content-Type: {kind}; transfer-syntax={syntax}", f"Content-Length: {size}"]
        lines += [f"Content-Location: {place}"] if place else []
        heads.append((("\r\n" if number else "") + "\r\n".join(lines) + "\r\n\r\n").encode())
    return Multipart(kind, tuple(heads), tuple(size for _, size, _ in parts), boundary)
