"""Visas (GA4GH Passports): ours for a live grant, the keys they are checked by, and visas of other archives."""

from __future__ import annotations

from functools import cache
from typing import Any

from biotheca import catalog, clock
from biotheca.access.proofs import service
from biotheca.access.visa_keys import Keys, web_fetch
from biotheca.accounts.model import Person, Scope
from biotheca.errors import NotFound
from biotheca.settings import Settings
from functions.api.seam import Routes
from functions.api.shapes_requests import PassportBody, PassportShape, TakenVisa, VisaShape
from functions.stores import access, records, visa_ring, visas

routes = Routes(__name__, "access", changes=Scope.ACCOUNT)


@cache
def _keys() -> Keys:
    """Key sets of others, kept by this process for some minutes."""
    return Keys(web_fetch(), clock.now)


def _base() -> str:
    """The archive's public address: what its visas name as issuer. A deployment without one has no visas."""
    found = Settings().optional("public_url")
    if not found:
        raise NotFound("This archive has no public address, so it gives and takes no visas.")
    return found.rstrip("/")


@routes.on("GET", "/v1/visas/keys")
def keys() -> dict[str, Any]:
    """The public keys (JWKS, RFC 7517) by which visas of this archive are checked."""
    return service.published(visa_ring())


@routes.on(
    "GET",
    "/v1/access-grants/{request}/visa",
    signed_in=True,
    answer=VisaShape,
    errors=(401, 403, 404, 409),
    scope=Scope.ACCOUNT,
)
def visa(request: str, person: Person) -> VisaShape:
    """A visa of your live grant, for other archives and tools; it lives for an hour at most."""
    made = service.give(access(), visas(), visa_ring(), person, request, _base())
    return VisaShape(visa=made, longest_s=int(catalog.visas()["ours"]["longest_s"]))


@routes.on("POST", "/v1/me/passport", signed_in=True, body=PassportBody, answer=PassportShape, errors=(401, 403, 422))
def present(body: PassportBody, person: Person) -> PassportShape:
    """Show visas of other archives: those that are taken open their datasets to you for an hour at most."""
    base = Settings().optional("public_url") or ""
    done = service.present(visas(), records(), _keys(), person, body.ga4gh_passport_v1, base, [Settings().token_issuer])
    taken = [TakenVisa(dataset=one.dataset, issuer=one.issuer, ends_at=one.ends_at) for one in done.taken]
    return PassportShape(items=taken, refused=[one.as_dict() for one in done.refused])
