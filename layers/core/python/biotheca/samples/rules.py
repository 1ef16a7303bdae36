"""What may leave of a sample to BioSample, by the list in catalog/outward.yaml. Pure.

What leaves is made from the list alone: nothing of a record is copied and then cut, so a field that a template gains
later stays where it is until somebody writes it into the list.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from biotheca.publication.model import Record

# Of these the accession itself may be read, beside attributes.
_OF_RECORD = ("accession",)


@dataclass(frozen=True)
class Outward:
    """One way out: from which member's records to which registry, and what each template gives."""

    id: str
    member: str
    type: str
    above: str
    to_member: str
    to_type: str
    by: str
    rows: Mapping[str, Mapping[str, Mapping[str, Any]]]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Outward:
        """From the catalog."""
        start, end = row["from"], row["to"]
        ways = (start["member"], start["type"], start["above"], end["member"], end["type"])
        return cls(row["id"], *ways, row["by"], row["rows"])


def content_of(way: Outward, sample: Record, above: Record | None) -> dict[str, Any] | None:
    """The attributes of the BioSample of a sample, in the fields of that registry; None for a template without a row.

    Only public attributes are read: what is sensitive lies elsewhere in a record (publication.model).
    """
    read = {way.type: sample, way.above: above}
    row = way.rows.get(str(_value(read, way.by)))
    if row is None:
        return None
    content: dict[str, Any] = {"title": sample.title}
    if sample.attributes.get("description"):
        content["description"] = sample.attributes["description"]
    for name, said in row.items():
        if (value := _said(read, said)) not in (None, ""):
            content[name] = value
    return content


def _said(read: Mapping[str, Record | None], said: Mapping[str, Any]) -> Any:
    if "is" in said:
        return said["is"]
    if "case" in said:
        return said["of"].get(_value(read, said["case"]), said.get("else"))
    if "join" in said:
        parts = [_value(read, place) for place in said["join"]]
        whole = all(part not in (None, "") for part in parts)
        plain = [f"{part:g}" if isinstance(part, float) else str(part) for part in parts]
        # A reporting term stands alone: "not collected not collected" says no more.
        return (parts[0] if len(set(plain)) == 1 else " ".join(plain)) if whole else said.get("else")
    found = (_value(read, place) for place in said["from"])
    return next((value for value in found if value not in (None, "")), said.get("else"))


def _value(read: Mapping[str, Record | None], place: str) -> Any:
    """What a place such as `individual.gender` holds."""
    owner, _, name = place.partition(".")
    record = read[owner]
    if record is None:
        return None
    return getattr(record, name) if name in _OF_RECORD else record.attributes.get(name)


def linked(content: Mapping[str, Any], sample: Record, study_url: str, access: str) -> dict[str, Any]:
    """Content with where it comes from: the sample's number, the study's address, whether access is controlled."""
    link = {"database": "study", "accession": sample.dataset, "url": study_url}
    came = {"source sample": sample.accession, "controlled access": "no" if access == "open" else "yes"}
    return {**content, "external_links": [link], "attributes": came}


def digest_of(content: Mapping[str, Any], visibility: str) -> str:
    """Equal for equal content and visibility: what was sent with this digest is not due again."""
    text = json.dumps([content, visibility], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
