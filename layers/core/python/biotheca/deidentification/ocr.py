"""Text read from pictures by models that lie in a wheel (PP-OCRv6 in rapidocr), on the processor, without a network."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Any

import cv2
import numpy as np

from biotheca.deidentification.screen import Box, Grey

LEAST_CONFIDENCE = 0.6
LEAST_CHARACTERS = 3
_SIDE, _OVERLAP = (
    1600,
    160,
)  # larger pictures are read in parts: the reader would make them small, and letters with them
_MARGIN, _LINE = 3, 48


@dataclass(frozen=True)
class Found:
    """A line of text. The text itself is for comparison in memory; it stands in no report and no log."""

    box: Box
    text: str
    confidence: float

    @property
    def confirmed(self) -> bool:
        """Read with confidence, and long enough to say something."""
        letters = sum(character.isalnum() for character in self.text)
        return self.confidence >= LEAST_CONFIDENCE and letters >= LEAST_CHARACTERS


def name() -> str:
    """The engine as reports name it."""
    return f"rapidocr {version('rapidocr')}"


class Reader:
    """Reads grey pictures. One a process: its models take a second and 150 MB. Not for several threads at once."""

    def __init__(self) -> None:
        from rapidocr import RapidOCR

        self._read = RapidOCR(
            params={
                "Global.log_level": "error",
                "Global.use_cls": False,
                "Global.text_score": 0.0,
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )

    def lines(self, picture: Grey) -> list[Found]:
        """All lines found in a picture, also those that are not confirmed. `picture`: uint8 of (rows, columns)."""
        rows, columns = picture.shape
        found: list[Found] = []
        for top in _starts(rows):
            for left in _starts(columns):
                part = picture[top : top + _SIDE, left : left + _SIDE]
                found += [_moved(one, left, top) for one in self._part(part)]
        return found

    def close_up(self, picture: Grey, box: Box) -> Found | None:
        """A line of a picture read alone, stretched to full contrast and magnified; None if nothing is read."""
        left, top, right, bottom = _widened(box, picture.shape)
        part = picture[top:bottom, left:right]
        low, high = np.percentile(part, (1, 99.5))
        clear = np.clip((part.astype(np.float32) - low) * (255.0 / max(1.0, high - low)), 0, 255).astype(np.uint8)
        times = _LINE / clear.shape[0]
        large = cv2.resize(clear, None, fx=times, fy=times, interpolation=cv2.INTER_CUBIC)
        said: Any = self._read(cv2.cvtColor(large, cv2.COLOR_GRAY2BGR), use_det=False, use_cls=False, use_rec=True)
        if not said.txts:
            return None
        return Found((left, top, right, bottom), str(said.txts[0]), float(said.scores[0]))

    def _part(self, picture: Grey) -> list[Found]:
        said: Any = self._read(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR), use_det=True, use_cls=False, use_rec=True)
        if said.boxes is None:
            return []
        rows, columns = picture.shape
        found = []
        for corners, text, score in zip(said.boxes, said.txts, said.scores, strict=True):
            (left, top), (right, bottom) = np.floor(corners.min(axis=0)), np.ceil(corners.max(axis=0)) + 1
            box = (max(0, int(left)), max(0, int(top)), min(columns, int(right)), min(rows, int(bottom)))
            found.append(Found(box, str(text), float(score)))
        return found


@cache
def reader() -> Reader:
    """The reader of this process."""
    return Reader()


def _starts(length: int) -> list[int]:
    return list(range(0, max(1, length - _OVERLAP), _SIDE - _OVERLAP))


def _moved(one: Found, left: int, top: int) -> Found:
    a, b, c, d = one.box
    return Found((a + left, b + top, c + left, d + top), one.text, one.confidence)


def _widened(box: Box, shape: tuple[int, ...]) -> Box:
    left, top, right, bottom = box
    return (
        max(0, left - _MARGIN),
        max(0, top - _MARGIN),
        min(shape[1], right + _MARGIN),
        min(shape[0], bottom + _MARGIN),
    )
