"""Consent: the one function that deletes archived bytes for good."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from constructs import Construct

from biotheca.events import CONSENT_WITHDRAWN
from infra.capabilities.capability import SUBMISSIONS, Capability
from infra.constructs.python_function import House
from infra.constructs.queues import on_event

HOLDING = ("inbox_bucket", "open_archive_bucket", "controlled_archive_bucket", "derived_bucket")


class Consent(Capability):
    """functions/consent."""

    def __init__(self, scope: Construct, house: House) -> None:
        super().__init__(scope, "consent", house)
        needs = SUBMISSIONS | {"inbox_bucket": "name", "derived_bucket": "name"}
        forget = self.add("forget", needs, timeout=Duration.minutes(15))
        held = [house.buckets[name] for name in HOLDING]
        forget.add_to_role_policy(
            iam.PolicyStatement(actions=["s3:ListBucketVersions"], resources=[bucket.bucket_arn for bucket in held])
        )
        forget.add_to_role_policy(
            iam.PolicyStatement(
                actions=["s3:DeleteObject", "s3:DeleteObjectVersion"],
                resources=[bucket.arn_for_objects("*") for bucket in held],
            )
        )
        on_event(self, "Withdrawn", house, CONSENT_WITHDRAWN, forget)
