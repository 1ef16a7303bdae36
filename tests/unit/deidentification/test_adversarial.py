"""People in the corners where tools for de-identification lose them: of each, what must be nowhere and what must stay.

A file whose case says so may be set aside by the verifier instead; everything else must be clean, and pass it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.sequence import Sequence
from pydicom.tag import Tag

from bench.deid_score import leaks
from biotheca.deidentification.engine import Engine
from biotheca.deidentification.keys import CollectionKey
from biotheca.deidentification.model import Reason, SetAside
from biotheca.deidentification.verify import verified
from tests.unit.deidentification.making import as_bytes, ct, read

TEST_FILES = Path(pydicom.__file__).parent / "data" / "test_files"
MRN = "80041723"
HEADER = ("Quillfeather", "Zephyrine", "Oxenham", "Rosalind", "Swithin")  # of making.PATIENT
DESCRIBED = (
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "SamplesPerPixel",
    "PhotometricInterpretation",
)
Change = Callable[[FileDataset], object]


@dataclass
class Case:
    """A change to a slice, words that must be nowhere in the result, and (tag, words) that must stay."""

    change: Change
    gone: tuple[str, ...] = ()
    stays: tuple[tuple[str, str], ...] = ()
    may_be_set_aside: bool = False
    days: tuple[str, ...] = field(default=("19510405", "20240229"))


def put(**values: object) -> Change:
    return lambda made: [setattr(made, keyword, value) for keyword, value in values.items()]


def add(tag: int, vr: str, value: object) -> Change:
    return lambda made: made.add_new(tag, vr, value)


def all_of(*changes: Change) -> Change:
    return lambda made: [change(made) for change in changes]


def row(**values: object) -> Dataset:
    made = Dataset()
    put(**values)(made)  # type: ignore[arg-type]
    return made


def said(text: str) -> Change:
    return put(StudyDescription=text)


def undeclared(text: str, encoding: str) -> Change:
    """A description in an encoding that the file does not name."""
    return said(text.encode(encoding).decode("latin-1"))


def overlay_in_high_bits(made: FileDataset) -> None:
    made.add_new(0x60000010, "US", 16)
    made.add_new(0x60000011, "US", 16)
    made.add_new(0x60000100, "US", 16)
    made.add_new(0x60000102, "US", 12)
    values = np.frombuffer(made.PixelData, "<u2") | np.arange(256, dtype="<u2") % 3 << 12
    made.PixelData = values.astype("<u2").tobytes()


def unannounced_high_bits(made: FileDataset) -> None:
    overlay_in_high_bits(made)
    for tag in (0x60000010, 0x60000011, 0x60000100, 0x60000102):
        del made[tag]


def stream(name: str, where: str) -> Change:
    """The pixels of a compressed file of the wheel, a name in a comment, in application data, or behind its end."""

    def change(made: FileDataset) -> None:
        real = pydicom.dcmread(TEST_FILES / name)
        (frame,) = generate_frames(real.PixelData, number_of_frames=1)
        words = b"Quillfeather 80041723"
        if where == "comment":
            block = (len(words) + 2).to_bytes(2, "big") + words
            frame = frame[:2] + b"\xff\xfe" + block + frame[2:]
        elif where == "application":
            block = (len(words) + 2).to_bytes(2, "big") + words
            frame = frame[:2] + b"\xff\xed" + block + frame[2:]
        elif where == "j2k comment":
            size = 4 + int.from_bytes(frame[4:6], "big")
            block = (len(words) + 4).to_bytes(2, "big") + b"\0\1" + words
            frame = frame[:size] + b"\xff\x64" + block + frame[size:]
        else:
            frame = frame.rstrip(b"\0") + words
        for keyword in DESCRIBED:
            setattr(made, keyword, real[keyword].value)
        made.PixelRepresentation, made.file_meta.TransferSyntaxUID = 0, real.file_meta.TransferSyntaxUID
        if made.SamplesPerPixel == 3:
            made.PlanarConfiguration = 0
        made.PixelData = encapsulate([frame])
        made["PixelData"].is_undefined_length = True

    return change


def sequence_as_unknown(made: FileDataset) -> None:
    """A standard sequence under UN: implicit little endian inside (PS3.5 section 6.2.2)."""
    inner = row(RequestedProcedureDescription="CHEST for Quillfeather", ScheduledProcedureStepID=MRN)
    private = inner.private_block(0x0033, "ACME NESTED", create=True)
    private.add_new(1, "LO", "Zephyrine")
    held = Dataset()
    held.RequestAttributesSequence = Sequence([inner])
    raw = pydicom.filebase.DicomBytesIO()
    raw.is_little_endian, raw.is_implicit_VR = True, True
    pydicom.filewriter.write_dataset(raw, held)
    inside = raw.getvalue()[8:]
    made[0x00400275] = RawDataElement(Tag(0x00400275), "UN", len(inside), inside, 0, False, True)


def raw_number(made: FileDataset) -> None:
    words = b"Quillfeather"
    made[0x00180050] = RawDataElement(Tag(0x00180050), "DS", len(words), words, 0, False, True)


def safe_private_sequence(made: FileDataset) -> None:
    inner = row(ImageComments="of Zephyrine", PatientID=MRN)
    inner.private_block(0x0033, "ACME NESTED", create=True).add_new(1, "LO", "Quillfeather")
    made.private_block(0x2001, "Philips Imaging DD 001", create=True).add_new(0x69, "SQ", Sequence([inner]))


def numbers(*rows: tuple[int, str, object]) -> Change:
    """Numbers in standard attributes whose representation is numeric."""
    return lambda made: [made.add_new(*one) for one in rows]


def safe_numbers(*rows: tuple[int, str, int, str, object]) -> Change:
    def change(made: FileDataset) -> None:
        for group, creator, element, vr, value in rows:
            made.private_block(group, creator, create=True).add_new(element, vr, value)

    return change


def report(*texts: str) -> Change:
    def items(made: FileDataset) -> None:
        code = row(CodeValue="121071", CodingSchemeDesignator="DCM", CodeMeaning="Finding")
        made.ContentSequence = Sequence(
            [
                row(
                    RelationshipType="CONTAINS", ValueType="TEXT", TextValue=t, ConceptNameCodeSequence=Sequence([code])
                )
                for t in texts
            ]
        )

    return items


JAPANESE = ["", "ISO 2022 IR 87"]
KOREAN = ["", "ISO 2022 IR 149"]
CASES: dict[str, Case] = {
    "a Chinese name in GB18030": Case(
        put(SpecificCharacterSet="GB18030", PatientName="Zhuge=诸葛^明远", StudyDescription="CHEST 平扫 诸葛明远"),
        ("诸葛", "明远", "Zhuge"),
        (("StudyDescription", "CHEST 平扫"),),
    ),
    "a Chinese name in GBK": Case(
        put(SpecificCharacterSet="GBK", PatientName="诸葛^明远", SeriesDescription="CHEST明远"),
        ("诸葛", "明远"),
        (("SeriesDescription", "CHEST"),),
    ),
    "a Russian name in ISO_IR 144": Case(
        put(SpecificCharacterSet="ISO_IR 144", PatientName="Журавлёв^Степан", StudyDescription="CHEST ЖУРАВЛЕВ степан"),
        ("Журавлёв", "Журавлев", "Степан"),
        (("StudyDescription", "CHEST"),),
    ),
    "a Japanese name in ISO 2022 IR 87": Case(
        put(SpecificCharacterSet=JAPANESE, PatientName="Yamashita^Tarou=山下^太郎", StudyDescription="胸部 山下太郎"),
        ("山下", "太郎", "Yamashita"),
        (("StudyDescription", "胸部"),),
    ),
    "a Korean name in ISO 2022 IR 149": Case(
        put(SpecificCharacterSet=KOREAN, PatientName="Hwangbo=皇甫^吉洞=황보^길동", StudyDescription="흉부 황보길동"),
        ("황보", "길동", "皇甫", "Hwangbo"),
        (("StudyDescription", "흉부"),),
    ),
    "a name in UTF-8 that the file does not declare": Case(undeclared("CHEST 王小东", "utf-8"), ("王小东",)),
    "a name in GB18030 that the file does not declare": Case(undeclared("CHEST 诸葛明远", "gb18030"), ("诸葛明远",)),
    "a Greek name in UTF-8": Case(
        put(SpecificCharacterSet="ISO_IR 192", PatientName="Παπαδάκη^Ελένη", StudyDescription="CHEST ΠΑΠΑΔΑΚΗ"),
        ("Παπαδάκη", "Παπαδακη", "Ελένη"),
        (("StudyDescription", "CHEST"),),
    ),
    "a name with its marks, without, and spelt out": Case(
        put(
            SpecificCharacterSet="ISO_IR 100",
            PatientName="Grünwälder^Jördis",
            StudyDescription="CHEST GRUNWALDER, Gruenwaelder, Jordis",
        ),
        ("Grünwälder", "Grunwalder", "Gruenwaelder", "Jordis", "Jördis"),
        (("StudyDescription", "CHEST"),),
    ),
    "dates in words": Case(
        said("CHEST 02APR2019 April 2nd, 2019; 2-Apr-19 4/2/19 2019.04.02 Apr 2 2019"),
        ("02apr2019", "april", "2nd", "2-apr-19", "4/2/19", "2019.04.02", "2019"),
        (("StudyDescription", "CHEST"),),
    ),
    "dates of other calendars": Case(
        put(SpecificCharacterSet="ISO_IR 192", StudyDescription="CHEST 2019年4月2日 平成31年4月2日 民國108年4月2日"),
        ("2019年", "平成", "31年", "民國", "108年"),
        (("StudyDescription", "CHEST"),),
    ),
    "the birth date in other words": Case(said("CHEST born 5 April 1951, 05.04.51, 1951-4-5"), ("1951", "05.04.51")),
    "a label of content": Case(put(ContentLabel="QUILLFEATHER_1", ContentDescription="of Zephyrine")),
    "addresses in a report": Case(
        report("Lives at 221B Marchmont Crescent, Tadfield OX7 6TT", "nodule in the right lung", "c/o Pulsifer"),
        ("Marchmont", "Tadfield", "Pulsifer", "OX7 6TT", "221B"),
    ),
    "an address of words that are listed": Case(
        said("CHEST at 12 High Street, 7a Old North Road, P.O. Box 441"),
        ("High Street", "Old North", "Box"),
        (("StudyDescription", "CHEST"),),
    ),
    "magnetic resonance, and men": Case(
        said("MR brain Mr. Pulsifer MR DEVICEY Mr Tadfield"),
        ("Pulsifer", "Devicey", "Tadfield"),
        (("StudyDescription", "MR brain"),),
    ),
    "relatives whom no header names": Case(
        said("CHEST brought by his aunt Marguerite Pulsifer-Device"),
        ("Marguerite", "Pulsifer"),
        (("StudyDescription", "CHEST"),),
    ),
    "an overlay in unused bits": Case(overlay_in_high_bits),
    "unused bits that nobody announces": Case(unannounced_high_bits),
    "a sequence under UN, private elements in it": Case(sequence_as_unknown),
    "a private sequence that is safe": Case(safe_private_sequence),
    "a text of unlimited length": Case(add(0x0040A160, "UT", "x " * 3000 + "Quillfeather " + "x " * 40_000)),
    "padding behind the dataset": Case(add(0xFFFCFFFC, "OB", b"Quillfeather")),
    "a value behind a NUL": Case(said("CHEST\0Quillfeather"), (), (("StudyDescription", "CHEST"),)),
    "a comment of JPEG": Case(stream("SC_rgb_jpeg_dcmtk.dcm", "comment")),
    "application data of JPEG": Case(stream("SC_rgb_jpeg_dcmtk.dcm", "application")),
    "bytes behind the end of JPEG": Case(stream("SC_rgb_jpeg_dcmtk.dcm", "behind")),
    "a comment of JPEG-LS": Case(stream("MR_small_jpeg_ls_lossless.dcm", "comment")),
    "a comment of JPEG 2000": Case(stream("MR_small_jp2klossless.dcm", "j2k comment")),
    "bytes behind the end of JPEG 2000": Case(stream("MR_small_jp2klossless.dcm", "behind")),
    "several names in one attribute": Case(
        put(OperatorsName=["Pulsifer^Newton", "Tadfield^Adam"], StudyDescription="CHEST Tadfield, Newton, Pulsifer"),
        ("Pulsifer", "Tadfield", "Newton"),
        (("StudyDescription", "CHEST"),),
    ),
    "comments on the patient": Case(
        put(PatientComments="Quillfeather lives in Tadfield, call 555 013 4477", AdditionalPatientHistory="Tadfield"),
        ("Tadfield", "555 013 4477", "5550134477"),
    ),
    "names of two letters": Case(
        put(PatientName="Ng^Xu", StudyDescription="CHEST Ng Xu; XU-NG"), (), (("StudyDescription", "CHEST"),)
    ),
    "a patient who is called like a word of radiology": Case(
        put(PatientName="LOBE^CHEST", StudyDescription="ABDOMEN of Lobe", BodyPartExamined="ABDOMEN"),
        ("Lobe",),
        (("StudyDescription", "ABDOMEN"), ("BodyPartExamined", "ABDOMEN")),
    ),
    "a number in groups": Case(
        said("CHEST 8004 17 23, 8-0-0-4-1-7-2-3, 80.041.723"), ("8004 17", "8-0-0-4"), (("StudyDescription", "CHEST"),)
    ),
    "a number inside a word": Case(said("CHEST MRN80041723X pat80041723"), (), (("StudyDescription", "CHEST"),)),
    "a name joined, and in an address": Case(
        said("CHEST zephyrinequillfeather z.quillfeather@tadfield.example https://tadfield.example/q"),
        ("tadfield",),
        (("StudyDescription", "CHEST"),),
    ),
    "a number as DS": Case(numbers((0x00180050, "DS", MRN), (0x00180060, "DS", "120")), (), (("KVP", "120"),)),
    "a number as IS": Case(
        numbers((0x00181150, "IS", MRN), (0x00181151, "IS", "250")), (), (("XRayTubeCurrent", "250"),)
    ),
    "a number as UL, SL": Case(numbers((0x00081161, "UL", int(MRN)), (0x0018603E, "SL", int(MRN)))),
    "a number as FD and FL": Case(numbers((0x00189073, "FD", float(MRN)), (0x00720076, "FL", float(MRN)))),
    "a number as SV, UV": Case(numbers((0x00720082, "SV", int(MRN)), (0x00720083, "UV", int(MRN)))),
    "a number as two of US": Case(numbers((0x00280008, "IS", "1"), (0x00081160, "IS", MRN))),
    "the birth date as a number": Case(numbers((0x00081161, "UL", 19510405), (0x00181150, "IS", "19510405"))),
    "a number in safe private values": Case(
        safe_numbers(
            (0x0043, "GEMS_PARM_01", 0x6F, "DS", MRN),
            (0x2001, "Philips Imaging DD 001", 0x03, "FL", 750.0),
            (0x2001, "Philips Imaging DD 001", 0x55, "UL", int(MRN)),
            (0x0019, "SIEMENS MR HEADER", 0x27, "FD", [float(MRN)] * 6),
            (0x0019, "SIEMENS MR HEADER", 0x0C, "IS", MRN),
        ),
        (),
    ),
    "a text in a safe private value": Case(
        safe_numbers(
            (0x0019, "GEMS_ACQU_01", 0x9E, "LO", "fse of Quillfeather"),
            (0x2001, "Philips Imaging DD 001", 0x6E, "SH", "Pulsifer"),
        ),
        ("Pulsifer",),
    ),
    "words where numbers belong": Case(raw_number),
    "a name in a code string": Case(
        put(ImageType=["ORIGINAL", "PRIMARY", "QUILLFEATHER"], BodyPartExamined="OXENHAM", ScanOptions="PULSIFER")
    ),
    "titles of application entities": Case(
        put(RetrieveAETitle="TADFIELD_AE", ScheduledStationAETitle="TADFIELD_CT"), ("Tadfield",)
    ),
    "what the original was called": Case(
        put(
            OriginalAttributesSequence=Sequence(
                [
                    row(
                        ModifyingSystem="TADFIELD",
                        SourceOfPreviousValues="Tadfield Hall",
                        ModifiedAttributesSequence=Sequence([row(PatientName="Pulsifer^Newton", PatientID="TF-99172")]),
                    )
                ]
            )
        ),
        ("Tadfield", "Pulsifer", "99172"),
    ),
    "explanations of windows and tables": Case(
        put(
            WindowCenter="40",
            WindowWidth="400",
            WindowCenterWidthExplanation="LUNG Quillfeather",
            LUTExplanation="of Zephyrine",
        )
    ),
    "a UID with a number in it": Case(
        put(IrradiationEventUID=f"1.2.3.{MRN}.5", ImageComments=f"AXIAL 1.2.3.{MRN}.5"),
        (),
        (("ImageComments", "AXIAL"),),
    ),
    "private information in the file meta": Case(
        lambda made: [
            setattr(made.file_meta, "PrivateInformationCreatorUID", f"1.2.{MRN}"),
            setattr(made.file_meta, "PrivateInformation", b"Quillfeather"),
        ]
    ),
    "a nested name of nobody in the header": Case(
        put(
            PerformedProtocolCodeSequence=Sequence(
                [row(CodeValue="Q1", CodingSchemeDesignator="99X", CodeMeaning="Quillfeather head")]
            )
        )
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_nobody_is_found_in_any_corner(case: Case, tmp_path: Path) -> None:
    made = ct()
    case.change(made)
    before = as_bytes(made)
    try:
        after = Engine(CollectionKey(bytes(range(32)))).deidentify(before).data
    except SetAside as aside:
        assert case.may_be_set_aside and aside.reason is not Reason.FAULT
        return
    path = tmp_path / "after.dcm"
    path.write_bytes(after)
    person = {
        "words": [*HEADER, *case.gone],
        "numbers": [MRN, "5550134477"],
        "days": [*case.days],
        "uids": ["1.2.3.4.5.1"],
    }
    result = read(after)
    assert leaks(person, path, result) == []
    for keyword, words in case.stays:
        assert set(words.split()) <= set(str(result[keyword].value).split()), keyword
    assert verified(before, after) == []
    for tag in ("Rows", "Columns", "Manufacturer", "PatientSex"):
        assert result[tag].value == made[tag].value


@pytest.mark.parametrize("change", [overlay_in_high_bits, unannounced_high_bits])
def test_bits_above_those_stored_are_cleared_and_those_stored_are_not(change: Change) -> None:
    made = ct()
    change(made)
    after = np.frombuffer(read(Engine(CollectionKey(bytes(32))).deidentify(as_bytes(made)).data).PixelData, "<u2")
    assert (after == np.frombuffer(made.PixelData, "<u2") & 0xFFF).all()


def test_words_of_the_cases_are_in_the_files_before(tmp_path: Path) -> None:
    """Otherwise the cases above could not fail."""
    found = 0
    for case in CASES.values():
        made = ct()
        case.change(made)
        (tmp_path / "before.dcm").write_bytes(as_bytes(made))
        person = {"words": [*case.gone, "Quillfeather"], "numbers": [MRN], "days": [], "uids": []}
        found += bool(leaks(person, tmp_path / "before.dcm", made))
    assert found == len(CASES)
