"""The JSON shapes of the mirror's sequence files."""

from __future__ import annotations

from pydantic import BaseModel


class Reason(BaseModel):
    rule: str
    message: str | None


class FileHad(BaseModel):
    """Where one file can be had now. `url` (valid for `valid_s` seconds) leads to our proved copy, if there is one."""

    name: str
    state: str
    size_bytes: int | None
    md5: str | None
    md5_from: str | None
    semantic_name: str
    references: list[dict[str, str]]
    url: str | None
    valid_s: int | None
    level: str | None
    verified_at: str | None
    reason: Reason | None


class FilesHad(BaseModel):
    accession: str
    status: str
    files: list[FileHad]


class FileState(BaseModel):
    name: str
    state: str


class CopyAsked(BaseModel):
    """`requested`: files that wait since this call; 0 if all did, or are here, before."""

    accession: str
    requested: int
    files: list[FileState]


class StateTotal(BaseModel):
    state: str
    files: int
    size_bytes: int


class CostTold(BaseModel):
    """Modelled from list prices of the month `as_of`, US dollars: what copying all that is known would cost."""

    as_of: str
    requests: int
    copy_usd: float
    verify_usd: float
    monthly_usd: dict[str, float]


class Totals(BaseModel):
    states: list[StateTotal]
    files: int
    size_bytes: int
    policy: str
    all_would_cost: CostTold
