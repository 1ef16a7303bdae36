"""Where the index of released series is kept, and how bytes of packed series are read.

Search table (beside the words, which hold no colon): pk images:series:<collection>, sk accession of the series, one row
each; images:of:<UID or pseudonym>, by which a row is found without its collection; images:cube, sk collection.
Answers that are too large for the gateway lie in the derived bucket below dicomweb/ for a day, those of controlled
series under the key of controlled data.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from biotheca.aws import buckets
from biotheca.aws.tables import ConditionFailed, Table
from biotheca.imaging.model import Index, Range, index_of
from biotheca.settings import Settings

LINKED = "dicomweb/"
_INDEXES_KEPT = 32
_GAP_BYTES = 64 * 1024  # that are read rather than asked for apart


class SeriesIndex:
    """Rows of released series, and the cube of each collection."""

    def __init__(self, table: Table | None = None) -> None:
        self.table = table or Table(Settings().search_table)

    def put(self, rows: list[dict[str, Any]]) -> None:
        """Write rows whole, with what they are found by; again changes nothing."""
        found = [{"pk": f"images:series:{row['collection']}", "sk": row["accession"], "row": row} for row in rows]
        also = [
            {"pk": f"images:of:{row[name]}", "sk": row["accession"], "collection": row["collection"]}
            for row in rows
            for name in ("series_uid", "study_uid", "patient")
            if row.get(name)
        ]
        self.table.put_many([*also, *found])  # what leads to a row may stand before it, never after it is gone

    def remove(self, row: dict[str, Any]) -> None:
        """Take a series out."""
        self.table.delete({"pk": f"images:series:{row['collection']}", "sk": row["accession"]})
        for name in ("series_uid", "study_uid", "patient"):
            if row.get(name):
                self.table.delete({"pk": f"images:of:{row[name]}", "sk": row["accession"]})

    def rows(self, collection: str, after: str | None = None) -> Iterator[dict[str, Any]]:
        """The rows of a collection by accession, after one."""
        start = {"pk": f"images:series:{collection}", "sk": after} if after else None
        cursor: str | None = None
        while True:
            items, cursor = self.table.query(
                "pk = :p",
                {"p": f"images:series:{collection}"},
                limit=500,
                cursor=cursor,
                start_after=None if cursor else start,
            )
            yield from (item["row"] for item in items)
            if cursor is None:
                return

    def row(self, collection: str, accession: str) -> dict[str, Any] | None:
        """One row, or None."""
        item = self.table.get({"pk": f"images:series:{collection}", "sk": accession})
        return item["row"] if item else None

    def of(self, name: str) -> list[dict[str, Any]]:
        """The rows of a series' or study's UID or of a person's pseudonym."""
        found = list(self.table.every("pk = :p", {"p": f"images:of:{name}"}))
        keys = [{"pk": f"images:series:{one['collection']}", "sk": one["sk"]} for one in found]
        rows = [item["row"] for item in self.table.get_many(keys)]
        return sorted(rows, key=lambda row: (row["collection"], row["accession"]))

    # --- the cube ---

    def cubes(self) -> dict[str, list[list[Any]]]:
        """The cells of every collection."""
        return {item["sk"]: _unpacked(item["cells"]) for item in self.table.every("pk = :p", {"p": "images:cube"})}

    def revision(self, collection: str) -> int:
        """How often the cube of a collection was written."""
        item = self.table.get({"pk": "images:cube", "sk": collection})
        return item["revision"] if item else 0

    def put_cube(self, collection: str, cells: list[list[Any]], revision: int) -> bool:
        """Write it if nobody did since that revision; whether it was. An empty one stays, so that its count goes on."""
        item = {"pk": "images:cube", "sk": collection, "revision": revision + 1, "cells": _packed(cells)}
        try:
            self.table.put(item, "attribute_not_exists(pk) OR revision = :old", old=revision)
        except ConditionFailed:
            return False
        return True


def _packed(cells: list[list[Any]]) -> str:
    """Some thousand cells fit into an item of 400 KB when they are compressed."""
    text = json.dumps(cells, separators=(",", ":"), ensure_ascii=False).encode()
    return base64.b64encode(gzip.compress(text, 6, mtime=0)).decode()


def _unpacked(text: str) -> list[list[Any]]:
    cells: list[list[Any]] = json.loads(gzip.decompress(base64.b64decode(text)))
    return cells


class PackedSeries:
    """Reads packed series by ranges, and keeps large answers for those who follow a link to them."""

    def __init__(self, derived: str | None = None) -> None:
        self._derived = derived
        self._indexes: OrderedDict[tuple[str, str, str], Index] = OrderedDict()

    @property
    def derived(self) -> str:
        """The bucket of linked answers."""
        return self._derived or Settings().derived_bucket

    def index(self, file: dict[str, Any]) -> Index:
        """The index of a packed series from its file; the latest 32 stay in this process."""
        key = (file["bucket"], file["key"], file.get("version_id") or "")
        if key not in self._indexes:
            self._indexes[key] = index_of(json.loads(gzip.decompress(self.whole(file))))
            if len(self._indexes) > _INDEXES_KEPT:
                self._indexes.popitem(last=False)
        self._indexes.move_to_end(key)
        return self._indexes[key]

    def whole(self, file: dict[str, Any]) -> bytes:
        """All bytes of a small file of a record."""
        return buckets.get_range(file["bucket"], file["key"], file.get("version_id"), 0, file["size_bytes"])

    def read(self, file: dict[str, Any], ranges: list[Range]) -> list[bytes]:
        """The bytes of each range; ranges that lie near each other are one request."""
        found: dict[Range, bytes] = {}
        for group in together(ranges):
            first, last = group[0][0], max(at + size for at, size in group)
            data = buckets.get_range(file["bucket"], file["key"], file.get("version_id"), first, last - first)
            found |= {one: data[one[0] - first : one[0] - first + one[1]] for one in group}
        return [found[one] for one in ranges]

    def linked(
        self, file: dict[str, Any], name: str, make: Any, content_type: str, valid_s: int, encoding: str = ""
    ) -> str:
        """A link to an answer from a packed series, made once; `make` gives its bytes."""
        # What is archived never changes under its version: the same question has the same answer.
        whence = f"{file['bucket']}\n{file['key']}\n{file.get('version_id')}\n{name}"
        key = LINKED + hashlib.sha256(whence.encode()).hexdigest()
        try:
            buckets.facts(self.derived, key)
        except buckets.ObjectMissing:
            settings = Settings()
            controlled = file["bucket"] == settings.optional("controlled_archive_bucket")
            kms_key = settings.controlled_key if controlled else None
            buckets.put_answer(self.derived, key, make(), content_type, encoding, kms_key)
        return buckets.presign(self.derived, key, valid_s)

    def link(self, file: dict[str, Any], valid_s: int) -> str:
        """A link to a whole file as it is archived."""
        return buckets.presign_download(file["bucket"], file["key"], file.get("version_id"), file["name"], valid_s)


def together(ranges: list[Range]) -> list[list[Range]]:
    """Ranges in groups that one request reads: those with at most 64 KiB between them.

    >>> together([(0, 10), (200_000, 5), (10, 10)])
    [[(0, 10), (10, 10)], [(200000, 5)]]
    """
    groups: list[list[Range]] = []
    end = 0
    for at, size in sorted(set(ranges)):
        if groups and at - end <= _GAP_BYTES:
            groups[-1].append((at, size))
        else:
            groups.append([(at, size)])
        end = max(end, at + size) if len(groups[-1]) > 1 else at + size
    return groups
