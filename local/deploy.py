"""Deploys a synthesised cloud assembly into the running laptop: bootstrap, assets, stacks in order, outputs."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.hooks.cfn_clients import client
from local.surroundings import Credentials

BOOTSTRAP_VERSION = ("/cdk-bootstrap/hnb659fds/version", "30")

Report = Callable[[str], None]


class DeploymentFailed(RuntimeError):
    """Which stack and resource failed, and why, in one sentence."""


@dataclass(frozen=True)
class StackArtifact:
    """One stack of the assembly."""

    name: str
    template: Path
    parameters: dict[str, str]


def deploy(
    assembly: Path, credentials: Credentials, endpoint_url: str, report: Report = lambda text: None
) -> dict[str, dict[str, str]]:
    """Creates every stack. Returns the outputs by stack name. Raises DeploymentFailed."""
    manifest = _read_json(assembly / "manifest.json")
    places = {
        "${AWS::AccountId}": credentials.account,
        "${AWS::Region}": credentials.region,
        "${AWS::Partition}": "aws",
    }
    _bootstrap()
    buckets: set[str] = set()
    for path in _asset_manifests(manifest, assembly):
        _upload_assets(path, places, buckets)
    outputs = {}
    for stack in stacks_in_order(manifest, assembly):
        started = time.monotonic()
        outputs[stack.name] = _create(stack, endpoint_url, credentials)
        count = len(_read_json(stack.template).get("Resources", {}))
        report(f"{stack.name}: {count} resources in {time.monotonic() - started:.1f} s")
    return outputs


def stacks_in_order(manifest: dict[str, Any], assembly: Path) -> list[StackArtifact]:
    """The assembly's stacks, each after those that it depends on."""
    artifacts, ordered, seen = manifest["artifacts"], [], set()

    def visit(name: str) -> None:
        if name in seen or name not in artifacts:
            return
        seen.add(name)
        artifact = artifacts[name]
        for dependency in artifact.get("dependencies", []):
            visit(dependency)
        if artifact["type"] == "aws:cloudformation:stack":
            properties = artifact["properties"]
            ordered.append(
                StackArtifact(
                    properties.get("stackName", name),
                    assembly / properties["templateFile"],
                    properties.get("parameters", {}),
                )
            )

    for name in artifacts:
        visit(name)
    return ordered


def zip_folder(folder: Path) -> bytes:
    """The folder as a zip that is the same for the same content, whatever the dates on disk."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix())
            entry.external_attr = (path.stat().st_mode & 0o777) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()


def _read_json(path: Path) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        raise DeploymentFailed(f"{path} is missing; is its folder a synthesised cloud assembly?") from None
    return document


def _bootstrap() -> None:
    name, version = BOOTSTRAP_VERSION
    client("ssm").put_parameter(Name=name, Value=version, Type="String", Overwrite=True)


def _asset_manifests(manifest: dict[str, Any], assembly: Path) -> Iterator[Path]:
    for artifact in manifest["artifacts"].values():
        if artifact["type"] == "cdk:asset-manifest":
            yield assembly / artifact["properties"]["file"]


def _upload_assets(path: Path, places: dict[str, str], buckets: set[str]) -> None:
    for asset in _read_json(path).get("files", {}).values():
        source = path.parent / asset["source"]["path"]
        body = zip_folder(source) if asset["source"].get("packaging") == "zip" else source.read_bytes()
        for destination in asset["destinations"].values():
            bucket, key = (_place(destination[name], places) for name in ("bucketName", "objectKey"))
            if bucket not in buckets:
                _make_bucket(bucket)
                buckets.add(bucket)
            client("s3").put_object(Bucket=bucket, Key=key, Body=body)


def _make_bucket(bucket: str) -> None:
    s3 = client("s3")
    try:
        s3.create_bucket(Bucket=bucket)
    except s3.exceptions.BucketAlreadyOwnedByYou:
        return


def _place(text: str, places: dict[str, str]) -> str:
    for name, value in places.items():
        text = text.replace(name, value)
    return text


def _create(stack: StackArtifact, endpoint_url: str, credentials: Credentials) -> dict[str, str]:
    # By address, as the CDK's own command does: templates are larger than a request may be.
    bucket, key = f"cdk-hnb659fds-assets-{credentials.account}-{credentials.region}", f"{stack.name}.template.json"
    _make_bucket(bucket)
    client("s3").put_object(Bucket=bucket, Key=key, Body=stack.template.read_bytes())
    formation = client("cloudformation")
    try:
        formation.create_stack(
            StackName=stack.name,
            TemplateURL=f"{endpoint_url}/{bucket}/{key}",
            Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in stack.parameters.items()],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        described = formation.describe_stacks(StackName=stack.name)["Stacks"][0]
    except ClientError as fault:
        raise DeploymentFailed(f"Stack {stack.name}: {fault.response['Error']['Message']}") from fault
    except BotoCoreError as fault:
        raise DeploymentFailed(f"Stack {stack.name}: the laptop did not answer: {fault}") from fault
    if described["StackStatus"] != "CREATE_COMPLETE":
        raise DeploymentFailed(f"Stack {stack.name} ended as {described['StackStatus']}")
    return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}
