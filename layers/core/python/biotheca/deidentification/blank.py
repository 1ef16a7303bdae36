"""Text taken out of the pixels of an object, as a curator's act: boxes blanked in all frames, encoded anew, read again.

The result is an object like the one that came, for the engine and its verifier as any other. Pictures of before and
after go back to the caller, for a private place: that of before shows what identifies.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pydicom
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import FileDataset
from pydicom.pixels import get_decoder, pack_bits
from pydicom.uid import (
    UID,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEG2000TransferSyntaxes,
    JPEGLSLossless,
    JPEGLSTransferSyntaxes,
    RLELossless,
)

from biotheca.deidentification import pixels
from biotheca.deidentification.model import Reason, SetAside, Tier, Verdict
from biotheca.deidentification.risk import opened, regions, tier
from biotheca.deidentification.screen import Box

ROUNDS = 6  # a frame is shown in up to six ways, and read until one has text
_MARGIN = 2


@dataclass(frozen=True)
class Blanked:
    """An object with its text blanked, and what a curator looks at. `before` and `after`: PNG of the worst frame."""

    data: bytes
    boxes: tuple[Box, ...]
    before: bytes
    after: bytes
    verdict: Verdict


def blanked(data: bytes, mark: Callable[[bytes], str], boxes: Iterable[Box] = ()) -> Blanked:
    """Blank all text that is found in the pixels of a file, and `boxes` (left, top, right, bottom) of the curator's.

    Of ultrasound, first all that lies outside the regions that its header names. What is blanked in one frame is
    blanked in all. Encoded without loss, in the family it came in where that can be written (RLE, JPEG-LS, JPEG 2000),
    else as explicit little endian; (0028,2110), that it once lost something, stays. All frames are then read again, and
    nothing may be found. Raises SetAside: PIXEL_TEXT if something still is, or nothing was to blank; PIXEL_UNREAD.
    """
    dataset = opened(data)
    if dataset is None or tier(dataset) is Tier.NO_PIXELS or "PixelData" not in dataset:
        raise SetAside(Reason.PIXEL_UNREAD, "It has no pixels that can be blanked.")
    if words := pixels.too_large(dataset):
        raise SetAside(Reason.PIXEL_UNREAD, words)
    syntax = dataset.file_meta.TransferSyntaxUID
    frames, photometric = _decoded(dataset)
    chosen = [*_outside(dataset, frames.shape[1:3]), *boxes]
    original = frames.copy()
    fill = _fill(frames, photometric)
    told, result = None, b""
    worst = 0
    for turn in range(ROUNDS):
        for left, top, right, bottom in chosen:
            frames[:, max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = fill
        if turn or chosen:
            result = _written(data, frames, photometric, syntax)
        told = pixels.looked_at(result or data, mark, every_frame=True)
        if told.reason is Reason.PIXEL_UNREAD:
            raise SetAside(told.reason, told.words)
        if not told.sightings:
            break
        if not turn:
            numbers = [one.frame for one in told.sightings]
            worst = max(set(numbers), key=numbers.count)
        chosen += [_with_margin(one.box) for one in told.sightings]
    if not chosen:
        raise SetAside(Reason.PIXEL_TEXT, "Nothing was found to blank: name the boxes.")
    if told is None or told.sightings:
        raise SetAside(Reason.PIXEL_TEXT, f"Text is still found after {ROUNDS} rounds of blanking.")
    _must_be_the_same_outside(original, frames, result, chosen)
    return Blanked(result, tuple(chosen), png_of(original[worst]), png_of(frames[worst]), told)


def _decoded(dataset: FileDataset) -> tuple[NDArray[np.generic], str]:
    """(array (frames, rows, columns[, samples]), photometric interpretation): colours as RGB, palettes as they are."""
    try:
        found, told = get_decoder(dataset.file_meta.TransferSyntaxUID).as_array(dataset, raw=False)
    except Exception as fault:  # decoders raise whatever they like
        raise SetAside(Reason.PIXEL_UNREAD, f"The pixels cannot be decoded: {type(fault).__name__}.") from None
    samples = int(dataset.get("SamplesPerPixel", 1))
    shape = (int(dataset.Rows), int(dataset.Columns), *((samples,) if samples > 1 else ()))
    return found.reshape(-1, *shape).copy(), str(told["photometric_interpretation"])


def _outside(dataset: FileDataset, shape: tuple[int, ...]) -> list[Box]:
    """What lies outside all ultrasound regions, as boxes; none if no region is named."""
    named = regions(dataset)
    if not named:
        return []
    rows, columns = shape
    across = sorted({0, columns, *(min(columns, max(0, x)) for r in named for x in (r[0], r[2]))})
    down = sorted({0, rows, *(min(rows, max(0, y)) for r in named for y in (r[1], r[3]))})
    return [
        (left, top, right, bottom)
        for top, bottom in pairwise(down)
        for left, right in pairwise(across)
        if not any(r[0] <= left < r[2] and r[1] <= top < r[3] for r in named)
    ]


def _fill(frames: NDArray[np.generic], photometric: str) -> int | float:
    """A value that is shown black; of a palette any one value, the lowest."""
    value = frames.max() if photometric == "MONOCHROME1" else frames.min()
    return value.item()


def _written(data: bytes, frames: NDArray[np.generic], photometric: str, syntax: UID) -> bytes:
    """The object with other pixels, not compressed, or as it was compressed."""
    made = pydicom.dcmread(io.BytesIO(data))
    made.PhotometricInterpretation = photometric
    if frames.ndim == 4:
        made.PlanarConfiguration = 0
    body = pack_bits(frames) if made.BitsAllocated == 1 else frames.astype(frames.dtype.newbyteorder("<")).tobytes()
    made.PixelData = body + b"\0" * (len(body) & 1)
    made["PixelData"].VR = "OW" if made.BitsAllocated > 8 else "OB"
    made["PixelData"].is_undefined_length = False
    for keyword in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths"):
        if keyword in made:
            del made[keyword]
    made.BurnedInAnnotation = "NO"
    little = pydicom.dcmread(io.BytesIO(_saved(made, ExplicitVRLittleEndian)))
    family = _family(syntax)
    if family is None or made.BitsAllocated not in (8, 16):
        return _saved(little, ExplicitVRLittleEndian)
    try:
        little.compress(family, generate_instance_uid=False)
    except Exception:  # what an encoder will not take goes without compression
        return _saved(pydicom.dcmread(io.BytesIO(_saved(made, ExplicitVRLittleEndian))), ExplicitVRLittleEndian)
    return _saved(little, family)


def _family(syntax: UID) -> UID | None:
    if syntax == RLELossless:
        return RLELossless
    if syntax in JPEGLSTransferSyntaxes:
        return JPEGLSLossless
    return JPEG2000Lossless if syntax in JPEG2000TransferSyntaxes else None


def _saved(made: FileDataset, syntax: UID) -> bytes:
    held = io.BytesIO()
    made.file_meta.TransferSyntaxUID = syntax
    pydicom.dcmwrite(held, made, enforce_file_format=True, little_endian=True, implicit_vr=False)
    return held.getvalue()


def _must_be_the_same_outside(
    before: NDArray[np.generic], after: NDArray[np.generic], result: bytes, chosen: list[Box]
) -> None:
    """What was written is what was meant, and nothing changed but inside the boxes."""
    written, _ = _decoded(pydicom.dcmread(io.BytesIO(result)))
    here = np.zeros(before.shape[1:3], bool)
    for left, top, right, bottom in chosen:
        here[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = True
    if not np.array_equal(written, after) or not np.array_equal(before[:, ~here], after[:, ~here]):
        raise SetAside(Reason.VERIFY_VALUE, "Pixels outside the boxes are not what they were.")


def _with_margin(box: Box) -> Box:
    left, top, right, bottom = box
    return (max(0, left - _MARGIN), max(0, top - _MARGIN), right + _MARGIN, bottom + _MARGIN)


def png_of(frame: NDArray[np.generic]) -> bytes:
    """A frame as a picture of 8 bits."""
    held = io.BytesIO()
    picture = next(pixels.renderings(frame), np.zeros(frame.shape[:2], np.uint8))
    Image.fromarray(frame[..., :3] if frame.ndim == 3 and frame.dtype == np.uint8 else picture).save(held, "PNG")
    return held.getvalue()
