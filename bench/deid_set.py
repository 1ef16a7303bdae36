"""A set of DICOM files with invented people in every corner, and the key of what must become of each: as MIDI-B has.

Nothing here knows the engine. Files are those of the pydicom wheel and generated ones; one seed makes one set.
Actions are those of the MIDI-B answer key; deid_score.py applies them.
"""

from __future__ import annotations

import json
import random
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom import uid as uids
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.misc import is_dicom
from pydicom.sequence import Sequence

MOST_BYTES = 200_000
# Cut short or wrong on purpose, and one without pixels that its class wants.
NOT_TAKEN = ("truncated", "badVR", "mismatch", "UN_sequence", "sequence-delimiter", "padded")
SYLLABLES = [
    "vor",
    "ban",
    "dil",
    "kes",
    "mur",
    "tho",
    "lin",
    "gra",
    "pel",
    "zin",
    "hau",
    "rik",
    "sol",
    "wen",
    "dro",
    "bas",
    "fil",
    "nor",
    "quel",
    "jas",
    "tam",
    "bry",
    "oth",
    "ulm",
]
PLACES = ["Infirmary", "Clinic", "Hospital", "Sanatorium"]
OTHER_LETTERS = {
    "ISO_IR 192": ("欧阳^修文", "Соколова^Тамара", "Παπαδάκη^Ελένη", "김^서윤"),
    "GB18030": ("诸葛^明远",),
    "ISO_IR 144": ("Журавлёв^Степан",),
    "ISO_IR 100": ("Grünwälder^Jördis",),
}
# What a curator would be sorry to lose, by modality.
USEFUL = {
    "CT": ("CT chest with contrast", "thorax lung 1.25mm"),
    "MR": ("MR brain without contrast", "AX T2 FLAIR 5mm"),
    "US": ("US abdomen complete", "liver long axis doppler"),
    "NM": ("bone scan whole body", "planar anterior static"),
    "PT": ("PET CT skull base to mid thigh", "WB attenuation corrected"),
    "CR": ("chest PA and lateral", "portable upright"),
    "DX": ("left hand 3 views", "oblique"),
    "MG": ("screening mammogram bilateral", "R MLO"),
    "XA": ("coronary angiography", "left anterior oblique"),
    "RF": ("barium swallow", "fluoroscopy spot"),
    "ES": ("upper endoscopy", "stomach antrum"),
    "XC": ("skin lesion photograph", "right forearm"),
    "OP": ("fundus photography", "left eye macula"),
    "IO": ("bitewing dental radiograph", "molar left"),
    "PX": ("panoramic dental radiograph", "mandible"),
    "SR": ("radiology report", "measurement of nodule"),
    "SEG": ("liver segmentation", "tumor 3D"),
    "RTDOSE": ("prostate radiotherapy plan", "dose distribution"),
    "RTPLAN": ("prostate radiotherapy plan", "4 field"),
    "ECG": ("resting ECG 12 lead", "sinus rhythm"),
    "OT": ("secondary capture image", "summary"),
}
GENERATED = {
    "CT": uids.CTImageStorage,
    "MR": uids.MRImageStorage,
    "PT": uids.PositronEmissionTomographyImageStorage,
    "CR": uids.ComputedRadiographyImageStorage,
    "DX": uids.DigitalXRayImageStorageForPresentation,
    "MG": uids.DigitalMammographyXRayImageStorageForPresentation,
    "XA": uids.XRayAngiographicImageStorage,
    "RF": uids.XRayRadiofluoroscopicImageStorage,
    "ES": uids.VLEndoscopicImageStorage,
    "XC": uids.VLPhotographicImageStorage,
    "OP": uids.OphthalmicPhotography8BitImageStorage,
    "IO": uids.DigitalIntraOralXRayImageStorageForPresentation,
    "PX": uids.DigitalXRayImageStorageForPresentation,
    "US": uids.UltrasoundImageStorage,
    "NM": uids.NuclearMedicineImageStorage,
}
NATIVE = [uids.ImplicitVRLittleEndian, uids.ExplicitVRLittleEndian, uids.ExplicitVRBigEndian]
PACKED = [uids.RLELossless, uids.JPEG2000Lossless, uids.JPEGLSLossless, uids.DeflatedExplicitVRLittleEndian]
KEPT = (
    *("Modality", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"),
    *("PhotometricInterpretation", "SamplesPerPixel", "PixelSpacing", "SliceThickness", "KVP", "ExposureTime"),
    *("XRayTubeCurrent", "EchoTime", "RepetitionTime", "FlipAngle", "RescaleSlope", "RescaleIntercept"),
    *("ImagePositionPatient", "ImageOrientationPatient", "NumberOfFrames", "WindowCenter", "WindowWidth"),
    *("MagneticFieldStrength", "DoseGridScaling", "NumberOfWaveformChannels", "SOPClassUID", "InstanceNumber"),
)


@dataclass
class Person:
    """Somebody who does not exist, with those around them."""

    family: str
    given: str
    charset: str
    written: str  # the name in other letters, if it has one
    mrn: str
    phone: str
    born: str
    day: str
    accession: str
    street: str
    place: str
    doctor: tuple[str, str]
    mail: str
    title: str  # of the application entity
    uids: list[str] = field(default_factory=list)

    @property
    def words(self) -> list[str]:
        """Words that must be nowhere."""
        return [self.family, self.given, *self.doctor, *self.written.split("^"), self.street, self.place, self.title]


def person(dice: random.Random, number: int) -> Person:
    def word(parts: int) -> str:
        return "".join(dice.sample(SYLLABLES, parts)).capitalize()

    charset = ["", *OTHER_LETTERS][number % (len(OTHER_LETTERS) + 1)]
    written = dice.choice(OTHER_LETTERS[charset]) if charset else ""
    family, given = word(3), word(2) + "ia"
    born, day = (
        f"{dice.randint(*years)}{dice.randint(1, 12):02}{dice.randint(13, 28)}"
        for years in ((1936, 1996), (2018, 2022))
    )
    return Person(
        family=family,
        given=given,
        charset=charset,
        written=written,
        mrn=f"{dice.randint(10**7, 10**8 - 1)}",
        phone=f"555-{dice.randint(100, 999)}-{dice.randint(1000, 9999)}",
        born=born,
        day=day,
        accession=f"A{dice.randint(10**6, 10**7 - 1)}",
        street=word(3),
        place=word(3),
        doctor=(word(3), word(2) + "or"),
        mail=f"{given}.{family}@{word(2)}.example".lower(),
        title=word(2).upper() + "XSCU",
    )


class Planted:
    """A file at work: each planting says at once what must become of it."""

    def __init__(self, made: FileDataset, who: Person, dice: random.Random) -> None:
        self.made, self.who, self.dice, self.checks = made, who, dice, list[dict[str, Any]]()

    def check(self, action: str, *at: object, **more: object) -> None:
        self.checks.append({"action": action, "at": list(at), **more})

    def put(
        self, where: Dataset, keyword: str, value: object, *path: object, gone: object = (), stays: object = ()
    ) -> None:
        """Write a value; `gone`, `stays`: words that must not, and must be there afterwards."""
        setattr(where, keyword, value)
        at = (*path, f"{tag_for_keyword(keyword):08X}")
        for action, words in (("text_removed", gone), ("text_retained", stays)):
            if words:
                self.check(action, *at, words=[words] if isinstance(words, str) else list(words))  # type: ignore[call-overload]


def people(at: Planted) -> None:
    """Identifiers where the standard has a place for them."""
    who, made = at.who, at.made
    made.SpecificCharacterSet = who.charset or "ISO_IR 100"
    name = f"{who.family}^{who.given}" + (f"={who.written}" if who.written else "")
    at.put(made, "PatientName", name, gone=[who.family, who.given])
    at.put(made, "PatientID", f"MRN{who.mrn}", gone=who.mrn)
    at.check("text_notnull", "00100020")
    at.put(made, "PatientBirthDate", who.born, gone=who.born)
    at.put(made, "AccessionNumber", who.accession, gone=who.accession)
    for keyword in ("ReferringPhysicianName", "OperatorsName", "PerformingPhysicianName"):
        at.put(made, keyword, "^".join(who.doctor), gone=who.doctor)
    at.put(made, "InstitutionName", f"{who.place} {at.dice.choice(PLACES)}", gone=who.place)
    at.put(made, "InstitutionAddress", f"12 {who.street} Street", gone=who.street)
    at.put(made, "PatientAddress", f"7 {who.street} Lane", gone=who.street)
    at.put(made, "PatientTelephoneNumbers", who.phone, gone=who.phone)
    at.put(made, "OtherPatientNames", f"{who.family}^Maria", gone=who.family)
    made.PatientSex, made.PatientAge, made.PatientWeight = "F", "054Y", "61.5"
    for keyword in ("PatientSex", "PatientAge", "PatientWeight"):
        at.check("tag_retained", f"{tag_for_keyword(keyword):08X}", value=str(made[keyword].value))
    for keyword in ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate"):
        setattr(made, keyword, who.day)
        at.check("date_shifted", f"{tag_for_keyword(keyword):08X}", value=who.day)
    made.file_meta.SourceApplicationEntityTitle = who.title
    made.preamble = f"{who.family} {who.mrn}".encode().ljust(128, b"\0")


def texts(at: Planted, useful: tuple[str, str]) -> None:
    """Descriptors with people next to useful words, odd standard attributes, three levels of sequences."""
    who, made = at.who, at.made
    day = f"{who.day[6:]}.{who.day[4:6]}.{who.day[:4]}"
    study, series = useful
    many = who.written.replace("^", "") if who.written else who.given
    at.put(made, "StudyDescription", f"{study} {who.family}", gone=who.family, stays=study.split())
    at.put(made, "SeriesDescription", f"{series} {who.mrn}", gone=who.mrn, stays=series.split())
    at.put(made, "ProtocolName", f"{series} Dr. {who.doctor[0]}", gone=who.doctor[0], stays=series.split())
    at.put(made, "ImageComments", f"{study} of {many} on {day}", gone=[day, many], stays=study.split())
    at.put(made, "PatientComments", f"call {who.phone} or {who.mail}", gone=[who.phone, who.mail])
    at.put(made, "AdditionalPatientHistory", f"{study}, lives in {who.street} Lane", gone=who.street)
    at.put(made, "StudyID", who.mrn, gone=who.mrn)
    at.put(made, "TransducerData", f"{who.family}", gone=who.family)
    at.put(made, "DetectorDescription", f"seen by {who.doctor[1]} {who.doctor[0]}", gone=who.doctor)
    at.put(made, "DerivationDescription", f"average of {who.given}", gone=who.given, stays=["average"])
    at.put(made, "CurrentPatientLocation", f"Ward {who.place}", gone=who.place)
    at.put(made, "MilitaryRank", f"Major {who.family}", gone=who.family)
    at.put(made, "AcquisitionComments", f"born {who.born}", gone=who.born)
    deep, middle, outer = Dataset(), Dataset(), Dataset()
    path: list[object] = ["00400275", 0]
    at.put(outer, "RequestedProcedureDescription", f"{study} {who.family}", *path, gone=who.family, stays=study.split())
    at.put(outer, "RequestedProcedureID", who.accession, *path, gone=who.accession)
    path += ["00400008", 0]
    at.put(middle, "CodeMeaning", f"protocol for {who.given}", *path, gone=who.given)
    middle.CodeValue, middle.CodingSchemeDesignator = "P1", "99LOCAL"
    path += ["00400440", 0]
    at.put(deep, "TextValue", f"{series} {who.family}, {day}", *path, gone=[who.family, day], stays=series.split())
    at.put(deep, "PersonName", "^".join(who.doctor), *path, gone=who.doctor)
    deep.ValueType, deep.Date = "TEXT", who.day
    at.check("date_shifted", *path, "0040A121", value=who.day)
    middle.ProtocolContextSequence, outer.ScheduledProtocolCodeSequence = Sequence([deep]), Sequence([middle])
    made.RequestAttributesSequence = Sequence([outer])
    if not any(int(tag) >> 16 == 0x6000 for tag in list(made.keys())):
        made.add_new(0x60000010, "US", 8)
        made.add_new(0x60000011, "US", 8)
        made.add_new(0x60004000, "LT", f"{who.given} {who.family}")
        at.check("text_removed", "60004000", words=[who.family])


def private(at: Planted) -> None:
    """Private texts and numeric copies of identifiers, which must go; safe values, which must stay."""
    who, made = at.who, at.made
    block = made.private_block(0x0011, "ACME DEMOGRAPHICS", create=True)
    digits = who.phone.replace("-", "")
    rows = (("LO", who.family), ("UL", int(who.mrn)), ("DS", digits), ("IS", who.born), ("FD", float(who.mrn)))
    for number, (vr, value) in enumerate(rows, 1):
        block.add_new(number, vr, value)
        at.check("text_removed", "0011", "ACME DEMOGRAPHICS", number, words=[str(value)])
    safe = (
        (0x0019, "SIEMENS MR HEADER", 0x0C, "IS", 1000),
        (0x0043, "GEMS_PARM_01", 0x6F, "DS", "4.5"),
        (0x2001, "Philips Imaging DD 001", 0x03, "FL", 750.0),
    )
    group, creator, element, vr, value = at.dice.choice(safe)
    made.private_block(group, creator, create=True).add_new(element, vr, value)
    at.check("tag_retained", f"{group:04X}", creator, element, value=str(value))


def report(at: Planted) -> None:
    """Items of a report: free text, a person, a date."""
    who, items = at.who, at.made.ContentSequence
    texts = (f"nodule in the right lung, seen by {who.doctor[0]}", f"Dear Mr. {who.family}, 7 {who.street} Lane")
    for words in texts:
        one, code = Dataset(), Dataset()
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "121071", "DCM", "Finding"
        one.RelationshipType, one.ValueType, one.TextValue = "CONTAINS", "TEXT", words
        one.ConceptNameCodeSequence = Sequence([code])
        items.append(one)
    at.check("text_removed", "0040A730", words=[who.doctor[0], who.family, who.street])


def generated(modality: str, syntax: str, dice: random.Random) -> FileDataset:
    """A small picture of one modality, of 12 in 16 bits or of three colours."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = uids.UID(syntax)
    made = FileDataset("", Dataset(), file_meta=meta, preamble=bytes(128))
    made.SOPClassUID, made.Modality, made.ImageType = GENERATED[modality], modality, ["ORIGINAL", "PRIMARY"]
    colour = modality in ("ES", "XC", "OP")
    made.Rows, made.Columns, made.SamplesPerPixel = 40, 48, 3 if colour else 1
    made.PhotometricInterpretation, made.PixelRepresentation = "RGB" if colour else "MONOCHROME2", 0
    made.BitsAllocated, made.BitsStored, made.HighBit = (8, 8, 7) if colour else (16, 12, 11)
    if colour:
        made.PlanarConfiguration = 0
    elif modality in ("CT", "MR", "PT"):
        made.PixelSpacing, made.SliceThickness = [0.7, 0.7], "2.5"
        made.ImagePositionPatient, made.ImageOrientationPatient = [-120, -90, 12.5], [1, 0, 0, 0, 1, 0]
    values = np.random.default_rng(dice.randrange(1 << 30)).integers(
        0, 250 if colour else 4096, 40 * 48 * (3 if colour else 1)
    )
    order = ">u2" if syntax == uids.ExplicitVRBigEndian else "<u2"
    made.PixelData = values.astype("u1" if colour else order).tobytes()
    if syntax in (uids.RLELossless, uids.JPEG2000Lossless, uids.JPEGLSLossless):
        made.file_meta.TransferSyntaxUID = uids.ExplicitVRLittleEndian
        made.compress(str(syntax), generate_instance_uid=False)
    return made


def originals(dice: random.Random) -> list[tuple[str, FileDataset]]:
    """(name, dataset) of every file before anybody is put into it."""
    found = []
    for path in sorted((Path(pydicom.__file__).parent / "data" / "test_files").glob("*.dcm")):
        if path.stat().st_size > MOST_BYTES or not is_dicom(path) or any(w in path.name for w in NOT_TAKEN):
            continue
        made = pydicom.dcmread(path)
        if "SOPClassUID" in made and "Storage" in made.SOPClassUID.name and "Color" not in made.SOPClassUID.name:
            made.decode()  # before another character set is named
            found.append((path.stem, made))
            if made.file_meta.TransferSyntaxUID == uids.JPEGLosslessSV1:
                # A stream of selection value 1 is one of process 14 (ITU-T T.81), under its other UID.
                made = pydicom.dcmread(path)
                made.file_meta.TransferSyntaxUID = uids.JPEGLossless
                found.append((f"{path.stem}_p14", made))
    for modality in GENERATED:
        syntaxes = dice.sample(NATIVE, 2) + dice.sample(PACKED, 2)
        found += [(f"{modality}_{s.rsplit('.', 2)[-1]}", generated(modality, s, dice)) for s in syntaxes]
    return found


def make(folder: Path, seed: int = 7, every: int = 1) -> dict[str, Any]:
    """The files, and the answer key (also as key.json beside them). `every`: each so many of the files only."""
    dice = random.Random(seed)  # noqa: S311  a set must be the same each time
    (folder / "files").mkdir(parents=True, exist_ok=True)
    cast = [person(dice, number) for number in range(12)]
    key: dict[str, Any] = {"seed": seed, "files": []}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number, (name, made) in enumerate(originals(dice)):
            if number % every == 0:
                key["files"].append(
                    _planted(folder / "files" / f"{number:03}.dcm", name, made, cast[number % 12], dice)
                )
    key["people"] = {
        who.mrn: {
            "words": sorted({word for word in who.words if word}),
            "numbers": [who.mrn, who.phone.replace("-", ""), who.accession],
            "days": [who.born, who.day],
            "uids": who.uids,
        }
        for who in cast
    }
    (folder / "key.json").write_text(json.dumps(key, ensure_ascii=False), "utf-8")
    return key


def _planted(path: Path, name: str, made: FileDataset, who: Person, dice: random.Random) -> dict[str, Any]:
    at = Planted(made, who, dice)
    modality = made.get("Modality") or "OT"
    made.Modality = modality
    people(at)
    texts(at, USEFUL[modality])
    private(at)
    if modality == "SR":
        report(at)
    root = f"1.2.826.0.1.{who.mrn}"
    number = len(who.uids) + 1
    mine = {
        "StudyInstanceUID": f"{root}.1",
        "SeriesInstanceUID": f"{root}.1.{number}",
        "SOPInstanceUID": f"{root}.1.{number}.1",
        "FrameOfReferenceUID": f"{root}.9",
    }
    if who.uids and "ReferencedImageSequence" not in made:
        other = Dataset()
        other.ReferencedSOPClassUID, other.ReferencedSOPInstanceUID = uids.CTImageStorage, who.uids[-1]
        made.ReferencedImageSequence = Sequence([other])
        at.check("uid_consistent", "00081140", 0, "00081155", value=who.uids[-1])
    for keyword, uid in mine.items():
        setattr(made, keyword, uid)
        for action in ("uid_changed", "uid_consistent"):
            at.check(action, f"{tag_for_keyword(keyword):08X}", value=uid)
    who.uids += [uid for uid in mine.values() if uid not in who.uids and uid != mine["SOPInstanceUID"]]
    who.uids.append(mine["SOPInstanceUID"])
    made.file_meta.MediaStorageSOPInstanceUID, made.file_meta.MediaStorageSOPClassUID = (
        made.SOPInstanceUID,
        made.SOPClassUID,
    )
    at.check("patid_consistent", "00100020", value=f"MRN{who.mrn}")
    for keyword in KEPT:
        if keyword in made and made[keyword].value not in ("", None):
            at.check("tag_retained", f"{tag_for_keyword(keyword):08X}", value=str(made[keyword].value))
    if "PixelData" in made:
        at.check("pixels_retained", "7FE00010")
    syntax = made.file_meta.TransferSyntaxUID
    little, implicit = syntax.is_little_endian, syntax.is_implicit_VR
    made.file_meta.FileMetaInformationGroupLength = 0  # PS3.10 7.1 asks for it; pydicom writes the right one
    pydicom.dcmwrite(path, made, enforce_file_format=False, little_endian=little, implicit_vr=implicit)
    return {
        "file": path.name,
        "of": name,
        "person": who.mrn,
        "modality": modality,
        "syntax": syntax,
        "checks": at.checks,
    }
