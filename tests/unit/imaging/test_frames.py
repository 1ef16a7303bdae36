"""Where frames lie: against pydicom's own reading of every file of its wheel, and files of one's own making."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pydicom
import pydicom.data
import pytest
from PIL import Image
from pydicom.encaps import encapsulate, encapsulate_extended, generate_frames
from pydicom.pixels import apply_modality_lut, apply_voi_lut

from biotheca.deidentification import packing
from biotheca.errors import Invalid
from biotheca.imaging import model, preparing, rendering
from tests.unit.deidentification.making import as_bytes, ct

UNREAD = ("SC_rgb_jpeg.dcm", "MR_truncated.dcm")  # damaged, or of a form that they do not name
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
DEFLATED, BIG = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"


def readable() -> list[Path]:
    """The files of the wheel that have pixels and that pydicom reads without being forced."""
    found = []
    for path in (Path(pydicom.data.__file__).parent / "test_files").glob("*.dcm"):
        try:
            header = pydicom.dcmread(path)
            int(header.get("NumberOfFrames") or 1)
            preparing.instance_of(path, 0, 0)
        except Exception:  # what is no DICOM, or broken on purpose
            continue
        if "PixelData" in header:
            found.append(path)
    return sorted(found)


def expected(header: pydicom.Dataset) -> list[bytes]:
    """The frames as pydicom cuts them."""
    count = int(header.get("NumberOfFrames") or 1)
    syntax = header.file_meta.TransferSyntaxUID
    if syntax.is_encapsulated:
        extended = None
        if "ExtendedOffsetTable" in header:
            extended = (header.ExtendedOffsetTable, header.ExtendedOffsetTableLengths)
        return list(generate_frames(header.PixelData, number_of_frames=count, extended_offsets=extended))
    exact = header.Rows * header.Columns * header.SamplesPerPixel * header.BitsAllocated // 8
    if header.PhotometricInterpretation == "YBR_FULL_422":
        exact = exact * 2 // 3
    return [header.PixelData[place * exact : (place + 1) * exact] for place in range(count)]


def cut(data: bytes, one: model.Instance) -> list[bytes]:
    return [b"".join(data[at : at + size] for at, size in one.frame(number + 1)) for number in range(one.frames)]


def test_frames_of_the_files_of_another_library_are_those_that_it_cuts() -> None:
    syntaxes, seen = set(), 0
    for path in readable():
        header, one = pydicom.dcmread(path), preparing.instance_of(path, 0, 0)
        if one.syntax == DEFLATED or path.name in UNREAD:
            assert not one.frames and not one.parts and not one.frame_bytes
            continue
        assert cut(path.read_bytes(), one) == expected(header), path.name
        syntaxes.add(one.syntax)
        seen += one.frames
    assert len(syntaxes) >= 10 and seen > 100


@pytest.mark.parametrize("table", ["basic", "none", "extended"])
@pytest.mark.parametrize("fragments", [1, 3])
def test_frames_are_found_by_either_table_and_by_where_streams_begin(
    table: str, fragments: int, tmp_path: Path
) -> None:
    if table == "extended" and fragments > 1:
        return  # PS3.3 C.7.6.3.1.8: then each frame has one fragment
    frames = [b"\xff\xd8" + bytes([number] * (60 + 2 * number)) + b"\xff\xd9" for number in range(1, 5)]
    made = ct(1, syntax=JPEG_BASELINE, NumberOfFrames=4)
    if table == "extended":
        made.PixelData, made.ExtendedOffsetTable, made.ExtendedOffsetTableLengths = encapsulate_extended(frames)
    else:
        made.PixelData = encapsulate(frames, fragments_per_frame=fragments, has_bot=table == "basic")
    made["PixelData"].is_undefined_length = True
    path = tmp_path / "1.dcm"
    path.write_bytes(as_bytes(made))
    one = preparing.instance_of(path, 0, 0)
    assert [frame.rstrip(b"\0") for frame in cut(path.read_bytes(), one)] == [frame.rstrip(b"\0") for frame in frames]
    with pytest.raises(model.NoSuchImage):
        one.frame(5)


def test_frames_that_cannot_be_told_apart_are_not_offered(tmp_path: Path) -> None:
    made = ct(1, syntax="1.2.840.10008.1.2.5", NumberOfFrames=2)
    made.PixelData = encapsulate([b"abcd" * 20, b"efgh" * 20], fragments_per_frame=2, has_bot=False)
    made["PixelData"].is_undefined_length = True
    path = tmp_path / "1.dcm"
    path.write_bytes(as_bytes(made))
    with pytest.raises(model.NoSuchImage):
        preparing.instance_of(path, 0, 0).frame(1)


def test_what_another_library_alone_can_read_is_an_object_without_frames() -> None:
    path = (
        Path(pydicom.data.__file__).parent / "test_files" / "SC_rgb_jpeg.dcm"
    )  # its dataset is implicit, and says not
    one = preparing.instance_of(path, 7, 9)
    assert (one.at, one.size_bytes, one.frames, one.rows) == (7, 9, 0, 256)


def test_the_index_leads_to_every_object_and_picture_of_a_packed_series(tmp_path: Path) -> None:
    folder, archive = tmp_path / "p" / "study" / "series", tmp_path / "series.zip"
    folder.mkdir(parents=True)
    files = {f"1.2.{number}": as_bytes(ct(number)) for number in range(1, 16)}
    for uid, data in files.items():
        (folder / f"{uid}.dcm").write_bytes(data)
    packing.pack(folder, archive)
    index_path, previews_path = preparing.beside(folder, archive)
    assert preparing.beside(folder, archive) == [index_path, previews_path]
    index = model.index_of(json.loads(gzip.decompress(index_path.read_bytes())))
    assert (index.study, index.series) == ("study", "series")
    whole, pictures = archive.read_bytes(), previews_path.read_bytes()
    assert {one.uid: whole[one.at : one.at + one.size_bytes] for one in index.instances} == files
    assert set(index.previews) == {*files, model.STRIP}
    with zipfile.ZipFile(previews_path) as opened:
        for name, (at, size) in index.previews.items():
            assert pictures[at : at + size] == opened.read(f"{name}.png")
    at, size = index.previews[model.STRIP]
    strip = Image.open(io.BytesIO(pictures[at : at + size]))
    assert strip.size == (12 * 128, 128)  # of fifteen, twelve from the first to the last


def test_a_series_without_pixels_has_no_pictures(tmp_path: Path) -> None:
    folder, archive = tmp_path / "p" / "study" / "series", tmp_path / "series.zip"
    folder.mkdir(parents=True)
    made = ct(1)
    del made.PixelData
    (folder / "1.2.1.dcm").write_bytes(as_bytes(made))
    packing.pack(folder, archive)
    (index_path,) = preparing.beside(folder, archive)
    index = model.index_of(json.loads(gzip.decompress(index_path.read_bytes())))
    assert index.previews == {} and index.instances[0].frames == 0


@pytest.mark.parametrize("window", [None, (40.0, 400.0), (-300.0, 1.0)])
@pytest.mark.parametrize("more", [{}, {"PixelRepresentation": 1}, {"PhotometricInterpretation": "MONOCHROME1"}])
@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2"])
def test_grey_is_that_of_pydicoms_rescale_and_window(
    window: tuple[float, float] | None, more: dict[str, object], syntax: str, tmp_path: Path
) -> None:
    made = ct(3, 24, syntax)
    for name, value in more.items():
        setattr(made, name, value)
    if "PixelRepresentation" in more:
        order = ">i2" if syntax == BIG else "<i2"
        made.PixelData = np.random.default_rng(3).integers(-2048, 2048, (24, 24), np.int16).astype(order).tobytes()
    path = tmp_path / "1.dcm"
    path.write_bytes(as_bytes(made))
    one = preparing.instance_of(path, 0, 0)
    got = np.asarray(Image.open(io.BytesIO(rendering.png(cut(path.read_bytes(), one)[0], one, window)))).astype(int)
    header = pydicom.dcmread(path)
    values = apply_modality_lut(header.pixel_array, header)
    if window:
        header.WindowCenter, header.WindowWidth = window
        shown = apply_voi_lut(values, header)  # from the least to the greatest value that the bits can hold
        least = -2048 if "PixelRepresentation" in more else 0
        low, high = float(least - 1024), float(least + 4095 - 1024)
    else:
        shown, low, high = values, float(values.min()), float(values.max())
    wanted = (shown - low) / max(high - low, 1e-9) * 255
    wanted = 255 - wanted if "PhotometricInterpretation" in more else wanted
    assert np.abs(got - wanted).max() <= 1.0


@pytest.mark.parametrize("text", ["40", "a,b", "40,0", "40,400,sigmoid", "1,2,linear,4"])
def test_a_window_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        rendering.window_of(text)
