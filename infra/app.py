"""The CDK app. `python -m infra.app` writes CloudFormation to cdk.out; no account, network or container engine needed."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "1")
# The Node that came with the project's packages is the one that was tested.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"

import aws_cdk as cdk  # noqa: E402
from cdk_nag import AwsSolutionsChecks  # noqa: E402

from infra.acknowledged import acknowledge  # noqa: E402
from infra.stacks.data import DataStack  # noqa: E402
from infra.stacks.lake import LakeStack  # noqa: E402
from infra.stacks.portal import PortalStack  # noqa: E402
from infra.stacks.service import ServiceStack  # noqa: E402
from infra.stages import LAPTOP, PRODUCTION, STAGES, Stage  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]


def build(outdir: Path, stage: Stage, *, check: bool = True, context: dict[str, str] | None = None) -> cdk.App:
    """The app with its stacks. `check`: AWS's template rules and cdk-nag; an unacknowledged finding ends synthesis."""
    given = json.loads((ROOT / "cdk.json").read_text())["context"] | (context or {})
    if not check:
        given["@aws-cdk/core:validateAgainstDefaultRules"] = False
    app = cdk.App(outdir=str(outdir), context=given, analytics_reporting=False)
    if check:
        cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    data = DataStack(app, "Biotheca-Data", stage)
    house = data.house()
    lake = LakeStack(app, "Biotheca-Lake", house)
    service = ServiceStack(app, "Biotheca-Service", house)
    service.add_dependency(lake)
    portal = PortalStack(app, "Biotheca-Portal", house, service.api)
    for name, value in {"project": "biotheca", "stage": stage.name}.items():
        cdk.Tags.of(app).add(name, value)
    acknowledge([data, lake, service, portal])
    return app


def synth(outdir: Path, laptop: bool = False, **context: str) -> Path:
    """Write the cloud assembly; returns its folder. The laptop's differs in `Stage` only (no bundles, no images)."""
    app = build(outdir, LAPTOP if laptop else PRODUCTION, check=not laptop, context=context)
    app.synth()
    return outdir


def main() -> None:
    """`cdk` calls this; so may a person."""
    chosen = STAGES[os.environ.get("BIOTHECA_STAGE", PRODUCTION.name)]
    outdir = Path(os.environ.get("CDK_OUTDIR", ROOT / "cdk.out"))
    build(outdir, chosen, check=chosen is not LAPTOP).synth()
    print(f"templates of stage {chosen.name} are in {outdir}")


if __name__ == "__main__":
    main()
