"""TOKEN authorizers: asks the function, evaluates its policy for the method, remembers the answer for its TTL."""

from __future__ import annotations

import fnmatch
import json
import re
import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from local.hooks.lambda_runtime import Outcome
from local.http_server import Request

MOST_REMEMBERED = 1_000

Invoke = Callable[[str, dict[str, Any]], Outcome]


class Refused(Exception):
    """The gateway response that the request gets instead of its method."""

    def __init__(self, kind: str, message: str | None = None) -> None:
        super().__init__(kind)
        self.kind, self.message = kind, message


class Authorizers:
    """`now` is the laptop's clock, so that a jump over the TTL forgets."""

    def __init__(self, invoke: Invoke, now: Callable[[], datetime]) -> None:
        self._invoke, self._now = invoke, now
        self._remembered: OrderedDict[tuple[str, str], tuple[datetime, dict[str, Any]]] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, authorizer: Any, request: Request, method_arn: str) -> dict[str, Any]:
        """The context for requestContext.authorizer. Raises Refused."""
        if authorizer.type != "TOKEN":
            raise Refused("AUTHORIZER_CONFIGURATION_ERROR", f"the laptop knows no {authorizer.type} authorizer")
        header = (authorizer.identity_source or "method.request.header.Authorization").rpartition(".")[2]
        token = request.header(header)
        expression = getattr(authorizer, "identity_validation_expression", None)
        if not token or (expression and not re.match(expression, token)):
            raise Refused("UNAUTHORIZED")
        answer = self._answer(authorizer, token, method_arn)
        _evaluate(answer.get("policyDocument") or {}, method_arn)
        context = {name: _as_text(value) for name, value in (answer.get("context") or {}).items()}
        return {"principalId": str(answer.get("principalId", "")), "integrationLatency": 0, **context}

    def forget(self) -> None:
        with self._lock:
            self._remembered.clear()

    def _answer(self, authorizer: Any, token: str, method_arn: str) -> dict[str, Any]:
        given = authorizer.authorizer_result_ttl
        ttl = timedelta(seconds=300 if given is None else int(given))
        key, now = (authorizer.id, token), self._now()
        with self._lock:
            at, answer = self._remembered.get(key, (now, None))
            if answer is not None and timedelta(0) <= now - at < ttl:
                return answer
        event = {"type": "TOKEN", "methodArn": method_arn, "authorizationToken": token}
        outcome = self._invoke(_function_of(authorizer.authorizer_uri), event)
        if outcome.failed:
            said = json.loads(outcome.payload or b"{}").get("errorMessage", "")
            raise Refused("UNAUTHORIZED" if said == "Unauthorized" else "AUTHORIZER_FAILURE")
        answer = outcome.value()
        if not isinstance(answer, dict) or "policyDocument" not in answer:
            raise Refused("AUTHORIZER_CONFIGURATION_ERROR")
        if ttl > timedelta(0):
            with self._lock:
                self._remembered[key] = (now, answer)
                if len(self._remembered) > MOST_REMEMBERED:
                    self._remembered.popitem(last=False)
        return answer


def function_arn(uri: str) -> str | None:
    """
    >>> function_arn("arn:aws:apigateway:r:lambda:path/2015-03-31/functions/arn:aws:lambda:r:1:function:f/invocations")
    'arn:aws:lambda:r:1:function:f'
    """
    found = re.search(r"functions/(arn:[^/]+)/invocations", uri or "")
    return found[1] if found else None


def _function_of(uri: str) -> str:
    arn = function_arn(uri)
    if arn is None:
        raise Refused("AUTHORIZER_CONFIGURATION_ERROR")
    return arn


def _evaluate(policy: dict[str, Any], method_arn: str) -> None:
    allowed = False
    for statement in _listed(policy.get("Statement")):
        actions = _listed(statement.get("Action"))
        if not any(fnmatch.fnmatchcase("execute-api:invoke", str(a).lower()) for a in actions):
            continue
        # Square brackets mean nothing in an ARN pattern, unlike in a file pattern.
        patterns = [str(r).replace("[", "[[]") for r in _listed(statement.get("Resource"))]
        if not any(fnmatch.fnmatchcase(method_arn, pattern) for pattern in patterns):
            continue
        if statement.get("Effect") == "Deny":
            raise Refused("ACCESS_DENIED", "User is not authorized to access this resource with an explicit deny")
        allowed = allowed or statement.get("Effect") == "Allow"
    if not allowed:
        raise Refused("ACCESS_DENIED")


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _as_text(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (int, float)) else value
