"""The verifier finds what an engine could have left, and finds nothing in what ours makes of real files."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import FileDataset

from biotheca.deidentification.engine import Engine
from biotheca.deidentification.keys import CollectionKey
from biotheca.deidentification.model import Reason, SetAside
from biotheca.deidentification.verify import verified
from tests.real_data import files_below
from tests.unit.deidentification.making import as_bytes, ct, read

KEY = CollectionKey(bytes(range(32)))
ORIGINAL = as_bytes(ct(SpecificCharacterSet="ISO_IR 192", OperatorsName="王^小东"))
CLEAN = Engine(KEY).deidentify(ORIGINAL).data
Left = Callable[[FileDataset], None]


def put(keyword: str, value: object) -> Left:
    return lambda after: setattr(after, keyword, value)


def add(tag: int, vr: str, value: object) -> Left:
    return lambda after: after.add_new(tag, vr, value)


CALLED_LIKE_A_TERM = {"CT_enhanced_2frame_jpegls.dcm"}  # patient "Perfusion^Stroke", image type PERFUSION: set aside
LEFT: dict[str, tuple[Left, Reason]] = {
    "a name in a description": (put("SeriesDescription", "chest of quillfeather"), Reason.VERIFY_LEAK),
    "a number with separators": (put("ImageComments", "mrn-800-417.23"), Reason.VERIFY_LEAK),
    "a Chinese name in GB18030 in a private blob": (add(0x00990010, "LO", "X"), Reason.VERIFY_LEAK),
    "a name as UTF-16": (add(0x00420011, "OB", "Zephyrine".encode("utf-16-le")), Reason.VERIFY_LEAK),
    "a birth date": (put("PatientBirthDate", "19510405"), Reason.VERIFY_LEAK),
    "a date that stayed": (put("ContentDate", "20240229"), Reason.VERIFY_LEAK),
    "a date that moved otherwise": (put("SeriesDate", "20200101"), Reason.VERIFY_VALUE),
    "a UID that stayed": (put("FrameOfReferenceUID", "1.2.3.3"), Reason.VERIFY_LEAK),
    "a UID of nobody's": (put("SynchronizationFrameOfReferenceUID", "1.9.9"), Reason.VERIFY_LEAK),
    "a number that changed": (put("SliceThickness", "2.6"), Reason.VERIFY_VALUE),
    "a number that was not there": (put("KVP", "120"), Reason.VERIFY_VALUE),
    "pixels that changed": (lambda d: put("PixelData", bytes(2) + d.PixelData[2:])(d), Reason.VERIFY_VALUE),
    "pixels that went": (lambda d: d.__delitem__("PixelData"), Reason.VERIFY_VALUE),
    "a preamble": (lambda d: setattr(d, "preamble", b"II*\0".ljust(128, b"\0")), Reason.VERIFY_LEAK),
}


def test_what_the_engine_makes_passes() -> None:
    assert verified(ORIGINAL, CLEAN) == []


@pytest.mark.parametrize(("left", "reason"), LEFT.values(), ids=LEFT)
def test_what_an_engine_could_leave_is_found_and_not_repeated(left: Left, reason: Reason) -> None:
    after = read(CLEAN)
    left(after)
    if (0x0099, 0x0010) in after:
        after.add_new(0x00991001, "UN", "王小东".encode("gb18030"))
    failures = verified(ORIGINAL, as_bytes(after))
    assert reason in {f.reason for f in failures}
    words = " ".join(f.words for f in failures).casefold()
    assert not [w for w in ("quill", "zephyrine", "8004", "王", "1951", "2024") if w in words]


def test_a_number_kept_as_a_number_is_found() -> None:
    original = ct(PatientID="80041723")
    after = read(Engine(KEY).deidentify(as_bytes(original)).data)
    after.add_new(0x00990010, "LO", "ACME")
    after.add_new(0x00991001, "UL", 80041723)
    assert {f.check for f in verified(as_bytes(original), as_bytes(after))} >= {"leak"}


def test_what_cannot_be_read_does_not_pass() -> None:
    assert [f.check for f in verified(ORIGINAL, CLEAN[:-100])] and [f.check for f in verified(ORIGINAL, b"")] == [
        "readable"
    ]


def real_objects() -> list[Path]:
    inside = [p for p in (Path(pydicom.__file__).parent / "data").rglob("*") if p.is_file()]
    return sorted(inside) + files_below("dicom", "real")


def test_real_files_are_set_aside_with_a_reason_or_pass_the_verifier() -> None:
    """186 files of the pydicom wheel, and 32 more where the folder of real data is."""
    engine, told = Engine(KEY), {"passed": 0}
    for path in real_objects():
        data = path.read_bytes()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                failures = verified(data, engine.deidentify(data).data)
            except SetAside as aside:
                told[str(aside.reason)] = told.get(str(aside.reason), 0) + 1
                continue
        if path.name not in CALLED_LIKE_A_TERM:
            assert {f.reason for f in failures} <= {Reason.PIXEL_UNREAD}, (path.name, failures)
        told["passed"] += 1
    print(f"\nde-identification: {sum(told.values())} real files: {told}")
    assert told["passed"] > 140
