"""The catalogue of the lake's Iceberg tables, and what `store` and `mirror_store` both need of pyiceberg."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from pyiceberg.catalog import Catalog, load_catalog

TRIES = 5  # commits of one writer that may lose against others


@cache
def glue_catalog() -> Catalog:
    """Glue, as the process's environment names it."""
    region = os.environ.get("AWS_REGION", "us-east-1")
    properties: dict[str, Any] = {"type": "glue", "s3.region": region, "glue.region": region}
    if endpoint := os.environ.get("AWS_ENDPOINT_URL"):  # pyarrow's S3 client does not read this variable itself
        properties |= {
            "s3.endpoint": endpoint,
            "glue.endpoint": endpoint,
            "s3.access-key-id": os.environ["AWS_ACCESS_KEY_ID"],
            "s3.secret-access-key": os.environ["AWS_SECRET_ACCESS_KEY"],
        }
    return load_catalog("glue", **properties)
