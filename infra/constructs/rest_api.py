"""The REST API, made from the Chalice app's routes: a path exists in one place, the blueprint."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from functions.api.app import app
from infra.constructs.python_function import House

PROBLEM = '{"type":"about:blank","title":$context.error.messageString,"status":%d,"detail":$context.error.messageString,"rule":"%s","mend":"%s"}'
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

    def __init__(self, scope: Construct, name: str, house: House, function: lambda_.Function, authorizer: lambda_.Function) -> None:
        super().__init__(scope, name)
        access_log = logs.LogGroup(
            self,
            "AccessLog",
            retention=logs.RetentionDays.ONE_YEAR,
            removal_policy=RemovalPolicy.RETAIN if house.stage.keep_data else RemovalPolicy.DESTROY,
        )
        self.api = apigateway.RestApi(
            self,
            "Rest",
            description="Biotheca: submit, curate, publish, find and download",
            cloud_watch_role=True,
            cloud_watch_role_removal_policy=RemovalPolicy.DESTROY,
            endpoint_types=[apigateway.EndpointType.REGIONAL],
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
        who = apigateway.TokenAuthorizer(self, "WhoIsCalling", handler=authorizer, results_cache_ttl=Duration.seconds(60))
        for path, methods in sorted(app.routes.items()):
            resource = self.api.root.resource_for_path(path)
            for method, route in sorted(methods.items()):
                guarded = route.authorizer is not None
                resource.add_method(
                    method,
                    integration,
                    authorizer=who if guarded else None,
                    authorization_type=apigateway.AuthorizationType.CUSTOM if guarded else apigateway.AuthorizationType.NONE,
                )
        for kind, (status, rule, mend) in GATEWAY_ANSWERS.items():
            self.api.add_gateway_response(
                f"Problem{kind}",
                type=getattr(apigateway.ResponseType, kind),
                status_code=str(status),
                response_headers={"Content-Type": "'application/problem+json'"},
                templates={"application/json": PROBLEM % (status, rule, mend)},
            )
