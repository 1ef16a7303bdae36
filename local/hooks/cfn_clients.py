"""boto3 clients that speak to this very laptop, one per service, with credentials that the S3 gate accepts."""

from __future__ import annotations

import functools
import threading
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config


@dataclass(frozen=True)
class Address:
    """Where and as whom. Fixed for one start of the laptop."""

    endpoint_url: str
    region: str
    access_key: str
    secret_key: str


_address: Address | None = None
_lock = threading.Lock()


def bind(address: Address | None) -> None:
    global _address
    _address = address
    _client.cache_clear()


def client(service: str, region: str | None = None) -> Any:
    """A cached client; botocore's clients are thread-safe, their making is not."""
    if _address is None:
        raise RuntimeError("no laptop is running in this process")
    with _lock:
        return _client(service, region or _address.region)


@functools.cache
def _client(service: str, region: str) -> Any:
    assert _address is not None
    session: Any = boto3.session.Session(_address.access_key, _address.secret_key, region_name=region)
    return session.client(
        service,
        endpoint_url=_address.endpoint_url,
        config=Config(
            retries={"max_attempts": 0, "total_max_attempts": 1},
            read_timeout=600,
            max_pool_connections=50,
            # moto needs no extra checksums, and they cost a hash each.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            s3={"addressing_style": "path"},
            parameter_validation=True,
            inject_host_prefix=False,
        ),
    )
