"""What both ways share: elements by object type, how values become texts, terms that the schema lacks."""

from __future__ import annotations

import json
from typing import Any

from biotheca import catalog
from biotheca.catalog import Field, ObjectType

# Object type -> (set, element). The attributes of an element are called after it.
ELEMENTS = {
    "project": ("PROJECT_SET", "PROJECT"),
    "study": ("STUDY_SET", "STUDY"),
    "sample": ("SAMPLE_SET", "SAMPLE"),
    "experiment": ("EXPERIMENT_SET", "EXPERIMENT"),
    "run": ("RUN_SET", "RUN"),
    "submission": ("SUBMISSION_SET", "SUBMISSION"),
}
NOT_GIVEN = "not given"  # a study type that nobody gave; the schema demands one
# Names that other archives give to fields of ours.
OTHER_NAMES = {
    "geo_loc_name": "geographic_location",
    "geographic_location_(country_and/or_sea)": "geographic_location",
    "latitude_and_longitude": "lat_lon",
    "isolation-source": "isolation_source",
    "dev_stage": "developmental_stage",
    "host_health_status": "host_health_state",
    "collection-date": "collection_date",
}


def to_text(value: Any) -> str:
    """A value as the text of an attribute: lists and objects as JSON, numbers as digits."""
    if isinstance(value, str):
        return value.replace("\r\n", "\n").replace("\r", "\n").strip()
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def from_text(spec: Field, text: str) -> Any:
    """The value that a field means by a text; the text itself where it is of another kind (the checks then say so)."""
    if spec.multiple or spec.kind == "items":
        try:
            value = json.loads(text)
        except ValueError:
            return [text]
        return value if isinstance(value, list) else [text]
    if spec.kind in ("integer", "taxon") and text.isascii() and text.isdigit() and len(text) < 19:
        return int(text)
    if spec.kind == "decimal":
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def field_of(kind: ObjectType, tag: str) -> Field | None:
    """The field that a tag names, if it names one."""
    name = "_".join(tag.strip().split()).casefold()
    return kind.fields.get(OTHER_NAMES.get(name, name))


def stand_in(platform: str, model: str) -> tuple[str, str]:
    """The platform and model that the schema knows in place of these; the true ones then go into attributes."""
    lacking = catalog.lacking_in_sra_xml()
    if platform in lacking["platforms"]:
        return lacking["platforms"][platform], "unspecified"
    return (platform, "unspecified") if model in lacking["models"] else (platform, model)


def file_type_in_place_of(file_type: str) -> str:
    """The type that the schema knows in place of this; the true one then goes into an attribute."""
    kind: str = catalog.lacking_in_sra_xml()["file_types"].get(file_type, file_type)
    return kind
