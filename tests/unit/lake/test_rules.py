"""Rows of the lake: every column of the table, fed from linked records."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa

from biotheca import catalog
from biotheca.lake.model import FILE_COLUMNS, RUN_COLUMNS
from biotheca.lake.rules import file_rows, run_row
from biotheca.lake.store import LakeTable
from biotheca.publication.model import Record

FILES = [
    {"name": "CRR1_f1.fq.gz", "md5": "a", "reads": 2_000_000, "bases": 300_000_000, "size_bytes": 90_000_001},
    {"name": "CRR1_r2.fq.gz", "md5": "b", "reads": 2_000_000, "bases": 300_000_000, "size_bytes": 10_000_000},
]


def record(kind: str, accession: str, **attributes: object) -> Record:
    files = FILES if kind == "run" else []
    return Record(accession, kind, "gsa", f"{kind}-1", f"The {kind}", "sub", "me", attributes, {}, files)


def test_a_row_has_every_column_and_counts_spots_once_for_a_pair() -> None:
    related = {
        "experiment": record("experiment", "CRX000001", library_strategy="WGS", nominal_size=300),
        "sample": record("sample", "SAMC000001", organism="Oryza sativa", taxon_id=4530),
        "study": record("study", "CRA000001"),
        "project": record("project", "PRJCA000001"),
    }
    row = run_row(catalog.members()["gsa"], record("run", "CRR000001"), related, "2026-03-01T12:00:00.000Z")
    assert set(row) == set(RUN_COLUMNS)
    assert (row["acc"], row["sra_study"], row["bioproject"], row["biosample"]) == (
        "CRR000001",
        "CRA000001",
        "PRJCA000001",
        "SAMC000001",
    )
    assert (row["assay_type"], row["organism"], row["taxon_id"], row["insertsize"]) == (
        "WGS",
        "Oryza sativa",
        4530,
        300,
    )
    assert (row["spots"], row["bases"], row["avgspotlen"]) == (2_000_000, 600_000_000, 300)
    assert (row["bytes"], row["mbytes"], row["mbases"]) == (100_000_001, 100, 600)
    assert row["releasedate"] == datetime(2026, 3, 1, 12) and row["source"] == "own"
    assert row["file_names"] == ["CRR1_f1.fq.gz", "CRR1_r2.fq.gz"]


def test_a_run_without_links_gives_a_row_with_empty_columns() -> None:
    row = run_row(catalog.members()["gsa"], record("run", "CRR000001"), {}, "2026-03-01T12:00:00.000Z")
    assert row["organism"] is None and row["acc"] == "CRR000001"


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
    one, old = rows = file_rows(run, "2026-03-01T12:00:00.000Z")
    assert set(one) == set(old) == set(FILE_COLUMNS)
    assert (one["acc"], one["sra_study"], one["file_name"]) == ("CRR000001", "CRA000001", "CRR1_f1.fq.gz")
    assert (one["reads"], one["bytes"], one["length_min"]) == (2_000_000, 90_000_001, 30)
    assert isinstance(one["gc_share"], float) and isinstance(one["length_mean"], float) and one["q30_share"] == 0.93
    assert [one[c] for c in ("engine", "container", "verdict")] == ["AVX2", "bgzf", "sound"]
    assert "secret" not in str(one) and old["gc_share"] is None and old["duplicate_names"] is None
    assert pa.Table.from_pylist(rows, schema=LakeTable("qc_files", FILE_COLUMNS).schema).num_rows == 2
