"""What can be thrown away and deployed again: API, workflows, jobs. What follows events: followers."""

from __future__ import annotations

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from infra.capabilities import (
    api,
    curation,
    deidentification,
    delivery,
    events,
    mirror,
    publication,
    qc,
    sequences,
    submissions,
    uploads,
)
from infra.capabilities.capability import Capability
from infra.constructs.assets import layers
from infra.constructs.batch_job import Computers
from infra.constructs.python_function import House
from infra.constructs.workflow import Workflow


class ServiceStack(Stack):
    """Doors and workflows. One construct a capability; they meet in the workflows and on the bus."""

    def __init__(self, scope: Construct, name: str, house: House) -> None:
        super().__init__(scope, name, description="Biotheca: functions, API, workflow and jobs")
        house.layers = layers(self, house.stage)
        self._settings(house)
        computers = Computers(self, "Computers")
        starting = submissions.Submissions(self, house)
        others = (uploads.Uploads, qc.Qc, deidentification.Deidentification, curation.Curation, publication.Publication)
        made: list[Capability] = [starting, *(kind(self, house) for kind in others)]
        functions = {key: fn for capability in made for key, fn in capability.functions.items()}
        jobs = {key: job for capability in made for key, job in capability.jobs.items()}
        workflow = Workflow(self, "submission", house, functions, jobs, computers, house.buckets["derived_bucket"])
        house.values["submission_workflow"] = workflow.machine.state_machine_arn
        starting.start_on_event(workflow.machine)
        workflow.let_answer(
            *(functions[key] for key in ("UploadsAwaitFiles", "UploadsResume", "CurationAsk", "CurationResume"))
        )
        events.Events(self, house)
        mirroring = mirror.Mirror(self, house)
        daily = Workflow(
            self, "mirror", house, mirroring.functions, mirroring.jobs, computers, house.buckets["mirror_bucket"]
        )
        house.values["mirror_workflow"] = daily.machine.state_machine_arn
        mirroring.schedule(daily.machine)
        sequences.Sequences(self, house, computers)
        delivery.Moving(self, house, computers)
        self.door = api.Api(self, house)
        self.machine = workflow.machine
        CfnOutput(self, "UserPoolId", value=house.pool.user_pool_id)
        CfnOutput(self, "UserPoolClientId", value=house.pool_client.user_pool_client_id)

    def _settings(self, house: House) -> None:
        issuer = f"https://cognito-idp.{self.region}.{self.url_suffix}/{house.pool.user_pool_id}"
        # Where the keys are is a setting of its own: on the laptop the issuer is the same, the address another.
        keys = self.node.try_get_context("token_keys_url") or f"{issuer}/.well-known/jwks.json"
        house.values |= {
            "user_pool": house.pool.user_pool_id,
            "user_pool_client": house.pool_client.user_pool_client_id,
            "token_issuer": issuer,
            "token_keys_url": keys.replace("{pool}", house.pool.user_pool_id),
        }
