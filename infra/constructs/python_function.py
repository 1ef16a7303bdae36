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
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from constructs import Construct

from biotheca.settings import Settings, variable
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
    secrets: dict[str, secretsmanager.CfnSecret] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    layers: dict[str, lambda_.LayerVersion] = field(default_factory=dict)
    lake: dict[str, glue.CfnTable] = field(default_factory=dict)

    @property
    def removal(self) -> RemovalPolicy:
        """What becomes of logs and pages when their stack goes."""
        return RemovalPolicy.RETAIN if self.stage.keep_data else RemovalPolicy.DESTROY


def alarm_at_one(
    scope: Construct, name: str, house: House, metric: cloudwatch.Metric | cloudwatch.MathExpression, says: str
) -> None:
    """An alarm that tells the operators as soon as the metric counts one; no data is no fault."""
    alarm = metric.create_alarm(
        scope,
        name,
        threshold=1,
        evaluation_periods=1,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        alarm_description=says,
    )
    alarm.add_alarm_action(actions.SnsAction(house.alarms))


def pascal(capability: str, verb: str) -> str:
    """Name of a handler in state machines and templates: qc, note_verdict -> QcNoteVerdict."""
    return "".join(word.capitalize() for word in f"{capability}_{verb}".split("_"))


class PythonFunction(lambda_.Function):
    """functions.<capability>.handler.<verb>. `needs` maps settings to rights: r, w, rw, put, name or value."""

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
            removal_policy=house.removal,
        )
        role = iam.Role(
            scope,
            f"{name}Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description=f"What {capability}.{verb} may touch, and nothing else",
        )
        _allow(role, ["logs:CreateLogStream", "logs:PutLogEvents"], [f"{log_group.log_group_arn}"])
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
            value = grant(house, role, setting, mode)
            if setting in Settings.NAMES:  # some rights need no name: the lake's place stands in its tables
                self.add_environment(variable(setting), value)
        says = f"{capability}.{verb} raised an error; its log group has the reason"
        alarm_at_one(scope, f"{name}Failing", house, self.metric_errors(period=Duration.minutes(5)), says)


# What reading and writing mean, action by action: no wildcard hides an action nobody thought of.
TABLE_READ = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"]
TABLE_WRITE = ["dynamodb:BatchWriteItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"]
BUCKET_READ = ["s3:GetObject", "s3:GetObjectVersion"]
BUCKET_WRITE = ["s3:PutObject", "s3:PutObjectTagging", "s3:AbortMultipartUpload"]
KEY_READ = ["kms:Decrypt", "kms:DescribeKey"]
KEY_WRITE = [
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
]
# What is encrypted with the key of controlled data.
CONTROLLED = frozenset({"controlled_archive_bucket", "quarantine_bucket"})
# The part of each bucket that programs touch.
PREFIXES = {
    "inbox_bucket": ["submissions/*"],
    "derived_bucket": ["qc/*", "manifests/*"],
    "lake_bucket": ["tables/*"],
    "mirror_bucket": ["feeds/*", "parsed/*", "digests/*", "manifests/*", "files/*"],
    "audit_bucket": ["chain/*"],
}
INDEXES = {
    "access_table": ["by_requester", "by_committee", "by_dataset", "by_submitted", "by_queue"],
    "records_table": ["by_owner", "by_state", "by_release_date", "by_dataset", "by_group", "by_queue", "by_assignee"],
    "people_table": ["by_queue"],
    "mirror_table": ["by_queue"],
}


def grant(house: House, role: iam.Role, setting: str, mode: str) -> str:
    """Give the rights that a mode means and return the setting's value. Mode 'name' gives no rights."""
    if setting in house.tables:
        table = house.tables[setting]
        indexes = [f"{table.table_arn}/index/{index}" for index in INDEXES.get(setting, [])]
        if "r" in mode:
            _allow(role, TABLE_READ, [table.table_arn, *indexes])
        if "w" in mode:
            _allow(role, TABLE_WRITE, [table.table_arn])
        _allow_key(role, house.keys["data"], mode)
        return table.table_name
    if setting in house.buckets:
        bucket = house.buckets[setting]
        if mode == "name":
            return bucket.bucket_name
        objects = [bucket.arn_for_objects(prefix) for prefix in PREFIXES.get(setting, ["*"])]
        if "r" in mode:
            _allow(role, BUCKET_READ, objects)
            # Without it S3 answers 403 where 404 is the truth, and a missing report would look like a fault.
            _allow(role, ["s3:ListBucket"], [bucket.bucket_arn])
        if "w" in mode:
            _allow(role, BUCKET_WRITE, objects)
        _allow_key(role, house.keys["controlled" if setting in CONTROLLED else "data"], mode)
        return bucket.bucket_name
    if setting in house.secrets:
        return _grant_secret(house, role, setting, mode)
    if setting == "event_bus":
        _allow(role, ["events:PutEvents"], [house.bus.event_bus_arn])
        return house.bus.event_bus_name
    if mode != "value":
        raise ValueError(f"setting {setting!r} carries no rights; say 'value'")
    return house.values[setting]


def _grant_secret(house: House, role: iam.Role, setting: str, mode: str) -> str:
    secret = house.secrets[setting].ref
    for right, action in (("r", "secretsmanager:GetSecretValue"), ("w", "secretsmanager:PutSecretValue")):
        if right in mode:
            _allow(role, [action], [secret])
    _allow_key(role, house.keys["secrets"], mode)
    return secret


def _allow(role: iam.Role, actions: list[str], resources: list[str]) -> None:
    role.add_to_principal_policy(iam.PolicyStatement(actions=actions, resources=resources))


def _allow_key(role: iam.Role, key: kms.Key, mode: str) -> None:
    if mode == "name":
        return
    _allow(role, KEY_READ + (KEY_WRITE if "w" in mode else []), [key.key_arn])
