"""A state machine from statemachines/<name>.asl.json: the file's placeholders are the given names, no more, no less."""

from __future__ import annotations

import re
from collections.abc import Mapping

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.constructs.assets import ROOT
from infra.constructs.batch_job import BatchJob, Computers
from infra.constructs.python_function import House, alarm_at_one


class Workflow(Construct):
    """Standard workflow with full logs and traces, rights to just what its file names, an alarm on failures."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        house: House,
        functions: Mapping[str, lambda_.Function],
        jobs: Mapping[str, BatchJob],
        computers: Computers,
        manifests: s3.Bucket | None = None,
        says: str = "",
    ) -> None:
        super().__init__(scope, f"{name.capitalize()}Workflow")
        file = ROOT / "statemachines" / f"{name}.asl.json"
        placeholders = set(re.findall(r"\$\{(\w+)\}", file.read_text()))
        names: dict[str, str] = {key: fn.function_arn for key, fn in functions.items()}
        names |= {key: job.definition.job_definition_arn for key, job in jobs.items()}
        names["QcQueue"] = computers.queue.job_queue_arn
        names["DeidentificationQueue"] = computers.queue.job_queue_arn
        names["SequencesQueue"] = computers.queue.job_queue_arn
        names["QcLargeQueue"] = computers.large_queue.job_queue_arn
        names["OutsideQueue"] = computers.outside_queue.job_queue_arn
        missing = placeholders - set(names)
        if missing:
            raise ValueError(f"{file.name} names {sorted(missing)}, which no function, job or queue is called")
        log_group = logs.LogGroup(
            self,
            "Log",
            retention=logs.RetentionDays.ONE_YEAR,
            removal_policy=house.removal,
        )
        self.machine = sfn.StateMachine(
            self,
            "Machine",
            definition_body=sfn.DefinitionBody.from_file(str(file)),
            definition_substitutions={key: names[key] for key in sorted(placeholders)},
            tracing_enabled=True,
            logs=sfn.LogOptions(destination=log_group, level=sfn.LogLevel.ALL, include_execution_data=False),
        )
        called = [function.function_arn for key, function in functions.items() if key in placeholders]
        self.machine.add_to_role_policy(iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=called))
        if manifests:  # distributed Map states read their manifests themselves
            read = iam.PolicyStatement(actions=["s3:GetObject"], resources=[manifests.arn_for_objects("manifests/*")])
            self.machine.add_to_role_policy(read)
            self.machine.add_to_role_policy(
                iam.PolicyStatement(actions=["kms:Decrypt"], resources=[house.keys["data"].key_arn])
            )
            self._allow_children()
        self._allow_jobs([job for key, job in jobs.items() if key in placeholders], computers)
        says = says or f"An execution of {name} failed: what it worked on waits for an operator"
        alarm_at_one(self, "Failing", house, self.machine.metric_failed(period=Duration.minutes(5)), says)

    def _allow_jobs(self, jobs: list[BatchJob], computers: Computers) -> None:
        stack = Stack.of(self)
        definitions = [job.definition.job_definition_arn for job in jobs]
        queues = [queue.job_queue_arn for queue in (computers.queue, computers.large_queue, computers.outside_queue)]
        self.machine.add_to_role_policy(
            iam.PolicyStatement(actions=["batch:SubmitJob"], resources=[*definitions, *queues])
        )
        # A job has no name before it is submitted: these three actions know no narrower resource.
        self.machine.add_to_role_policy(
            iam.PolicyStatement(actions=["batch:DescribeJobs", "batch:TerminateJob"], resources=["*"])
        )
        rule = stack.format_arn(
            service="events", resource="rule", resource_name="StepFunctionsGetEventsForBatchJobsRule"
        )
        self.machine.add_to_role_policy(
            iam.PolicyStatement(
                actions=["events:PutTargets", "events:PutRule", "events:DescribeRule"], resources=[rule]
            )
        )

    def _allow_children(self) -> None:
        """A distributed Map starts child executions of its own machine.

        A separate policy, because the machine itself waits for the policy that CDK attaches by default.
        """
        stack = Stack.of(self)
        children = iam.Policy(self, "Children")
        children.add_statements(
            iam.PolicyStatement(actions=["states:StartExecution"], resources=[self.machine.state_machine_arn]),
            iam.PolicyStatement(
                actions=["states:DescribeExecution", "states:StopExecution", "states:RedriveExecution"],
                resources=[
                    stack.format_arn(
                        service="states",
                        resource="execution",
                        resource_name=f"{self.machine.state_machine_name}*",
                        arn_format=ArnFormat.COLON_RESOURCE_NAME,
                    )
                ],
            ),
        )
        children.attach_to_role(self.machine.role)

    def let_answer(self, *functions: lambda_.Function) -> None:
        """Functions that answer a waiting step. A policy of its own: the machine already waits for these functions."""
        policy = iam.Policy(self, "Answering")
        policy.add_statements(
            iam.PolicyStatement(
                actions=["states:SendTaskSuccess", "states:SendTaskFailure"], resources=[self.machine.state_machine_arn]
            )
        )
        for function in functions:
            if function.role:
                policy.attach_to_role(function.role)
