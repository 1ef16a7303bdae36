"""What unit tests share: a small cloud of tables for the services over them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.world import World, made


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with made(monkeypatch) as here:
        yield here
