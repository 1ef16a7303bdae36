"""Fits CloudFormation properties onto the input of an API operation: letter case, numbers, booleans, JSON texts, tags.

CloudFormation and the APIs describe the same things with other spellings; the shapes come from botocore.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

log = logging.getLogger("biotheca.laptop")


def fit(value: Any, shape: Shape, renames: Mapping[str, str] | None = None, where: str = "") -> Any:
    """`value` in the spelling of `shape`. Members that the operation does not know are dropped and logged."""
    if isinstance(shape, StructureShape):
        return _structure(value, shape, renames or {}, where)
    if isinstance(shape, ListShape):
        items = value if isinstance(value, list) else [value]
        return [fit(item, shape.member, renames, where) for item in items]
    if isinstance(shape, MapShape):
        return _map(value, shape, where)
    return _scalar(value, shape.type_name)


def _structure(value: Any, shape: StructureShape, renames: Mapping[str, str], where: str) -> Any:
    if isinstance(value, str) and value.lstrip().startswith("{"):
        value = json.loads(value)
    if not isinstance(value, Mapping):
        return value
    if shape.is_document_type:
        return dict(value)
    by_lower = {name.lower(): name for name in shape.members}
    fitted = {}
    for name, member in value.items():
        target = by_lower.get(renames.get(name, name).lower())
        if target is None:
            log.debug("property not known to the API", extra={"property": f"{where}.{name}", "shape": shape.name})
            continue
        if member is not None:
            fitted[target] = fit(member, shape.members[target], renames, f"{where}.{name}")
    return fitted


def _map(value: Any, shape: MapShape, where: str) -> dict[str, Any]:
    if isinstance(value, str):
        value = json.loads(value)
    if isinstance(value, list):  # tags: CloudFormation lists pairs where some APIs take a map
        value = {pair["Key"]: pair["Value"] for pair in value}
    return {str(key): fit(member, shape.value, None, f"{where}.{key}") for key, member in value.items()}


def _scalar(value: Any, kind: str) -> Any:
    if kind == "boolean":
        return value if isinstance(value, bool) else str(value).lower() == "true"
    if kind in ("integer", "long"):
        return int(value)
    if kind in ("float", "double"):
        return float(value)
    if kind == "blob":
        return base64.b64decode(value) if isinstance(value, str) else value
    if kind == "string":
        if isinstance(value, bool):
            return str(value).lower()
        return json.dumps(value) if isinstance(value, (dict, list)) else str(value)
    return value
