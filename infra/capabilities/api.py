"""The REST API's function and authorizer. The gateway before them: infra/stacks/api."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from constructs import Construct

from biotheca.settings import variable
from infra.capabilities.capability import SUBMISSIONS, Capability
from infra.capabilities.consent import HOLDING
from infra.constructs.python_function import House

# What verifying a caller needs: the pool's keys, the profile (closed? signed out?), the roles behind a personal token.
TOKENS = {
    "user_pool": "value",
    "user_pool_client": "value",
    "token_issuer": "value",
    "token_keys_url": "value",
    "people_table": "r",
    "outbox_table": "name",
}
# Accounts are changed through the API only.
POOL = [
    "AdminAddUserToGroup",
    "AdminDisableUser",
    "AdminEnableUser",
    "AdminGetUser",
    "AdminListGroupsForUser",
    "AdminRemoveUserFromGroup",
    "AdminSetUserMFAPreference",
    "AdminUserGlobalSignOut",
]


class Api(Capability):
    """functions/api. It signs links to inbox and archives, as the domain layer allows; it cannot read the lake."""

    def __init__(self, scope: Construct, house: House) -> None:
        super().__init__(scope, "api", house)
        needs = (
            TOKENS
            | SUBMISSIONS
            | {"inbox_bucket": "rw", "open_archive_bucket": "r", "controlled_archive_bucket": "r", "search_table": "r"}
        )
        needs |= {"derived_bucket": "r"}  # reports of the file checks
        needs |= {"delivery_keys": "r"}  # headers of encrypted files
        needs |= {"visa_keys": "r"}  # visas are signed here, and their key set is shown
        needs |= {"mirror_table": "rw", "mirror_bucket": "name", "mirror_workflow": "value"}
        needs |= {"people_table": "rw", "audit_table": "r", "audit_bucket": "r", "taxonomy_table": "r"}
        needs |= {"access_table": "rw", "accessions_table": "name"}
        needs |= {"openness_table": "r"}
        door = self.door = self.add(
            "handler", needs, handler="functions.api.app.handler", memory_mb=1024, timeout=Duration.seconds(29)
        )
        inbox = house.buckets["inbox_bucket"]
        door.add_to_role_policy(
            iam.PolicyStatement(
                actions=[
                    "s3:AbortMultipartUpload",
                    "s3:ListMultipartUploadParts",
                    "s3:GetObjectAttributes",
                    "s3:GetObjectVersionAttributes",
                ],
                resources=[inbox.arn_for_objects("submissions/*")],
            )
        )
        # Reports of the mirror, links to proved copies of its files, requests for more of them.
        bucket = house.buckets["mirror_bucket"]
        shown = [bucket.arn_for_objects("files/*"), bucket.arn_for_objects("manifests/*")]
        door.add_to_role_policy(iam.PolicyStatement(actions=["s3:GetObject", "s3:GetObjectVersion"], resources=shown))
        door.add_to_role_policy(iam.PolicyStatement(actions=["s3:ListBucket"], resources=[bucket.bucket_arn]))
        door.add_to_role_policy(
            iam.PolicyStatement(actions=["states:StartExecution"], resources=[house.values["mirror_workflow"]])
        )
        self._gives_numbers(house)
        # Links to answers of queries are signed here; the files are written by lake.answer_query.
        answers = house.buckets["derived_bucket"].arn_for_objects("exports/*")
        door.add_to_role_policy(iam.PolicyStatement(actions=["s3:GetObject"], resources=[answers]))
        # Answers of DICOMweb that are too large for the gateway are written here, and linked to.
        linked = house.buckets["derived_bucket"].arn_for_objects("dicomweb/*")
        door.add_to_role_policy(iam.PolicyStatement(actions=["s3:GetObject", "s3:PutObject"], resources=[linked]))
        # Those of controlled series under the key of controlled data.
        key = house.keys["controlled"].key_arn
        door.add_environment(variable("controlled_key"), key)
        door.add_to_role_policy(iam.PolicyStatement(actions=["kms:GenerateDataKey"], resources=[key]))
        # The proof of a withdrawal looks whether any version of a person's objects is left.
        holding = [house.buckets[name].bucket_arn for name in HOLDING]
        door.add_to_role_policy(iam.PolicyStatement(actions=["s3:ListBucketVersions"], resources=holding))
        self._lends_keys(house)
        if address := house.stage.public_url:  # who signs visas, and where their keys are
            door.add_environment(variable("public_url"), address)
        if smallest := house.stage.smallest_part_mib:
            door.add_environment(variable("smallest_part_mib"), str(smallest))
        self.authorizer = self.add("who_is_calling", TOKENS, handler="functions.api.authorizer.who_is_calling")
        for function, verbs in ((door, POOL), (self.authorizer, ["AdminListGroupsForUser"])):
            actions = [f"cognito-idp:{verb}" for verb in verbs]
            function.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=[house.pool.user_pool_arn]))

    def _gives_numbers(self, house: House) -> None:
        """Numbers of committees and requests are given here, and no other: the keys of the ledger are named."""
        keys = ["COUNTER#committee", "COUNTER#request", "OWNER#com_*", "OWNER#req_*"]
        self.door.add_to_role_policy(
            iam.PolicyStatement(
                actions=["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
                resources=[house.tables["accessions_table"].table_arn],
                conditions={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": keys}},
            )
        )

    def _lends_keys(self, house: House) -> None:
        """The role whose keys large submitters borrow; each loan is narrowed to the prefix of one submission."""
        assert self.door.role
        lent = iam.Role(
            self,
            "ByNameRole",
            assumed_by=iam.ArnPrincipal(self.door.role.role_arn),
            max_session_duration=Duration.hours(1),
            description="What keys lent to a submitter may do at most: put files into the inbox",
        )
        place = house.buckets["inbox_bucket"].arn_for_objects("submissions/*/by-name/*")
        put = ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
        key = ["kms:GenerateDataKey", "kms:Decrypt"]
        lent.add_to_policy(iam.PolicyStatement(actions=put, resources=[place]))
        lent.add_to_policy(iam.PolicyStatement(actions=key, resources=[house.keys["data"].key_arn]))
        self.door.add_to_role_policy(iam.PolicyStatement(actions=["sts:AssumeRole"], resources=[lent.role_arn]))
        self.door.add_environment(variable("uploader_role"), lent.role_arn)
