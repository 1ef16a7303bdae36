"""The deployed RestApi as API Gateway reads it: which resource and method a path means, and gateway responses."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local.http_server import Response
from local.surroundings import ACCOUNT, REGION


@dataclass
class Node:
    """One resource, with its children by path part."""

    resource_id: str
    path: str
    methods: Mapping[str, Any]
    children: dict[str, Node] = field(default_factory=dict)


@dataclass(frozen=True)
class Match:
    """A method that was found for a request."""

    node: Node
    method: Any
    parameters: dict[str, str]


# Type -> status and message when the API configures nothing.
_GATEWAY = {
    "MISSING_AUTHENTICATION_TOKEN": (403, "Missing Authentication Token"),
    "UNAUTHORIZED": (401, "Unauthorized"),
    "ACCESS_DENIED": (403, "User is not authorized to access this resource"),
    "AUTHORIZER_FAILURE": (500, "Internal server error"),
    "AUTHORIZER_CONFIGURATION_ERROR": (500, "Internal server error"),
    "INTEGRATION_FAILURE": (504, "Internal server error"),
    "INTEGRATION_TIMEOUT": (504, "Endpoint request timed out"),
    "REQUEST_TOO_LARGE": (413, "Request Entity Too Large"),
    "DEFAULT_5XX": (502, "Internal server error"),
}


class Routes:
    """A picture of one RestApi, taken when the front loads."""

    def __init__(self, api: Any) -> None:
        self.api = api
        self.stage = next(iter(api.stages), "prod")
        self.variables = dict(getattr(api.stages.get(self.stage), "variables", None) or {})
        nodes = {
            resource_id: Node(resource_id, resource.get_path(), dict(resource.resource_methods))
            for resource_id, resource in api.resources.items()
        }
        self.root = Node("", "/", {})
        for resource_id, resource in api.resources.items():
            if resource.parent_id in nodes:
                nodes[resource.parent_id].children[resource.path_part] = nodes[resource_id]
            else:
                self.root = nodes[resource_id]

    def find(self, verb: str, path: str) -> Match | None:
        """Literal parts win over parameters, parameters over a greedy one. Parts stay undecoded, as AWS has them."""
        parts = path.strip("/").split("/") if path.strip("/") else []
        return self._walk(self.root, parts, verb, {})

    def _walk(self, node: Node, parts: list[str], verb: str, parameters: dict[str, str]) -> Match | None:
        if not parts:
            method = node.methods.get(verb) or node.methods.get("ANY")
            return Match(node, method, parameters) if method else None
        part, rest = parts[0], parts[1:]
        if literal := node.children.get(part):
            found = self._walk(literal, rest, verb, parameters)
            if found:
                return found
        for name, child in node.children.items():
            if re.fullmatch(r"\{[^+}]+\}", name) and part:
                found = self._walk(child, rest, verb, {**parameters, name[1:-1]: part})
                if found:
                    return found
        for name, child in node.children.items():
            if name.endswith("+}"):
                return self._walk(child, [], verb, {**parameters, name[1:-2]: "/".join(parts)})
        return None

    def method_arn(self, verb: str, path: str) -> str:
        return f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{self.api.id}/{self.stage}/{verb}/{path.lstrip('/')}"

    def is_binary(self, content_type: str | None) -> bool:
        kinds = self.api.binaryMediaTypes or []
        kind = (content_type or "").split(";")[0].strip().lower()
        return any(k == "*/*" or (kind and k.lower() == kind) for k in kinds)

    def gateway_response(self, kind: str, context: Mapping[str, str], message: str | None = None) -> Response:
        """What API Gateway itself answers, in the API's own wording where one is configured."""
        status, default = _GATEWAY[kind]
        message = message or default
        configured = self._configured(kind, status)
        headers, template, content_type = [], None, "application/json"
        if configured:
            status = int(configured.get("statusCode") or status)  # moto keeps it as a text
            for name, value in (configured.get("responseParameters") or {}).items():
                if name.startswith("gatewayresponse.header."):
                    headers.append((name.rpartition(".")[2], str(value).strip("'")))
            content_type, template = next(
                iter((configured.get("responseTemplates") or {}).items()), (content_type, None)
            )
        words = {
            "error.messageString": _quoted(message),
            "error.message": message,
            "error.responseType": kind,
            **context,
        }
        text = _fill(template, words) if template else f'{{"message":{_quoted(message)}}}'
        if not any(name.lower() == "content-type" for name, _ in headers):
            headers.append(("Content-Type", content_type))
        headers += [
            ("x-amzn-ErrorType", _error_type(kind)),
            ("x-amzn-RequestId", context.get("requestId", "")),
        ]
        return Response(status, text.encode(), headers)

    def _configured(self, kind: str, status: int) -> Any:
        responses = self.api.gateway_responses
        found = responses.get(kind) or responses.get("DEFAULT_4XX" if status < 500 else "DEFAULT_5XX")
        return found.to_json() if found else None


def _quoted(text: str) -> str:
    return json.dumps(text)


def _fill(template: str, words: Mapping[str, str]) -> str:
    """
    >>> _fill('{"m": $context.error.messageString}', {"error.messageString": '"x"'})
    '{"m": "x"}'
    """
    pattern = r"\$\{context\.([A-Za-z.]+)\}|\$context\.([A-Za-z.]*[A-Za-z])"
    return re.sub(pattern, lambda m: words.get(m[1] or m[2], ""), template)


def _error_type(kind: str) -> str:
    return "".join(word.capitalize() for word in kind.split("_")) + "Exception"
