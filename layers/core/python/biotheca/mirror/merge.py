"""What a batch changes in the lake: parsed records against the rows that are current, by the hash of their content.

Pure: Arrow in, Arrow out, DuckDB between. A row is written if its content or its status changed, and only then; so
the same batch again gives the same rows, and a feed that says nothing new costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from biotheca.lake.model import ACCESSION_STATUS_COLUMNS, ENTITIES
from biotheca.mirror.model import Limits

# Set by the merge itself, not content.
NOT_CONTENT = frozenset({"source", "archive", "status"})
# Of the row of an object that left live, these are `-` in the feed; what was known before is kept.
LOST_WITH_STATUS = ("center", "alias", "experiment", "sample", "study", "md5sum", "biosample", "bioproject", "loaded")
_ARCHIVE = "CASE regexp_extract(acc, '^(?:SAM|PRJ)?([A-Z])', 1) WHEN 'E' THEN 'EBI' WHEN 'D' THEN 'DDBJ' ELSE 'NCBI' END"


@dataclass(frozen=True)
class Given:
    """Parsed rows of one file. The later file counts; before that, the one of the archive that owns the accession."""

    rows: pa.Table
    archive: str


@dataclass(frozen=True)
class Merged:
    """Rows for the overlay, and what was seen on the way."""

    rows: pa.Table
    changes: pa.Table  # acc, what, before, after
    seen: int


def columns_of(entity: str) -> tuple[str, ...]:
    """The content of an entity, in the lake's order."""
    return tuple(name for name in ENTITIES[entity] if name not in NOT_CONTENT)


def merge(
    entity: str,
    given: Iterable[Given],
    current: pa.RecordBatchReader | pa.Table,
    statuses: pa.Table,
    whole: Limits | None = None,
) -> Merged:
    """The rows of an entity that differ from `current` (all of the lake's columns, and content_hash).

    `statuses`: accession and status of all whose status the batch's feed told anew; `gone` is a status, too. `whole`:
    the files hold every record there is, so that what they lack is gone; FeedIsShort if that is more than it allows.
    """
    db = duckdb.connect(":memory:", config={"threads": 2, "memory_limit": "1500MiB"})
    try:
        _define_given(db, entity, list(given))
        db.register("current_rows", current)
        db.execute("CREATE TEMP TABLE held AS SELECT * FROM current_rows")
        db.register("statuses", statuses)
        told = _told_status(entity)
        content = columns_of(entity)
        shown = ", ".join(f'fresh."{name}"' for name in content)
        kept = ", ".join(f'held."{name}"' for name in content)
        absent = ""
        if whole is not None:
            held = _count(db, "held")
            whole.check(held, _count(db, "held ANTI JOIN fresh USING (acc)"), f"the whole feed of {entity}")
            absent = f"""
                UNION ALL
                SELECT {kept}, held.content_hash, 'withdrawn' AS status, held.content_hash, held.status, TRUE
                FROM held ANTI JOIN fresh USING (acc)"""
        db.execute(f"""
            CREATE TEMP TABLE after_ AS
            SELECT {shown}, fresh.content_hash, {told} AS status, held.content_hash AS hash_before,
                   held.status AS status_before, FALSE AS absent
            FROM fresh LEFT JOIN held USING (acc) LEFT JOIN statuses ON statuses.accession = fresh.acc
            UNION ALL
            SELECT {kept}, held.content_hash, statuses.status, held.content_hash, held.status, FALSE
            FROM held JOIN statuses ON statuses.accession = held.acc ANTI JOIN fresh ON fresh.acc = held.acc
            {absent}""")
        db.execute("""
            CREATE TEMP TABLE changed AS SELECT *, status IN ('withdrawn', 'gone') AS gone FROM after_
            WHERE content_hash IS DISTINCT FROM hash_before OR status IS DISTINCT FROM status_before""")
        nothing = ", ".join(f'CASE WHEN gone AND \'{n}\' <> \'acc\' THEN NULL ELSE "{n}" END AS "{n}"' for n in content)
        rows = db.sql(f"""
            SELECT {nothing}, 'insdc' AS source, {_ARCHIVE} AS archive,
                   CASE WHEN gone THEN 'withdrawn' ELSE status END AS status,
                   CASE WHEN gone THEN 'withdrawn' ELSE content_hash END AS content_hash, gone
            FROM changed ORDER BY acc""").to_arrow_table()
        changes = db.sql("""
            SELECT acc, CASE WHEN gone THEN 'gone' WHEN hash_before IS NULL THEN 'new'
                             WHEN content_hash <> hash_before THEN 'content' ELSE 'status' END AS what,
                   CASE WHEN content_hash IS DISTINCT FROM hash_before AND NOT gone THEN hash_before ELSE status_before
                        END AS before,
                   CASE WHEN content_hash IS DISTINCT FROM hash_before AND NOT gone THEN content_hash ELSE status
                        END AS after
            FROM changed ORDER BY acc""").to_arrow_table()
        return Merged(rows, changes, _count(db, "fresh"))
    finally:
        db.close()


def _told_status(entity: str) -> str:
    """Where the status of a fresh row comes from: the accessions' feed, the record itself, what was, else live."""
    own = "fresh.own_status, " if entity == "biosample" else ""
    return f"coalesce(statuses.status, {own}held.status, 'live')"


def _define_given(db: duckdb.DuckDBPyConnection, entity: str, given: list[Given]) -> None:
    """Table `fresh`: of each accession the row that counts, with the hash of its content."""
    content = columns_of(entity)
    if not given:
        kinds = pa.schema([(name, pa.string()) for name in (*content, "content_hash", "own_status")])
        db.register("nothing_given", kinds.empty_table())
        db.execute("CREATE TEMP TABLE fresh AS SELECT * FROM nothing_given")
        return
    parts = []
    for number, one in enumerate(given):
        db.register(f"given_{number}", one.rows)
        names = set(one.rows.schema.names)
        columns = ", ".join(f'"{n}"' if n in names else f'NULL AS "{n}"' for n in content)
        status = "lower(status)" if "status" in names else "NULL"
        owner = f"({_ARCHIVE}) = '{one.archive}'"
        parts.append(
            f"SELECT {columns}, {status}::VARCHAR AS own_status, {number} AS file, {owner} AS owned FROM given_{number}"
        )
    everything = ", ".join(f'"{name}"' for name in content)
    db.execute(f"""
        CREATE TEMP TABLE fresh AS
        SELECT {everything}, own_status, md5(to_json(struct_pack({_packed(content)}))::VARCHAR) AS content_hash
        FROM (SELECT *, row_number() OVER (PARTITION BY acc ORDER BY owned DESC, file DESC) AS n
              FROM ({' UNION ALL BY NAME '.join(parts)}))
        WHERE n = 1""")


def _packed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}" := "{name}"' for name in names)


def _count(db: duckdb.DuckDBPyConnection, table: str) -> int:
    (found,) = db.execute(f"SELECT count(*) FROM {table}").fetchall()
    return int(found[0])


def merge_statuses(told: pa.Table, gone: Iterable[str], current: pa.RecordBatchReader | pa.Table) -> Merged:
    """Rows for accession_status: what the feed told, with what a row lost when its object left live put back.

    `current`: the rows of these accessions as they were. A replaced object is told by its ReplacedBy.
    """
    db = duckdb.connect(":memory:", config={"threads": 2, "memory_limit": "1500MiB"})
    names = tuple(ACCESSION_STATUS_COLUMNS)
    try:
        db.register("told", told)
        db.register("current_rows", current)
        db.execute("CREATE TEMP TABLE held AS SELECT * FROM current_rows")
        db.register("left_", pa.table({"accession": pa.array(list(gone), pa.string())}))
        columns = []
        for name in names:
            value = f'told."{name}"'
            if name in LOST_WITH_STATUS:
                value = f"CASE WHEN told.status IN ('live', 'public') THEN {value} ELSE coalesce({value}, held.\"{name}\") END"
            columns.append(f'{value} AS "{name}"')
        gone_columns = [
            "'withdrawn' AS status" if name == "status" else f'held."{name}"' for name in names
        ]
        db.execute(f"""
            CREATE TEMP TABLE after_ AS
            SELECT {', '.join(columns)}, held.status AS status_before
            FROM told LEFT JOIN held USING (accession)
            UNION ALL
            SELECT {', '.join(gone_columns)}, held.status FROM held JOIN left_ USING (accession)""")
        everything = ", ".join(f'"{name}"' for name in names)
        rows = db.sql(f"""
            SELECT {everything}, md5(to_json(struct_pack({_packed(names)}))::VARCHAR) AS content_hash, FALSE AS gone
            FROM after_ ORDER BY accession""").to_arrow_table()
        changes = db.sql("""
            SELECT accession AS acc, 'status' AS what, status_before AS before, status AS after FROM after_
            WHERE status IS DISTINCT FROM status_before ORDER BY accession""").to_arrow_table()
        return Merged(rows, changes, len(told))
    finally:
        db.close()


def effective_statuses(rows: pa.Table) -> pa.Table:
    """(accession, status) of accession_status rows as entities show it: `replaced` where a successor is named."""
    db = duckdb.connect(":memory:", config={"threads": 1})
    try:
        db.register("rows_", rows)
        return db.sql("""
            SELECT accession, CASE WHEN replacedby IS NOT NULL AND status <> 'withdrawn' THEN 'replaced'
                                   WHEN status = 'public' THEN 'live' ELSE status END AS status
            FROM rows_""").to_arrow_table()
    finally:
        db.close()


def change_rows(entity: str, merged: Merged, feed: str, day: str, batch: int) -> pa.Table:
    """Rows for change_log."""
    changes = merged.changes
    count = changes.num_rows
    constants: Mapping[str, Any] = {"entity": entity, "feed": feed, "day": day}
    columns = {"acc": changes.column("acc"), "entity": pa.array([constants["entity"]] * count, pa.string())}
    columns |= {name: changes.column(name) for name in ("what", "before", "after")}
    columns |= {name: pa.array([constants[name]] * count, pa.string()) for name in ("feed", "day")}
    return pa.table(columns | {"batch": pa.array([batch] * count, pa.int64())})
