"""What programs need to know of the archive itself: members, rules, vocabularies, the OpenAPI document, health."""

from __future__ import annotations

from typing import Any

from chalice import Response

import biotheca
from biotheca import catalog, clock
from biotheca.errors import NotFound
from functions.api.openapi import document
from functions.api.seam import Routes

routes = Routes(__name__, "reference")


@routes.on("GET", "/v1/health")
def health() -> dict[str, Any]:
    """Whether the API answers, and its version."""
    return {"status": "ok", "version": biotheca.__version__, "time": clock.stamp()}


@routes.on("GET", "/v1/members")
def members() -> dict[str, Any]:
    """The member databases, their object types and fields, as the catalog has them."""
    return {"items": [_member(m) for m in catalog.members().values()], "next_cursor": None}


def _member(member: catalog.Member) -> dict[str, Any]:
    return {
        "id": member.id,
        "title": member.title,
        "purpose": member.purpose,
        "access_modes": list(member.access_modes),
        "dataset": member.dataset,
        "objects": [
            {
                "type": kind.type,
                "section": kind.section,
                "many": kind.many,
                "title": kind.title,
                "files": kind.files,
                "fields": [_field(spec) for spec in kind.fields.values()],
            }
            for kind in member.objects
        ],
    }


def _field(spec: catalog.Field) -> dict[str, Any]:
    shown = {
        "name": spec.name,
        "kind": spec.kind,
        "required": spec.required,
        "min": spec.min,
        "max": spec.max,
        "to": spec.to,
    }
    if spec.vocabulary:
        shown |= {"vocabulary": spec.vocabulary, "terms": list(catalog.vocabulary(spec.vocabulary))}
    return {k: v for k, v in shown.items() if v is not None}


@routes.on("GET", "/v1/rules")
def rules() -> dict[str, Any]:
    """Every rule with severity, message and how to mend, in English and Chinese."""
    return {"items": [{"id": name, **row} for name, row in sorted(catalog.rules().items())], "next_cursor": None}


@routes.on("GET", "/v1/rules/{rule}", errors=(404,))
def rule(rule: str) -> dict[str, Any]:
    """One rule."""
    if rule not in catalog.rules():
        raise NotFound(f"There is no rule {rule[:60]!r}; see /v1/rules.")
    return {"id": rule, **catalog.rules()[rule]}


@routes.on("GET", "/v1/openapi.json")
def openapi() -> Response:
    """This API as OpenAPI 3.1, made from the routes."""
    return Response(document(), headers={"Content-Type": "application/json"})
