"""Keys that AssumeRole lent with a session policy: their token, their end, and what the policy allows.

moto gives such keys out and then lets them do everything. Only what S3's own reference calls the action of a
request is judged, and only by the session policy: what the role may do, the templates' tests hold.
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
"""

from __future__ import annotations

import hmac
import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local.gate.refusals import Refused, access_denied

HERE = ("localhost", "127.0.0.1", "[::1]")
# Sub-resources of the requests that a guest's program sends; any other is an action of its own.
MULTIPART = frozenset({"uploads", "uploadId", "partNumber", "max-parts", "part-number-marker"})
SPOKEN_FOR = frozenset({"x-id", "versionId"})


@dataclass(frozen=True)
class Guest:
    """One loan of keys."""

    token: str
    ends_at: datetime
    policy: str | None


def check(guest: Guest, environ: dict[str, Any], query: dict[str, str], now: datetime) -> None:
    """Raises Refused unless token, time and policy allow this request of S3."""
    token = environ.get("HTTP_X_AMZ_SECURITY_TOKEN") or query.get("X-Amz-Security-Token") or ""
    if not hmac.compare_digest(token.encode("utf-8", "replace"), guest.token.encode()):
        raise Refused(400, "InvalidToken", "The provided token is malformed or otherwise invalid.")
    if now >= guest.ends_at:
        raise Refused(400, "ExpiredToken", "The provided token has expired.")
    if guest.policy is None:
        return
    host = environ.get("HTTP_HOST", "").rsplit(":", 1)[0]
    if host not in HERE:  # moto would take a bucket out of the name
        raise access_denied()
    resource = "arn:aws:s3:::" + environ.get("PATH_INFO", "").lstrip("/").encode("latin-1").decode("utf-8", "replace")
    wanted = actions(environ, query)
    if not all(allowed(guest.policy, action, resource) for action in wanted):
        raise access_denied()


def actions(environ: dict[str, Any], query: dict[str, str]) -> list[str]:
    """The IAM actions that a request needs on its bucket or object."""
    method = environ["REQUEST_METHOD"]
    names = {name for name in query if not name.startswith(("X-Amz-", "x-amz-"))} - SPOKEN_FOR
    needed = []
    if "/" not in environ.get("PATH_INFO", "").strip("/"):
        return ["s3:ListBucket" if method in ("GET", "HEAD") and names <= {"list-type", "prefix"} else "s3:Bucket"]
    if names - MULTIPART:
        return [f"s3:{method}:{'&'.join(sorted(names))}"]
    if "uploadId" in names and method in ("GET", "DELETE"):
        return ["s3:ListMultipartUploadParts" if method == "GET" else "s3:AbortMultipartUpload"]
    needed.append(
        {"PUT": "s3:PutObject", "POST": "s3:PutObject", "DELETE": "s3:DeleteObject"}.get(method, "s3:GetObject")
    )
    for header, action in EXTRA.items():
        if header in environ:
            needed.append(action)
    return needed


# Headers that ask for more than the bytes of the object.
EXTRA = {
    "HTTP_X_AMZ_COPY_SOURCE": "s3:GetObject",
    "HTTP_X_AMZ_ACL": "s3:PutObjectAcl",
    "HTTP_X_AMZ_TAGGING": "s3:PutObjectTagging",
    "HTTP_X_AMZ_OBJECT_LOCK_MODE": "s3:PutObjectRetention",
    "HTTP_X_AMZ_OBJECT_LOCK_LEGAL_HOLD": "s3:PutObjectLegalHold",
    "HTTP_X_AMZ_BYPASS_GOVERNANCE_RETENTION": "s3:BypassGovernanceRetention",
}


def allowed(policy: str, action: str, resource: str) -> bool:
    """Whether a policy's statements allow an action: one allows it, none denies it."""
    effects = {s["Effect"] for s in _listed(json.loads(policy)["Statement"]) if _fits(s, action, resource)}
    return effects == {"Allow"}


def _fits(statement: dict[str, Any], action: str, resource: str) -> bool:
    if "Condition" in statement or "NotAction" in statement or "NotResource" in statement:
        raise access_denied("The laptop does not judge conditions of session policies.")
    by_action = any(_matches(pattern.lower(), action.lower()) for pattern in _listed(statement["Action"]))
    return by_action and any(_matches(pattern, resource) for pattern in _listed(statement["Resource"]))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _matches(pattern: str, text: str) -> bool:
    """IAM's wildcards: a star for any text, a question mark for one sign."""
    escaped = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(escaped, text, re.DOTALL) is not None
