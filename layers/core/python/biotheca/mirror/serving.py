"""A mirrored record as it is served by accession and found by search. Pure.

Suppressed: out of search, still served. Withdrawn: neither; a tombstone says that it was here.
"""

from __future__ import annotations

from typing import Any

from biotheca.mirror.sources import archive_of

# Lists that make documents long and are in the lake for whoever wants them.
_LEFT_OUT = frozenset({"jattr", "content_hash", "gone", "batch", "source", "antibiogram", "member"})


def served(entity: str, accession: str, row: dict[str, Any] | None, batch: int) -> dict[str, Any]:
    """What is kept of a record for readers. `row`: its row in the lake now, None if it is gone."""
    made: dict[str, Any] = {"accession": accession, "entity": entity, "batch": batch, "centre": "INSDC"}
    made["archive"] = archive_of(accession)
    if row is None or row["status"] == "withdrawn":
        return made | {"status": "withdrawn", "title": ""}
    fields = {key: _plain(value) for key, value in row.items() if key not in _LEFT_OUT and value not in (None, [], "")}
    made |= {"status": row["status"], "title": row.get("title") or row.get("name") or "", "fields": fields}
    return made | {"released_at": _released(row), "organism": row.get("organism") or ""}


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _released(row: dict[str, Any]) -> str:
    for name in ("releasedate", "publication_date", "release_date", "submitted"):
        if row.get(name):
            return str(_plain(row[name]))
    return ""


def is_found(record: dict[str, Any]) -> bool:
    """Whether search shows it."""
    return bool(record["status"] == "live")


def hit(record: dict[str, Any]) -> dict[str, Any]:
    """What a hit of search shows."""
    return {
        "accession": record["accession"],
        "type": record["entity"],
        "member": "insdc",
        "centre": "INSDC",
        "title": record["title"][:500],
        "released_at": record["released_at"],
    }
