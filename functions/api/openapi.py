"""The OpenAPI 3.1 document, made from the registered routes: a path exists in one place only."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from pydantic.json_schema import models_json_schema

import biotheca
from functions.api.seam import JSON, OPERATIONS, PROBLEM, Operation
from functions.api.shapes import ProblemShape

_BYTES: dict[str, Any] = {}  # raw bytes: OpenAPI 3.1 leaves their schema empty
_WORDS = {
    204: "Nothing was found",
    302: "A redirect",
    307: "A link to where it lies, for it is too large to be sent this way",
    400: "Refused",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found, or not yours to see",
    406: "None of the media types that the request takes can be given",
    409: "Not in this state",
    410: "It was here and is gone",
    413: "The body, or what is asked for, is too large",
    415: "The body is of a kind that is not taken",
    429: "Too often",
    422: "The input breaks rules",
}


@cache
def document() -> dict[str, Any]:
    """The whole document as JSON values."""
    models = {m for op in OPERATIONS for m in (op.body, op.answer) if m} | {ProblemShape}
    ordered = sorted(models, key=lambda m: m.__name__)
    # Answers are described as validated input too: one schema per shape keeps clients' types simple.
    _, schemas = models_json_schema([(m, "validation") for m in ordered], ref_template="#/components/schemas/{model}")
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Biotheca",
            "version": biotheca.__version__,
            "description": "Submit, curate, publish, find and download. "
            "Errors are RFC 9457 problems whose `rule` is in /v1/rules.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": f"{operation.view.__module__.rsplit('.', 1)[-1]}.{operation.view.__name__}",
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": _parameters(operation),
        "responses": _responses(operation),
        "security": [{"token": []}] if operation.signed_in else [],
    }
    if operation.body:
        schema = {"$ref": f"#/components/schemas/{operation.body.__name__}"}
        content = {kind: {"schema": schema if kind == JSON else _BYTES} for kind in operation.takes}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"\{(\w+)\}", operation.path)
    ]
    query = [
        {"name": name, "in": "query", "description": words, "required": name == "q", "schema": {"type": "string"}}
        for name, words in operation.query.items()
    ]
    return path + query


def _responses(operation: Operation) -> dict[str, Any]:
    good: dict[str, Any] = {"description": operation.summary or "Done"}
    if operation.status != 204:
        schema = (
            {"$ref": f"#/components/schemas/{operation.answer.__name__}"} if operation.answer else {"type": "object"}
        )
        good["content"] = {kind: {"schema": schema if kind == JSON else _BYTES} for kind in operation.gives}
    responses = {str(operation.status): good}
    if operation.path == "/r/{accession}":
        responses = {}
    for code in operation.errors:
        content = {PROBLEM: {"schema": {"$ref": "#/components/schemas/ProblemShape"}}}
        responses[str(code)] = {"description": _WORDS[code]} | ({"content": content} if code >= 400 else {})
    return responses
