"""Rows of the own tables: every column of the table, fed from linked records."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest

from biotheca import catalog
from biotheca.lake.arrow import schema_of
from biotheca.lake.model import ENTITIES, FILE_COLUMNS, RUN_COLUMNS
from biotheca.lake.rules import Row, dataset_column, entity_of, entity_row, file_rows, with_times
from biotheca.publication.model import Record

FILES = [
    {"name": "CRR1_f1.fq.gz", "md5": "a", "reads": 2_000_000, "bases": 300_000_000, "size_bytes": 90_000_001},
    {"name": "CRR1_r2.fq.gz", "md5": "b", "reads": 2_000_000, "bases": 300_000_000, "size_bytes": 10_000_000},
]
GSA = catalog.members()["gsa"]
AT = "2026-03-01T12:00:00.000Z"


def record(kind: str, accession: str, **attributes: Any) -> Record:
    files = [f | {"format": "fastq"} for f in FILES] if kind == "run" else []
    made = Record(accession, kind, "gsa", f"{kind}-1", f"The {kind}", "sub", "me", attributes, {}, files)
    return made if kind != "run" else made.__class__(**made.as_dict() | {"released_at": AT})


RELATED = {
    "experiment": record("experiment", "CRX000001", library_strategy="WGS", nominal_size=300, nominal_sdev=30),
    "sample": record(
        "sample",
        "SAMC000001",
        organism="Oryza sativa",
        taxon_id=4530,
        sample_type="plant",
        geographic_location="China: Beijing",
        tissue="root",
        attributes={"watering": "every day"},
    ),
    "study": record(
        "study", "CRA000001", external_links=[{"database": "GEO", "accession": "GSE1", "url": "https://x"}]
    ),
    "project": record(
        "project",
        "PRJCA000001",
        data_types=["Raw sequence reads", "Assembly"],
        organisms=[{"organism": "Oryza sativa", "taxon_id": 4530}, {"organism": "Zea mays", "taxon_id": 4577}],
        publications=[{"pubmed_id": 30445567, "title": "Roots"}, {"doi": "10.1/x"}],
        organisation="Institute of Examples",
    ),
}


def row(entity: str, made: Record, related: dict[str, Record] = RELATED) -> Row:
    return entity_row(GSA, entity, made, related)


def test_a_row_has_every_column_and_counts_spots_once_for_a_pair() -> None:
    made = with_times(row("run", record("run", "CRR000001")), AT)
    assert set(made) == set(RUN_COLUMNS)
    got = [made[c] for c in ("acc", "sra_study", "bioproject", "biosample", "source", "status", "archive")]
    assert got == ["CRR000001", "CRA000001", "PRJCA000001", "SAMC000001", "own", "live", "Biotheca"]
    got = [made[c] for c in ("assay_type", "organism", "taxon_id", "insertsize", "center_name", "biosamplemodel")]
    assert got == ["WGS", "Oryza sativa", 4530, 300, "Institute of Examples", "plant"]
    assert (made["spots"], made["bases"], made["avgspotlen"]) == (2_000_000, 600_000_000, 300)
    assert (made["bytes"], made["mbytes"], made["mbases"]) == (100_000_001, 100, 600)
    assert made["releasedate"] == datetime(2026, 3, 1, 12)
    assert [made[f"geo_loc_name_country_{part}calc"] for part in ("", "continent_")] == ["China", "Asia"]
    assert made["file_names"] == ["CRR1_f1.fq.gz", "CRR1_r2.fq.gz"] and made["datastore_filetype"] == ["fastq"]


def test_attributes_of_a_run_are_those_of_its_sample_experiment_and_itself_under_ncbis_suffixes() -> None:
    made = row("run", record("run", "CRR000001", file_type="fastq"))
    pairs = {a["k"]: a["v"] for a in made["attributes"]}
    assert pairs["tissue_sam"] == "root" and pairs["watering_sam"] == "every day"
    assert pairs["nominal_size_exp"] == "300" and pairs["file_type_run"] == "fastq"
    assert (pairs.pop("bases"), pairs.pop("bytes")) == ("600000000", "100000001")
    lists = {name: [value] for name, value in pairs.items()}
    assert json.loads(made["jattr"]) == lists | {"bases": 600_000_000, "bytes": 100_000_001}


def test_files_of_a_run_say_where_strangers_get_them_and_never_where_they_are_kept() -> None:
    made = row("run", record("run", "CRR000001"))
    first = made["files"][0]
    assert first["url"] == "https://biotheca.example.org/v1/records/CRR000001/files/CRR1_f1.fq.gz"
    assert (first["bytes"], first["md5"], first["created"], first["semantic_name"]) == (90_000_001, "a", AT, "fastq")


def test_a_run_without_links_gives_a_row_with_empty_columns() -> None:
    made = row("run", record("run", "CRR000001"), {})
    assert made["organism"] is None and made["acc"] == "CRR000001" and made["center_name"] is None


def test_a_sample_keeps_in_attributes_what_has_no_column_of_its_own() -> None:
    made = row("biosample", RELATED["sample"])
    assert (made["acc"], made["organism"], made["package"]) == ("SAMC000001", "Oryza sativa", "plant")
    said = {a["k"]: (a["v"], a["harmonized_name"]) for a in made["attributes"]}
    assert said["tissue"] == ("root", "tissue") and said["watering"] == ("every day", None)
    assert not {"organism", "taxon_id", "sample_type", "title"} & set(said)


def test_lists_of_items_become_lists_of_texts_links_or_the_first() -> None:
    made = row("project", RELATED["project"])
    assert made["data_type"] == ["Raw sequence reads", "Assembly"] and made["publications"] == ["30445567"]
    assert (made["organism"], made["taxon_id"]) == ("Oryza sativa", 4530)
    assert row("study", RELATED["study"])["links"] == [{"db": "GEO", "id": "GSE1", "label": None, "url": "https://x"}]


@pytest.mark.parametrize("entity", sorted(set(ENTITIES) - {"sample"}))
def test_a_row_of_every_entity_fits_its_table(entity: str) -> None:
    kind = GSA.lake[entity]["acc"].partition(".")[0]
    assert entity_of(GSA, kind) == entity
    made = row(entity, RELATED.get(kind) or record("run", "CRR000001"))
    assert set(made) == set(ENTITIES[entity])
    assert pa.Table.from_pylist([made], schema=schema_of(ENTITIES[entity])).to_pylist()[0]["acc"] == made["acc"]


def test_the_column_that_holds_the_dataset_is_catalog_data() -> None:
    assert [dataset_column(GSA, entity) for entity in ("run", "experiment", "study")] == ["sra_study", "study", "acc"]


def test_each_file_has_a_row_of_what_its_check_measured_with_the_types_of_the_table() -> None:
    measured = {"gc_share": 1, "q30_share": 0.93, "length_mean": 150, "length_min": 30, "duplicate_names": 0}
    named = {
        "original_name": "a_1.fastq.gz",
        "format": "fastq",
        "container": "bgzf",
        "sha256": "c",
        "key": "secret/key",
    }
    full = FILES[0] | named | {"measured": measured | {"encoding": "Sanger, Illumina 1.8+", "engine": "AVX2"}}
    run = Record("CRR000001", "run", "gsa", "r1", "The run", "sub", "me", {}, {}, [full, FILES[1]], "CRA000001")
    one, old = rows = file_rows(run, AT)
    assert set(one) == set(old) == set(FILE_COLUMNS)
    assert (one["acc"], one["sra_study"], one["file_name"]) == ("CRR000001", "CRA000001", "CRR1_f1.fq.gz")
    assert (one["reads"], one["bytes"], one["length_min"]) == (2_000_000, 90_000_001, 30)
    assert isinstance(one["gc_share"], float) and isinstance(one["length_mean"], float) and one["q30_share"] == 0.93
    assert [one[c] for c in ("engine", "container", "verdict")] == ["AVX2", "bgzf", "sound"]
    assert "secret" not in str(one) and old["gc_share"] is None and old["duplicate_names"] is None
    assert pa.Table.from_pylist(rows, schema=schema_of(FILE_COLUMNS)).num_rows == 2
