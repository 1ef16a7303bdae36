"""Columns of the views that are no entity of their own, with Glue's types; their SQL is in lake.views. Pure."""

from __future__ import annotations

from biotheca.lake.model import ENTITIES, KEY_VALUES, RUN_COLUMNS, Columns

FILE_VIEW_COLUMNS: Columns = {
    "acc": "string",
    "source": "string",
    "name": "string",
    "url": "string",
    "bytes": "bigint",
    "md5": "string",
    "created": "string",
    "semantic_name": "string",
    "supertype": "string",
    "cluster": "string",
}

_OF_RECORD: Columns = {"acc": "string", "entity": "string", "source": "string"}
ATTRIBUTE_COLUMNS: Columns = _OF_RECORD | {"k": "string", "v": "string", "unit": "string"}
XREF_COLUMNS: Columns = _OF_RECORD | {"db": "string", "id": "string", "label": "string", "url": "string"}

# Of `run_wide`, beside the run's own columns: <prefix>_<column> of the records that the run names.
_WIDE: dict[str, tuple[str, tuple[str, ...]]] = {
    "study": ("s", ("abstract", "study_type", "center_name", "alias")),
    "experiment": ("e", ("title", "design_description", "library_construction_protocol", "nominal_length", "alias")),
    "sample": ("m", ("alias", "title", "description", "common_name", "attributes")),
    "biosample": (
        "b",
        ("title", "description", "package", "models", "organism", "taxon_id", "publication_date", "attributes"),
    ),
    "project": ("p", ("name", "title", "description", "data_type", "target_sample_scope")),
}


def wide_sources() -> dict[str, tuple[str, str]]:
    """Column of `run_wide` -> (alias of the joined view, its column)."""
    return {f"{entity}_{column}": (alias, column) for entity, (alias, columns) in _WIDE.items() for column in columns}


RUN_WIDE_COLUMNS: Columns = RUN_COLUMNS | {
    f"{entity}_{column}": ENTITIES[entity][column] for entity, (_, columns) in _WIDE.items() for column in columns
}

# NCBI's SRA metadata table in the cloud: its names, in its order. Its INTEGER is of 64 bits.
SRA_METADATA_COLUMNS: Columns = {
    "acc": "string",
    "assay_type": "string",
    "center_name": "string",
    "consent": "string",
    "experiment": "string",
    "sample_name": "string",
    "instrument": "string",
    "librarylayout": "string",
    "libraryselection": "string",
    "librarysource": "string",
    "platform": "string",
    "sample_acc": "string",
    "biosample": "string",
    "organism": "string",
    "sra_study": "string",
    "releasedate": "timestamp",
    "bioproject": "string",
    "mbytes": "bigint",
    "loaddate": "timestamp",
    "avgspotlen": "bigint",
    "mbases": "bigint",
    "insertsize": "bigint",
    "library_name": "string",
    "biosamplemodel_sam": "array<string>",
    "collection_date_sam": "array<string>",
    "geo_loc_name_country_calc": "string",
    "geo_loc_name_country_continent_calc": "string",
    "geo_loc_name_sam": "array<string>",
    "ena_first_public_run": "array<string>",
    "ena_last_update_run": "array<string>",
    "sample_name_sam": "array<string>",
    "datastore_filetype": "array<string>",
    "datastore_provider": "array<string>",
    "datastore_region": "array<string>",
    "attributes": KEY_VALUES,
    "jattr": "string",
}
