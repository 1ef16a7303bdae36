"""What identifies a person is found in texts, aliases and file names, shown masked, and seldom cried without cause."""

from __future__ import annotations

import gzip
import re
from datetime import date, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biotheca import catalog
from biotheca.submissions.rules import check_document
from biotheca.submissions.rules.identifiers import citizen_number_is_valid, found_in, without_identifiers
from biotheca.submissions.rules.privacy import name_in_alias
from tests.real_data import folder_of
from tests.unit.submissions.making import changed

GSA = catalog.members()["gsa"]
WEIGHTS = [2 ** (17 - n) % 11 for n in range(17)]  # ISO 7064, MOD 11-2


def citizen(region: int, born: date, serial: int) -> str:
    """A citizen number made by the definition of its check digit: the weighted sum is 1 modulo 11."""
    first = f"{region:06d}{born:%Y%m%d}{serial:03d}"
    total = sum(int(digit) * weight for digit, weight in zip(first, WEIGHTS, strict=True))
    check = (1 - total) % 11
    return first + ("X" if check == 10 else str(check))


def rules_of(text: str) -> set[str]:
    return {rule for rule, _ in found_in(text)}


BORN = st.dates(date(1920, 1, 1), date(2020, 12, 31))


@given(st.integers(110000, 659999), BORN, st.integers(0, 999))
def test_every_citizen_number_is_found_and_shown_masked(region: int, born: date, serial: int) -> None:
    number = citizen(region, born, serial)
    ((rule, masked),) = [pair for pair in found_in(f"sample of {number}, tumour") if "citizen" in pair[0]]
    assert rule == "privacy.citizen_number"
    assert masked == number[:2] + "*" * 16


@given(st.integers(110000, 659999), BORN, st.integers(0, 999), st.integers(1, 9))
def test_a_number_with_another_check_digit_is_no_citizen_number(region: int, born: date, serial: int, by: int) -> None:
    right = citizen(region, born, serial)
    digits = "0123456789X"
    wrong = right[:17] + digits[(digits.index(right[17]) + by) % 11]
    assert not citizen_number_is_valid(wrong)
    assert "privacy.citizen_number" not in rules_of(wrong)


def test_a_published_specimen_number_is_valid() -> None:
    assert citizen_number_is_valid("11010519491231002X")  # the example in GB 11643


@given(st.integers(110000, 659999), BORN, st.integers(0, 999), st.sampled_from(["13812345678", "MRN_80041723"]))
def test_a_message_that_quotes_a_value_holds_no_number_of_it(region: int, born: date, serial: int, more: str) -> None:
    number, other = citizen(region, born, serial), more.replace("_", " ")
    said = without_identifiers(f"'{number}, {other}' is not a term of platform.")
    assert number not in said and other[-8:] not in said
    assert said.startswith("'" + number[:2]) and said.endswith("' is not a term of platform.")


PLANTED = [
    ("privacy.phone", "call 13812345678 for details"),
    ("privacy.phone", "+86 138 1234 5678"),
    ("privacy.phone", "tel. 010-62345678"),
    ("privacy.phone", "+44 20 7946 0958"),
    ("privacy.email", "contact someone.else@example.org"),
    ("privacy.record_number", "MRN 1234567"),
    ("privacy.record_number", "住院号：00123456"),
    ("privacy.record_number", "Patient ID: A1234567"),
    ("privacy.person_name", "患者：王小明，男"),
    ("privacy.person_name", "姓名 欧阳小红"),
    ("privacy.person_name", "由李明医生采集"),
    ("privacy.person_name", "张伟"),
    ("privacy.person_name", "tumour of patient Wang Xiaoming"),
    ("privacy.person_name", "Name of donor: John Smith"),
]


@pytest.mark.parametrize(("rule", "text"), PLANTED, ids=[p[1] for p in PLANTED])
def test_what_was_planted_is_found_and_never_shown_whole(rule: str, text: str) -> None:
    found = dict(found_in(text))
    assert rule in found
    assert "*" in found[rule] and not re.search(r"\d{5}|小|Xiao|Smith", found[rule])


@pytest.mark.parametrize(
    "code", ["WangXiaoming", "T_ZhangWei_1", "Li_Ming-tumor", "ChenJing.rep2", "01-LiuYang_R1.fq.gz"]
)
def test_a_name_written_into_an_alias_or_a_file_name_is_found(code: str) -> None:
    assert name_in_alias(code)


CLEAN = [
    "Escherichia coli str. K-12 substr. MG1655",
    "SRR12345678901 of SAMN13812345678",
    "GCA_000001405.29, 101 bp paired reads, 13,812,345,678 bases",
    "水稻根系干旱响应的转录组研究",
    "China: Beijing, Haidian, 39.90 N 116.40 E",
    "Patient samples were taken at Peking Union Medical College",
    "NovaSeq 6000, flow cell HGFJ7DSX2, lane 1",
    "The Song Dynasty site of Luoyang",
    "doi 10.1000/138.12345678",
]


@pytest.mark.parametrize("text", CLEAN)
def test_texts_of_science_are_left_alone(text: str) -> None:
    assert rules_of(text) == set()


@pytest.mark.parametrize(
    "code", ["E1", "MG1655", "LiverTumor", "WuHan-Hu-1", "HeLa", "MaizeLeaf", "YuLong", "SunFlower", "GuPan", "B_73"]
)
def test_codes_of_science_are_left_alone(code: str) -> None:
    assert name_in_alias(code) is None


PLACES: list[tuple[str, Any, str]] = [
    ("samples/0/description", "of 13812345678", "/samples/0/description"),
    ("samples/0/alias", "WangXiaoming", "/samples/0/alias"),
    ("samples/0/attributes", {"note": "MRN 1234567"}, "/samples/0/attributes/note"),
    ("runs/0/files/0/name", "ZhangWei_1.fq.gz", "/runs/0/files/0/name"),
    ("study/publications", [{"title": "x", "journal": "a@example.org"}], "/study/publications/0/journal"),
]


@pytest.mark.parametrize(("path", "value", "where"), PLACES)
def test_it_is_looked_for_in_texts_aliases_attributes_and_file_names(path: str, value: Any, where: str) -> None:
    found = [f for f in check_document(GSA, changed(path, value)) if f.rule.startswith("privacy.")]
    assert [f.where for f in found] == [where]
    assert all(f.severity == "warning" and "*" in f.value for f in found)


def test_authors_of_an_article_are_no_finding() -> None:
    made = changed("study/publications", [{"title": "x", "authors": "Dr Wang Xiaoming"}])
    assert not [f for f in check_document(GSA, made) if f.rule.startswith("privacy.")]


def test_real_public_samples_raise_hardly_an_alarm() -> None:
    folder = folder_of("insdc", "biosample")
    files = sorted(folder.iterdir()) if folder else []
    samples, alarms = 0, []
    for file in files:
        data = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        for sample in ElementTree.fromstring(data).iter("BioSample"):
            samples += 1
            texts = [t.strip() for t in sample.itertext() if t.strip()]
            # who owns a record is its contact and no attribute of the sample
            owners = {t.strip() for owner in sample.iter("Owner") for t in owner.itertext()}
            alarms += [(rule, masked) for t in texts if t not in owners for rule, masked in found_in(t)]
    print(f"real samples: {len(files)} files read, {samples} samples, {len(alarms)} alarms {alarms}")
    assert len(alarms) <= samples * 0.05


def test_a_day_of_birth_that_is_not_in_the_calendar_is_no_citizen_number() -> None:
    born = date(2000, 1, 1) + timedelta(days=58)
    number = citizen(110105, born, 2)
    assert citizen_number_is_valid(number)
    assert not citizen_number_is_valid(number[:10] + "0230" + number[14:])
