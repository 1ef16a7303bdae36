"""The whole laptop cloud of Biotheca: Laptop with gate, lake, SQL, mailbox, traces and example people.

`Laptop` knows how to run any synthesised application; this module knows ours.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from local import lake_tables, people
from local.gate import STATE_MACHINE_KEYS, Faults, gate
from local.hooks.cfn_clients import client
from local.laptop import PROJECT, Laptop
from local.surroundings import Credentials

STATE_DIR = PROJECT / ".biotheca"
# What the templates are made of; a change in any of them makes the cached assembly stale.
SOURCES = ("infra", "functions", "layers", "statemachines", "batch", "cdk.json", "requirements/dev.lock")


class Stack(Laptop):
    """A laptop cloud that behaves as ours does in AWS."""

    def __init__(self, state_dir: Path = STATE_DIR, port: int = 0, front_port: int = 0) -> None:
        keys = Credentials()
        self.faults = Faults()
        secrets = {keys.access_key: keys.secret_key, **STATE_MACHINE_KEYS}

        # Links are judged by the machine's time, which is also what boto3 signs with; tests may shift it.
        self.link_age = timedelta(0)

        def link_time() -> datetime:
            return datetime.now(UTC) + self.link_age

        def guarded(app: Any) -> Any:
            return gate(app, secrets, link_time, self.faults)

        super().__init__(state_dir, port, front_port, middlewares=[guarded], credentials=keys)

    def start(self) -> Stack:
        """Serve an empty cloud."""
        lake_tables.install()
        super().start()
        return self

    def deploy(self, assembly: Path, report: Callable[[str], None] = lambda text: None) -> dict[str, dict[str, str]]:
        """Create the stacks and the example people."""
        outputs = super().deploy(assembly, report)
        people.seed(client("cognito-idp"), self.output("UserPoolId"))
        return outputs

    def client_options(self) -> dict[str, Any]:
        """Keyword arguments for a boto3 client of this laptop."""
        return {
            "endpoint_url": self.endpoint_url,
            "region_name": self.credentials.region,
            "aws_access_key_id": self.credentials.access_key,
            "aws_secret_access_key": self.credentials.secret_key,
        }


def cached_assembly(state_dir: Path = STATE_DIR) -> Path:
    """The laptop's cloud assembly, made anew only when a source of it changed."""
    digest = hashlib.sha256()
    for source in SOURCES:
        root = PROJECT / source
        for path in sorted(root.rglob("*")) if root.is_dir() else [root]:
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(str(path.relative_to(PROJECT)).encode() + b"\0" + path.read_bytes() + b"\0")
    folder = state_dir / "assembly" / digest.hexdigest()[:16]
    if (folder / "manifest.json").exists():
        return folder
    from infra.app import synth  # takes seconds to import

    if folder.parent.exists():
        shutil.rmtree(folder.parent)
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = folder.with_suffix(".unfinished")
    synth(unfinished, laptop=True)
    unfinished.rename(folder)
    return folder
