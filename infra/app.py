"""The CDK app. `python -m infra.app` writes CloudFormation to cdk.out; it needs no account and no container engine."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "1")
# The Node that came with the project's packages is the one that was tested.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from infra.acknowledged import acknowledge
from infra.stacks.api import ApiStack
from infra.stacks.data import DataStack
from infra.stacks.followers import FollowersStack
from infra.stacks.lake import LakeStack
from infra.stacks.portal import PortalStack
from infra.stacks.service import ServiceStack
from infra.stages import LAPTOP, PRODUCTION, STAGES, Stage

ROOT = Path(__file__).resolve().parents[1]


def build(outdir: Path, stage: Stage, *, check: bool = True, context: dict[str, str] | None = None) -> cdk.App:
    """The app with its stacks; `check` adds AWS's own template rules and cdk-nag."""
    given = json.loads((ROOT / "cdk.json").read_text())["context"] | (context or {})
    if not check:
        given["@aws-cdk/core:validateAgainstDefaultRules"] = False
    app = cdk.App(outdir=str(outdir), context=given, analytics_reporting=False)
    if check:
        cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    if address := app.node.try_get_context("public_url"):  # cdk deploy -c public_url=https://archive.example.org
        stage = replace(stage, public_url=address)
    if sender := app.node.try_get_context("mail_from"):
        stage = replace(stage, mail_from=sender)
    data = DataStack(app, "Biotheca-Data", stage)
    house = data.house()
    lake = LakeStack(app, "Biotheca-Lake", house)
    service = ServiceStack(app, "Biotheca-Service", house)
    service.add_stack_dependency(lake)
    followers = FollowersStack(app, "Biotheca-Followers", house)
    followers.add_stack_dependency(service)
    gateway = ApiStack(app, "Biotheca-Api", house, service.door, service.machine)
    PortalStack(app, "Biotheca-Portal", house, gateway.api)
    for name, value in {"project": "biotheca", "stage": stage.name}.items():
        cdk.Tags.of(app).add(name, value)
    return app


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Nothing on standard error, also from the Node process that shares it."""
    kept = os.dup(2)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def synth_checked(outdir: Path, stage: Stage) -> int:
    """Write the assembly with cdk-nag clean; returns how many findings are acknowledged.

    Twice: the first pass says what is found where, the second acknowledges it on those very resources and
    must then be clean.
    """
    with tempfile.TemporaryDirectory() as trial:
        with contextlib.suppress(Exception), _quiet():  # it must fail; its report says why
            build(Path(trial), replace(stage, bundle=False)).synth()
        report = json.loads((Path(trial) / "validation-report.json").read_text())
    app = build(outdir, stage)
    count = acknowledge(app, report)
    app.synth()
    return count


def synth(outdir: Path, laptop: bool = False, **context: str) -> Path:
    """Write the cloud assembly; returns its folder. The laptop's differs in `Stage` only (no bundles, no images)."""
    if laptop:
        build(outdir, LAPTOP, check=False, context=context).synth()
    else:
        synth_checked(outdir, PRODUCTION)
    return outdir


def main() -> None:
    """`cdk` calls this; so may a person."""
    chosen = STAGES[os.environ.get("BIOTHECA_STAGE", PRODUCTION.name)]
    outdir = Path(os.environ.get("CDK_OUTDIR", ROOT / "cdk.out"))
    if chosen is LAPTOP:
        synth(outdir, laptop=True)
        print(f"templates of stage {chosen.name} are in {outdir}")
    else:
        count = synth_checked(outdir, chosen)
        print(f"templates of stage {chosen.name} are in {outdir}; cdk-nag is clean with {count} findings acknowledged")


if __name__ == "__main__":
    main()
