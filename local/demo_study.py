"""The study that the demo submits: real reads of five cultures and a workbook, as a person prepares them."""

from __future__ import annotations

import copy
import gzip
import json
from itertools import islice
from pathlib import Path
from typing import Any

from biotheca import catalog
from biotheca.workbooks import writing
from local.laptop import PROJECT

EXAMPLE = PROJECT / "examples" / "ecoli"
CULTURES = 5
WORKBOOK = "submission.xlsx"
# The planted error: dates that a spreadsheet counted up when a cell was dragged down. Each alone looks right.
DRAGGED = ("2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05")
# What the laboratory's book says.
TRUE = ("2026-03-01", "2026-03-01", "2026-03-04", "2026-03-04", "2026-03-09")


def make(folder: Path) -> Path:
    """The folder: ten files of reads and a workbook with the planted error."""
    folder.mkdir(parents=True)
    for mate in (1, 2):
        _split(EXAMPLE / f"ecoli_1K_{mate}.fq.gz", [folder / f"culture{n + 1}_{mate}.fq.gz" for n in range(CULTURES)])
    write_workbook(folder, DRAGGED)
    return folder


def _split(source: Path, targets: list[Path]) -> None:
    """Deal the records of a FASTQ file out to several, in turns, so that mates stay mates."""
    out: list[list[str]] = [[] for _ in targets]
    with gzip.open(source, "rt") as reads:
        number = 0
        while record := list(islice(reads, 4)):
            out[number % len(targets)] += record
            number += 1
    for target, lines in zip(targets, out, strict=True):
        target.write_bytes(gzip.compress("".join(lines).encode(), mtime=0))


def write_workbook(folder: Path, dates: tuple[str, ...]) -> None:
    """Fill the archive's own template and save it in the folder."""
    example = json.loads((EXAMPLE / "submission.json").read_text("utf-8"))
    member = catalog.members()[example["member"]]
    general = {"title": "Escherichia coli K-12 MG1655, five cultures", "release": "immediately"}
    book = writing.template(member, document=document(example["metadata"], dates), general=general)
    (folder / WORKBOOK).write_bytes(book)


def document(one: dict[str, Any], dates: tuple[str, ...]) -> dict[str, Any]:
    """The example's metadata for five cultures: a sample, a library and a run each."""
    made = copy.deepcopy(one)
    places = (
        "shaking flask, LB medium at 37 degrees",
        "chemostat with M9 minimal medium",
        "agar plate, a single colony",
        "biofilm on a glass slide",
        "stab culture kept in the cold",
    )
    for section in ("samples", "experiments", "runs"):
        made[section] = [copy.deepcopy(one[section][0]) for _ in range(CULTURES)]
    for n, (date, place) in enumerate(zip(dates, places, strict=True)):
        sample, experiment, run = made["samples"][n], made["experiments"][n], made["runs"][n]
        sample |= {
            "alias": f"culture{n + 1}",
            "title": f"E. coli K-12 MG1655, culture {n + 1}",
            "collection_date": date,
            "description": f"Reference strain grown in a {place}",
            "isolation_source": place,
        }
        experiment |= {
            "alias": f"E{n + 1}",
            "title": f"Shotgun library of culture {n + 1}",
            "sample": sample["alias"],
            "library_name": f"ecoli-culture{n + 1}",
        }
        names = [f"culture{n + 1}_{mate}.fq.gz" for mate in (1, 2)]
        run |= {
            "alias": f"R{n + 1}",
            "title": f"Culture {n + 1}, 100 bp paired",
            "experiment": experiment["alias"],
            "files": [{"name": name} for name in names],
        }
    return made
