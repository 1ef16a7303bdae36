"""Faults on demand, for tests: refuse, drop, cut short, delay, or spoil chosen requests.

A rule is plain JSON, set in process or at `/_gate/faults` (GET, PUT a list, POST one, DELETE), from this machine only:

    {"method": "PUT", "path": "^/inbox/", "every": 3, "action": "status", "status": 503}

Which requests: `method` and `path` (a regular expression over the decoded path) choose; `nth` fires once,
at the n-th match; `every` at each n-th; `probability` by chance, repeatable with `seed`; `times` limits how often.
What happens: `status` answers with that code; `delay` waits `seconds`; `drop` resets the connection after
`after_bytes` of the request's body, or of the answer if there is none; `truncate` ends the answer after
`after_bytes` and says so in Content-Length, so that it looks whole; `flip` turns a bit of the stored object's
byte `offset`, in every GET that reads it.
"""

from __future__ import annotations

import contextlib
import json
import random
import re
import socket
import struct
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from local.gate.refusals import App, Environ, Refused, StartResponse, answer

ACTIONS = ("status", "drop", "truncate", "delay", "flip")
LONGEST_RULES_BYTES = 1024 * 1024


@dataclass
class Rule:
    action: str
    method: str = ".*"
    path: str = ".*"
    nth: int | None = None
    every: int | None = None
    probability: float | None = None
    seed: int = 0
    times: int | None = None
    status: int = 503
    after_bytes: int = 0
    seconds: float = 0.0
    offset: int = 0
    matched: int = 0
    fired: int = 0
    _chance: random.Random = field(default_factory=random.Random, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.action not in ACTIONS:
            raise ValueError(f"action {self.action!r} is none of {', '.join(ACTIONS)}")
        re.compile(self.path)
        re.compile(self.method)
        self._chance.seed(self.seed)

    def fires(self, method: str, path: str) -> bool:
        """Count this request, and say whether the fault falls on it."""
        if not re.fullmatch(self.method, method) or not re.search(self.path, path):
            return False
        self.matched += 1
        if self.times is not None and self.fired >= self.times:
            return False
        due = (
            (self.nth is None or self.matched == self.nth)
            and (self.every is None or self.matched % self.every == 0)
            and (self.probability is None or self._chance.random() < self.probability)
        )
        self.fired += due
        return due


class Faults:
    """The rules in force. Safe to change while requests pass."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._lock = threading.Lock()

    def add(self, **rule: Any) -> Rule:
        made = _rule(rule)
        with self._lock:
            self._rules.append(made)
        return made

    def set(self, rules: list[dict[str, Any]]) -> None:
        made = [_rule(rule) for rule in rules]
        with self._lock:
            self._rules = made

    def clear(self) -> None:
        self.set([])

    def rules(self) -> list[dict[str, Any]]:
        with self._lock:
            return [{k: v for k, v in asdict(rule).items() if not k.startswith("_")} for rule in self._rules]

    def due(self, environ: Environ) -> list[Rule]:
        if not self._rules:
            return []
        path = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace")
        with self._lock:
            return [rule for rule in self._rules if rule.fires(environ["REQUEST_METHOD"], path)]

    def serve(self, environ: Environ, start_response: StartResponse) -> list[bytes]:
        """`/_gate/faults` itself."""
        method = environ["REQUEST_METHOD"]
        try:
            if method in ("PUT", "POST"):
                text = environ["wsgi.input"].read(min(int(environ.get("CONTENT_LENGTH") or 0), LONGEST_RULES_BYTES))
                sent = json.loads(text)
                if method == "PUT":
                    self.set(sent)
                else:
                    self.add(**sent)
            elif method == "DELETE":
                self.clear()
            elif method != "GET":
                raise ValueError(f"method {method} is none of GET, PUT, POST, DELETE")
        except (ValueError, TypeError, re.error) as error:
            return _json(start_response, "400 BAD REQUEST", {"detail": str(error)})
        return _json(start_response, "200 OK", {"rules": self.rules()})


def _rule(values: dict[str, Any]) -> Rule:
    known = {f.name for f in fields(Rule)} - {"_chance", "matched", "fired"}
    unknown = sorted(set(values) - known - {"matched", "fired"})
    if unknown:
        raise ValueError(f"a fault has no {unknown[0]!r}; it has {', '.join(sorted(known))}")
    return Rule(**{name: value for name, value in values.items() if name in known})


def _json(start_response: StartResponse, status: str, value: Any) -> list[bytes]:
    body = json.dumps(value).encode()
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def strike(
    app: App, environ: Environ, start_response: StartResponse, rules: list[Rule], *, s3: bool
) -> Iterable[bytes]:
    """Serve one request with these faults on it."""
    for rule in rules:
        if rule.action == "delay":
            time.sleep(rule.seconds)
        elif rule.action == "status":
            code = "SlowDown" if rule.status == 503 else "InternalError"
            refused = Refused(
                rule.status,
                code,
                "Please reduce your request rate." if rule.status == 503 else "A fault was asked for.",
            )
            return answer(environ, start_response, refused, s3=s3)
        elif rule.action == "drop" and int(environ.get("CONTENT_LENGTH") or 0):
            environ["wsgi.input"].read(min(rule.after_bytes, int(environ["CONTENT_LENGTH"])))
            reset(environ)
    shaping = [rule for rule in rules if rule.action in ("drop", "truncate", "flip")]
    if not shaping:
        return app(environ, start_response)
    return _shaped(app, environ, start_response, shaping)


def reset(environ: Environ) -> None:
    """End the connection with RST, as a lost network does. Raises ConnectionResetError."""
    connection = environ.get("werkzeug.socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()  # the file objects of the handler still hold it, so force the end as well
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionResetError("a fault was asked for")


def _shaped(app: App, environ: Environ, start_response: StartResponse, rules: list[Rule]) -> Iterable[bytes]:
    answered: dict[str, Any] = {}

    def remember(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        answered.update(status=status, headers=headers)

    body = bytearray().join(app(environ, remember))
    headers = dict((name.lower(), value) for name, value in answered["headers"])
    drop_at = None
    for rule in rules:
        if rule.action == "flip" and environ["REQUEST_METHOD"] == "GET" and answered["status"][:1] == "2":
            ranged = re.match(r"bytes (\d+)-", headers.get("content-range", ""))
            at = rule.offset - (int(ranged[1]) if ranged else 0)
            if 0 <= at < len(body):
                body[at] ^= 0x01
        elif rule.action == "truncate":
            del body[rule.after_bytes :]
        elif rule.action == "drop":
            drop_at = rule.after_bytes
    length = (
        "Content-Length",
        str(len(body) if environ["REQUEST_METHOD"] != "HEAD" else headers.get("content-length", 0)),
    )
    start_response(
        answered["status"], [item for item in answered["headers"] if item[0].lower() != "content-length"] + [length]
    )
    return _cut(environ, bytes(body), drop_at) if drop_at is not None else [bytes(body)]


def _cut(environ: Environ, body: bytes, at: int) -> Iterator[bytes]:
    yield body[:at]
    reset(environ)
