"""Outputs and exports of change sets, by which the CDK's own command deploys; moto has them for create_stack only."""

from __future__ import annotations

from typing import Any

from local.hooks.patching import once, replace


@once
def install() -> None:
    from moto.cloudformation.models import CloudFormationBackend

    stock = CloudFormationBackend.execute_change_set

    def execute(self: Any, change_set_name: str, stack_name: str | None = None) -> None:
        stack = self.describe_change_set(change_set_name).stack
        stack.cross_stack_resources = stack.resource_map.cross_stack_resources = self.exports
        stock(self, change_set_name, stack_name)
        # The map of outputs was made with the change set, when the stack's template was still empty.
        stack._parse_template()
        stack.output_map = stack._create_output_map()
        for export in stack.exports:
            self.exports[export.name] = export

    replace(CloudFormationBackend, execute_change_set=execute)
