"""The views that people read: Athena's SQL of each, and its columns. Pure; the tables below are in lake.model.

An entity's view is three parts: our own rows, the mirrored rows of the last compaction that no later change names,
and the newest published change of each accession. What a batch brought is there once `mirror_snapshot` names it:
with no batch published the comparison with its maximum is NULL and only own rows are left.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

from biotheca.lake.model import (
    ACCESSION_STATUS_COLUMNS,
    ENTITIES,
    RUN_COLUMNS,
    Columns,
    base,
    overlay,
    own,
)
from biotheca.lake.types import HiveType, parse
from biotheca.lake.view_columns import (
    ATTRIBUTE_COLUMNS,
    FILE_VIEW_COLUMNS,
    RUN_WIDE_COLUMNS,
    SRA_METADATA_COLUMNS,
    XREF_COLUMNS,
    wide_sources,
)

DATABASE = "biotheca"
SRA_DATABASE = "sra"  # NCBI's examples say "sra"."metadata"
LIVE = "status = 'live'"
NEWEST_BATCH = "(SELECT max(batch) FROM {db}.mirror_snapshot)"


@dataclass(frozen=True)
class View:
    """One view: where it stands, its columns with Glue's types, and the SQL text that Athena runs for it."""

    database: str
    name: str
    columns: Columns
    sql: str
    says: str


def views(database: str = DATABASE) -> tuple[View, ...]:
    """Every view, each after those that it reads. `database` holds the tables."""
    made = [
        View(database, entity, columns, entity_sql(entity, database), f"Every live {entity}, own and mirrored")
        for entity, columns in ENTITIES.items()
    ]
    made += [
        View(
            database,
            "accession_status",
            ACCESSION_STATUS_COLUMNS,
            status_sql(database),
            "Mirrored accessions, whatever their status",
        ),
        View(database, "file", FILE_VIEW_COLUMNS, file_sql(database), "One row a file of a live run"),
        View(
            database, "attribute", ATTRIBUTE_COLUMNS, attribute_sql(database), "One row an attribute of a live record"
        ),
        View(database, "xref", XREF_COLUMNS, xref_sql(database), "One row a link or foreign name of a live record"),
        View(database, "run_wide", RUN_WIDE_COLUMNS, run_wide_sql(database), "Runs with what their records say"),
        View(
            database,
            "sra_metadata",
            SRA_METADATA_COLUMNS,
            sra_metadata_sql(database),
            "Runs as NCBI's metadata table has them",
        ),
        View(
            SRA_DATABASE,
            "metadata",
            SRA_METADATA_COLUMNS,
            _select(SRA_METADATA_COLUMNS, f"{database}.sra_metadata"),
            "Runs as NCBI's metadata table has them",
        ),
    ]
    return tuple(made)


def table_input(view: View) -> dict[str, Any]:
    """Glue's TableInput of a view in Athena's own form, as CREATE VIEW would leave it."""
    listed = [{"name": name, "type": presto_type(parse(kind))} for name, kind in view.columns.items()]
    told = {"originalSql": view.sql, "catalog": "awsdatacatalog", "schema": view.database, "columns": listed}
    text = base64.b64encode(json.dumps(told).encode()).decode()
    columns = [{"Name": name, "Type": kind} for name, kind in view.columns.items()]
    return {
        "Name": view.name,
        "Description": view.says,
        "TableType": "VIRTUAL_VIEW",
        "Parameters": {"presto_view": "true", "comment": "Presto View"},
        "ViewOriginalText": f"/* Presto View: {text} */",
        "ViewExpandedText": "/* Presto View */",
        "StorageDescriptor": {"Columns": columns, "Location": "", "SerdeInfo": {}},
    }


def presto_type(kind: HiveType) -> str:
    """A column's type as the text of a view has it. Iceberg's timestamps have six digits.

    >>> presto_type(parse("array<struct<k:string,at:timestamp>>"))
    'array(row("k" varchar, "at" timestamp(6)))'
    """
    if kind.word == "struct":
        fields = [f'"{name}" {presto_type(inner)}' for name, inner in zip(kind.names, kind.arguments, strict=True)]
        return f"row({', '.join(fields)})"
    if kind.arguments:
        return f"{kind.word}({', '.join(map(presto_type, kind.arguments))})"
    return {"string": "varchar", "timestamp": "timestamp(6)", "int": "integer"}.get(kind.word, kind.word)


def entity_sql(entity: str, database: str = DATABASE) -> str:
    """Live rows of project, biosample, study, sample, experiment or run: one a record, own and mirrored."""
    columns = ENTITIES[entity]
    mine = f"{_select(columns, f'{database}.{own(entity)}')}\nWHERE {LIVE}"
    return (
        f"{mine}\nUNION ALL\n{_mirrored(entity, 'acc', columns, database, 'status = {live}'.format(live=repr('live')))}"
    )


def status_sql(database: str = DATABASE) -> str:
    """The newest published row of SRA_Accessions of each accession, whatever its status."""
    return _mirrored("accession_status", "accession", ACCESSION_STATUS_COLUMNS, database, "")


def _mirrored(entity: str, key: str, columns: Columns, database: str, only: str) -> str:
    """Base rows that no published change names, and the newest published change of each key unless it is gone."""
    newest = NEWEST_BATCH.format(db=database)
    names = ", ".join(columns)
    of_base = ", ".join(f"b.{name}" for name in columns)
    changed = f"SELECT DISTINCT {key} FROM {database}.{overlay(entity)} WHERE batch <= {newest}"  # noqa: S608 - our own names
    ranked = f"row_number() OVER (PARTITION BY {key} ORDER BY batch DESC) AS nth"
    of_overlay = f"SELECT {names}, gone, {ranked}\n      FROM {database}.{overlay(entity)} WHERE batch <= {newest}"  # noqa: S608
    parts = (
        f"SELECT {of_base}\nFROM {database}.{base(entity)} b\nLEFT JOIN ({changed}) c ON c.{key} = b.{key}",
        f"WHERE c.{key} IS NULL AND b.batch <= {newest}{f' AND b.{only}' if only else ''}",
        "UNION ALL",
        f"SELECT {names}\nFROM ({of_overlay}) o",
        f"WHERE nth = 1 AND coalesce(gone, false) = false{f' AND {only}' if only else ''}",
    )
    return "\n".join(parts)


def file_sql(database: str = DATABASE) -> str:
    """One row a file of a live run; its other addresses stay in run.files."""
    fields = "name, url, bytes, md5, created, semantic_name, supertype, cluster"
    return (
        f"SELECT r.acc, r.source, {', '.join(f'f.{field}' for field in fields.split(', '))}\n"
        f"FROM {database}.run r CROSS JOIN UNNEST(r.files) AS f ({fields}, alternatives)"
    )


def attribute_sql(database: str = DATABASE) -> str:
    """One row an attribute. A run's own have no unit: its row follows NCBI's table."""
    unit = {"biosample": "k, v, harmonized_name, unit", "run": "k, v"}
    parts = []
    for entity in ("study", "sample", "experiment", "run", "biosample"):
        fields = unit.get(entity, "k, v, unit")
        measured = "a.unit" if "unit" in fields else "CAST(NULL AS varchar) AS unit"
        parts.append(
            f"SELECT e.acc, '{entity}' AS entity, e.source, a.k, a.v, {measured}\n"
            f"FROM {database}.{entity} e CROSS JOIN UNNEST(e.attributes) AS a ({fields})"
        )
    return "\nUNION ALL\n".join(parts)


def xref_sql(database: str = DATABASE) -> str:
    """One row a link to another database, or a name under which another database knows the record."""
    linked = ("project", "biosample", "study", "sample", "experiment")
    parts = [
        f"SELECT e.acc, '{entity}' AS entity, e.source, l.db, l.id, l.label, l.url\n"
        f"FROM {database}.{entity} e CROSS JOIN UNNEST(e.links) AS l (db, id, label, url)"
        for entity in linked
    ] + [
        f"SELECT e.acc, '{entity}' AS entity, e.source, i.namespace AS db, i.id, i.label, "
        f"CAST(NULL AS varchar) AS url\n"
        f"FROM {database}.{entity} e CROSS JOIN UNNEST(e.ids) AS i (namespace, id, label)"
        for entity in linked
        if "ids" in ENTITIES[entity]
    ]
    return "\nUNION ALL\n".join(parts)


def run_wide_sql(database: str = DATABASE) -> str:
    """Runs with columns of their study, experiment, sample, biosample and project; NULL where one is not live."""
    shown = [f"r.{name}" for name in RUN_COLUMNS]
    shown += [f"{alias}.{column} AS {name}" for name, (alias, column) in wide_sources().items()]
    joins = (("study", "s", "sra_study"), ("experiment", "e", "experiment"), ("sample", "m", "sample_acc"),
             ("biosample", "b", "biosample"), ("project", "p", "bioproject"))  # fmt: skip
    lines = [f"LEFT JOIN {database}.{entity} {alias} ON {alias}.acc = r.{key}" for entity, alias, key in joins]
    return f"SELECT {', '.join(shown)}\nFROM {database}.run r\n" + "\n".join(lines)


def sra_metadata_sql(database: str = DATABASE) -> str:
    """Runs under exactly NCBI's columns, in NCBI's order; what NCBI has as lists is a list here, never NULL."""
    listed = {"biosamplemodel_sam": "biosamplemodel", "collection_date_sam": "collection_date",
              "geo_loc_name_sam": "geo_loc_name"}  # fmt: skip
    of_attributes = ("ena_first_public_run", "ena_last_update_run", "sample_name_sam")
    shown = []
    for name in SRA_METADATA_COLUMNS:
        if name in listed:
            shown.append(f"filter(ARRAY[{listed[name]}], x -> x IS NOT NULL) AS {name}")
        elif name in of_attributes:
            picked = f"filter(attributes, a -> a.k = '{name}')"
            shown.append(f"coalesce(transform({picked}, a -> a.v), CAST(ARRAY[] AS array(varchar))) AS {name}")
        else:
            shown.append(name)
    return f"SELECT {', '.join(shown)}\nFROM {database}.run"


def _select(columns: Columns, table: str) -> str:
    return f"SELECT {', '.join(columns)}\nFROM {table}"
