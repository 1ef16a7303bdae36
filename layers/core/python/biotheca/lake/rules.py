"""From public records to rows of the own tables. Which field feeds which column is catalog data. Pure.

Who may be in a row at all is decided in lake.service: what is not public is never handed in here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from biotheca import catalog, clock
from biotheca.catalog import Member
from biotheca.catalog.archive import archive
from biotheca.lake.model import ENTITIES, FILE_COLUMNS, OURS_ALONE
from biotheca.publication.model import Record, public_file

Row = dict[str, Any]
OF_RECORD = ("accession", "alias", "title", "created_at", "changed_at", "released_at")
LIVE = {"source": "own", "status": "live"}
# In columns of the records' own tables, not repeated with every run.
PROSE = ("title", "description", "design_description")
# How NCBI's table marks whose attribute a key of a run's row is.
SUFFIXES = {"sample": "_sam", "experiment": "_exp", "run": "_run"}


def entity_of(member: Member, kind: str) -> str | None:
    """The entity whose rows are the records of an object type, or None."""
    return next((e for e, columns in member.lake.items() if columns["acc"] == f"{kind}.accession"), None)


def dataset_column(member: Member, entity: str) -> str:
    """The column of an entity that holds the accession of the dataset."""
    wanted = f"{member.dataset}.accession"
    return next(column for column, source in member.lake[entity].items() if source == wanted)


def entity_row(member: Member, entity: str, record: Record, related: dict[str, Record]) -> Row:
    """One row of an own table. `related` holds the public records that this one leads to, by type."""
    columns = (ENTITIES | OURS_ALONE)[entity]
    row: Row = dict.fromkeys(columns)
    for column, source in member.lake[entity].items():
        kind, _, path = source.partition(".")
        found = record if kind == record.type else related.get(kind)
        row[column] = shaped(_values(found, path), columns[column])
    row |= LIVE | {"archive": archive()["name"]["en"]}
    if entity == "run":
        return row | _of_run(member, record, related, row)
    if "series_size_mb" in columns:
        return row | _of_images(member, record, related)
    if "attributes" in columns:
        row["attributes"] = _attributes(member, entity, record, "harmonized_name" in columns["attributes"])
    return row


def shaped(values: list[Any], kind: str) -> Any:
    """What a column of this Glue type holds of the values: all in a list, links with a link's names, or the first."""
    known = [value for value in values if value is not None and value != ""]
    if kind.startswith("array<struct<db:"):
        return [
            {"db": v.get("database"), "id": v.get("accession"), "label": v.get("title"), "url": v.get("url")}
            for v in known
        ]
    if kind.startswith("array<"):
        return [str(value) for value in known]
    if not known:
        return None
    makers: dict[str, type] = {"bigint": int, "double": float, "string": str}
    return makers[kind](known[0])


def _values(record: Record | None, path: str) -> list[Any]:
    """What a path such as `title` or `organisms.taxon_id` finds in a record."""
    if record is None:
        return []
    name, _, inner = path.partition(".")
    value = getattr(record, name) if name in OF_RECORD else record.attributes.get(name)
    values = value if isinstance(value, list) else [value]
    return [item.get(inner) for item in values if isinstance(item, dict)] if inner else values


def _attributes(member: Member, entity: str, record: Record, harmonised: bool) -> list[Row]:
    fed = {source.partition(".")[2].partition(".")[0] for source in member.lake[entity].values()}
    fields = member.object_type(record.type).fields
    rows = []
    for name, value in _pairs(member, record):
        if name in fed:
            continue
        row = {"k": name, "v": value, "unit": fields[name].unit if name in fields else None}
        rows.append(row | ({"harmonized_name": name if name in fields else None} if harmonised else {}))
    return rows


def _pairs(member: Member, record: Record) -> Iterator[tuple[str, str]]:
    """(name, text) of a record's fields and of the submitter's own attributes; no references, no lists of items."""
    for name, spec in member.object_type(record.type).fields.items():
        if spec.kind not in ("reference", "items"):
            value = record.attributes.get(name)
            for one in value if isinstance(value, list) else [value]:
                if one is not None and one != "":
                    yield name, str(one)
    for name, value in (record.attributes.get("attributes") or {}).items():
        yield str(name), str(value)


def _of_run(member: Member, run: Record, related: dict[str, Record], row: Row) -> Row:
    """What NCBI's table counts and joins for a run. `spots` counts a pair once, `bases` all files."""
    reads = max((f.get("reads") or 0 for f in run.files), default=0)
    bases = sum(f.get("bases") or 0 for f in run.files)
    size = sum(f.get("size_bytes") or 0 for f in run.files)
    pairs = [{"k": "sample_name_sam", "v": related["sample"].alias}] if "sample" in related else []
    pairs += [
        {"k": name + suffix, "v": value}
        for kind, suffix in SUFFIXES.items()
        if (record := run if kind == run.type else related.get(kind))
        for name, value in _pairs(member, record)
        if name not in PROSE
    ]
    formats = sorted({f["format"] for f in run.files if f.get("format")})
    country = (row["geo_loc_name"] or "").partition(":")[0].strip()
    known = country in catalog.vocabulary("country")
    return {
        "member": member.id,
        "consent": "public",
        "spots": reads,
        "bases": bases,
        "bytes": size,
        "mbases": bases // 10**6,
        "mbytes": size // 10**6,
        "avgspotlen": bases // reads if reads else None,
        "geo_loc_name_country_calc": country if known else None,
        "geo_loc_name_country_continent_calc": catalog.continents().get(country),
        "file_names": [f["name"] for f in run.files],
        "file_md5": [f["md5"] for f in run.files],
        "files": [_file(run, f) for f in run.files],
        "datastore_filetype": formats,
        "datastore_provider": ["s3"] if run.files else [],
        "datastore_region": [],
        "attributes": [*pairs, {"k": "bases", "v": str(bases)}, {"k": "bytes", "v": str(size)}],
        "jattr": json.dumps(_jattr(pairs) | {"bases": bases, "bytes": size}, ensure_ascii=False),
    }


def _of_images(member: Member, series: Record, related: dict[str, Record]) -> Row:
    """How much a series is, and who may have it. Its first file is the packed series."""
    dataset = related.get(member.dataset)
    size = series.files[0].get("size_bytes") or 0 if series.files else 0
    return {"series_size_mb": round(size / 10**6, 3), "access": member.access_mode(dataset.access if dataset else "")}


def _jattr(pairs: list[Row]) -> dict[str, list[str]]:
    """Attributes as one object of lists: NCBI's table has a list for each key that a record may say more than once."""
    found: dict[str, list[str]] = {}
    for pair in pairs:
        found.setdefault(pair["k"], []).append(pair["v"])
    return found


def _file(run: Record, file: Row) -> Row:
    return {
        "name": file["name"],
        "url": f"{archive()['address']}/v1/records/{run.accession}/files/{file['name']}",
        "bytes": file.get("size_bytes"),
        "md5": file["md5"],
        "created": run.released_at,
        "semantic_name": file.get("format"),
        "supertype": "Original",  # as submitted: nothing here is normalised
        "cluster": "public",
        "alternatives": [],
    }


def with_times(row: Row, released_at: str) -> Row:
    """The row of a run with the time at which strangers could first see it."""
    released = clock.parse(released_at).replace(tzinfo=None)
    return row | {"releasedate": released, "loaddate": released}


def file_rows(run: Record, released_at: str) -> list[Row]:
    """The rows of table `qc_files` of a run. Only sound files are archived, so that is the verdict of each."""
    released = clock.parse(released_at).replace(tzinfo=None)
    same: Row = {"acc": run.accession, "source": "own", "member": run.member, "sra_study": run.dataset}
    same |= {"verdict": "sound", "releasedate": released}
    rows = []
    for file in run.files:
        measured = file.get("measured") or {}
        row = {column: measured.get(column, file.get(column)) for column in FILE_COLUMNS} | same
        named = public_file(file)["original_name"]
        row |= {"file_name": file["name"], "original_name": named, "bytes": file.get("size_bytes")}
        rows.append({column: _typed(value, FILE_COLUMNS[column]) for column, value in row.items()})
    return rows


def _typed(value: Any, kind: str) -> Any:
    # A share of exactly 1 comes back from the records as a whole number.
    return float(value) if kind == "double" and value is not None else value
