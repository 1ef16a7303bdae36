"""Physical names where the template gives none: made of stack and logical id, the same at each start."""

from __future__ import annotations

import hashlib
import re

# The shortest limit that a service sets for its names; bucket names moreover are lower case.
_LONGEST = {
    "AWS::Batch::ComputeEnvironment": 128,
    "AWS::Batch::JobDefinition": 128,
    "AWS::Batch::JobQueue": 128,
    "AWS::DynamoDB::GlobalTable": 255,
    "AWS::DynamoDB::Table": 255,
    "AWS::S3::Bucket": 63,
    "AWS::SQS::Queue": 80,
}
_SHORTEST_LIMIT = 64
_UNDERSCORED = frozenset({"AWS::Glue::Database", "AWS::Glue::Table"})


def physical_name(kind: str, stack: str, logical_id: str, fifo: bool = False) -> str:
    """
    >>> physical_name("AWS::Lambda::Function", "Stack", "Logical")
    'Stack-Logical-3YBR5A9K'
    """
    digest = hashlib.sha256(f"{stack}/{logical_id}".encode()).digest()
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    tail = "".join(letters[byte % 32] for byte in digest[:8])
    limit = _LONGEST.get(kind, _SHORTEST_LIMIT) - (5 if fifo else 0)
    head = f"{stack}-{logical_id}"[: limit - 9].rstrip("-")
    name = f"{head}-{tail}" + (".fifo" if fifo else "")
    if kind == "AWS::S3::Bucket":
        return re.sub(r"[^a-z0-9-]", "-", name.lower())
    if kind in _UNDERSCORED:
        return re.sub(r"[^a-z0-9_]", "_", name.lower())
    return name
