"""CloudFormation types that take more than one API call. Each function creates and returns reference and attributes."""

from __future__ import annotations

import json
import secrets
import string
from collections.abc import Callable
from typing import Any

from local.hooks import cfn_bucket, cfn_machine
from local.hooks.cfn_clients import client
from local.hooks.cfn_request import Made, Wish


def function(wish: Wish) -> Made:
    given = dict(wish.given)
    code = dict(given["Code"])
    if isinstance(code.get("ZipFile"), str):
        # In a template this is the text of a module called index; the API takes a zip.
        code["ZipFile"] = cfn_machine.zip_of_source(code["ZipFile"])
    given["Code"] = code
    given["FunctionName"] = wish.name("FunctionName")
    reserved = given.pop("ReservedConcurrentExecutions", None)
    answer = wish.call("lambda", "create_function", given)
    if reserved is not None:
        client("lambda").put_function_concurrency(
            FunctionName=given["FunctionName"], ReservedConcurrentExecutions=int(reserved)
        )
    return Made(answer["FunctionName"], {"Arn": answer["FunctionArn"]})


def table(wish: Wish) -> Made:
    """Both DynamoDB types; a global table has its streams, tags and recovery in the first replica."""
    given = dict(wish.given)
    given["TableName"] = wish.name("TableName")
    replica = (given.pop("Replicas", None) or [{}])[0]
    recovery = given.pop("PointInTimeRecoverySpecification", None) or replica.get("PointInTimeRecoverySpecification")
    expiry = given.pop("TimeToLiveSpecification", None)
    if stream := given.get("StreamSpecification"):
        given["StreamSpecification"] = {**stream, "StreamEnabled": True}
    if tags := replica.get("Tags"):
        given["Tags"] = tags
    given["DeletionProtectionEnabled"] = False
    answer = wish.call("dynamodb", "create_table", given)["TableDescription"]
    dynamodb, name = client("dynamodb"), given["TableName"]
    if expiry and str(expiry.get("Enabled", "true")).lower() == "true":
        dynamodb.update_time_to_live(
            TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": expiry["AttributeName"]}
        )
    if recovery and str(recovery.get("PointInTimeRecoveryEnabled")).lower() == "true":
        dynamodb.update_continuous_backups(
            TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
    attributes = {"Arn": answer["TableArn"], "TableId": answer.get("TableId", name)}
    if answer.get("LatestStreamArn"):
        attributes["StreamArn"] = answer["LatestStreamArn"]
    return Made(name, attributes)


def queue(wish: Wish) -> Made:
    given = dict(wish.given)
    name, tags = wish.name("QueueName"), given.pop("Tags", [])
    given.pop("QueueName", None)
    answer = client("sqs").create_queue(
        QueueName=name,
        Attributes={key: _text(value) for key, value in given.items() if key != "RedriveAllowPolicy"},
        tags={tag["Key"]: tag["Value"] for tag in tags},
    )
    arn = f"arn:aws:sqs:{wish.region}:{wish.account}:{name}"
    return Made(answer["QueueUrl"], {"Arn": arn, "QueueName": name, "QueueUrl": answer["QueueUrl"]})


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, (dict, list)) else str(value)


def subscription(wish: Wish) -> Made:
    given = dict(wish.given)
    names = ("FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy", "DeliveryPolicy")
    attributes = {name: _text(given[name]) for name in names if name in given}
    answer = client("sns").subscribe(
        TopicArn=given["TopicArn"],
        Protocol=given["Protocol"],
        Endpoint=str(given["Endpoint"]),
        Attributes=attributes,
        ReturnSubscriptionArn=True,
    )
    return Made(answer["SubscriptionArn"], {"Arn": answer["SubscriptionArn"]})


def secret(wish: Wish) -> Made:
    given = {**wish.given, "Name": wish.name("Name")}
    recipe = given.pop("GenerateSecretString", None)
    if recipe is not None:
        letters = string.ascii_letters + string.digits
        made = "".join(secrets.choice(letters) for _ in range(int(recipe.get("PasswordLength", 32))))
        if key := recipe.get("GenerateStringKey"):
            made = json.dumps({**json.loads(recipe.get("SecretStringTemplate", "{}")), key: made})
        given["SecretString"] = made
    answer = wish.call("secretsmanager", "create_secret", given)
    return Made(answer["ARN"], {"Id": answer["ARN"]})


def key(wish: Wish) -> Made:
    given = dict(wish.given)
    given["Policy"] = given.pop("KeyPolicy", None)
    tags = given.pop("Tags", [])
    given["Tags"] = [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in tags]
    answer = wish.call("kms", "create_key", given)["KeyMetadata"]
    if str(given.get("EnableKeyRotation")).lower() == "true":
        client("kms").enable_key_rotation(KeyId=answer["KeyId"])
    return Made(answer["KeyId"], {"Arn": answer["Arn"], "KeyId": answer["KeyId"]})


def log_group(wish: Wish) -> Made:
    name = wish.name("LogGroupName")
    logs = client("logs")
    logs.create_log_group(logGroupName=name)
    if days := wish.given.get("RetentionInDays"):
        logs.put_retention_policy(logGroupName=name, retentionInDays=int(days))
    return Made(name, {"Arn": f"arn:aws:logs:{wish.region}:{wish.account}:log-group:{name}:*"})


def rule(wish: Wish) -> Made:
    given = dict(wish.given)
    targets = given.pop("Targets", [])
    given["Name"] = name = wish.name("Name")
    answer = wish.call("events", "put_rule", given)
    bus = given.get("EventBusName", "default")
    if targets:
        wish.call("events", "put_targets", {"Rule": name, "EventBusName": bus, "Targets": targets})
    # Ref of a rule on a bus of one's own names both.
    return Made(name if bus == "default" else f"{bus}|{name}", {"Arn": answer["RuleArn"]})


def rest_api(wish: Wish) -> Made:
    given = {**wish.given, "Name": wish.given.get("Name") or wish.name("Name")}
    if "Body" in given or "BodyS3Location" in given:
        raise ValueError("a RestApi from an OpenAPI body is not known to the laptop; declare resources and methods")
    answer = wish.call("apigateway", "create_rest_api", given)
    # moto's request loses the binary types.
    _rest_api(wish, answer["id"]).binaryMediaTypes = list(given.get("BinaryMediaTypes") or [])
    resources = client("apigateway").get_resources(restApiId=answer["id"])["items"]
    return Made(answer["id"], {"RestApiId": answer["id"], "RootResourceId": resources[0]["id"]})


def _rest_api(wish: Wish, api_id: str) -> Any:
    from moto.apigateway.models import apigateway_backends

    return apigateway_backends[wish.account][wish.region].apis[api_id]


def authorizer(wish: Wish) -> Made:
    given = {**wish.given, "Name": wish.name("Name")}
    answer = wish.call("apigateway", "create_authorizer", given)
    if expression := given.get("IdentityValidationExpression"):
        # moto loses it between request and model (a misspelt argument).
        _rest_api(wish, given["RestApiId"]).authorizers[answer["id"]].identity_validation_expression = expression
    return Made(answer["id"], {"AuthorizerId": answer["id"]})


def method(wish: Wish) -> Made:
    given = dict(wish.given)
    integration = given.pop("Integration", None)
    wish.call("apigateway", "put_method", given)
    place = {name: given[name] for name in ("RestApiId", "ResourceId", "HttpMethod")}
    for response in given.get("MethodResponses", []):
        wish.call("apigateway", "put_method_response", {**place, **response})
    if integration:
        described = {k: v for k, v in integration.items() if k != "IntegrationResponses"}
        wish.call("apigateway", "put_integration", {**place, **described})
        for response in integration.get("IntegrationResponses", []):
            wish.call("apigateway", "put_integration_response", {**place, **response})
    return Made(wish.physical_name)


def compute_environment(wish: Wish) -> Made:
    given = {**wish.given, "ComputeEnvironmentName": wish.name("ComputeEnvironmentName")}
    given["Type"], given["State"] = given["Type"].upper(), given.get("State", "ENABLED").upper()
    # In the cloud Batch makes its service-linked role by itself.
    given["ServiceRole"] = given.get("ServiceRole") or _batch_role(wish)
    resources = dict(given.get("ComputeResources") or {})
    if resources and not resources["Type"].startswith("FARGATE"):
        resources.setdefault("MinvCpus", 0)
        resources["DesiredvCpus"] = 0
        # moto starts machines of the first type; none is wanted here, and it does not know all types.
        resources["InstanceTypes"] = ["optimal"]
    given["ComputeResources"] = resources
    answer = wish.call("batch", "create_compute_environment", given)
    return Made(answer["computeEnvironmentArn"], {"ComputeEnvironmentArn": answer["computeEnvironmentArn"]})


def _batch_role(wish: Wish) -> str:
    iam, name = client("iam"), "AWSServiceRoleForBatch"
    try:
        return str(iam.get_role(RoleName=name)["Role"]["Arn"])
    except iam.exceptions.NoSuchEntityException:
        trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "batch.amazonaws.com"}}]}
        return str(iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"])


SPECIAL: dict[str, Callable[[Wish], Made]] = {
    "AWS::ApiGateway::Authorizer": authorizer,
    "AWS::ApiGateway::Method": method,
    "AWS::ApiGateway::RestApi": rest_api,
    "AWS::Batch::ComputeEnvironment": compute_environment,
    "AWS::DynamoDB::GlobalTable": table,
    "AWS::DynamoDB::Table": table,
    "AWS::Events::Rule": rule,
    "AWS::KMS::Key": key,
    "AWS::Lambda::Function": function,
    "AWS::Logs::LogGroup": log_group,
    "AWS::S3::Bucket": cfn_bucket.bucket,
    "AWS::SNS::Subscription": subscription,
    "AWS::SQS::Queue": queue,
    "AWS::SecretsManager::Secret": secret,
    "AWS::StepFunctions::StateMachine": cfn_machine.state_machine,
}
