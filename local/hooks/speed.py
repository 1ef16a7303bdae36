"""What moto works out anew at each request though it never changes: kept from the first time. No answer differs."""

from __future__ import annotations

import functools
from typing import Any

from local.hooks.patching import once, replace


@once
def install() -> None:
    from moto import backends
    from moto.core import responses
    from moto.core.serialize import BaseJSONSerializer

    modules = tuple(backends.list_of_moto_modules())  # lists a folder and asks each entry what it is
    replace(backends, list_of_moto_modules=lambda: modules)
    replace(responses, method_names_from_class=functools.cache(responses.method_names_from_class))
    slowly = BaseJSONSerializer._serialize_type_structure
    replace(BaseJSONSerializer, _serialize_type_structure=functools.partialmethod(_structure, slowly))


def _structure(self: Any, slowly: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
    """Writes the members that a DynamoDB answer has, where moto asks each of the shape's for each of its other names.

    An attribute value has one of ten members, so that an item of thirty attributes costs nine hundred questions less.
    """
    members = shape.members
    if type(value) is not dict or self.operation_model.service_model.service_name != "dynamodb":
        return slowly(self, serialized, value, shape, key)
    if not value.keys() <= members.keys():
        return slowly(self, serialized, value, shape, key)
    wrapper = self.MAP_TYPE() if key else serialized
    for name, member in value.items():
        if member is not None:
            self._serialize(wrapper, member, members[name], name)
    if key:
        self._default_serialize(serialized, wrapper, shape, key)
    return None
