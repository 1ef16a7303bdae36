"""Whether the pixels of an object carry text: every frame read, or some read and all screened, by risk. Pure.

The verdict holds where text was found and keyed marks of it, never the text. What is done about it: blank.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import FileDataset
from pydicom.pixels import apply_color_lut, iter_pixels, pixel_array

from biotheca.deidentification import ocr, screen
from biotheca.deidentification.model import Reason, Sighting, Tier, Verdict
from biotheca.deidentification.risk import BURNED_IN, opened, says_burned_in, tier
from biotheca.deidentification.screen import Box, Grey

MOST_FRAME_PIXELS = 120_000_000
MOST_FRAMES = 4_000
MOST_BYTES = 4 * 1024**3  # decoded, all frames
MOST_SECONDS = 1_800.0
_SKEWED = 0.5
_COLOURED = 0.1
_BRIGHTNESS = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
_CLOSE_UPS = 6  # lines of a frame that the screen sees and the reader did not


Mark = Callable[[bytes], str]


def looked_at(
    data: bytes,
    mark: Mark,
    sample: bool = True,
    every_frame: bool = False,
    clock: Callable[[], float] = time.monotonic,
) -> Verdict:
    """Look for text in the pixels of a file.

    `sample`: of a plain slice of a scanner, whether it is one of those of its series that are read (first, middle,
    last). `every_frame`: read all, and whatever the header says, as after blanking. `mark` makes a keyed mark of
    a text. An object that cannot be decoded, is too large or takes too long has PIXEL_UNREAD: it is never passed.
    """
    dataset = opened(data)
    if dataset is None:
        return Verdict(Tier.EVERY_FRAME, reason=Reason.PIXEL_UNREAD, words="It cannot be read again.")
    level = tier(dataset)
    if level is Tier.NO_PIXELS:
        return Verdict(level)
    level = Tier.EVERY_FRAME if every_frame else level
    if says_burned_in(dataset) and not every_frame:
        return Verdict(level, reason=Reason.BURNED_IN, words=BURNED_IN)
    name = ocr.name()
    if words := too_large(dataset):
        return Verdict(level, name, reason=Reason.PIXEL_UNREAD, words=words)
    frames = int(dataset.get("NumberOfFrames") or 1)
    chosen = set(range(frames)) if level is Tier.EVERY_FRAME else {0, frames // 2, frames - 1}
    if level is Tier.SAMPLED and frames == 1 and not sample:
        chosen = set()
    palette = dataset.get("PhotometricInterpretation") == "PALETTE COLOR"
    deadline = clock() + MOST_SECONDS
    seen, read = 0, 0
    sightings: list[Sighting] = []
    try:
        for number, frame in enumerate(_frames(dataset, frames)):
            if clock() > deadline:
                words = f"Reading took more than {MOST_SECONDS:.0f} seconds."
                return Verdict(level, name, frames, seen, read, tuple(sightings), Reason.PIXEL_UNREAD, words)
            # A palette may give like numbers unlike colours: what is looked at is what is shown.
            shown = apply_color_lut(frame, dataset) if palette else frame
            lines, was_read = _frame(shown, number in chosen)
            seen, read = seen + 1, read + was_read
            sightings += [Sighting(number, one.box, one.confidence, mark(one.text.encode())) for one in lines]
    except Exception as fault:  # decoders raise whatever they like
        words = f"The pixels cannot be decoded: {type(fault).__name__}."
        return Verdict(level, name, frames, seen, read, tuple(sightings), Reason.PIXEL_UNREAD, words)
    if seen != frames:
        words = f"The header declares {frames} frames, {seen} are there."
        return Verdict(level, name, frames, seen, read, tuple(sightings), Reason.PIXEL_UNREAD, words)
    if sightings:
        words = f"Text stands in the pixels, in {len({one.frame for one in sightings})} of {frames} frame(s)."
        return Verdict(level, name, frames, seen, read, tuple(sightings), Reason.PIXEL_TEXT, words)
    return Verdict(level, name, frames, seen, read)


def located(frame: NDArray[np.generic]) -> list[Box]:
    """Every box of a frame where text may stand, confirmed or not: for a curator, and for the bench."""
    boxes: list[Box] = []
    for picture in renderings(frame):
        boxes += [one.box for one in ocr.reader().lines(picture)] + screen.suspects(picture)
    return boxes


def too_large(dataset: FileDataset) -> str:
    """A sentence if the header declares more than is decoded here, or nothing that can be; otherwise empty."""
    try:
        rows, columns = int(dataset.Rows), int(dataset.Columns)
        frames = int(dataset.get("NumberOfFrames") or 1)
        samples, bits = int(dataset.get("SamplesPerPixel", 1)), int(dataset.get("BitsAllocated", 8))
    except (AttributeError, TypeError, ValueError):
        return "The header does not say how large the picture is."
    if min(rows, columns, frames, samples, bits) < 1:
        return "The header declares a picture without pixels."
    if rows * columns > MOST_FRAME_PIXELS:
        return f"{rows} x {columns} pixels are declared; more than {MOST_FRAME_PIXELS} are not read."
    if frames > MOST_FRAMES:
        return f"{frames} frames are declared; more than {MOST_FRAMES} are not read."
    if rows * columns * samples * frames * max(1, bits // 8) > MOST_BYTES:
        return f"More than {MOST_BYTES} bytes of pixels are declared."
    return ""


def renderings(frame: NDArray[np.generic]) -> Iterator[Grey]:
    """A frame as grey pictures of 8 bits: its whole range and, where few values take most of it, the common ones.

    Letters are drawn in the highest value that the bits allow, or in a grey of the tissue: no one window shows both.
    Colours give their brightness and, where they differ from it, their strongest and weakest parts: red letters on
    white have the strongest part of white, red ones on blue that of blue.
    """
    values = frame.astype(np.float32)
    if values.ndim == 2:
        yield from _windows(values)
        return
    colours = values[..., :3]
    shown = [np.asarray(colours @ _BRIGHTNESS, np.float32)]
    span = float(colours.max() - colours.min())
    for part in (colours.max(axis=2), colours.min(axis=2)):
        if float(np.abs(part - shown[0]).max()) > _COLOURED * span:
            shown.append(part)
    for one in shown:
        yield from _windows(one)


def _windows(values: NDArray[np.float32]) -> Iterator[Grey]:
    finite = values[np.isfinite(values)]
    if not finite.size:
        return
    low, high = float(finite.min()), float(finite.max())
    if low == high:
        return
    yield _grey(values, low, high)
    inner_low, inner_high = (float(value) for value in np.percentile(finite, (0.5, 99.5)))
    if 0 < inner_high - inner_low < _SKEWED * (high - low):
        yield _grey(values, inner_low, inner_high)


def _frames(dataset: FileDataset, frames: int) -> Iterator[NDArray[np.generic]]:
    """All frames that are there, also such as the header does not declare."""
    if frames > 1:
        yield from iter_pixels(dataset, raw=False)
        return
    # pydicom 3.0.2 cannot iterate over JPEG 2000 whose sign is not the header's, and reads it at once.
    whole = pixel_array(dataset, raw=False)
    yield from whole if whole.ndim > 2 + (dataset.get("SamplesPerPixel", 1) > 1) else [whole]


def _frame(frame: NDArray[np.generic], chosen: bool) -> tuple[list[ocr.Found], bool]:
    """(confirmed text of a frame, whether all of it was read). Lines that the screen sees are read alone."""
    found: list[ocr.Found] = []
    for picture in renderings(frame):
        boxes = screen.suspects(picture)
        if chosen:
            found += ocr.reader().lines(picture)
        if any(one.confirmed for one in found):
            break  # enough to set it aside; what is left is found when this is blanked
        for box in boxes[:_CLOSE_UPS]:
            line = ocr.reader().close_up(picture, box)
            found += [line] if line else []
    return [one for one in found if one.confirmed], chosen


def _grey(values: NDArray[np.float32], low: float, high: float) -> Grey:
    scaled = np.clip((np.nan_to_num(values, nan=low, posinf=high, neginf=low) - low) * (255.0 / (high - low)), 0, 255)
    return scaled.astype(np.uint8)
