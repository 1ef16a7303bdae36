"""A small mirror for tests: real tables in moto, a strict S3, an HTTP source on the loopback, a clock that jumps."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from biotheca import catalog
from biotheca.accounts.model import Person, Role
from biotheca.aws import session
from biotheca.aws.tables import Table
from biotheca.sequences import claiming, service, work
from biotheca.sequences.copying import Means
from biotheca.sequences.model import SequenceFile, State
from biotheca.sequences.rules import Policy
from biotheca.sequences.sources import Allowed
from biotheca.sequences.store import SequenceStore
from biotheca.sequences.web import WebSource
from tests.unit.sequences.http_source import HttpSource
from tests.unit.sequences.strict_s3 import Killed, StrictS3, Thing
from tests.unit.world import _table

RUN = "SRR000001"
ADA = Person("ada", "", frozenset({Role.DATA_MANAGER}))
ANA = Person("ana", "", frozenset({Role.SUBMITTER}))
FINAL = {State.VERIFIED, State.QUARANTINED, State.GONE}
MEBIBYTE = 1024**2


def md5(data: bytes) -> str:
    return hashlib.md5(data).hexdigest()


@dataclass
class Mirror:
    """What a test needs of the capability, and `work()`, which plays the workflow until nothing is left to do."""

    web: HttpSource
    clock_file: Path
    s3: StrictS3 = field(default_factory=StrictS3)
    store: SequenceStore = field(default_factory=lambda: SequenceStore(Table("mirror"), Table("outbox")))
    policy: Policy = field(default_factory=service.policy)
    slice_parts: int | None = None
    jumped_s: float = 0.0
    owners: int = 0
    pauses: list[float] = field(default_factory=list)

    @property
    def lists(self) -> Allowed:
        words = catalog.sequences()
        return Allowed(words["buckets"], words["hosts"], (self.web.base,))

    def means(self, **changes: Any) -> Means:
        left = self.slice_parts
        until = self.s3.calls["put_part"] + self.s3.calls["copy_part"] + left if left is not None else None
        made = work.means(self.s3, WebSource(self.lists), self.lists)
        over = lambda: until is not None and self.s3.calls["put_part"] + self.s3.calls["copy_part"] >= until  # noqa: E731
        sizes = {"smallest_part_bytes": MEBIBYTE, "copy_part_bytes": MEBIBYTE, "workers": 1}
        return replace(made, pause=self.pauses.append, over=over, **{**sizes, **changes})

    def jump(self, seconds: float) -> None:
        self.jumped_s += seconds
        self.clock_file.write_text(str(self.jumped_s))

    def note(self, *files: dict[str, Any], run: str = RUN, status: str = "live", batch: int = 1, **facts: Any) -> None:
        told = {"accession": run, "status": status, "batch": batch, "files": list(files), "md5_from": "ENA", **facts}
        service.note_run(self.store, told, self.policy)

    def on_the_web(self, name: str, data: bytes, **changes: Any) -> dict[str, Any]:
        """A file that the HTTP source serves, as metadata describe it."""
        self.web.files[name] = data
        described = {"name": name, "url": self.web.url(name), "bytes": len(data), "md5": md5(data)}
        return described | changes

    def in_a_bucket(self, name: str, thing: Thing, **changes: Any) -> dict[str, Any]:
        """A file of an open bucket in our Region."""
        self.s3.open["sra-pub-run-odp", f"sra/{name}"] = thing
        url = f"https://sra-pub-run-odp.s3.amazonaws.com/sra/{name}"
        place = {"url": url, "org": "AWS", "access_type": "anonymous", "free_egress": "worldwide"}
        digest = md5(thing.data) if thing.data is not None else None
        return {"name": name, "bytes": thing.size_bytes, "md5": digest, "alternatives": [place], **changes}

    def ask(self, run: str = RUN) -> dict[str, Any]:
        return service.request_copy(self.store, self.policy, ADA, run)

    def row(self, name: str = "a.fastq.gz", run: str = RUN) -> SequenceFile:
        found = self.store.file(run, name)
        assert found is not None
        return found

    def claim(self) -> list[dict[str, Any]]:
        self.owners += 1
        return claiming.claim(self.store, self.policy, self.lists, "us-east-1", f"execution-{self.owners}")

    def bring(self, task: dict[str, Any], **sizes: Any) -> None:
        """What the workflow does with one claimed file."""
        for _ in range(200):
            means = self.means(**sizes)
            following = work.copy_slice(self.store, self.policy, self.lists, "us-east-1", means, task)
            if following != "slice":
                break
        if following in ("function", "job"):
            work.prove(self.store, self.policy, self.lists, "us-east-1", means, task)

    def work(self, **sizes: Any) -> int:
        """Play the workflow until every file has come to an end; how many workers were killed on the way."""
        killed = 0
        for _ in range(60):
            for task in self.claim():
                try:
                    self.bring(task, **sizes)
                except Killed:
                    killed += 1
            if not [row for row in self._unfinished()]:
                return killed
            self.jump(self.policy.longest_pause_s + self.policy.lease_s)
        raise AssertionError(f"never ended: {self._unfinished()}")

    def _unfinished(self) -> list[SequenceFile]:
        return [row for part in ("WAITING", "LATER", "IN_HAND") for row in self.store.queue(part, 100)]

    def bytes_of(self, name: str = "a.fastq.gz") -> bytes | None:
        """What a reader of the archive would get of a file: nothing unless it is proved."""
        row = self.row(name)
        if row.state is not State.VERIFIED:
            return None
        return self.s3.ours[row.key or ""].data


@contextmanager
def mirror(monkeypatch: pytest.MonkeyPatch, web: HttpSource, tmp_path: Path) -> Iterator[Mirror]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    clock_file = tmp_path / "clock"
    clock_file.write_text("0")
    monkeypatch.setenv("BIOTHECA_CLOCK_FILE", str(clock_file))
    session.client.cache_clear()
    session.session.cache_clear()
    with mock_aws():
        _table("mirror", True, {"by_queue": ("queue_key", "queue_position")})
        _table("outbox", False, {})
        yield Mirror(web, clock_file)
    session.client.cache_clear()
    session.session.cache_clear()
