"""AWS::StepFunctions::StateMachine from a definition in S3, in text or as an object, with its substitutions."""

from __future__ import annotations

import io
import json
import re
import zipfile
from typing import Any

from local.hooks.cfn_clients import client
from local.hooks.cfn_request import Made, Wish


def state_machine(wish: Wish) -> Made:
    given = dict(wish.given)
    name = wish.name("StateMachineName")
    text = _definition(given)
    substitutions = given.get("DefinitionSubstitutions") or {}
    text = re.sub(r"\$\{(\w+)\}", lambda found: str(substitutions.get(found[1], found[0])), text)
    unresolved = sorted(set(re.findall(r"\$\{(\w+)\}", text)))
    if unresolved:
        raise ValueError(f"the definition names {', '.join(unresolved)}, which DefinitionSubstitutions lacks")
    wanted = {
        "name": name,
        "definition": text,
        "roleArn": given["RoleArn"],
        "type": given.get("StateMachineType", "STANDARD"),
        "loggingConfiguration": given.get("LoggingConfiguration"),
        "tracingConfiguration": given.get("TracingConfiguration"),
        "tags": given.get("Tags"),
    }
    answer = wish.call("stepfunctions", "create_state_machine", wanted)
    arn = answer["stateMachineArn"]
    return Made(arn, {"Arn": arn, "Name": name, "StateMachineRevisionId": "1"})


def _definition(given: dict[str, Any]) -> str:
    if place := given.get("DefinitionS3Location"):
        body = client("s3").get_object(Bucket=place["Bucket"], Key=place["Key"])["Body"].read()
        return str(body.decode())
    if "DefinitionString" in given:
        return str(given["DefinitionString"])
    return json.dumps(given["Definition"])


def zip_of_source(source: str) -> bytes:
    """A function's zip from the source text of its only module, index.py."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("index.py"), source)
    return buffer.getvalue()
