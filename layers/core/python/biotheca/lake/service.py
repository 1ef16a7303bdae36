"""Bring what is public into the own tables, and take out what no longer is. Rows are made in lake.rules.

It reads the present state of records, so events may come twice and in any order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from biotheca import catalog
from biotheca.catalog import Member
from biotheca.lake.model import OURS_ALONE, OWN_TABLES, own
from biotheca.lake.rules import Row, dataset_column, entity_of, entity_row, file_rows, with_times
from biotheca.publication.model import MATRIX, Door, Record, Visibility
from biotheca.publication.release import is_dataset
from biotheca.publication.rules import effective
from biotheca.publication.sensitivity import of_file
from biotheca.publication.store import RecordStore

PAGE = 200


class Rows(Protocol):
    """A table whose rows can be replaced in one commit."""

    def replace(self, column: str, values: Iterable[str], rows: list[dict[str, Any]]) -> None:
        """Make `rows` all the rows whose column has one of the values."""
        ...


@dataclass
class _Written:
    """What is to be written: (table, column) -> the values that are replaced, and the rows in their place."""

    values: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    rows: dict[tuple[str, str], list[Row]] = field(default_factory=dict)
    known: dict[str, Record] = field(default_factory=dict)
    alone: dict[str, Record] = field(default_factory=dict)

    def replace(self, table: str, column: str, value: str) -> list[Row]:
        self.values.setdefault((table, column), set()).add(value)
        return self.rows.setdefault((table, column), [])


def load(
    records: RecordStore, tables: Mapping[str, Rows], accessions: Iterable[str], *, changed: bool = False
) -> dict[str, int]:
    """Make the own tables say what is public now of these records, their datasets and all that these refer to.

    `changed`: a project or sample looks different, so that the datasets whose rows show it are written again.
    One commit a table. Returns rows by table.
    """
    written = _Written()
    datasets: dict[str, None] = {}
    for record in records.get_many(sorted(set(accessions))).values():
        if is_dataset(record) or record.dataset not in (None, record.accession):
            datasets[record.dataset or record.accession] = None
            continue
        written.alone[record.accession] = record
        if changed:
            datasets |= dict.fromkeys(_datasets_that_show(records, record.accession))
    for dataset in datasets:
        _dataset(records, written, dataset)
    for record in written.alone.values():
        _standing_alone(records, written, record)
    # runs last: who finds one finds what it refers to
    for (table, column), values in sorted(written.values.items(), key=lambda item: _order(item[0][0])):
        tables[table].replace(column, sorted(values), written.rows[table, column])
    return {table: len(rows) for (table, _), rows in written.rows.items()}


def _order(table: str) -> int:
    return OWN_TABLES.index(table) if table != own("run") else len(OWN_TABLES)


def _datasets_that_show(records: RecordStore, accession: str, depth: int = 3) -> Iterator[str]:
    """Datasets whose records refer to this one, or to one that does: a project through its samples."""
    cursor: str | None = None
    while depth:
        page, cursor = records.referrers(accession, None, PAGE, cursor)
        for record in records.get_many(page).values():
            if is_dataset(record) or record.dataset not in (None, record.accession):
                yield record.dataset or record.accession
            else:
                yield from _datasets_that_show(records, record.accession, depth - 1)
        if cursor is None:
            return


def _dataset(records: RecordStore, written: _Written, accession: str) -> None:
    """The rows of a dataset, of every public record inside it, and of their files."""
    dataset = records.get(accession)
    if dataset is None:
        return
    member = catalog.members()[dataset.member]
    written.known[accession] = dataset
    entity = entity_of(member, dataset.type)
    if entity:
        rows = written.replace(own(entity), "acc", accession)
        if _public(dataset.visibility):
            rows.append(entity_row(member, entity, dataset, _related(records, written, dataset)))
    for kind in member.types:
        entity = entity_of(member, kind.type)
        if entity and kind.release == "in_dataset":
            _inside(records, written, member, entity, kind.type, dataset)


def _inside(records: RecordStore, written: _Written, member: Member, entity: str, kind: str, dataset: Record) -> None:
    rows = written.replace(own(entity), dataset_column(member, entity), dataset.accession)
    has_files = bool(member.object_type(kind).files) and entity not in OURS_ALONE
    files = written.replace("qc_files", "sra_study", dataset.accession) if has_files else []
    cursor: str | None = None
    while True:
        page, cursor = records.inside(dataset.accession, kind, PAGE, cursor)
        for record in page:
            if not _public(effective(record.visibility, dataset.visibility)):
                continue
            row = entity_row(member, entity, record, _related(records, written, record))
            if has_files and (released := dataset.released_at):
                row = with_times(row, released)
                counted = [f for f in record.files if of_file(f, member.access_mode(dataset.access), True).lake]
                files += file_rows(replace(record, files=counted), released)
            rows.append(row)
        if cursor is None:
            return


def _standing_alone(records: RecordStore, written: _Written, record: Record) -> None:
    """The row of a project or sample: one, however many datasets share it; none when it is not public."""
    member = catalog.members()[record.member]
    entity = entity_of(member, record.type)
    if entity is None:
        return
    rows = written.replace(own(entity), "acc", record.accession)
    if _public(record.visibility):
        rows.append(entity_row(member, entity, record, _related(records, written, record, note=False)))


def _related(records: RecordStore, written: _Written, record: Record, note: bool = True) -> dict[str, Record]:
    """Every public record that one leads to, by type: along its references and its dataset's, the nearest of a type.

    `note`: projects and samples among them get rows of their own.
    """
    related: dict[str, Record] = {}
    waiting = [record]
    while waiting:
        current = waiting.pop(0)
        for kind in _upwards(current):
            accessions = current.links.get(kind, ())
            if kind in related or kind == record.type or not accessions:
                continue
            other = written.known.get(accessions[0]) or records.get(accessions[0])
            if other is None:
                continue
            written.known[other.accession] = other
            if note and other.dataset in (None, other.accession) and not is_dataset(other):
                written.alone.setdefault(other.accession, other)
            if _public(_met(written, other)):
                related[kind] = other
                waiting.append(other)
    return related


def _met(written: _Written, record: Record) -> Visibility:
    """The visibility that strangers meet: the record's own, and that of the dataset it lies in."""
    if record.dataset in (None, record.accession):
        return record.visibility
    dataset = written.known.get(record.dataset or "")
    return effective(record.visibility, dataset.visibility if dataset else Visibility.PRIVATE)


def _public(visibility: Visibility) -> bool:
    return Door.LAKE in MATRIX[visibility]


def _upwards(record: Record) -> list[str]:
    """Types that a record refers to, its dataset's before others: a run's project is that of its dataset."""
    member = catalog.members()[record.member]
    kind = member.object_type(record.type)
    dataset = [member.dataset] if kind.release == "in_dataset" else []
    return dataset + [s.to for s in kind.fields.values() if s.kind == "reference" and s.to and s.to != record.type]
