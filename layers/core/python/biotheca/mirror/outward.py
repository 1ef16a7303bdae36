"""Our samples on their way to BioSample, the mirror outwards: what may leave, what is due, what came back.

No cloud and no transport: a member with data for BioSample brings a transport and calls these from its daily run.
What leaves is a list of words in the catalog (`outward` of mirror.yaml), so that what nobody thought of stays.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from biotheca.errors import Conflict
from biotheca.publication.model import Record, Visibility


@dataclass(frozen=True)
class Allowed:
    """Types of records and words of attributes that may leave: a row of `outward`."""

    types: frozenset[str]
    attributes: tuple[str, ...]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Allowed:
        """From the catalog."""
        return cls(frozenset(row["types"]), tuple(row["attributes"]))


@dataclass(frozen=True)
class Sent:
    """What BioSample has of a sample of ours: the digest of what was sent, and BioSample's number once it is known."""

    accession: str
    digest: str
    theirs: str | None = None


@dataclass(frozen=True)
class Parcel:
    """One sample that is due. `digest` names its content, so a transport that sends it twice sends the same."""

    accession: str
    content: dict[str, Any]
    digest: str


def content_of(record: Record, allowed: Allowed) -> dict[str, Any] | None:
    """What may leave of a record; None if nothing may, for it is not public or not of a type of the list."""
    if record.visibility is not Visibility.PUBLIC or record.type not in allowed.types:
        return None
    attributes = {word: record.attributes[word] for word in allowed.attributes if record.attributes.get(word)}
    return {"accession": record.accession, "title": record.title, "attributes": attributes}


def due(records: Iterable[Record], sent: Mapping[str, Sent], allowed: Allowed) -> list[Parcel]:
    """What BioSample lacks or has in another form. Asked again after everything was noted, nothing is due."""
    parcels = []
    for record in records:
        if (content := content_of(record, allowed)) is None:
            continue
        digest = hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
        if (known := sent.get(record.accession)) is None or known.digest != digest:
            parcels.append(Parcel(record.accession, content, digest))
    return parcels


def noted(parcel: Parcel, theirs: str | None, known: Sent | None) -> Sent:
    """What is kept after BioSample's answer; the same answer again changes nothing.

    Conflict if BioSample gives a second number to a sample: numbers are permanent, and a person must look.
    """
    if known is not None and known.accession != parcel.accession:
        raise ValueError(f"{known.accession} is not {parcel.accession}")
    if known and known.theirs and theirs and theirs != known.theirs:
        raise Conflict(
            f"BioSample answers {theirs} for {parcel.accession}, which was {known.theirs} when first sent. "
            "Nothing was changed; ask BioSample which of the two stays."
        )
    kept = known or Sent(parcel.accession, parcel.digest)
    return replace(kept, digest=parcel.digest, theirs=kept.theirs or theirs)
