"""Every kind of bad input in one submission, through job, curator and release: each is set aside with one clear line,
nothing of it is public or in a report, and the rest goes on."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pydicom
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEGBaseline8Bit

from biotheca.deidentification import service
from biotheca.deidentification.keys import CollectionKey
from biotheca.deidentification.model import Reason
from biotheca.deidentification.store import CollectionSecrets
from tests.unit.deidentification import drawing
from tests.unit.deidentification.making import as_bytes, ct
from tests.unit.deidentification.test_workflow import PLANTED, Cloud, zipped
from tests.unit.deidentification.test_workflow import cloud as cloud
from tests.unit.world import ANA

Make = Callable[[], bytes]


def alone(number: int, **more: Any) -> pydicom.FileDataset:
    """An object of a series of its own."""
    return ct(number, SeriesInstanceUID=f"1.2.3.77.{number}", **more)


def wrong_length() -> bytes:
    """The length of a description reaches beyond the end of the file."""
    whole = as_bytes(alone(102))
    at = whole.index(b"\x08\x00\x30\x10LO")
    return whole[: at + 6] + struct.pack("<H", 0xFFF0) + whole[at + 8 :]


def declared_wide() -> bytes:
    made = alone(103)
    made.Rows = made.Columns = 65_535
    return as_bytes(made)


def deep() -> bytes:
    begin = struct.pack("<HH2sHI", 0x7FE1, 0x1010, b"SQ", 0, 0xFFFFFFFF)
    return as_bytes(alone(104)) + (begin + struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)) * 500


def bomb() -> bytes:
    whole = as_bytes(alone(105, syntax=DeflatedExplicitVRLittleEndian))
    start = whole.index(DeflatedExplicitVRLittleEndian.encode()) + 24
    engine = zlib.compressobj(9, zlib.DEFLATED, -15)
    return whole[:start] + engine.compress(bytes(32 * 1024 * 1024)) + engine.flush()


def of_class(uid: str) -> bytes:
    made = alone(106)
    made.SOPClassUID = uid
    return as_bytes(made)


def undecodable() -> bytes:
    made = alone(107, syntax=JPEGBaseline8Bit, Modality="DX")
    made.PixelData = encapsulate([b"\xff\xd8\xff\xdb\0\0not a picture"])
    made["PixelData"].is_undefined_length = True
    return as_bytes(made)


def lettered() -> bytes:
    picture = drawing.written(drawing.base("ct small")[:256, :256], "QUILLFEATHER Z", size=20, at=(20, 30))
    made = alone(108, Modality="DX", BurnedInAnnotation="NO")
    made.Rows, made.Columns = picture.shape
    made.PixelData = picture.tobytes()
    return as_bytes(made)


# What is wrong -> files, the reason of each.
BAD: dict[str, tuple[list[Make], Reason]] = {
    "truncated object": ([lambda: as_bytes(alone(101))[:-100]], Reason.DAMAGED),
    "wrong length field": ([wrong_length], Reason.DAMAGED),
    "65,535 x 65,535 declared": ([declared_wide], Reason.DECLARED_SIZE),
    "deep recursion of sequences": ([deep], Reason.DAMAGED),
    "deflate bomb": ([bomb], Reason.DAMAGED),
    "executable preamble": ([lambda: b"MZ" + as_bytes(alone(109))[2:]], Reason.PREAMBLE),
    "TIFF preamble": ([lambda: b"II*\0" + as_bytes(alone(110))[4:]], Reason.PREAMBLE),
    "zip tail": ([lambda: as_bytes(alone(111)) + zipped(a=b"Quillfeather")], Reason.DAMAGED),
    "not DICOM": ([lambda: b"Slices of Zephyrine Quillfeather." * 9, lambda: b""], Reason.NOT_DICOM),
    "mixed patients in a series": (
        [
            lambda: as_bytes(ct(112, SeriesInstanceUID="1.2.3.88", PatientID="A1")),
            lambda: as_bytes(ct(113, SeriesInstanceUID="1.2.3.88", PatientID="B2")),
        ],
        Reason.MIXED_PATIENTS,
    ),
    "duplicate SOP UIDs with different content": (
        [lambda: as_bytes(alone(114)), lambda: as_bytes(alone(114, SeriesDescription="AX"))],
        Reason.DUPLICATE_UID,
    ),
    "unknown SOP class": ([lambda: of_class("1.3.12.2.1107.5.9.1")], Reason.UNKNOWN_SOP),
    "unknown transfer syntax": (
        [lambda: as_bytes(alone(115)).replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.99999.1.2.1\0")],
        Reason.UNKNOWN_SYNTAX,
    ),
    "JPEG decoder failure": ([undecodable], Reason.PIXEL_UNREAD),
    "text in the pixels": ([lettered], Reason.PIXEL_TEXT),
    "text that the header admits": ([lambda: as_bytes(alone(116, BurnedInAnnotation="YES"))], Reason.BURNED_IN),
}
GOOD = 3


def sent() -> dict[str, bytes]:
    """Names in the archive and bytes: three sound slices, and every bad file under the number of its kind."""
    files = {f"good/{number}.dcm": as_bytes(ct(number)) for number in range(1, GOOD + 1)}
    for kind, (makes, _) in enumerate(BAD.values()):
        files |= {f"bad{kind}/{place}.dcm": make() for place, make in enumerate(makes)}
    return files


def instances(cloud: Cloud, bucket: str) -> Iterator[bytes]:
    """Every object of DICOM in the packed series of a bucket."""
    s3 = boto3.client("s3")
    for row in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
        body = s3.get_object(Bucket=bucket, Key=row["Key"])["Body"].read()
        if row["Key"].endswith(".zip"):
            with zipfile.ZipFile(io.BytesIO(body)) as packed:
                yield from (packed.read(name) for name in packed.namelist() if name.endswith(".dcm"))


def test_each_is_set_aside_with_one_clear_line_none_is_public_and_the_rest_goes_on(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    outside = zipped(**{"../out.dcm": as_bytes(alone(120))})
    made = cloud.submitted({"images.zip": zipped(**sent()), "outside.zip": outside}, "zip")
    count = sum(len(makes) for makes, _ in BAD.values())
    assert cloud.de_identify(made) == {"released": GOOD, "set_aside": count}

    by_name = {file.name: file for file in cloud.submissions.files(made)}
    first, second = by_name["images.zip"], by_name["outside.zip"]
    key = CollectionKey(CollectionSecrets().of(made.id))
    report = cloud.reports.prefix(made.id, 1) + "report.jsonl"
    body = boto3.client("s3").get_object(Bucket="derived", Key=report)["Body"].read().decode()
    lines = {row["mark"]: row for row in map(json.loads, body.splitlines()) if "mark" in row}
    for kind, (name, (makes, reason)) in enumerate(BAD.items()):
        for place in range(len(makes)):
            row = lines[key.report_mark(f"{first.id}/bad{kind}/{place}.dcm".encode())]
            assert (row["outcome"], row["reason"]) == ("quarantined", reason), (name, row)
            assert 10 < len(row["words"]) < 200 and "\n" not in row["words"], (name, row)
            assert "place" not in row and "result_sha256" not in row, name
    told = service.report_of(cloud.submissions, cloud.reports, ANA, made.id)
    assert list(told["refused"]) == [second.id] and told["inputs"] == count + GOOD

    cloud.released(made)
    public = [pydicom.dcmread(io.BytesIO(data)) for data in instances(cloud, "open")]
    assert sorted(int(one.InstanceNumber) for one in public) == [1, 2, 3]
    raw = {cloud.inbox.key(made.id, file.id) for file in (first, second)}
    said = capsys.readouterr()
    everything = [piece for piece in cloud.bytes_in("inbox", "open", "derived", but=raw)]
    for planted in PLANTED:
        assert not any(planted.lower() in piece.lower() for piece in everything), planted
        assert planted.decode().lower() not in (said.out + said.err + cloud.dump()).lower(), planted
