"""DependsOn is also kept when a resource is created because another one refers to it.

moto sorts by DependsOn, but a Ref creates its target at once, whatever that target waits for: a web ACL on a
stage made the stage, and so the API's deployment, before the API's methods.
"""

from __future__ import annotations

from typing import Any

from local.hooks.patching import once, replace


@once
def install() -> None:
    from moto.cloudformation.parsing import ResourceMap

    stock = ResourceMap.__getitem__

    def after_its_dependencies(self: Any, key: str) -> Any:
        if key not in self._parsed_resources:
            definition = self._resource_json_map.get(key) or {}
            wanted = definition.get("DependsOn", [])
            for dependency in [wanted] if isinstance(wanted, str) else wanted:
                if dependency not in self._parsed_resources:
                    after_its_dependencies(self, dependency)
        return stock(self, key)

    replace(ResourceMap, __getitem__=after_its_dependencies)
