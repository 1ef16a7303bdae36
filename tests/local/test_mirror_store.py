"""The mirror's tables in Glue and S3 as served by moto: what is written is what Athena reads; races lose nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest

from biotheca.lake import merging, merging_blocks
from biotheca.lake.iceberg import glue_catalog
from biotheca.lake.mirror_store import MirrorTable
from tests.local.served import KEY, SECRET
from tests.local.small_lake import Lake, small_lake
from tests.unit.lake.mirror_world import rows, titles

REGION = "eu-west-2"


@pytest.fixture
def lake(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    monkeypatch.setattr(merging_blocks, "GROUP_ROWS", 4)
    monkeypatch.setattr(merging, "PIECE_ROWS", 5)
    with small_lake({}, region=REGION) as made:
        told = {"AWS_ENDPOINT_URL": made.served.url, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
        for name, value in (told | {"AWS_REGION": REGION, "BIOTHECA_LAKE_DATABASE": "biotheca"}).items():
            monkeypatch.setenv(name, value)
        glue_catalog.cache_clear()
        yield made
        glue_catalog.cache_clear()


def _mirror(tmp_path: Path) -> MirrorTable:
    table = MirrorTable("study", scratch=tmp_path)
    table.file_rows = 8
    return table


def test_what_is_appended_and_compacted_is_what_athena_answers(lake: Lake, tmp_path: Path) -> None:
    table = _mirror(tmp_path)
    table.append(1, rows({f"SRP{n:03}": f"old {n}" for n in range(30)}))
    table.compact(1)
    table.append(2, rows({"SRP005": "new", "SRP006": None, "SRP100": "late"}))
    before = table.table_hash()
    expected = {f"SRP{n:03}": f"old {n}" for n in range(30) if n != 6} | {"SRP005": "new", "SRP100": "late"}
    for _ in range(2):
        assert titles(table) == expected
        assert titles(table, keys=["SRP005", "SRP006", "SRP007"]) == {"SRP005": "new", "SRP007": "old 7"}
        assert lake.rows("SELECT count(*), max(acc) FROM study_base")[0][1] in ("SRP029", "SRP100")
        done = table.compact(2)
    assert table.table_hash() == before
    assert done.changes == 0
    found = lake.rows("SELECT acc, v FROM study_base CROSS JOIN UNNEST(attributes) AS t(k, v, u) WHERE k = 'note'")
    assert dict(found) == expected
    assert lake.one("(SELECT count(*) FROM study_overlay)") == "0"
    assert not list(tmp_path.iterdir())


def test_expired_files_are_gone_from_the_bucket(lake: Lake, tmp_path: Path) -> None:
    table = _mirror(tmp_path)
    for batch in (1, 2):
        table.append(batch, rows({"SRP1": str(batch)}))
        table.compact(batch)
    assert titles(table.as_of(table.commits()[1].snapshot_id)) == {"SRP1": "1"}
    table.expire(datetime.now(UTC) + timedelta(hours=1))
    listed = lake.served.client("s3").list_objects_v2(Bucket=lake.bucket)["Contents"]
    assert len([o for o in listed if o["Key"].endswith(".parquet")]) == 1
    assert titles(table) == {"SRP1": "2"}


def test_two_writers_at_once_lose_no_batch_and_double_none(lake: Lake, tmp_path: Path) -> None:
    """Without a lease: the lock of Glue's version and planning anew must do alone."""
    together = Barrier(4)
    failed: list[BaseException] = []

    def write(batch: int) -> None:
        together.wait()
        try:
            _mirror(tmp_path).append(batch, rows({"SRP1": str(batch), f"SRP1{batch}": "own"}))
        except BaseException as error:
            failed.append(error)

    threads = [Thread(target=write, args=(batch,)) for batch in (1, 2, 3, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert titles(_mirror(tmp_path)) == {"SRP1": "3", "SRP11": "own", "SRP12": "own", "SRP13": "own"}
