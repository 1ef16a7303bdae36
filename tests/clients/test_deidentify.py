"""`biotheca deidentify`: a folder in, a folder out, every file accounted for. Without an archive."""

from __future__ import annotations

import json
import stat
import zipfile
from pathlib import Path

import pytest

from biotheca.deidentification.report import broken_line
from tests.clients.conftest import CommandLine
from tests.unit.deidentification import drawing
from tests.unit.deidentification.making import as_bytes, ct, read

PLANTED = ("quillfeather", "zephyrine", "80041723", "swithin", "oxenham")


@pytest.fixture
def alone(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path / "home", "http://127.0.0.1:9")


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """Two series of a patient, and one of each kind of bad file, under names that name people."""
    folder = tmp_path / "scans"
    (folder / "QUILLFEATHER").mkdir(parents=True)
    for number in range(1, 5):
        made = ct(number=number, SeriesInstanceUID=f"1.2.3.2.{number % 2}")
        (folder / "QUILLFEATHER" / f"{number}.dcm").write_bytes(as_bytes(made))
    whole = as_bytes(ct(number=9, SeriesInstanceUID="1.2.3.9"))
    (folder / "copy.dcm").write_bytes((folder / "QUILLFEATHER" / "1.dcm").read_bytes())
    (folder / "cut.dcm").write_bytes(whole[:-100])
    (folder / "MZ.dcm").write_bytes(b"MZ" + whole[2:])
    (folder / "notes.txt").write_text("Zephyrine called")
    (folder / "empty.dcm").write_bytes(b"")
    (folder / "link.dcm").symlink_to("/etc/passwd")
    with zipfile.ZipFile(folder / "x.zip", "w") as archive:
        archive.writestr("a", "b")
    for number, patient in ((21, "A1"), (22, "B2")):
        mixed = ct(number=number, SeriesInstanceUID="1.2.3.20", PatientID=patient)
        (folder / f"mixed{number}.dcm").write_bytes(as_bytes(mixed))
    for name, words in (("twin1", "AX"), ("twin2", "COR")):
        twin = ct(number=31, SeriesInstanceUID="1.2.3.30", SeriesDescription=words)
        (folder / f"{name}.dcm").write_bytes(as_bytes(twin))
    return folder


def everything(*folders: Path) -> str:
    texts = [
        path.name + path.read_bytes().decode("latin-1") for f in folders for path in f.rglob("*") if path.is_file()
    ]
    return "".join(texts).casefold()


def test_every_file_is_released_or_set_aside_with_its_reason(alone: CommandLine, scans: Path, tmp_path: Path) -> None:
    key, clean, report = tmp_path / "c.key", tmp_path / "clean", tmp_path / "report"
    assert alone("collection-key", str(key)).code == 0 and stat.S_IMODE(key.stat().st_mode) == 0o600
    words = ("deidentify", str(scans), str(clean), "--collection-key", str(key), "--report", str(report))
    ran = alone(*words, "--json")
    assert ran.code == 0, ran.err
    expected = {"not_dicom": 3, "damaged": 1, "preamble": 1, "link": 1, "mixed_patients": 2, "duplicate_uid": 2}
    looked = {"sampled": 4, "frames_read": 4}
    assert ran.json == {
        **{"inputs": 15, "released": 4, "copies": 1, "missing": 0},
        **{"quarantined": expected, "pixels": looked},
    }
    out = [path for path in clean.rglob("*") if path.is_file()]
    assert len(out) == 4 and {str(read(p.read_bytes()).PatientSex) for p in out} == {"F"}
    private = report / "inputs.private.jsonl"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600 and len(private.read_text().splitlines()) == 15
    private.unlink()
    assert not [word for word in PLANTED if word in everything(clean, report) + ran.out.casefold()]
    assert "00081030\t4\tCT CHEST" in (report / "texts.tsv").read_text()
    again = alone(*words, "--workers", "1", "--json")
    assert again.json == ran.json
    told = alone(*words)
    assert "4 released" in told.out and "set aside, damaged: 1" in told.out
    assert "text looked for in 4 object(s), 4 frame(s) read" in told.out


def test_the_report_proves_itself(alone: CommandLine, scans: Path, tmp_path: Path) -> None:
    key, clean, report = tmp_path / "c.key", tmp_path / "clean", tmp_path / "report"
    alone("collection-key", str(key))
    alone("deidentify", str(scans), str(clean), "--collection-key", str(key), "--report", str(report))
    assert broken_line(report) is None
    lines = (report / "report.jsonl").read_text().splitlines()
    assert {json.loads(line)["n"] for line in lines} == set(range(16))
    changed = [lines[0], lines[1].replace("released", "Released").replace("quarantined", "released"), *lines[2:]]
    (report / "report.jsonl").write_text("\n".join(changed) + "\n")
    assert broken_line(report) == 3
    (report / "report.jsonl").write_text("\n".join(lines[:-1]) + "\n")
    assert broken_line(report) == 16


def test_wrong_use_is_told_in_a_sentence(alone: CommandLine, scans: Path, tmp_path: Path) -> None:
    key = tmp_path / "c.key"
    key.write_text("hello")
    ran = alone(
        "deidentify", str(scans), str(tmp_path / "o"), "--collection-key", str(key), "--report", str(tmp_path / "r")
    )
    assert ran.code == 1 and "is no collection key" in ran.err and not (tmp_path / "o").exists()
    key.write_text("00" * 32)
    assert alone("collection-key", str(key)).code == 2
    inside = alone(
        "deidentify", str(scans), str(scans / "o"), "--collection-key", str(key), "--report", str(tmp_path / "r")
    )
    assert inside.code == 2 and "lies in the input" in inside.err
    (tmp_path / "none").mkdir()
    nothing = alone(
        "deidentify",
        str(tmp_path / "none"),
        str(tmp_path / "o"),
        "--collection-key",
        str(key),
        "--report",
        str(tmp_path / "r"),
    )
    assert nothing.code == 0 and "no file" in nothing.out


def test_text_in_pixels_sets_a_file_aside_and_a_head_is_marked(alone: CommandLine, tmp_path: Path) -> None:
    folder, key = tmp_path / "scans", tmp_path / "c.key"
    folder.mkdir()
    clean = drawing.base("ct small")[:256, :256]
    named = drawing.written(clean, "QUILLFEATHER Z", size=20, at=(20, 30))
    (folder / "named.dcm").write_bytes(drawing.Drawn("", named, (), 255).file(1, SeriesInstanceUID="1.2.7.1"))
    head = drawing.Drawn("", clean, (), 0).file(2, SeriesInstanceUID="1.2.7.2", Modality="CT", BodyPartExamined="HEAD")
    (folder / "head.dcm").write_bytes(head)
    (folder / "said.dcm").write_bytes(as_bytes(ct(3, SeriesInstanceUID="1.2.7.3", BurnedInAnnotation="YES")))
    alone("collection-key", str(key))
    words = ("deidentify", str(folder), str(tmp_path / "o"), "--collection-key", str(key))
    ran = alone(*words, "--report", str(tmp_path / "r"), "--json")
    assert ran.json["quarantined"] == {"pixel_text_confirmed": 1, "burned_in_yes": 1} and ran.json["released"] == 1
    (out,) = [read(path.read_bytes()) for path in (tmp_path / "o").rglob("*.dcm")]
    codes = {item.CodeValue for item in out.DeidentificationMethodCodeSequence}
    assert (out.BurnedInAnnotation, out.RecognizableVisualFeatures) == ("NO", "YES") and "113101" in codes
    lines = [json.loads(line) for line in (tmp_path / "r" / "report.jsonl").read_text().splitlines()]
    told = {line.get("reason", line.get("outcome", "")): line for line in lines}
    assert told["released"]["face_risk"] and told["pixel_text_confirmed"]["pixels"]["found"] == 1
    assert told["pixel_text_confirmed"]["pixels"]["boxes"][0]["confidence"] >= 0.6
    assert "quillfeather" not in (tmp_path / "r" / "report.jsonl").read_text().casefold() + ran.out.casefold()
    assert broken_line(tmp_path / "r") is None


def test_pixels_that_are_not_looked_at_have_no_claim(alone: CommandLine, tmp_path: Path) -> None:
    folder, key = tmp_path / "scans", tmp_path / "c.key"
    folder.mkdir()
    (folder / "1.dcm").write_bytes(as_bytes(ct(1, Modality="DX")))
    (folder / "2.dcm").write_bytes(as_bytes(ct(2, SeriesInstanceUID="1.2.7.3", BurnedInAnnotation="YES")))
    alone("collection-key", str(key))
    words = ("deidentify", str(folder), str(tmp_path / "o"), "--collection-key", str(key), "--pixels", "none")
    ran = alone(*words, "--report", str(tmp_path / "r"))
    assert "1 released" in ran.out and "burned_in_yes: 1" in ran.out
    assert "2 object(s) were not looked at" in ran.out
    (out,) = [read(path.read_bytes()) for path in (tmp_path / "o").rglob("*.dcm")]
    assert "113101" not in {item.CodeValue for item in out.DeidentificationMethodCodeSequence}
    assert "BurnedInAnnotation" not in out
