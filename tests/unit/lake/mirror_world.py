"""A mirrored table in a folder, its slow twin in a dict, and a catalogue that dies at a chosen commit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyiceberg.table import CommitTableResponse

from biotheca.lake.arrow import schema_of
from biotheca.lake.folder_catalog import FolderCatalog
from biotheca.lake.mirror_store import MirrorTable
from biotheca.lake.model import MIRROR_COLUMNS, STUDY_COLUMNS

DATABASE = "lake"
COLUMNS = STUDY_COLUMNS | MIRROR_COLUMNS


class Killed(BaseException):
    """The process ended here. No handler of ours may catch it."""


class DyingCatalog(FolderCatalog):
    """Dies at the commit after `left` more: before it is made, or (`late`) right after."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.left: int | None = None
        self.late = False

    def commit_table(self, table: Any, requirements: Any, updates: Any) -> CommitTableResponse:
        if self.left is None:
            return super().commit_table(table, requirements, updates)
        self.left -= 1
        if self.left >= 0:
            return super().commit_table(table, requirements, updates)
        if self.late:
            super().commit_table(table, requirements, updates)
        self.left = None
        raise Killed


class VisitedCatalog(FolderCatalog):
    """Lets another writer in before its call number `at` (loads and commits, from 0), once."""

    def __init__(self, folder: Path, at: int, visit: Callable[[], object]) -> None:
        super().__init__(folder)
        self.left, self.visit = at, visit
        self.committing = False

    def _let_in(self) -> None:
        self.left -= 1
        if self.left == -1:
            self.visit()

    def load_table(self, identifier: Any) -> Any:
        if not self.committing:  # a commit loads under its lock, where nobody comes in
            self._let_in()
        return super().load_table(identifier)

    def commit_table(self, table: Any, requirements: Any, updates: Any) -> CommitTableResponse:
        self._let_in()
        self.committing = True
        try:
            return super().commit_table(table, requirements, updates)
        finally:
            self.committing = False


def mirror(folder: Path, catalog: FolderCatalog | None = None, **more: Any) -> MirrorTable:
    """The mirror of studies in a folder, made if it is not there."""
    catalog = catalog or FolderCatalog(folder)
    if not (folder / DATABASE).exists():
        catalog.create_mirror_tables(DATABASE, "study", STUDY_COLUMNS)
    return MirrorTable("study", catalog=catalog, database=DATABASE, scratch=folder, **more)


def rows(said: dict[str, str | None]) -> pa.Table:
    """Rows of accession -> title; None is gone."""
    return pa.Table.from_pylist(
        [
            {
                "acc": acc,
                "source": "insdc",
                "title": title,
                "attributes": None if title is None else [{"k": "note", "v": title, "unit": None}],
                "content_hash": title,
                "gone": title is None,
            }
            for acc, title in said.items()
        ],
        schema=schema_of({k: v for k, v in COLUMNS.items() if k != "batch"}),
    )


def titles(table: Any, **how: Any) -> dict[str, str]:
    """accession -> title of the current rows; a key twice is a fault."""
    found = table.current(["acc", "title", "attributes"], **how).read_all().to_pylist()
    assert len({row["acc"] for row in found}) == len(found)
    assert all(row["attributes"] == [{"k": "note", "v": row["title"], "unit": None}] for row in found)
    return {row["acc"]: row["title"] for row in found}


class Twin:
    """What a mirrored table promises, in a dict."""

    def __init__(self) -> None:
        self.base: dict[str, str] = {}
        self.batches: dict[int, dict[str, str | None]] = {}
        self.compacted_to = 0

    def append(self, batch: int, said: dict[str, str | None]) -> None:
        if batch > self.compacted_to:
            self.batches.pop(batch, None)
            if said:
                self.batches[batch] = dict(said)

    def compact(self, up_to_batch: int) -> None:
        taken = [b for b in self.batches if b <= up_to_batch]
        self.base = self.titles(up_to_batch)
        for batch in taken:
            del self.batches[batch]
        if taken:
            self.compacted_to = max(self.compacted_to, up_to_batch)

    def titles(self, up_to_batch: int | None = None) -> dict[str, str]:
        made: dict[str, str | None] = dict(self.base)
        for batch in sorted(self.batches):
            if up_to_batch is None or batch <= up_to_batch:
                made |= self.batches[batch]
        return {acc: title for acc, title in made.items() if title is not None}
