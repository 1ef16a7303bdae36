"""A mirror without a cloud stack: tables and buckets of moto, a lake in a folder, feeds over real HTTP; and kills."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from biotheca.aws import session
from biotheca.lake.arrow import schema_of
from biotheca.lake.model import ACCESSION_STATUS_COLUMNS, ENTITIES, TABLES
from biotheca.mirror import indexing, service, steps
from biotheca.mirror.fetching import Fetcher
from biotheca.mirror.lake import WRITTEN, MirrorLake
from biotheca.mirror.sources import Source
from biotheca.mirror.store import MirrorStore
from biotheca.search.store import WordIndex
from local.insdc.server import FeedServer
from local.insdc.world import World
from tests.unit.lake.mirror_world import DyingCatalog, Killed

DATABASE = "biotheca"


class Mirror:
    """Everything of a mirror, and a day played step by step as the workflow does."""

    def __init__(self, folder: Path, feeds: FeedServer, world: World) -> None:
        self.folder, self.feeds, self.world = folder, feeds, world
        self.catalog = DyingCatalog(folder / "lake")
        for entity in WRITTEN:
            columns = ENTITIES.get(entity, ACCESSION_STATUS_COLUMNS)
            self.catalog.create_mirror_tables(DATABASE, entity, columns)
        for name in ("change_log", "mirror_snapshot"):
            self.catalog.create_table((DATABASE, name), schema_of(TABLES[name]))
        self.store = MirrorStore()
        self.index = WordIndex()
        self.requests: int | None = None  # AWS requests until the process is killed

    @property
    def lake(self) -> MirrorLake:
        return MirrorLake(self.catalog, DATABASE)

    def make(self, source: Source) -> Fetcher:
        quick = Source(source.name, source.base, source.hosts, 10_000, source.row)
        return Fetcher(quick, lambda _: None)

    def play(self, day: str = "", repair: str = "") -> dict[str, Any]:
        """One batch, to its end; what `publish` said."""
        plan = service.discover(self.store, day or None, repair, self.make)
        if not plan["work"]:
            return plan
        batch = plan["batch"]
        for number in range(plan["files"]):
            service.fetch(self.store, batch, number, self.make)
            steps.read(self.store, batch, number)
        steps.merge(self.store, self.lake, batch)
        for part in self.store.manifest(batch, "index"):
            indexing.index_part(self.store, self.index, batch, part["name"])
        steps.reconcile(self.store, self.lake, batch)
        return service.publish(self.store, batch)

    def publish(self, day: str, **how: Any) -> None:
        """The feeds of a day."""
        self.world.publish(self.feeds.folder, day, **how)

    def hashes(self) -> dict[str, str]:
        """The content of every table, whatever was compacted."""
        made = {name: table.table_hash() for name, table in self.lake.tables().items()}
        for name in ("change_log", "mirror_snapshot"):
            rows = self.catalog.load_table((DATABASE, name)).scan().to_arrow().to_pylist()
            shown = [{k: str(v) for k, v in row.items() if k != "published"} for row in rows]
            made[name] = json.dumps(sorted(shown, key=json.dumps))
        return made

    def row(self, entity: str, accession: str) -> dict[str, Any] | None:
        """A row as it is now, or None if it is gone."""
        rows = self.lake.tables()[entity].current(None, [accession]).read_all().to_pylist()
        return rows[0] if rows else None

    def found(self, query: str) -> list[str]:
        """Accessions that search shows."""
        from biotheca.search import service as search

        return [hit["accession"] for hit in search.find(self.index, query, 200, None)[0]]


@contextmanager
def mirror_in(folder: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    """A new mirror, ready for its first day."""
    names = {name: name.replace("_", "-") for name in ("mirror_table", "outbox_table", "search_table", "mirror_bucket")}
    for name, value in names.items():
        monkeypatch.setenv(f"BIOTHECA_{name.upper()}", value)
    for name, value in {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with FeedServer(folder / "feeds") as feeds, mock_aws():
        monkeypatch.setenv("BIOTHECA_MIRROR_SOURCES", json.dumps(feeds.addresses()))
        session.client.cache_clear()
        session.session.cache_clear()
        dynamodb = boto3.client("dynamodb", region_name="us-east-1")
        for name in ("mirror-table", "search-table", "outbox-table"):
            keys = ["pk"] if name == "outbox-table" else ["pk", "sk"]
            dynamodb.create_table(
                TableName=name,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
                KeySchema=[{"AttributeName": k, "KeyType": t} for k, t in zip(keys, ("HASH", "RANGE"), strict=False)],
            )
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="mirror-bucket")
        made = Mirror(folder, feeds, world)

        def count(**_: Any) -> None:
            if made.requests is not None:
                made.requests -= 1
                if made.requests < 0:
                    made.requests = None
                    raise Killed

        session.session().get_component("event_emitter").register("before-send", count)
        yield made
        session.client.cache_clear()
        session.session.cache_clear()
