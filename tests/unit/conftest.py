"""What unit tests share: a small cloud of tables for the services over them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.hooks import dynamodb_transactions, soundness, speed
from tests.unit.world import World, made


@pytest.fixture(scope="session", autouse=True)
def _moto_as_on_the_laptop() -> None:
    """moto alone copies whole tables at each transaction and asks each shape for every name that it may have."""
    for hook in (speed, soundness, dynamodb_transactions):
        hook.install()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with made(monkeypatch) as here:
        yield here
