"""The front stands in for API Gateway: matching, authorizers, events, limits, and the laptop's own pages."""

from __future__ import annotations

import http.client
import json
from typing import Any

import pytest
import requests

from tests.local.conftest import Cloud


def url(cloud: Cloud, path: str) -> str:
    return cloud.laptop.front_url + path


def test_a_literal_part_wins_over_a_parameter(cloud: Cloud) -> None:
    special = requests.get(url(cloud, "/v1/things/special")).json()
    assert (special["resource"], special["pathParameters"]) == ("/v1/things/special", None)
    thing = requests.get(url(cloud, "/v1/things/x")).json()
    assert (thing["resource"], thing["pathParameters"]) == ("/v1/things/{thing}", {"thing": "x"})
    rest = requests.delete(url(cloud, "/v1/other/a/b")).json()
    assert rest["pathParameters"] == {"rest": "other/a/b"}


def test_the_event_is_that_of_a_rest_api(cloud: Cloud) -> None:
    answer = requests.get(url(cloud, "/v1/things/a%2Fb%20c?x=1&x=2&y=%C3%A4"), headers={"X-One": "1"})
    event = answer.json()
    assert event["pathParameters"] == {"thing": "a%2Fb%20c"}  # undecoded, as AWS sends it
    assert event["queryStringParameters"] == {"x": "2", "y": "ä"}
    assert event["multiValueQueryStringParameters"]["x"] == ["1", "2"]
    assert event["headers"]["X-One"] == "1"
    assert event["multiValueHeaders"]["X-One"] == ["1"]
    context = event["requestContext"]
    assert context["resourcePath"] == "/v1/things/{thing}"
    assert (context["stage"], context["httpMethod"]) == ("prod", "GET")
    assert context["identity"]["sourceIp"] == "127.0.0.1"
    assert context["requestId"] == answer.headers["x-amzn-RequestId"]
    assert event["body"] is None


def test_the_proxy_answer_becomes_http(cloud: Cloud) -> None:
    answer = requests.get(url(cloud, "/v1/things/x"))
    assert answer.status_code == 201
    assert answer.headers["X-Seen"] == "yes"
    assert answer.raw.headers.getlist("Set-Cookie") == ["a=1", "b=2"]


def test_binary_bodies_travel_in_base64(cloud: Cloud) -> None:
    data = bytes(range(256))
    event = requests.put(url(cloud, "/v1/b"), data=data, headers={"Content-Type": "application/octet-stream"}).json()
    assert event["isBase64Encoded"] is True
    text = requests.put(url(cloud, "/v1/b"), data="plain", headers={"Content-Type": "text/plain"}).json()
    assert (text["isBase64Encoded"], text["body"]) == (False, "plain")


def test_a_guarded_method_asks_the_authorizer(cloud: Cloud) -> None:
    def post(token: str | None) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return requests.post(url(cloud, "/v1/things"), json={}, headers=headers)

    assert post(None).status_code == 401
    assert post(None).json() == {"message": "Unauthorized"}
    assert post("nonsense").status_code == 401
    refused = post("stranger")
    assert refused.status_code == 403
    assert "explicit deny" in refused.json()["message"]
    friend = post("friend")
    assert friend.status_code == 201
    authorizer = friend.json()["requestContext"]["authorizer"]
    assert authorizer["subject"] == "friend"
    assert (authorizer["number"], authorizer["flag"], authorizer["principalId"]) == ("7", "true", "friend")


def test_the_authorizers_answer_is_remembered_for_its_time(cloud: Cloud) -> None:
    log = cloud.laptop.logs.log(f"lambda/{cloud.out('Authorizer')}")

    def calls() -> int:
        return sum(line.text.startswith("START") for line in log.lines())

    cloud.laptop.front._authorizers.forget()
    before = calls()
    for _ in range(3):
        requests.post(url(cloud, "/v1/things"), json={}, headers={"Authorization": "Bearer friend"})
    assert calls() == before + 1
    from datetime import timedelta

    cloud.laptop.clock.advance(timedelta(seconds=61))
    try:
        requests.post(url(cloud, "/v1/things"), json={}, headers={"Authorization": "Bearer friend"})
        assert calls() == before + 2
    finally:
        cloud.laptop.clock.reset()


def test_an_unknown_route_is_answered_as_configured(cloud: Cloud) -> None:
    for method, path in (("GET", "/nowhere"), ("DELETE", "/v1/things/x/y/../z"), ("PATCH", "/v1/things")):
        answer = requests.request(method, url(cloud, path))
        if answer.status_code == 403:
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert answer.json() == {"status": 403, "title": "Missing Authentication Token"}
    assert requests.get(url(cloud, "/nowhere")).status_code == 403


def test_a_malformed_answer_is_a_502(cloud: Cloud) -> None:
    answer = requests.get(url(cloud, "/v1/things/broken"))
    assert (answer.status_code, answer.json()) == (502, {"message": "Internal server error"})


def test_a_mock_integration_answers_preflights(cloud: Cloud) -> None:
    answer = requests.options(url(cloud, "/v1/things"))
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (204, "*")


def test_a_body_over_10_megabytes_is_refused_unread(cloud: Cloud) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", cloud.laptop.front._server.port)
    connection.putrequest("PUT", "/v1/b")
    connection.putheader("Content-Length", str(10 * 1024 * 1024 + 1))
    connection.endheaders()
    assert connection.getresponse().status == 413


def test_connections_are_kept_alive(cloud: Cloud) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", cloud.laptop.front._server.port)
    for _ in range(3):
        connection.request("GET", "/v1/things/x")
        answer = connection.getresponse()
        answer.read()
        assert not answer.will_close
    connection.close()


def test_the_portal_is_served_at_the_root_and_nothing_outside_it(cloud: Cloud) -> None:
    assert requests.get(url(cloud, "/")).text == "<h1>portal</h1>"
    connection = http.client.HTTPConnection("127.0.0.1", cloud.laptop.front._server.port)
    connection.request("GET", "/../state/aws-config")
    assert connection.getresponse().status == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "evil.example"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://localhost:1"}, 200),
    ],
)
def test_local_pages_answer_only_this_machine(cloud: Cloud, headers: dict[str, str], status: int) -> None:
    assert requests.get(url(cloud, "/_local/"), headers=headers).status_code == status


def test_a_local_page_can_be_added_and_changes_only_by_json(cloud: Cloud) -> None:
    got: list[Any] = []
    cloud.laptop.front.pages.register("probe", lambda request: got.append(request.fields) or {"ok": request.rest})
    assert requests.get(url(cloud, "/_local/probe/below")).json() == {"ok": "below"}
    assert requests.post(url(cloud, "/_local/probe"), data="a=1").status_code == 403
    assert requests.post(url(cloud, "/_local/probe"), json={"a": 1}).status_code == 200
    assert got[-1] == {"a": 1}
    missing = requests.get(url(cloud, "/_local/nothing"))
    assert missing.status_code == 404
    assert "probe" in json.loads(missing.text)["pages"]
