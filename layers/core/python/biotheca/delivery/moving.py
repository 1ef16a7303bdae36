"""Files of a released dataset go to the place that their class asks for, when the access mode or the gate changed.

Who may have a file is asked of the record at every door, so a change holds from the moment it is written; moving only
brings the bytes after it. Each step may be repeated and broken off: a copy is proved before the record names it, and
only then the old one goes. Rules: publication.sensitivity.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from biotheca import catalog, events
from biotheca.delivery.store import HeaderStore, Places
from biotheca.errors import SystemFault
from biotheca.publication.access import class_in
from biotheca.publication.model import Record, Visibility
from biotheca.publication.sensitivity import is_sealed, noted
from biotheca.publication.service import CopyDiffers
from biotheca.publication.store import RecordStore

PAGE = 200


class FilesLeft(SystemFault):
    """Some files of a dataset do not lie where their class asks for."""


def misplaced(records: RecordStore, places: Places, dataset: str) -> Iterator[dict[str, Any]]:
    """Work items of a released dataset: accession, name and size of each file that lies elsewhere than it should.

    Of a dataset that is not public there are none: until then only its people and staff come to its files.
    """
    above = records.get(dataset)
    if above is None or above.visibility == Visibility.PRIVATE:
        return
    for kind in catalog.members()[above.member].types:
        cursor: str | None = None
        while kind.files and kind.release == "in_dataset":
            page, cursor = records.inside(dataset, kind.type, PAGE, cursor)
            for record in page:
                for file in record.files:
                    if not _lies_right(records, places, record, file, above):
                        yield {"accession": record.accession, "name": file["name"], "size_bytes": file["size_bytes"]}
            if cursor is None:
                break


def _wanted(
    records: RecordStore, places: Places, record: Record, file: dict[str, Any], above: Record
) -> tuple[str, bool]:
    """(bucket, whether encrypted) that the class of a file asks for now."""
    member = catalog.members()[record.member]
    found = class_in(records, record, file, above)
    return places.bucket(found.bucket), is_sealed(member, member.access_mode(above.access), found)


def _lies_right(records: RecordStore, places: Places, record: Record, file: dict[str, Any], above: Record) -> bool:
    return (file.get("bucket"), bool(file.get("sealed"))) == _wanted(records, places, record, file, above)


def move_file(records: RecordStore, places: Places, accession: str, name: str) -> bool:
    """Copy one file to its place, read the copy back, and let the record name it; whether there was anything to do.

    Raises CopyDiffers if the copy's bytes are others. The write fails, and is made again, if the access mode changed
    meanwhile: a record never comes to name a place that its mode does not ask for.
    """
    found = _found(records, accession, name)
    if found is None or _lies_right(records, places, *found):
        return False
    record, file, above = found
    bucket, sealed = _wanted(records, places, record, file, above)
    facts = {"sha256": file["sha256"], "md5": file["md5"], "accession": accession}
    target = places.archive(file, bucket, sealed)
    version = target.held(file["key"], file["sha256"]) if file["bucket"] != bucket else None
    if version is None:
        version = target.copy(file["key"], file.get("version_id"), file["key"], file["size_bytes"], facts)
    if target.digest(file["key"], version) != file["sha256"]:
        raise CopyDiffers(f"the copy of {accession} in another bucket has other bytes than the archived file")
    moved = {k: v for k, v in file.items() if k != "sealed"} | {"bucket": bucket, "version_id": version}
    moved |= {"sealed": True} if sealed else {}
    moved |= noted(class_in(records, record, file, above), file.get("facts") or {}) if file.get("facts") else {}
    if beside := file.get("statistics"):
        moved["statistics"] = places.with_statistics(beside, bucket)
    records.save(
        record,
        replace(record, files=[moved if one["name"] == name else one for one in record.files]),
        event="moved",
        words=f"{name} lies where the access mode {above.access} asks for; the copy was read back and is equal.",
        actor="archive",
        announce=events.FILE_MOVED,
        body={"dataset": above.accession, "file": name},
        extra=[records.unchanged_line(above)],
    )
    return True


def clear_moved(records: RecordStore, headers: HeaderStore, places: Places, accession: str, name: str) -> int:
    """Delete for good what is left of a file at former places, its former header too; how many versions there were.

    Only what the record does not name goes; again it is 0.
    """
    found = _found(records, accession, name)
    if found is None or not _lies_right(records, places, *found):
        return 0  # the mode changed again: another move comes
    file = found[1]
    gone = sum(places.clear(file["bucket"], one) for one in (file, file.get("statistics") or {}) if one.get("key"))
    headers.forget_others(file["key"], (file.get("version_id") or "") if file.get("sealed") else None)
    return gone


def check(records: RecordStore, places: Places, dataset: str) -> None:
    """FilesLeft, with how many, if a file of the dataset is not where it should be."""
    left = sum(1 for _ in misplaced(records, places, dataset))
    if left:
        raise FilesLeft(f"{left} file(s) of {dataset} do not lie where their class asks for")


def _found(records: RecordStore, accession: str, name: str) -> tuple[Record, dict[str, Any], Record] | None:
    """(record, file, dataset); None if there is no such file any more, because consent was withdrawn meanwhile."""
    record = records.get(accession)
    above = records.get(record.dataset or "") if record else None
    file = next((one for one in record.files if one["name"] == name), None) if record else None
    return (record, file, above) if record and above and file else None
