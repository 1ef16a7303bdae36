"""The slices of a series laid over one another: a text on any of them stands in the brightest or the darkest values.

Of plain slices of a scanner only some are read whole. What the screen of the others misses is seen here, once for all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.pixels import pixel_array

from biotheca.deidentification import ocr
from biotheca.deidentification.model import Tier
from biotheca.deidentification.pixels import renderings, too_large
from biotheca.deidentification.risk import opened, tier

FEWEST = 4  # slices; of fewer all are read


def suspicious(paths: Sequence[Path]) -> bool:
    """Whether text is confirmed where plain slices of single frames are laid over one another, by shape.

    What cannot be decoded is left out: the look at the object itself sets it aside.
    """
    if len(paths) < FEWEST:
        return False
    return any(
        line.confirmed
        for projection in projections(paths)
        for picture in renderings(projection)
        for line in ocr.reader().lines(picture)
    )


def projections(paths: Iterable[Path]) -> list[NDArray[np.generic]]:
    """The highest and the lowest value of each place, over all slices of one shape."""
    highest: dict[tuple[object, ...], NDArray[np.generic]] = {}
    lowest: dict[tuple[object, ...], NDArray[np.generic]] = {}
    for path in paths:
        frame = _plain(path)
        if frame is None:
            continue
        kind = (*frame.shape, frame.dtype.str)
        if kind in highest:
            np.maximum(highest[kind], frame, out=highest[kind])
            np.minimum(lowest[kind], frame, out=lowest[kind])
        else:
            highest[kind], lowest[kind] = frame.copy(), frame.copy()
    return [*highest.values(), *lowest.values()]


def _plain(path: Path) -> NDArray[np.generic] | None:
    """The frame of a plain slice; None for all else."""
    try:
        dataset = opened(path.read_bytes())
        if dataset is None or tier(dataset) is not Tier.SAMPLED or too_large(dataset):
            return None
        if int(dataset.get("NumberOfFrames") or 1) > 1:
            return None
        found: NDArray[np.generic] = pixel_array(dataset, raw=False)
    except Exception:  # decoders raise whatever they like
        return None
    return found if found.ndim == 2 else None
