"""The index of series follows what happens to records: it reads what is true now, so events may come twice.

Shown is what strangers may find: series, study, individual and collection are public. Their files may be controlled.
"""

from __future__ import annotations

from typing import Any

from biotheca import catalog
from biotheca.catalog import Field, Member, ObjectType
from biotheca.imaging.rows import cube_of, row_of
from biotheca.imaging.store import SeriesIndex
from biotheca.publication.access import class_in, mode_of
from biotheca.publication.model import MATRIX, Door, Record
from biotheca.publication.rules import effective
from biotheca.publication.sensitivity import EVERYBODY
from biotheca.publication.store import RecordStore

_PAGE = 100
_TRIES = 5


def refresh(index: SeriesIndex, records: RecordStore, accession: str) -> int:
    """Make the index say of a record, or of all series of its dataset, what is true now; how many were looked at."""
    record = records.get(accession)
    member = catalog.members().get(record.member) if record else None
    series = _packed_type(member) if member else None
    if record is None or member is None or series is None or record.dataset is None:
        return 0
    chain = _chain(member, series)
    if record.type not in (*(kind.type for kind in chain), member.dataset):
        return 0  # what lies in a series is counted in its own record
    collection = records.get(record.dataset)
    if collection is None:
        return 0
    if record.type == series.type:
        count = _page(index, records, chain, [record], collection)
    else:
        count = _all(index, records, chain, collection)
    if count:
        _count(index, collection.accession)
    return count


def _all(index: SeriesIndex, records: RecordStore, chain: list[ObjectType], collection: Record) -> int:
    count, cursor = 0, None
    while True:
        page, cursor = records.inside(collection.accession, chain[0].type, _PAGE, cursor)
        count += _page(index, records, chain, page, collection)
        if cursor is None:
            return count


def _page(
    index: SeriesIndex, records: RecordStore, chain: list[ObjectType], page: list[Record], collection: Record
) -> int:
    """Rows of some series, with the studies and individuals above them; those that may not be found leave."""
    studies = records.get_many(_above(chain[0], page))
    people = records.get_many(_above(chain[1], list(studies.values())))
    put: list[dict[str, Any]] = []
    for series in page:
        study = next((studies[a] for a in _above(chain[0], [series]) if a in studies), None)
        person = next((people[a] for a in _above(chain[1], [study]) if a in people), None) if study else None
        held = (series, study, person, collection)
        if study and person and all(_found(one, collection) for one in held if one):
            put.append(row_of(series, study, person, collection, _access(records, series, collection)))
        elif row := index.row(collection.accession, series.accession):
            index.remove(row)
    index.put(put)
    return len(page)


def _found(record: Record, collection: Record) -> bool:
    return Door.SEARCH in MATRIX[effective(record.visibility, collection.visibility)]


def _access(records: RecordStore, series: Record, collection: Record) -> str:
    """The mode of the collection, unless the class of the files lets fewer have them."""
    mode = mode_of(records, collection)
    for_all = all(class_in(records, series, file, collection).access == EVERYBODY for file in series.files)
    return mode if for_all or mode != "open" else "controlled"


def _count(index: SeriesIndex, collection: str) -> None:
    """The cube of a collection out of its rows. Whoever read them later writes later."""
    for _ in range(_TRIES):
        before = index.revision(collection)
        if index.put_cube(collection, cube_of(list(index.rows(collection))), before):
            return
    raise RuntimeError(f"the cube of {collection} was written by others {_TRIES} times")


def _packed_type(member: Member) -> ObjectType | None:
    """The made type whose files are packed and that is found by a UID."""
    return next((kind for kind in member.made if kind.uid and kind.published_names), None)


def _chain(member: Member, series: ObjectType) -> list[ObjectType]:
    """The type of series and the two above it: study, individual."""
    chain = [series]
    while len(chain) < 3 and (up := _reference(chain[-1])):
        chain.append(member.object_type(up.to or ""))
    return chain


def _reference(kind: ObjectType) -> Field | None:
    """The field by which a type refers to the one above it."""
    return next((spec for spec in kind.fields.values() if spec.to), None)


def _above(kind: ObjectType, page: list[Record]) -> list[str]:
    up = _reference(kind)
    name = up.name if up else ""
    return list(dict.fromkeys(accession for record in page for accession in record.links.get(name, [])))
