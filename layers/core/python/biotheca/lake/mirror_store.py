"""Mirrored rows in Iceberg: append a batch, read what is current, compact, look back. Which rows hold: see merging.

An entity has two tables. Every change is one commit of one snapshot on one of them; a snapshot's summary says what
it was. Readers load the overlay before the base: a compaction writes the base first and trims the overlay after, so
that what lies between is the same answer twice, never a hole.

One writer at a time (see lease). A commit that loses against another writer is planned again from the new state.
"""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.io.pyarrow import (
    compute_statistics_plan,
    data_file_statistics_from_parquet_metadata,
    parquet_path_to_id_mapping,
)
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.table import Table
from pyiceberg.typedef import Record

from biotheca.errors import SystemFault
from biotheca.lake import merging, merging_blocks, parquet
from biotheca.lake.arrow import schema_of
from biotheca.lake.iceberg import TRIES, glue_catalog
from biotheca.lake.mirror_view import COMMIT, COMPACTED_TO, FENCE, BatchIsCompacted, View, key_of, local_path, view_of
from biotheca.lake.model import ACCESSION_STATUS_COLUMNS, ENTITIES, MIRROR_COLUMNS, base, overlay
from biotheca.settings import Settings

OVERLAY_GROUP_ROWS = 2_048  # small, so that each block of a compaction reads its own part and little more
# pyiceberg would send a lost commit again as it was planned; here it is planned anew, from what the other wrote.
_NO_RETRIES: dict[str, Any] = {"commit.retry.num-retries": "0"}


@dataclass(frozen=True)
class Compaction:
    """What a compaction did. Rows are of the base after it; files of this run."""

    up_to_batch: int
    rows: int
    changes: int
    files_written: int
    files_kept: int
    overlay_files_dropped: int


@dataclass(frozen=True)
class Commit:
    """One change of an entity's tables. `what`: append 20261128, compact 20261128, trim 20261128."""

    table: str
    snapshot_id: int
    at: datetime
    what: str


class StaleWriter(SystemFault):
    """Another writer has taken over since; nothing was written."""


class MirrorTable:
    """An entity's mirrored rows. `fence` is the lease's token; `scratch` a folder with room for a few blocks."""

    def __init__(
        self,
        entity: str,
        *,
        catalog: Catalog | None = None,
        database: str | None = None,
        fence: int | None = None,
        scratch: Path | None = None,
    ) -> None:
        self.entity = entity
        self.key = key_of(entity)
        content = ACCESSION_STATUS_COLUMNS if entity == "accession_status" else ENTITIES[entity]
        self.content = tuple(content)
        self.columns = content | MIRROR_COLUMNS
        self.fence = fence
        self.file_rows = merging_blocks.FILE_ROWS
        self._catalog = catalog or glue_catalog()
        self._database = database or Settings().lake_database
        self._scratch = scratch

    # --- reading ---

    def view(self) -> View:
        """What is there now, pinned: later commits do not change it."""
        return self._pinned()[0]

    def _pinned(self) -> tuple[View, Table, Table]:
        """(what is there now, the base and the overlay it was read from).

        A change planned on the view is committed through these and no others: loaded later, a table could have a
        snapshot that the plan knows nothing of, and the commit would still be taken.
        """
        for _ in range(TRIES):
            over = self._load(overlay(self.entity))
            below = self._load(base(self.entity))
            if self._load(overlay(self.entity)).metadata.current_snapshot_id == over.metadata.current_snapshot_id:
                return view_of(self.entity, self.columns, self.content, below, over), below, over
        raise SystemFault(f"{overlay(self.entity)} changed {TRIES} times while it was read; too many writers")

    def as_of(self, when: int | datetime) -> View:
        """What was there at a time (UTC), or when the snapshot of this id (of either table) was made."""
        below, over = self._load(base(self.entity)), self._load(overlay(self.entity))
        if isinstance(when, datetime):
            at = int(when.timestamp() * 1000)
        else:
            found = [s for t in (below, over) for s in t.metadata.snapshots if s.snapshot_id == when]
            if not found:
                known = f"{len(self.commits())} commits are kept; commits() lists them"
                raise LookupError(f"{self.entity} has no snapshot {when}: it never had, or it has expired. {known}.")
            at = found[0].timestamp_ms
        return view_of(self.entity, self.columns, self.content, below, over, at)

    def current(
        self,
        columns: Sequence[str] | None = None,
        keys: Sequence[str] | None = None,
        up_to_batch: int | None = None,
    ) -> pa.RecordBatchReader:
        """The newest row of each key that is not gone, as a stream in no order. `up_to_batch`: as if later ones were
        not there; BatchIsCompacted if they are in the base already."""
        return self.view().current(columns, keys, up_to_batch)

    def table_hash(self, up_to_batch: int | None = None) -> str:
        """Equal for equal current rows, whatever was compacted and in whatever order rows lie."""
        return self.view().table_hash(up_to_batch)

    def commits(self) -> list[Commit]:
        """The changes of both tables that are still kept, oldest first. Only states that were whole: a snapshot
        inside a commit of several (as pyiceberg's own overwrite makes) is none of ours and not among them."""
        made = [
            Commit(name, s.snapshot_id, datetime.fromtimestamp(s.timestamp_ms / 1000, UTC), what)
            for name in (base(self.entity), overlay(self.entity))
            for s in self._load(name).metadata.snapshots
            if s.summary and (what := s.summary.get(COMMIT))
        ]
        return sorted(made, key=lambda c: c.at)

    # --- writing ---

    def append(self, batch: int, rows: pa.Table | Sequence[Path]) -> int:
        """Make `rows` the overlay's rows of a batch, in one commit; returns how many there are.

        A batch that the base has taken in already is left as it is, and 0 returned: what is to be corrected there
        comes as a later batch. KeyTwice if two rows of a key differ.
        """
        source = rows if isinstance(rows, pa.Table) else [str(path) for path in rows]
        with self._workshop() as folder:
            return self._again(lambda: self._append(batch, source, folder))

    def _append(self, batch: int, source: merging.Source, folder: Path) -> int:
        seen, _, table = self._pinned()
        if batch <= seen.compacted_to:
            return 0
        with merging.engine(folder) as db:
            pieces = merging.batch_rows(db, source, self.columns, self.key, batch)
            made = list(self._files(table, folder, pieces, 1, OVERLAY_GROUP_ROWS))
        count = sum(file.record_count for file in made)
        old = [file for number, file in seen.overlay if number == batch]
        if not old and not made:
            return 0  # nothing was there and nothing comes
        self._commit(table, f"append {batch}", old, made)
        return count

    def compact(self, up_to_batch: int) -> Compaction:
        """Take the overlay's batches up to this one into the base, then drop them from the overlay: two commits.

        Killed between the two, readers see the same; the next compaction ends what is left.
        """
        dropped = self._again(self._trim)
        with self._workshop() as folder:
            done = self._again(partial(self._merge, up_to_batch, folder))
        dropped += self._again(self._trim)
        return Compaction(**(done.__dict__ | {"overlay_files_dropped": dropped}))

    def _trim(self) -> int:
        seen, _, table = self._pinned()
        old = [file for number, file in seen.overlay if number <= seen.compacted_to]
        if old:
            self._commit(table, f"trim {seen.compacted_to}", old, [])
        return len(old)

    def _merge(self, up_to_batch: int, folder: Path) -> Compaction:
        seen, table, _ = self._pinned()
        taken = [file for number, file in seen.overlay if number <= up_to_batch]
        rows = sum(file.record_count for file in seen.base)
        if not taken:
            return Compaction(seen.compacted_to, rows, 0, 0, len(seen.base), 0)
        files = seen.base_in_order()
        near = {f.file_path: self._near(table, f.file_path, folder) for f in taken}
        places = merging_blocks.Places(
            partial(self._fetched, table, folder),
            lambda first, until: [near[f.file_path] for f in taken if seen.reaches(f, first, until)],
        )
        made: list[DataFile] = []
        with merging.engine(folder) as db:
            merging.define(db, "overlay", list(near.values()), {self.key: "string", "batch": "bigint"})
            count = merging.find_newest(db, self.key)
            changed = merging_blocks.changes_by_file(db, files, self.key)
            blocks = merging_blocks.plan(files, changed, self.file_rows)
            for block in blocks:
                pieces = merging_blocks.merged(db, block, places, self.columns, self.key)
                made += self._files(table, folder, pieces, self.file_rows, 2 * merging_blocks.GROUP_ROWS)
        written_anew = {file.path for block in blocks for file in block.files}
        old = [file for file in seen.base if file.file_path in written_anew]
        self._commit(table, f"compact {up_to_batch}", old, made, {COMPACTED_TO: str(up_to_batch)})
        rows += sum(f.record_count for f in made) - sum(f.record_count for f in old)
        return Compaction(up_to_batch, rows, count, len(made), len(seen.base) - len(old), 0)

    def expire(self, older_than: datetime) -> int:
        """Forget snapshots made before a time (the newest of each table stays) and delete files that only they had.

        Returns how many files. Killed before the end it leaves files that nobody reads, and no snapshot without files.
        """
        count = 0
        for name in (base(self.entity), overlay(self.entity)):
            table = self._load(name)
            before = _files_of(table)
            table.maintenance.expire_snapshots().older_than(older_than).commit()
            for location in before - _files_of(self._load(name)):
                table.io.delete(location)
                count += 1
        return count

    # --- Iceberg ---

    def _load(self, name: str) -> Table:
        return self._catalog.load_table((self._database, name))

    def _again(self, work: Callable[[], Any]) -> Any:
        for _ in range(TRIES):
            try:
                return work()
            except CommitFailedException:
                continue
        raise SystemFault(
            f"the mirror's {self.entity}: {TRIES} commits lost against other writers; take its lease first"
        )

    def _commit(
        self, table: Table, what: str, old: list[DataFile], made: list[DataFile], more: dict[str, str] | None = None
    ) -> None:
        """One snapshot that drops and adds whole files; CommitFailedException if the table has changed since loaded."""
        now = table.current_snapshot()
        held = int(now.summary.get(FENCE) or 0) if now and now.summary else 0
        if self.fence is not None and self.fence < held:
            raise StaleWriter(
                f"{'.'.join(table.name())} was written under lease {held} since this writer's lease {self.fence} "
                "ran out. Nothing was written; take the lease again and repeat."
            )
        if not _NO_RETRIES.items() <= table.properties.items():
            with table.transaction() as change:
                change.set_properties(_NO_RETRIES)
            if table.current_snapshot() != now:  # properties pass beside another's snapshot; what was planned may not
                raise CommitFailedException(f"{'.'.join(table.name())} changed while its properties were set")
        summary = {COMMIT: what, FENCE: str(max(held, self.fence or 0)), **(more or {})}
        with (
            table.transaction() as change,
            change.update_snapshot(snapshot_properties=summary).overwrite() as snapshot,
        ):
            for file in old:
                snapshot.delete_data_file(file)
            for file in made:
                snapshot.append_data_file(file)

    def _files(
        self, table: Table, folder: Path, pieces: Iterable[pa.Table], file_rows: int, group_rows: int
    ) -> Iterator[DataFile]:
        """Put pieces into new files of the table, each begun while it has less than `file_rows`, and tell the files.

        The first piece decides where dictionaries pay.
        """
        schema = parquet.with_field_ids(schema_of(self.columns), table.schema())
        writer: parquet.FileWriter | None = None
        location, dictionaries = "", None
        for piece in pieces:
            if dictionaries is None:
                dictionaries = parquet.dictionary_columns(piece)
            if writer is None:
                location = table.location_provider().new_data_location(f"{uuid.uuid4()}.parquet")
                path = local_path(location) or folder / "written.parquet"
                path.parent.mkdir(parents=True, exist_ok=True)
                writer = parquet.FileWriter(path, schema, dictionaries)
            writer.write(piece, group_rows)
            if writer.rows >= file_rows:
                yield self._finished(table, location, writer)
                writer = None
        if writer is not None:
            yield self._finished(table, location, writer)

    def _finished(self, table: Table, location: str, writer: parquet.FileWriter) -> DataFile:
        """End a file, bring it to its place if that is far, and describe it as a manifest does."""
        footer, size = writer.close(), writer.path.stat().st_size
        if local_path(location) is None:
            with writer.path.open("rb") as source, table.io.new_output(location).create(overwrite=True) as sink:
                shutil.copyfileobj(source, sink, 8 << 20)
            writer.path.unlink()
        metrics = compute_statistics_plan(table.schema(), parquet.metrics(self.columns, self.key))
        measured = data_file_statistics_from_parquet_metadata(
            footer, metrics, parquet_path_to_id_mapping(table.schema())
        )
        return DataFile.from_args(
            content=DataFileContent.DATA,
            file_path=location,
            file_format=FileFormat.PARQUET,
            partition=Record(),
            file_size_in_bytes=size,
            sort_order_id=None,
            spec_id=table.metadata.default_spec_id,
            equality_ids=None,
            key_metadata=None,
            **measured.to_serialized_dict(),
        )

    def _fetched(self, table: Table, folder: Path, file: merging_blocks.BaseFile) -> str:
        """A base file on this machine; the one fetched before it is not needed any more."""
        for before in folder.glob("base-*"):
            before.unlink()
        return self._near(table, file.path, folder, "base-")

    @contextmanager
    def _workshop(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="biotheca-lake-", dir=self._scratch) as folder:
            yield Path(folder)

    def _near(self, table: Table, location: str, folder: Path, prefix: str = "overlay-") -> str:
        """A file's path on this machine; one from afar is fetched."""
        if here := local_path(location):
            return str(here)
        path = folder / f"{prefix}{location.rpartition('/')[2]}"
        with table.io.new_input(location).open() as source, path.open("wb") as sink:
            shutil.copyfileobj(source, sink, 8 << 20)
        return str(path)


def _files_of(table: Table) -> set[str]:
    """Every file that the snapshots of a table need: data, manifests, lists of manifests."""
    found: set[str] = set()
    for snapshot in table.metadata.snapshots:
        found.add(snapshot.manifest_list)
        for manifest in snapshot.manifests(table.io):
            if manifest.manifest_path in found:
                continue
            found.add(manifest.manifest_path)
            found |= {entry.data_file.file_path for entry in manifest.fetch_manifest_entry(table.io)}
    return found


__all__ = ["BatchIsCompacted", "Commit", "Compaction", "MirrorTable", "StaleWriter", "View"]
