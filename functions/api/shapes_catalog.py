"""Shapes of the routes of taxonomy."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


class TaxonShape(BaseModel):
    taxon_id: int
    name: str
    rank: str
    common_name: str
    other_names: list[str]
    parent: int
    lineage: list[dict[str, Any]]
