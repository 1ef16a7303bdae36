"""Submissions: start a workflow round on its event; the workflow's first and last steps."""

from __future__ import annotations

from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from biotheca.events import SUBMISSION_SUBMITTED
from biotheca.settings import variable
from infra.capabilities.capability import SUBMISSIONS, Capability
from infra.constructs.python_function import House
from infra.constructs.queues import on_event


class Submissions(Capability):
    """functions/submissions."""

    def __init__(self, scope: Construct, house: House) -> None:
        super().__init__(scope, "submissions", house)
        self.add("expect_files", SUBMISSIONS)
        self.add("hold", SUBMISSIONS)

    def start_on_event(self, machine: sfn.StateMachine) -> None:
        """The listener that starts executions; made last, because it needs the machine that needs the others."""
        start = self.add("start_workflow", {})
        start.add_environment(variable("submission_workflow"), machine.state_machine_arn)
        machine.grant_start_execution(start)
        on_event(self, "Start", self.house, SUBMISSION_SUBMITTED, start)
