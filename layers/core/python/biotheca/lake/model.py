"""The lake's tables and their columns. NCBI's names of its SRA metadata table where such a column exists.

One list serves the infrastructure (Glue tables), the writers and the docs. Types are Glue's words.
Source of the names: NCBI's SRA metadata table in the cloud; `source` tells own (`own`) from mirrored (`insdc`) rows.

An entity (run, experiment, ...) is three tables that only programs write, and a view of the entity's name that
people read: `<entity>_own` holds our public records; `<entity>_base` the mirrored ones as of the last compaction, one
row an accession, sorted by it; `<entity>_overlay` every later change, with the batch (day) that brought it.
"""

from __future__ import annotations

from biotheca.lake.image_columns import IMAGE_SERIES_COLUMNS

Columns = dict[str, str]

KEY_VALUES = "array<struct<k:string,v:string>>"
ATTRIBUTES = "array<struct<k:string,v:string,unit:string>>"
LINKS = "array<struct<db:string,id:string,label:string,url:string>>"
IDS = "array<struct<namespace:string,id:string,label:string>>"
FILES = (
    "array<struct<name:string,url:string,bytes:bigint,md5:string,created:string,semantic_name:string,supertype:string,"
    "cluster:string,alternatives:array<struct<url:string,org:string,access_type:string,free_egress:string>>>>"
)

# Of every entity, own or mirrored. `archive` is who accessioned the record: NCBI, EBI, DDBJ, or ours.
# `status`: live, suppressed, withdrawn, unpublished, replaced. Views show live rows only.
_EVERY: Columns = {"acc": "string", "source": "string", "archive": "string", "status": "string"}

PROJECT_COLUMNS: Columns = _EVERY | {
    "id": "string",
    "name": "string",
    "title": "string",
    "description": "string",
    "project_type": "string",
    "data_type": "array<string>",
    "target_capture": "string",
    "target_material": "string",
    "target_sample_scope": "string",
    "method_type": "string",
    "organism": "string",
    "taxon_id": "bigint",
    "center_name": "string",
    "submitted": "string",
    "last_update": "string",
    "release_date": "string",
    "publications": "array<string>",
    "locus_tag_prefixes": "array<string>",
    "parents": "array<string>",
    "links": LINKS,
}

BIOSAMPLE_COLUMNS: Columns = _EVERY | {
    "id": "string",
    "sra_sample": "string",
    "title": "string",
    "description": "string",
    "organism": "string",
    "taxon_id": "bigint",
    "center_name": "string",
    "package": "string",
    "models": "array<string>",
    "access": "string",
    "submission_date": "string",
    "last_update": "string",
    "publication_date": "string",
    "status_date": "string",
    "ids": IDS,
    "links": LINKS,
    "attributes": "array<struct<k:string,v:string,harmonized_name:string,unit:string>>",
    "antibiogram": "array<array<string>>",
}

STUDY_COLUMNS: Columns = _EVERY | {
    "alias": "string",
    "center_name": "string",
    "broker_name": "string",
    "title": "string",
    "abstract": "string",
    "description": "string",
    "study_type": "string",
    "center_project_name": "string",
    "bioproject": "string",
    "ids": IDS,
    "links": LINKS,
    "attributes": ATTRIBUTES,
}

SAMPLE_COLUMNS: Columns = _EVERY | {
    "alias": "string",
    "center_name": "string",
    "broker_name": "string",
    "title": "string",
    "description": "string",
    "organism": "string",
    "common_name": "string",
    "taxon_id": "bigint",
    "biosample": "string",
    "ids": IDS,
    "links": LINKS,
    "attributes": ATTRIBUTES,
}

EXPERIMENT_COLUMNS: Columns = _EVERY | {
    "alias": "string",
    "center_name": "string",
    "broker_name": "string",
    "title": "string",
    "study": "string",
    "sample": "string",
    "bioproject": "string",
    "biosample": "string",
    "design_description": "string",
    "library_name": "string",
    "library_strategy": "string",
    "library_source": "string",
    "library_selection": "string",
    "library_layout": "string",
    "nominal_length": "bigint",
    "nominal_sdev": "double",
    "library_construction_protocol": "string",
    "platform": "string",
    "instrument_model": "string",
    "ids": IDS,
    "links": LINKS,
    "attributes": ATTRIBUTES,
}

# A run joined with its experiment, sample, study and project when it is written, as NCBI's own table is.
RUN_COLUMNS: Columns = {
    "acc": "string",
    "source": "string",
    "archive": "string",
    "status": "string",
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
    "study_title": "string",
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
    "geo_loc_name_country_calc": "string",
    "geo_loc_name_country_continent_calc": "string",
    "collection_date": "string",
    "biosamplemodel": "string",
    "file_names": "array<string>",
    "file_md5": "array<string>",
    "files": FILES,
    "datastore_filetype": "array<string>",
    "datastore_provider": "array<string>",
    "datastore_region": "array<string>",
    "attributes": KEY_VALUES,
    "jattr": "string",
}

ENTITIES: dict[str, Columns] = {
    "project": PROJECT_COLUMNS,
    "biosample": BIOSAMPLE_COLUMNS,
    "study": STUDY_COLUMNS,
    "sample": SAMPLE_COLUMNS,
    "experiment": EXPERIMENT_COLUMNS,
    "run": RUN_COLUMNS,
}

# The twenty columns of NCBI's SRA_Accessions.tab under their own names, in lower case. What a row lost when its
# object was suppressed is kept from before. `batch` is the day of the feed that said so.
ACCESSION_STATUS_COLUMNS: Columns = {
    "accession": "string",
    "submission": "string",
    "status": "string",
    "updated": "string",
    "published": "string",
    "received": "string",
    "type": "string",
    "center": "string",
    "visibility": "string",
    "alias": "string",
    "experiment": "string",
    "sample": "string",
    "study": "string",
    "loaded": "string",
    "spots": "bigint",
    "bases": "bigint",
    "md5sum": "string",
    "biosample": "string",
    "bioproject": "string",
    "replacedby": "string",
}

# One row for each change that was seen: of an entity's content or of its status. `day` is the feed's.
CHANGE_LOG_COLUMNS: Columns = {
    "acc": "string",
    "entity": "string",
    "what": "string",  # new, content, status, gone
    "before": "string",  # status before, or hash of the content before
    "after": "string",
    "feed": "string",
    "day": "string",
    "batch": "bigint",
}

# One row a released file: what its check measured. Shares are of one; lengths in bases.
FILE_COLUMNS: Columns = {
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

# NCBI's names (BigQuery dataset nih-sra-datastore.sra_tax_analysis_tool).
TAX_ANALYSIS_COLUMNS: Columns = {
    "acc": "string",
    "tax_id": "bigint",
    "rank": "string",
    "name": "string",
    "total_count": "bigint",
    "self_count": "bigint",
    "ilevel": "bigint",
    "ileft": "bigint",
    "iright": "bigint",
}

# The pointer that readers follow: what no row here names yet is not there for them. One row a published batch.
SNAPSHOT_COLUMNS: Columns = {"batch": "bigint", "day": "string", "published": "timestamp", "content": "string"}

# Of a row in a base or overlay table, beside the entity's columns: the batch that brought it, the hash of its
# content, and in an overlay whether the record is gone (its row then says only that).
MIRROR_COLUMNS: Columns = {"batch": "bigint", "content_hash": "string", "gone": "boolean"}


# Entities that nobody mirrors: their one table is what people read.
OURS_ALONE: dict[str, Columns] = {"image_series": IMAGE_SERIES_COLUMNS}


def own(entity: str) -> str:
    """The table of our own public rows."""
    return entity if entity in OURS_ALONE else f"{entity}_own"


def base(entity: str) -> str:
    """The table of mirrored rows as of the last compaction."""
    return f"{entity}_base"


def overlay(entity: str) -> str:
    """The table of mirrored changes since then."""
    return f"{entity}_overlay"


def _tables() -> dict[str, Columns]:
    made: dict[str, Columns] = {}
    for entity, columns in ENTITIES.items():
        made |= {
            own(entity): columns,
            base(entity): columns | MIRROR_COLUMNS,
            overlay(entity): columns | MIRROR_COLUMNS,
        }
    status = ACCESSION_STATUS_COLUMNS | MIRROR_COLUMNS
    made |= {base("accession_status"): status, overlay("accession_status"): status}
    return made | {
        "change_log": CHANGE_LOG_COLUMNS,
        "mirror_snapshot": SNAPSHOT_COLUMNS,
        "qc_files": FILE_COLUMNS,
        "tax_analysis": TAX_ANALYSIS_COLUMNS,
        **OURS_ALONE,
    }


# Every table that is stored; views are in biotheca.lake.views.
TABLES: dict[str, Columns] = _tables()

# Those that functions/lake writes from our public records; the mirror's are nobody else's.
OWN_TABLES: tuple[str, ...] = (*(own(entity) for entity in (*ENTITIES, *OURS_ALONE)), "qc_files")
