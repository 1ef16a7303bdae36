"""The HTTP front: API Gateway's part between a browser and the functions, the portal's files, and /_local/ pages.

moto does not execute API Gateway's proxy integrations, so this reads the deployed RestApi from it.
"""

from __future__ import annotations

import json
import logging
import mimetypes
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from local.clock import SettableClock
from local.front_authorizer import Authorizers, Refused, function_arn
from local.front_events import MalformedAnswer, proxy_event, response_of
from local.front_routes import Match, Routes
from local.hooks import lambda_runtime
from local.hooks.lambda_runtime import Outcome
from local.http_server import HttpServer, Request, Response
from local.pages import PREFIX, Pages
from local.surroundings import ACCOUNT, REGION

log = logging.getLogger("biotheca.laptop")

LARGEST_BODY_BYTES = 10 * 1024 * 1024
TIMEOUT_S = 29.0
# As CloudFront sends it (infra/stacks/portal.py), with this machine in the place of S3.
PAGE_POLICY = "default-src 'self'; connect-src 'self' http://localhost:*; frame-ancestors 'none'"
_TOO_LARGE = Response(413, b'{"message":"Request Too Long"}', [("Content-Type", "application/json")])
_NO_TOKEN = Response(403, b'{"message":"Missing Authentication Token"}', [("Content-Type", "application/json")])


class Front:
    """One server for the API, the portal and the laptop's own pages."""

    def __init__(self, port: int, portal: Path, clock: SettableClock) -> None:
        self.pages = Pages()
        self._portal = portal.resolve()
        self._routes: Routes | None = None
        self._authorizers = Authorizers(_invoke, clock.now)
        self._calls = ThreadPoolExecutor(max_workers=32, thread_name_prefix="laptop-front-call")
        self._server = HttpServer(port, "--front-port", self.answer, LARGEST_BODY_BYTES, _TOO_LARGE)

    @property
    def url(self) -> str:
        return f"http://localhost:{self._server.port}"

    def start(self) -> None:
        """Raises server.PortTaken."""
        self._server.start()

    def stop(self) -> None:
        self._server.stop()
        self._calls.shutdown(wait=True, cancel_futures=True)
        self._routes = None
        self._authorizers.forget()

    def reload(self) -> None:
        """Reads the deployed API anew; the first one with a stage is served."""
        from moto.apigateway.models import apigateway_backends

        apis = [api for api in apigateway_backends[ACCOUNT][REGION].apis.values() if api.stages]
        self._routes = Routes(apis[0]) if apis else None
        self._authorizers.forget()

    def answer(self, request: Request) -> Response:
        if request.path == PREFIX or request.path.startswith(PREFIX + "/"):
            return self.pages.answer(request)
        match = self._routes.find(request.method, request.path) if self._routes else None
        if match and self._routes:
            return self._answer_api(request, self._routes, match)
        if request.method in ("GET", "HEAD") and (found := self._static(request.path)):
            return found
        if self._routes is None:
            return _NO_TOKEN
        return self._routes.gateway_response("MISSING_AUTHENTICATION_TOKEN", _context(str(uuid.uuid4()), request))

    def _answer_api(self, request: Request, routes: Routes, match: Match) -> Response:
        request_id = str(uuid.uuid4())
        context = {**_context(request_id, request), "resourcePath": match.node.path}
        try:
            return self._call(request, routes, match, request_id)
        except Refused as refused:
            return routes.gateway_response(refused.kind, context, refused.message)
        except TookTooLong:
            return routes.gateway_response("INTEGRATION_TIMEOUT", context)
        except MalformedAnswer as fault:
            log.error("malformed proxy answer", extra={"path": match.node.path, "reason": str(fault)})
            return routes.gateway_response("DEFAULT_5XX", context)

    def _call(self, request: Request, routes: Routes, match: Match, request_id: str) -> Response:
        integration = match.method.method_integration
        if integration is None or integration.integration_type == "MOCK":
            return _mock(integration)
        authorizer = None
        if match.method.authorizer_id:
            known = routes.api.authorizers[match.method.authorizer_id]
            authorizer = self._authorizers.check(known, request, routes.method_arn(request.method, request.path))
        elif match.method.authorization_type not in (None, "NONE"):
            raise Refused("MISSING_AUTHENTICATION_TOKEN")
        arn = function_arn(integration.uri)
        if integration.integration_type != "AWS_PROXY" or arn is None:
            raise MalformedAnswer(f"the laptop knows no {integration.integration_type} integration")
        event = proxy_event(request, routes, match, request_id, authorizer)
        # A thread of its own, because the gateway gives up after 29 s while the function may go on.
        outcome = self._calls.submit(_invoke, arn, event).result(timeout=TIMEOUT_S)
        if outcome.failed:
            raise MalformedAnswer(outcome.payload.decode(errors="replace")[:500])
        response = response_of(outcome.payload)
        response.headers.append(("x-amzn-RequestId", request_id))
        return response

    def _static(self, path: str) -> Response | None:
        wanted = (self._portal / unquote(path).lstrip("/")).resolve()
        if wanted.is_dir():
            wanted = wanted / "index.html"
        if not wanted.is_relative_to(self._portal) or not wanted.is_file():
            return None
        kind = mimetypes.guess_type(wanted.name)[0] or "application/octet-stream"
        if kind.startswith("text/") or kind == "application/javascript":
            kind += "; charset=utf-8"
        headers = [("Content-Type", kind), ("Cache-Control", "no-cache"), ("Content-Security-Policy", PAGE_POLICY)]
        return Response(200, wanted.read_bytes(), headers)


def _invoke(arn: str, event: dict[str, Any]) -> Outcome:
    from moto.awslambda.utils import get_backend

    function = get_backend(ACCOUNT, REGION).get_function(arn)
    return lambda_runtime.bound().invoke(function, json.dumps(event).encode())


def _mock(integration: Any) -> Response:
    """CORS preflights: the headers that the integration's first response sets."""
    responses = getattr(integration, "integration_responses", None) or {}
    status, response = next(iter(responses.items()), ("200", None))
    headers = [
        (name.removeprefix("method.response.header."), str(value).strip("'"))
        for name, value in (getattr(response, "response_parameters", None) or {}).items()
    ]
    return Response(int(status), b"", headers)


def _context(request_id: str, request: Request) -> dict[str, str]:
    return {
        "requestId": request_id,
        "path": request.path,
        "httpMethod": request.method,
        "requestTimeEpoch": str(int(time.time() * 1000)),
    }
