"""Clients: one per service and process, with retries and time-outs that suit a serverless function."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config

_CONFIG = Config(
    retries={"mode": "standard", "max_attempts": 5},
    connect_timeout=5,
    read_timeout=60,
    max_pool_connections=32,
)


@cache
def client(service: str) -> Any:
    """The process's client of that service."""
    config = _CONFIG
    if service == "s3":
        # SigV4 is the only version that binds headers such as a part's checksum.
        config = _CONFIG.merge(Config(signature_version="s3v4", s3=addressing()))
    return session().create_client(service, config=config)


@cache
def session() -> Any:
    """What all clients of the process share: botocore's own, for boto3 would bring its transfer manager along."""
    return botocore.session.get_session()


def addressing() -> Any:
    """S3's addressing style: by path where an endpoint is named, for bucket names are no host names on a laptop."""
    return {"addressing_style": "path" if os.environ.get("AWS_ENDPOINT_URL") else "virtual"}


def region() -> str:
    """The Region that this process works in; empty if nothing says so."""
    return str(session().get_config_variable("region") or "")
