"""The gate itself: decide what kind of request this is, and let it through, mend it or refuse it.

moto serves expired, tampered and re-targeted URLs and stores wrong checksums. Nothing passes here that
S3 would have refused for its signature, its time, its form or its digests. Of IAM, session policies alone are judged.
"""

from __future__ import annotations

import functools
import hmac
import ipaddress
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import botocore.session

from local.gate import cors, guests, sigv4
from local.gate.body import Body, blocks, content_length, new_digest
from local.gate.faults import Faults, strike
from local.gate.parts import Uploads
from local.gate.post_policy import check_form, mismatch, unknown_key
from local.gate.refusals import App, Environ, Refused, StartResponse, access_denied, answer, invalid_request
from local.gate.s3_request import S3Request, pass_on, run
from local.gate.sigv4 import Claim

SIGNATURE_PARAMETERS = (b"X-Amz-Signature", b"X-Amz-Algorithm", b"X-Amz-Credential", b"Signature", b"AWSAccessKeyId")
# moto's state machines call back into the server with this pair, whoever started them.
STATE_MACHINE_KEYS = {"ak": "sk"}
# Targets that SDKs may call unsigned; which operations, botocore's service models say.
UNSIGNED_TARGETS = {
    "AWSCognitoIdentityProviderService": "cognito-idp",
    "AWSCognitoIdentityService": "cognito-identity",
}
UNSIGNED_ACTIONS = (b"Action=AssumeRoleWithSAML", b"Action=AssumeRoleWithWebIdentity")
PEEK_BYTES = 64 * 1024


def machine_time() -> datetime:
    return datetime.now(UTC)


def gate(
    app: App,
    credentials: Mapping[str, str],
    clock: Callable[[], datetime] = machine_time,
    faults: Faults | None = None,
    *,
    verify_others: bool = True,
) -> App:
    """`app` behind the gate. `credentials`: secret by access key id. `clock` ends presigned URLs and policies.

    `verify_others`: refuse wrong signatures of services other than S3 as well.
    """
    return Gate(app, credentials, clock, faults or Faults(), verify_others)


class Gate:
    def __init__(
        self,
        app: App,
        credentials: Mapping[str, str],
        clock: Callable[[], datetime],
        faults: Faults,
        verify_others: bool,
    ) -> None:
        self.app, self.credentials, self.clock = app, credentials, clock
        self.faults, self.verify_others = faults, verify_others
        self.uploads = Uploads()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/_gate/faults" or path.startswith(("/moto-api", "/latest/meta-data/", "/latest/api/")):
            if not from_this_machine(environ):
                return answer(environ, start_response, access_denied("Only from this machine."), s3=True)
            served = self.faults.serve if path == "/_gate/faults" else self.app
            return served(environ, start_response)
        if path == "/_gate/received" and from_this_machine(environ):
            named = parse_qs(environ.get("QUERY_STRING", "")).get("path", [""])[0]
            counted = {"part_bytes": self.uploads.received_bytes, "object_bytes_sent": self.uploads.sent_bytes(named)}
            told = json.dumps(counted).encode()
            start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(told)))])
            return [told]
        served = self.uploads.sending(environ, self._served)
        return (
            cors.shown(served, environ, start_response) if cors.concerns(environ) else served(environ, start_response)
        )

    def _served(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        rules = self.faults.due(environ)
        if rules:
            service = "s3" if "HTTP_X_AMZ_TARGET" not in environ else "other"
            return strike(self._guarded, environ, start_response, rules, s3=service == "s3")
        return self._guarded(environ, start_response)

    def _guarded(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        s3 = True
        try:
            _, raw_query = sigv4.raw_target(environ)
            pairs = sigv4.query_pairs(raw_query)
            if environ["REQUEST_METHOD"] == "OPTIONS":
                # Never signed, and answered here: moto would run another service's action by any method.
                return cors.preflight(environ, start_response)
            claim = self._claim(environ, pairs)
            if claim is None:
                return self._unsigned(environ, start_response, pairs)
            s3 = claim.service in sigv4.S3_FAMILY
            if s3:
                return S3Request(self, environ, pairs, claim).serve(start_response)
            if self.verify_others:
                return self._other(environ, start_response, claim)
            return self.app(environ, start_response)
        except Refused as refused:
            s3 = s3 and not _looks_like_another_service(environ)
            return answer(environ, start_response, refused, s3=s3)

    @staticmethod
    def _claim(environ: Environ, pairs: sigv4.Pairs) -> Claim | None:
        in_query = any(name in SIGNATURE_PARAMETERS for name, _ in pairs)
        if "HTTP_AUTHORIZATION" in environ:
            if in_query:
                raise Refused(
                    400,
                    "InvalidArgument",
                    "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, "
                    "Signature query string parameter or the Authorization header should be specified",
                )
            return sigv4.claim_of_header(environ)
        if not in_query:
            return None
        if not any(name.startswith(b"X-Amz-") for name, _ in pairs):
            raise invalid_request(
                f"The authorization mechanism you have provided is not supported. Please use {sigv4.ALGORITHM}."
            )
        claim = sigv4.claim_of_query(pairs)
        if claim.service not in sigv4.S3_FAMILY:  # moto would serve it as S3 whatever it was signed for
            message = (
                f'Error parsing the X-Amz-Credential parameter; incorrect service "{claim.service}". '
                'This endpoint belongs to "s3".'
            )
            raise Refused(400, "AuthorizationQueryParametersError", message)
        return claim

    def secret_of(self, claim: Claim) -> str:
        secret = self.credentials.get(claim.key_id)
        if secret is None:
            raise unknown_key(claim.key_id)
        return secret

    def check_guest(self, environ: Environ, query: dict[str, str], claim: Claim) -> None:
        """Keys that were lent with a session policy do only what it says."""
        known = getattr(self.credentials, "guest", None)
        guest = known(claim.key_id) if known else None
        if guest is None:
            return
        if claim.service not in sigv4.S3_FAMILY:
            raise access_denied()
        guests.check(guest, environ, query, self.clock())

    def check_signature(self, environ: Environ, claim: Claim, secret: str, payload_hash: str) -> None:
        sigv4.check_time(claim, self.clock(), machine_time())
        expected, text, canonical = sigv4.expected_signature(environ, claim, secret, payload_hash)
        if not hmac.compare_digest(expected.encode(), claim.signature.encode("latin-1", "replace")):
            raise mismatch(claim.key_id, text, canonical)

    def _other(self, environ: Environ, start_response: StartResponse, claim: Claim) -> Iterable[bytes]:
        secret = self.secret_of(claim)
        self.check_guest(environ, {}, claim)
        body = Body(content_length(environ) or 0)
        digest = body.digests["SHA256"] = new_digest("SHA256")
        for block in blocks(environ):
            body.write(block)
        self.check_signature(environ, claim, secret, environ.get("HTTP_X_AMZ_CONTENT_SHA256") or digest.digest().hex())
        named = environ.get("HTTP_X_AMZ_CONTENT_SHA256", digest.digest().hex())
        if named not in (digest.digest().hex(), sigv4.UNSIGNED):
            raise Refused(403, "SignatureDoesNotMatch", "The body is not the one that was signed.")
        return pass_on(self.app, environ, start_response, body)

    def _unsigned(self, environ: Environ, start_response: StartResponse, pairs: sigv4.Pairs) -> Iterable[bytes]:
        path, method = environ.get("PATH_INFO", ""), environ["REQUEST_METHOD"]
        form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
        if "HTTP_X_AMZ_TARGET" in environ:
            service, _, operation = environ["HTTP_X_AMZ_TARGET"].partition(".")
            # moto prefers an Action of the query or form to the target's
            plain = not pairs and not form
            if self.verify_others and not (plain and operation in unsigned_operations(UNSIGNED_TARGETS.get(service))):
                raise Refused(403, "MissingAuthenticationToken", "Missing Authentication Token")
            return self.app(environ, start_response)
        if form and method == "POST" and path in ("", "/"):
            return self._unsigned_action(environ, start_response)
        if path == "/favicon.ico" or (
            method == "GET"
            and path.rstrip("/").endswith(("/.well-known/jwks.json", "/.well-known/openid-configuration"))
        ):
            return self.app(environ, start_response)
        if path.startswith("/cloudformation_") and from_this_machine(environ):
            return self.app(environ, start_response)  # moto's own callback for custom resources
        if method == "POST" and environ.get("CONTENT_TYPE", "").startswith("multipart/form-data"):
            return self._form(environ, start_response)
        if "Signature=" in unquote("?".join(sigv4.raw_target(environ))):
            raise access_denied()  # moto takes any URL with this word in it for a signed one, whatever the place
        if method not in ("GET", "HEAD") or not path.strip("/").partition("/")[2] or _subresource(pairs):
            raise access_denied()
        status, headers, body = run(self.app, environ)
        if status[0] not in "23":  # a stranger learns nothing of what exists
            raise access_denied()
        start_response(status, headers)
        return [body]

    def _unsigned_action(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        body = Body(content_length(environ))
        for block in blocks(environ):
            body.write(block)
        if self.verify_others and not any(action in body.head(PEEK_BYTES) for action in UNSIGNED_ACTIONS):
            raise Refused(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
        return pass_on(self.app, environ, start_response, body)

    def _form(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        body = Body(content_length(environ))
        for block in blocks(environ):
            body.write(block)
        body.file.seek(0)
        bucket = environ.get("PATH_INFO", "").strip("/").partition("/")[0]
        readable = {**environ, "wsgi.input": body.file, "CONTENT_LENGTH": str(body.size_bytes)}
        check_form(readable, bucket, self.credentials, self.clock())
        return pass_on(self.app, environ, start_response, body)


def _subresource(pairs: sigv4.Pairs) -> bool:
    """Whether a query asks for something else than the object's bytes."""
    harmless = (b"versionId", b"partNumber")
    return any(name not in harmless and not name.startswith(b"response-") for name, _ in pairs)


def _looks_like_another_service(environ: Environ) -> bool:
    scope = environ.get("HTTP_AUTHORIZATION", "").split(",")[0].split("/")
    if len(scope) == 5 and scope[3] not in sigv4.S3_FAMILY:
        return True
    form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
    return "HTTP_X_AMZ_TARGET" in environ or (form and environ.get("PATH_INFO") in ("", "/"))


def from_this_machine(environ: Environ) -> bool:
    """Whether the peer is on loopback, and not a web page of elsewhere speaking through a browser here."""
    origin = environ.get("HTTP_ORIGIN")
    hosts = [environ.get("REMOTE_ADDR", "")]
    if origin:
        hosts.append(urlsplit(origin).hostname or "")
    return all(_is_loopback(host) for host in hosts)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


@functools.cache
def unsigned_operations(service: str | None) -> frozenset[str]:
    """Operations that AWS serves without a signature, as botocore's model of the service has them."""
    if service is None:
        return frozenset()
    model = botocore.session.get_session().get_service_model(service)
    names = model.operation_names
    return frozenset(name for name in names if _is_open(model.operation_model(name)))


def _is_open(operation: Any) -> bool:
    return operation.auth_type == "none" or (operation.auth or [None])[0] == "smithy.api#noAuth"
