"""Code assets: small zips per function, layers with or without third-party packages."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsii
from aws_cdk import AssetHashType, BundlingOptions, DockerImage, IgnoreMode, ILocalBundling
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.stages import Stage

ROOT = Path(__file__).resolve().parents[2]
PYTHON_VERSION = "3.13"
RUNTIME = lambda_.Runtime.PYTHON_3_13
# The runtime stands on Amazon Linux 2023 (glibc 2.34); pyarrow has no wheels for anything older than 2.28.
PLATFORM = "aarch64-manylinux_2_28"

LAYERS = ("core", "web", "lake")

# What was compiled here is for this machine: images compile their own, functions check no files.
BUILT = ("**/native/*.so", "**/native/*.stamp", ".build-*")


def function_code(capability: str) -> lambda_.Code:
    """Only functions/<capability> and the modules that all doors share; paths as in the repository."""
    wanted = ["/*", "!/functions/", "/functions/*", "!/functions/*.py", f"!/functions/{capability}/", "__pycache__"]
    return lambda_.Code.from_asset(str(ROOT), exclude=wanted, ignore_mode=IgnoreMode.GIT)


@jsii.implements(ILocalBundling)
class _InstallWheels:
    """Fill a layer without a container engine: arm64 wheels by uv, then our own files."""

    def __init__(self, layer: Path) -> None:
        self.layer = layer

    def try_bundle(self, output_dir: str, options: Any = None, **_: Any) -> bool:
        """Install into output_dir/python; CDK falls back to an image only if this returns False."""
        target = Path(output_dir) / "python"
        uv = Path(sys.executable).parent / "uv"
        command = [str(uv), "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", "--target", str(target)]
        command += ["--python-platform", PLATFORM, "--python-version", PYTHON_VERSION]
        subprocess.run([*command, "-r", str(self.layer / "requirements.txt")], check=True)
        if (own := self.layer / "python").is_dir():
            shutil.copytree(own, target, dirs_exist_ok=True, ignore=_not_ours)
        for unused in ("include", "tests"):  # pyarrow ships 60 MB of headers and tests
            for folder in target.glob(f"*/{unused}"):
                shutil.rmtree(folder)
        return True


_not_ours = shutil.ignore_patterns("__pycache__", "*.so", "*.stamp", ".build-*")


def layer_code(name: str, bundle: bool) -> lambda_.Code:
    """The content of layers/<name>; without `bundle` only what is our own."""
    folder = ROOT / "layers" / name
    if not bundle:
        return lambda_.Code.from_asset(str(folder), exclude=["**/__pycache__", *BUILT], ignore_mode=IgnoreMode.GIT)
    bundling = BundlingOptions(
        image=DockerImage.from_registry("public.ecr.aws/sam/build-python3.13"), local=_InstallWheels(folder)
    )
    return lambda_.Code.from_asset(str(folder), bundling=bundling, asset_hash_type=AssetHashType.OUTPUT)


def layers(scope: Construct, stage: Stage) -> dict[str, lambda_.LayerVersion]:
    """The layers of one stack, by name. Each stack has its own: a layer's address changes with its content, and what
    another stack has imported cannot change."""
    return {
        name: lambda_.LayerVersion(
            scope,
            f"{name.capitalize()}Layer",
            code=layer_code(name, stage.bundle),
            compatible_runtimes=[RUNTIME],
            compatible_architectures=[lambda_.Architecture.ARM_64],
            description=f"layers/{name}",
        )
        for name in LAYERS
    }
