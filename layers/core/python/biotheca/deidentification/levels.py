"""Individual, study, series and image as the headers of released files tell them, counts equal to the files'. Pure.

Attributes: PS3.3 (C.7.1 patient, C.7.2 study, C.7.3 series, C.12.1 SOP common); their values are de-identified already.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pydicom
from pydicom.dataset import Dataset

MOST_INLINE_BYTES = 1024  # of binary values in the metadata of a series; what is larger is in the instance
LINE_END = ",\n"  # no text of JSON has a line end in it
_LONGEST = 300
_STUDY = {"study_date": "StudyDate", "age": "PatientAge", "study_description": "StudyDescription"}
_SERIES = {
    "number": "SeriesNumber",
    "modality": "Modality",
    "body_part": "BodyPartExamined",
    "laterality": "Laterality",
    "series_description": "SeriesDescription",
    "protocol": "ProtocolName",
    "manufacturer": "Manufacturer",
    "model": "ManufacturerModelName",
}
_IMAGE = {"rows": "Rows", "columns": "Columns", "frames": "NumberOfFrames", "number": "InstanceNumber"}


@dataclass
class Levels:
    """Attributes by alias (pseudonym, UID, name), in the order of the files. No image stands without its series."""

    individuals: dict[str, dict[str, Any]] = field(default_factory=dict)
    studies: dict[str, dict[str, Any]] = field(default_factory=dict)
    series: dict[str, dict[str, Any]] = field(default_factory=dict)
    images: dict[str, dict[str, Any]] = field(default_factory=dict)
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)


def series_folders(released: Path) -> Iterator[Path]:
    """The folders of series below a folder that `folder.de_identify` wrote: patient, study, series."""
    yield from sorted(path for path in released.glob("*/*/*") if path.is_dir())


def add_series(levels: Levels, folder: Path) -> bytes:
    """Note a series and what it lies in; its metadata as DICOM JSON (PS3.18 Annex F), one document, compressed.

    Compressing again gives the same bytes. Pixels and binary values above 1 KiB are not in it.
    """
    patient, study, series = folder.parts[-3:]
    instances = []
    for path in sorted(folder.glob("*.dcm")):
        data = pydicom.dcmread(path, stop_before_pixels=True)
        instances.append(_json(data))
        levels.images[path.stem] = {
            "series": series,
            "sop_uid": path.stem,
            "sop_class": str(data.SOPClassUID),
            **_said(data, _IMAGE),
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        _above(levels, data, patient, study, series)
    # A line each: a reader of one need not read all (imaging.reading).
    lines = [json.dumps(one, separators=(",", ":"), sort_keys=True) for one in instances]
    return gzip.compress(f"[{LINE_END.join(lines)}]".encode(), 6, mtime=0)


def _above(levels: Levels, data: Dataset, patient: str, study: str, series: str) -> None:
    individual = levels.individuals.setdefault(
        patient, {"patient_id": patient, **_said(data, {"sex": "PatientSex"}), "studies": 0}
    )
    if study not in levels.studies:
        individual["studies"] += 1
        levels.studies[study] = {
            "imaged_individual": patient,
            "study_uid": study,
            **_said(data, _STUDY),
            "modalities": [],
            "series": 0,
            "images": 0,
        }
    above = levels.studies[study]
    if series not in levels.series:
        above["series"] += 1
        said = _said(data, _SERIES)
        levels.series[series] = {"imaging_study": study, "series_uid": series, **said, "images": 0}
        if said.get("modality") and said["modality"] not in above["modalities"]:
            above["modalities"] = sorted([*above["modalities"], said["modality"]])
    above["images"] += 1
    levels.series[series]["images"] += 1


def _said(data: Dataset, wanted: dict[str, str]) -> dict[str, Any]:
    """The values that are there: numbers as numbers, the rest as text of at most 300 characters."""
    found: dict[str, Any] = {}
    for name, keyword in wanted.items():
        value = data.get(keyword)
        if value is None or str(value).strip() == "":
            continue
        number = isinstance(value, int) or name in ("frames", "number")
        found[name] = int(value) if number else str(value)[:_LONGEST]
    return found


def _json(data: Dataset) -> dict[str, Any]:
    """A dataset as DICOM JSON, its large binary values left out."""

    def left_out(element: pydicom.DataElement) -> str:
        del element
        return ""

    found: dict[str, Any] = data.to_json_dict(bulk_data_threshold=MOST_INLINE_BYTES, bulk_data_element_handler=left_out)
    return {tag: value for tag, value in found.items() if value.get("BulkDataURI") != ""}


def merged(parts: Iterable[dict[str, dict[str, dict[str, Any]]]]) -> Levels:
    """The levels of all parts of a collection. A series is of one part; studies and individuals may be of several."""
    found = Levels()
    for part in parts:
        for alias, said in part["individuals"].items():
            found.individuals.setdefault(alias, {**said, "studies": 0})
        for alias, said in part["studies"].items():
            _add_study(found, alias, said)
        found.series |= part["series"]
        found.images |= part["images"]
    return found


def _add_study(found: Levels, alias: str, said: dict[str, Any]) -> None:
    if alias not in found.studies:
        found.studies[alias] = dict(said)
        found.individuals[said["imaged_individual"]]["studies"] += 1
        return
    known = found.studies[alias]
    known["modalities"] = sorted({*known["modalities"], *said["modalities"]})
    known["series"] += said["series"]
    known["images"] += said["images"]
