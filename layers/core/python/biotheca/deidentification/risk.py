"""How likely an object carries text in its pixels, or a face: by its header alone. Their reading: pixels.py."""

from __future__ import annotations

import importlib.util
import io
import re

import pydicom
from pydicom.dataset import Dataset, FileDataset

from biotheca.deidentification.model import Reason, Tier, Verdict

BURNED_IN = "(0028,0301) Burned In Annotation says that the pixels carry what identifies the patient."
PIXEL_KEYWORDS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
# Slices as a scanner makes them: nobody writes on them but by a defect. All else is read in every frame.
_PLAIN = frozenset({"CT", "MR", "PT"})
_HEADS = frozenset({"CT", "MR", "PT"})
_DESCRIPTIONS = (
    *("StudyDescription", "SeriesDescription", "ProtocolName"),
    *("RequestedProcedureDescription", "PerformedProcedureStepDescription"),
)
_HEAD_PARTS = re.compile(r"HEAD|BRAIN|SKULL|FACE|FACIAL|ORBIT|SINUS|NECK|CEREB|WHOLE ?BODY|IAC|PITUITARY|MANDIB|JAW")
_HEAD_WORDS = re.compile(
    r"\b(HEAD|BRAIN|SKULL|FACE|FACIAL|ORBITS?|SINUS(ES)?|NECK|CEREBR\w*|CRANI\w*|WHOLE ?BODY|NEURO\w*|PITUITARY"
    r"|MPRAGE)\b"
)


def tier(header: Dataset) -> Tier:
    """The tier of an object.

    What says that text is burned in, or says nothing, is no plain slice of a scanner, has colours or was converted, is
    read in every frame. `NO` in (0028,0301) exempts nothing: public files say NO and bear names (Pseudo-PHI of TCIA).
    """
    if not any(keyword in header for keyword in PIXEL_KEYWORDS):
        return Tier.NO_PIXELS
    kinds = [str(value).upper() for value in _values(header, "ImageType")]
    plain = (
        str(header.get("Modality", "")).upper() in _PLAIN
        and kinds[:2] == ["ORIGINAL", "PRIMARY"]
        and not any("SCREEN" in kind or "SECONDARY" in kind for kind in kinds)
        and header.get("SamplesPerPixel", 1) == 1
        and str(header.get("PhotometricInterpretation", "")).startswith("MONOCHROME")
        and not header.get("ConversionType")
        and not says_burned_in(header)
        and "Secondary Capture" not in _name_of_class(header)
    )
    return Tier.SAMPLED if plain else Tier.EVERY_FRAME


def says_burned_in(header: Dataset) -> bool:
    """Whether (0028,0301) says that the pixels carry what identifies the patient."""
    return str(header.get("BurnedInAnnotation") or "").strip().upper() not in ("", "NO")


def unlooked(data: bytes, look: bool) -> Verdict:
    """The verdict where nothing is read. `look`: it was to be, so that what is at risk is set aside."""
    header = opened(data)
    if header is None:
        return Verdict(Tier.EVERY_FRAME, reason=Reason.PIXEL_UNREAD, words="It cannot be read again.")
    level = tier(header)
    if says_burned_in(header) and level is not Tier.NO_PIXELS:
        return Verdict(level, reason=Reason.BURNED_IN, words=BURNED_IN)
    if look and level is Tier.EVERY_FRAME:
        return Verdict(level, reason=Reason.PIXEL_UNREAD, words="No reader of text in pixels is installed here.")
    return Verdict(level)


def reader_installed() -> bool:
    """Whether text in pixels can be read here: the reader comes with the package's extra `imaging`."""
    return all(importlib.util.find_spec(name) for name in ("rapidocr", "onnxruntime", "cv2"))


def opened(data: bytes) -> FileDataset | None:
    """A file as pydicom reads it, or None."""
    try:
        return pydicom.dcmread(io.BytesIO(data))
    except Exception:  # whatever pydicom stumbles over is not passed
        return None


def face_risk(header: Dataset) -> bool:
    """Whether a face might be made out of it: slices of a head (or of all of a body) by part of the body or words.

    97 % of heads in MR were matched to photographs before defacing. No tool to take a face away is part of the archive:
    such objects are marked, and are for controlled access.
    """
    if str(header.get("Modality", "")).upper() not in _HEADS or tier(header) is Tier.NO_PIXELS:
        return False
    part = str(header.get("BodyPartExamined") or "").upper()
    codes = [
        str(item.get("CodeMeaning") or "")
        for keyword in ("AnatomicRegionSequence", "ProcedureCodeSequence")
        for item in header.get(keyword) or ()
    ]
    texts = [
        *(str(header.get(word) or "") for word in ("StudyDescription", "SeriesDescription", "ProtocolName")),
        *(
            str(header.get(word) or "")
            for word in ("RequestedProcedureDescription", "PerformedProcedureStepDescription")
        ),
        *codes,
    ]
    words = re.sub(r"[_\W]+", " ", " ".join(texts).upper())
    return bool(_HEAD_PARTS.search(part) or _HEAD_WORDS.search(words))


def regions(header: Dataset) -> list[tuple[int, int, int, int]]:
    """Ultrasound regions (0018,6011) as (left, top, right, bottom), ends outside; empty if there are none."""
    found = []
    for item in header.get("SequenceOfUltrasoundRegions") or ():
        corners = [item.get(f"RegionLocation{name}") for name in ("MinX0", "MinY0", "MaxX1", "MaxY1")]
        if all(isinstance(value, int) for value in corners):
            left, top, right, bottom = (int(value) for value in corners)
            if left <= right and top <= bottom:
                found.append((left, top, right + 1, bottom + 1))
    return found


def _values(header: Dataset, keyword: str) -> list[object]:
    value = header.get(keyword)
    return [value] if isinstance(value, str) else list(value or ())


def _name_of_class(header: Dataset) -> str:
    uid = header.get("SOPClassUID")
    return str(getattr(uid, "name", ""))
