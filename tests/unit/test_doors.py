"""Importing a door does nothing: no environment, no client, no network. And the doctests of the package hold."""

from __future__ import annotations

import doctest
import importlib
import json
import os
import pkgutil
import subprocess
import sys

import pytest

import biotheca
import functions

DOORS = sorted(m.name for m in pkgutil.walk_packages(functions.__path__, "functions."))
MODULES = sorted(m.name for m in pkgutil.walk_packages(biotheca.__path__, "biotheca."))


def test_every_door_imports_with_an_empty_environment_and_no_network() -> None:
    code = (
        "import socket, importlib, json, sys\n"
        "def refuse(*a, **k): raise SystemExit('a door opened a connection while it was imported')\n"
        "socket.socket.connect = refuse\n"
        f"for name in {DOORS!r}: importlib.import_module(name)\n"
        "import boto3; print(json.dumps(boto3.DEFAULT_SESSION is None))\n"
    )
    clean = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=clean, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) is True


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_are_true(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_a_missing_setting_is_named() -> None:
    from biotheca.settings import SettingMissing, Settings, variable

    os.environ.pop("BIOTHECA_RECORDS_TABLE", None)
    with pytest.raises(SettingMissing, match="BIOTHECA_RECORDS_TABLE"):
        _ = Settings().records_table
    with pytest.raises(AttributeError, match="no setting"):
        _ = Settings().recrods_table
    with pytest.raises(KeyError):
        variable("recrods_table")
