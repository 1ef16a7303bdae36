"""The one seam between HTTP and the capabilities: typed bodies, RFC 9457 problems, the route registry for OpenAPI.

Chalice gives path parameters undecoded and turns every exception of a view into a bare 500; both are mended
here and nowhere else. The table from error to HTTP status stands here, not in the domain.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from chalice import Blueprint, Response
from pydantic import BaseModel, ValidationError

from biotheca import catalog
from biotheca.accounts.model import Person, Scope
from biotheca.accounts.model import WrongPassword as _WrongPassword
from biotheca.accounts.service import who
from biotheca.aws.buckets import disposition
from biotheca.errors import BiothecaError, Conflict, Finding, Invalid, NotAllowed, NotFound, NotSignedIn, listed
from biotheca.imaging.model import NotOffered, TooBroad, TooMuch
from biotheca.publication.model import Withdrawn
from biotheca.publication.reviews import LinkGone, TooManyGuesses
from biotheca.sequences.model import FilesWithdrawn, NoSuchFiles
from functions.api.authorizer import who_is_calling
from functions.observability import logger
from functions.stores import people, users

PROBLEM = "application/problem+json"
LARGEST_PAGE = 200
LARGEST_TEXT_PAGE = 1000  # rows of a listing as text
JSON = "application/json"
# A function is called with 6 MB at most, and the gateway hands it every body in base64.
LARGEST_BODY_BYTES = 4_500_000


@dataclass(frozen=True)
class Operation:
    """One route as the OpenAPI document describes it."""

    method: str
    path: str
    summary: str
    view: Callable[..., Any]
    signed_in: bool
    body: type[BaseModel] | None
    answer: type[BaseModel] | None
    status: int
    query: dict[str, str] = field(default_factory=dict)
    tag: str = ""
    errors: tuple[int, ...] = ()
    takes: tuple[str, ...] = (JSON,)
    gives: tuple[str, ...] = (JSON,)
    scope: Scope = Scope.READ


@dataclass(frozen=True)
class Sent:
    """A body of one of the media types that a route takes, as it was sent."""

    media_type: str
    body: bytes


class NotTaken(BiothecaError):
    """The body is of a kind or size that the route does not take."""

    rule = "general.media_type"


class TooLarge(NotTaken):
    """The body is larger than a call may carry."""

    rule = "general.too_large"


# Most specific first: the first class that fits decides.
STATUS: list[tuple[type[BiothecaError], int]] = [
    (NotSignedIn, 401),
    (_WrongPassword, 401),
    (NotAllowed, 403),
    (NotFound, 404),
    (NoSuchFiles, 404),
    (Withdrawn, 410),
    (FilesWithdrawn, 410),
    (LinkGone, 410),
    (TooManyGuesses, 429),
    (Conflict, 409),
    (Invalid, 422),
    (NotOffered, 406),
    (TooBroad, 413),
    (TooMuch, 413),
    (TooLarge, 413),
    (NotTaken, 415),
    (BiothecaError, 400),
]
OPERATIONS: list[Operation] = []


def problem(
    status: int, rule: str, detail: str, findings: list[dict[str, Any]] | None = None, instance: str | None = None
) -> Response:
    """An RFC 9457 answer with the rule's title and how to mend it."""
    known = catalog.rules().get(rule, catalog.rules()["general.refused"])
    body: dict[str, Any] = {
        "type": f"/v1/rules/{rule}",
        "title": known["message"]["en"],
        "status": status,
        "detail": detail,
        "rule": rule,
        "mend": known["mend"]["en"],
    }
    if findings:
        body["findings"] = listed(findings)
        if len(body["findings"]) < len(findings):
            body["findings_total"] = len(findings)
    if instance:
        body["instance"] = f"urn:biotheca:request:{instance}"
    return Response(body, headers={"Content-Type": PROBLEM, **_SAFE}, status_code=status)


# No answer of the API is ever sniffed, framed or cached by a shared cache.
_SAFE = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


class Routes(Blueprint):
    """A blueprint whose routes are typed, documented and answer problems."""

    def __init__(self, import_name: str, tag: str, changes: Scope = Scope.SUBMIT) -> None:
        super().__init__(import_name)
        self.tag = tag
        self.changes = changes  # the scope that a personal token needs for routes that change something

    def on(
        self,
        method: str,
        path: str,
        *,
        signed_in: bool = False,
        body: type[BaseModel] | None = None,
        answer: type[BaseModel] | None = None,
        status: int = 200,
        query: dict[str, str] | None = None,
        errors: tuple[int, ...] = (),
        scope: Scope | None = None,
        takes: tuple[str, ...] = (JSON,),
        gives: tuple[str, ...] = (JSON,),
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Register a view. It gets decoded path parameters, then `body=` (validated), `person=`, `page=` as it asks.

        A route that takes other media types than JSON gets `body=` as Sent, whatever it is.
        """

        def register(view: Callable[..., Any]) -> Callable[..., Any]:
            summary = (view.__doc__ or "").strip().split("\n")[0]
            needed = scope or (Scope.READ if method == "GET" else self.changes)
            operation = Operation(
                method,
                path,
                summary,
                view,
                signed_in,
                body,
                answer,
                status,
                query or {},
                self.tag,
                errors,
                takes,
                gives,
                needed,
            )
            OPERATIONS.append(operation)
            wrapped = self._answering(operation, view)
            wrapped.__name__ = f"{view.__module__.rsplit('.', 1)[-1]}_{view.__name__}"
            authorizer = who_is_calling if signed_in else None
            kinds = [JSON] if takes == (JSON,) else ["*/*"]  # what is not taken is refused in our own words
            self.route(path, methods=[method], authorizer=authorizer, name=wrapped.__name__, content_types=kinds)(
                wrapped
            )
            return view

        return register

    def _answering(self, operation: Operation, view: Callable[..., Any]) -> Callable[..., Any]:
        def run(**path: str) -> Response:
            request = self.current_request
            request_id = request.context.get("requestId", "")
            try:
                arguments: dict[str, Any] = {k: unquote(v) for k, v in path.items()}
                if operation.signed_in:  # before the body: a stranger learns nothing of what is wanted
                    arguments["person"] = caller(request.headers.get("authorization"))
                    arguments["person"].must_have(operation.scope)
                if operation.body is not None:
                    arguments["body"] = _received(request, operation)
                return _finished(operation, view(**arguments))
            except ValidationError as error:
                findings = [finding.as_dict() for finding in _findings(error)]
                detail = f"The body has {len(findings)} finding(s); the first: {findings[0]['message']}"
                return problem(422, "general.body", detail, findings, request_id)
            except BiothecaError as error:
                status = next(code for kind, code in STATUS if isinstance(error, kind))
                return problem(status, error.rule, error.message, error.facts.get("findings"), request_id)
            except Exception:
                logger().exception("a view failed", extra={"path": operation.path})
                detail = "Something failed on our side; nothing of yours was lost. Quote the instance below."
                return problem(500, "general.fault", detail, None, request_id)

        return run


def _received(request: Any, operation: Operation) -> BaseModel | Sent:
    if len(request.raw_body or b"") > LARGEST_BODY_BYTES:
        raise TooLarge(f"The body has {len(request.raw_body)} bytes; a call carries {LARGEST_BODY_BYTES} at most.")
    if operation.takes == (JSON,):
        assert operation.body is not None
        return _parsed(request, operation.body)
    kind = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if kind not in operation.takes:
        raise NotTaken(f"A body of {kind[:80]!r} is not taken here; {', '.join(operation.takes)} are.")
    return Sent(kind, request.raw_body or b"")


def _parsed(request: Any, model: type[BaseModel]) -> BaseModel:
    try:
        return model.model_validate_json(request.raw_body or b"{}")
    except ValidationError:
        raise
    except ValueError as error:
        raise Invalid("The body is not JSON.", [Finding("general.body", "/", str(error)[:200])]) from error


def _findings(error: ValidationError) -> list[Finding]:
    return [
        Finding(
            "general.body",
            "/" + "/".join(str(piece) for piece in entry["loc"]),
            entry["msg"],
            str(entry.get("input", ""))[:80] if entry["type"] != "missing" else "",
            mend=catalog.mend("general.body"),
        )
        for entry in error.errors(include_url=False)[:100]
    ]


def _finished(operation: Operation, result: Any) -> Response:
    if isinstance(result, Response):
        result.headers = {**_SAFE, **result.headers}
        return result
    if isinstance(result, BaseModel):
        result = result.model_dump(mode="json", exclude_none=False)
    return Response(
        result if result is not None else "",
        headers={"Content-Type": "application/json", **_SAFE},
        status_code=operation.status,
    )


def caller(authorization: str | None) -> Person:
    """Who is asking; NotSignedIn if the header does not say so."""
    return who(people(), users(), authorization)


class Attachment(Response):
    """Bytes as an answer. API Gateway is told that they are in base64; Chalice would ask the caller's Accept first."""

    def to_dict(self, binary_types: list[str] | None = None) -> dict[str, Any]:
        answer = super().to_dict(None)
        return answer | {"body": base64.b64encode(self.body).decode(), "isBase64Encoded": True}


def attachment(body: bytes, media_type: str, name: str) -> Response:
    """A file to be saved under `name`."""
    return Attachment(body, headers={"Content-Type": media_type, "Content-Disposition": disposition(name)})


def optional_person(request: Any) -> Person | None:
    """Who is asking on a public route: nobody without a header; a bad header is still refused."""
    header = request.headers.get("authorization")
    return caller(header) if header else None


def query_of(request: Any) -> dict[str, str]:
    """The query string; of a repeated name the last value."""
    return dict(request.query_params or {})


def page_of(request: Any, largest: int = LARGEST_PAGE, usual: int = 50) -> tuple[int, str | None]:
    """(limit, cursor) of the query string; Invalid if the limit is no number from 1 to 200."""
    given = query_of(request)
    text = given.get("limit", str(usual))
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= largest:
        message = f"limit must be a whole number from 1 to {largest}."
        raise Invalid(message, [Finding("metadata.number", "?limit", message, text[:80], f"1 to {largest}")])
    return int(text), given.get("cursor") or None
