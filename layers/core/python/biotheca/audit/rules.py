"""The chain: each line's hash covers the line and the hash before it, so that no change goes unnoticed. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

BEGINNING = "0" * 64


@dataclass(frozen=True)
class Verdict:
    """`broken`: number of the first line that is not as it was written, or None. `lines`: how many were read."""

    lines: int
    broken: int | None = None
    why: str = ""
    last_hash: str = BEGINNING


def line_of(number: int, before: str, envelope: dict[str, Any]) -> dict[str, Any]:
    """The line of an event: what it says, its number, the hash before and its own."""
    kept = {k: envelope[k] for k in ("id", "type", "at", "correlation_id", "body")}
    line = {"number": number, **kept, "before": before}
    return line | {"hash": hash_of(line)}


def hash_of(line: dict[str, Any]) -> str:
    """SHA-256 (hex) of a line as canonical JSON (sorted keys, no blanks, UTF-8) without its own hash.

    >>> hash_of({"b": 1, "a": "x", "hash": "ignored"}) == hash_of({"a": "x", "b": 1})
    True
    """
    covered = {k: v for k, v in line.items() if k != "hash"}
    text = json.dumps(covered, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def chained(number: int, before: str, envelopes: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Lines for events that follow line `number`, whose hash is `before`."""
    for envelope in envelopes:
        number += 1
        line = line_of(number, before, envelope)
        before = line["hash"]
        yield line


def verify(lines: Iterable[dict[str, Any]], head: dict[str, Any] | None = None) -> Verdict:
    """Read a chain from its first line. `head` ({number, hash}) also tells whether its end is missing."""
    before, count = BEGINNING, 0
    for line in lines:
        expected = count + 1
        if line.get("number") != expected:
            return Verdict(count, expected, f"line {expected} is missing; line {line.get('number')} follows", before)
        if line.get("before") != before:
            return Verdict(count, expected, "it does not continue the line before it", before)
        if line.get("hash") != hash_of(line):
            return Verdict(count, expected, "its content is not what was written", before)
        before, count = line["hash"], expected
    if head and head["number"] != count:
        why = f"the chain has {head['number']} lines, {count} are there"
        return Verdict(count, min(count, head["number"]) + 1, why, before)
    if head and head["hash"] != before:
        return Verdict(count, count, "the last line is not the one that the table remembers", before)
    return Verdict(count, last_hash=before)
