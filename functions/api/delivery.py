"""Encrypted files: the reader's public key, and headers made for it. The body goes by the link of a download."""

from __future__ import annotations

from biotheca.accounts.model import Person, Scope
from biotheca.delivery import service
from functions.api.seam import Routes
from functions.api.shapes_delivery import HeaderShape, PublicKeyBody, PublicKeyShape
from functions.stores import grants, headers, records, ring

routes = Routes(__name__, "delivery", changes=Scope.ACCOUNT)


@routes.on("GET", "/v1/me/public-key", signed_in=True, answer=PublicKeyShape, errors=(401, 403, 409))
def show_key(person: Person) -> PublicKeyShape:
    """Your registered Crypt4GH public key."""
    return PublicKeyShape(**service.registered(headers(), person))


@routes.on(
    "PUT", "/v1/me/public-key", signed_in=True, body=PublicKeyBody, answer=PublicKeyShape, errors=(401, 403, 422)
)
def register_key(person: Person, body: PublicKeyBody) -> PublicKeyShape:
    """Register your Crypt4GH public key in place of the former one; headers are made for it from now on."""
    return PublicKeyShape(**service.register(headers(), person, body.public_key))


@routes.on(
    "GET",
    "/v1/records/{accession}/files/{name}/header",
    signed_in=True,
    answer=HeaderShape,
    errors=(401, 403, 404, 409, 410),
)
def header(person: Person, accession: str, name: str) -> HeaderShape:
    """A fresh Crypt4GH header of an encrypted file for your registered key, if you may have the file."""
    return HeaderShape(**service.header(records(), headers(), ring(), person, accession, name, grants()))
