"""Columns of the lake's tables. NCBI's names of its SRA metadata table where such a column exists.

One list serves the infrastructure (Glue table), the writer and the docs. `list[string]` is an array.
Source of the names: NCBI's SRA metadata table in the cloud; `source` tells own (`own`) from mirrored rows.
"""

from __future__ import annotations

RUN_COLUMNS: dict[str, str] = {
    "acc": "string",
    "source": "string",
    "member": "string",
    "title": "string",
    "assay_type": "string",
    "center_name": "string",
    "consent": "string",
    "experiment": "string",
    "sample_name": "string",
    "instrument": "string",
    "librarylayout": "string",
    "libraryselection": "string",
    "librarysource": "string",
    "library_name": "string",
    "platform": "string",
    "sample_acc": "string",
    "biosample": "string",
    "organism": "string",
    "taxon_id": "bigint",
    "sra_study": "string",
    "bioproject": "string",
    "releasedate": "timestamp",
    "loaddate": "timestamp",
    "avgspotlen": "bigint",
    "mbases": "bigint",
    "mbytes": "bigint",
    "spots": "bigint",
    "bases": "bigint",
    "bytes": "bigint",
    "insertsize": "bigint",
    "geo_loc_name": "string",
    "collection_date": "string",
    "file_names": "array<string>",
    "file_md5": "array<string>",
}

# One row a released file: what its check measured. Shares are of one; lengths in bases.
FILE_COLUMNS: dict[str, str] = {
    "acc": "string",
    "source": "string",
    "member": "string",
    "sra_study": "string",
    "file_name": "string",
    "original_name": "string",
    "format": "string",
    "container": "string",
    "bytes": "bigint",
    "reads": "bigint",
    "bases": "bigint",
    "length_min": "bigint",
    "length_max": "bigint",
    "length_mean": "double",
    "gc_share": "double",
    "n_share": "double",
    "q20_share": "double",
    "q30_share": "double",
    "duplicate_names": "bigint",
    "encoding": "string",
    "md5": "string",
    "sha256": "string",
    "engine": "string",
    "verdict": "string",
    "releasedate": "timestamp",
}

TABLES: dict[str, dict[str, str]] = {"run": RUN_COLUMNS, "qc_files": FILE_COLUMNS}
