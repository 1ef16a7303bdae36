"""What follows events and the clock: index, lake, notices, audit, samples, scores, access, keys, withdrawals.

A stack of its own, because a stack holds 500 resources; nothing here is called by name from elsewhere.
"""

from __future__ import annotations

from aws_cdk import Stack
from constructs import Construct

from infra.capabilities import access, audit, consent, delivery, imaging, lake, notices, openness, samples, search
from infra.constructs.assets import layers
from infra.constructs.python_function import House


class FollowersStack(Stack):
    """Capabilities that only listen. They can be thrown away and deployed again."""

    def __init__(self, scope: Construct, name: str, house: House) -> None:
        super().__init__(scope, name, description="Biotheca: what follows events and the clock")
        house.layers = layers(self, house.stage)
        search.Search(self, house)
        imaging.Imaging(self, house)
        lake.Lake(self, house)
        notices.Notices(self, house)
        audit.Audit(self, house)
        samples.Samples(self, house)
        openness.Openness(self, house)
        access.Access(self, house)
        delivery.Delivery(self, house)
        consent.Consent(self, house)
