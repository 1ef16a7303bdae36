"""Stored values as a picture without a pixel library: grey by rescale and window, RGB as it is; PNG. Pure."""

from __future__ import annotations

import sys
import zlib
from array import array
from struct import pack

from biotheca.errors import Finding, Invalid
from biotheca.imaging.model import Instance, NotOffered

SHOWN_AS_IT_IS = frozenset({"1.2.840.10008.1.2.4.50"})  # JPEG of 8 bits, which every viewer of pictures knows
_BIG = "1.2.840.10008.1.2.2"
Window = tuple[float, float]


def window_of(text: str | None) -> Window | None:
    """(centre, width) of a query's window=centre,width[,linear]. Invalid for anything else, and for other functions."""
    if not text:
        return None
    centre, *rest = text.split(",")
    try:
        width, function = rest[0], rest[1] if len(rest) > 1 else "linear"
        found = float(centre), float(width)
        if found[1] < 1 or function.casefold() != "linear" or len(rest) > 2:
            raise ValueError(text)
    except (ValueError, IndexError):
        message = "A window is centre,width or centre,width,linear; the width is 1 or more."
        raise Invalid(message, [Finding("imaging.query", "?window", message, text[:60], "40,400")]) from None
    return found


def png(frame: bytes, one: Instance, window: Window | None = None) -> bytes:
    """A native frame as PNG. NotOffered for palettes, colour spaces and depths that are not shown here."""
    kind, samples = one.shown.get("photometric"), one.shown.get("samples", 1)
    if kind in ("MONOCHROME1", "MONOCHROME2") and samples == 1 and one.bits in (8, 16):
        return _png(_grey(frame, one, window), one.columns, one.rows, 1)
    if kind == "RGB" and samples == 3 and one.bits == 8:
        return _png(_interleaved(frame, one), one.columns, one.rows, 3)
    raise NotOffered(f"Pixels of {kind} with {one.bits} bits are not shown here; take the frame, or the thumbnail.")


def _grey(frame: bytes, one: Instance, window: Window | None) -> bytes:
    """One byte a pixel, by PS3.3 C.11.1 and C.11.2.1.2.1. Values are looked up: there are 65,536 of them at most."""
    values = array("H" if one.bits == 16 else "B")
    values.frombytes(frame[: one.rows * one.columns * one.bits // 8])
    if one.bits == 16 and (one.syntax == _BIG) != (sys.byteorder == "big"):
        values.byteswap()
    shown = one.shown
    stored = shown.get("stored") or one.bits
    mask, sign = (1 << stored) - 1, (1 << (stored - 1) if shown.get("signed") else 0)
    slope, intercept = shown.get("slope", 1.0), shown.get("intercept", 0.0)
    real = {raw: ((raw & mask) - ((raw & sign) << 1)) * slope + intercept for raw in set(values)}
    given = window or (tuple(shown["window"]) if shown.get("window") else None)
    if given:
        centre, width = given
        low, span = centre - 0.5 - (width - 1) / 2, max(width - 1, 1e-9)
    else:
        low = min(real.values())
        span = max(max(real.values()) - low, 1e-9)
    inverted = shown.get("photometric") == "MONOCHROME1"
    table = bytearray(1 << one.bits)
    for raw, value in real.items():
        level = round(min(max((value - low) / span, 0.0), 1.0) * 255)
        table[raw] = 255 - level if inverted else level
    return bytes(map(table.__getitem__, values))


def _interleaved(frame: bytes, one: Instance) -> bytes:
    count = one.rows * one.columns
    if not one.shown.get("planar"):
        return frame[: 3 * count]
    made = bytearray(3 * count)
    for place in range(3):
        made[place::3] = frame[place * count : (place + 1) * count]
    return bytes(made)


def _png(pixels: bytes, width: int, height: int, samples: int) -> bytes:
    line = width * samples
    lines = b"".join(b"\0" + pixels[at : at + line] for at in range(0, line * height, line))
    header = pack(">IIBBBBB", width, height, 8, 0 if samples == 1 else 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines, 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        pack(">I", len(data)) + name + data + pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
