"""The two stacks that tests/local runs: one of state, one of behaviour, tied by exports."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.local.assembly import ROLE, Assembly

MACHINE = {
    "StartAt": "Ask",
    "States": {
        "Ask": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": "${Echo}", "Payload.$": "$"},
            "ResultSelector": {"event.$": "$.Payload.event"},
            "Next": "Check",
        },
        "Check": {
            "Type": "Task",
            "Resource": "arn:aws:states:::batch:submitJob.sync",
            "Parameters": {
                "JobName": "check",
                "JobDefinition": "${Job}",
                "JobQueue": "${Queue}",
                "Parameters": {"code.$": "$.event.code"},
                "ContainerOverrides": {"Environment": [{"Name": "OWN_CORRELATION", "Value.$": "$$.Execution.Name"}]},
            },
            "ResultSelector": {"status.$": "$.Status", "exit_code.$": "$.Container.ExitCode"},
            "Catch": [{"ErrorEquals": ["States.TaskFailed"], "ResultPath": "$.error", "Next": "Sad"}],
            "End": True,
        },
        "Sad": {
            "Type": "Pass",
            "Parameters": {"failed": True, "cause.$": "States.StringToJson($.error.Cause)"},
            "End": True,
        },
    },
}

JOB = (
    "import os, sys, time, signal\n"
    "code = sys.argv[1]\n"
    "print('job says', code, os.environ.get('OWN_CORRELATION'), flush=True)\n"
    "open(os.environ['OWN_NOTES'], 'a').write(os.environ['AWS_BATCH_JOB_ATTEMPT'] + ' '\n"
    "    + os.environ.get('AWS_BATCH_JOB_ARRAY_INDEX', '-') + ' ' + os.getcwd() + '\\n')\n"
    "if code == 'sleep': time.sleep(60)\n"
    "if code == 'kill': os.kill(os.getpid(), signal.SIGKILL)\n"
    "if code == 'odd': sys.exit(int(os.environ['AWS_BATCH_JOB_ARRAY_INDEX']) % 2)\n"
    "if code == 'flaky': sys.exit(0 if os.environ['AWS_BATCH_JOB_ATTEMPT'] == '3' else 1)\n"
    "sys.exit(int(code))\n"
)


def build(assembly: Assembly, function: Callable[..., dict[str, Any]], folder: Path, handlers: str) -> Path:
    code = assembly.asset("handlers", {"functions/__init__.py": "", "functions/things/handler.py": handlers})
    layer = assembly.asset("core-layer", {"python/biotheca_probe.py": "WORD = 'from the layer'\n"})
    wheels = {"python/thirdparty/__init__.py": "", "python/thirdparty-1.0.dist-info/METADATA": ""}
    foreign = assembly.asset("wheels-layer", wheels)
    definition = assembly.file("machine.json", json.dumps(MACHINE))
    _state(assembly)

    def lam(verb: str, notes: str = "notes", **more: Any) -> dict[str, Any]:
        variables = {"OWN_NOTES": str(folder / notes), **more.pop("variables", {})}
        return function(code, f"functions.things.handler.{verb}", Environment={"Variables": variables}, **more)

    resources: dict[str, Any] = {
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Action": "sts:AssumeRole",
                            "Principal": {"Service": "lambda.amazonaws.com"},
                        }
                    ],
                }
            },
        },
        "Layer": {"Type": "AWS::Lambda::LayerVersion", "Properties": {"Content": layer, "LayerName": "core"}},
        "Wheels": {"Type": "AWS::Lambda::LayerVersion", "Properties": {"Content": foreign}},
        "Echo": lam(
            "echo",
            Layers=[{"Ref": "Layer"}, {"Ref": "Wheels"}],
            variables={
                "OWN_TABLE": {"Fn::ImportValue": "table"},
                "BIOTHECA_TOKEN_KEYS_URL": "https://issuer.example/pool/.well-known/jwks.json",
            },
        ),
        "Slow": lam("slow", Timeout=1),
        "Sleeper": lam("slow", Timeout=20),
        "Die": lam("die"),
        "Fail": lam("fail", "async", DeadLetterConfig={"TargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}}),
        "FailOnce": lam("fail", "async-once"),
        "Metric": lam("metric"),
        "Note": lam("note", "targets"),
        "QueueReader": lam("records", "queue"),
        "StreamReader": lam("records", "stream"),
        "Authorizer": lam("allow_friends"),
        "Api": lam("api"),
        "FailOnceSettings": {
            "Type": "AWS::Lambda::EventInvokeConfig",
            "Properties": {
                "FunctionName": {"Ref": "FailOnce"},
                "Qualifier": "$LATEST",
                "MaximumRetryAttempts": 0,
                "DestinationConfig": {"OnFailure": {"Destination": {"Fn::GetAtt": ["Destination", "Arn"]}}},
            },
        },
        "Dead": _queue(),
        "Destination": _queue(),
        "Rejected": _queue(),
        "Work": _queue(
            VisibilityTimeout=30,
            RedrivePolicy={"deadLetterTargetArn": {"Fn::GetAtt": ["Rejected", "Arn"]}, "maxReceiveCount": 2},
        ),
        "WorkMapping": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "EventSourceArn": {"Fn::GetAtt": ["Work", "Arn"]},
                "FunctionName": {"Ref": "QueueReader"},
                "BatchSize": 5,
                "FunctionResponseTypes": ["ReportBatchItemFailures"],
            },
        },
        "StreamMapping": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "EventSourceArn": {"Fn::ImportValue": "stream"},
                "FunctionName": {"Ref": "StreamReader"},
                "BatchSize": 10,
                "StartingPosition": "TRIM_HORIZON",
                "MaximumRetryAttempts": 2,
                "BisectBatchOnFunctionError": True,
                "FunctionResponseTypes": ["ReportBatchItemFailures"],
                "DestinationConfig": {"OnFailure": {"Destination": {"Fn::GetAtt": ["Rejected", "Arn"]}}},
                "FilterCriteria": {"Filters": [{"Pattern": '{"eventName": ["INSERT", "MODIFY"]}'}]},
            },
        },
        "Machine": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {
                "RoleArn": ROLE,
                "DefinitionS3Location": definition,
                "DefinitionSubstitutions": {
                    "Echo": {"Fn::GetAtt": ["Echo", "Arn"]},
                    "Job": {"Ref": "Job"},
                    "Queue": {"Ref": "JobQueue"},
                },
            },
        },
        "Environment": {
            "Type": "AWS::Batch::ComputeEnvironment",
            "Properties": {
                "Type": "managed",
                "ComputeResources": {
                    "Type": "FARGATE",
                    "MaxvCpus": 4,
                    "Subnets": [{"Ref": "Subnet"}],
                    "SecurityGroupIds": [{"Fn::GetAtt": ["Group", "GroupId"]}],
                },
            },
        },
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
        "Subnet": {
            "Type": "AWS::EC2::Subnet",
            "Properties": {
                "VpcId": {"Ref": "Vpc"},
                "CidrBlock": "10.0.0.0/24",
                "AvailabilityZone": {"Fn::Select": [0, {"Fn::GetAZs": ""}]},
            },
        },
        "Group": {
            "Type": "AWS::EC2::SecurityGroup",
            "Properties": {"GroupDescription": "jobs", "VpcId": {"Ref": "Vpc"}},
        },
        "JobQueue": {
            "Type": "AWS::Batch::JobQueue",
            "Properties": {
                "Priority": 1,
                "ComputeEnvironmentOrder": [
                    {"ComputeEnvironment": {"Fn::GetAtt": ["Environment", "ComputeEnvironmentArn"]}, "Order": 1}
                ],
            },
        },
        "Job": {
            "Type": "AWS::Batch::JobDefinition",
            "Properties": {
                "Type": "container",
                "PlatformCapabilities": ["FARGATE"],
                "Parameters": {"code": "0"},
                "RetryStrategy": {
                    "Attempts": 3,
                    "EvaluateOnExit": [{"Action": "EXIT", "OnExitCode": "2"}, {"Action": "RETRY", "OnExitCode": "*"}],
                },
                "ContainerProperties": {
                    "Image": "example",
                    "Command": ["python", "-c", JOB, "Ref::code"],
                    "Environment": [{"Name": "OWN_NOTES", "Value": str(folder / "jobs")}],
                    "ResourceRequirements": [{"Type": "VCPU", "Value": "0.25"}, {"Type": "MEMORY", "Value": "512"}],
                    "ExecutionRoleArn": ROLE,
                },
            },
        },
        **_events(),
        **_api(),
    }
    outputs = {name: {"Ref": name} for name in resources if resources[name]["Type"] in _SHOWN}
    outputs["Python"] = {"Value": sys.executable}
    assembly.stack("Behaviour", resources, outputs, after=["State"])
    return assembly.write()


_SHOWN = {
    "AWS::Lambda::Function",
    "AWS::SQS::Queue",
    "AWS::StepFunctions::StateMachine",
    "AWS::Batch::JobQueue",
    "AWS::Batch::JobDefinition",
    "AWS::Events::EventBus",
    "AWS::ApiGateway::RestApi",
    "AWS::Scheduler::Schedule",
    "AWS::Events::Rule",
}


def _queue(**more: Any) -> dict[str, Any]:
    return {"Type": "AWS::SQS::Queue", "Properties": more}


def _state(assembly: Assembly) -> None:
    resources = {
        "Table": {
            "Type": "AWS::DynamoDB::GlobalTable",
            "Properties": {
                "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                "BillingMode": "PAY_PER_REQUEST",
                "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"},
                "TimeToLiveSpecification": {"AttributeName": "ends", "Enabled": True},
                "Replicas": [
                    {
                        "Region": {"Ref": "AWS::Region"},
                        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
                    }
                ],
            },
        },
        "Inbox": {
            "Type": "AWS::S3::Bucket",
            "Properties": {
                "VersioningConfiguration": {"Status": "Enabled"},
                "CorsConfiguration": {
                    "CorsRules": [
                        {"AllowedMethods": ["PUT"], "AllowedOrigins": ["*"], "ExposedHeaders": ["ETag"], "MaxAge": 60}
                    ]
                },
                "NotificationConfiguration": {"EventBridgeConfiguration": {"EventBridgeEnabled": True}},
                "LifecycleConfiguration": {
                    "Rules": [
                        {
                            "Status": "Enabled",
                            "ExpirationInDays": 30,
                            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
                        }
                    ]
                },
            },
        },
        "InboxPolicy": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {
                "Bucket": {"Ref": "Inbox"},
                "PolicyDocument": {
                    "Statement": [
                        {
                            "Effect": "Deny",
                            "Principal": "*",
                            "Action": "s3:*",
                            "Resource": "*",
                            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                        }
                    ]
                },
            },
        },
        "Pool": {
            "Type": "AWS::Cognito::UserPool",
            "Properties": {"Policies": {"PasswordPolicy": {"MinimumLength": 8}}},
        },
        "PoolClient": {
            "Type": "AWS::Cognito::UserPoolClient",
            "Properties": {"UserPoolId": {"Ref": "Pool"}, "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"]},
        },
        "Curators": {
            "Type": "AWS::Cognito::UserPoolGroup",
            "Properties": {"UserPoolId": {"Ref": "Pool"}, "GroupName": "curators"},
        },
        "WorkGroup": {
            "Type": "AWS::Athena::WorkGroup",
            "Properties": {
                "Name": "analysts",
                "WorkGroupConfiguration": {
                    "EnforceWorkGroupConfiguration": True,
                    "ResultConfiguration": {"OutputLocation": "s3://somewhere/"},
                },
            },
        },
        "Database": {
            "Type": "AWS::Glue::Database",
            "Properties": {"CatalogId": {"Ref": "AWS::AccountId"}, "DatabaseInput": {"Name": "probe"}},
        },
        "Lake": {"Type": "AWS::S3::Bucket", "Properties": {}},
        "GlueTable": {
            "Type": "AWS::Glue::Table",
            "Properties": {
                "CatalogId": {"Ref": "AWS::AccountId"},
                "DatabaseName": {"Ref": "Database"},
                "TableInput": {
                    "Name": "runs",
                    "TableType": "EXTERNAL_TABLE",
                    "StorageDescriptor": {
                        "Columns": [{"Name": "run", "Type": "string"}],
                        "Location": {"Fn::Sub": "s3://${Lake}/runs"},
                    },
                },
                "OpenTableFormatInput": {"IcebergInput": {"MetadataOperation": "CREATE", "Version": "2"}},
            },
        },
        "Key": {
            "Type": "AWS::KMS::Key",
            "Properties": {"EnableKeyRotation": True, "KeyPolicy": {"Version": "2012-10-17", "Statement": []}},
        },
        "KeyAlias": {
            "Type": "AWS::KMS::Alias",
            "Properties": {"AliasName": "alias/archive", "TargetKeyId": {"Fn::GetAtt": ["Key", "Arn"]}},
        },
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {}},
        "Mail": {
            "Type": "AWS::SNS::Subscription",
            "Properties": {"TopicArn": {"Ref": "Topic"}, "Protocol": "email", "Endpoint": "a@example.org"},
        },
        "Alarm": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "ComparisonOperator": "GreaterThanThreshold",
                "EvaluationPeriods": 1,
                "MetricName": "m",
                "Namespace": "n",
                "Period": 60,
                "Statistic": "Sum",
                "Threshold": 1,
                "AlarmActions": [{"Ref": "Topic"}],
            },
        },
        "Board": {"Type": "AWS::CloudWatch::Dashboard", "Properties": {"DashboardBody": '{"widgets": []}'}},
        "Secret": {
            "Type": "AWS::SecretsManager::Secret",
            "Properties": {"GenerateSecretString": {"PasswordLength": 20}},
        },
        "LogGroup": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 30}},
        "Parameter": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Name": "/test/table", "Type": "String", "Value": {"Ref": "Table"}},
        },
        "Origin": {
            "Type": "AWS::CloudFront::OriginAccessControl",
            "Properties": {"OriginAccessControlConfig": {"Name": "x"}},
        },
        "Edge": {"Type": "AWS::CloudFront::Distribution", "Properties": {"DistributionConfig": {"Enabled": True}}},
        "Metadata": {"Type": "AWS::CDK::Metadata", "Properties": {"Analytics": "v2:deflate64:x"}},
    }
    assembly.stack(
        "State",
        resources,
        {
            "TableName": {"Value": {"Ref": "Table"}, "Export": {"Name": "table"}},
            "StreamArn": {"Value": {"Fn::GetAtt": ["Table", "StreamArn"]}, "Export": {"Name": "stream"}},
            "InboxName": {"Value": {"Ref": "Inbox"}, "Export": {"Name": "inbox"}},
            "PoolId": {"Ref": "Pool"},
            "ClientId": {"Ref": "PoolClient"},
            "EdgeName": {"Fn::GetAtt": ["Edge", "DomainName"]},
            "SecretArn": {"Ref": "Secret"},
            "AlarmArn": {"Fn::GetAtt": ["Alarm", "Arn"]},
            "KeyArn": {"Fn::GetAtt": ["Key", "Arn"]},
        },
    )


def _events() -> dict[str, Any]:
    return {
        "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "archive"}},
        "ToNote": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "EventBusName": {"Ref": "Bus"},
                "EventPattern": {"source": ["test"], "detail-type": ["Noted"]},
                "State": "ENABLED",
                "Targets": [
                    {
                        "Id": "Note",
                        "Arn": {"Fn::GetAtt": ["Note", "Arn"]},
                        "InputTransformer": {
                            "InputPathsMap": {"who": "$.detail.who", "n": "$.detail.n"},
                            "InputTemplate": '{"who":<who>,"n":<n>,"text":"<who> said \\"<n>\\""}',
                        },
                    }
                ],
            },
        },
        "ToMachine": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "EventBusName": {"Ref": "Bus"},
                "EventPattern": {"source": ["test"], "detail-type": ["Run"]},
                "State": "ENABLED",
                "Targets": [{"Id": "Machine", "Arn": {"Ref": "Machine"}, "RoleArn": ROLE, "InputPath": "$.detail"}],
            },
        },
        "ToNobody": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "EventBusName": {"Ref": "Bus"},
                "EventPattern": {"source": ["test"], "detail-type": ["Lost"]},
                "State": "ENABLED",
                "Targets": [
                    {
                        "Id": "Gone",
                        "Arn": "arn:aws:sqs:us-east-1:123456789012:gone",
                        "RetryPolicy": {"MaximumRetryAttempts": 1},
                        "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["Dead", "Arn"]}},
                    }
                ],
            },
        },
        "Arrived": _queue(),
        "ToArrived": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "EventPattern": {"source": ["aws.s3"], "detail-type": ["Object Created"]},
                "State": "ENABLED",
                "Targets": [{"Id": "Arrived", "Arn": {"Fn::GetAtt": ["Arrived", "Arn"]}}],
            },
        },
        "Ticks": _queue(),
        "Daily": {
            "Type": "AWS::Scheduler::Schedule",
            "Properties": {
                "ScheduleExpression": "cron(0 3 * * ? *)",
                "ScheduleExpressionTimezone": "Asia/Shanghai",
                "FlexibleTimeWindow": {"Mode": "OFF"},
                "Target": {
                    "Arn": {"Fn::GetAtt": ["Ticks", "Arn"]},
                    "RoleArn": ROLE,
                    "Input": '{"daily": "<aws.scheduler.scheduled-time>"}',
                },
            },
        },
        "Sometimes": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "ScheduleExpression": "rate(7 days)",
                "State": "ENABLED",
                "Targets": [{"Id": "Ticks", "Arn": {"Fn::GetAtt": ["Ticks", "Arn"]}}],
            },
        },
    }


def _api() -> dict[str, Any]:
    def uri(name: str) -> dict[str, Any]:
        return {
            "Fn::Join": [
                "",
                [
                    "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/",
                    {"Fn::GetAtt": [name, "Arn"]},
                    "/invocations",
                ],
            ]
        }

    api = {"RestApiId": {"Ref": "RestApi"}}
    proxy = {"Integration": {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": uri("Api")}}
    open_ = {"AuthorizationType": "NONE", **proxy}
    guarded = {"AuthorizationType": "CUSTOM", "AuthorizerId": {"Ref": "Guard"}, **proxy}

    def resource(parent: Any, part: str) -> dict[str, Any]:
        return {"Type": "AWS::ApiGateway::Resource", "Properties": {**api, "ParentId": parent, "PathPart": part}}

    def method(where: str, verb: str, how: dict[str, Any]) -> dict[str, Any]:
        return {
            "Type": "AWS::ApiGateway::Method",
            "Properties": {**api, "ResourceId": {"Ref": where}, "HttpMethod": verb, **how},
        }

    root = {"Fn::GetAtt": ["RestApi", "RootResourceId"]}
    problem = '{"status": 403, "title": $context.error.messageString}'
    return {
        "RestApi": {
            "Type": "AWS::ApiGateway::RestApi",
            "Properties": {"Name": "api", "BinaryMediaTypes": ["application/octet-stream"]},
        },
        "Guard": {
            "Type": "AWS::ApiGateway::Authorizer",
            "Properties": {
                **api,
                "Name": "guard",
                "Type": "TOKEN",
                "IdentitySource": "method.request.header.Authorization",
                "AuthorizerUri": uri("Authorizer"),
                "AuthorizerResultTtlInSeconds": 60,
            },
        },
        "V1": resource(root, "v1"),
        "Things": resource({"Ref": "V1"}, "things"),
        "Thing": resource({"Ref": "Things"}, "{thing}"),
        "Special": resource({"Ref": "Things"}, "special"),
        "Rest": resource({"Ref": "V1"}, "{rest+}"),
        "GetThing": method("Thing", "GET", open_),
        "GetSpecial": method("Special", "GET", open_),
        "PostThings": method("Things", "POST", guarded),
        "AnyRest": method("Rest", "ANY", open_),
        "Options": method(
            "Things",
            "OPTIONS",
            {
                "AuthorizationType": "NONE",
                "Integration": {
                    "Type": "MOCK",
                    "RequestTemplates": {"application/json": '{"statusCode": 204}'},
                    "IntegrationResponses": [
                        {
                            "StatusCode": "204",
                            "ResponseParameters": {"method.response.header.Access-Control-Allow-Origin": "'*'"},
                        }
                    ],
                },
                "MethodResponses": [
                    {
                        "StatusCode": "204",
                        "ResponseParameters": {"method.response.header.Access-Control-Allow-Origin": True},
                    }
                ],
            },
        ),
        "Forbidden": {
            "Type": "AWS::ApiGateway::GatewayResponse",
            "Properties": {
                **api,
                "ResponseType": "MISSING_AUTHENTICATION_TOKEN",
                "StatusCode": "403",
                "ResponseTemplates": {"application/problem+json": problem},
            },
        },
        "Deployment": {"Type": "AWS::ApiGateway::Deployment", "Properties": api, "DependsOn": ["GetThing"]},
        "Stage": {
            "Type": "AWS::ApiGateway::Stage",
            "Properties": {**api, "DeploymentId": {"Ref": "Deployment"}, "StageName": "prod"},
        },
        "Account": {"Type": "AWS::ApiGateway::Account", "Properties": {"CloudWatchRoleArn": ROLE}},
    }
