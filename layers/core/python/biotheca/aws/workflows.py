"""Step Functions: start one execution a submission round, answer a waiting step."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from biotheca.aws.session import client


class TokenSpent(Exception):
    """The waiting step is over (answered before, timed out) or the token is not one of ours."""


def start(machine_arn: str, name: str, given: dict[str, Any]) -> bool:
    """Start an execution under a name; False if one of that name was started before."""
    try:
        client("stepfunctions").start_execution(stateMachineArn=machine_arn, name=name, input=json.dumps(given))
    except ClientError as error:
        if error.response["Error"]["Code"] == "ExecutionAlreadyExists":
            return False
        raise
    return True


def answer(token: str, output: dict[str, Any]) -> None:
    """Let a waiting step go on with an output; TokenSpent if it no longer waits."""
    try:
        client("stepfunctions").send_task_success(taskToken=token, output=json.dumps(output))
    except ClientError as error:
        if error.response["Error"]["Code"] in ("TaskTimedOut", "InvalidToken", "TaskDoesNotExist"):
            raise TokenSpent(error.response["Error"]["Code"]) from error
        raise
