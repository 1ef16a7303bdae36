"""Clinical tables: rows of the same persons as the images, and nothing that names one of them."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biotheca import catalog
from biotheca.deidentification.clinical import Person, de_identified
from biotheca.deidentification.text import Identifiers

KNOWN = Identifiers(["QUILLFEATHER^ZEPHYRINE", "欧阳^晓筠"], ["MRN80041723", "ACC-773311"], ["Saint Swithin Infirmary"])
PEOPLE = {
    "MRN80041723": Person("0123456789AB", 400, (KNOWN,)),
    "MRN99": Person("BA9876543210", 3649, (Identifiers(["OXENHAM^ROSALIND"], ["MRN99"]),)),
    "MRN7": Person("CCCCCCCCCCCC", 365),
}
HEAD = ["PatientID", "sex", "age", "diagnosis", "seen", "stage", "weight"]
ROWS = [
    ["MRN80041723", "F", "72", "adenocarcinoma", "2024-02-29", "IIIa", "61.5"],
    ["MRN99", "M", "93", "sepsis", "2020-12-31", "II", "80"],
    ["MRN80041723", "F", "73", "adenocarcinoma", "2024-03-01", "IV", "58"],
    ["MRN555", "M", "41", "none", "2021-01-01", "I", "77"],
]


def written(*rows: list[str], mark: str = ",", encoding: str = "utf-8") -> bytes:
    held = io.StringIO()
    csv.writer(held, delimiter=mark).writerows(rows)
    return held.getvalue().encode(encoding)


def refused(*rows: list[str]) -> set[tuple[str, int]]:
    made, told = de_identified(written(*rows), "", PEOPLE)
    assert made == b""
    return {(refusal.rule, refusal.column) for refusal in told.refusals}


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_table_comes_out_with_pseudonyms_moved_days_and_counts(mark: str, encoding: str) -> None:
    rows = [[*HEAD, "部位"], *([*row, "肺"] for row in ROWS)]
    made, told = de_identified(written(*rows, mark=mark, encoding=encoding), "", PEOPLE)
    assert made.decode().splitlines() == [
        "PatientID\tsex\tage\tdiagnosis\tseen\tstage\tweight\t部位",
        "0123456789AB\tF\t72\tadenocarcinoma\t2023-01-25\tIIIa\t61.5\t肺",
        "0123456789AB\tF\t73\tadenocarcinoma\t2023-01-26\tIV\t58\t肺",
        "BA9876543210\tM\t90+\tsepsis\t2011-01-04\tII\t80\t肺",
    ]
    assert (told.rows, told.matched, told.unmatched, told.missing, told.refusals) == (4, 3, 1, 1, [])


def test_the_order_of_the_rows_tells_nothing_and_the_same_table_gives_the_same_bytes() -> None:
    one, two = (de_identified(written(HEAD, *rows), "", PEOPLE)[0] for rows in (ROWS, ROWS[::-1]))
    assert one == two != b""


@given(st.dates(date(1990, 1, 1), date(2026, 1, 1)), st.sampled_from(["%Y-%m-%d", "%Y%m%d", "%Y/%m/%d"]))
def test_a_day_moves_as_the_dates_of_the_persons_images_do(day: date, form: str) -> None:
    made, told = de_identified(written(["PatientID", "seen"], ["MRN99", day.strftime(form)]), "", PEOPLE)
    moved = (day - timedelta(days=3649)).isoformat()
    assert (made.decode().splitlines()[1], told.refusals) == (f"BA9876543210\t{moved}", [])


@pytest.mark.parametrize(
    ("rule", "head", "cell"),
    [
        ("privacy.person_name", "patient_name", "x"),
        ("privacy.person_name", "姓名", "甲"),
        ("privacy.phone", "phone", "1"),
        ("privacy.record_number", "mrn", "1"),
        ("privacy.citizen_number", "身份证号", "1"),
        ("privacy.email", "note", "zephyrine@example.org"),
        ("privacy.phone", "note", "13912345678"),
        ("privacy.citizen_number", "code", "11010519491231002X"),
        ("clinical.birth_date", "BirthDate", "1951-04-05"),
        ("clinical.birth_date", "出生日期", "1951"),
        ("clinical.place", "postcode", "100083"),
        ("clinical.place", "hospital", "A"),
        ("clinical.date", "note", "operated on 3 May 2021"),
        ("clinical.date", "date of surgery", "03/05/2021"),
        ("clinical.date", "year", "2021"),
        ("clinical.identifier", "note", "seen with Quillfeather"),
        ("clinical.identifier", "note", "quillfeather_t2"),
        ("clinical.identifier", "note", "晓筠好转"),
        ("clinical.identifier", "note", "Zéphyrine"),
        ("clinical.identifier", "order", "773311"),
        ("clinical.key_elsewhere", "file", "MRN80041723_ct"),
        ("clinical.free_text", "note", "stable " * 20),
        ("clinical.formula", "value", "=1+1"),
        ("clinical.formula", "note", "@sum"),
    ],
)
def test_a_column_that_identifies_refuses_the_table_by_its_number_and_no_value(rule: str, head: str, cell: str) -> None:
    rows = [["PatientID", "stage", head], ["MRN80041723", "II", cell], ["MRN99", "I", ""]]
    assert (rule, 3) in refused(*rows)
    _, told = de_identified(written(*rows), "", PEOPLE)
    assert cell not in str([refusal.rule for refusal in told.refusals]) and not told.columns


@pytest.mark.parametrize(
    ("rule", "rows"),
    [
        ("clinical.form", [["PatientID", "a"], ["MRN99"]]),
        ("clinical.form", [["PatientID", "a"]]),
        ("clinical.key_column", [["Quillfeather", "a"], ["MRN99", "b"]]),
        ("clinical.key_column", [["PatientID", "patient_id"], ["MRN99", "b"]]),
        ("clinical.headings", [["PatientID", "a", "a"], ["MRN99", "b", "c"]]),
        ("clinical.headings", [["PatientID", ""], ["MRN99", "b"]]),
        ("clinical.headings", [["PatientID", "weight of Quillfeather"], ["MRN99", "70"]]),
    ],
)
def test_a_table_that_cannot_be_understood_is_refused_whole(rule: str, rows: list[list[str]]) -> None:
    assert (rule, 0) in refused(*rows)


def test_bytes_that_are_no_text_are_refused() -> None:
    assert de_identified(b"\xff\xff\x00\x00", "", PEOPLE)[1].refusals[0].rule == "clinical.form"


def test_the_heading_of_the_key_is_the_one_that_was_agreed() -> None:
    made, _ = de_identified(written(["Fallnummer", "individual"], ["MRN7", "1"]), "Fallnummer", PEOPLE)
    assert made == b"PatientID\tindividual\nCCCCCCCCCCCC\t1\n"


def test_a_column_of_names_that_no_header_states_is_told_by_its_whole() -> None:
    names = ["王小明", "李建国", "张伟", "刘芳", "陈静", "杨洋"]
    people = {f"P{n}": Person(f"{n:012X}", 400) for n in range(6)}
    rows = [["PatientID", "extra"], *([f"P{n}", name] for n, name in enumerate(names))]
    made, told = de_identified(written(*rows), "", people)
    assert made == b"" and ("privacy.person_name", 2) in {(r.rule, r.column) for r in told.refusals}


def test_every_rule_has_its_words_in_two_languages() -> None:
    ids = [name for name in catalog.rules() if name.startswith("clinical.")]
    assert len(ids) >= 11 and all(catalog.rules()[name]["mend"]["zh"] for name in ids)
