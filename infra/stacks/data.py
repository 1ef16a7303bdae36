"""What would be lost for good: keys, buckets, tables, the bus, the user pool. Retained, protected from deletion."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from constructs import Construct

from biotheca.accounts.model import Role
from biotheca.lake.queries.model import KEPT_DAYS
from infra.constructs.python_function import House
from infra.stages import Stage

IDLE_UPLOAD_DAYS = 7
# The longest upload of the inbox: S3 counts from its beginning. What is idle for a week, the sweep of uploads ends.
LONGEST_UPLOAD_DAYS = 30


class DataStack(Stack):
    """The stateful half of the house; offers itself as a House."""

    def __init__(self, scope: Construct, name: str, stage: Stage) -> None:
        super().__init__(
            scope, name, termination_protection=stage.keep_data, description="Biotheca: data that outlives redeployment"
        )
        self.stage = stage
        self.removal = RemovalPolicy.RETAIN if stage.keep_data else RemovalPolicy.DESTROY
        self.keys = {
            "data": self._key("DataKey", "Archive, records, derived files"),
            # Controlled data has its own key, so that its use can be granted, audited and withdrawn alone.
            "controlled": self._key("ControlledKey", "Controlled-access files"),
            # Who may read a bucket of controlled files must not by that read what opens them.
            "secrets": self._key("SecretsKey", "The archive's private keys of encrypted files and of visas"),
            # Without a collection's secret nobody tells whose a pseudonym is: nobody else's key opens it.
            "collections": self._key("CollectionsKey", "Secrets of collections of images, one a collection"),
        }
        self.alarms = sns.Topic(self, "Alarms", master_key=self.keys["data"], enforce_ssl=True)
        self.keys["data"].grant(iam.ServicePrincipal("cloudwatch.amazonaws.com"), "kms:Decrypt", "kms:GenerateDataKey*")
        self.access_logs = s3.Bucket(
            self,
            "AccessLogs",
            encryption=s3.BucketEncryption.S3_MANAGED,  # S3 delivers access logs to no other kind
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            versioned=True,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_PREFERRED,
            lifecycle_rules=[s3.LifecycleRule(expiration=Duration.days(400))],
            removal_policy=self.removal,
        )
        self.buckets = self._buckets()
        self.tables = self._tables()
        self.secrets = {
            "delivery_keys": self._secret("DeliveryKeys", "Private keys of encrypted files (Crypt4GH)"),
            "visa_keys": self._secret("VisaKeys", "Private keys that sign visas (GA4GH Passports)"),
        }
        self.bus = events.EventBus(self, "Bus", description="What happens in the archive")
        self.bus.archive(
            "BusArchive", event_pattern=events.EventPattern(source=["biotheca"]), retention=Duration.days(365)
        )
        self.pool, self.pool_client = self._people()

    def house(self) -> House:
        """What the other stacks are given."""
        return House(
            stage=self.stage,
            tables=self.tables,
            buckets=self.buckets,
            secrets=self.secrets,
            bus=self.bus,
            pool=self.pool,
            pool_client=self.pool_client,
            alarms=self.alarms,
            keys=self.keys,
        )

    def _key(self, name: str, description: str) -> kms.Key:
        return kms.Key(self, name, description=description, enable_key_rotation=True, removal_policy=self.removal)

    def _secret(self, name: str, description: str) -> secretsmanager.CfnSecret:
        """A secret without a value: turn_keys of its capability gives it the first."""
        made = secretsmanager.CfnSecret(self, name, description=description, kms_key_id=self.keys["secrets"].key_arn)
        made.apply_removal_policy(self.removal)
        return made

    def _bucket(
        self, name: str, key: str = "data", *, lock: bool = False, rules: list[s3.LifecycleRule] | None = None
    ) -> s3.Bucket:
        cors = [
            s3.CorsRule(
                allowed_methods=[s3.HttpMethods.PUT, s3.HttpMethods.GET, s3.HttpMethods.HEAD],
                allowed_origins=[self.stage.public_url],
                allowed_headers=["content-type", "content-length", "x-amz-checksum-sha256", "range", "if-match"],
                exposed_headers=["ETag", "x-amz-checksum-sha256", "Content-Range", "Content-Length"],
                max_age=3600,
            )
        ]
        return s3.Bucket(
            self,
            name,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.keys[key],
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            versioned=True,
            object_lock_enabled=True if lock else None,
            object_lock_default_retention=s3.ObjectLockRetention.compliance(Duration.days(3650)) if lock else None,
            server_access_logs_bucket=self.access_logs,
            server_access_logs_prefix=f"{name.lower()}/",
            # Only pages of the portal send and fetch in a browser; without its address no page may.
            cors=cors if self.stage.public_url and name in ("Inbox", "OpenArchive") else None,
            lifecycle_rules=rules,
            removal_policy=self.removal,
        )

    def _buckets(self) -> dict[str, s3.Bucket]:
        idle = s3.LifecycleRule(abort_incomplete_multipart_upload_after=Duration.days(IDLE_UPLOAD_DAYS))
        old_versions = s3.LifecycleRule(noncurrent_version_expiration=Duration.days(30))
        long = s3.LifecycleRule(abort_incomplete_multipart_upload_after=Duration.days(LONGEST_UPLOAD_DAYS))
        answers = s3.LifecycleRule(prefix="exports/", expiration=Duration.days(KEPT_DAYS + 1))
        # Copies of a day: what is archived is withdrawn for good, so nothing of it may stay here.
        linked = s3.LifecycleRule(
            prefix="dicomweb/", expiration=Duration.days(1), noncurrent_version_expiration=Duration.days(1)
        )
        found = {
            "inbox_bucket": self._bucket("Inbox", rules=[long, old_versions]),
            "open_archive_bucket": self._bucket("OpenArchive", rules=[idle]),
            "controlled_archive_bucket": self._bucket("ControlledArchive", "controlled", rules=[idle]),
            "quarantine_bucket": self._bucket("Quarantine", "controlled", rules=[idle]),
            "derived_bucket": self._bucket("Derived", rules=[idle, old_versions, answers, linked]),
            "lake_bucket": self._bucket("Lake", rules=[idle, old_versions]),
            "mirror_bucket": self._bucket("Mirror", rules=[idle, old_versions]),
            "audit_bucket": self._bucket("Audit", lock=True),
        }
        # Without CDK's custom resource: a plain property says the same to CloudFormation.
        inbox = found["inbox_bucket"].node.default_child
        assert isinstance(inbox, s3.CfnBucket)
        inbox.add_property_override(
            "NotificationConfiguration", {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
        )
        return found

    def _table(self, name: str, sort: bool = True, ttl: str | None = None, stream: bool = False) -> dynamodb.Table:
        text = dynamodb.AttributeType.STRING
        return dynamodb.Table(
            self,
            name,
            partition_key=dynamodb.Attribute(name="pk", type=text),
            sort_key=dynamodb.Attribute(name="sk", type=text) if sort else None,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            # Table, not TableV2: that one cannot name a key of ours in a stack that knows no region.
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=self.keys["data"],
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=self.stage.keep_data,
            time_to_live_attribute=ttl,
            stream=dynamodb.StreamViewType.NEW_IMAGE if stream else None,
            removal_policy=self.removal,
        )

    def _tables(self) -> dict[str, dynamodb.Table]:
        records = self._table("Records")
        for index, partition, sort in (
            ("by_owner", "owner_key", "created_at"),
            ("by_state", "state_key", "updated_at"),
            ("by_release_date", "release_key", "release_on"),
            ("by_dataset", "dataset_key", "inside_key"),
            ("by_queue", "queue_key", "queue_position"),
            ("by_assignee", "assignee_key", "queue_position"),
            ("by_group", "group_key", "updated_at"),
        ):
            text = dynamodb.AttributeType.STRING
            records.add_global_secondary_index(
                index_name=index,
                partition_key=dynamodb.Attribute(name=partition, type=text),
                sort_key=dynamodb.Attribute(name=sort, type=text),
            )
        people = self._table("PeopleRecords")
        people.add_global_secondary_index(
            index_name="by_queue",
            partition_key=dynamodb.Attribute(name="queue_key", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="queued_at", type=dynamodb.AttributeType.STRING),
        )
        mirror = self._table("MirrorState")
        mirror.add_global_secondary_index(
            index_name="by_queue",  # sequence files that wait or are in work
            partition_key=dynamodb.Attribute(name="queue_key", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="queue_position", type=dynamodb.AttributeType.STRING),
        )
        access = self._table("Access")
        for index, partition, sort in (
            ("by_requester", "requester_key", "created_at"),
            ("by_committee", "committee_key", "submitted_at"),
            ("by_dataset", "dataset_key", "submitted_at"),
            ("by_submitted", "all_key", "submitted_at"),
            ("by_queue", "queue_key", "queue_position"),  # what waits for a day: reminders, ends of grants
        ):
            access.add_global_secondary_index(
                index_name=index,
                partition_key=dynamodb.Attribute(name=partition, type=dynamodb.AttributeType.STRING),
                sort_key=dynamodb.Attribute(name=sort, type=dynamodb.AttributeType.STRING),
            )
        openness = self._table("Openness")
        openness.add_global_secondary_index(
            index_name="by_score",  # datasets that are listed
            partition_key=dynamodb.Attribute(name="list_key", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="list_position", type=dynamodb.AttributeType.STRING),
        )
        return {
            "access_table": access,
            "records_table": records,
            "people_table": people,
            "audit_table": self._table("AuditChain"),
            "accessions_table": self._table("Accessions", sort=False),
            "outbox_table": self._table("Outbox", sort=False, ttl="expires", stream=True),
            "search_table": self._table("Search"),
            "taxonomy_table": self._table("Taxonomy"),
            "mirror_table": mirror,
            "openness_table": openness,
        }

    def _people(self) -> tuple[cognito.UserPool, cognito.UserPoolClient]:
        pool = cognito.UserPool(
            self,
            "People",
            self_sign_up_enabled=True,
            sign_in_aliases=cognito.SignInAliases(email=True),
            auto_verify=cognito.AutoVerifiedAttrs(email=True),
            mfa=cognito.Mfa.OPTIONAL,
            mfa_second_factor=cognito.MfaSecondFactor(sms=False, otp=True),
            feature_plan=cognito.FeaturePlan.PLUS,
            standard_threat_protection_mode=cognito.StandardThreatProtectionMode.FULL_FUNCTION,
            password_policy=cognito.PasswordPolicy(
                min_length=12, require_digits=True, require_lowercase=True, require_symbols=True, require_uppercase=True
            ),
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            deletion_protection=self.stage.keep_data,
            removal_policy=self.removal,
        )
        client = pool.add_client(
            "Archive",
            auth_flows=cognito.AuthFlow(user_password=True, user_srp=True),
            prevent_user_existence_errors=True,
            generate_secret=False,
            id_token_validity=Duration.hours(1),
            access_token_validity=Duration.hours(1),
            refresh_token_validity=Duration.days(30),
            disable_o_auth=True,
        )
        for role in Role:
            cognito.CfnUserPoolGroup(
                self,
                f"Group{role.value.title().replace('_', '')}",
                user_pool_id=pool.user_pool_id,
                group_name=role.value,
            )
        return pool, client
