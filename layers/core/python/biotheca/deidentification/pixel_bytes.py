"""What hides in the bytes of pixel data: comments of JPEG streams, planes in unused bits. Overwritten in place."""

from __future__ import annotations

import re
from struct import unpack_from

import numpy as np

from biotheca.deidentification.model import Reason, SetAside
from biotheca.formats.dicom import Element, Form

# Markers without a length (ITU-T T.81 table B.1): start, end, restarts, TEM.
_BARE = frozenset({0x01, *range(0xD0, 0xDA)})
_APPLICATION = range(0xE0, 0xF0)
_KEPT = {0xE0: b"JFIF\0", 0xEE: b"Adobe", 0xE8: b"mrfx", 0xE2: b"ICC_PROFILE\0"}
_START_OF_SCAN, _COMMENT = 0xDA, 0xFE
_J2K_COMMENT, _J2K_TILE, _J2K_DATA = 0xFF64, 0xFF90, 0xFF93
_END = b"\xff\xd9"
# Behind FF no byte of coded data is above 7F but restarts (T.81 B.1.1.5, T.87 A.1, T.800 A.1).
_MARKER = re.compile(rb"\xff[\x80-\xcf\xd8-\xfe]")


def without_comments(frame: bytearray, at: int, end: int, goes_on: bool = False) -> int:
    """Blank comments and application data of a JPEG, JPEG-LS or JPEG 2000 stream between two bytes; returns how many.

    Lengths stay, so that offset tables hold. Left is what decoders need: JFIF, Adobe, colour transforms and profiles.
    Blanked is also what stands behind the end of a stream. `goes_on`: the bytes are a later part of one.
    """
    if frame[at : at + 2] == b"\xff\xd8":
        return _jpeg(frame, at + 2, end)
    if frame[at : at + 4] == b"\xff\x4f\xff\x51":
        return _jpeg2000(frame, at + 2, end)
    return _behind(frame, frame.find(_END, at, end), end) if goes_on else 0


def _jpeg(frame: bytearray, at: int, end: int) -> int:
    blanked = 0
    while at + 4 <= end and frame[at] == 0xFF:
        marker = frame[at + 1]
        if marker == _END[1]:
            break
        if marker in _BARE or marker == 0xFF:
            at += 1 if marker == 0xFF else 2
            continue
        (length,) = unpack_from(">H", frame, at + 2)
        first, last = at + 4, min(at + 2 + length, end)
        kept = _KEPT.get(marker)
        if marker == _COMMENT or (marker in _APPLICATION and not (kept and frame[first:last].startswith(kept))):
            blanked += any(frame[first:last])
            frame[first:last] = bytes(max(0, last - first))
        at = at + 2 + length
        if marker == _START_OF_SCAN:  # there may be comments between scans
            following = _MARKER.search(frame, at, end)
            at = following.start() if following else end
    return blanked + _behind(frame, at, end)


def _jpeg2000(frame: bytearray, at: int, end: int) -> int:
    blanked, tile, size = 0, 0, 0
    while at + 4 <= end:
        marker, length = unpack_from(">HH", frame, at)
        if marker == _J2K_DATA:
            at = tile + size if size else max(0, frame.find(_END, at, end))
            continue
        if marker >> 8 != 0xFF or frame[at : at + 2] == _END:
            break
        if marker == _J2K_TILE and at + 10 <= end:
            tile, (size,) = at, unpack_from(">I", frame, at + 6)
        if marker == _J2K_COMMENT:
            first, last = at + 6, min(at + 2 + length, end)  # after the registration value
            blanked += any(frame[first:last])
            frame[first:last] = b" " * max(0, last - first)
        at += 2 + length
    return blanked + _behind(frame, at, end)


def _behind(frame: bytearray, at: int, end: int) -> int:
    """Blank what follows the end of a stream, unless that is another stream."""
    if at < 0 or frame[at : at + 2] != _END:
        return 0
    rest = bytes(frame[at + 2 : end])
    if not rest.strip(b"\0\xff"):
        return 0
    if rest.startswith((b"\xff\xd8", b"\xff\x4f\xff\x51")):
        return without_comments(frame, at + 2, end)
    frame[at + 2 : end] = bytes(len(rest))
    return 1


def without_planes(pixels: bytes | memoryview, allocated: int, stored: int, signed: bool, little: bool) -> bytes | None:
    """Native pixel data whose bits above the stored ones say nothing; None if they are so already.

    An overlay may be kept in unused bits (retired; PS3.5 section 8.1.1, PS3.3 C.9.2), with or without one who says so.
    """
    if allocated not in (8, 16) or not 0 < stored < allocated:
        return None
    kind = f"{'<' if little else '>'}{'i' if signed else 'u'}{allocated // 8}"
    values = np.frombuffer(pixels, kind)
    least, most = (-(1 << stored - 1), (1 << stored - 1) - 1) if signed else (0, (1 << stored) - 1)
    if not len(values) or (values.max() <= most and (not signed or values.min() >= least)):
        return None
    spare = allocated - stored
    plain = (values << spare) >> spare if signed else values & ((1 << stored) - 1)
    return plain.astype(kind).tobytes()


def _number(facts: dict[int, bytes | memoryview], tag: int, form: Form, default: int = 0) -> int:
    value = bytes(facts.get(tag, b""))
    return int.from_bytes(value[:2], "little" if form.little else "big") if len(value) >= 2 else default


def must_fit(facts: dict[int, bytes | memoryview], element: Element, form: Form) -> None:
    """Native pixel data are as long as rows, columns, samples, bits and frames say, or the file is set aside."""
    rows, columns = (_number(facts, tag, form) for tag in (0x00280010, 0x00280011))
    samples, bits = _number(facts, 0x00280002, form, 1), _number(facts, 0x00280100, form)
    frames = bytes(facts.get(0x00280008, b"1")).strip(b" \0") or b"1"
    if not frames.isdigit():
        raise SetAside(Reason.DECLARED_SIZE, "The number of frames is no number.")
    photometric = bytes(facts.get(0x00280004, b""))
    if b"422" in photometric:
        samples = 2
    wanted = (rows * columns * samples * int(frames) * bits + 7) // 8
    there = element.stop - element.value
    if there not in (wanted, wanted + 1):
        raise SetAside(Reason.DECLARED_SIZE, f"The header declares {wanted} bytes of pixels, {there} are there.")


def plain(data: bytes | memoryview, element: Element, facts: dict[int, bytes | memoryview], form: Form) -> bytes | None:
    allocated, stored, signed = (_number(facts, tag, form) for tag in (0x00280100, 0x00280101, 0x00280103))
    return without_planes(memoryview(data)[element.value : element.stop], allocated, stored, bool(signed), form.little)


def comments_blanked(data: bytes | memoryview, element: Element) -> bytes | bytearray:
    whole = bytearray(data[element.head : element.next])
    base = element.head
    at, end = element.value - base, element.stop - base
    first, streams = True, False
    while at + 8 <= end:
        length = int.from_bytes(whole[at + 4 : at + 8], "little")
        if not first:  # the first item is the offset table
            without_comments(whole, at + 8, at + 8 + length, streams)
            streams = streams or whole[at + 8 : at + 10] in (b"\xff\xd8", b"\xff\x4f")
        first, at = False, at + 8 + length
    return whole
