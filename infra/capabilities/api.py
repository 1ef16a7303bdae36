"""The REST API's function and authorizer."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.capabilities.capability import SUBMISSIONS, Capability
from infra.constructs.python_function import House
from infra.constructs.rest_api import RestApi

TOKENS = {"user_pool_client": "value", "token_issuer": "value", "token_keys_url": "value"}


class Api(Capability):
    """functions/api. It signs links to inbox and open archive; it cannot read the lake or controlled files."""

    def __init__(self, scope: Construct, house: House) -> None:
        super().__init__(scope, "api", house)
        needs = SUBMISSIONS | TOKENS | {"inbox_bucket": "rw", "open_archive_bucket": "r", "search_table": "r"}
        needs |= {"taxonomy_table": "r"}
        door = self.add(
            "handler", needs, handler="functions.api.app.handler", memory_mb=1024, timeout=Duration.seconds(29)
        )
        inbox = house.buckets["inbox_bucket"]
        door.add_to_role_policy(
            iam.PolicyStatement(
                actions=["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
                resources=[inbox.arn_for_objects("submissions/*")],
            )
        )
        authorizer = self.add("who_is_calling", TOKENS, handler="functions.api.authorizer.who_is_calling")
        self.api = RestApi(self, "Gateway", house, door, authorizer).api
