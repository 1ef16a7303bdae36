"""One moto server for all tests of the cloud room; fresh orders for each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.unit.aws.s3_with_faults import Faults, s3_with_faults


@pytest.fixture(scope="session")
def _servers() -> Iterator[Faults]:
    with s3_with_faults() as faults:
        yield faults


@pytest.fixture
def faults(_servers: Faults) -> Faults:
    _servers.orders.clear()
    _servers.ranges.clear()
    _servers.if_match.clear()
    return _servers


@pytest.fixture
def client(faults: Faults) -> Any:
    client = boto3.client(
        "s3",
        endpoint_url=faults.endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"}),
    )
    client.create_bucket(Bucket="reads")
    return client
