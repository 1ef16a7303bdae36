"""What we rely on in moto, and what we mend in it. A moto upgrade fails here first, by name.

Gaps are asked of stock moto in a process without our hooks (stock_moto.py): once a gap is closed
upstream, its hook may go. What the hooks make of them: the other files of this folder.
"""

from __future__ import annotations

import functools
import importlib.metadata
import inspect
import json
import subprocess
import sys
from typing import Any

import pytest

from local.hooks.patching import MotoMoved, replace
from tests.local import stock_moto
from tests.local.conftest import Cloud

LISTS = ("types_that_cloudformation_lacks", "types_that_cloudformation_has")

# The types that moto's CloudFormation did not know when this was written, of those that a template of ours may hold.
LACKING = {
    "AWS::ApiGateway::Account",
    "AWS::ApiGateway::Authorizer",
    "AWS::ApiGateway::GatewayResponse",
    "AWS::ApiGateway::Stage",
    "AWS::Athena::WorkGroup",
    "AWS::CloudFront::Distribution",
    "AWS::CloudFront::Function",
    "AWS::CloudFront::OriginAccessControl",
    "AWS::CloudFront::ResponseHeadersPolicy",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::Cognito::UserPool",
    "AWS::Cognito::UserPoolClient",
    "AWS::Cognito::UserPoolGroup",
    "AWS::DynamoDB::GlobalTable",
    "AWS::Glue::Database",
    "AWS::Glue::Table",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::Url",
    "AWS::Logs::MetricFilter",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::Scheduler::Schedule",
    "AWS::Scheduler::ScheduleGroup",
    "AWS::SecretsManager::Secret",
    "AWS::WAFv2::WebACL",
}

# Everything of moto that a hook replaces or calls, with the arguments that it counts on.
SIGNATURES = {
    "backends.list_of_moto_modules": "",
    "awslambda.models.LambdaFunction.__init__": "self, account_id, spec, region, version",
    "awslambda.models.LambdaFunction._invoke_lambda": "self, event",
    "awslambda.models.LambdaFunction.invoke": "self, body, request_headers, response_headers",
    "awslambda.models.LambdaBackend.create_event_source_mapping": "self, spec",
    "awslambda.models.LambdaBackend.delete_event_source_mapping": "self, uuid",
    "awslambda.models.LambdaBackend.layers_versions_by_arn": "self, layer_version_arn",
    "batch.models.Job.run": "self",
    "batch.models.Job.describe": "self",
    "batch.models.Job.describe_short": "self",
    "batch.models.Job.terminate": "self, reason",
    "batch.models.Job._start_attempt": "self",
    "batch.models.Job._stop_attempt": "self",
    "batch.models.Job._get_attempt_duration": "self",
    "batch.models.Job._get_container_property": "self, p, default",
    "batch.responses.BatchResponse.submitjob": "self",
    "cloudformation.models.CloudFormationBackend.execute_change_set": "self, change_set_name, stack_name",
    "cloudformation.models.Stack.parse_template": "template",
    "cloudformation.parsing.ResourceMap.__getitem__": "self, key",
    "cloudformation.parsing.generate_resource_name": "resource_type, stack_name, logical_id",
    "cloudformation.parsing.parse_and_create_resource": (
        "logical_id, resource_json, resources_map, account_id, region_name"
    ),
    "cloudformation.parsing.resource_class_from_type": "resource_type",
    "cloudformation.parsing.resource_name_property_from_type": "resource_type",
    "core.common_models.BaseModel.__new__": "cls, args, kwargs",
    "core.responses.method_names_from_class": "clazz",
    "dynamodb.models.table.StreamShard.add": "self, old, new",
    "dynamodb.models.table.StreamShard.get": "self, start, quantity",
    "dynamodb.models.table.StreamRecord.__init__": "self, table, stream_type, event_name, old, new, seq",
    "dynamodb.models.DynamoDBBackend.transact_write_items": "self, transact_items",
    "dynamodb.responses.DynamoHandler.call_action": "self",
    "dynamodb.models.table.Table.all_items": "self",
    "dynamodb.models.table.Table.query": "self, hash_key, range_comparison, range_objs, limit, exclusive_start_key, "
    "scan_index_forward, projection_expressions, index_name, consistent_read, filter_expression, hash_key_conditions, "
    "range_key_conditions, filter_kwargs",
    "events.models.EventPattern.matches_event": "self, event",
    "events.models.Rule.send_to_targets": "self, original_event, transform_input",
    "s3.notifications._send_event_bridge_message": "account_id, bucket, event_name, key",
    "sqs.models.Queue.delete_message": "self, receipt_handle",
    "sqs.models.Queue.add_message": "self, message",
    "sqs.models.SQSBackend.change_message_visibility": "self, queue_name, receipt_handle, visibility_timeout",
    "sqs.models.SQSBackend.receive_message": (
        "self, queue_name, count, wait_seconds_timeout, visibility_timeout, message_attribute_names"
    ),
    "stepfunctions.parser.asl.utils.boto_client.boto_client_for": "region, service, state_credentials",
    "stepfunctions.parser.models.StepFunctionsParserBackend.start_execution": (
        "self, state_machine_arn, name, execution_input, trace_header"
    ),
}


@functools.cache
def stock() -> dict[str, Any]:
    code = subprocess.run([sys.executable, "-m", "tests.local.stock_moto"], capture_output=True, text=True, timeout=120)
    assert code.returncode == 0, code.stderr
    facts: dict[str, Any] = json.loads(code.stdout)
    return facts


def test_the_pinned_version_is_installed() -> None:
    assert importlib.metadata.version("moto") == "5.2.5"


@pytest.mark.parametrize("gap", [name for name in stock_moto.FACTS if name not in LISTS])
def test_stock_moto_still_has_the_gap(gap: str) -> None:
    assert stock()[gap] is True, f"{gap}: {stock()[gap]}"


def test_the_types_of_our_table_are_still_lacking() -> None:
    assert set(stock()["types_that_cloudformation_lacks"]) >= LACKING


def test_the_types_that_we_leave_to_moto_are_still_there() -> None:
    from local.hooks.cfn_rows import STOCK

    assert set(stock()["types_that_cloudformation_has"]) == STOCK


def test_hooks_find_what_they_replace_with_the_arguments_they_count_on() -> None:
    code = (
        "import importlib, inspect, json, sys\n"
        "found = {}\n"
        "for path in json.load(sys.stdin):\n"
        "    parts, rest = ('moto.' + path).split('.'), []\n"
        "    while True:\n"
        "        try:\n"
        "            thing = importlib.import_module('.'.join(parts)); break\n"
        "        except ModuleNotFoundError:\n"
        "            rest.insert(0, parts.pop())\n"
        "    for name in rest:\n"
        "        thing = getattr(thing, name)\n"
        "    found[path] = ', '.join(inspect.signature(thing).parameters)\n"
        "print(json.dumps(found))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], input=json.dumps(list(SIGNATURES)), capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == SIGNATURES


def test_a_hook_without_its_place_says_that_moto_moved() -> None:
    class Owner:
        pass

    with pytest.raises(MotoMoved, match="Owner has no 'run' to hook into"):
        replace(Owner, run=lambda: None)


def test_every_hook_is_in_its_place(cloud: Cloud) -> None:
    from moto.awslambda.models import LambdaFunction
    from moto.batch.models import Job
    from moto.events.models import Rule
    from moto.sqs.models import Queue, SQSBackend

    for hooked in (
        LambdaFunction._invoke_lambda,
        LambdaFunction.invoke,
        Job.run,
        Job.describe,
        Rule.send_to_targets,
        Queue.delete_message,
        SQSBackend.receive_message,
    ):
        assert inspect.getmodule(hooked).__name__.startswith("local.hooks")  # type: ignore[union-attr]


def test_overwritten_items_and_messages_are_not_kept(cloud: Cloud) -> None:
    from moto.dynamodb.models.dynamo_type import Item

    for number in range(20):
        item = {"pk": {"S": "kept?"}, "n": {"N": str(number)}}
        cloud.client("dynamodb").put_item(TableName=cloud.out("TableName"), Item=item)
    assert getattr(Item, "instances_tracked", []) == []


def test_contested_conditional_writes_have_one_winner(cloud: Cloud) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from botocore.exceptions import ClientError

    dynamodb, table = cloud.client("dynamodb"), cloud.out("TableName")

    def mint(number: int) -> int:
        try:
            dynamodb.put_item(
                TableName=table,
                Item={"pk": {"S": f"contested-{number % 5}"}},
                ConditionExpression="attribute_not_exists(pk)",
            )
        except ClientError:
            return 0
        return 1

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(mint, range(50))) == 5


def test_old_executions_are_forgotten(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    from local.hooks import step_functions

    monkeypatch.setattr(step_functions, "KEPT_EXECUTIONS", 3)
    sfn = cloud.client("stepfunctions")
    definition = '{"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}'
    role = "arn:aws:iam::123456789012:role/r"
    machine = sfn.create_state_machine(name="short", definition=definition, roleArn=role)["stateMachineArn"]
    for _ in range(6):
        cloud.run(machine, {})
    assert len(sfn.list_executions(stateMachineArn=machine)["executions"]) <= 4


def test_logs_metrics_and_jobs_are_bounded(tmp_path: Any) -> None:
    from local import logs, metrics

    log = logs.Log(tmp_path / "x.log")
    for _ in range(logs.LINES_IN_MEMORY + 10):
        log.write("y" * 1500)
    assert len(log.lines()) == logs.LINES_IN_MEMORY
    assert sum(p.stat().st_size for p in tmp_path.iterdir()) < 2 * logs.FILE_SIZE_BYTES + 10_000
    table = metrics.MetricTable()
    for number in range(metrics.MOST_SERIES + 10):
        directive = {"Namespace": "n", "Dimensions": [["d"]], "Metrics": [{"Name": "m"}]}
        table.read_line(json.dumps({"_aws": {"CloudWatchMetrics": [directive]}, "d": number, "m": 1}))
    assert len(table.rows()) == metrics.MOST_SERIES
