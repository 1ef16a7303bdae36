"""The INSDC mirror: the workflow's light steps, its jobs, its two schedules, alarms on lag and failure."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from biotheca import catalog
from biotheca.lake.model import ENTITIES, TABLES, base, overlay
from biotheca.settings import variable
from infra.capabilities.capability import Capability
from infra.constructs.batch_job import BatchJob
from infra.constructs.glue import glue_arns
from infra.constructs.python_function import House, PythonFunction, alarm_at_one
from infra.constructs.queues import dead_letters
from infra.stacks.lake import DATABASE

STATE = {"mirror_table": "rw", "mirror_bucket": "rw", "outbox_table": "w"}
WRITTEN = ("accession_status", *ENTITIES)


class Mirror(Capability):
    """functions/mirror and batch/mirror."""

    def __init__(self, scope: Construct, house: House) -> None:
        super().__init__(scope, "mirror", house)
        long = Duration.minutes(15)
        state = {"mirror_table": "rw", "mirror_bucket": "rw", "outbox_table": "name"}
        self.add("discover", state)
        self.add("fetch", state, timeout=long, memory_mb=1024)
        self.add("index_part", state | {"search_table": "rw"}, timeout=long)
        self.add("publish", STATE)
        self.add("note_failure", state)
        command = ["step", "Ref::step", "--batch", "Ref::batch", "--number", "Ref::number"]
        needs = STATE | {"lake_bucket": "rw", "lake_database": "value", "search_table": "rw"}
        # The status difference holds some 70 bytes a line (bench mirror): 8 GB for the 110 million that there are.
        job = self.jobs["MirrorJob"] = BatchJob(
            self, "mirror", house, needs, command, cpu=2, memory_mb=16_384, scratch_gib=200
        )
        outside = {"mirror_table": "rw", "mirror_bucket": "rw"}
        self.jobs["MirrorOutsideJob"] = BatchJob(self, "mirror", house, outside, command, scratch_gib=100, outside=True)
        self._allow_lake(job, house)

    def _allow_lake(self, job: BatchJob, house: House) -> None:
        """Commits to the mirror's own tables, and to no others; files of tables that were replaced are deleted."""
        written = [name for entity in WRITTEN for name in (base(entity), overlay(entity))]
        written += ["change_log", "mirror_snapshot"]
        assert set(written) <= set(TABLES)
        resources = glue_arns(self, {DATABASE: written})
        job.role.add_to_principal_policy(
            iam.PolicyStatement(actions=["glue:GetDatabase", "glue:GetTable", "glue:UpdateTable"], resources=resources)
        )
        bucket = house.buckets["lake_bucket"]
        places = [bucket.arn_for_objects(f"tables/{table}/*") for table in written]
        job.role.add_to_principal_policy(iam.PolicyStatement(actions=["s3:DeleteObject"], resources=places))

    def schedule(self, machine: sfn.StateMachine) -> None:
        """The two schedules; made last, because they need the machine that needs the others."""
        house = self.house
        begin = self.add("begin", {"mirror_table": "rw", "mirror_bucket": "rw", "outbox_table": "name"})
        begin.add_environment(variable("mirror_workflow"), machine.state_machine_arn)
        machine.grant_start_execution(begin)
        self._daily(begin)
        self._weekly(machine)
        self._alarms(house)

    def _daily(self, begin: PythonFunction) -> None:
        caller = iam.Role(self, "DailyCaller", assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com"))
        undelivered = dead_letters(self, "MirrorDaily", self.house)
        undelivered.grant_send_messages(caller)
        scheduler.Schedule(
            self,
            "MirrorDaily",
            # NCBI's files of a day are there in the early morning (UTC) of the next.
            schedule=scheduler.ScheduleExpression.cron(minute="30", hour="9"),
            target=targets.LambdaInvoke(begin, role=caller, dead_letter_queue=undelivered, retry_attempts=3),
            description="Mirror the day that is whole now, and all before it that are missing",
        )

    def _weekly(self, machine: sfn.StateMachine) -> None:
        caller = iam.Role(self, "WeeklyCaller", assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com"))
        undelivered = dead_letters(self, "MirrorWeekly", self.house)
        undelivered.grant_send_messages(caller)
        asked = {"compact": True, "batch": 0, "attempt": 0, "day": "", "repair": ""}
        scheduler.Schedule(
            self,
            "MirrorWeekly",
            schedule=scheduler.ScheduleExpression.cron(minute="0", hour="3", week_day="SUN"),
            target=targets.StepFunctionsStartExecution(
                machine,
                role=caller,
                input=scheduler.ScheduleTargetInput.from_object(asked),
                dead_letter_queue=undelivered,
                retry_attempts=3,
            ),
            description="Compact the mirror's overlays into its base tables",
        )

    def _alarms(self, house: House) -> None:
        def metric(name: str, statistic: str) -> cloudwatch.Metric:
            return cloudwatch.Metric(
                namespace="Biotheca",
                metric_name=name,
                dimensions_map={"service": "mirror"},
                statistic=statistic,
                period=Duration.hours(1),
            )

        alarm_at_one(
            self,
            "MirrorFailing",
            house,
            metric("MirrorFailures", "Sum"),
            "A batch of the mirror failed; `biotheca mirror status` says why",
        )
        hours = int(catalog.mirror()["lag_alarm_hours"])
        lag = cloudwatch.MathExpression(
            expression=f"IF(lag > {hours}, 1, 0)",
            using_metrics={"lag": metric("MirrorLagHours", "Maximum")},
            period=Duration.hours(1),
        )
        alarm_at_one(self, "MirrorLagging", house, lag, f"What readers see of INSDC is older than {hours} hours")
        missing = metric("MirrorMissingDays", "Maximum")
        alarm_at_one(
            self,
            "MirrorIncomplete",
            house,
            missing,
            "A day's feed is missing at the source; `biotheca mirror status` says which",
        )
