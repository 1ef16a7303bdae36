"""The columns of each entity as the lake has them, from one chunk's flat tables. Names: biotheca.lake.model."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from biotheca.mirror.assembly import Assembly, first, lists, struct
from biotheca.mirror.careful import CarefulReader
from biotheca.mirror.mapping import SETS, Document, Entity, Repeat

Columns = dict[str, pa.Array]
_IDS = ("namespace", "id", "label")


def entities(document: Document, assembly: Assembly) -> dict[str, pa.Table]:
    """The rows of every entity of a chunk; an element without accession has none."""
    made = {}
    for entity in document.entities:
        columns = _SHAPES[entity.name](assembly, entity)
        table = pa.table(columns)
        if (accession := columns["acc"]).null_count:
            table = table.filter(pc.is_valid(accession))
        made[entity.name] = table
    return made


def _repeat(entity: Entity, name: str) -> Repeat:
    return next(repeat for repeat in entity.repeats if repeat.name == name)


def _plain(assembly: Assembly, entity: Entity, name: str) -> pa.Array:
    """A list column whose rows are the repeat's fields."""
    repeat = _repeat(entity, name)
    return lists(assembly.place(entity, repeat), struct(assembly.structs(entity, repeat)), assembly.rows(entity))


def _texts(assembly: Assembly, entity: Entity, name: str) -> pa.Array:
    """A list column of texts; blank ones are left out."""
    repeat = _repeat(entity, name)
    text = assembly.structs(entity, repeat)["text"]
    place = assembly.place(entity, repeat)
    if text.null_count:
        kept = pc.is_valid(text).to_numpy(zero_copy_only=False)
        place, text = place[kept], text.drop_null()
    return lists(place, text, assembly.rows(entity))


def _ids(assembly: Assembly, entity: Entity, name: str = "ids") -> Columns:
    """namespace, id and label of each identifier, in the order of the document."""
    told = assembly.structs(entity, _repeat(entity, name))
    rows = len(next(iter(told.values())))

    def where(kind: str, text: str) -> pa.Array:
        return pc.if_else(pc.is_valid(told[kind]), pa.scalar(text), pa.scalar(None, pa.string()))

    if not rows:
        return {key: pa.nulls(0, pa.string()) for key in _IDS}
    kinds = ("EXTERNAL_ID", "PRIMARY_ID", "SUBMITTER_ID", "SECONDARY_ID", "UUID")
    spaces = [told["EXTERNAL_ID_ns"], told["SUBMITTER_ID_ns"]]
    spaces += [where(k, w) for k, w in (("PRIMARY_ID", "primary"), ("SECONDARY_ID", "secondary"), ("UUID", "uuid"))]
    labels = [told[f"{kind}_label"] for kind in ("EXTERNAL_ID", "PRIMARY_ID", "SECONDARY_ID")]
    return {
        "namespace": pc.coalesce(*spaces),
        "id": pc.coalesce(*(told[kind] for kind in kinds)),
        "label": pc.coalesce(*labels),
    }


def _known_as(assembly: Assembly, entity: Entity, name: str, database: str) -> pa.Array:
    """The identifier of another database: NCBI says it by namespace, DDBJ by the label of the primary one."""
    told = _ids(assembly, entity, name)
    wanted = pc.or_kleene(
        pc.equal(told["namespace"], database),
        pc.and_kleene(pc.equal(told["namespace"], "primary"), pc.equal(told["label"], f"{database} ID")),
    )
    return first(assembly.place(entity, _repeat(entity, name)), told["id"], wanted, assembly.rows(entity))


def _object(assembly: Assembly, entity: Entity) -> Columns:
    """What every object of SRA has: its fields, identifiers, links and attributes."""
    columns = assembly.values(entity)
    names = {repeat.name for repeat in entity.repeats}
    place = assembly.place(entity, _repeat(entity, "ids"))
    columns["ids"] = lists(place, struct(_ids(assembly, entity)), assembly.rows(entity))
    return columns | {name: _plain(assembly, entity, name) for name in ("links", "attributes") if name in names}


def _study(assembly: Assembly, entity: Entity) -> Columns:
    return _object(assembly, entity) | {"bioproject": _known_as(assembly, entity, "ids", "BioProject")}


def _sample(assembly: Assembly, entity: Entity) -> Columns:
    return _object(assembly, entity) | {"biosample": _known_as(assembly, entity, "ids", "BioSample")}


def _experiment(assembly: Assembly, entity: Entity) -> Columns:
    return _object(assembly, entity) | {
        "bioproject": _known_as(assembly, entity, "study_ids", "BioProject"),
        "biosample": _known_as(assembly, entity, "sample_ids", "BioSample"),
    }


def _run(assembly: Assembly, entity: Entity) -> Columns:
    columns = _object(assembly, entity)
    files = _repeat(entity, "files")
    columns["files"] = lists(assembly.place(entity, files), assembly.nested(entity, files), assembly.rows(entity))
    return columns | {name: _plain(assembly, entity, name) for name in ("clouds", "reads", "members")}


def _biosample(assembly: Assembly, entity: Entity) -> Columns:
    columns = assembly.values(entity)
    rows = assembly.rows(entity)
    ids = _repeat(entity, "ids")
    told = assembly.structs(entity, ids)
    columns["sra_sample"] = first(assembly.place(entity, ids), told["id"], pc.equal(told["namespace"], "SRA"), rows)
    columns |= {name: _plain(assembly, entity, name) for name in ("ids", "attributes")}
    columns["models"] = _texts(assembly, entity, "models")
    links = _repeat(entity, "links")
    told = assembly.structs(entity, links)
    is_url = pc.fill_null(pc.equal(told["type"], "url"), False)
    none = pa.scalar(None, pa.string())
    shown = {
        "db": pc.coalesce(told["db"], told["type"]) if len(is_url) else told["db"],
        "id": pc.if_else(is_url, none, told["id"]),
        "label": told["label"],
        "url": pc.if_else(is_url, told["id"], none),
    }
    columns["links"] = lists(assembly.place(entity, links), struct(shown), rows)
    paragraphs = _repeat(entity, "paragraphs")
    text = assembly.structs(entity, paragraphs)["text"]
    columns["description"] = _joined(assembly.place(entity, paragraphs), text, rows)
    columns["antibiogram"] = _cells(assembly, rows)
    return columns


def _joined(place: np.ndarray, text: pa.Array, rows: int) -> pa.Array:
    """The texts of a row, a line each; null where there is none."""
    kept = pc.is_valid(text).to_numpy(zero_copy_only=False)
    grouped = lists(place[kept], text.drop_null(), rows)
    joined = pc.binary_join(grouped, "\n")
    return pc.if_else(pc.greater(pc.list_value_length(grouped), 0), joined, pa.scalar(None, pa.string()))


def _cells(assembly: Assembly, rows: int) -> pa.Array:
    """Tables inside comments (antibiograms): rows of cells, the heading first; a list without rows is none."""
    kind = pa.list_(pa.list_(pa.string()))
    tables = assembly.raw["biosample.tables"]
    if not len(tables):
        return pa.nulls(rows, kind)
    head, body, cells = (assembly.raw[f"biosample.tables.{name}"] for name in ("head", "body", "body.cells"))
    found: list[list[list[str | None]] | None] = [None] * rows
    heads = _grouped(head.places, head.columns["text#0"], len(tables))
    lines = _grouped(cells.places, cells.columns["text#0"], len(body))
    of_table: list[list[list[str | None]]] = [[one] if one else [] for one in heads]
    for table, line in zip(body.places.tolist(), lines, strict=True):
        of_table[table].append(line)
    for record, table_rows in zip(tables.places.tolist(), of_table, strict=True):
        if table_rows:
            found[record] = [*(found[record] or []), *table_rows]
    return pa.array(found, kind)


def _grouped(place: np.ndarray, text: pa.Array, rows: int) -> list[list[str | None]]:
    return lists(place, text, rows).to_pylist()


def _project(assembly: Assembly, entity: Entity) -> Columns:
    columns = assembly.values(entity)
    rows = assembly.rows(entity)
    columns |= {name: _texts(assembly, entity, name) for name in ("data_type", "publications", "locus_tag_prefixes")}
    names = _repeat(entity, "organizations")
    text = assembly.structs(entity, names)["text"]
    columns["center_name"] = first(assembly.place(entity, names), text, pc.is_valid(text), rows)
    links = _repeat(entity, "links")
    told, place = assembly.structs(entity, links), assembly.place(entity, links)
    own = columns["acc"].take(pa.array(place))
    from_here = pc.fill_null(pc.equal(told["ref"], own), False)
    above = pc.is_valid(told["above"])
    parent = pc.and_(from_here, above).to_numpy(zero_copy_only=False)
    columns["parents"] = lists(place[parent], told["above"].filter(pa.array(parent)), rows)
    other = pc.if_else(from_here, pc.coalesce(told["above"], told["peer"]), told["ref"])
    shown = {
        "db": pc.if_else(above, pa.scalar("hierarchical"), pa.scalar("peer")),
        "id": other,
        "label": told["type"],
        "url": pa.nulls(len(place), pa.string()),
    }
    columns["links"] = lists(place, struct(shown), rows)
    return columns


_SHAPES: dict[str, Callable[[Assembly, Entity], Columns]] = {
    "study": _study,
    "sample": _sample,
    "experiment": _experiment,
    "run": _run,
    "analysis": _object,
    "submission": _object,
    "biosample": _biosample,
    "project": _project,
}


def empty(entity: str) -> pa.Table:
    """No rows of an entity, with its columns."""
    document = SETS[entity.upper()]
    return entities(document, Assembly(CarefulReader(document).raw()))[entity]
