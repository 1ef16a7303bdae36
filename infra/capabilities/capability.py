"""What every capability's construct has: functions and jobs by the names that state machines use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.constructs.batch_job import BatchJob
from infra.constructs.python_function import House, PythonFunction, pascal

# What nearly every step of the workflow touches.
SUBMISSIONS = {"records_table": "rw", "outbox_table": "w"}


class Capability(Construct):
    """A table of functions makes the functions; `self.function[verb]` finds one."""

    def __init__(self, scope: Construct, name: str, house: House) -> None:
        super().__init__(scope, name.capitalize())
        self.capability = name
        self.house = house
        self.functions: dict[str, lambda_.Function] = {}
        self.jobs: dict[str, BatchJob] = {}

    def add(self, verb: str, needs: Mapping[str, str], **options: Any) -> PythonFunction:
        """One function functions.<capability>.handler.<verb> with just these rights."""
        made = PythonFunction(self, self.capability, verb, self.house, needs, **options)
        self.functions[pascal(self.capability, verb)] = made
        return made
