"""One synthesis with all checks for the whole session: it takes half a minute."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.app import PRODUCTION, synth_checked


class Templates:
    """The production templates and how many cdk-nag findings are acknowledged."""

    def __init__(self, folder: Path, acknowledged: int) -> None:
        self.folder, self.acknowledged = folder, acknowledged
        self.by_stack = {
            path.name.removesuffix(".template.json"): json.loads(path.read_text())
            for path in sorted(folder.glob("*.template.json"))
        }

    def of_type(self, kind: str) -> list[tuple[str, dict[str, Any]]]:
        """(logical id, properties) of every resource of a type."""
        return [
            (name, resource.get("Properties", {}))
            for template in self.by_stack.values()
            for name, resource in template["Resources"].items()
            if resource["Type"] == kind
        ]


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    """Production, but without third-party packages in the layers (that takes a network and half a gigabyte)."""
    folder = tmp_path_factory.mktemp("assembly") / "cdk.out"
    count = synth_checked(folder, replace(PRODUCTION, bundle=False))
    return Templates(folder, count)
