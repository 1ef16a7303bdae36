"""Cloud assemblies become resources: every property counts, names stay the same, faults are named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from local.deploy import DeploymentFailed, deploy, zip_folder
from local.hooks import cfn_types
from local.hooks.cfn_request import Made, Wish
from tests.local.assembly import Assembly
from tests.local.conftest import Cloud


def try_stack(cloud: Cloud, folder: Path, name: str, resources: dict[str, Any]) -> dict[str, dict[str, str]]:
    assembly = Assembly(folder)
    assembly.stack(name, resources)
    return deploy(assembly.write(), cloud.laptop.credentials, cloud.laptop.endpoint_url)


def test_an_unknown_type_stops_the_deployment_and_is_named(cloud: Cloud, tmp_path: Path) -> None:
    with pytest.raises(DeploymentFailed) as fault:
        try_stack(cloud, tmp_path, "Odd", {"Robot": {"Type": "AWS::RoboMaker::Robot", "Properties": {}}})
    kind = "AWS::RoboMaker::Robot"
    assert str(fault.value) == f"Stack Odd: Robot ({kind}) failed: the laptop does not know the resource type {kind}"


def test_a_custom_resource_is_not_skipped_silently(cloud: Cloud, tmp_path: Path) -> None:
    with pytest.raises(DeploymentFailed, match=r"Thing \(Custom::Thing\) failed"):
        try_stack(cloud, tmp_path, "Custom", {"Thing": {"Type": "Custom::Thing", "Properties": {"ServiceToken": "x"}}})


def test_a_refused_resource_is_named_with_its_reason(cloud: Cloud, tmp_path: Path) -> None:
    with pytest.raises(
        DeploymentFailed, match=r"Stack Bad: Q \(AWS::SQS::Queue\) failed: .*does not exist|Could not find DLQ"
    ):
        redrive = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:nowhere", "maxReceiveCount": 2}
        try_stack(cloud, tmp_path, "Bad", {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"RedrivePolicy": redrive}}})


def test_an_attribute_that_does_not_exist_is_named(cloud: Cloud, tmp_path: Path) -> None:
    resources = {
        "Q": {"Type": "AWS::SQS::Queue", "Properties": {}},
        "P": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Name": "p", "Type": "String", "Value": {"Fn::GetAtt": ["Q", "Colour"]}},
        },
    }
    with pytest.raises(DeploymentFailed, match="has no attribute 'Colour'"):
        try_stack(cloud, tmp_path, "Attr", resources)


def test_a_folder_without_a_manifest_is_no_assembly(cloud: Cloud, tmp_path: Path) -> None:
    with pytest.raises(DeploymentFailed, match="is its folder a synthesised cloud assembly"):
        deploy(tmp_path, cloud.laptop.credentials, cloud.laptop.endpoint_url)


def test_bucket_settings_that_moto_forgets_are_made(cloud: Cloud) -> None:
    s3, name = cloud.client("s3"), cloud.out("InboxName")
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    assert s3.get_bucket_cors(Bucket=name)["CORSRules"][0]["ExposeHeaders"] == ["ETag"]
    rule = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"][0]
    assert (rule["Expiration"], rule["AbortIncompleteMultipartUpload"]) == ({"Days": 30}, {"DaysAfterInitiation": 7})


def test_a_deny_without_tls_does_not_lock_the_laptop_out(cloud: Cloud) -> None:
    assert (
        cloud.client("s3").list_objects_v2(Bucket=cloud.out("InboxName"))["ResponseMetadata"]["HTTPStatusCode"] == 200
    )


def test_a_global_table_has_stream_expiry_and_recovery(cloud: Cloud) -> None:
    dynamodb, name = cloud.client("dynamodb"), cloud.out("TableName")
    table = dynamodb.describe_table(TableName=name)["Table"]
    assert table["LatestStreamArn"] == cloud.out("StreamArn")
    assert table["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    assert dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["AttributeName"] == "ends"


def test_the_other_types_exist_with_their_settings(cloud: Cloud) -> None:
    assert cloud.client("athena").get_work_group(WorkGroup="analysts")["WorkGroup"]["Configuration"][
        "EnforceWorkGroupConfiguration"
    ]
    assert cloud.client("glue").get_table(DatabaseName="probe", Name="runs")["Table"]["TableType"] == "EXTERNAL_TABLE"
    pool = cloud.out("PoolId")
    assert cloud.client("cognito-idp").list_groups(UserPoolId=pool)["Groups"][0]["GroupName"] == "curators"
    assert cloud.client("kms").describe_key(KeyId="alias/archive")["KeyMetadata"]["Arn"] == cloud.out("KeyArn")
    assert cloud.client("ssm").get_parameter(Name="/test/table")["Parameter"]["Value"] == cloud.out("TableName")
    assert len(cloud.client("secretsmanager").get_secret_value(SecretId=cloud.out("SecretArn"))["SecretString"]) == 20
    alarm = cloud.client("cloudwatch").describe_alarms()["MetricAlarms"][0]
    assert alarm["AlarmArn"] == cloud.out("AlarmArn")
    schedule = cloud.client("scheduler").get_schedule(Name=cloud.out("Daily"))
    assert schedule["ScheduleExpressionTimezone"] == "Asia/Shanghai"
    definition = json.loads(
        cloud.client("stepfunctions").describe_state_machine(stateMachineArn=cloud.out("Machine"))["definition"]
    )
    assert definition["States"]["Ask"]["Parameters"]["FunctionName"].endswith(cloud.out("Echo"))


def test_a_definition_with_an_unknown_substitution_is_refused(cloud: Cloud, tmp_path: Path) -> None:
    machine = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {"RoleArn": "arn:aws:iam::123456789012:role/r", "DefinitionString": '{"Comment": "${Nothing}"}'},
    }
    with pytest.raises(DeploymentFailed, match="names Nothing, which DefinitionSubstitutions lacks"):
        try_stack(cloud, tmp_path, "Machine", {"M": machine})


def test_a_state_machine_runs_functions_and_jobs(cloud: Cloud) -> None:
    good = cloud.run(cloud.out("Machine"), {"code": "0"}, name="known-name")
    assert good["executionArn"].endswith(":known-name")
    assert json.loads(good["output"]) == {"status": "SUCCEEDED", "exit_code": 0}
    bad = json.loads(cloud.run(cloud.out("Machine"), {"code": "2"})["output"])
    assert bad["failed"] is True
    assert bad["cause"]["Container"]["ExitCode"] == 2


def test_other_rooms_hear_of_a_creation(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[tuple[Wish, Made]] = []
    monkeypatch.setattr(cfn_types, "_after_create", {})
    cfn_types.after_create("AWS::SQS::Queue", lambda wish, made: heard.append((wish, made)))
    try_stack(cloud, tmp_path, "Heard", {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 3}}})
    wish, made = heard[0]
    assert (wish.stack, wish.logical_id, wish.given["DelaySeconds"]) == ("Heard", "Q", 3)
    assert made.ref.endswith(wish.physical_name)


def test_change_sets_keep_outputs_and_exports(cloud: Cloud) -> None:
    """The CDK's own command deploys by change sets."""
    formation = cloud.client("cloudformation")

    def create(stack: str, resources: dict[str, Any], outputs: dict[str, Any]) -> Any:
        where = {"StackName": stack, "ChangeSetName": "first"}
        template = json.dumps({"Resources": resources, "Outputs": outputs})
        formation.create_change_set(**where, ChangeSetType="CREATE", TemplateBody=template)
        formation.execute_change_set(**where)
        return formation.describe_stacks(StackName=stack)["Stacks"][0]

    queue = {"Q": {"Type": "AWS::SQS::Queue", "Properties": {}}}
    shown = {"Q": {"Value": {"Fn::GetAtt": ["Q", "QueueName"]}, "Export": {"Name": "changed"}}}
    first = create("ChangedOne", queue, shown)
    assert first["StackStatus"] == "CREATE_COMPLETE"
    value = {"Fn::ImportValue": "changed"}
    parameter = {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "imported", "Type": "String", "Value": value}}
    create("ChangedTwo", {"P": parameter}, {})
    got = cloud.client("ssm").get_parameter(Name="imported")["Parameter"]["Value"]
    assert got == first["Outputs"][0]["OutputValue"]


def test_names_are_the_same_at_each_start() -> None:
    from local.hooks.names import physical_name

    assert physical_name("AWS::S3::Bucket", "Data", "Inbox") == physical_name("AWS::S3::Bucket", "Data", "Inbox")
    long = physical_name("AWS::Lambda::Function", "S" * 50, "L" * 50)
    assert len(long) == 64
    assert physical_name("AWS::Lambda::Function", "S" * 50, "L" * 51) != long


def test_a_zip_depends_on_content_only(tmp_path: Path) -> None:
    import os

    (tmp_path / "a.py").write_text("x = 1")
    before = zip_folder(tmp_path)
    os.utime(tmp_path / "a.py", (1, 1))
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").write_bytes(b"x")
    assert zip_folder(tmp_path) == before
