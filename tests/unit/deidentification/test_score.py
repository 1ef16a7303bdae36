"""The engine on a smaller run of the MIDI-B-like set; and the scorer itself, which must see what a bad tool does.

The whole set and the peers: `python -m bench deid_score`.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from bench.deid_score import Score, score
from bench.deid_set import make
from biotheca.deidentification.engine import Engine
from biotheca.deidentification.keys import CollectionKey
from biotheca.deidentification.verify import verified
from tests.unit.deidentification.making import as_bytes, read

NATIVE = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1")
Case = tuple[dict[str, Any], Path, Path]


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """(answer key, folder of the set, folder of what the engine made of it): every third file, of another seed."""
    folder = tmp_path_factory.mktemp("deid_set")
    key, engine = make(folder, seed=1_234, every=3), Engine(CollectionKey(bytes(range(32))))
    (folder / "out").mkdir()
    for path in sorted((folder / "files").iterdir()):
        data = path.read_bytes()
        out = engine.deidentify(data).data
        assert verified(data, out) == [], path.name
        (folder / "out" / path.name).write_bytes(out)
    return key, folder / "files", folder / "out"


def of(case: Case, target: Path) -> Score:
    key, source, _ = case
    return score(key, source, target)


def test_no_identifier_is_left_in_any_file_and_what_is_useful_stays(case: Case) -> None:
    reached = of(case, case[2])
    print(f"\nMIDI-B-like, every third file: {reached.percent:.2f} % of {reached.passed.total()} checks")
    assert reached.leaking == {} and reached.missing == []
    assert reached.percent >= 99.95, reached.lost[:5]


def test_files_that_nobody_touched_leak_and_fail(case: Case) -> None:
    reached = of(case, case[1])
    assert len(reached.leaking) == len(case[0]["files"]) and reached.percent < 50


def test_a_tool_that_drops_files_passes_no_check_of_theirs(case: Case, tmp_path: Path) -> None:
    kept = case[0]["files"][0]
    shutil.copy(case[2] / kept["file"], tmp_path)
    reached = of(case, tmp_path)
    assert len(reached.missing) == len(case[0]["files"]) - 1
    assert reached.passed.total() <= len(kept["checks"])


@pytest.mark.parametrize(
    ("keyword", "value", "action"),
    [
        ("StudyDate", "20200101", "date_shifted"),
        ("StudyInstanceUID", "2.25.1", "uid_consistent"),
        ("PatientID", "ANOTHER", "patid_consistent"),
        ("Rows", 7, "tag_retained"),
        ("PixelData", bytes(40 * 48 * 2), "pixels_retained"),
    ],
)
def test_one_wrong_value_is_one_that_the_scorer_tells(
    case: Case, tmp_path: Path, keyword: str, value: object, action: str
) -> None:
    shutil.copytree(case[2], tmp_path / "out")
    row = next(r for r in case[0]["files"] if r["of"].startswith(r["modality"] + "_") and r["syntax"] in NATIVE)
    made = read((tmp_path / "out" / row["file"]).read_bytes())
    setattr(made, keyword, value)
    (tmp_path / "out" / row["file"]).write_bytes(as_bytes(made))
    assert of(case, tmp_path / "out").failed[action] > of(case, case[2]).failed[action]
