"""Visas over HTTP: ours, checked by somebody who has the key set alone; of others none is trusted as delivered."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest

from local.stack import Stack
from tests.journeys.asking import Controlled, controlled_dataset, granted, told
from tests.journeys.conftest import Person, eventually, newcomer

Aws = Callable[[str], Any]


@pytest.fixture(scope="module")
def data(ana: Person, chen: Person) -> Controlled:
    return controlled_dataset(ana, chen, seeds=(681,))


def test_a_grant_gives_a_visa_that_a_stranger_checks_with_the_key_set(
    ana: Person, li: Person, stack: Stack, nobody: Person, data: Controlled
) -> None:
    wang = newcomer(stack, nobody)
    number = granted(wang, ana, data.dataset)
    place = f"/v1/access-grants/{number}/visa"
    eventually(lambda: wang.call("GET", place).status_code == 200)  # the first request of all makes the key
    visa = wang.get(place)["visa"]
    published = jwt.PyJWKSet.from_dict(nobody.get("/v1/visas/keys"))
    key = published[jwt.get_unverified_header(visa)["kid"]]
    claims = jwt.decode(visa, key, algorithms=["ES256"], options={"verify_exp": False, "verify_iat": False})
    assert claims["sub"] == wang.get("/v1/me")["subject"] and 0 < claims["exp"] - claims["iat"] <= 3600
    assert claims["ga4gh_visa_v1"]["type"] == "ControlledAccessGrants"
    assert claims["ga4gh_visa_v1"]["value"].endswith(f"/r/{data.dataset}")
    assert claims["iss"] + "/v1/visas/keys" == jwt.get_unverified_header(visa)["jku"]
    for stranger in (li, ana):
        unknown = told(stranger.call("GET", "/v1/access-grants/HREQ999999/visa"), "HREQ999999")
        assert told(stranger.call("GET", place), number) == unknown and unknown[0] == 404
    made = wang.post("/v1/me/tokens", {"label": "pipeline", "scopes": ["read"]})
    pipeline = Person(nobody.url, "a program of the holder")
    pipeline.session.headers["Authorization"] = f"Bearer {made['token']}"
    assert pipeline.call("GET", place).status_code == 403

    ana.post(f"/v1/access-grants/{number}/revoke", {"reason": "The test wants it."})
    assert wang.call("GET", place).status_code == 409
    before = told(wang.call("GET", f"{data.files}/{data.name(ana)}"))
    shown = wang.post("/v1/me/passport", {"ga4gh_passport_v1": [visa, "junk"]})  # we do not trust even ourselves
    assert shown["items"] == [] and [f["rule"] for f in shown["refused"]] == ["access.visa_refused"] * 2
    assert told(wang.call("GET", f"{data.files}/{data.name(ana)}")) == before and before[0] == 404


def test_too_many_and_too_large_passports_are_refused(stack: Stack, nobody: Person) -> None:
    wang = newcomer(stack, nobody)
    many = wang.call("POST", "/v1/me/passport", json={"ga4gh_passport_v1": ["x.y.z"] * 201})
    assert many.status_code == 422 and many.json()["findings"][0]["rule"] == "visas.too_many"
    large = wang.call("POST", "/v1/me/passport", data=json.dumps({"ga4gh_passport_v1": ["x" * 4_600_000]}))
    assert large.status_code in (413, 415)
