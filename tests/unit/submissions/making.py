"""Small documents for tests of rules."""

from __future__ import annotations

import copy
from typing import Any

from tests.journeys.conftest import document

COMMON = {
    "title": "A sample",
    "organism": "Escherichia coli",
    "taxon_id": 562,
    "description": "Grown overnight",
    "collection_date": "2026-03-01",
    "geographic_location": "China: Beijing",
}


def good() -> dict[str, Any]:
    """A complete document of one paired run."""
    return copy.deepcopy(document([("a_1.fq.gz", b"1"), ("a_2.fq.gz", b"2")]))


def changed(path: str, value: Any, base: dict[str, Any] | None = None) -> dict[str, Any]:
    """The good document with one value changed; None removes it."""
    made = copy.deepcopy(base) if base is not None else good()
    where: Any = made
    *way, last = path.split("/")
    for step in way:
        where = where[int(step)] if isinstance(where, list) else where[step]
    key: Any = int(last) if isinstance(where, list) else last
    if value is None:
        del where[key]
    else:
        where[key] = value
    return made


def project(alias: str, **more: Any) -> dict[str, Any]:
    """A project that says what it must."""
    made = {
        "alias": alias,
        "title": f"Project {alias}",
        "description": "Written for a test of the rules.",
        "relevance": "Other",
        "data_types": ["Raw sequence reads"],
        "sample_scope": "Monoisolate",
        "organisms": [{"taxon_id": 562, "organism": "Escherichia coli"}],
    }
    return made | more
