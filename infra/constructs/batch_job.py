"""Batch: one environment pair for the house, one job definition a folder of batch/."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_cdk import Duration, IgnoreMode, Size
from aws_cdk import aws_batch as batch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from biotheca.settings import Settings, variable
from infra.constructs.assets import BUILT, ROOT
from infra.constructs.python_function import House, grant

# The kernel of the file check has AVX2 and SSE2; on other processors it would be the slowest part.
PLATFORM = ecr_assets.Platform.LINUX_AMD64
UNSOUND_DATA = 2  # exit code: the report is written, trying again is useless


class Computers(Construct):
    """Where jobs run: isolated subnets that reach only AWS's endpoints; Fargate, and Spot with NVMe for the largest."""

    def __init__(self, scope: Construct, name: str) -> None:
        super().__init__(scope, name)
        self.vpc = ec2.Vpc(
            self,
            "Network",
            max_azs=2,
            nat_gateways=0,
            restrict_default_security_group=False,
            subnet_configuration=[
                ec2.SubnetConfiguration(name="jobs", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
                # Only jobs that fetch public feeds stand here: out by HTTPS, nothing in.
                ec2.SubnetConfiguration(
                    name="outside", subnet_type=ec2.SubnetType.PUBLIC, map_public_ip_on_launch=False
                ),
            ],
        )
        self.vpc.add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3)
        self.vpc.add_gateway_endpoint("DynamoDb", service=ec2.GatewayVpcEndpointAwsService.DYNAMODB)
        jobs = ec2.SecurityGroup(self, "Jobs", vpc=self.vpc, description="Jobs: out to AWS endpoints only, nothing in")
        for service in ("ECR", "ECR_DOCKER", "CLOUDWATCH_LOGS", "KMS", "SECRETS_MANAGER"):
            endpoint = self.vpc.add_interface_endpoint(
                service.title().replace("_", ""),
                service=getattr(ec2.InterfaceVpcEndpointAwsService, service),
                open=False,
            )
            endpoint.connections.allow_from(jobs, ec2.Port.tcp(443), "jobs")
        self.vpc.add_flow_log("FlowLog")
        fargate = batch.FargateComputeEnvironment(
            self,
            "Fargate",
            vpc=self.vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
            security_groups=[jobs],
            maxv_cpus=256,
            replace_compute_environment=True,
        )
        fetching = ec2.SecurityGroup(
            self, "Fetching", vpc=self.vpc, allow_all_outbound=False, description="Out by HTTPS only, nothing in"
        )
        fetching.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "public feeds and AWS endpoints")
        outside = batch.FargateComputeEnvironment(
            self,
            "Outside",
            vpc=self.vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
            security_groups=[fetching],
            maxv_cpus=16,
            replace_compute_environment=True,
        )
        template = ec2.LaunchTemplate(
            self,
            "Scratch",
            require_imdsv2=True,
            block_devices=[
                ec2.BlockDevice(
                    device_name="/dev/xvda",
                    volume=ec2.BlockDeviceVolume.ebs(200, encrypted=True, volume_type=ec2.EbsDeviceVolumeType.GP3),
                )
            ],
        )
        spot = batch.ManagedEc2EcsComputeEnvironment(
            self,
            "Spot",
            vpc=self.vpc,
            security_groups=[jobs],
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
            spot=True,
            minv_cpus=0,
            maxv_cpus=256,
            use_optimal_instance_classes=False,
            instance_classes=[ec2.InstanceClass.R6ID, ec2.InstanceClass.I4I],
            allocation_strategy=batch.AllocationStrategy.SPOT_PRICE_CAPACITY_OPTIMIZED,
            launch_template=template,
        )
        self.queue = batch.JobQueue(self, "Queue", priority=10)
        self.queue.add_compute_environment(fargate, 1)
        self.large_queue = batch.JobQueue(self, "LargeQueue", priority=5)
        self.large_queue.add_compute_environment(spot, 1)
        self.outside_queue = batch.JobQueue(self, "OutsideQueue", priority=5)
        self.outside_queue.add_compute_environment(outside, 1)


class BatchJob(Construct):
    """batch/<capability>: image, command, rights, retries. A reclaimed machine is retried, bad data never.

    `large`: for Spot machines with scratch disk, instead of Fargate. `scratch_gib`: of Fargate's own, in place of 20.
    `outside`: it fetches from public addresses.
    """

    def __init__(
        self,
        scope: Construct,
        capability: str,
        house: House,
        needs: Mapping[str, str],
        command: list[str],
        *,
        cpu: float = 1,
        memory_mb: int = 2048,
        large: bool = False,
        scratch_gib: int | None = None,
        outside: bool = False,
    ) -> None:
        kind = "Large" if large else "Outside" if outside else "Steady" if scratch_gib else ""
        super().__init__(scope, f"{capability.capitalize()}{kind}Job")
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"))
        log_group = logs.LogGroup(
            self,
            "Log",
            retention=logs.RetentionDays.ONE_YEAR,
            removal_policy=house.removal,
        )
        granted = {setting: grant(house, self.role, setting, mode) for setting, mode in needs.items()}
        # Some rights need no name: the lake's place stands in its tables.
        environment = {variable(setting): value for setting, value in granted.items() if setting in Settings.NAMES}
        said: dict[str, Any] = {
            "image": image_of(capability, house),
            "command": ["python", "-m", f"batch.{capability}", *command],
            "cpu": cpu,
            "memory": Size.mebibytes(memory_mb),
            "job_role": self.role,
            "environment": environment,
            "logging": ecs.LogDriver.aws_logs(stream_prefix=capability, log_group=log_group),
        }
        container = (
            batch.EcsEc2ContainerDefinition(self, "Container", **said)
            if large
            else batch.EcsFargateContainerDefinition(
                self,
                "Container",
                **said,
                fargate_cpu_architecture=ecs.CpuArchitecture.X86_64,
                ephemeral_storage_size=Size.gibibytes(scratch_gib) if scratch_gib else None,
                assign_public_ip=outside,
            )
        )
        self.definition = batch.EcsJobDefinition(
            self,
            "Definition",
            container=container,
            timeout=Duration.days(3),
            retry_attempts=3,
            # The first that fits decides; an exit code that none names is retried.
            retry_strategies=[
                batch.RetryStrategy.of(batch.Action.EXIT, batch.Reason.custom(on_exit_code=str(UNSOUND_DATA))),
                batch.RetryStrategy.of(batch.Action.RETRY, batch.Reason.SPOT_INSTANCE_RECLAIMED),
                batch.RetryStrategy.of(batch.Action.RETRY, batch.Reason.custom(on_reason="*")),
            ],
        )


def image_of(capability: str, house: House) -> ecs.ContainerImage:
    """The image of batch/<capability>/Dockerfile, or (where no engine is) a name that the laptop maps to a process."""
    if not house.stage.images:
        return ecs.ContainerImage.from_registry(f"biotheca-{capability}")
    # Anchored: a bare "*" would leave every folder of the build context empty.
    kept = ["/*", "!/batch/", "/batch/*", "!/batch/__init__.py", f"!/batch/{capability}/", "!/layers/", "/layers/*"]
    kept += ["!/layers/core/", "!/client/", "!/pyproject.toml", "!/README.md", "!/LICENSE", "__pycache__", *BUILT]
    return ecs.ContainerImage.from_asset(
        str(ROOT), file=f"batch/{capability}/Dockerfile", exclude=kept, ignore_mode=IgnoreMode.GIT, platform=PLATFORM
    )
