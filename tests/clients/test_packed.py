"""A folder of many small files, sent by one command: packed the same way each time, and no name of a file leaves."""

from __future__ import annotations

import hashlib
import io
import json
import threading
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biotheca.formats.listings import MOST_MEMBERS
from biotheca.qc import check_file
from biotheca_client import Client, WrongUse
from biotheca_client.folders import Folder
from biotheca_client.local_files import Stopped
from biotheca_client.packed import ARCHIVE_FILES, NAMES, Small, found, planned
from tests.clients.archive_double import Archive
from tests.clients.conftest import CommandLine

DOCUMENT = {
    "member": "obia",
    "title": "Chests",
    "metadata": {
        "collection": {"alias": "c", "title": "CT of the chest", "description": "Of persons who do not exist."}
    },
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "sub"
    made.mkdir()
    (made / "submission.json").write_text(json.dumps(DOCUMENT))
    return made


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    source = tmp_path / "scans"
    for series in ("QUILLFEATHER_Z", "b"):
        (source / series).mkdir(parents=True)
        for number in range(20):
            (source / series / f"{number:03}.dcm").write_bytes(bytes([number]) * (number + 1))
    (source / "b" / "empty").touch()
    (source / ".DS_Store").write_bytes(b"x")
    (source / "link").symlink_to("/etc/passwd")
    return source


def test_one_command_sends_a_folder_and_no_name_of_its_files(
    archive: Archive, client: Client, folder: Path, scans: Path
) -> None:
    said: list[str] = []
    done = client.submit_folder(folder, tell=said.append, pack=scans)
    assert done["state"] == "submitted"
    collection = archive.submissions[done["id"]]["metadata"]["collection"]
    assert [file["name"] for file in collection["files"]] == ["packed-001.zip"] and collection["file_type"] == "zip"
    sent = archive.bytes_of(done["id"], "packed-001.zip")
    with zipfile.ZipFile(io.BytesIO(sent)) as packed:
        assert packed.namelist() == [f"{n:07}.dcm" for n in range(1, 41)] and packed.testzip() is None
        held = sorted(packed.read(name) for name in packed.namelist())
    assert held == sorted(small.path.read_bytes() for small in found(scans)[0])
    assert b"QUILLFEATHER" not in sent and any("3 link(s), hidden or empty" in line for line in said)
    assert check_file([sent], None, "zip", "packed-001.zip").as_dict()["verdict"] == "sound"
    listed = (folder / NAMES).read_text()
    assert "packed-001.zip\t0000001.dcm\t'QUILLFEATHER_Z/000.dcm'" in listed and listed.count("\n") == 41

    tries = archive.put_tries.total()
    again = client.submit_folder(folder, pack=scans)
    assert (again["id"], archive.put_tries.total(), len(archive.submissions)) == (done["id"], tries, 1)


def test_what_was_packed_is_kept_and_what_changed_is_packed_anew(folder: Path, scans: Path) -> None:
    Folder(folder).pack(scans)
    made = folder / "packed-001.zip"
    first, when = hashlib.sha256(made.read_bytes()).hexdigest(), made.stat().st_mtime_ns
    Folder(folder).pack(scans)
    assert made.stat().st_mtime_ns == when
    (folder / ".biotheca-submission.json").unlink()
    Folder(folder).pack(scans)
    assert made.stat().st_mtime_ns != when and hashlib.sha256(made.read_bytes()).hexdigest() == first
    (scans / "b" / "000.dcm").write_bytes(b"other")
    Folder(folder).pack(scans)
    assert hashlib.sha256(made.read_bytes()).hexdigest() != first


def test_a_killed_run_leaves_no_half_archive_and_the_next_goes_on(folder: Path, scans: Path) -> None:
    stop = threading.Event()
    with pytest.raises(Stopped):
        Folder(folder).pack(scans, lambda _: stop.set(), stop)
    assert not list(folder.glob("*.zip*")) and not list(folder.glob(".packed*"))
    Folder(folder).pack(scans)
    assert zipfile.ZipFile(folder / "packed-001.zip").testzip() is None


@given(
    sizes=st.lists(st.integers(1, 50), min_size=1, max_size=80),
    at_most=st.integers(1, 5),
    most_bytes=st.integers(201, 5_000),
    most_files=st.integers(1, 20),
)
def test_every_file_lies_in_one_archive_in_order_and_there_are_never_too_many(
    sizes: list[int], at_most: int, most_bytes: int, most_files: int
) -> None:
    files = [Small(Path(f"/s/{n}"), size, 0) for n, size in enumerate(sizes)]
    bundles = planned(files, at_most, most_bytes, most_files)
    assert [small for bundle in bundles for small in bundle.files] == files
    assert len(bundles) <= at_most and all(bundle.files for bundle in bundles)
    names = [name for bundle in bundles for name, _ in bundle.members()]
    assert len(set(names)) == len(names) and len({bundle.name for bundle in bundles}) == len(bundles)


def test_an_archive_never_has_more_members_than_the_check_takes() -> None:
    files = [Small(Path(f"/s/{n}"), 1, 0) for n in range(250_000)]
    assert ARCHIVE_FILES <= MOST_MEMBERS
    assert max(len(bundle.files) for bundle in planned(files, 3)) <= MOST_MEMBERS
    with pytest.raises(WrongUse):
        planned(files, 2)


@pytest.mark.parametrize(("member", "words"), [("gsa", "takes no folder"), ("obia", "have no 'collection'")])
def test_what_cannot_be_packed_is_said_before_anything_is_written(
    tmp_path: Path, scans: Path, member: str, words: str
) -> None:
    (tmp_path / "submission.json").write_text(json.dumps({"member": member, "title": "x", "metadata": {}}))
    beside = tmp_path / "beside"
    beside.mkdir()
    (beside / "submission.json").write_text((tmp_path / "submission.json").read_text())
    with pytest.raises(WrongUse, match=words):
        Folder(beside).pack(scans)
    with pytest.raises(WrongUse, match="which is to be packed"):
        Folder(beside).pack(tmp_path)
    assert not list(beside.glob("*.zip"))


def test_the_command_line_packs(biotheca: CommandLine, folder: Path, scans: Path) -> None:
    biotheca.login()
    done = biotheca("submit", str(folder), "--pack", str(scans), "--json")
    assert done.code == 0, done
    assert json.loads(done.out)["state"] == "submitted"
