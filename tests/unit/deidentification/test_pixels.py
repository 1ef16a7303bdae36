"""Text in pixels: what is at risk, what is found, what is never passed. All drawn strings: `python -m bench pixels`."""

from __future__ import annotations

import json
from itertools import count, islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGBaseline8Bit, RLELossless

from biotheca.deidentification.engine import Engine
from biotheca.deidentification.folder import de_identify
from biotheca.deidentification.keys import CollectionKey
from biotheca.deidentification.model import Reason, Tier
from biotheca.deidentification.pixels import located, looked_at, renderings
from biotheca.deidentification.projection import suspicious
from biotheca.deidentification.risk import face_risk, opened, regions, tier, unlooked
from biotheca.deidentification.survey import survey
from biotheca.deidentification.verify import verified
from tests.unit.deidentification import drawing
from tests.unit.deidentification.making import as_bytes, ct, read

KEY = CollectionKey(bytes(32))
PLAIN: dict[str, Any] = {"Modality": "CT", "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"]}
RISKS: dict[str, tuple[dict[str, Any], Tier]] = {
    "plain slice": ({}, Tier.SAMPLED),
    "plain slice of MR": ({"Modality": "MR"}, Tier.SAMPLED),
    "ultrasound": ({"Modality": "US"}, Tier.EVERY_FRAME),
    "NO exempts nothing": ({"Modality": "US", "BurnedInAnnotation": "NO"}, Tier.EVERY_FRAME),
    "radiograph": ({"Modality": "CR"}, Tier.EVERY_FRAME),
    "secondary": ({"ImageType": ["DERIVED", "SECONDARY"]}, Tier.EVERY_FRAME),
    "screen": ({"ImageType": ["ORIGINAL", "PRIMARY", "SCREEN SAVE"]}, Tier.EVERY_FRAME),
    "without a type": ({"ImageType": None}, Tier.EVERY_FRAME),
    "colours": ({"PhotometricInterpretation": "RGB", "SamplesPerPixel": 3}, Tier.EVERY_FRAME),
    "palette": ({"PhotometricInterpretation": "PALETTE COLOR"}, Tier.EVERY_FRAME),
    "converted": ({"ConversionType": "WSD"}, Tier.EVERY_FRAME),
    "said": ({"BurnedInAnnotation": "YES"}, Tier.EVERY_FRAME),
    "captured": ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, Tier.EVERY_FRAME),
    "unknown modality": ({"Modality": ""}, Tier.EVERY_FRAME),
}


@pytest.mark.parametrize(("more", "expected"), RISKS.values(), ids=RISKS)
def test_all_but_plain_slices_of_a_scanner_are_read_in_every_frame(more: dict[str, Any], expected: Tier) -> None:
    made = ct(**more)
    for keyword in ("SamplesPerPixel", "PhotometricInterpretation"):
        if keyword in more:
            setattr(made, keyword, more[keyword])
    if "SOPClassUID" in more:
        made.SOPClassUID = more["SOPClassUID"]
    assert tier(made) is expected


def test_what_has_no_pixels_is_not_looked_at() -> None:
    made = ct()
    del made.PixelData
    assert tier(made) is Tier.NO_PIXELS
    verdict = looked_at(as_bytes(made), KEY.report_mark)
    assert verdict.reason is None and not verdict.passed


def test_each_picture_held_apart_alarms_and_its_strings_are_located() -> None:
    """The bars of the task: all of 16 pictures, 46 of 48 strings."""
    silent, missed, strings = [], [], 0
    for one in drawing.held_apart():
        if looked_at(one.file(), KEY.report_mark).reason is not Reason.PIXEL_TEXT:
            silent.append(one.name)
        boxes = located(one.picture)
        assert _share(one.picture, boxes) < 0.5  # or anything would be found
        missed += [f"{one.name}: {string}" for string, box in one.strings if not drawing.located(box, boxes)]
        strings += len(one.strings)
    assert strings == 48 and not silent and len(missed) <= 2, (silent, missed)


def _share(picture: drawing.Picture, boxes: list[drawing.Box]) -> float:
    here = np.zeros(picture.shape, bool)
    for left, top, right, bottom in boxes:
        here[top:bottom, left:right] = True
    return float(here.mean())


def test_clean_pictures_are_not_flagged() -> None:
    pictures = list(islice(drawing.clean(), 0, None, 4))
    flagged = [
        name
        for name, picture in pictures
        if looked_at(drawing.Drawn(name, picture, (), 0).file(), KEY.report_mark).reason
    ]
    assert len(pictures) >= 12 and not flagged


def test_a_real_ultrasound_picture_with_text_is_set_aside_and_its_text_stands_nowhere() -> None:
    data = Path(str(get_testdata_file("examples_palette.dcm"))).read_bytes()
    verdict = looked_at(data, KEY.report_mark)
    assert verdict.reason is Reason.PIXEL_TEXT and not verdict.passed
    told = json.dumps(verdict.line()) + verdict.words
    assert verdict.line()["read"] == 1 and "rapidocr" in told
    # Read by a person from the picture.
    assert "Healthcare" not in told and "2011" not in told and "Philips" not in told
    marks = {one.mark for one in verdict.sightings}
    assert KEY.report_mark(b"Philips Healthcare") in marks
    assert CollectionKey(bytes(31) + b"\1").report_mark(b"Philips Healthcare") not in marks


def _frames(*pictures: drawing.Picture, **more: Any) -> bytes:
    made = ct(Modality="XA", NumberOfFrames=len(pictures), **more)
    made.Rows, made.Columns = pictures[0].shape
    made.PixelData = np.stack(pictures).tobytes()
    return as_bytes(made)


def test_text_on_one_frame_of_many_is_found() -> None:
    small = drawing.base("ct small")[:256, :256]
    written = next(drawing.learned()).picture[:256, :256]
    verdict = looked_at(_frames(small, small, small, written, small), KEY.report_mark)
    assert verdict.reason is Reason.PIXEL_TEXT and (verdict.frames, verdict.read) == (5, 5)
    assert {one.frame for one in verdict.sightings} == {3}


COLOURS: dict[str, tuple[list[int], list[int]]] = {
    "red on white": ([255, 255, 255], [255, 0, 0]),
    "red on blue": ([0, 0, 255], [255, 0, 0]),
    "blue on black": ([0, 0, 0], [0, 0, 255]),
    "black on white": ([255, 255, 255], [0, 0, 0]),
}


@pytest.mark.parametrize(("ground", "ink"), COLOURS.values(), ids=COLOURS)
@pytest.mark.parametrize("palette", [False, True], ids=["direct", "palette"])
def test_text_in_colours_is_found_also_through_a_palette(ground: list[int], ink: list[int], palette: bool) -> None:
    letters = drawing.written(np.zeros((120, 200), np.uint16), "OXENHAM", size=24, at=(20, 40)) > 0
    made = ct(Modality="OT")
    made.Rows, made.Columns = letters.shape
    made.BitsAllocated, made.BitsStored, made.HighBit = 8, 8, 7
    if palette:
        made.PhotometricInterpretation = "PALETTE COLOR"
        made.PixelData = np.where(letters, 101, 100).astype(np.uint8).tobytes()
        for part, name in enumerate(("Red", "Green", "Blue")):
            table = np.random.default_rng(part).integers(0, 65536, 256).astype("<u2")
            table[100], table[101] = ground[part] * 257, ink[part] * 257
            setattr(made, f"{name}PaletteColorLookupTableDescriptor", [256, 0, 16])
            setattr(made, f"{name}PaletteColorLookupTableData", table.tobytes())
    else:
        made.PhotometricInterpretation, made.SamplesPerPixel, made.PlanarConfiguration = "RGB", 3, 0
        made.PixelData = np.where(letters[..., None], ink, ground).astype(np.uint8).tobytes()
    verdict = looked_at(as_bytes(made), KEY.report_mark)
    assert verdict.reason is Reason.PIXEL_TEXT, verdict.words


def test_numbers_that_are_none_hide_no_text() -> None:
    frame = drawing.written(np.zeros((120, 200), np.uint16), "OXENHAM", size=24, at=(20, 40)).astype(np.float32)
    frame[0, :3] = np.nan, np.inf, -np.inf
    (picture, *_) = renderings(frame)
    assert (int(picture.min()), int(picture.max())) == (0, 255) and (picture > 128).sum() > 100


def test_of_a_plain_slice_that_is_not_read_the_screen_sees_the_text() -> None:
    one = next(one for one in drawing.learned() if one.name == "ct 12 px 90")
    plain = one.file(**PLAIN)
    verdict = looked_at(plain, KEY.report_mark, sample=False)
    assert (verdict.tier, verdict.read, verdict.screened) == (Tier.SAMPLED, 0, 1)
    assert verdict.reason is Reason.PIXEL_TEXT
    clean = drawing.Drawn("", drawing.base("ct"), (), 0).file(**PLAIN)
    assert looked_at(clean, KEY.report_mark, sample=False).passed


def test_what_says_that_text_is_burned_in_is_set_aside_unread() -> None:
    data = as_bytes(ct(BurnedInAnnotation="YES"))
    for verdict in (looked_at(data, KEY.report_mark), unlooked(data, look=False), unlooked(data, look=True)):
        assert verdict.reason is Reason.BURNED_IN and verdict.read == 0


def _too_many() -> Dataset:
    made = ct(NumberOfFrames=100_000)
    return made


def _too_large() -> Dataset:
    made = ct()
    made.Rows = made.Columns = 65_535
    return made


def _broken() -> Dataset:
    made = ct(syntax=JPEGBaseline8Bit)
    made.PixelData = encapsulate([b"\xff\xd8\xff\xdb\0\0not a picture"])
    made["PixelData"].is_undefined_length = True
    return made


def _short() -> Dataset:
    made = ct(size=64)
    made.PixelData = made.PixelData[:1000]
    return made


def _one_declared_of_two() -> Dataset:
    made = read(_frames(*[drawing.base("ct small")[:64, :64]] * 2))
    made.compress(RLELossless, generate_instance_uid=False)
    made.NumberOfFrames = 1
    return made


@pytest.mark.parametrize("make", [_too_many, _too_large, _broken, _short, _one_declared_of_two])
def test_what_cannot_be_read_is_set_aside_and_never_passed(make: Any) -> None:
    verdict = looked_at(as_bytes(make()), KEY.report_mark)
    assert verdict.reason is Reason.PIXEL_UNREAD and verdict.words and not verdict.passed


def test_a_picture_whose_stream_has_another_sign_than_the_header_is_read() -> None:
    data = Path(str(get_testdata_file("J2K_pixelrep_mismatch.dcm"))).read_bytes()
    assert looked_at(data, KEY.report_mark).passed


def test_what_takes_too_long_is_set_aside() -> None:
    ticks = count(0, 1000)
    data = _frames(*[drawing.base("ct small")[:64, :64]] * 4)
    verdict = looked_at(data, KEY.report_mark, clock=lambda: float(next(ticks)))
    assert verdict.reason is Reason.PIXEL_UNREAD and verdict.screened < 4 and "seconds" in verdict.words


def test_without_a_reader_what_is_at_risk_is_set_aside_and_nothing_is_claimed() -> None:
    radiograph, plain = as_bytes(ct(Modality="DX")), as_bytes(ct())
    assert unlooked(radiograph, look=True).reason is Reason.PIXEL_UNREAD
    assert unlooked(plain, look=True).reason is None and not unlooked(plain, look=True).passed
    assert unlooked(radiograph, look=False).reason is None and not unlooked(radiograph, look=False).passed
    assert unlooked(b"nothing", look=True).reason is Reason.PIXEL_UNREAD


def test_clean_pixels_are_claimed_only_where_the_stage_passed() -> None:
    data = as_bytes(ct(BurnedInAnnotation="YES", BodyPartExamined="HEAD"))
    for cleaned in (False, True):
        out = Engine(KEY).deidentify(data, pixels_cleaned=cleaned, face_risk=True).data
        made = read(out)
        codes = {item.CodeValue for item in made.DeidentificationMethodCodeSequence}
        assert ("113101" in codes, made.BurnedInAnnotation) == (cleaned, "NO" if cleaned else "YES")
        assert "113102" not in codes and made.RecognizableVisualFeatures == "YES"
        assert not verified(data, out)
    assert "RecognizableVisualFeatures" not in read(Engine(KEY).deidentify(data).data)


HEADS: dict[str, tuple[dict[str, Any], bool]] = {
    "part": ({"BodyPartExamined": "HEAD"}, True),
    "words": ({"Modality": "MR", "SeriesDescription": "t1_mprage_sag"}, True),
    "study": ({"StudyDescription": "CT BRAIN W/O"}, True),
    "whole body": ({"Modality": "PT", "BodyPartExamined": "WHOLEBODY"}, True),
    "chest": ({"BodyPartExamined": "CHEST"}, False),
    "femoral head is a head too": ({"StudyDescription": "FEMORAL HEAD"}, True),
    "a word inside a word": ({"StudyDescription": "SURFACE COIL, OVERHEADS"}, False),
    "a flat picture": ({"Modality": "US", "BodyPartExamined": "HEAD"}, False),
}


@pytest.mark.parametrize(("more", "expected"), HEADS.values(), ids=HEADS)
def test_slices_of_a_head_are_marked_because_of_the_face(more: dict[str, Any], expected: bool) -> None:
    assert face_risk(ct(**more)) is expected


def test_regions_of_ultrasound_are_read_with_their_ends_outside() -> None:
    item = Dataset()
    item.RegionLocationMinX0, item.RegionLocationMinY0 = 10, 20
    item.RegionLocationMaxX1, item.RegionLocationMaxY1 = 99, 59
    made = opened(as_bytes(ct(Modality="US", SequenceOfUltrasoundRegions=[item, Dataset()])))
    assert made is not None and regions(made) == [(10, 20, 100, 60)]


def _series(folder: Path, pictures: list[Any]) -> list[Path]:
    """Slices of one series, named against the order of their Instance Numbers."""
    folder.mkdir()
    for number, picture in enumerate(pictures, 1):
        made = ct(number, SeriesInstanceUID="1.2.3.61")
        made.Rows, made.Columns = picture.shape
        made.PixelData = picture.tobytes()
        (folder / f"{99 - number}.dcm").write_bytes(as_bytes(made))
    return sorted(folder.iterdir())


def test_letters_too_large_for_the_screen_are_seen_where_slices_lie_on_one_another(tmp_path: Path) -> None:
    plain = drawing.base("ct small")[:256, :256]
    large = drawing.written(plain, "QUILL", size=60, at=(10, 100))
    paths = _series(tmp_path / "in", [plain, large, *[plain] * 4])
    assert looked_at(paths[4].read_bytes(), KEY.report_mark, sample=False).reason is None, "the screen misses it"
    assert suspicious(paths) and not suspicious([path for path in paths if path.name != "97.dcm"])
    totals = de_identify(tmp_path / "in", tmp_path / "out", tmp_path / "report", KEY, bytes(32))
    assert (totals.released, dict(totals.quarantined)) == (5, {Reason.PIXEL_TEXT: 1})


def test_slices_are_taken_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    plain = drawing.base("ct small")[:64, :64]
    paths = _series(tmp_path / "in", [plain] * 12)
    (group,) = survey(paths, lambda path: "").groups()
    assert [path.name for path in group] == [f"{99 - number}.dcm" for number in range(1, 13)]
