"""What a module imports, read from its source: ours step by step, others by name. Nothing is imported here."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.markers import Marker

from infra.constructs.assets import PLATFORM

ROOT = Path(__file__).resolve().parents[2]
OURS = {"biotheca": ROOT / "layers/core/python", "functions": ROOT, "batch": ROOT}
LOCK = ROOT / "requirements/dev.lock"
# What the Lambda runtime for Python carries besides the standard library.
RUNTIME = {"boto3", "botocore", "jmespath", "s3transfer", "python-dateutil", "six", "urllib3"}


@dataclass
class Reached:
    """All modules of ours that an import brings in, and every foreign module that they name."""

    ours: set[str] = field(default_factory=set)
    others: set[str] = field(default_factory=set)

    def distributions(self) -> dict[str, set[str]]:
        """Distribution -> the modules of it that are named."""
        found: dict[str, set[str]] = {}
        for module in self.others:
            for name in distributions_of(module):
                found.setdefault(name, set()).add(module)
        return found


@cache
def reached_from(module: str) -> Reached:
    """Follow a module's imports through ours, also those inside functions; not those for type checkers alone."""
    reached, waiting = Reached(), [module]
    while waiting:
        name = waiting.pop()
        if name.split(".")[0] not in OURS:
            if name.split(".")[0] not in sys.stdlib_module_names:
                reached.others.add(name)
            continue
        path = _file(name)
        if path is None or name in reached.ours:
            continue
        reached.ours.add(name)
        if parent := name.rpartition(".")[0]:
            waiting.append(parent)
        waiting += _named_in(path, name if path.name == "__init__.py" else parent)
    return reached


@cache
def _named_in(path: Path, package: str) -> tuple[str, ...]:
    return tuple(_imports(ast.parse(path.read_text()), package))


def _file(module: str) -> Path | None:
    place = OURS[module.split(".")[0]].joinpath(*module.split("."))
    return next((path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()), None)


def _imports(tree: ast.AST, package: str) -> Iterator[str]:
    """Full names of imported modules; `from a import b` gives a and, as b may be a module, a.b when a is ours."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            if base.split(".")[0] in OURS:
                yield from (f"{base}.{alias.name}" for alias in node.names)
        else:
            yield from _imports(node, package)


@cache
def _providers() -> dict[str, list[str]]:
    return {module: sorted({normal(d) for d in names}) for module, names in packages_distributions().items()}


def distributions_of(module: str) -> list[str]:
    """Which installed distributions give a top-level module."""
    return _providers()[module.split(".")[0]]


def modules_of(distributions: set[str]) -> set[str]:
    """The top-level modules that distributions give."""
    return {module for module, names in _providers().items() if set(names) & distributions}


def normal(name: str) -> str:
    """
    >>> normal("Typing_Extensions")
    'typing-extensions'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(requirements: Path, python: str = "3.13", machine: str = "aarch64") -> dict[str, tuple[str, frozenset[str]]]:
    """name -> (version, hashes) of a pinned list, as it counts on Linux with this Python and processor."""
    where = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": "linux"}
    where |= {
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
        "platform_machine": machine,
    }
    found: dict[str, tuple[str, frozenset[str]]] = {}
    text = re.sub(r"\\\n\s*", " ", requirements.read_text())
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        entry, *hashes = line.split("--hash=")
        requirement, _, marker = entry.partition(";")
        if marker.strip() and not Marker(marker.strip()).evaluate(where):
            continue
        name, _, version = requirement.strip().partition("==")
        assert version, f"{requirements}: {requirement!r} is not pinned"
        assert normal(name) not in found, f"{requirements}: {name} stands there twice"
        found[normal(name)] = (version.strip(), frozenset(h.strip() for h in hashes))
    return found


def resolved(
    requirements: Path, python: str, target: Path, *options: str, platform: str = PLATFORM
) -> subprocess.CompletedProcess[str]:
    """Ask the package index whether wheels for a platform exist for all of a pinned list; nothing is installed."""
    command = [str(Path(sys.executable).parent / "uv"), "pip", "install", "--dry-run", "--no-deps", *options]
    command += ["--only-binary", ":all:", "--python-platform", platform, "--python-version", python]
    command += ["--target", str(target), "-r", str(requirements)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)
