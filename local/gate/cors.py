"""What S3 says to pages of other origins, by the bucket's own CORS rules. moto looks at the origin alone.

The first rule decides that fits origin, method and every header that is asked for. A request that no rule fits is
served all the same, as S3 does: it is the browser that keeps the answer from the page.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from moto.s3.models import s3_backends

from local.gate.refusals import App, Environ, Refused, StartResponse, answer

CODE = "AccessForbidden"
NOT_ENABLED = "CORSResponse: CORS is not enabled for this bucket."
NOT_ALLOWED = (
    "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request "
    "method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the "
    "resource's CORS spec."
)
VARY = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"


def concerns(environ: Environ) -> bool:
    """Whether a page of some origin asks S3 for something; not whether it may ask (`preflight`)."""
    if environ["REQUEST_METHOD"] == "OPTIONS":
        return False
    return "HTTP_ORIGIN" in environ and "HTTP_X_AMZ_TARGET" not in environ and _rules(environ) is not None


def preflight(environ: Environ, start_response: StartResponse) -> list[bytes]:
    """A browser asks whether a request may be sent."""
    rules = _rules(environ)
    method = environ.get("HTTP_ACCESS_CONTROL_REQUEST_METHOD", "")
    asked = [h.strip().lower() for h in environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS", "").split(",") if h.strip()]
    if not environ.get("HTTP_ORIGIN") or not method:
        message = "Insufficient information. Origin request header needed."
        return answer(environ, start_response, Refused(400, "BadRequest", message), s3=True)
    rule = _fitting(rules or [], environ["HTTP_ORIGIN"], method, asked)
    if rule is None:
        message = NOT_ALLOWED if rules else NOT_ENABLED
        return answer(environ, start_response, Refused(403, CODE, message), s3=True)
    headers = _told(rule, environ["HTTP_ORIGIN"])
    if asked:
        headers.append(("Access-Control-Allow-Headers", ", ".join(asked)))
    if rule.max_age_seconds is not None:
        headers.append(("Access-Control-Max-Age", str(rule.max_age_seconds)))
    start_response("200 OK", [*headers, ("Content-Length", "0")])
    return [b""]


def shown(app: App, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Serve a request, and say of its answer what the rules let the page see."""
    rule = _fitting(_rules(environ) or [], environ["HTTP_ORIGIN"], environ["REQUEST_METHOD"], [])

    def said(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        kept = [(n, v) for n, v in headers if not n.lower().startswith("access-control-")]
        return start_response(status, kept + (_told(rule, environ["HTTP_ORIGIN"]) if rule else []))

    return app(environ, said)


def _rules(environ: Environ) -> list[Any] | None:
    """The rules of the bucket that a path names; None if there is no such bucket."""
    name = environ.get("PATH_INFO", "").strip("/").partition("/")[0]
    for account in list(s3_backends.values()):
        for backend in list(account.values()):
            if name in backend.buckets:
                return list(backend.buckets[name].cors)
    return None


def _fitting(rules: list[Any], origin: str, method: str, asked: list[str]) -> Any:
    for rule in rules:
        by_origin = any(_matches(pattern, origin) for pattern in _listed(rule.allowed_origins))
        by_headers = all(any(_matches(p.lower(), h) for p in _listed(rule.allowed_headers)) for h in asked)
        if by_origin and method in _listed(rule.allowed_methods) and by_headers:
            return rule
    return None


def _told(rule: Any, origin: str) -> list[tuple[str, str]]:
    anyone = "*" in _listed(rule.allowed_origins)
    headers = [("Access-Control-Allow-Origin", "*" if anyone else origin)]
    headers.append(("Access-Control-Allow-Methods", ", ".join(_listed(rule.allowed_methods))))
    if exposed := _listed(rule.exposed_headers):
        headers.append(("Access-Control-Expose-Headers", ", ".join(exposed)))
    if not anyone:
        headers.append(("Access-Control-Allow-Credentials", "true"))
    return [*headers, ("Vary", VARY)]


def _listed(value: Any) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else list(value)


def _matches(pattern: str, text: str) -> bool:
    """S3's patterns: one star stands for any text."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*", 1))), text) is not None
