"""Text in pixels: drawn strings found, clean pictures flagged, CPU seconds a picture; plain slices with and without.

With BIOTHECA_PIXEL_FILES, a folder of DICOM files of one's own, what became of each of them too.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from bench.measure import table

SLICES = 40


def run(folder: Path) -> str:
    """Tables: by size and contrast, held apart and clean, cost of a plain slice."""
    from tests.unit.deidentification import drawing

    rows = [*_drawn("learned", drawing.learned()), *_drawn("held apart", drawing.held_apart())]
    texts = [
        table(
            "Drawn strings",
            ["set", "grey levels", "pictures", "alarmed", "strings", "located", "CPU s a picture"],
            rows,
        )
    ]
    texts += [_clean(), _slices()]
    if own := os.environ.get("BIOTHECA_PIXEL_FILES"):
        texts.append(_own(Path(own)))
    return "\n\n".join(texts)


def _drawn(word: str, pictures: Iterable[object]) -> list[list[object]]:
    from biotheca.deidentification.pixels import located, looked_at
    from tests.unit.deidentification import drawing

    counts: dict[str, list[float]] = defaultdict(lambda: [0, 0, 0, 0, 0.0])
    missed = []
    for one in pictures:
        assert isinstance(one, drawing.Drawn)
        begun = time.process_time()
        alarmed = looked_at(one.file(), lambda text: "").reason is not None
        spent = time.process_time() - begun
        boxes = located(one.picture)
        found = [drawing.located(box, boxes) for _, box in one.strings]
        group = "255" if one.contrast == 255 else "64 to 102" if word == "held apart" else str(one.contrast)
        for at, value in enumerate((1, alarmed, len(found), sum(found), spent)):
            counts[group][at] += value
        missed += [] if alarmed else [one.name]
        missed += [f"{one.name}: {size}" for size, here in zip(one.strings, found, strict=True) if not here]
    print(*(f"missed: {name}" for name in missed), sep="\n", flush=True)
    return [
        [word, group, int(n), int(alarms), int(strings), int(found), f"{spent / n:.2f}"]
        for group, (n, alarms, strings, found, spent) in counts.items()
    ]


def _clean() -> str:
    from biotheca.deidentification.pixels import looked_at
    from tests.unit.deidentification import drawing

    begun, flagged, number = time.process_time(), [], 0
    for name, picture in drawing.clean():
        number += 1
        if looked_at(drawing.Drawn(name, picture, (), 0).file(), lambda text: "").reason:
            flagged.append(name)
    spent = (time.process_time() - begun) / number
    return table("Clean pictures", ["pictures", "flagged", "CPU s a picture"], [[number, len(flagged), f"{spent:.2f}"]])


def _slices() -> str:
    """Plain CT slices of 512 x 512 of which none is one of the three that are read."""
    from biotheca.deidentification.pixels import looked_at
    from tests.unit.deidentification import drawing

    made = drawing.Drawn("ct", drawing.base("ct"), (), 0).file(Modality="CT", ImageType=["ORIGINAL", "PRIMARY"])
    begun = time.process_time()
    for _ in range(SLICES):
        looked_at(made, lambda text: "", sample=False)
    spent = 1000 * (time.process_time() - begun) / SLICES
    return table("Plain CT slice, screened alone", ["slices", "CPU ms a slice"], [[SLICES, f"{spent:.0f}"]])


def _own(folder: Path) -> str:
    from biotheca.deidentification.pixels import looked_at

    rows = []
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        verdict = looked_at(path.read_bytes(), lambda text: "")
        rows.append([path.name, verdict.tier.value, verdict.reason or "passed", verdict.read, len(verdict.sightings)])
    return table("Files at hand", ["file", "tier", "verdict", "frames read", "lines"], rows)
