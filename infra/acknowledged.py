"""What cdk-nag found and we decided to keep, each with a reason that a reviewer could dispute."""

from __future__ import annotations

from aws_cdk import Stack


def acknowledge(stacks: list[Stack]) -> None:
    """Attach the reasons to the very resources they speak of."""
