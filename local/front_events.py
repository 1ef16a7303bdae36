"""The REST API (v1) proxy event of a request, and the HTTP response of a proxy answer.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

from __future__ import annotations

import base64
import json
import time
from typing import Any
from urllib.parse import parse_qsl

from local.front_routes import Match, Routes
from local.http_server import Request, Response
from local.surroundings import ACCOUNT


class MalformedAnswer(ValueError):
    """A function answered something that API Gateway cannot turn into HTTP."""


def proxy_event(
    request: Request, routes: Routes, match: Match, request_id: str, authorizer: dict[str, Any] | None
) -> dict[str, Any]:
    single, multiple = _headers(request)
    query = parse_qsl(request.query, keep_blank_values=True)
    query_lists: dict[str, list[str]] = {}
    for name, value in query:
        query_lists.setdefault(name, []).append(value)
    binary = bool(request.body) and routes.is_binary(request.header("Content-Type"))
    body: str | None = None
    if request.body:
        body = base64.b64encode(request.body).decode() if binary else request.body.decode(errors="replace")
    return {
        "resource": match.node.path,
        "path": request.path,
        "httpMethod": request.method,
        "headers": single,
        "multiValueHeaders": multiple,
        "queryStringParameters": dict(query) or None,
        "multiValueQueryStringParameters": query_lists or None,
        "pathParameters": match.parameters or None,
        "stageVariables": routes.variables or None,
        "requestContext": _context(request, routes, match, request_id, authorizer),
        "body": body,
        "isBase64Encoded": binary,
    }


def _headers(request: Request) -> tuple[dict[str, str], dict[str, list[str]]]:
    host = request.header("Host") or "localhost"
    added = [
        ("X-Forwarded-For", request.client),
        ("X-Forwarded-Port", host.rpartition(":")[2] if ":" in host else "80"),
        ("X-Forwarded-Proto", "http"),
    ]
    single: dict[str, str] = {}
    multiple: dict[str, list[str]] = {}
    for name, value in [*request.headers, *added]:
        if name.lower() in ("connection", "content-length", "transfer-encoding"):
            continue
        single[name] = value
        multiple.setdefault(name, []).append(value)
    return single, multiple


def _context(
    request: Request, routes: Routes, match: Match, request_id: str, authorizer: dict[str, Any] | None
) -> dict[str, Any]:
    now = time.time()
    context: dict[str, Any] = {
        "resourceId": match.node.resource_id,
        "resourcePath": match.node.path,
        "httpMethod": request.method,
        "extendedRequestId": request_id.replace("-", "")[:15] + "=",
        "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
        "requestTimeEpoch": int(now * 1000),
        "path": request.path,
        "accountId": ACCOUNT,
        "protocol": "HTTP/1.1",
        "stage": routes.stage,
        "domainName": request.header("Host") or "localhost",
        "domainPrefix": (request.header("Host") or "localhost").split(".")[0].split(":")[0],
        "requestId": request_id,
        "apiId": routes.api.id,
        "identity": {
            "cognitoIdentityPoolId": None,
            "accountId": None,
            "cognitoIdentityId": None,
            "caller": None,
            "sourceIp": request.client,
            "principalOrgId": None,
            "accessKey": None,
            "cognitoAuthenticationType": None,
            "cognitoAuthenticationProvider": None,
            "userArn": None,
            "userAgent": request.header("User-Agent"),
            "user": None,
        },
    }
    if authorizer is not None:
        context["authorizer"] = authorizer
    return context


def response_of(payload: bytes) -> Response:
    """Raises MalformedAnswer."""
    try:
        answer = json.loads(payload)
        status = int(answer["statusCode"])
    except (ValueError, KeyError, TypeError) as fault:
        raise MalformedAnswer("the function's answer has no statusCode") from fault
    headers: list[tuple[str, str]] = []
    multiple = answer.get("multiValueHeaders") or {}
    for name, values in multiple.items():
        headers += [(name, str(value)) for value in values]
    named = {name.lower() for name in multiple}
    headers += [(name, _text(v)) for name, v in (answer.get("headers") or {}).items() if name.lower() not in named]
    body = answer.get("body")
    if body is None:
        data = b""
    elif answer.get("isBase64Encoded"):
        data = base64.b64decode(body)
    elif isinstance(body, str):
        data = body.encode()
    else:
        raise MalformedAnswer("the function's body is not a text")
    if not any(name.lower() == "content-type" for name, _ in headers) and data:
        headers.append(("Content-Type", "application/json"))
    return Response(status, data, headers)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
