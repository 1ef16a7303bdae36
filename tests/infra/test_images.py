"""The Batch images' Dockerfiles, step by step in a fresh environment: no engine is needed to know that they build.

The package index is asked for the pinned wheels, as a build would.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from biotheca.formats.native import build as kernel
from tests.infra.conftest import Templates
from tests.infra.dockerfile import BASE, Built
from tests.infra.imports import LOCK, ROOT, pins, reached_from, resolved

JOBS = sorted(path.parent.name for path in ROOT.glob("batch/*/Dockerfile"))
IMAGE_PYTHON = "3.12"

# Run in the image: import each module and say where it came from.
WHENCE = (
    "import sys, json, importlib; print(json.dumps({m: importlib.import_module(m).__file__ for m in sys.argv[1:]}))"
)


def staged_context(templates: Templates, job: str) -> Path:
    """What the CDK would send to the engine: a COPY of something that it leaves out must fail here too."""
    for manifest in templates.folder.glob("*.assets.json"):
        for image in json.loads(manifest.read_text())["dockerImages"].values():
            if image["source"].get("dockerFile") == f"batch/{job}/Dockerfile":
                return templates.folder / image["source"]["directory"]
    raise AssertionError(f"no template builds batch/{job}/Dockerfile")


def test_every_job_has_a_dockerfile_and_every_dockerfile_a_job() -> None:
    modules = sorted(path.parent.name for path in ROOT.glob("batch/*/__main__.py"))
    assert modules == JOBS


@pytest.mark.parametrize("job", JOBS)
def test_an_image_installs_and_its_job_runs_without_the_checkout(
    job: str, templates: Templates, tmp_path: Path
) -> None:
    context = staged_context(templates, job)
    built = Built(context / f"batch/{job}/Dockerfile", context, tmp_path / "image")
    image = built.image
    assert image
    assert image.user in image.users, "the job runs as a user that the image makes, never as root"
    assert image.command == ["python", "-m", f"batch.{job}", "--help"]
    helped = built.run(*image.command)
    assert helped.returncode == 0, helped.stderr
    assert f"python -m batch.{job}" in helped.stdout

    if job == "qc" and kernel.compiler():  # the machine's compiler stands for the image's
        assert not list(context.rglob("*.so")), "what was compiled here must not reach an image of another processor"
        assert "gcc" in built.stages["build"].packages
        asked = "from biotheca.formats import gzip_members, native; print(native.engines()[0], *gzip_members.INFLATERS)"
        told = built.run("python", "-c", asked)
        assert told.stdout.split()[1:] == ["igzip", "zlib"] and not told.stdout.startswith("Python"), told

    reached = reached_from(f"batch.{job}.__main__")
    wanted = sorted(reached.others | reached.ours - {f"batch.{job}.__main__"})
    told = built.run("python", "-c", WHENCE, *wanted)
    assert told.returncode == 0, told.stderr
    for module, file in json.loads(told.stdout).items():
        assert Path(file).resolve().is_relative_to(tmp_path.resolve()), f"{module} is not of the image"


@pytest.mark.parametrize("job", JOBS)
def test_what_a_job_imports_is_in_its_pinned_requirements(job: str) -> None:
    reached = reached_from(f"batch.{job}.__main__")
    assert reached.others, "a job imports something"
    assert set(reached.distributions()) <= set(pins(ROOT / f"batch/{job}/requirements.txt", IMAGE_PYTHON, "x86_64"))
    assert not [m for m in reached.ours if m.startswith("functions")], "an image carries no functions"


@pytest.mark.parametrize("job", JOBS)
def test_pins_and_hashes_of_an_image_are_those_of_the_lock(job: str) -> None:
    locked = pins(LOCK, IMAGE_PYTHON, "x86_64")
    mine = pins(ROOT / f"batch/{job}/requirements.txt", IMAGE_PYTHON, "x86_64")
    assert mine == {name: locked[name] for name in mine}
    assert all(hashes for _, hashes in mine.values())


@pytest.mark.parametrize("job", JOBS)
def test_wheels_of_an_image_exist_for_its_processor(job: str, tmp_path: Path) -> None:
    dockerfile = (ROOT / f"batch/{job}/Dockerfile").read_text()
    bases = {line.split()[1] for line in dockerfile.splitlines() if line.startswith("FROM ")}
    assert bases == {f"python:{IMAGE_PYTHON}-slim"}
    assert all(BASE.fullmatch(base) for base in bases)
    # Jobs run on x86 (infra/constructs/batch_job.py), functions on arm64.
    requirements = ROOT / f"batch/{job}/requirements.txt"
    outcome = resolved(requirements, IMAGE_PYTHON, tmp_path, "--require-hashes", platform="x86_64-manylinux_2_28")
    assert outcome.returncode == 0, outcome.stderr
