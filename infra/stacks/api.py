"""The gateway in front of the API's function: one resource a path and one a method, in a stack that holds nothing else.

A stack holds 500 resources at most, and every route is two of them.
"""

from __future__ import annotations

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.capabilities.api import Api
from infra.constructs.python_function import House
from infra.constructs.rest_api import RestApi


class ApiStack(Stack):
    """REST API, firewall, and the page that operators look at."""

    def __init__(self, scope: Construct, name: str, house: House, door: Api, machine: sfn.StateMachine) -> None:
        super().__init__(scope, name, description="Biotheca: the gateway of the API")
        function, authorizer = (self._from_service(f.node.id, f) for f in (door.door, door.authorizer))
        self.api = RestApi(self, "Gateway", house, function, authorizer).api
        self._dashboard(machine)
        CfnOutput(self, "ApiUrl", value=self.api.url)

    def _from_service(self, name: str, function: lambda_.Function) -> lambda_.IFunction:
        """The function by its number: its permission to be called then stands here, beside who calls."""
        return lambda_.Function.from_function_attributes(
            self, name, function_arn=function.function_arn, same_environment=True
        )

    def _dashboard(self, machine: sfn.StateMachine) -> None:
        board = cloudwatch.Dashboard(self, "Overview")
        board.add_widgets(
            cloudwatch.GraphWidget(
                title="Submissions: rounds started and failed", left=[machine.metric_started(), machine.metric_failed()]
            ),
            cloudwatch.GraphWidget(
                title="API: requests and faults", left=[self.api.metric_count(), self.api.metric_server_error()]
            ),
            cloudwatch.GraphWidget(
                title="Files",
                left=[
                    cloudwatch.Metric(
                        namespace="Biotheca", metric_name=name, dimensions_map={"service": service}, statistic="Sum"
                    )
                    for name, service in (
                        ("FilesSound", "qc"),
                        ("FilesUnsound", "qc"),
                        ("FilesArchived", "publication"),
                    )
                ],
            ),
        )
