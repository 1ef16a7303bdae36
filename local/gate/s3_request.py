"""One signed S3 request: its headers, its body, its digests, and moto's answer to it."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Iterable
from typing import Any, Protocol

from moto.s3.models import s3_backends
from werkzeug.wsgi import ClosingIterator

from local.gate import sigv4
from local.gate.body import (
    ALGORITHMS,
    DIGEST_BYTES,
    Body,
    blocks,
    check_digests,
    content_length,
    decoded,
    new_digest,
    promised_digests,
    read_chunked,
)
from local.gate.parts import Part, Uploads
from local.gate.refusals import App, Environ, Refused, StartResponse, access_denied, invalid_request, malformed_trailer
from local.gate.sigv4 import Claim

STREAMING = frozenset(
    {
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
    }
)


class Keeper(Protocol):
    """What a request needs of the gate."""

    app: App
    uploads: Uploads

    def secret_of(self, claim: Claim) -> str: ...
    def check_guest(self, environ: Environ, query: dict[str, str], claim: Claim) -> None: ...
    def check_signature(self, environ: Environ, claim: Claim, secret: str, payload_hash: str) -> None: ...


class S3Request:
    """One signed S3 request, from its claim to moto's answer."""

    def __init__(self, keeper: Keeper, environ: Environ, pairs: sigv4.Pairs, claim: Claim) -> None:
        self.gate, self.environ, self.claim = keeper, environ, claim
        self.method: str = environ["REQUEST_METHOD"]
        self.query = {name.decode("latin-1"): value.decode("latin-1") for name, value in pairs}
        self.upload_id = self.query.get("uploadId")
        self.copying = "HTTP_X_AMZ_COPY_SOURCE" in environ
        self.completing = self.method == "POST" and self.upload_id is not None
        self.is_part = self.method == "PUT" and self.upload_id is not None and "partNumber" in self.query

    def serve(self, start_response: StartResponse) -> Iterable[bytes]:
        secret = self.gate.secret_of(self.claim)
        mode = self._mode()
        self.gate.check_signature(self.environ, self.claim, secret, mode)
        self.gate.check_guest(self.environ, self.query, self.claim)
        self._check_unsigned_headers()
        body = self._read(mode, secret)
        return self._forward(start_response, body)

    def _mode(self) -> str:
        """x-amz-content-sha256: a digest, or a word for how the body comes."""
        mode = self.environ.get("HTTP_X_AMZ_CONTENT_SHA256") or self.query.get("X-Amz-Content-Sha256")
        if mode is None:
            if self.claim.presigned:
                return sigv4.UNSIGNED
            raise invalid_request("Missing required header for this request: x-amz-content-sha256")
        if mode not in STREAMING and mode != sigv4.UNSIGNED and not re.fullmatch("[0-9a-f]{64}", mode):
            words = ", ".join((sigv4.UNSIGNED, *sorted(STREAMING)))
            raise Refused(400, "InvalidArgument", f"x-amz-content-sha256 must be {words} or a valid sha256 value.")
        return mode

    def _check_unsigned_headers(self) -> None:
        """S3 refuses x-amz-* headers that were added after signing."""
        signed = {name.upper().replace("-", "_") for name in self.claim.signed_headers}
        added = sorted(key[5:] for key in self.environ if key.startswith("HTTP_X_AMZ_") and key[5:] not in signed)
        if self.claim.presigned:
            added = [name for name in added if name != "X_AMZ_CONTENT_SHA256"]
        if added:
            names = ", ".join(name.lower().replace("_", "-") for name in added)
            raise access_denied(
                "There were headers present in the request which were not signed", HeadersNotSigned=names
            )

    def _given_checksums(self) -> dict[str, str]:
        """x-amz-checksum-* of headers, or of the query, where some SDKs put them in presigned URLs."""
        given = {}
        lowered = {name.lower(): value for name, value in self.query.items()}
        for algorithm in ALGORITHMS:
            name = f"x-amz-checksum-{algorithm.lower()}"
            value = sigv4.header(self.environ, name) or lowered.get(name)
            if value is not None:
                given[algorithm] = value
        return given

    def _read(self, mode: str, secret: str) -> Body:
        environ, given = self.environ, self._given_checksums()
        promises = promised_digests(environ, {} if self.completing else given)
        trailing = self._trailing(mode)
        self.algorithm = trailing or next(iter(given), None)
        if self.method == "PUT" and not self.copying:
            self._check_put(given, trailing)
        body = Body(content_length(environ) or 0 if mode not in STREAMING else content_length(environ))
        wanted = {*promises, *([trailing] if trailing else [])}
        if self.is_part and self.algorithm is None and not self.copying:
            self.algorithm = self.gate.uploads.algorithm(self.upload_id or "")
            wanted |= {self.algorithm} if self.algorithm else set()
        if len(mode) == 64:
            wanted.add("SHA256")
        body.digests = {algorithm: new_digest(algorithm) for algorithm in wanted}
        if mode in STREAMING:
            read_chunked(environ, body, mode, self.claim, secret, self.claim.signature)
            if trailing:
                promises |= self._trailer_promise(body, trailing)
        else:
            self._take(body)
        self._check_payload(mode, body)
        check_digests(body, promises)
        self._plain(mode, body)
        return body

    def _take(self, body: Body) -> None:
        try:
            for block in blocks(self.environ):
                body.write(block)
        finally:
            if self.is_part:
                self.gate.uploads.count(body.size_bytes)

    def _trailing(self, mode: str) -> str | None:
        """The algorithm whose checksum follows the body."""
        names = [name.strip().lower() for name in self.environ.get("HTTP_X_AMZ_TRAILER", "").split(",") if name.strip()]
        known = [algorithm for algorithm in ALGORITHMS if f"x-amz-checksum-{algorithm.lower()}" in names]
        if names and (len(known) != len(names) or len(known) != 1):
            raise invalid_request("The value specified in the x-amz-trailer header is not supported")
        if names and mode not in STREAMING:
            raise invalid_request("x-amz-trailer needs a body with a trailer.")
        return known[0] if known else None

    def _check_put(self, given: dict[str, str], trailing: str | None) -> None:
        if content_length(self.environ) is None and not self.environ.get("wsgi.input_terminated"):
            raise Refused(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")
        named = self.environ.get("HTTP_X_AMZ_SDK_CHECKSUM_ALGORITHM", "").upper()
        if named and named != "MD5" and named not in given and named != trailing:
            raise invalid_request(
                "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* "
                "or x-amz-trailer headers were found."
            )
        if self.is_part:
            self.gate.uploads.check_part(self.upload_id or "", self.algorithm)

    @staticmethod
    def _trailer_promise(body: Body, algorithm: str) -> dict[str, bytes]:
        name = f"x-amz-checksum-{algorithm.lower()}"
        if name not in body.trailers:
            raise malformed_trailer()
        refusal = invalid_request(f"Value for {name} trailing header is invalid.")
        return {algorithm: decoded(name, body.trailers[name], DIGEST_BYTES[algorithm], refusal)}

    @staticmethod
    def _check_payload(mode: str, body: Body) -> None:
        if len(mode) != 64:
            return
        actual = body.digests["SHA256"].digest().hex()
        if not hmac.compare_digest(actual, mode):
            message = "The provided 'x-amz-content-sha256' header does not match what was computed."
            raise Refused(
                400,
                "XAmzContentSHA256Mismatch",
                message,
                ClientComputedContentSHA256=mode,
                S3ComputedContentSHA256=actual,
            )

    def _plain(self, mode: str, body: Body) -> None:
        """Hand moto an ordinary body with its checksum in a header: the only form that it stores."""
        environ = self.environ
        if mode in STREAMING:
            for name in ("X_AMZ_DECODED_CONTENT_LENGTH", "X_AMZ_TRAILER"):
                environ.pop(f"HTTP_{name}", None)
            environ["HTTP_X_AMZ_CONTENT_SHA256"] = sigv4.UNSIGNED
            kept = [
                c.strip()
                for c in environ.get("HTTP_CONTENT_ENCODING", "").split(",")
                if c.strip() not in ("aws-chunked", "")
            ]
            environ.pop("HTTP_CONTENT_ENCODING", None)
            if kept:
                environ["HTTP_CONTENT_ENCODING"] = ",".join(kept)
        if self.method == "PUT" and self.algorithm and "HTTP_X_AMZ_COPY_SOURCE" not in environ:
            # moto drops a checksum unless the SDK's own header names its algorithm too
            environ["HTTP_X_AMZ_SDK_CHECKSUM_ALGORITHM"] = self.algorithm
            value = base64.b64encode(body.digests[self.algorithm].digest()).decode()
            environ[f"HTTP_X_AMZ_CHECKSUM_{self.algorithm}"] = value

    def _forward(self, start_response: StartResponse, body: Body) -> Iterable[bytes]:
        app, uploads, upload_id = self.gate.app, self.gate.uploads, self.upload_id
        if self.method == "POST" and "uploads" in self.query:
            status, headers, sent = run(app, with_body(self.environ, body))
            kind = self.environ.get("HTTP_X_AMZ_CHECKSUM_TYPE")
            uploads.created(sent, self.environ.get("HTTP_X_AMZ_CHECKSUM_ALGORITHM"), kind)
        elif upload_id is None and self.method == "GET" and "attributes" in self.query:
            status, headers, sent = run(app, with_body(self.environ, body))
            if status[0] == "2" and "ObjectParts" in self.environ.get("HTTP_X_AMZ_OBJECT_ATTRIBUTES", ""):
                page = (self._number("HTTP_X_AMZ_PART_NUMBER_MARKER", 0), self._number("HTTP_X_AMZ_MAX_PARTS", 1000))
                sent = uploads.write_into_attributes(self._path, _version_in(headers), *page, sent)
        elif upload_id is None:
            return pass_on(app, self.environ, start_response, body)
        elif self.completing:
            request, whole = body.head(body.size_bytes), self._given_checksums()
            size = self.environ.get("HTTP_X_AMZ_MP_OBJECT_SIZE")
            value = uploads.check_completion(upload_id, request, whole, size)
            status, headers, sent = run(app, with_body(self.environ, body))
            if status[0] == "2":
                sent = uploads.write_into_completion(upload_id, sent, value)
                uploads.joined(upload_id, self._path, _version_in(headers), request)
                uploads.finished(upload_id)
        else:
            status, headers, sent = run(app, with_body(self.environ, body))
            if self.is_part and status[0] == "2" and self.copying:
                sent = self._copied(sent)
            elif self.is_part and status[0] == "2" and self.algorithm in body.digests:
                digest = body.digests[self.algorithm].digest()
                uploads.stored(upload_id, int(self.query["partNumber"]), Part(body.size_bytes, self.algorithm, digest))
            elif self.method == "GET":
                sent = uploads.write_into_list(upload_id, sent)
            elif self.method == "DELETE":
                uploads.finished(upload_id)
        body.file.close()
        start_response(
            status,
            [(name, value) for name, value in headers if name.lower() != "content-length"]
            + [("Content-Length", str(len(sent)))],
        )
        return [sent]

    @property
    def _path(self) -> str:
        return str(self.environ.get("PATH_INFO", ""))

    def _number(self, header: str, usual: int) -> int:
        text = self.environ.get(header, "")
        return int(text) if text.isascii() and text.isdigit() else usual

    def _copied(self, sent: bytes) -> bytes:
        """A part that S3 copied has the digest of its upload's algorithm, as if it had been sent."""
        algorithm = self.gate.uploads.algorithm(self.upload_id or "")
        if algorithm is None:
            return sent
        number = int(self.query["partNumber"])
        value = bytes_of_part(self._path.lstrip("/").partition("/")[0], self.upload_id or "", number)
        digest = new_digest(algorithm)
        digest.update(value)
        part = Part(len(value), algorithm, digest.digest())
        self.gate.uploads.stored(self.upload_id or "", number, part)
        name, text = f"Checksum{algorithm}", base64.b64encode(part.digest).decode()
        at = sent.rindex(b"</")
        return sent[:at] + f"<{name}>{text}</{name}>".encode() + sent[at:]


def bytes_of_part(bucket: str, upload_id: str, number: int) -> bytes:
    """What moto holds of a part."""
    for account in list(s3_backends.values()):
        for backend in list(account.values()):
            if bucket in backend.buckets:
                return bytes(backend.buckets[bucket].multiparts[upload_id].parts[number].value)
    raise LookupError(bucket)


def _version_in(headers: list[tuple[str, str]]) -> str:
    return next((value for name, value in headers if name.lower() == "x-amz-version-id"), "")


def run(app: App, environ: Environ) -> tuple[str, list[tuple[str, str]], bytes]:
    """moto's whole answer, for the small ones that must be read or changed."""
    answered: list[Any] = []

    def remember(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        answered[:] = [status, headers]

    sent = b"".join(app(environ, remember))
    return answered[0], answered[1], sent


def with_body(environ: Environ, body: Body) -> Environ:
    body.file.seek(0)
    environ["wsgi.input"] = body.file
    environ["CONTENT_LENGTH"] = str(body.size_bytes)
    for name in ("HTTP_TRANSFER_ENCODING", "wsgi.input_terminated"):
        environ.pop(name, None)
    return environ


def pass_on(app: App, environ: Environ, start_response: StartResponse, body: Body) -> Iterable[bytes]:
    return ClosingIterator(app(with_body(environ, body), start_response), [body.file.close])
