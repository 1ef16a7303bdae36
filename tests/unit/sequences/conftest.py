"""One small mirror a test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.sequences.http_source import http_source
from tests.unit.sequences.mirror import Mirror, mirror


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Mirror]:
    with http_source() as web, mirror(monkeypatch, web, tmp_path) as made:
        yield made
