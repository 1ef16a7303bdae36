"""Where a picture has strokes that stand close in a line, as letters do: a cheap look that calls the reader.

Adaptive edge density, morphology and a filter by shape, in OpenCV. It finds small grey letters that a reader of whole
pictures overlooks, and fires on texture too (most MR): its word alone sets nothing aside.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Box = tuple[int, int, int, int]  # left, top, right, bottom; ends outside
LOWEST, HIGHEST = 5, 64  # pixels of a line of letters
LEAST_STROKES = 6  # changes from dark to light and back along a line: three letters
_NEIGHBOURHOOD = 31
_LEAST_EDGE = 24.0
MOST_BOXES = 24


def suspects(picture: Grey) -> list[Box]:
    """Boxes of lines that look like writing, the densest first, at most 24. `picture`: uint8 of (rows, columns)."""
    if min(picture.shape) < LOWEST * 2:
        return []
    across = cv2.morphologyEx(picture, cv2.MORPH_GRADIENT, np.ones((2, 2), np.uint8)).astype(np.float32)
    around = cv2.blur(across, (_NEIGHBOURHOOD, _NEIGHBOURHOOD))
    edges = ((across > 2.0 * around) & (across > _LEAST_EDGE)).astype(np.uint8)
    lines = cv2.morphologyEx(edges, cv2.MORPH_CLOSE, np.ones((1, 11), np.uint8))
    lines = cv2.morphologyEx(lines, cv2.MORPH_OPEN, np.ones((3, 5), np.uint8))
    count, _, facts, _ = cv2.connectedComponentsWithStats(lines, connectivity=8)
    found: list[tuple[float, Box]] = []
    for left, top, width, height, area in facts[1:count]:
        if not LOWEST <= height <= HIGHEST or width < 1.8 * height or area < 0.45 * width * height:
            continue
        strokes = edges[top : top + height, left : left + width]
        density = float(strokes.mean())
        changes = float(np.abs(np.diff(strokes.astype(np.int8), axis=1)).sum(axis=1).max())
        if 0.15 < density < 0.9 and changes >= LEAST_STROKES:
            found.append((density, (int(left), int(top), int(left + width), int(top + height))))
    return [box for _, box in sorted(found, reverse=True)[:MOST_BOXES]]
