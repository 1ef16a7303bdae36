"""What the gate says when it refuses: S3's XML, and the JSON or XML of the other services."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable
from typing import Any
from xml.sax.saxutils import escape

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
App = Callable[[Environ, StartResponse], Iterable[bytes]]

REASONS = {400: "BAD REQUEST", 403: "FORBIDDEN", 404: "NOT FOUND", 411: "LENGTH REQUIRED", 503: "SERVICE UNAVAILABLE"}


class Refused(Exception):
    """A request that AWS would not have served. `extra` are further elements of S3's error document."""

    def __init__(self, status: int, code: str, message: str, **extra: str) -> None:
        super().__init__(f"{code}: {message}")
        self.status, self.code, self.message, self.extra = status, code, message, extra


def access_denied(message: str = "Access Denied", **extra: str) -> Refused:
    return Refused(403, "AccessDenied", message, **extra)


def invalid_request(message: str) -> Refused:
    return Refused(400, "InvalidRequest", message)


MALFORMED_TRAILER = (
    "The request contained trailing data that was not well-formed or did not conform to our published schema."
)


def malformed_trailer() -> Refused:
    return Refused(400, "MalformedTrailerError", MALFORMED_TRAILER)


def malformed_xml() -> Refused:
    sentence = "The XML you provided was not well-formed or did not validate against our published schema"
    return Refused(400, "MalformedXML", sentence)


def bad_digest(name: str) -> Refused:
    """S3's own words; Content-MD5 has a sentence of its own."""
    if name == "Content-MD5":
        return Refused(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")
    return Refused(400, "BadDigest", f"The {name} you specified did not match the calculated checksum.")


# The JSON services have their own names for what S3 and the query services call otherwise.
JSON_CODES = {
    "SignatureDoesNotMatch": "InvalidSignatureException",
    "RequestTimeTooSkewed": "InvalidSignatureException",
    "InvalidAccessKeyId": "UnrecognizedClientException",
    "AuthorizationHeaderMalformed": "IncompleteSignatureException",
    "AccessDenied": "AccessDeniedException",
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
}
QUERY_CODES = {
    "InvalidAccessKeyId": "InvalidClientTokenId",
    "AuthorizationHeaderMalformed": "IncompleteSignature",
    "RequestTimeTooSkewed": "RequestExpired",
}


def answer(environ: Environ, start_response: StartResponse, refused: Refused, *, s3: bool) -> list[bytes]:
    """Send the refusal in the dialect that the caller's SDK reads."""
    request_id = uuid.uuid4().hex[:16].upper()
    headers = [("x-amz-request-id", request_id)]
    if s3:
        elements = {"Code": refused.code, "Message": refused.message, **refused.extra}
        elements |= {"Resource": environ.get("PATH_INFO", ""), "RequestId": request_id, "HostId": "biotheca-gate"}
        fields = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in elements.items())
        body, content_type = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{fields}</Error>', "application/xml"
    elif environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        code = QUERY_CODES.get(refused.code, refused.code)
        error = f"<Type>Sender</Type><Code>{code}</Code><Message>{escape(refused.message)}</Message>"
        body = f"<ErrorResponse><Error>{error}</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
        content_type = "text/xml"
    else:
        code = JSON_CODES.get(refused.code, refused.code)
        body, content_type = json.dumps({"__type": code, "message": refused.message}), "application/x-amz-json-1.1"
        headers.append(("x-amzn-ErrorType", code))
    payload = b"" if environ["REQUEST_METHOD"] == "HEAD" else body.encode("utf-8", "replace")
    headers += [("Content-Type", content_type), ("Content-Length", str(len(payload)))]
    start_response(f"{refused.status} {REASONS.get(refused.status, 'REFUSED')}", headers)
    return [payload]
