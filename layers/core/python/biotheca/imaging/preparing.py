"""What the job writes beside a packed series so that reading it later is ranges of bytes: its index and its pictures.

Needs pydicom and numpy; the doors import model.py, which reads what is written here.
"""

from __future__ import annotations

import gzip
import json
import mmap
import zipfile
from pathlib import Path
from struct import unpack_from
from typing import Any

import pydicom
from pydicom.dataset import FileDataset

from biotheca.formats import dicom, stored_zip
from biotheca.imaging import frames, previews
from biotheca.imaging.model import INDEX, PREVIEWS, Index, Instance, Range

_LOCAL_HEADER_BYTES = 30  # of a member of a ZIP, before its name (APPNOTE 4.3.7)
_EXTENDED_TABLE = 0x7FE00001


def beside(folder: Path, archive: Path) -> list[Path]:
    """Write index and pictures of a series that lies in a folder and is packed in `archive`; their paths, in order.

    Deterministic. There are no pictures if no instance has pixels that can be decoded.
    """
    stem = archive.with_suffix("")
    index, pictures = stem.with_name(stem.name + INDEX), stem.with_name(stem.name + PREVIEWS)
    instances = []
    with archive.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
        places = members(whole, archive)
        for name, (at, size) in places.items():
            instances.append(instance_of(folder / name, at, size))
    drawn = previews.drawn(folder, [(f"{one.uid}.dcm", one.uid, one.number) for one in instances])
    found: dict[str, Range] = {}
    if drawn:
        found = _pack(drawn, pictures)
    # Patient, study, series are the folders that the engine made; their names are the UIDs.
    made = Index(folder.parts[-2], folder.parts[-1], tuple(instances), found)
    text = json.dumps(made.as_dict(), separators=(",", ":"), sort_keys=True).encode()
    index.write_bytes(gzip.compress(text, 6, mtime=0))
    return [index, pictures] if drawn else [index]


def members(data: mmap.mmap | bytes, archive: Path) -> dict[str, Range]:
    """Where the bytes of each member of a ZIP lie that holds them uncompressed."""
    found = {}
    with zipfile.ZipFile(archive) as opened:
        for one in opened.infolist():
            name, extra = unpack_from("<HH", data, one.header_offset + 26)
            found[one.filename] = (one.header_offset + _LOCAL_HEADER_BYTES + name + extra, one.file_size)
    return found


def instance_of(path: Path, at: int, size_bytes: int) -> Instance:
    """An object and its frames, by offsets within the archive that holds it from byte `at`.

    What pydicom alone can read is an object without frames: it is still had whole.
    """
    header = pydicom.dcmread(path, stop_before_pixels=True, force=False)
    told = _told(header)
    count = _whole(header, "NumberOfFrames") or 1
    try:
        place = _place(path.read_bytes(), told, count, at)
    except dicom.DicomFault:
        place = {}
    return Instance(
        uid=path.stem,
        sop_class=str(header.SOPClassUID),
        syntax=str(header.file_meta.TransferSyntaxUID),
        at=at,
        size_bytes=size_bytes,
        number=_whole(header, "InstanceNumber"),
        rows=told["rows"],
        columns=told["columns"],
        bits=told["bits"],
        frames=count if place else 0,
        shown={name: value for name, value in told.items() if name not in ("rows", "columns", "bits")} if place else {},
        **place,
    )


def _place(data: bytes, told: dict[str, Any], count: int, at: int) -> dict[str, Any]:
    """Where the frames of a file are, as fields of an instance; nothing without pixels, or of deflated ones."""
    part = dicom.opened(data)
    found = dicom.elements(part.data, part.start, len(part.data), part.form)
    pixels = frames.pixel_element(part, found)
    if pixels is None:
        return {}
    if not part.encapsulated:
        return {"pixels_at": at + pixels.value, "frame_bytes": frames.native(told, pixels, count)}
    table = next((data[one.value : one.stop] for one in found if one.tag == _EXTENDED_TABLE), b"")
    parts = frames.encapsulated(data, pixels, count, table)
    return {"parts": tuple(tuple((at + begin, size) for begin, size in one) for one in parts)}


def _told(header: FileDataset) -> dict[str, Any]:
    """What is needed to cut frames and to show them."""
    wanted = {"rows": "Rows", "columns": "Columns", "bits": "BitsAllocated", "samples": "SamplesPerPixel"}
    told: dict[str, Any] = {name: _whole(header, keyword) or 0 for name, keyword in wanted.items()}
    told["samples"] = told["samples"] or 1
    told |= {"stored": _whole(header, "BitsStored") or 0, "signed": _whole(header, "PixelRepresentation") or 0}
    told |= {"planar": _whole(header, "PlanarConfiguration") or 0}
    told["photometric"] = str(header.get("PhotometricInterpretation") or "")
    told |= {"slope": _number(header, "RescaleSlope", 1.0), "intercept": _number(header, "RescaleIntercept", 0.0)}
    window = [_number(header, name, None) for name in ("WindowCenter", "WindowWidth")]
    return told | ({"window": window} if None not in window and window[1] >= 1 else {})


def _whole(header: FileDataset, keyword: str) -> int | None:
    """A whole number of the header, or None; also of what is no number."""
    try:
        return int(header.get(keyword))
    except (TypeError, ValueError):
        return None


def _number(header: FileDataset, keyword: str, otherwise: float | None) -> Any:
    value = header.get(keyword)
    first = value[0] if isinstance(value, pydicom.multival.MultiValue) and len(value) else value
    return float(first) if first not in (None, "") and not isinstance(first, pydicom.multival.MultiValue) else otherwise


def _pack(drawn: dict[str, bytes], target: Path) -> dict[str, Range]:
    stored_zip.write(target, ((f"{name}.png", picture) for name, picture in drawn.items()))
    with target.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
        return {name.removesuffix(".png"): place for name, place in members(whole, target).items()}
