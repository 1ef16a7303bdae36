"""The mirror on the laptop: the real workflow, jobs, functions and SQL, over feeds that a small INSDC serves."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser

from local.demo import query
from local.insdc.made import made_world
from local.insdc.server import Fault
from local.insdc.world import World
from local.stack import Stack
from tests.journeys.browser import surfing
from tests.journeys.conftest import Person, eventually
from tests.journeys.portal import look

FIRST, SECOND, THIRD = "2026-01-26", "2026-01-27", "2026-01-28"
WAIT_S = 180.0


@pytest.fixture(scope="module")
def world(stack: Stack) -> World:
    return made_world(2, 3, first=700_000)


def health(stack: Stack) -> dict[str, Any]:
    return requests.get(f"{stack.front_url}/v1/mirror", timeout=30).json()


def ended(stack: Stack, batch: int) -> dict[str, Any]:
    """The batch's row once it is published or failed."""

    def look() -> dict[str, Any] | None:
        told = health(stack)
        row = next((b for b in told["batches"] if b["batch"] == batch), {})
        return row if row.get("state") in ("published", "failed") else None

    return eventually(look, WAIT_S)


def run(stack: Stack, ada: Person, day: str) -> dict[str, Any]:
    started = ada.post("/v1/mirror/runs", {"day": day})
    return ended(stack, started["batch"])


@pytest.fixture(scope="module")
def mirrored(stack: Stack, ada: Person, world: World) -> dict[str, Any]:
    """The first day, published."""
    assert not health(stack)["batch"], "nothing is published yet, though schedules of other tests may have tried"
    world.publish(stack.insdc.folder, FIRST, full=True)
    row = run(stack, ada, FIRST)
    assert row["state"] == "published", json.dumps(row)
    return row


def search(stack: Stack, text: str, **more: str) -> list[dict[str, Any]]:
    asked = {"q": text, "limit": "200", **more}
    return requests.get(f"{stack.front_url}/v1/search", params=asked, timeout=30).json()["items"]


def record(stack: Stack, accession: str) -> requests.Response:
    return requests.get(f"{stack.front_url}/v1/mirror/records/{accession}", timeout=30)


def test_a_day_is_published_with_its_report(stack: Stack, mirrored: dict[str, Any]) -> None:
    told = health(stack)
    assert told["day"] == FIRST and told["totals"]["run"] == {"live": 6} and told["lag_hours"] > 0
    report = requests.get(f"{stack.front_url}/v1/mirror/reports/{FIRST}", timeout=30).json()
    assert report["differences"] == [] and report["counts"]["biosample"] == 6
    assert requests.get(f"{stack.front_url}/v1/mirror/reports/2020-01-01", timeout=30).status_code == 404


def test_analysts_ask_mirrored_rows_under_ncbis_names(stack: Stack, mirrored: dict[str, Any], world: World) -> None:
    _, *rows = query(stack, "SELECT acc, organism FROM biotheca.sra_metadata WHERE bioproject LIKE 'PRJ%' ORDER BY acc")
    assert {acc for acc, _ in rows} >= set(world.records["RUN"])
    (_, (count,)) = query(stack, "SELECT count(*) FROM biotheca.run WHERE source = 'insdc'")
    assert count == "6"


def test_one_search_finds_own_and_mirrored_and_tells_them_apart(stack: Stack, mirrored: dict[str, Any]) -> None:
    hits = search(stack, "Sus scrofa")
    assert {hit["centre"] for hit in hits} == {"INSDC"}
    assert search(stack, "Sus scrofa", centre="own") == []
    asked = f"{stack.front_url}/v1/search/facets?q=scrofa"
    facets = requests.get(asked, timeout=30).json()
    assert facets["centre"] == {"INSDC": len(search(stack, "scrofa"))} and facets["whole"]


def test_an_accession_of_insdc_resolves_to_its_mirrored_record(
    stack: Stack, mirrored: dict[str, Any], world: World
) -> None:
    run_ = sorted(world.records["RUN"])[0]
    answer = requests.get(f"{stack.front_url}/r/{run_.lower()}", timeout=30, allow_redirects=False)
    assert answer.status_code == 302 and answer.headers["Location"].endswith(run_)
    assert record(stack, run_).json()["fields"]["spots"] > 0
    assert record(stack, "SRR1").status_code == 404


def test_a_mirrored_hit_leads_to_its_page(
    chrome: Browser, stack: Stack, mirrored: dict[str, Any], world: World
) -> None:
    run_ = sorted(world.records["RUN"])[0]
    experiment = world.status[run_]["Experiment"]
    with surfing(chrome, stack.front_url) as surfer:
        page = surfer.open(f"?q={run_}")
        page.get_by_text("mirrored from INSDC").first.wait_for()
        page.locator(f"a[href='#{run_}']").first.click()
        page.get_by_text("mirrored here as of 2026-01-").wait_for()
        look(page, "mirrored-run")
        page.locator(f"a[href='#{experiment}']").first.click()
        page.get_by_text("Library strategy").wait_for()
        page = surfer.open("#SRR1234567890")
        page.locator("#status.bad").wait_for()


def test_only_data_managers_start_days_and_repairs(stack: Stack, ana: Person, chen: Person, nobody: Person) -> None:
    for path, body in (("/v1/mirror/runs", {"day": FIRST}), ("/v1/mirror/repairs", {"accession": "SRR000001"})):
        assert nobody.call("POST", path, json=body).status_code == 401
        assert ana.call("POST", path, json=body).status_code == 403
        assert chen.call("POST", path, json=body).status_code == 403


def test_a_day_that_is_none_and_a_day_that_is_over_are_refused(ada: Person, mirrored: dict[str, Any]) -> None:
    none = ada.call("POST", "/v1/mirror/runs", json={"day": "yesterday"})
    assert none.status_code == 422 and "2026-01-27" in none.text
    over = ada.call("POST", "/v1/mirror/runs", json={"day": "2026-01-01"})
    assert over.status_code == 409 and over.json()["rule"] == "mirror.day_over"
    again = ada.post("/v1/mirror/runs", {"day": FIRST})
    assert again["started"] is False


def test_a_failing_feed_is_told_readers_see_the_day_before_and_the_day_runs_again(
    stack: Stack, ada: Person, mirrored: dict[str, Any], world: World
) -> None:
    run_ = sorted(world.records["RUN"])[0]
    world.suppress(run_)
    world.publish(stack.insdc.folder, SECOND)
    tab = stack.insdc.folder / "sra" / "reports" / "Metadata" / "SRA_Accessions.tab"
    whole = tab.read_bytes()
    tab.write_bytes(whole[:-30])
    failed = run(stack, ada, SECOND)
    assert failed["state"] == "failed" and failed["reason"]
    assert health(stack)["day"] == FIRST and health(stack)["state"] == "failing"
    assert record(stack, run_).json()["status"] == "live"

    tab.write_bytes(whole)
    stack.insdc.fail("/sra/reports/Metadata/SRA_Accessions.tab", Fault(429, retry_after=0), Fault(cut=50))
    done = run(stack, ada, SECOND)
    assert done["state"] == "published", done.get("reason")
    assert record(stack, run_).json()["status"] == "suppressed"
    assert run_ not in [hit["accession"] for hit in search(stack, run_)]
    _, *rows = query(stack, "SELECT acc FROM biotheca.run WHERE acc = ?", run_)
    assert rows == []
    (_, (status,)) = query(stack, "SELECT status FROM biotheca.accession_status WHERE accession = ?", run_)
    assert status == "suppressed"
    _, *log = query(stack, "SELECT entity, before, after FROM biotheca.change_log WHERE acc = ? ORDER BY entity", run_)
    assert log == [["accession_status", "live", "suppressed"], ["run", "live", "suppressed"]]


def test_a_day_that_is_started_twice_at_once_runs_once(
    stack: Stack, ada: Person, mirrored: dict[str, Any], world: World
) -> None:
    world.publish(stack.insdc.folder, THIRD)
    first, second = (ada.post("/v1/mirror/runs", {"day": THIRD}) for _ in range(2))
    assert first["started"] and not second["started"]
    assert ended(stack, first["batch"])["state"] == "published"


def test_a_record_is_repaired_from_the_archive_that_owns_it(
    stack: Stack, ada: Person, mirrored: dict[str, Any], world: World
) -> None:
    run_ = sorted(world.records["RUN"])[-1]
    text = world.records["RUN"][run_].replace(b'center_name="EXAMPLE"', b'center_name="MENDED"')
    (stack.insdc.folder / "ena" / f"{run_}.xml").write_bytes(b"<RUN_SET>" + text + b"</RUN_SET>")
    started = ada.post("/v1/mirror/repairs", {"accession": run_})
    assert ended(stack, started["batch"])["state"] == "published"
    assert record(stack, run_).json()["fields"]["center_name"] == "MENDED"


def test_the_schedules_start_the_day_that_is_whole_and_the_compaction(
    stack: Stack, ada: Person, mirrored: dict[str, Any], aws: Callable[[str], Any]
) -> None:
    _, *before = query(stack, "SELECT acc, organism FROM biotheca.run ORDER BY acc")
    fired = requests.post(f"{stack.front_url}/_local/fire", json={"name": "MirrorWeekly"}, timeout=120)
    assert fired.status_code == 200, fired.text
    functions = aws("stepfunctions")
    (machine,) = [m for m in functions.list_state_machines()["stateMachines"] if "Mirror" in m["name"]]
    arn = machine["stateMachineArn"]

    def compacted() -> bool:
        runs = functions.list_executions(stateMachineArn=arn)["executions"]
        return all(one["status"] != "RUNNING" for one in runs)

    time.sleep(1)
    eventually(compacted, WAIT_S)
    _, *after = query(stack, "SELECT acc, organism FROM biotheca.run ORDER BY acc")
    assert after == before


def test_what_was_fetched_is_kept_by_its_content(stack: Stack, mirrored: dict[str, Any], aws: Any) -> None:
    s3 = aws("s3")
    (bucket,) = [b["Name"] for b in s3.list_buckets()["Buckets"] if "mirror" in b["Name"].lower()]
    kept = s3.list_objects_v2(Bucket=bucket, Prefix="feeds/")["Contents"]
    assert len({item["Key"] for item in kept}) == len(kept) >= 7
    assert all(len(item["Key"].rsplit("/", 1)[1]) == 64 for item in kept)


@pytest.fixture(scope="module", autouse=True)
def _no_dead_letters(stack: Stack) -> Iterator[None]:
    yield
    queues = requests.get(f"{stack.front_url}/_local/queues", timeout=30).json()
    assert not [q for q in queues if "Mirror" in q["name"] and q["name"].endswith("DeadLetters") and q["waiting"]]


def test_the_world_of_this_journey_is_in_the_laptops_own_folder(stack: Stack) -> None:
    assert Path(stack.insdc.folder).is_relative_to(stack.state_dir)
