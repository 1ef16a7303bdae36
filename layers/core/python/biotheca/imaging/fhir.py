"""A released study as a FHIR R4 ImagingStudy, which a clinical system reads. Source: hl7.org/fhir/R4/imagingstudy.html.

Days are the moved days of the de-identification; the subject is a pseudonym and points into this archive.
"""

from __future__ import annotations

from typing import Any

from biotheca.accounts.model import Person
from biotheca.errors import NotFound
from biotheca.publication.model import Record
from biotheca.publication.service import seen, visible
from biotheca.publication.store import RecordStore

MEDIA_TYPE = "application/fhir+json"
STUDY, SERIES, IMAGE, INDIVIDUAL = "imaging_study", "series", "image", "imaged_individual"
MOST_IMAGES = 5_000  # told one by one; of a larger study only their count, which the standard allows
_DICOM = "http://dicom.nema.org/resources/ontology/DCM"
_URI = "urn:ietf:rfc:3986"
_SIDES = {"L": ("7771000", "Left"), "R": ("24028007", "Right"), "B": ("51440002", "Right and left")}  # SNOMED CT


def study(records: RecordStore, person: Person | None, accession: str) -> dict[str, Any]:
    """The resource of a study that the reader may see, with those of its series and images that they may see.

    NotFound, as if there were none, otherwise and for what is no study; Withdrawn as `visible`.
    """
    record = visible(records, person, accession)
    if record.type != STUDY:
        raise NotFound(f"There is no public imaging study {accession.strip()[:60]!r}.")
    inside = seen(records, person, record.links.get(SERIES, ()))
    told = sum(len(series.links.get(IMAGE, ())) for series in inside) <= MOST_IMAGES
    return resource(
        record, [(series, seen(records, person, series.links.get(IMAGE, ())) if told else []) for series in inside]
    )


def resource(record: Record, inside: list[tuple[Record, list[Record]]]) -> dict[str, Any]:
    """The resource of a study's record and of (series, images) inside it. Pure."""
    said = record.attributes
    made: dict[str, Any] = {
        "resourceType": "ImagingStudy",
        "id": record.accession,
        "identifier": [{"system": "urn:dicom:uid", "value": f"urn:oid:{said['study_uid']}"}],
        "status": "available",
        "modality": [_modality(code) for code in said.get("modalities") or ()],
        "subject": {"reference": f"Patient/{next(iter(record.links.get(INDIVIDUAL, ())), 'unknown')}"},
        "started": _day(said.get("study_date")),
        "description": _text(said.get("study_description")),
        "numberOfSeries": len(inside),
        "numberOfInstances": sum(len(images) or series.attributes.get("images", 0) for series, images in inside),
        "series": [_series(series, images) for series, images in inside],
    }
    return _told(made)


def _series(record: Record, images: list[Record]) -> dict[str, Any]:
    said = record.attributes
    part, side = _text(said.get("body_part")), _SIDES.get(str(said.get("laterality")))
    return _told(
        {
            "uid": said["series_uid"],
            "modality": _modality(said.get("modality") or "OT"),
            "description": _text(said.get("series_description")),
            "bodySite": {"display": part} if part else None,
            "laterality": {"system": "http://snomed.info/sct", "code": side[0], "display": side[1]} if side else None,
            "numberOfInstances": len(images) or said.get("images"),
            "instance": [_instance(image) for image in images],
        }
    )


def _instance(record: Record) -> dict[str, Any]:
    said = record.attributes
    sop_class = {"system": _URI, "code": f"urn:oid:{said['sop_class']}"}
    return _told({"uid": said["sop_uid"], "sopClass": sop_class, "number": said.get("number")})


def _modality(code: str) -> dict[str, str]:
    return {"system": _DICOM, "code": code}


def _day(date: str | None) -> str | None:
    """A day of DICOM (PS3.5 DA) as FHIR writes it."""
    return f"{date[:4]}-{date[4:6]}-{date[6:8]}" if date and len(date) == 8 and date.isdigit() else None


def _text(value: str | None) -> str:
    """As FHIR takes a string: no control character, no blank at an end."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in value or "").split())


def _told(fields: dict[str, Any]) -> dict[str, Any]:
    """What has a value: FHIR knows no empty one."""
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}
