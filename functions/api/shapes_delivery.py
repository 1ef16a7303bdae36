"""The JSON shapes of public keys and of headers of encrypted files."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, StringConstraints

from functions.api.shapes import Shape


class PublicKeyBody(Shape):
    """`public_key` is the text of a .pub file, as `biotheca keygen` makes it."""

    public_key: Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class PublicKeyShape(BaseModel):
    """`public_key`: 32 bytes in Base64; `key_id`: the beginning of its SHA-256."""

    public_key: str
    key_id: str
    registered_at: str


class HeaderShape(BaseModel):
    """`header` in Base64, to be put before the body; size and SHA-256 are of the plain file."""

    name: str
    header: str
    key_id: str
    size_bytes: int
    sha256: str
