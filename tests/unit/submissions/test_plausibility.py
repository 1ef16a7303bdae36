"""What a curator would ask about: each warning on a planted fault, silence on what is fine."""

from __future__ import annotations

import gzip
from datetime import date, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biotheca import catalog
from biotheca.submissions.rules import check_document
from biotheca.submissions.rules.counting import longest_run
from biotheca.submissions.rules.plausibility import _inside
from biotheca.submissions.rules.values import country_of, parse_lat_lon
from tests.real_data import folder_of
from tests.unit.submissions.making import changed, good

GSA = catalog.members()["gsa"]
BIOSAMPLE = catalog.members()["biosample"]
TODAY = date(2026, 11, 22)
DESCRIPTIONS = ["leaf at noon", "root after rain", "stem of a dwarf", "seed from the field", "old bark", "young flower"]


def samples(**columns: list[Any]) -> dict[str, Any]:
    """Samples that differ in what they should; columns are laid over."""
    base = good()["samples"][0]
    count = len(next(iter(columns.values())))
    words = [f"{DESCRIPTIONS[n % 6]} {'abcdefghij'[n // 6]}" for n in range(count)]
    rows = [base | {"alias": f"s{n}", "title": f"Sample {n}", "description": words[n]} for n in range(count)]
    return {"samples": [row | {k: v[n] for k, v in columns.items()} for n, row in enumerate(rows)]}


def warned(document: dict[str, Any], member: catalog.Member = BIOSAMPLE) -> list[tuple[str, str]]:
    found = check_document(member, document, today=TODAY)
    assert all(f.severity == "warning" for f in found if f.rule.startswith("plausibility."))
    return [(f.rule.removeprefix("plausibility."), f.where) for f in found if f.rule.startswith("plausibility.")]


def days(*offsets: int) -> list[str]:
    return [(date(2026, 3, 1) + timedelta(days=n)).isoformat() for n in offsets]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("collection_date", days(0, 1, 2, 3, 4)),
        ("collection_date", ["2025-11", "2025-12", "2026-01", "2026-02", "2026-03"]),
        ("description", [f"Leaf of the plant {n}" for n in range(5)]),
        ("lat_lon", [f"39.90 N {116 + n} E" for n in range(5)]),
    ],
)
def test_a_column_that_counts_up_is_named_once_at_its_first_row(column: str, values: list[Any]) -> None:
    assert ("drag_fill", f"/samples/0/{column}") in warned(samples(**{column: values}))


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("collection_date", days(0, 1, 2, 3)),  # four rows are too few
        ("collection_date", days(0, 7, 14, 21, 28)),  # weekly visits
        ("collection_date", days(0, 0, 1, 1, 2, 2)),
        ("isolate", [f"BJ-{n}" for n in range(6)]),  # names count rightly
    ],
)
def test_a_column_that_does_not_count_or_may_is_left_alone(column: str, values: list[Any]) -> None:
    assert [w for w in warned(samples(**{column: values})) if w[0] == "drag_fill"] == []


@given(st.lists(st.integers(0, 3), max_size=30), st.integers(3, 6))
def test_the_longest_run_is_what_a_slow_search_finds(steps: list[int], least: int) -> None:
    column = [sum(steps[: n + 1]) for n in range(len(steps))]
    runs = [
        (a, b)
        for a in range(len(column))
        for b in range(a + least - 1, len(column))
        if all(column[i + 1] - column[i] == 1 for i in range(a, b))
    ]
    longest = max((b - a for a, b in runs), default=None)
    found = longest_run(column, least)
    assert (None if found is None else found[1] - found[0]) == longest
    assert found is None or found in runs


def test_one_description_for_many_samples_is_named() -> None:
    made = samples(description=["Leaf of the whole plant"] * 3, replicate=["1", "2", "3"])
    assert ("alike_texts", "/samples/0/description") in warned(made)


def test_equal_titles_are_named() -> None:
    assert ("titles_equal", "/samples") in warned(samples(title=["Rice"] * 3))


ABSTRACT = (
    "We sequenced roots of two rice cultivars under drought to find genes that make plants tolerant of dry soils."
)


def test_a_design_that_is_the_projects_abstract_is_named() -> None:
    made = changed("project/description", ABSTRACT)
    made["experiments"][0]["design_description"] = ABSTRACT.replace("two", "2").upper()
    assert warned(made, GSA) == [("copied", "/experiments/0/design_description")]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("In all 12 samples were taken.", True),
        ("In all 1 sample was taken; 1 samples.", False),
        ("We took 2 rice samples.", True),
        ("共采集12个样本。", True),
        ("Reads of 150 bases from sample 12.", False),
    ],
)
def test_a_number_of_samples_in_the_description_must_be_that_of_the_samples(words: str, named: bool) -> None:
    made = changed("project/description", "Written for a test of the rules. " + words)
    assert (("counts", "/project/description") in warned(made, GSA)) is named


@pytest.mark.parametrize(
    ("point", "place", "named"),
    [
        ("39.90 N 116.40 E", "China: Beijing", False),
        ("39.90 S 116.40 E", "China: Beijing", True),
        ("16.40 N 39.90 E", "China: Beijing", True),
        ("40.00 N 83.00 W", "USA: Ohio", False),
        ("40.00 N 83.00 E", "USA: Ohio", True),
        ("65.0 N 172.0 W", "Russia", False),
        ("21.0 S 179.5 W", "Fiji", False),
    ],
)
def test_coordinates_outside_their_country_are_named(point: str, place: str, named: bool) -> None:
    made = samples(lat_lon=[point], geographic_location=[place])
    assert (("coordinates", "/samples/0/lat_lon") in warned(made)) is named


# Capitals, degrees rounded: each lies in its country's box and, swapped or mirrored, mostly does not.
CAPITALS = {
    "Argentina": (-34.6, -58.4),
    "Australia": (-35.3, 149.1),
    "Brazil": (-15.8, -47.9),
    "Canada": (45.4, -75.7),
    "China": (39.9, 116.4),
    "Egypt": (30.0, 31.2),
    "Germany": (52.5, 13.4),
    "Iceland": (64.1, -21.9),
    "India": (28.6, 77.2),
    "Indonesia": (-6.2, 106.8),
    "Japan": (35.7, 139.7),
    "Kenya": (-1.3, 36.8),
    "Mexico": (19.4, -99.1),
    "New Zealand": (-41.3, 174.8),
    "Norway": (59.9, 10.8),
    "South Africa": (-25.7, 28.2),
    "Spain": (40.4, -3.7),
    "Turkey": (39.9, 32.9),
    "United Kingdom": (51.5, -0.1),
    "USA": (38.9, -77.0),
    "Viet Nam": (21.0, 105.8),
}


@pytest.mark.parametrize("country", CAPITALS)
def test_a_capital_lies_in_its_country(country: str) -> None:
    assert _inside(CAPITALS[country], catalog.country_boxes()[country], 0)
    assert not _inside((-CAPITALS[country][0], CAPITALS[country][1] - 120), catalog.country_boxes()[country], 1)


def test_every_box_is_a_box_on_the_earth() -> None:
    for country, boxes in catalog.country_boxes().items():
        assert boxes, country
        for south, west, north, east in boxes:
            assert -90 <= south < north <= 90 and -180 <= west < east <= 180, country


@pytest.mark.parametrize(
    ("kind", "organism", "taxon_id", "named"),
    [
        ("plant", "Mus musculus", 10090, True),
        ("plant", "Oryza sativa", 4530, False),
        ("microbe", "Escherichia coli", 562, False),
        ("microbe", "Danio rerio", 7955, True),
        ("metagenome", "soil metagenome", 410658, False),
        ("metagenome", "Escherichia coli", 562, True),
        ("microbe", "soil metagenome", 410658, True),
        ("virus", "Escherichia coli", 562, True),
    ],
)
def test_an_organism_of_another_type_of_sample_is_named(kind: str, organism: str, taxon_id: int, named: bool) -> None:
    made = samples(sample_type=[kind], organism=[organism], taxon_id=[taxon_id])
    assert (("organism_type", "/samples/0/sample_type") in warned(made)) is named


@pytest.mark.parametrize(
    ("words", "source", "named"),
    [
        ("10x Genomics Chromium libraries of cells", "TRANSCRIPTOMIC", True),
        ("scRNA-seq of roots", "TRANSCRIPTOMIC", True),
        ("单细胞转录组文库构建方法说明", "TRANSCRIPTOMIC", True),
        ("scRNA-seq of roots", "TRANSCRIPTOMIC SINGLE CELL", False),
        ("bulk RNA of roots", "TRANSCRIPTOMIC", False),
    ],
)
def test_a_single_cell_library_of_another_source_is_named(words: str, source: str, named: bool) -> None:
    made = changed("experiments/0/design_description", words + ", in two lanes")
    made["experiments"][0]["library_source"] = source
    assert (("single_cell", "/experiments/0/library_source") in warned(made, GSA)) is named


@pytest.mark.parametrize(
    ("value", "named"), [("2026-11-23", True), ("2026-12", True), ("2026-11", False), ("2026", False)]
)
def test_a_date_in_the_future_is_named(value: str, named: bool) -> None:
    assert (("future_date", "/samples/0/collection_date") in warned(samples(collection_date=[value]))) is named


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ("No. 1 Example Road, 100101", True),
        ("北京市朝阳区北辰西路1号院", True),
        ("Institute of Examples, 1 Example Road", False),
        ("Example Farm", False),
    ],
)
def test_a_provider_that_is_only_an_address_is_named(value: str, named: bool) -> None:
    made = samples(biomaterial_provider=[value])
    assert (("address_only", "/samples/0/biomaterial_provider") in warned(made)) is named


def test_coordinates_of_real_public_samples_lie_in_their_countries() -> None:
    folder = folder_of("insdc", "biosample")
    files = sorted(folder.iterdir()) if folder else []
    checked, outside = 0, []
    for file in files:
        data = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        for sample in ElementTree.fromstring(data).iter("BioSample"):
            said = {a.get("harmonized_name") or a.get("attribute_name"): a.text or "" for a in sample.iter("Attribute")}
            point = parse_lat_lon(said.get("lat_lon", ""))
            boxes = catalog.country_boxes().get(country_of(said.get("geo_loc_name", "")))
            if point and boxes:
                checked += 1
                outside += [] if _inside(point, boxes, 1) else [said["lat_lon"]]
    print(f"real samples: {len(files)} files read, {checked} with a place, {len(outside)} outside")
    assert outside == []
