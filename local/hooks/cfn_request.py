"""What a resource's creator is given (`Wish`) and gives back (`Made`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore import xform_name

from local.hooks.cfn_clients import client
from local.hooks.cfn_fit import fit


@dataclass(frozen=True)
class Made:
    """A created resource: what Ref gives, and what Fn::GetAtt gives."""

    ref: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Wish:
    """One resource of a template with all references resolved."""

    kind: str
    stack: str
    logical_id: str
    physical_name: str  # the template's, or one made of stack and logical id (hooks.names)
    given: dict[str, Any]
    account: str
    region: str

    def name(self, named_by: str) -> str:
        """The physical name; `named_by` is the property that may hold it."""
        return str(self.given.get(named_by) or self.physical_name)

    def call(
        self, service: str, operation: str, given: Mapping[str, Any], renames: Mapping[str, str] | None = None
    ) -> Any:
        """Calls an API operation with properties in CloudFormation's spelling."""
        api = client(service, self.region)
        shape = _input_shape(api, operation)
        present = {name: value for name, value in given.items() if value is not None}
        return getattr(api, operation)(**fit(present, shape, renames, self.kind))


def _input_shape(api: Any, operation: str) -> Any:
    model = api.meta.service_model
    for name in model.operation_names:
        if xform_name(name) == operation:
            return model.operation_model(name).input_shape
    raise ValueError(f"{api.meta.service_model.service_name} has no operation {operation!r}")
