"""One row a released series: what study, individual and collection say of it, and its place among the facets. Pure."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from biotheca.imaging.body_parts import term
from biotheca.imaging.model import PREVIEWS
from biotheca.publication.model import Record

# What can be counted and chosen by, in the order of a cell of the cube.
FACETS = ("modality", "body_part", "disease", "manufacturer", "age_group", "sex")
_OF_SERIES = (
    "series_uid",
    "number",
    "modality",
    "body_part",
    "laterality",
    "series_description",
    "protocol",
    "manufacturer",
    "model",
    "images",
)
_OF_STUDY = ("study_uid", "study_date", "age", "study_description", "modalities")
_AGE = re.compile(r"(\d{3})([DWMY])")  # PS3.5 6.2, AS
OLDEST_GROUP = 90

Cell = tuple[str, ...]


def row_of(series: Record, study: Record, individual: Record, collection: Record, mode: str) -> dict[str, Any]:
    """The row of a series; what is not said is left out. `access`: open or controlled, of the files."""
    row = {name: series.attributes.get(name) for name in _OF_SERIES}
    row |= {name: study.attributes.get(name) for name in _OF_STUDY}
    row |= {"study_series": study.attributes.get("series"), "study_images": study.attributes.get("images")}
    row |= {
        "accession": series.accession,
        "study": study.accession,
        "individual": individual.accession,
        "patient": individual.alias,
        "sex": individual.attributes.get("sex"),
        "collection": collection.accession,
        "collection_title": collection.title,
        "disease": collection.attributes.get("disease"),
        "age_group": age_group(str(study.attributes.get("age") or "")),
        "access": mode,
        "pictures": any(file["name"].endswith(PREVIEWS) for file in series.files),
    }
    return {name: value for name, value in row.items() if value not in (None, "", [])}


def age_group(age: str) -> str:
    """The ten years that an age (DICOM AS) lies in; empty if there is none.

    >>> age_group("054Y"), age_group("011M"), age_group("090Y"), age_group("?")
    ('50-59', '0-9', '90+', '')
    """
    found = _AGE.fullmatch(age)
    if found is None:
        return ""
    years = int(found[1]) if found[2] == "Y" else 0
    low = years // 10 * 10
    return f"{OLDEST_GROUP}+" if low >= OLDEST_GROUP else f"{low}-{low + 9}"


def facet_of(row: dict[str, Any], name: str) -> str:
    """The value of a row by which it is counted and chosen; empty if nothing is said."""
    return spelled(name, str(row.get(name) or ""))


def spelled(name: str, value: str) -> str:
    """A facet's value as it is counted: a part of the body by its defined term, all else as it is said."""
    return term(value) if name == "body_part" else value


def cell_of(row: dict[str, Any]) -> Cell:
    """The values of a row by which it is counted."""
    return tuple(facet_of(row, name) for name in FACETS)


def cube_of(rows: list[dict[str, Any]]) -> list[list[Any]]:
    """The cells of a collection: values, series, images; so many as there are different ones."""
    series: Counter[Cell] = Counter()
    images: Counter[Cell] = Counter()
    for row in rows:
        series[cell_of(row)] += 1
        images[cell_of(row)] += int(row.get("images") or 0)
    return [[*cell, series[cell], images[cell]] for cell in sorted(series)]


def fits(cell: list[Any], wanted: dict[str, str], but: str = "") -> bool:
    """Whether a cell has the chosen values, one facet (`but`) left out of account."""
    return all(cell[place] == wanted[name] for place, name in enumerate(FACETS) if name in wanted and name != but)


def counted(cubes: dict[str, list[list[Any]]], wanted: dict[str, str], most: int = 200) -> dict[str, Any]:
    """Of each facet its values with series and images, most series first; of each the others' choices hold.

    So a reader who chose a value sees what choosing another in its place would give. `cubes`: by collection.
    """
    found: dict[str, Counter[str]] = {name: Counter() for name in ("collection", *FACETS)}
    images: dict[str, Counter[str]] = {name: Counter() for name in found}
    series_total = images_total = 0
    for collection, cells in cubes.items():
        inside = wanted.get("collection") in (None, collection)
        for cell in cells:
            series, pictures = cell[-2:]
            if fits(cell, wanted):
                found["collection"][collection] += series
                images["collection"][collection] += pictures
                if inside:
                    series_total += series
                    images_total += pictures
            for place, name in enumerate(FACETS):
                if inside and fits(cell, wanted, but=name):
                    found[name][cell[place]] += series
                    images[name][cell[place]] += pictures
    facets = {
        name: [
            {"value": value, "series": count, "images": images[name][value]}
            for value, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:most]
            if value
        ]
        for name, counts in found.items()
    }
    return {"series": series_total, "images": images_total, "facets": facets}
