"""What programs need to know of the archive itself: members, rules, vocabularies, the OpenAPI document, health."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
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
    """Whether the API answers, its version and that of its catalog."""
    return {
        "status": "ok",
        "version": biotheca.__version__,
        "catalog_version": catalog.version(),
        "time": clock.stamp(),
    }


@routes.on("GET", "/v1/members")
def members() -> dict[str, Any]:
    """The member databases, their object types and fields, as the catalog has them."""
    return {
        "items": _members(),
        "next_cursor": None,
        "version": catalog.version(),
    }


@cache
def _members() -> list[dict[str, Any]]:
    # A process has one catalog.
    return [_member(m) for m in catalog.members().values()]


def _member(member: catalog.Member) -> dict[str, Any]:
    return {
        "id": member.id,
        "title": member.title,
        "purpose": member.purpose,
        "access_modes": list(member.access_modes),
        "dataset": member.dataset,
        "review": member.review,
        "has_files": member.has_files,
        "request_form": member.request_form,
        "one_click": member.one_click,
        "refuses_taxa": {str(taxon): target for taxon, target in member.refuses_taxa.items()},
        "refuses_packages": member.refuses_packages,
        "objects": [_object(kind) for kind in member.objects],
    }


def _object(kind: catalog.ObjectType) -> dict[str, Any]:
    shown = {
        "type": kind.type,
        "section": kind.section,
        "many": kind.many,
        "optional": kind.optional,
        "title": kind.title,
        "files": kind.files,
        "package_field": kind.package_field,
        "packages": [_package(package) for package in kind.packages.values()],
        "fields": [field(spec) for spec in kind.fields.values()],
    }
    return {k: v for k, v in shown.items() if v not in (None, [])} | {"files": kind.files}


def _package(package: catalog.Package) -> dict[str, Any]:
    return asdict(package)


def field(spec: catalog.Field) -> dict[str, Any]:
    """A field as forms and workbooks need it; what it does not say is left out, `required` stays."""
    shown = {k: v for k, v in asdict(spec).items() if v not in (None, "", False, {}, [])}
    shown["required"] = spec.required
    if spec.fields:
        shown["fields"] = [field(inner) for inner in spec.fields.values()]
    if spec.vocabulary:
        shown["terms"] = list(catalog.vocabulary(spec.vocabulary))
        shown |= {"terms_within": within} if (within := catalog.terms_within(spec.vocabulary)) else {}
        shown |= {"aliases": aliases} if (aliases := catalog.aliases(spec.vocabulary)) else {}
    if spec.missing:
        shown["missing_terms"] = sorted(catalog.missing_terms())
    return shown


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
