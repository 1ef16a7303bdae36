"""Proof that the real `cdk bootstrap` and `cdk deploy` accept the application: run against an empty laptop cloud.

What it shows is that the CDK's own command, change sets and asset upload work on these templates; it says
nothing of IAM, quotas or anything else that moto waves through.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import requests

from local.laptop import PROJECT, Laptop
from local.synthesis import assembly, environment_with_node

# The registry's "latest" is version 3, which refuses the schema of our library.
CDK = "aws-cdk@2.1148.1"


class CdkFailed(RuntimeError):
    """A command of the CDK ended with an error; its output stands above."""


def run(laptop: Laptop, state_dir: Path, report: Callable[[str], None]) -> None:
    """Raises CdkFailed, CannotSynthesise."""
    environment = _environment(laptop)
    command = _installed(state_dir, environment, report)
    templates = assembly(state_dir)
    where = f"aws://{laptop.credentials.account}/{laptop.credentials.region}"
    common = ["--no-notices", "--app", str(templates)]
    started = time.monotonic()
    _call([*command, "bootstrap", where, *common], environment, "cdk bootstrap")
    _call(
        [*command, "deploy", "--all", "--require-approval", "never", "--concurrency", "1", *common],
        environment,
        "cdk deploy",
    )
    laptop.front.reload()
    health = requests.get(f"{laptop.front_url}/v1/health", timeout=60)
    if health.status_code != 200:
        raise CdkFailed(
            f"What was deployed does not answer: GET /v1/health gave {health.status_code} {health.text[:200]}"
        )
    report(f"cdk bootstrap and cdk deploy ended well after {time.monotonic() - started:.0f} s")


def _environment(laptop: Laptop) -> dict[str, str]:
    keys = laptop.credentials
    hidden = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_DEFAULT_PROFILE")
    environment = {name: value for name, value in environment_with_node().items() if name not in hidden}
    return environment | {
        # By name: with a number moto misreads the address of the template.
        "AWS_ENDPOINT_URL": laptop.endpoint_url,
        "AWS_REGION": keys.region,
        "AWS_DEFAULT_REGION": keys.region,
        "AWS_ACCESS_KEY_ID": keys.access_key,
        "AWS_SECRET_ACCESS_KEY": keys.secret_key,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "CDK_DISABLE_VERSION_CHECK": "1",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CI": "true",  # plain lines, on stdout
    }


def _installed(state_dir: Path, environment: dict[str, str], report: Callable[[str], None]) -> list[str]:
    folder = state_dir / "cdk"
    program = folder / "node_modules" / "aws-cdk" / "bin" / "cdk"
    version = folder / ".version"
    if not program.exists() or not version.exists() or version.read_text() != CDK:
        report(f"installing {CDK}")
        folder.mkdir(parents=True, exist_ok=True)
        _call(
            ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", str(folder), CDK],
            environment,
            "npm install",
        )
        version.write_text(CDK)
    return ["node", str(program)]


def _call(command: list[str], environment: dict[str, str], name: str) -> None:
    sys.stdout.flush()
    code = subprocess.run(command, cwd=PROJECT, env=environment).returncode
    if code:
        raise CdkFailed(f"{name} ended with code {code}.")
