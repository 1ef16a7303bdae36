"""Pages of the laptop itself under `/_local/`: a registry, open to other rooms (mailbox, ...).

They change state, so a foreign web page must not reach them: only this machine's names as Host,
no foreign Origin, and changes only as JSON (which browsers never send across origins unasked).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from local.http_server import Request, Response

PREFIX = "/_local"
_OWN_NAMES = {"localhost", "127.0.0.1"}

Page = Callable[["PageRequest"], Any]


class PageRequest:
    """What a page is asked: query or JSON fields as one mapping, and what follows its path."""

    def __init__(self, request: Request, rest: str) -> None:
        self.method, self.rest = request.method, rest
        self.fields: dict[str, Any] = dict(parse_qsl(request.query))
        if request.body:
            self.fields.update(json.loads(request.body))


class Refusal(Exception):
    """A page's answer to a request that it cannot serve, in one sentence."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Pages:
    """Path under /_local/ -> page. A page returns JSON-able data, a text of HTML, or a Response."""

    def __init__(self) -> None:
        self._pages: dict[str, tuple[str, Page]] = {}

    def register(self, path: str, page: Page, summary: str = "") -> None:
        """`path` such as "mailbox"; the page also gets everything below it."""
        self._pages[path.strip("/")] = (summary, page)

    def answer(self, request: Request) -> Response:
        if not _is_ours(request):
            return _json(403, {"message": "Local pages answer only to this machine."})
        path = request.path[len(PREFIX) :].strip("/")
        if not path:
            return _json(200, {f"{PREFIX}/{name}": summary for name, (summary, _) in sorted(self._pages.items())})
        name = max((n for n in self._pages if path == n or path.startswith(n + "/")), key=len, default=None)
        if name is None:
            return _json(404, {"message": f"There is no local page {path!r}.", "pages": sorted(self._pages)})
        try:
            given = PageRequest(request, path[len(name) :].strip("/"))
            return _as_response(self._pages[name][1](given))
        except Refusal as refusal:
            return _json(refusal.status, {"message": str(refusal)})
        except ValueError as fault:
            return _json(400, {"message": str(fault)})


def _is_ours(request: Request) -> bool:
    host = urlsplit(f"//{request.header('Host') or ''}").hostname
    origin = request.header("Origin")
    if host not in _OWN_NAMES or (origin and urlsplit(origin).hostname not in _OWN_NAMES):
        return False
    if request.method in ("GET", "HEAD"):
        return True
    return (request.header("Content-Type") or "").split(";")[0].strip() == "application/json"


def _as_response(answer: Any) -> Response:
    if isinstance(answer, Response):
        return answer
    if isinstance(answer, str):
        return Response(200, answer.encode(), [("Content-Type", "text/html; charset=utf-8")])
    return _json(200, answer)


def _json(status: int, document: Any) -> Response:
    return Response(status, json.dumps(document, default=str).encode(), [("Content-Type", "application/json")])
