"""One kind of function for the whole house: runtime, logs, traces, layers, and rights from a table of needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from constructs import Construct

from biotheca.settings import variable
from infra.constructs.assets import RUNTIME, function_code
from infra.stages import Stage


@dataclass
class House:
    """What the stateful stacks offer to the capabilities, by the names of biotheca.settings."""

    stage: Stage
    tables: dict[str, dynamodb.Table]
    buckets: dict[str, s3.Bucket]
    bus: events.EventBus
    pool: cognito.UserPool
    pool_client: cognito.UserPoolClient
    alarms: sns.Topic
    keys: dict[str, kms.Key]
    values: dict[str, str] = field(default_factory=dict)
    layers: dict[str, lambda_.LayerVersion] = field(default_factory=dict)
    lake: dict[str, glue.CfnTable] = field(default_factory=dict)


def pascal(capability: str, verb: str) -> str:
    """Name of a handler in state machines and templates: qc, note_verdict -> QcNoteVerdict."""
    return "".join(word.capitalize() for word in f"{capability}_{verb}".split("_"))


class PythonFunction(lambda_.Function):
    """functions.<capability>.handler.<verb>. `needs` maps settings to rights: 'r', 'w', 'rw', 'put' or 'value'."""

    def __init__(
        self,
        scope: Construct,
        capability: str,
        verb: str,
        house: House,
        needs: Mapping[str, str],
        *,
        handler: str | None = None,
        layers: tuple[str, ...] = ("core", "web"),
        memory_mb: int = 512,
        timeout: Duration | None = None,
        concurrency: int | None = None,
    ) -> None:
        name = pascal(capability, verb)
        log_group = logs.LogGroup(
            scope,
            f"{name}Log",
            retention=logs.RetentionDays.ONE_YEAR,
            removal_policy=RemovalPolicy.RETAIN if house.stage.keep_data else RemovalPolicy.DESTROY,
        )
        role = iam.Role(
            scope,
            f"{name}Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description=f"What {capability}.{verb} may touch, and nothing else",
        )
        log_group.grant_write(role)
        super().__init__(
            scope,
            name,
            runtime=RUNTIME,
            architecture=lambda_.Architecture.ARM_64,
            handler=handler or f"functions.{capability}.handler.{verb}",
            code=function_code(capability),
            layers=[house.layers[layer] for layer in layers],
            role=role,
            memory_size=memory_mb,
            timeout=timeout or Duration.seconds(30),
            tracing=lambda_.Tracing.ACTIVE,
            log_group=log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            environment={"POWERTOOLS_SERVICE_NAME": capability, "POWERTOOLS_LOG_LEVEL": "INFO"},
            reserved_concurrent_executions=concurrency,
        )
        for setting, mode in needs.items():
            self.add_environment(variable(setting), grant(house, role, setting, mode))
        errors = self.metric_errors(period=Duration.minutes(5)).create_alarm(
            scope,
            f"{name}Failing",
            threshold=1,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=f"{capability}.{verb} raised an error; its log group has the reason",
        )
        errors.add_alarm_action(actions.SnsAction(house.alarms))


def grant(house: House, who: iam.IGrantable, setting: str, mode: str) -> str:
    """Give the rights that a mode means and return the setting's value."""
    if setting in house.tables:
        table = house.tables[setting]
        {"r": table.grant_read_data, "w": table.grant_write_data, "rw": table.grant_read_write_data}[mode](who)
        return table.table_name
    if setting in house.buckets:
        bucket = house.buckets[setting]
        if "r" in mode:
            bucket.grant_read(who)
        if "w" in mode:
            bucket.grant_put(who)
        return bucket.bucket_name
    if setting == "event_bus":
        house.bus.grant_put_events_to(who)
        return house.bus.event_bus_name
    if mode != "value":
        raise ValueError(f"setting {setting!r} carries no rights; say 'value'")
    return house.values[setting]
