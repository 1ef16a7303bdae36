"""The demo's act on images of people: real DICOM goes in as it is, a viewer's calls read it, a planted name is nowhere.

The files are those that the pydicom package carries for its tests. One of them gets, before it is sent, the name, the
number and the telephone of a person who does not exist, in places where a tool looks and in places where few do.
"""

from __future__ import annotations

import gzip
import io
import json
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pydicom
import requests
from dicomweb_client.api import DICOMwebClient

from local.demo_people import client_of, until
from local.stack import Stack

TEST_FILES = Path(pydicom.__file__).parent / "data" / "test_files"
# Slices of a head and of an abdomen, a bone scan, ultrasound with text drawn into it, a report, a plan of radiotherapy,
# and two files that are broken in ways that happen.
CHOSEN = (
    "MR_small.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "JPEG2000.dcm",
    "examples_overlay.dcm",
    "examples_jpeg2k.dcm",
    "test-SR.dcm",
    "rtplan.dcm",
    "rtplan_truncated.dcm",
    "README.txt",
)
FOLDERS = ("dicomdirtests/77654033/CT2", "dicomdirtests/98892003/MR2")
PLANTED_IN = "CT_small.dcm"
NUMBER = 80041723
NAMES = ("Quillfeather", "奎尔费瑟")
PLANTED = (*NAMES, f"MRN{NUMBER}", "555-013-4477")
ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "gb18030")
WORDS = {
    "title": "CT, MR, NM and US of the pydicom package",
    "description": "Real examinations that the pydicom package carries for its tests, sent as they are.",
    "file_type": "zip",
}


def play(stack: Stack, ana: Any, chen: Any, stranger: Any, workplace: Path) -> None:
    """The act; RuntimeError if a planted word is found where it must not be. `stranger` has not signed in."""
    narrator = ana.narrator
    folder = workplace / "images"
    count = _packed(folder)
    narrator.say(f"Ana sends {count} real DICOM files as they are; in one a name is planted, in six places")
    submission = _sent(ana, folder)
    narrator.say("The archive's job de-identifies each file to PS3.15, a second program looks for what is left")
    ana.seen = 0
    ana.follows(submission, "data_review")
    report = client_of(chen).session.call("GET", f"/v1/submissions/{submission}/deidentification")
    narrator.show(json.dumps({name: report[name] for name in ("inputs", "released", "quarantined", "made")}, indent=1))
    narrator.say("Chen reads the descriptions as they are now, each once, looks at the heads, and accepts what passed")
    for row in report["texts"][:8]:
        narrator.show(f"{row['tag']}  in {row['files']} file(s): {row['text']}")
    _says_of_the_heads(chen, submission)
    chen.types("decide", submission, "accept")
    done = ana.follows(submission, "released", "held")
    if done["state"] != "released":
        raise RuntimeError("the collection is held; `python -m local logs Hold` says why")
    dataset = str(done["dataset"])
    narrator.say("A stranger's viewer asks by DICOMweb, as any viewer does")
    stranger.types("show", dataset)
    _viewed(stranger, dataset, report["made"]["images"])
    narrator.say("The planted person is looked for in every object of every bucket, in records, mails and logs")
    _is_nowhere(stack, narrator, submission)


def _says_of_the_heads(chen: Any, submission: str) -> None:
    """In an open collection a head may be a face: a curator has to say that it is none."""
    call = client_of(chen).session.call
    rows = [r for r in call("GET", f"/v1/curation/{submission}")["checklist"] if r["must_be_decided"]]
    for row in rows:
        chen.narrator.show(f"{row['found']['message']} Chen: slices of 16 x 16 pixels hold no face.")
    decisions = [{"finding": row["finding"], "decision": "harmless"} for row in rows]
    call("PUT", f"/v1/curation/{submission}/checklist", {"decisions": decisions})


def _packed(folder: Path) -> int:
    """images.zip and its document in a folder; how many files are in it."""
    folder.mkdir(parents=True)
    paths = [TEST_FILES / name for name in CHOSEN]
    for place in FOLDERS:
        paths += sorted(path for path in (TEST_FILES / place).iterdir() if path.is_file())
    with zipfile.ZipFile(folder / "images.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(f"{NAMES[0]}/CT_small.dcm", _planted())
        for path in paths:
            packed.write(path, path.relative_to(TEST_FILES))
    metadata = {"collection": {"alias": "c1", **WORDS, "files": [{"name": "images.zip"}]}}
    document = {"member": "obia", "title": WORDS["title"], "metadata": metadata}
    (folder / "submission.json").write_text(json.dumps(document, indent=1), "utf-8")
    return len(paths) + 1


def _planted() -> bytes:
    """A real CT slice of somebody else: name, number and telephone stand where a scanner and its users put them."""
    data = pydicom.dcmread(TEST_FILES / PLANTED_IN)
    data.SpecificCharacterSet = "GB18030"
    data.PatientName, data.PatientID = f"{NAMES[0]}^Zephyrine={NAMES[1]}", f"MRN{NUMBER}"
    data.PatientTelephoneNumbers = PLANTED[-1]
    data.StudyDescription = f"CHEST CT of Mrs {NAMES[0]}, call {PLANTED[-1]}"
    data.SeriesDescription = f"{NAMES[1]} 胸部"
    data.private_block(0x0029, "ACME HEADER", create=True).add_new(0x10, "UL", NUMBER)
    data.preamble = NAMES[0].encode().ljust(128, b"\0")
    held = io.BytesIO()
    data.save_as(held)
    return held.getvalue()


def _sent(ana: Any, folder: Path) -> str:
    ana.types("submit", str(folder))
    memory = json.loads((folder / ".biotheca-submission.json").read_text())
    return str(memory["servers"][ana.server]["submission"])


def _viewed(stranger: Any, dataset: str, expected: int) -> None:
    """Another maker's client finds studies and reads metadata and frames; RuntimeError unless it finds all images."""
    client = DICOMwebClient(url=f"{stranger.server}/v1/dicomweb")
    show, images = stranger.narrator.show, 0
    call = client_of(stranger).session.call
    until(lambda: call("GET", f"/v1/images/facets?collection={dataset}")["images"] == expected, "the index of images")
    for study in client.search_for_studies(search_filters={"ModalitiesInStudy": "CT"}):
        show(f"QIDO-RS: a study with CT, {_said(study, '00201208')} images, days moved to {_said(study, '00080020')}")
    for series in client.search_for_series():
        uids = _said(series, "0020000D"), _said(series, "0020000E")
        told = client.retrieve_series_metadata(*uids)
        images += len(told)
        line = f"WADO-RS: {_said(series, '00080060')} {_said(series, '0008103E')}: metadata of {len(told)}"
        if _said(series, "00080060") == "CT":
            (frame,) = client.retrieve_instance_frames(*uids, _said(told[0], "00080018"), [1])
            line += f", a frame of {len(frame):,} bytes"
        show(line)
    if images != expected:
        raise RuntimeError(f"the client finds {images} of {expected} images")


def _said(instance: dict[str, Any], tag: str) -> Any:
    return next(iter(instance.get(tag, {}).get("Value", [])), "")


def _is_nowhere(stack: Stack, narrator: Any, submission: str) -> None:
    """RuntimeError unless the planted words stand in the archive that was sent, and nowhere else."""
    patterns = {word.encode(coding) for word in PLANTED for coding in ENCODINGS} | {struct.pack("<I", NUMBER)}
    found, counts = [], dict.fromkeys(("objects", "rows", "logs", "mails"), 0)
    for kind, place, body in everything(stack):
        counts[kind] += 1
        if any(pattern in piece for piece in plain(body) for pattern in patterns):
            found.append(place)
    told = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    narrator.show(f"{told}, {len(patterns)} patterns each: found in {found}")
    if len(found) != 1 or f"submissions/{submission}/" not in found[0]:
        raise RuntimeError(f"the planted person should stand in the sent archive alone, and stands in {found}")


def everything(stack: Stack) -> Iterator[tuple[str, str, bytes]]:
    """(kind, place, bytes) of all that the laptop keeps: every version of every object, every row, logs, mails."""
    storage: Any = boto3.client("s3", **stack.client_options())
    for bucket in storage.list_buckets()["Buckets"]:
        for page in storage.get_paginator("list_object_versions").paginate(Bucket=bucket["Name"]):
            for one in page.get("Versions", []):
                where = {"Bucket": bucket["Name"], "Key": one["Key"], "VersionId": one["VersionId"]}
                yield "objects", f"{bucket['Name']}/{one['Key']}", storage.get_object(**where)["Body"].read()
    tables: Any = boto3.client("dynamodb", **stack.client_options())
    for name in tables.list_tables()["TableNames"]:
        for page in tables.get_paginator("scan").paginate(TableName=name):
            for row in page["Items"]:
                yield "rows", name, json.dumps(row, default=repr, ensure_ascii=False).encode()
    for path in sorted((stack.state_dir / "logs").rglob("*.log*")):
        yield "logs", path.name, path.read_bytes()
    for mail in requests.get(f"{stack.front_url}/_local/mail.json", timeout=10).json()["items"]:
        yield "mails", mail["subject"], json.dumps(mail, ensure_ascii=False).encode()


def plain(body: bytes) -> Iterator[bytes]:
    """An object and what is packed in it."""
    yield body
    if body[:2] == b"\x1f\x8b":
        yield gzip.decompress(body)
    if body[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            yield " ".join(packed.namelist()).encode()
            yield from (packed.read(name) for name in packed.namelist())
