"""The REST API, made from the Chalice app's routes: a path exists in one place, the blueprint."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from functions.api.app import app
from infra.constructs.python_function import House

PROBLEM = (
    '{"type":"about:blank","title":$context.error.messageString,"status":%d,'
    '"detail":$context.error.messageString,"rule":"%s","mend":"%s"}'
)
GATEWAY_ANSWERS = {
    # What the gateway itself refuses looks like every other problem of the API.
    "UNAUTHORIZED": (401, "accounts.sign_in_needed", "Send Authorization: Bearer <token>."),
    "ACCESS_DENIED": (401, "accounts.sign_in_needed", "The token is not valid (any more); sign in again."),
    "MISSING_AUTHENTICATION_TOKEN": (404, "general.not_found", "There is no such path; see /v1/openapi.json."),
    "REQUEST_TOO_LARGE": (413, "general.body", "Send less than 10 MB; files go through presigned links."),
    "THROTTLED": (429, "general.refused", "Slow down and try again."),
    "DEFAULT_5_XX": (502, "general.fault", "Try again."),
}


class RestApi(Construct):
    """API Gateway REST (v1) over one function, one resource and method a route."""

    def __init__(
        self, scope: Construct, name: str, house: House, function: lambda_.IFunction, authorizer: lambda_.IFunction
    ) -> None:
        super().__init__(scope, name)
        access_log = logs.LogGroup(
            self,
            "AccessLog",
            retention=logs.RetentionDays.ONE_YEAR,
            removal_policy=house.removal,
        )
        self.api = apigateway.RestApi(
            self,
            "Rest",
            description="Biotheca: submit, curate, publish, find and download",
            cloud_watch_role=True,
            cloud_watch_role_removal_policy=RemovalPolicy.DESTROY,
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            # Workbooks come and go as bytes. A browser that follows a link asks for text/html first, and the gateway
            # compares only that; so everything is binary here, and functions say what they answer. A mock integration
            # beside it needs contentHandling CONVERT_TO_TEXT.
            binary_media_types=["*/*"],
            deploy_options=apigateway.StageOptions(
                stage_name="api",
                tracing_enabled=True,
                metrics_enabled=True,
                logging_level=apigateway.MethodLoggingLevel.ERROR,
                access_log_destination=apigateway.LogGroupLogDestination(access_log),
                # No header, query string or body: a token or a name must never stand in a log.
                access_log_format=apigateway.AccessLogFormat.custom(
                    '{"requestId":"$context.requestId","method":"$context.httpMethod","route":"$context.resourcePath",'
                    '"status":"$context.status","latency_ms":"$context.responseLatency","bytes":"$context.responseLength"}'
                ),
                throttling_rate_limit=500,
                throttling_burst_limit=1000,
            ),
        )
        # One permission for the whole API instead of two a route keeps the stack small.
        integration = apigateway.LambdaIntegration(function, allow_test_invoke=False, scope_permission_to_method=False)
        who = apigateway.TokenAuthorizer(
            self, "WhoIsCalling", handler=authorizer, results_cache_ttl=Duration.seconds(60)
        )
        for path, methods in sorted(app.routes.items()):
            resource = self.api.root.resource_for_path(path)
            for method, route in sorted(methods.items()):
                guarded = route.authorizer is not None
                resource.add_method(
                    method,
                    integration,
                    authorizer=who if guarded else None,
                    authorization_type=apigateway.AuthorizationType.CUSTOM
                    if guarded
                    else apigateway.AuthorizationType.NONE,
                )
        self._firewall()
        for kind, (status, rule, mend) in GATEWAY_ANSWERS.items():
            self.api.add_gateway_response(
                f"Problem{kind}",
                type=getattr(apigateway.ResponseType, kind),
                status_code=str(status),
                response_headers={"Content-Type": "'application/problem+json'"},
                templates={"application/json": PROBLEM % (status, rule, mend)},
            )

    def _firewall(self) -> None:
        """AWS's managed common rules, and at most 5,000 requests in five minutes from one address."""
        visible = {"cloud_watch_metrics_enabled": True, "sampled_requests_enabled": False}
        common = wafv2.CfnWebACL.RuleProperty(
            name="common",
            priority=1,
            override_action=wafv2.CfnWebACL.OverrideActionProperty(none={}),
            statement=wafv2.CfnWebACL.StatementProperty(
                managed_rule_group_statement=wafv2.CfnWebACL.ManagedRuleGroupStatementProperty(
                    vendor_name="AWS",
                    name="AWSManagedRulesCommonRuleSet",
                    # Metadata documents are larger than this rule's 8 KB; the gateway's own limit is 10 MB.
                    excluded_rules=[wafv2.CfnWebACL.ExcludedRuleProperty(name="SizeRestrictions_BODY")],
                )
            ),
            visibility_config=wafv2.CfnWebACL.VisibilityConfigProperty(metric_name="common", **visible),
        )
        rate = wafv2.CfnWebACL.RuleProperty(
            name="rate",
            priority=2,
            action=wafv2.CfnWebACL.RuleActionProperty(block={}),
            statement=wafv2.CfnWebACL.StatementProperty(
                rate_based_statement=wafv2.CfnWebACL.RateBasedStatementProperty(aggregate_key_type="IP", limit=5000)
            ),
            visibility_config=wafv2.CfnWebACL.VisibilityConfigProperty(metric_name="rate", **visible),
        )
        acl = wafv2.CfnWebACL(
            self,
            "Firewall",
            scope="REGIONAL",
            default_action=wafv2.CfnWebACL.DefaultActionProperty(allow={}),
            rules=[common, rate],
            visibility_config=wafv2.CfnWebACL.VisibilityConfigProperty(metric_name="api", **visible),
        )
        wafv2.CfnWebACLAssociation(
            self, "FirewallOnStage", resource_arn=self.api.deployment_stage.stage_arn, web_acl_arn=acl.attr_arn
        )
