"""Small cloud assemblies written by hand, in the form in which the CDK leaves them. No part of the real application."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

BUCKET = "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"
ROLE = {"Fn::GetAtt": ["Role", "Arn"]}  # each stack with functions has a resource Role


class Assembly:
    """Collects stacks and assets, then writes the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stacks: dict[str, tuple[dict[str, Any], list[str]]] = {}
        self._files: dict[str, Any] = {}

    def asset(self, name: str, files: dict[str, str]) -> dict[str, Any]:
        """A zip asset of these files; the code location for a template."""
        for path, text in files.items():
            target = self.folder / f"asset.{name}" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(textwrap.dedent(text))
        self._files[name] = {
            "source": {"path": f"asset.{name}", "packaging": "zip"},
            "destinations": {"here": {"bucketName": BUCKET, "objectKey": f"{name}.zip"}},
        }
        return {"S3Bucket": {"Fn::Sub": BUCKET}, "S3Key": f"{name}.zip"}

    def file(self, name: str, text: str) -> dict[str, Any]:
        """A plain file asset."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / f"asset.{name}").write_text(text)
        self._files[name] = {
            "source": {"path": f"asset.{name}", "packaging": "file"},
            "destinations": {"here": {"bucketName": BUCKET, "objectKey": name}},
        }
        return {"Bucket": {"Fn::Sub": BUCKET}, "Key": name}

    def stack(
        self,
        name: str,
        resources: dict[str, Any],
        outputs: dict[str, Any] | None = None,
        after: list[str] | None = None,
    ) -> None:
        template = {
            "Resources": resources,
            "Outputs": {k: v if "Value" in v else {"Value": v} for k, v in (outputs or {}).items()},
            "Parameters": {
                "BootstrapVersion": {
                    "Type": "AWS::SSM::Parameter::Value<String>",
                    "Default": "/cdk-bootstrap/hnb659fds/version",
                }
            },
        }
        self._stacks[name] = (template, after or [])

    def write(self) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        artifacts: dict[str, Any] = {}
        # Dependants first, so that a deployment must sort them.
        for name, (template, after) in reversed(self._stacks.items()):
            (self.folder / f"{name}.template.json").write_text(json.dumps(template))
            artifacts[name] = {
                "type": "aws:cloudformation:stack",
                "properties": {"templateFile": f"{name}.template.json"},
                "dependencies": [*after, f"{name}.assets"],
            }
            artifacts[f"{name}.assets"] = {
                "type": "cdk:asset-manifest",
                "properties": {"file": f"{name}.assets.json"},
            }
            (self.folder / f"{name}.assets.json").write_text(json.dumps({"files": self._files}))
        (self.folder / "manifest.json").write_text(json.dumps({"version": "55.0.0", "artifacts": artifacts}))
        return self.folder


def function(code: dict[str, Any], handler: str, **more: Any) -> dict[str, Any]:
    """A Lambda function of a template."""
    properties = {"Code": code, "Handler": handler, "Runtime": "python3.12", "Role": ROLE, "Timeout": 10, **more}
    return {"Type": "AWS::Lambda::Function", "Properties": properties}
