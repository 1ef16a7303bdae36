"""Bodies and answers of the routes for many small files and for programs of S3."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from functions.api.shapes import Shape


class SmallFile(Shape):
    file_id: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    size_bytes: Annotated[int, Field(gt=0, le=5 * 2**30)]
    sha256: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]{43}=$")]


class SmallFiles(Shape):
    files: Annotated[list[SmallFile], Field(min_length=1, max_length=100)]


class KeysShape(BaseModel):
    """Keys that S3 takes for an hour. Keep them as a password; `commands` read them from the environment."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    expires_at: str
    bucket: str
    prefix: str
    region: str
    endpoint_url: str | None
    commands: dict[str, str]
