"""The table of CloudFormation types that need no more than one API call (or none). More than that: cfn_special.

A type that stands neither here, nor in cfn_special, nor among moto's own (cfn_types.STOCK) stops the deployment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Row:
    """One type. `ref` and `attributes` are either JMESPath over {given, answer}, or templates in braces
    over {account}, {region}, {name} and {ref}. Without a service the resource exists only on paper."""

    service: str = ""
    operation: str = ""
    ref: str = "{name}"
    attributes: Mapping[str, str] = field(default_factory=dict)
    renames: Mapping[str, str] = field(default_factory=dict)
    named_by: str = ""  # the property that holds the physical name; "A.B" for a nested one
    defaults: Mapping[str, str] = field(default_factory=dict)  # what CloudFormation fills in and moto asks for


_API = "apigateway"
_CLOUDFRONT_ID = "{name}"


def paper(**attributes: str) -> Row:
    """A type that the laptop acknowledges and does nothing for."""
    return Row(attributes=attributes)


ROWS: dict[str, Row] = {
    # Cognito
    "AWS::Cognito::UserPool": Row(
        "cognito-idp",
        "create_user_pool",
        "answer.UserPool.Id",
        {
            "Arn": "answer.UserPool.Arn",
            "UserPoolId": "answer.UserPool.Id",
            "ProviderName": "cognito-idp.{region}.amazonaws.com/{ref}",
            "ProviderURL": "https://cognito-idp.{region}.amazonaws.com/{ref}",
        },
        {"UserPoolName": "PoolName"},
        "UserPoolName",
    ),
    "AWS::Cognito::UserPoolClient": Row(
        "cognito-idp",
        "create_user_pool_client",
        "answer.UserPoolClient.ClientId",
        {
            "ClientId": "answer.UserPoolClient.ClientId",
            "ClientSecret": "answer.UserPoolClient.ClientSecret",
            "Name": "answer.UserPoolClient.ClientName",
        },
        named_by="ClientName",
    ),
    "AWS::Cognito::UserPoolGroup": Row("cognito-idp", "create_group", "given.GroupName", named_by="GroupName"),
    "AWS::Cognito::UserPoolDomain": Row("cognito-idp", "create_user_pool_domain", "given.Domain"),
    "AWS::Cognito::UserPoolResourceServer": Row("cognito-idp", "create_resource_server", "given.Identifier"),
    # Athena, Glue, Lake Formation
    "AWS::Athena::WorkGroup": Row(
        "athena", "create_work_group", "given.Name", {}, {"WorkGroupConfiguration": "Configuration"}, "Name"
    ),
    "AWS::Athena::NamedQuery": Row("athena", "create_named_query", "answer.NamedQueryId", named_by="Name"),
    "AWS::Glue::Database": Row("glue", "create_database", "given.DatabaseInput.Name", {}, {}, "DatabaseInput.Name"),
    "AWS::Glue::Table": Row("glue", "create_table", "given.TableInput.Name", {}, {}, "TableInput.Name"),
    "AWS::LakeFormation::Resource": paper(),
    "AWS::LakeFormation::DataLakeSettings": paper(),
    "AWS::LakeFormation::Permissions": paper(),
    "AWS::LakeFormation::PrincipalPermissions": paper(),
    "AWS::LakeFormation::Tag": paper(),
    "AWS::LakeFormation::TagAssociation": paper(),
    # Scheduler
    "AWS::Scheduler::ScheduleGroup": Row(
        "scheduler", "create_schedule_group", "given.Name", {"Arn": "answer.ScheduleGroupArn"}, {}, "Name"
    ),
    "AWS::Scheduler::Schedule": Row(
        "scheduler", "create_schedule", "given.Name", {"Arn": "answer.ScheduleArn"}, {}, "Name"
    ),
    # API Gateway (methods, authorizers: cfn_special)
    "AWS::ApiGateway::Resource": Row(_API, "create_resource", "answer.id", {"ResourceId": "answer.id"}),
    "AWS::ApiGateway::Deployment": Row(_API, "create_deployment", "answer.id", {"DeploymentId": "answer.id"}),
    "AWS::ApiGateway::Stage": Row(_API, "create_stage", "given.stageName"),
    "AWS::ApiGateway::GatewayResponse": Row(_API, "put_gateway_response"),
    "AWS::ApiGateway::RequestValidator": Row(
        _API, "create_request_validator", "answer.id", {"RequestValidatorId": "answer.id"}, {}, "Name"
    ),
    "AWS::ApiGateway::Model": Row(_API, "create_model", "given.name", {}, {}, "Name"),
    "AWS::ApiGateway::UsagePlan": Row(
        _API, "create_usage_plan", "answer.id", {"Id": "answer.id"}, {"UsagePlanName": "name"}, "UsagePlanName"
    ),
    "AWS::ApiGateway::Account": paper(Id="{name}"),
    # Queues, topics, mail, secrets
    "AWS::SQS::QueuePolicy": paper(Id="{name}"),
    "AWS::SNS::TopicPolicy": paper(Id="{name}"),
    "AWS::SES::EmailIdentity": Row("sesv2", "create_email_identity", "given.EmailIdentity"),
    "AWS::SES::ConfigurationSet": Row(
        "sesv2", "create_configuration_set", "given.ConfigurationSetName", {}, {"Name": "ConfigurationSetName"}, "Name"
    ),
    "AWS::SecretsManager::SecretTargetAttachment": paper(),
    "AWS::SecretsManager::ResourcePolicy": paper(),
    # S3: policies hold conditions that moto ignores, so that "deny without TLS" would deny everything.
    "AWS::S3::BucketPolicy": paper(),
    # EventBridge (rules: cfn_special)
    "AWS::Events::EventBus": Row(
        "events",
        "create_event_bus",
        "given.Name",
        {"Arn": "answer.EventBusArn", "Name": "given.Name", "Policy": ""},
        {},
        "Name",
    ),
    "AWS::Events::EventBusPolicy": paper(),
    # An archive in moto keeps every event in memory and cannot be bounded.
    "AWS::Events::Archive": paper(Arn="arn:aws:events:{region}:{account}:archive/{name}", ArchiveName="{name}"),
    # Batch (compute environments: cfn_special)
    "AWS::Batch::JobQueue": Row(
        "batch",
        "create_job_queue",
        "answer.jobQueueArn",
        {"JobQueueArn": "answer.jobQueueArn"},
        {},
        "JobQueueName",
        {"State": "ENABLED"},
    ),
    "AWS::Batch::JobDefinition": Row(
        "batch",
        "register_job_definition",
        "answer.jobDefinitionArn",
        {"JobDefinitionArn": "answer.jobDefinitionArn"},
        {},
        "JobDefinitionName",
    ),
    "AWS::Batch::SchedulingPolicy": Row(
        "batch", "create_scheduling_policy", "answer.arn", {"Arn": "answer.arn"}, {}, "Name"
    ),
    # Lambda (functions: cfn_special)
    "AWS::Lambda::LayerVersion": Row(
        "lambda",
        "publish_layer_version",
        "answer.LayerVersionArn",
        {"LayerVersionArn": "answer.LayerVersionArn"},
        {},
        "LayerName",
    ),
    "AWS::Lambda::Version": Row(
        "lambda",
        "publish_version",
        "answer.FunctionArn",
        {"Version": "answer.Version", "FunctionArn": "answer.FunctionArn"},
    ),
    "AWS::Lambda::Alias": Row("lambda", "create_alias", "answer.AliasArn", {"AliasArn": "answer.AliasArn"}),
    "AWS::Lambda::EventInvokeConfig": Row("lambda", "put_function_event_invoke_config"),
    "AWS::Lambda::EventSourceMapping": Row(
        "lambda",
        "create_event_source_mapping",
        "answer.UUID",
        {"Id": "answer.UUID", "EventSourceMappingArn": "answer.EventSourceMappingArn"},
    ),
    "AWS::Lambda::Url": Row(
        "lambda",
        "create_function_url_config",
        "answer.FunctionArn",
        {"FunctionUrl": "answer.FunctionUrl", "FunctionArn": "answer.FunctionArn"},
        {"TargetFunctionArn": "FunctionName"},
    ),
    "AWS::Lambda::Permission": paper(Id="{name}"),
    "AWS::Lambda::LayerVersionPermission": paper(Id="{name}"),
    # Watching
    "AWS::Logs::ResourcePolicy": paper(),
    "AWS::Logs::QueryDefinition": paper(QueryDefinitionId="{name}"),
    "AWS::Logs::MetricFilter": Row("logs", "put_metric_filter", "given.filterName", {}, {}, "FilterName"),
    "AWS::CloudWatch::Alarm": Row(
        "cloudwatch",
        "put_metric_alarm",
        "given.AlarmName",
        {"Arn": "arn:aws:cloudwatch:{region}:{account}:alarm:{ref}"},
        {},
        "AlarmName",
    ),
    "AWS::CloudWatch::CompositeAlarm": Row(
        "cloudwatch",
        "put_composite_alarm",
        "given.AlarmName",
        {"Arn": "arn:aws:cloudwatch:{region}:{account}:alarm:{ref}"},
        {},
        "AlarmName",
    ),
    "AWS::CloudWatch::Dashboard": Row("cloudwatch", "put_dashboard", "given.DashboardName", {}, {}, "DashboardName"),
    "AWS::XRay::Group": paper(GroupARN="arn:aws:xray:{region}:{account}:group/{name}"),
    "AWS::XRay::SamplingRule": paper(RuleARN="arn:aws:xray:{region}:{account}:sampling-rule/{name}"),
    "AWS::Budgets::Budget": paper(),
    # Keys and parameters
    "AWS::KMS::Alias": Row("kms", "create_alias", "given.AliasName"),
    "AWS::SSM::Parameter": Row(
        "ssm", "put_parameter", "given.Name", {"Type": "given.Type", "Value": "given.Value"}, {}, "Name"
    ),
    # The edge: described, never reached from a laptop
    "AWS::CloudFront::Distribution": paper(
        Id="{name}", DomainName="{name}.cloudfront.net", Arn="arn:aws:cloudfront::{account}:distribution/{name}"
    ),
    "AWS::CloudFront::OriginAccessControl": paper(Id=_CLOUDFRONT_ID),
    "AWS::CloudFront::CloudFrontOriginAccessIdentity": paper(Id=_CLOUDFRONT_ID, S3CanonicalUserId="{name}"),
    "AWS::CloudFront::ResponseHeadersPolicy": paper(Id=_CLOUDFRONT_ID),
    "AWS::CloudFront::CachePolicy": paper(Id=_CLOUDFRONT_ID),
    "AWS::CloudFront::OriginRequestPolicy": paper(Id=_CLOUDFRONT_ID),
    "AWS::CloudFront::PublicKey": paper(Id=_CLOUDFRONT_ID),
    "AWS::CloudFront::KeyGroup": paper(Id=_CLOUDFRONT_ID),
    "AWS::CloudFront::Function": paper(
        FunctionARN="arn:aws:cloudfront::{account}:function/{name}",
        **{"FunctionMetadata.FunctionARN": "arn:aws:cloudfront::{account}:function/{name}"},
    ),
    "AWS::WAFv2::WebACL": paper(
        Arn="arn:aws:wafv2:{region}:{account}:regional/webacl/{name}/{name}", Id="{name}", Capacity="1"
    ),
    "AWS::WAFv2::WebACLAssociation": paper(),
    "AWS::WAFv2::LoggingConfiguration": paper(),
    "AWS::WAFv2::IPSet": paper(Arn="arn:aws:wafv2:{region}:{account}:regional/ipset/{name}/{name}", Id="{name}"),
    "AWS::CertificateManager::Certificate": paper(),
    # Safety nets without an effect on one machine
    "AWS::Backup::BackupVault": paper(
        BackupVaultArn="arn:aws:backup:{region}:{account}:backup-vault:{name}", BackupVaultName="{name}"
    ),
    "AWS::Backup::BackupPlan": paper(
        BackupPlanId="{name}", BackupPlanArn="arn:aws:backup:{region}:{account}:backup-plan:{name}", VersionId="1"
    ),
    "AWS::Backup::BackupSelection": paper(SelectionId="{name}", BackupPlanId="{name}", Id="{name}"),
    "AWS::EC2::SecurityGroupEgress": paper(Id="{name}"),
    "AWS::EC2::NetworkAcl": paper(Id="{name}"),
    "AWS::EC2::FlowLog": paper(Id="{name}"),
    "AWS::CDK::Metadata": paper(),
    "AWS::CloudFormation::WaitConditionHandle": paper(),
}

# Types whose own model in moto is good enough.
STOCK = frozenset(
    {
        "AWS::CloudFormation::Stack",
        "AWS::EC2::EIP",
        "AWS::EC2::InternetGateway",
        "AWS::EC2::LaunchTemplate",
        "AWS::EC2::NatGateway",
        "AWS::EC2::Route",
        "AWS::EC2::RouteTable",
        "AWS::EC2::SecurityGroup",
        "AWS::EC2::SecurityGroupIngress",
        "AWS::EC2::Subnet",
        "AWS::EC2::SubnetRouteTableAssociation",
        "AWS::EC2::VPC",
        "AWS::EC2::VPCEndpoint",
        "AWS::EC2::VPCGatewayAttachment",
        "AWS::ECR::Repository",
        "AWS::IAM::InstanceProfile",
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::Policy",
        "AWS::IAM::Role",
        "AWS::IAM::User",
        "AWS::SNS::Topic",
    }
)
