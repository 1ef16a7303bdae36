"""What moto does without our hooks: run as a script in a process of its own, prints one JSON object of facts.

Each fact is true while the gap that a hook of ours fills is still there.
"""

from __future__ import annotations

import inspect
import io
import json
import warnings
import zipfile
from collections.abc import Callable
from typing import Any

import boto3
from moto import mock_aws
from moto.cloudformation import parsing

REGION = "us-east-1"
FACTS: dict[str, Callable[[], Any]] = {}


def fact(check: Callable[[], Any]) -> Callable[[], Any]:
    FACTS[check.__name__] = check
    return check


def client(service: str) -> Any:
    return boto3.client(service, region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b")


def role() -> str:
    trust = '{"Statement": []}'
    return str(client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=trust)["Role"]["Arn"])


def lambda_function(calls: list[Any], fail: bool = False) -> Any:
    """A function whose execution is recorded instead of run in a container."""
    from moto.awslambda.models import LambdaFunction

    def record(self: Any, event: Any = None) -> tuple[str, bool, str]:
        calls.append(event)
        return "{}", fail, ""

    LambdaFunction._invoke_lambda = record
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("x.py", "")
    return client("lambda").create_function(
        FunctionName="f",
        Runtime="python3.12",
        Handler="x.y",
        Role=role(),
        Code={"ZipFile": buffer.getvalue()},
        DeadLetterConfig={"TargetArn": "arn:aws:sqs:us-east-1:123456789012:q"},
    )


def stack(resources: dict[str, Any], outputs: dict[str, Any] | None = None) -> Any:
    formation = client("cloudformation")
    template = {"Resources": resources, "Outputs": {k: {"Value": v} for k, v in (outputs or {}).items()}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        formation.create_stack(StackName="s", TemplateBody=json.dumps(template))
    return formation.describe_stacks(StackName="s")["Stacks"][0]


def fails(act: Callable[[], Any]) -> bool:
    try:
        act()
    except Exception:
        return True
    return False


@fact
def types_that_cloudformation_lacks() -> list[str]:
    known = parsing.get_model_map()
    from local.hooks.cfn_rows import ROWS
    from local.hooks.cfn_special import SPECIAL

    return sorted(kind for kind in {*ROWS, *SPECIAL} if kind not in known)


@fact
def types_that_cloudformation_has() -> list[str]:
    from local.hooks.cfn_rows import STOCK

    return sorted(kind for kind in STOCK if kind in parsing.get_model_map())


@fact
def an_unknown_type_is_skipped_silently() -> bool:
    return stack({"R": {"Type": "AWS::RoboMaker::Robot"}})["StackStatus"] == "CREATE_COMPLETE"


@fact
def generated_names_are_random() -> bool:
    names = {parsing.generate_resource_name("AWS::SQS::Queue", "s", "Q") for _ in range(2)}
    return len(names) == 2


@fact
def change_sets_have_neither_outputs_nor_exports() -> bool:
    formation = client("cloudformation")
    output = {"Value": {"Ref": "Q"}, "Export": {"Name": "queue"}}
    template = {"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}, "Outputs": {"Q": output}}
    where = {"StackName": "s", "ChangeSetName": "c"}
    formation.create_change_set(**where, ChangeSetType="CREATE", TemplateBody=json.dumps(template))
    formation.execute_change_set(**where)
    described = formation.describe_stacks(StackName="s")["Stacks"][0]
    return not described.get("Outputs") and not formation.list_exports()["Exports"]


@fact
def a_bucket_loses_its_versioning() -> bool:
    stack(
        {
            "B": {
                "Type": "AWS::S3::Bucket",
                "Properties": {"BucketName": "own-bucket", "VersioningConfiguration": {"Status": "Enabled"}},
            }
        }
    )
    return "Status" not in client("s3").get_bucket_versioning(Bucket="own-bucket")


@fact
def a_function_loses_its_layers() -> bool:
    from moto.awslambda.models import LambdaFunction

    return '"Layers"' not in inspect.getsource(LambdaFunction.create_from_cloudformation_json)


@fact
def a_machine_of_a_template_is_not_one_that_executes() -> bool:
    properties = {"RoleArn": "arn:aws:iam::123456789012:role/r", "DefinitionS3Location": {"Bucket": "b", "Key": "k"}}
    stack({"M": {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}})
    return client("stepfunctions").list_state_machines()["stateMachines"] == []


@fact
def a_method_without_uri_fails() -> bool:
    api = {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "a"}}
    where = {"RestApiId": {"Ref": "A"}, "ResourceId": {"Fn::GetAtt": ["A", "RootResourceId"]}}
    method = {**where, "HttpMethod": "OPTIONS", "AuthorizationType": "NONE", "Integration": {"Type": "MOCK"}}
    return fails(lambda: stack({"A": api, "M": {"Type": "AWS::ApiGateway::Method", "Properties": method}}))


@fact
def the_ref_of_a_deployment_is_no_text() -> bool:
    from moto.apigateway.models import Deployment

    return not hasattr(Deployment, "physical_resource_id")


@fact
def a_rest_api_loses_its_binary_types() -> bool:
    api = client("apigateway").create_rest_api(name="a", binaryMediaTypes=["image/png"])
    return not client("apigateway").get_rest_api(restApiId=api["id"]).get("binaryMediaTypes")


@fact
def an_authorizer_loses_its_expression() -> bool:
    gateway = client("apigateway")
    api = gateway.create_rest_api(name="a")["id"]
    made = gateway.create_authorizer(
        restApiId=api, name="x", type="TOKEN", authorizerUri="u", identitySource="s", identityValidationExpression="^B"
    )
    return "identityValidationExpression" not in made


@fact
def a_compute_environment_wants_a_role() -> bool:
    resources = {"type": "FARGATE", "maxvCpus": 1, "subnets": ["s"], "securityGroupIds": ["g"]}
    return fails(
        lambda: client("batch").create_compute_environment(
            computeEnvironmentName="e1", type="MANAGED", computeResources=resources
        )
    )


@fact
def batch_in_machines_has_no_case_mending() -> bool:
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
        state_task_service,
        state_task_service_batch,
    )

    base, batch = state_task_service.StateTaskService, state_task_service_batch.StateTaskServiceBatch
    same = batch._normalise_parameters is base._normalise_parameters
    return same and inspect.getsource(base._normalise_parameters).rstrip().endswith("pass")


@fact
def an_execution_without_a_name_is_called_none() -> bool:
    sfn = client("stepfunctions")
    definition = '{"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}'
    arn = sfn.create_state_machine(name="m", definition=definition, roleArn="arn:aws:iam::123456789012:role/r")
    from moto.stepfunctions.parser.models import stepfunctions_parser_backends

    execution = stepfunctions_parser_backends["123456789012"][REGION].start_execution(arn["stateMachineArn"])
    return str(execution.exec_arn).endswith(":None")


@fact
def machines_keep_every_thread() -> bool:
    from moto.stepfunctions.parser.utils import TMP_THREADS

    return type(TMP_THREADS) is list


@fact
def jsonata_is_not_evaluated() -> bool:
    from moto.stepfunctions.parser.asl.jsonata import jsonata

    return "jpype" in inspect.getsource(jsonata).lower()


@fact
def every_instance_is_kept() -> bool:
    from moto.sqs.models import Message

    before = len(Message.instances_tracked)  # type: ignore[attr-defined]
    Message("id", "body")
    return len(Message.instances_tracked) == before + 1  # type: ignore[attr-defined]


@fact
def a_functions_failure_is_called_handled() -> bool:
    lambda_function([], fail=True)
    return str(client("lambda").invoke(FunctionName="f")["FunctionError"]) == "Handled"


@fact
def an_event_invocation_runs_before_it_returns() -> bool:
    calls: list[Any] = []
    lambda_function(calls)
    client("lambda").invoke(FunctionName="f", InvocationType="Event", Payload=b"{}")
    return len(calls) == 1


@fact
def a_functions_dead_letter_target_is_forgotten() -> bool:
    return "DeadLetterConfig" not in lambda_function([])


@fact
def a_rule_cannot_reach_a_function() -> bool:
    events, arn = client("events"), lambda_function([])["FunctionArn"]
    events.put_rule(Name="r", EventPattern='{"source": ["s"]}')
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": arn}])
    return fails(lambda: events.put_events(Entries=[{"Source": "s", "DetailType": "d", "Detail": "{}"}]))


def _queue_for(rule: dict[str, Any], bus: str = "default") -> str:
    url = client("sqs").create_queue(QueueName="q")["QueueUrl"]
    client("events").put_rule(Name="r", EventBusName=bus, **rule)
    target = {"Id": "1", "Arn": f"arn:aws:sqs:{REGION}:123456789012:q"}
    client("events").put_targets(Rule="r", EventBusName=bus, Targets=[target])
    return str(url)


def _received(url: str) -> list[Any]:
    found = client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(message["Body"]) for message in found]


@fact
def a_disabled_rule_still_delivers() -> bool:
    url = _queue_for({"EventPattern": '{"source": ["s"]}', "State": "DISABLED"})
    client("events").put_events(Entries=[{"Source": "s", "DetailType": "d", "Detail": "{}"}])
    return len(_received(url)) == 1


def _upload() -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="own-bucket")
    s3.put_bucket_notification_configuration(
        Bucket="own-bucket", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    s3.put_object(Bucket="own-bucket", Key="k", Body=b"x")


@fact
def the_sequencer_of_an_upload_is_fixed() -> bool:
    url = _queue_for({"EventPattern": '{"source": ["aws.s3"], "detail-type": ["Object Created"]}'})
    _upload()
    return {e["detail"]["object"]["sequencer"] for e in _received(url)} == {"617f08299329d189"}


@fact
def an_upload_also_adds_tags() -> bool:
    url = _queue_for({"EventPattern": '{"source": ["aws.s3"]}'})
    _upload()
    return "Object Tags Added" in {e["detail-type"] for e in _received(url)}


@fact
def uploads_reach_every_bus() -> bool:
    client("events").create_event_bus(Name="own")
    url = _queue_for({"EventPattern": '{"source": ["aws.s3"]}'}, bus="own")
    _upload()
    return len(_received(url)) > 0


@fact
def the_event_bridge_setting_cannot_be_read_back() -> bool:
    _upload()
    return "EventBridgeConfiguration" not in client("s3").get_bucket_notification_configuration(Bucket="own-bucket")


@fact
def a_queue_calls_its_function_inside_send_message() -> bool:
    calls: list[Any] = []
    lambda_function(calls)
    url = client("sqs").create_queue(QueueName="q")["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:123456789012:q"
    client("lambda").create_event_source_mapping(FunctionName="f", EventSourceArn=arn)
    client("sqs").send_message(QueueUrl=url, MessageBody="x")
    return len(calls) == 1


@fact
def deleting_a_message_rebuilds_the_list() -> bool:
    from moto.sqs.models import Queue

    source = inspect.getsource(Queue.delete_message)
    return "self._messages = new_messages" in source and "_messages_lock" not in source


@fact
def a_stream_calls_its_function_inside_put_item() -> bool:
    calls: list[Any] = []
    lambda_function(calls)
    dynamodb = client("dynamodb")
    table = dynamodb.create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )["TableDescription"]
    client("lambda").create_event_source_mapping(
        FunctionName="f", EventSourceArn=table["LatestStreamArn"], StartingPosition="LATEST"
    )
    dynamodb.put_item(TableName="t", Item={"pk": {"S": "a"}})
    return len(calls) == 1


@fact
def conditional_writes_are_not_locked() -> bool:
    from moto.dynamodb import models, responses

    return "Lock" not in inspect.getsource(models) + inspect.getsource(responses)


@fact
def transactions_copy_whole_tables() -> bool:
    from moto.dynamodb.models import DynamoDBBackend

    return "original_table_state" in inspect.getsource(DynamoDBBackend.transact_write_items)


@fact
def a_ref_creates_its_target_before_what_that_depends_on() -> bool:
    return "DependsOn" not in inspect.getsource(parsing.ResourceMap.__getitem__)


@fact
def submitted_retries_are_dropped() -> bool:
    from moto.batch.responses import BatchResponse

    return "retryStrategy" not in inspect.getsource(BatchResponse.submitjob)


@fact
def looking_at_a_job_makes_it_grow() -> bool:
    from moto.batch.models import Job

    return "job_env.append" in inspect.getsource(Job._get_container_property)


@fact
def an_array_of_jobs_cannot_fail() -> bool:
    from moto.batch.models import Job

    return 'child_statuses["FAILED"]' not in inspect.getsource(Job.describe)


@fact
def schedules_never_fire() -> bool:
    from moto.scheduler import models

    return "Thread" not in inspect.getsource(models)


@fact
def stack_templates_are_read_as_yaml_first() -> bool:
    from moto.cloudformation.models import Stack

    source = inspect.getsource(Stack.parse_template)
    return source.index("yaml.load") < source.index("json.loads")


def main() -> None:
    answers = {}
    for name, check in FACTS.items():
        with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):  # type: ignore[call-overload]
            try:
                answers[name] = check()
            except Exception as fault:
                answers[name] = f"{type(fault).__name__}: {fault}"
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
