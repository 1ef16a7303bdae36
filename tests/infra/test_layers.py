"""Lambda layers: pinned as the lock, buildable for the deployed processor, and enough for every function."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.constructs.assets import PYTHON_VERSION, _InstallWheels
from tests.infra.conftest import Templates
from tests.infra.imports import LOCK, ROOT, RUNTIME, modules_of, pins, reached_from, resolved

LAYERS = sorted(path.parent.name for path in ROOT.glob("layers/*/requirements.txt"))
# Modules that a package of a layer loads by a name in a text, where no reader of sources sees it.
LOADED_BY_NAME = {"lake": ["pyiceberg.catalog.glue", "pyiceberg.io.pyarrow"]}

# Run in a child: only the standard library and `allowed` can be imported, ours only from the given folders.
CHILD = """
import importlib, json, sys
given = json.load(sys.stdin)
allowed = {*sys.stdlib_module_names, *given["allowed"], "biotheca", "functions"}
class Guard:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] not in allowed and not name.startswith("_sysconfigdata"):
            raise ModuleNotFoundError(f"No module named {name!r} in these layers", name=name)
sys.meta_path.insert(0, Guard())
sys.path[:0] = given["path"]
for name in [n for n in sys.modules if n.split(".")[0] not in allowed]:
    del sys.modules[name]
for name in given["modules"]:
    module = importlib.import_module(name)
    if name.split(".")[0] in ("biotheca", "functions"):
        assert any(module.__file__.startswith(place) for place in given["path"]), module.__file__
for name, attribute in given["handlers"]:
    assert callable(getattr(importlib.import_module(name), attribute)), (name, attribute)
if "functions.observability" in sys.modules:  # Powertools loads its tracer's packages when it is made
    for make in ("logger", "metrics", "tracer"):
        getattr(sys.modules["functions.observability"], make)()
"""


def layer_names(templates: Templates) -> dict[str, str]:
    """Logical id of a layer -> its folder in layers/."""
    found = templates.of_type("AWS::Lambda::LayerVersion")
    return {logical: layer["Description"].removeprefix("layers/") for logical, layer in found}


def our_functions(templates: Templates) -> list[tuple[str, str, tuple[str, ...], dict[str, Any]]]:
    """(module, attribute, layers, properties) of every function of ours."""
    names, found = layer_names(templates), []
    for _, function in templates.of_type("AWS::Lambda::Function"):
        module, _, attribute = str(function.get("Handler", "")).rpartition(".")
        if module.startswith("functions."):
            layers = tuple(sorted(names[layer["Ref"]] for layer in function.get("Layers", [])))
            found.append((module, attribute, layers, function))
    assert len(found) > 15
    return found


def carried(layers: tuple[str, ...]) -> set[str]:
    """Distributions that a function with these layers finds."""
    return RUNTIME.union(*(pins(ROOT / "layers" / layer / "requirements.txt") for layer in layers))


@pytest.mark.parametrize("layer", LAYERS)
def test_versions_of_a_layer_are_those_of_the_lock(layer: str) -> None:
    locked = pins(LOCK, PYTHON_VERSION)
    mine = pins(ROOT / "layers" / layer / "requirements.txt")
    assert {name: version for name, (version, _) in mine.items()} == {name: locked[name][0] for name in mine}


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_resolves_for_the_deployed_processor(layer: str, tmp_path: Path) -> None:
    outcome = resolved(ROOT / "layers" / layer / "requirements.txt", PYTHON_VERSION, tmp_path)
    assert outcome.returncode == 0, outcome.stderr


def test_what_handlers_import_is_in_the_layers_they_have(templates: Templates) -> None:
    lacking = {}
    for module, _, layers, _ in our_functions(templates):
        found = reached_from(module).distributions()
        if missing := {name: sorted(found[name]) for name in set(found) - carried(layers)}:
            lacking[module, layers] = missing
    assert not lacking


def test_handlers_import_only_what_their_code_asset_holds(templates: Templates) -> None:
    for module, _, _, function in our_functions(templates):
        code = templates.folder / f"asset.{function['Code']['S3Key'].removesuffix('.zip')}"
        for name in reached_from(module).ours:
            if name.startswith("functions"):
                place = code.joinpath(*name.split("."))
                assert place.with_suffix(".py").is_file() or (place / "__init__.py").is_file(), (module, name)


def test_handlers_load_where_nothing_but_their_layers_is_installed(templates: Templates) -> None:
    """What the layers' packages import themselves is seen here: layers are installed without dependencies."""
    core = templates.folder / next(
        f"asset.{layer['Content']['S3Key'].removesuffix('.zip')}"
        for _, layer in templates.of_type("AWS::Lambda::LayerVersion")
        if layer["Description"] == "layers/core"
    )
    wanted: dict[tuple[str, tuple[str, ...]], list[tuple[str, str]]] = {}
    for module, attribute, layers, function in our_functions(templates):
        wanted.setdefault((function["Code"]["S3Key"], layers), []).append((module, attribute))
    for (key, layers), handlers in wanted.items():
        modules: set[str] = set()
        for module, _ in handlers:
            modules |= reached_from(module).others
        given = {
            "allowed": sorted(modules_of(carried(layers))),
            "path": [str(templates.folder / f"asset.{key.removesuffix('.zip')}"), str(core / "python")],
            "modules": sorted(modules) + [name for layer in layers for name in LOADED_BY_NAME.get(layer, [])],
            "handlers": handlers,
        }
        # With a task root Powertools believes to be in Lambda and loads X-Ray's packages.
        environment = {"PATH": os.defpath, "AWS_REGION": "eu-west-1", "LAMBDA_TASK_ROOT": str(templates.folder)}
        outcome = subprocess.run(
            [sys.executable, "-I", "-c", CHILD],
            input=json.dumps(given),
            cwd=templates.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert outcome.returncode == 0, f"{handlers[0][0]} with {layers}:\n{outcome.stderr[-1500:]}"


def test_the_core_layer_is_bundled_for_the_deployed_processor(tmp_path: Path) -> None:
    assert _InstallWheels(ROOT / "layers/core").try_bundle(str(tmp_path)) is True
    ours = {path.relative_to(ROOT / "layers/core/python") for path in (ROOT / "layers/core/python").rglob("*.py")}
    got = {path.relative_to(tmp_path / "python") for path in (tmp_path / "python").rglob("*.py")}
    assert ours <= got
    compiled = [path.name for path in (tmp_path / "python").rglob("*.so")]
    assert compiled == ["_yaml.cpython-313-aarch64-linux-gnu.so"]
    assert not list(tmp_path.rglob("__pycache__"))
