"""Athena's workgroups as data: who queries, and what one query may read. infra.stacks.lake makes them."""

from __future__ import annotations

from dataclasses import dataclass

GIB = 1024**3


@dataclass(frozen=True)
class Workgroup:
    """Who queries, and the bytes that one query may read before Athena ends it."""

    name: str
    most_bytes: int
    says: str


# At list price 200 GiB are about one US dollar. Athena refuses caps below 10 MB.
WORKGROUPS = (
    Workgroup("analysts", 200 * GIB, "Queries of analysts"),
    Workgroup("curators", 50 * GIB, "Curators look up what is public and what the mirror says"),
    Workgroup("operators", 1024 * GIB, "Operators compare whole tables: reconciliation, counts, repairs"),
    Workgroup("exports", 2 * GIB, "What the archive itself asks for the public: saved lists and exports"),
)
