"""Text blanked in pixels: in all frames, without loss elsewhere, read again; pictures for the curator alone."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless, RLELossless

from biotheca.deidentification.blank import blanked
from biotheca.deidentification.engine import Engine
from biotheca.deidentification.keys import CollectionKey
from biotheca.deidentification.model import Reason, SetAside
from biotheca.deidentification.pixels import looked_at
from biotheca.deidentification.verify import verified
from tests.unit.deidentification import drawing
from tests.unit.deidentification.making import as_bytes, ct, read

KEY = CollectionKey(bytes(32))
CLEAN = drawing.base("ct small")[:256, :256]
WRITTEN = drawing.written(CLEAN, "QUILLFEATHER Z", size=20, at=(20, 30))
SYNTAXES = {
    "plain": (ExplicitVRLittleEndian, ExplicitVRLittleEndian),
    "RLE": (RLELossless, RLELossless),
    "JPEG 2000": (JPEG2000Lossless, JPEG2000Lossless),
    "JPEG-LS": (JPEGLSLossless, JPEGLSLossless),
}


def two_frames(syntax: str, **more: Any) -> bytes:
    """A film of two frames, the second with a name."""
    made = ct(Modality="XA", NumberOfFrames=2, LossyImageCompression="01", **more)
    made.Rows, made.Columns = CLEAN.shape
    made.PixelData = np.stack([CLEAN, WRITTEN]).tobytes()
    plain = read(as_bytes(made))
    if syntax != ExplicitVRLittleEndian:
        plain.compress(syntax, generate_instance_uid=False)
    return as_bytes(plain)


@pytest.mark.parametrize(("syntax", "expected"), SYNTAXES.values(), ids=SYNTAXES)
def test_a_name_is_blanked_in_all_frames_and_all_else_stays(syntax: str, expected: str) -> None:
    data = two_frames(syntax, BurnedInAnnotation="YES")
    done = blanked(data, KEY.report_mark)
    made = read(done.data)
    assert made.file_meta.TransferSyntaxUID == expected
    assert (made.LossyImageCompression, made.BurnedInAnnotation) == ("01", "NO")
    here = np.zeros(CLEAN.shape, bool)
    for left, top, right, bottom in done.boxes:
        here[top:bottom, left:right] = True
    frames = made.pixel_array
    assert 0 < here.mean() < 0.2 and (frames[:, here] == CLEAN.min()).all()
    assert np.array_equal(frames[0][~here], CLEAN[~here])
    assert np.array_equal(frames[1][~here], WRITTEN[~here])
    assert done.verdict.passed and not looked_at(done.data, KEY.report_mark).reason
    out = Engine(KEY).deidentify(done.data, pixels_cleaned=True).data
    assert not verified(done.data, out)


def test_the_curator_sees_before_and_after() -> None:
    done = blanked(two_frames(ExplicitVRLittleEndian), KEY.report_mark)
    before, after = (np.asarray(Image.open(io.BytesIO(png))) for png in (done.before, done.after))
    assert before.shape == after.shape == CLEAN.shape
    left, top, right, bottom = done.boxes[0]
    assert before[top:bottom, left:right].max() > 200 and after[top:bottom, left:right].max() == 0


def test_of_ultrasound_all_outside_the_regions_goes_and_text_inside_them_too() -> None:
    picture = drawing.written(WRITTEN, "LIVER 1234", size=20, at=(40, 150))
    region = Dataset()
    region.RegionLocationMinX0, region.RegionLocationMinY0 = 16, 100
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = 239, 239
    made = ct(Modality="US", SequenceOfUltrasoundRegions=[region])
    made.Rows, made.Columns = picture.shape
    made.PixelData = picture.tobytes()
    done = blanked(as_bytes(made), KEY.report_mark)
    shown = read(done.data).pixel_array
    assert (shown[:100] == picture.min()).all() and (shown[:, :16] == picture.min()).all()
    assert (shown[150:175, 45:120] == picture.min()).all()
    assert np.array_equal(shown[190:240, 16:240], picture[190:240, 16:240])


def test_a_real_picture_of_a_palette_keeps_its_form() -> None:
    data = Path(str(get_testdata_file("examples_palette.dcm"))).read_bytes()
    done = blanked(data, KEY.report_mark)
    one, two = pydicom.dcmread(io.BytesIO(data)), read(done.data)
    assert two.PhotometricInterpretation == "PALETTE COLOR" and two.SOPInstanceUID == one.SOPInstanceUID
    assert (one.pixel_array == two.pixel_array).mean() > 0.8


def test_what_has_nothing_to_blank_needs_the_curators_boxes() -> None:
    made = ct(Modality="DX", BurnedInAnnotation="YES")
    made.Rows, made.Columns = CLEAN.shape
    made.PixelData = CLEAN.tobytes()
    with pytest.raises(SetAside) as aside:
        blanked(as_bytes(made), KEY.report_mark)
    assert aside.value.reason is Reason.PIXEL_TEXT and "name the boxes" in str(aside.value)
    done = blanked(as_bytes(made), KEY.report_mark, boxes=[(0, 0, 50, 20)])
    assert (read(done.data).pixel_array[:20, :50] == CLEAN.min()).all()


def test_what_cannot_be_decoded_is_not_blanked() -> None:
    made = ct()
    made.Rows = made.Columns = 65_535
    with pytest.raises(SetAside) as aside:
        blanked(as_bytes(made), KEY.report_mark)
    assert aside.value.reason is Reason.PIXEL_UNREAD
