"""Shapes of the routes of taxonomy and of the tree of projects."""

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


class TreeShape(BaseModel):
    accession: str
    title: str
    type: str
    project_type: str
    above: list[dict[str, Any]]
    items: list[dict[str, Any]]
    next_cursor: str | None = None
