"""Pictures with invented text drawn into them, whose places are known: on real clean pictures of the pydicom wheel.

Seeded, so that each run draws the same. What is held apart has strings, sizes and turns that the other set has not.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from pydicom.data import get_testdata_file

from biotheca.deidentification.screen import Box
from tests.unit.deidentification.making import as_bytes, ct

SIZES, CONTRASTS = (8, 10, 12, 16, 24, 40), (255, 90, 40)  # pixels; grey levels of 255
# Small pictures are enlarged as a viewer does it. None has text.
BASES = {
    "ct": ("693_J2KI.dcm", 1),
    "nm": ("JPEG2000.dcm", 1),
    "mr": ("examples_overlay.dcm", 1),
    "ct small": ("CT_small.dcm", 4),
    "mr small": ("MR_small.dcm", 6),
    "ot": ("image_dfl.dcm", 1),
}
_FIRST = ("ZEPHYRINE", "ALOYSIUS", "MARGUERITE", "THADDEUS", "PERPETUA", "CASPIAN", "Ottoline", "Leopold")
_LAST = ("QUILLFEATHER", "OXENHAM", "BRACEGIRDLE", "THISTLEWOOD", "FAIRWEATHER", "Penhaligon", "Hartigan")
_PLACES = ("SWITHIN INFIRMARY", "ST ALBAN CLINIC", "Harbour Imaging", "NORTHGATE MED CTR")

Picture = NDArray[np.uint16]


@dataclass(frozen=True)
class Drawn:
    """A picture of 12 bits and where each string stands."""

    name: str
    picture: Picture
    strings: tuple[tuple[str, Box], ...]
    contrast: int

    def file(self, number: int = 1, **more: Any) -> bytes:
        """As a digital radiograph that says that nothing is burned in."""
        facts: dict[str, Any] = {
            "Modality": "DX",
            "ImageType": ["ORIGINAL", "PRIMARY"],
            "BurnedInAnnotation": "NO",
            **more,
        }
        made = ct(number=number, **facts)
        made.Rows, made.Columns = self.picture.shape
        made.PixelData = self.picture.tobytes()
        return as_bytes(made)


def clean(turns: int = 9) -> Iterator[tuple[str, Picture]]:
    """The pictures without text, each in several turns and parts."""
    for name in BASES:
        for turn in range(turns):
            yield f"{name} {turn}", _turned(base(name), turn)


def learned() -> Iterator[Drawn]:
    """Each size at each contrast on two pictures, three strings each: 36 pictures, 108 strings."""
    dice = random.Random(4711)
    names = list(BASES)
    for number, (size, contrast) in enumerate((s, c) for s in SIZES for c in CONTRASTS):
        for step in (0, 3):
            name = names[(number + number // 3 + step) % len(names)]
            yield _drawn(f"{name} {size} px {contrast}", base(name), [size] * 3, contrast, dice)


def held_apart() -> Iterator[Drawn]:
    """16 pictures, 48 strings of 8 to 28 pixels, half of them at 25 to 40 % of the contrast."""
    dice = random.Random(20261128)
    names = list(BASES)
    for number in range(16):
        name = names[number % len(names)]
        contrast = 255 if number % 2 else dice.randint(64, 102)
        sizes = [dice.randint(8, 28) for _ in range(3)]
        yield _drawn(f"{name} held {number}", _turned(base(name), number % 8 + 1), sizes, contrast, dice)


@cache
def base(name: str) -> Picture:
    """A clean picture, its range stretched to 12 bits."""
    file, times = BASES[name]
    values = pydicom.dcmread(str(get_testdata_file(file))).pixel_array.astype(np.float32)
    low, high = np.percentile(values, (0.2, 99.8))
    values = np.clip((values - low) / (high - low), 0, 1)
    grey = Image.fromarray((values * 255).astype(np.uint8))
    grey = grey.resize((grey.width * times, grey.height * times), Image.Resampling.BICUBIC)
    return np.asarray(grey, np.uint16) * 16


def written(picture: Picture, text: str, size: int, at: tuple[int, int]) -> Picture:
    """A picture with a text in white at (left, top)."""
    mask = Image.new("L", picture.shape[::-1], 0)
    ImageDraw.Draw(mask).text(at, text, fill=255, font=ImageFont.load_default(size))
    return np.where(np.asarray(mask) > 127, 4095, picture).astype(np.uint16)


def located(box: Box, found: list[Box]) -> bool:
    """Whether half of a box is covered by what was found."""
    left, top, right, bottom = box
    here = np.zeros((bottom - top, right - left), bool)
    for a, b, c, d in found:
        here[max(0, b - top) : max(0, d - top), max(0, a - left) : max(0, c - left)] = True
    return bool(here.mean() >= 0.5)


def _turned(picture: Picture, turn: int) -> Picture:
    """Quarter turns, mirrored from the fifth on; of odd ones the edges are cut off."""
    made = np.rot90(picture, turn % 4)
    made = made[:, ::-1] if turn > 4 else made
    cut = 7 * turn if turn % 2 else 0
    return np.ascontiguousarray(made[cut : made.shape[0] - cut, cut : made.shape[1] - cut])


def _drawn(name: str, picture: Picture, sizes: list[int], contrast: int, dice: random.Random) -> Drawn:
    made = picture.astype(np.int32)
    rows, columns = made.shape
    strings: list[tuple[str, Box]] = []
    for place, size in enumerate(sizes):
        font = ImageFont.load_default(size)
        text = _text(dice, place)
        while font.getlength(text) > columns - 12 and " " in text.strip():
            text = text.rsplit(" ", 1)[0]
        if font.getlength(text) > columns - 12:
            text = text[: int(len(text) * (columns - 12) / font.getlength(text))]
        mask = Image.new("L", (columns, rows), 0)
        x = dice.randint(4, max(4, int(columns - font.getlength(text)) - 6))
        y = [4, rows // 2 + dice.randint(-20, 20), rows - 2 * size - 6][place]
        ImageDraw.Draw(mask).text((x, y), text, fill=255, font=font)
        bounds = mask.getbbox()
        assert bounds
        ink = np.asarray(mask, np.float32) / 255
        around = made[bounds[1] : bounds[3], bounds[0] : bounds[2]]
        level = float(np.median(around))
        step = contrast * 16 if level + contrast * 16 <= 4095 or level < 2048 else -contrast * 16
        made = np.clip(made * (1 - ink) + ink * np.clip(level + step, 0, 4095), 0, 4095).astype(np.int32)
        strings.append((text, bounds))
    return Drawn(name, made.astype(np.uint16), tuple(strings), contrast)


def _text(dice: random.Random, place: int) -> str:
    born = f"{dice.randint(1, 28):02}/0{dice.randint(1, 9)}/19{dice.randint(30, 99)}"
    kinds = (
        f"{dice.choice(_LAST)} {dice.choice(_FIRST)}",
        f"MRN {dice.randint(10_000_000, 99_999_999)} {born}",
        f"{dice.choice(_PLACES)} {dice.randint(1000, 9999)}",
    )
    return kinds[place]
