"""JSON documents in S3. Large objects: see ranged."""

from __future__ import annotations

import json
from typing import Any

from biotheca.aws.ranged import s3


def put_document(bucket: str, key: str, document: dict[str, Any]) -> None:
    """Write one JSON document; writing the same twice is harmless."""
    body = json.dumps(document, ensure_ascii=False, indent=1).encode()
    s3().put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")
