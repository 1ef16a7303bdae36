"""Where the frames of an object lie in its bytes: PS3.5 A.4 and 8.2. Pure; the job reads by it, the doors do not."""

from __future__ import annotations

from struct import iter_unpack, unpack_from
from typing import Any

from biotheca.formats.dicom import ITEM, PIXELS, SEQUENCE_END, Element, Part10
from biotheca.imaging.model import Range

_STREAM_STARTS = (
    b"\xff\xd8",
    b"\xff\x4f\xff\x51",
)  # JPEG and JPEG-LS, JPEG 2000: what a fragment of a new frame begins with
_NO_FRAMES = frozenset({0x7FE00008, 0x7FE00009})  # float and double pixels lie like native ones


def pixel_element(part: Part10, found: list[Element]) -> Element | None:
    """The element of the pixels, if its bytes can be read where they are: not of a deflated dataset."""
    if part.deflated:
        return None
    return next((one for one in found if one.tag == PIXELS or one.tag in _NO_FRAMES), None)


def native(header: dict[str, Any], pixels: Element, frames: int) -> int:
    """Bytes of one frame; 0 if frames do not begin at a byte (1 bit a pixel) or the value is too short for them."""
    bits = header["rows"] * header["columns"] * header["samples"] * header["bits"]
    if header.get("photometric") == "YBR_FULL_422" and header["samples"] == 3:  # two pixels share their colour
        bits = bits * 2 // 3
    if bits % 8 or not bits:
        return 0
    size = bits // 8
    return size if size * frames <= pixels.stop - pixels.value else 0


def encapsulated(
    data: bytes | memoryview, pixels: Element, frames: int, extended: bytes = b""
) -> tuple[tuple[Range, ...], ...]:
    """The ranges of each frame's fragments, from the beginning of the file; () if frames cannot be told apart.

    `extended`: the Extended Offset Table (7FE0,0001). Then the basic table, then one fragment a frame, then where
    streams begin.
    """
    table, fragments = _fragments(data, pixels)
    if not fragments or frames < 1:
        return ()
    first = fragments[0][0] - 8
    offsets = [at for (at,) in iter_unpack("<Q", extended[: len(extended) // 8 * 8])] if extended else table
    if frames == 1:
        return (tuple(fragments),)
    if len(offsets) == frames and offsets == sorted(set(offsets)) and offsets[0] == 0:
        return _by_offsets(fragments, first, offsets)
    if len(fragments) == frames:
        return tuple((one,) for one in fragments)
    return _by_starts(data, fragments, frames)


def _fragments(data: bytes | memoryview, pixels: Element) -> tuple[list[int], list[Range]]:
    """(offsets of the basic table, ranges of the fragments). What breaks off in between is no fragment."""
    at, items = pixels.value, []
    while at + 8 <= len(data):
        group, element, size = unpack_from("<HHI", data, at)
        if group << 16 | element == SEQUENCE_END or group << 16 | element != ITEM or at + 8 + size > len(data):
            break
        items.append((at + 8, size))
        at += 8 + size
    if not items:
        return [], []
    (start, size), *rest = items
    return [offset for (offset,) in iter_unpack("<I", bytes(data[start : start + size // 4 * 4]))], rest


def _by_offsets(fragments: list[Range], first: int, offsets: list[int]) -> tuple[tuple[Range, ...], ...]:
    """Fragments by the frame whose offset they lie behind; () if a frame does not begin with a fragment."""
    begins = {at - 8 - first for at, _ in fragments}
    if not begins.issuperset(offsets):
        return ()
    frames: list[list[Range]] = []
    wanted = set(offsets)
    for at, size in fragments:
        if at - 8 - first in wanted:
            frames.append([])
        frames[-1].append((at, size))
    return tuple(tuple(one) for one in frames)


def _by_starts(data: bytes | memoryview, fragments: list[Range], frames: int) -> tuple[tuple[Range, ...], ...]:
    found: list[list[Range]] = []
    for at, size in fragments:
        if bytes(data[at : at + 4]).startswith(_STREAM_STARTS):
            found.append([])
        if not found:
            return ()
        found[-1].append((at, size))
    return tuple(tuple(one) for one in found) if len(found) == frames else ()
