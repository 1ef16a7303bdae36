"""Where the chain is kept: lines and head in the audit table, the lines again in the audit bucket under Object Lock.

Audit table: CHAIN / HEAD (number, hash, copied), CHAIN / LINE#<number>, SEEN#<event> / SEEN. What one call appends is
a segment: one object chain/<number of its first line>.jsonl, the same bytes however often it is written.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from biotheca.audit.rules import BEGINNING
from biotheca.aws import buckets
from biotheca.aws.buckets import ObjectMissing
from biotheca.aws.tables import ConditionFailed, Table, transact
from biotheca.settings import Settings

__all__ = ["ChainMoved", "ChainStore", "ObjectMissing"]
_HEAD = {"pk": "CHAIN", "sk": "HEAD"}


class ChainMoved(Exception):
    """Somebody else appended first; read the head again."""


class ChainStore:
    """The one chain of an archive."""

    def __init__(self, table: Table | None = None, bucket: str | None = None) -> None:
        self.table = table or Table(Settings().audit_table)
        self.bucket = bucket or Settings().audit_bucket

    def head(self) -> dict[str, Any]:
        """number and hash of the last line; `copied`: the last one that is in the bucket."""
        item = self.table.get(_HEAD)
        return {k: item[k] for k in ("number", "hash", "copied")} if item else _NOTHING

    def seen(self, event_id: str) -> bool:
        """Whether an event has its line."""
        return self.table.get({"pk": f"SEEN#{event_id}", "sk": "SEEN"}) is not None

    def append(self, head: dict[str, Any], lines: list[dict[str, Any]]) -> dict[str, Any]:
        """Add lines after `head`, all or none; the new head. ChainMoved if that was no longer the head."""
        segment = lines[0]["number"]
        new = {"number": lines[-1]["number"], "hash": lines[-1]["hash"], "copied": head["copied"]}
        puts = []
        for line in lines:
            key = {"pk": "CHAIN", "sk": _line_key(line["number"])}
            puts.append(self.table.put_line(key | {"segment": segment, "line": line}, "attribute_not_exists(pk)"))
            puts.append(self.table.put_line({"pk": f"SEEN#{line['id']}", "sk": "SEEN"}, "attribute_not_exists(pk)"))
        condition = "#number = :old" if head["number"] else "attribute_not_exists(pk)"
        names = {"n_number": "number", "old": head["number"]} if head["number"] else {}
        try:
            transact([*puts, self.table.put_line(_HEAD | new, condition, **names)])
        except ConditionFailed as error:
            raise ChainMoved from error
        return new

    def copy_waiting(self) -> int:
        """Write every segment that the bucket lacks; returns how many lines. A crash before or after loses nothing."""
        head = self.head()
        if head["copied"] >= head["number"]:
            return 0
        waiting: dict[int, list[dict[str, Any]]] = {}
        for item in self._items(head["copied"] + 1):
            waiting.setdefault(item["segment"], []).append(item["line"])
        for segment, lines in waiting.items():
            body = "".join(json.dumps(line, sort_keys=True, ensure_ascii=False) + "\n" for line in lines)
            buckets.put_text(self.bucket, _segment_key(segment), body, "application/x-ndjson")
        last = max(line["number"] for lines in waiting.values() for line in lines)
        with suppress(ConditionFailed):  # another call copied as far or farther
            self.table.update(_HEAD, "SET copied = :last", "copied < :last", last=last)
        return sum(map(len, waiting.values()))

    def _items(self, first: int) -> Iterator[dict[str, Any]]:
        values = {"p": "CHAIN", "a": _line_key(first), "b": _line_key(10**15)}
        return self.table.every("pk = :p AND sk BETWEEN :a AND :b", values)

    def lines(self, after: int = 0) -> Iterator[dict[str, Any]]:
        """The lines as the bucket has them, after a number: what an auditor gets to see."""
        item = self.table.get({"pk": "CHAIN", "sk": _line_key(after + 1)})
        first = item["segment"] if item else after + 1
        for key in buckets.keys(self.bucket, "chain/", from_key=_segment_key(first)):
            for text in buckets.get_text(self.bucket, key).splitlines():
                line = json.loads(text)
                if not isinstance(line.get("number"), int) or line["number"] > after:
                    yield line


_NOTHING = {"number": 0, "hash": BEGINNING, "copied": 0}


def _line_key(number: int) -> str:
    return f"LINE#{number:015d}"


def _segment_key(first: int) -> str:
    return f"chain/{first:015d}.jsonl"
