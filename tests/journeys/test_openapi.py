"""R163: the served OpenAPI 3.1 document is valid, and random requests made from it get documented answers."""

from __future__ import annotations

from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from openapi_spec_validator import validate
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

import functions.api.app
from functions.api.openapi import document
from functions.api.seam import OPERATIONS
from local.stack import Stack
from tests.journeys.conftest import Person, newcomer

assert functions.api.app.app
CHECKS = (not_a_server_error, content_type_conformance, response_schema_conformance, status_code_conformance)


@schemathesis.serializer("multipart/related")
def _parts(context: Any, value: Any) -> bytes:
    """A body of instances of images (STOW-RS) that holds what was made up."""
    return b"--x\r\n\r\n" + str(value).encode() + b"\r\n--x--"


schema = schemathesis.openapi.from_dict(document())
# A method that a path does not have is the gateway's matter (404, see test_front), not the operation's.
# It would end the session of all that follow; test_accounts calls it.
schema = schema.exclude(method="POST", path="/v1/sign-out")
schema.config.phases.coverage.unexpected_methods = set()


def test_the_served_document_is_openapi_3_1_and_names_every_route(nobody: Person) -> None:
    served = nobody.get("/v1/openapi.json")
    validate(served)
    assert served == document() and served["openapi"].startswith("3.1")
    assert {(m.upper(), p) for p, ms in served["paths"].items() for m in ms} == {(o.method, o.path) for o in OPERATIONS}


@pytest.fixture(scope="module")
def caller(stack: Stack) -> Person:
    """Somebody whose account random requests may change."""
    return newcomer(stack, Person(stack.front_url, ""))


@schema.parametrize()
@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_random_requests_get_documented_answers(case: Any, stack: Stack, caller: Person) -> None:
    token = {"Authorization": str(caller.session.headers["Authorization"])}
    answer = case.call(base_url=stack.front_url, headers=token, session=requests.Session(), allow_redirects=False)
    case.validate_response(answer, checks=CHECKS)
