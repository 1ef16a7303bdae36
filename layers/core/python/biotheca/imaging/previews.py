"""Small pictures of a series: of each instance the middle frame, and a strip of at most twelve side by side.

Drawn after the pixels passed their inspection. Values to grey: rescale, then the window of the header or the range of
the values (PS3.3 C.11.1, C.11.2).
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import FileDataset
from pydicom.pixels import apply_color_lut, convert_color_space, pixel_array

from biotheca.imaging.model import STRIP

SIDE = 128  # pixels of the longer side of a picture
IN_A_STRIP = 12
MOST_FRAME_PIXELS = 120_000_000


def drawn(folder: Path, files: list[tuple[str, str, int | None]]) -> dict[str, bytes]:
    """PNG by UID of the instance, and `strip`; `files`: name, UID, InstanceNumber. Empty without pixels."""
    ordered = sorted(files, key=lambda one: (one[2] is None, one[2] or 0, one[1]))
    made: dict[str, Image.Image] = {}
    for name, uid, _ in ordered:
        picture = small(pydicom.dcmread(folder / name))
        if picture is not None:
            made[uid] = picture
    if not made:
        return {}
    return {STRIP: _png(_side_by_side(chosen(list(made.values()))))} | {uid: _png(one) for uid, one in made.items()}


def chosen(pictures: list[Image.Image]) -> list[Image.Image]:
    """At most twelve, evenly spread from the first to the last."""
    if len(pictures) <= IN_A_STRIP:
        return pictures
    return [pictures[round(place * (len(pictures) - 1) / (IN_A_STRIP - 1))] for place in range(IN_A_STRIP)]


def small(dataset: FileDataset) -> Image.Image | None:
    """The middle frame at most 128 pixels wide and high; None without pixels, or if they cannot be decoded."""
    rows, columns = int(dataset.get("Rows") or 0), int(dataset.get("Columns") or 0)
    if "PixelData" not in dataset or not 0 < rows * columns <= MOST_FRAME_PIXELS:
        return None
    try:
        frame = pixel_array(dataset, index=(int(dataset.get("NumberOfFrames") or 1)) // 2)
        grey = shown(frame, dataset)
    except Exception:  # decoders raise whatever they like; a series without a picture is still a series
        return None
    picture = Image.fromarray(grey)
    picture.thumbnail((SIDE, SIDE))
    return picture


def shown(frame: NDArray[np.generic], dataset: FileDataset) -> NDArray[np.uint8]:
    """A frame as 8 bits, grey or RGB."""
    kind = str(dataset.get("PhotometricInterpretation") or "")
    if kind == "PALETTE COLOR":
        frame = apply_color_lut(frame, dataset)
    elif kind.startswith("YBR_FULL"):
        frame = convert_color_space(frame, kind, "RGB")
    if frame.ndim == 3:
        return (frame // 256 if frame.dtype.itemsize > 1 else frame).astype(np.uint8)
    values = frame.astype(np.float32) * float(dataset.get("RescaleSlope") or 1) + float(
        dataset.get("RescaleIntercept") or 0
    )
    low, high = _window(dataset) or (float(values.min()), float(values.max()))
    grey = (np.clip((values - low) / max(high - low, 1e-6), 0, 1) * 255).round().astype(np.uint8)
    return 255 - grey if kind == "MONOCHROME1" else grey


def _window(dataset: FileDataset) -> tuple[float, float] | None:
    centre, width = dataset.get("WindowCenter"), dataset.get("WindowWidth")
    centre, width = (one[0] if isinstance(one, pydicom.multival.MultiValue) and one else one for one in (centre, width))
    if centre in (None, "") or width in (None, "") or float(width) < 1:
        return None
    return float(centre) - float(width) / 2, float(centre) + float(width) / 2


def _side_by_side(pictures: list[Image.Image]) -> Image.Image:
    made = Image.new("RGB" if any(one.mode == "RGB" for one in pictures) else "L", (SIDE * len(pictures), SIDE))
    for place, one in enumerate(pictures):
        made.paste(one, (place * SIDE + (SIDE - one.width) // 2, (SIDE - one.height) // 2))
    return made


def _png(picture: Image.Image) -> bytes:
    held = io.BytesIO()
    picture.save(held, "PNG", optimize=False)
    return held.getvalue()
