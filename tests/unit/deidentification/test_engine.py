"""What the engine takes away, keeps and changes, read back by pydicom; and what it sets aside."""

from __future__ import annotations

import struct
import zlib
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from biotheca.deidentification.engine import Engine
from biotheca.deidentification.keys import CollectionKey, shifted
from biotheca.deidentification.model import Options, Reason, SetAside
from biotheca.deidentification.text import folded
from tests.unit.deidentification.making import DEVICE, PATIENT, TIMES, as_bytes, ct, read

KEY = CollectionKey(bytes(range(32)))
SYNTAXES = {
    "implicit": "1.2.840.10008.1.2",
    "explicit": "1.2.840.10008.1.2.1",
    "big endian": "1.2.840.10008.1.2.2",
    "deflated": "1.2.840.10008.1.2.1.99",
}
WORDS = ("quillfeather", "zephyrine", "80041723", "773311", "oxenham", "rosalind", "swithin", "0134477", "19510405")


def done(made: Dataset, options: Options | None = None) -> Dataset:
    return read(Engine(KEY, options).deidentify(as_bytes(made)).data)


def leaks(data: bytes) -> set[str]:
    """Planted words in a file, inflated if it was deflated, in Latin letters of any case, UTF-16 too."""
    made = read(data)
    if made.file_meta.TransferSyntaxUID == SYNTAXES["deflated"]:
        start = data.index(SYNTAXES["deflated"].encode())
        data += b"".join(_inflated(data, n) for n in range(start, start + 400, 2))
    texts = (data.decode("latin-1"), data[::2].decode("latin-1"), data[1::2].decode("latin-1"))
    return {word for word in WORDS for text in texts if word in text.casefold()}


def _inflated(data: bytes, at: int) -> bytes:
    try:
        return zlib.decompress(data[at:], -15)
    except zlib.error:
        return b""


def full(syntax: str = SYNTAXES["explicit"]) -> Dataset:
    """An object with people in every corner of it."""
    made = ct(syntax=syntax, StudyDescription="CHEST CT of Zephyrine Quillfeather, MRN 80041723, Dr. Oxenham 02APR2019")
    made.PatientComments = "Call 555-013-4477"
    made.ImageComments = "T2 AX"
    inner = Dataset()
    inner.ReferencedSOPClassUID, inner.ReferencedSOPInstanceUID = made.SOPClassUID, "1.2.3.4.5.2"
    made.ReferencedImageSequence = Sequence([inner])
    deep = Dataset()
    deep.RequestedProcedureDescription = "CT of QUILLFEATHER"
    deep.PerformingPhysicianName = "OXENHAM^R"
    deeper = Dataset()
    deeper.CodeMeaning, deeper.CodeValue, deeper.CodingSchemeDesignator = "Chest of Zephyrine", "T-D3000", "SRT"
    deep.RequestedProcedureCodeSequence = Sequence([deeper])
    made.RequestAttributesSequence = Sequence([deep])
    block = made.private_block(0x0029, "SIEMENS CSA HEADER", create=True)
    block.add_new(0x10, "OB", b"Zephyrine Quillfeather here")
    safe = made.private_block(0x0019, "SIEMENS MR HEADER", create=True)
    safe.add_new(0x0C, "IS", "1000")
    number = made.private_block(0x0011, "ACME NUMBERS", create=True)
    number.add_new(0x01, "UL", 80041723)
    made.add_new(0x60000010, "US", 8)
    made.add_new(0x60000011, "US", 8)
    made.add_new(0x60004000, "LT", "Quillfeather")
    made.add_new(0x60003000, "OW", b"\0" * 8)
    return made


@pytest.mark.parametrize("syntax", SYNTAXES.values(), ids=SYNTAXES)
def test_no_planted_word_is_left_in_any_corner(syntax: str) -> None:
    before = as_bytes(full(syntax))
    assert leaks(before) >= {"quillfeather", "oxenham"}
    assert leaks(Engine(KEY).deidentify(before).data) == set()


@pytest.mark.parametrize("syntax", SYNTAXES.values(), ids=SYNTAXES)
def test_pixels_device_characteristics_and_useful_words_stay(syntax: str) -> None:
    made = full(syntax)
    after = done(made)
    assert after.PixelData == read(as_bytes(made)).PixelData and after.file_meta.TransferSyntaxUID == syntax
    assert {key: after[key].value for key in DEVICE} == DEVICE
    assert (after.PatientSex, after.PatientAge, after.PatientWeight) == ("F", "072Y", 61.5)
    assert after.StudyDescription == "CHEST CT of" and after.ImageComments == "T2 AX"
    assert after.PixelSpacing == [0.7, 0.7] and after.ImageType == made.ImageType
    assert after[0x0019, 0x100C].value == 1000 and after[0x0019, 0x0010].value == "SIEMENS MR HEADER"
    assert (0x0029, 0x1010) not in after and (0x0011, 0x1001) not in after and (0x6000, 0x3000) not in after


def test_dates_move_by_whole_days_alike_and_times_stay() -> None:
    after = done(ct())
    moved = {key: datetime.strptime(str(value)[:8], "%Y%m%d") for key, value in TIMES.items() if "Time" not in key}
    gaps = {moved[key] - datetime.strptime(str(after[key].value)[:8], "%Y%m%d") for key in moved}
    assert len(gaps) == 1 and 365 <= gaps.pop().days <= 3649
    assert after.StudyTime == TIMES["StudyTime"] and str(after.AcquisitionDateTime).endswith("081500.5")
    assert after.PatientBirthDate == ""


def test_uids_are_new_and_references_still_lead_to_their_objects() -> None:
    first, second = done(full()), done(ct(number=2))
    assert first.ReferencedImageSequence[0].ReferencedSOPInstanceUID == second.SOPInstanceUID
    assert first.StudyInstanceUID == second.StudyInstanceUID != "1.2.3.1"
    assert first.SOPInstanceUID == first.file_meta.MediaStorageSOPInstanceUID
    assert all(
        str(u).startswith("2.25.") for u in (first.SOPInstanceUID, first.SeriesInstanceUID, first.FrameOfReferenceUID)
    )
    assert first.SOPClassUID == ct().SOPClassUID


def test_the_same_key_gives_the_same_bytes_and_another_shares_nothing() -> None:
    before = as_bytes(full())
    one, two = Engine(KEY).deidentify(before).data, Engine(KEY).deidentify(before).data
    other = read(Engine(CollectionKey(bytes(32))).deidentify(before).data)
    mine = read(one)
    assert one == two
    for key in ("PatientID", "StudyInstanceUID", "SOPInstanceUID", "StudyDate", "AccessionNumber"):
        assert mine[key].value != other[key].value


def test_what_was_remembered_of_one_slice_is_right_for_the_next() -> None:
    engine = Engine(KEY)
    slices = [as_bytes(ct(number=n, StudyDescription=f"CHEST slice {n} Quillfeather")) for n in (1, 2, 1)]
    assert [engine.deidentify(s).data for s in slices] == [Engine(KEY).deidentify(s).data for s in slices]


def test_the_file_says_what_was_done_and_claims_no_pixels() -> None:
    after = done(full())
    codes = [row.CodeValue for row in after.DeidentificationMethodCodeSequence]
    assert codes == ["113100", "113103", "113104", "113105", "113107", "113108", "113109", "113111"]
    assert after.PatientIdentityRemoved == "YES" and after.LongitudinalTemporalInformationModified == "MODIFIED"


def test_ages_above_89_are_one() -> None:
    assert done(ct(PatientAge="093Y")).PatientAge == "090Y" and done(ct(PatientAge="089Y")).PatientAge == "089Y"


def test_the_seeds_literal_rule_keeps_numbers_and_thereby_leaks() -> None:
    after = done(full(), Options(private="numeric"))
    assert after[0x0011, 0x1001].value == 80041723 and (0x0029, 0x1010) not in after


NAMES = {
    "GB18030": ("ISO 2022 IR 6\\GB18030", "王^小东", "王小东 胸部CT平扫", "胸部CT平扫"),
    "UTF-8": ("ISO_IR 192", "Müller^Jörg", "THORAX Müller Jörg", "THORAX"),
    "Cyrillic": ("ISO_IR 144", "Люкceмбypг^Иван", "CT Люкceмбypг", "CT"),
    "Korean": ("ISO_IR 192", "Hong^Gildong=洪^吉洞=홍^길동", "흉부 홍길동", "흉부"),
    "Japanese": ("ISO_IR 192", "Yamada^Tarou=山田^太郎=やまだ^たろう", "山田太郎 胸部", "胸部"),
}


@pytest.mark.parametrize(("charset", "name", "text", "left"), NAMES.values(), ids=NAMES)
def test_names_in_other_letters_go_from_descriptions(charset: str, name: str, text: str, left: str) -> None:
    charsets = charset.split("\\")[-1]
    made = ct(SpecificCharacterSet=charsets, PatientName=name, StudyDescription=text)
    after = done(made)
    assert after.StudyDescription == left
    for part in filter(None, folded(name).replace("=", "^").split("^")):
        assert part not in folded(str(after))


FORMED = "StudyTime SliceThickness SeriesNumber PatientAge SeriesDate AcquisitionDateTime BodyPartExamined SOPClassUID"


@pytest.mark.parametrize("keyword", FORMED.split())
def test_words_where_only_digits_or_codes_belong_go(keyword: str) -> None:
    """As after a length field that swallows what follows it, or by a careless hand."""
    before = as_bytes(ct(BodyPartExamined="CHEST"))
    made = read(before)
    raw = made.get_item(keyword)
    value = (bytes(raw.value).rstrip(b"\0 ") + b" seen by Hollingsworth of Bath")[:60]
    value += b" " * (len(value) & 1)
    at = raw.value_tell
    data = before[: at - 2] + len(value).to_bytes(2, "little") + value + before[at + raw.length :]
    try:
        after = Engine(KEY).deidentify(data).data
    except SetAside:
        return
    assert b"Hollingsworth" not in after and b"Bath" not in after


# --- set aside ---


def refused(data: bytes) -> Reason:
    with pytest.raises(SetAside) as told:
        Engine(KEY).deidentify(data)
    assert not [word for word in WORDS if word in str(told.value).casefold()]
    return told.value.reason


def test_what_cannot_be_vouched_for_is_set_aside_with_its_reason() -> None:
    whole = as_bytes(ct())
    assert refused(b"no DICOM at all" * 20) == Reason.NOT_DICOM
    assert refused(whole[:-20]) == Reason.DAMAGED
    assert refused(b"MZ" + whole[2:]) == refused(b"II*\0" + whole[4:]) == Reason.PREAMBLE
    assert refused(whole.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.99999.1.2.1\0")) == Reason.UNKNOWN_SYNTAX
    assert refused(whole + b"PK\x03\x04" + bytes(60)) == Reason.DAMAGED
    private, wide, document = ct(), ct(), ct()
    private.SOPClassUID = "1.3.12.2.1107.5.9.1"
    assert refused(as_bytes(private)) == Reason.UNKNOWN_SOP
    wide.Rows = wide.Columns = 65535
    assert refused(as_bytes(wide)) == Reason.DECLARED_SIZE
    document.SOPClassUID = "1.2.840.10008.5.1.4.1.1.104.1"
    assert refused(as_bytes(document)) == Reason.ENCAPSULATED_DOCUMENT


def test_nesting_without_end_and_bombs_are_faults_not_crashes() -> None:
    whole = as_bytes(ct())
    deep = (
        whole
        + (
            struct.pack("<HH2sHI", 0x7FE1, 0x1010, b"SQ", 0, 0xFFFFFFFF)
            + struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
        )
        * 500
    )
    assert refused(deep) == Reason.DAMAGED
    bomb = as_bytes(ct(syntax=SYNTAXES["deflated"]))
    start = bomb.index(SYNTAXES["deflated"].encode()) + 24
    engine = zlib.compressobj(9, zlib.DEFLATED, -15)
    made = engine.compress(bytes(64 * 1024 * 1024)) + engine.flush()
    assert refused(bomb[:start] + made) == Reason.DAMAGED


@settings(max_examples=150)
@given(st.data())
def test_a_damaged_file_is_set_aside_or_still_without_planted_words(given_: Any) -> None:
    data = bytearray(as_bytes(full()))
    for _ in range(given_.draw(st.integers(1, 4))):
        data[given_.draw(st.integers(132, len(data) - 600))] = given_.draw(st.integers(0, 255))
    try:
        after = Engine(KEY).deidentify(bytes(data)).data
    except SetAside:
        return
    assert not {"quillfeather", "80041723"} & {w for w in WORDS if w in after.decode("latin-1").casefold()}


@given(st.dates(datetime(1900, 1, 1).date(), datetime(2100, 1, 1).date()), st.integers(365, 3649))
def test_a_shift_keeps_intervals(day: Any, days: int) -> None:
    moved = shifted(f"{day:%Y%m%d}", days)
    assert moved and (day - datetime.strptime(moved, "%Y%m%d").date()).days == days


def test_the_secret_alone_makes_pseudonyms() -> None:
    assert (
        Engine(KEY).deidentify(as_bytes(ct())).data != Engine(CollectionKey(b"x" * 32)).deidentify(as_bytes(ct())).data
    )
    with pytest.raises(ValueError):
        CollectionKey(b"short")
    assert PATIENT["PatientID"] not in KEY.pseudonym("patient", b"id\0" + PATIENT["PatientID"].encode())
