"""Released images by their UIDs, as DICOMweb asks for them (PS3.18 section 10). Who may read: publication.service."""

from __future__ import annotations

import gzip
from typing import Any

from biotheca.accounts.model import Person
from biotheca.deidentification.store import archived
from biotheca.errors import NotFound
from biotheca.publication import rules
from biotheca.publication.access import Grants
from biotheca.publication.service import permitted
from biotheca.publication.store import RecordStore

_METADATA = "_metadata.json.gz"


def series_metadata(
    records: RecordStore, person: Person | None, study_uid: str, series_uid: str, grants: Grants | None = None
) -> bytes:
    """The metadata of all instances of a series, DICOM JSON compressed by gzip, as it was made with the series.

    NotFound if there is none that the person may see; raises as `permitted` does where its files are not open.
    """
    record_of, found = _series(records, study_uid, series_uid)
    _, file = permitted(records, person, record_of, found, grants)
    return archived(file)


def plain(document: bytes) -> bytes:
    """A document of `series_metadata` as JSON, for who takes no gzip."""
    return gzip.decompress(document)


def _series(records: RecordStore, study_uid: str, series_uid: str) -> tuple[str, str]:
    """(accession, name of the metadata's file) of the series that bears a UID within a study."""
    for row in records.named(rules.uid_name(series_uid), 10)[0]:
        record = records.get(row["accession"])
        above = _study(records, record.links) if record else None
        if record and above == study_uid:
            return record.accession, record.accession + _METADATA
    raise NotFound(f"There is no public series {series_uid[:64]!r} in study {study_uid[:64]!r}.")


def _study(records: RecordStore, links: dict[str, list[str]]) -> str | None:
    """The UID of the study that a series lies in."""
    above: list[Any] = [records.get(accession) for accession in links.get("imaging_study", [])]
    return next((str(one.attributes.get("study_uid")) for one in above if one), None)
