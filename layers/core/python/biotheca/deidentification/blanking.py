"""What a curator asked to have blanked, on its way through a job; and the pictures that they look at.

The picture of before shows what identifies somebody: it goes to a private folder, under a mark, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from biotheca.deidentification.model import PIXEL_REASONS, Reason, Verdict
from biotheca.deidentification.risk import opened

MOST_PICTURES = 5_000  # of a round

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Blanking:
    """What is to be blanked: objects by their marks, each with the curator's own boxes (left, top, right, bottom)
    besides those that are found, or all that are set aside for a reason. `pictures`: the private folder."""

    pictures: Path
    marks: dict[str, tuple[Box, ...]] = field(default_factory=dict)
    reasons: frozenset[str] = frozenset()

    def asked(self, mark: str, reason: Reason) -> bool:
        """Whether an object is to be blanked."""
        return mark in self.marks or reason in self.reasons

    def tried(
        self, mark: str, data: bytes, verdict: Verdict, keyed: Callable[[bytes], str]
    ) -> tuple[bytes, Verdict, int]:
        """(object, verdict, boxes blanked) of an object with text: blanked if that was asked, else as it came.

        SetAside if it was asked and cannot be done. In any case there are pictures afterwards.
        """
        if verdict.reason not in PIXEL_REASONS:
            return data, verdict, 0
        self.pictures.mkdir(parents=True, exist_ok=True)
        before = self.pictures / f"{mark}-before.png"
        if png := picture(data, verdict.sightings[0].frame if verdict.sightings else 0):
            before.write_bytes(png)
        if not self.asked(mark, verdict.reason):
            return data, verdict, 0
        from biotheca.deidentification.blank import blanked  # the reader is an extra, and heavy

        done = blanked(data, keyed, self.marks.get(mark, ()))
        before.write_bytes(done.before)
        (self.pictures / f"{mark}-after.png").write_bytes(done.after)
        return done.data, done.verdict, len(done.boxes)


def picture(data: bytes, frame: int) -> bytes | None:
    """A frame as PNG; None if it cannot be shown."""
    from pydicom.pixels import pixel_array

    from biotheca.deidentification.blank import png_of
    from biotheca.deidentification.pixels import too_large

    dataset = opened(data)
    if dataset is None or too_large(dataset):
        return None
    try:
        return png_of(pixel_array(dataset, index=frame, raw=False))
    except Exception:  # decoders raise whatever they like; the object is set aside in any case
        return None


def shown(lines: Iterable[Mapping[str, Any]], pictures: Path) -> list[dict[str, Any]]:
    """What a curator is shown of entries with text in their pixels (Entry.line): no value, no name; at most 5,000."""
    return [row for _, row in zip(range(MOST_PICTURES), _rows(lines, pictures), strict=False)]


def _rows(lines: Iterable[Mapping[str, Any]], pictures: Path) -> Iterator[dict[str, Any]]:
    for line in lines:
        if line.get("blanked") or line.get("reason") in PIXEL_REASONS:
            seen = line.get("pixels") or {}
            yield {
                "mark": line["mark"],
                "reason": str(line.get("reason", "")),
                "words": line.get("words", ""),
                "frames": seen.get("frames", 0),
                "boxes": [list(one["box"]) for one in seen.get("boxes", ())],
                "blanked": line.get("blanked", 0),
                **{when: (pictures / f"{line['mark']}-{when}.png").is_file() for when in ("before", "after")},
            }
