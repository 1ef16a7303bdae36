"""The examples in the docstrings of the laptop hold."""

from __future__ import annotations

import doctest
import importlib

import pytest

MODULES = (
    "local.front_authorizer",
    "local.front_routes",
    "local.hooks.batch_retries",
    "local.hooks.event_targets",
    "local.hooks.names",
    "local.hooks.runtime_errors",
    "local.schedules",
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_hold(name: str) -> None:
    failed, tried = doctest.testmod(importlib.import_module(name))
    assert tried > 0
    assert failed == 0
