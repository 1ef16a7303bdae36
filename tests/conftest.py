"""Which tests share a process. Two laptop clouds cannot live in one: moto's backends are global."""

from __future__ import annotations

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With `-n 2 --dist loadgroup` tests of the laptop itself run in one process and all others in another."""
    for item in items:
        own = item.nodeid.startswith(("tests/local/", "tests/portal/"))
        item.add_marker(pytest.mark.xdist_group("laptop" if own else "archive"))
