"""`save`, `load` and `up --load`: an archive survives its laptop, and nobody acts on what comes back."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from biotheca.formats.crypt4gh import decrypt
from biotheca.formats.crypt4gh_header import public_key_of
from biotheca.formats.crypt4gh_keys import public_text
from local import demo_study
from local.laptop import PROJECT
from local.people import PEOPLE
from local.stack import STATE_DIR
from local.synthesis import assembly as synthesised
from tests.local import alone
from tests.local.conftest import Cloud, wait_for
from tests.local.processes import Process, ask, serving

SQL = "SELECT acc, spots FROM run WHERE sra_study = '{dataset}'"


@dataclass
class Demo:
    """The demo, played alone: what it said, which other addresses it tried, and what its laptop held after it."""

    output: str
    refused: Path
    saved: Path


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """Slow (from synthesis to the end of the last act), so it is played once."""
    folder = tmp_path_factory.mktemp("kept")
    state, refused = folder / "first", folder / "refused"
    environment = alone.environment(folder / "site", refused)
    proof = "import socket; socket.create_connection(('192.0.2.1', 80), 1)"
    blocked = subprocess.run([sys.executable, "-c", proof], env=environment, capture_output=True, text=True)
    assert "Network is unreachable" in blocked.stderr
    refused.unlink()
    program = [sys.executable, "-m", "tests.local.alone", str(state), str(folder / "archive")]
    done = subprocess.run(
        [*alone.words(), *program], cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=480
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return Demo((state / "output").read_text(), refused, folder / "archive")


@pytest.fixture(scope="module")
def saved(demo: Demo) -> Path:
    """What the demo's laptop held after its journey."""
    return demo.saved


def test_the_whole_demo_needs_no_network(demo: Demo) -> None:
    """Sockets reach this machine only, and nothing even tries another."""
    assert "Done: from sign-in to equal digests" in demo.output
    assert not demo.refused.exists(), demo.refused.read_text()


def sql(laptop: Process, statement: str) -> list[list[str]]:
    athena, glue = laptop.aws("athena"), laptop.aws("glue")
    group = next(g["Name"] for g in athena.list_work_groups()["WorkGroups"] if g["Name"] != "primary")
    database = next(d["Name"] for d in glue.get_databases()["DatabaseList"] if d["Name"] != "sra")
    started = athena.start_query_execution(
        QueryString=statement, WorkGroup=group, QueryExecutionContext={"Database": database}
    )["QueryExecutionId"]

    def ended() -> Any:
        status = athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]["Status"]
        return status if status["State"] not in ("QUEUED", "RUNNING") else None

    status = wait_for(ended, 30, "the query")
    assert status["State"] == "SUCCEEDED", status
    rows = athena.get_query_results(QueryExecutionId=started)["ResultSet"]["Rows"]
    return [[cell.get("VarCharValue", "") for cell in row["Data"]] for row in rows]


def test_a_saved_archive_comes_back_whole_and_nobody_acts_on_it(saved: Path, tmp_path: Path) -> None:
    shutil.copytree(synthesised(STATE_DIR).parent, tmp_path / "second" / "assembly")
    with serving(tmp_path / "second", "up", "--load", str(saved)) as second:
        assert f"loaded {saved}: " in (second.state / "output").read_text()
        url = second.who.front_url
        (hit,) = requests.get(f"{url}/v1/search", params={"q": "Escherichia kilobase"}, timeout=60).json()["items"]
        dataset = hit["accession"]
        files = requests.get(f"{url}/v1/records/{dataset}/files", timeout=60).json()["items"]
        study = demo_study.make(tmp_path / "study")  # the same bytes each time it is made
        wanted = {hashlib.sha256(path.read_bytes()).hexdigest() for path in study.glob("*.fq.gz")}
        got = {
            hashlib.sha256(
                requests.get(f"{url}/v1/records/{dataset}/files/{f['name']}", timeout=60).content
            ).hexdigest()
            for f in files
        }
        assert got == wanted
        header, *spots = [row[1] for row in sql(second, SQL.format(dataset=dataset))]
        assert header == "spots" and len(spots) == demo_study.CULTURES and sum(map(int, spots)) == 2054

        ana = {"email": PEOPLE[0].email, "password": PEOPLE[0].password}
        token = requests.post(f"{url}/v1/sign-in", json=ana, timeout=60).json()["token"]
        mine = requests.get(f"{url}/v1/submissions", headers={"Authorization": f"Bearer {token}"}, timeout=60).json()
        assert len(mine["items"]) == 3 and dataset in {s["dataset"] for s in mine["items"]}  # and of people, and images

        time.sleep(1)  # whatever was wrongly told would have been heard by now
        assert all(q["waiting"] == q["in_flight"] == 0 for q in second.page("queues"))
        called = {
            group for group in second.page("logs")["groups"] if "Api" not in group and "WhoIsCalling" not in group
        }
        assert not called, "only what the test itself asked has run"
        machines = second.aws("stepfunctions")
        for machine in machines.list_state_machines()["stateMachines"]:
            assert not machines.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]
        _opens_what_is_kept_encrypted(url, {"Authorization": f"Bearer {token}"}, mine["items"])


def _opens_what_is_kept_encrypted(url: str, ana: dict[str, str], submissions: list[dict[str, Any]]) -> None:
    """A file of the study of a person, decrypted with the key of its reader: the archive still knows its own key."""
    (dataset,) = {s["dataset"] for s in submissions if s["dataset"].startswith("HRA")}
    secret = bytes([7]) * 32
    mine = {"public_key": public_text(public_key_of(secret))}
    answer = requests.put(f"{url}/v1/me/public-key", json=mine, headers=ana, timeout=60)
    assert answer.status_code == 200, answer.text
    (file, *_) = requests.get(f"{url}/v1/records/{dataset}/files", headers=ana, timeout=60).json()["items"]
    place = f"{url}/v1/records/{dataset}/files/{file['name']}"
    told = requests.get(f"{place}?redirect=false", headers=ana, timeout=60).json()
    header = requests.get(f"{place}/header", headers=ana, timeout=60).json()["header"]
    whole = base64.b64decode(header) + requests.get(told["url"], timeout=60).content
    plain = b"".join(decrypt([whole], [secret]))
    assert told["encrypted"] and hashlib.sha256(plain).hexdigest() == file["sha256"]


def test_a_damaged_folder_is_refused_before_anything_starts(saved: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(saved, damaged)
    body = sorted((damaged / "s3" / "bodies").iterdir())[0]
    body.write_bytes(body.read_bytes()[:-1] + b"?")
    ended = ask(tmp_path / "state", "up", "--load", str(damaged), "--port", "0", "--front-port", "0")
    assert ended.returncode == 1
    assert ended.stderr == f"{damaged}: {body.relative_to(damaged)} is not what was saved\n"
    assert ended.stdout == ""
    nowhere = ask(tmp_path / "state", "up", "--load", str(tmp_path / "nothing"))
    assert nowhere.returncode == 1
    assert "holds no readable manifest.json" in nowhere.stderr


def test_saving_without_a_laptop_says_how_to_start_one(tmp_path: Path) -> None:
    for what in ("save", "load"):
        ended = ask(tmp_path, what, str(tmp_path / "folder"))
        assert ended.returncode == 1
        assert "`make up` starts one" in ended.stderr


def test_in_quiet_neither_buckets_nor_streams_are_heard(cloud: Cloud) -> None:
    from moto.dynamodb.models import dynamodb_backends

    s3, dynamodb = cloud.client("s3"), cloud.client("dynamodb")
    sqs = cloud.client("sqs")
    queue = sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    s3.create_bucket(Bucket="listened-to")
    told = {"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
    s3.put_bucket_notification_configuration(Bucket="listened-to", NotificationConfiguration=told)
    key = [{"AttributeName": "pk", "AttributeType": "S"}]
    dynamodb.create_table(
        TableName="streamed",
        AttributeDefinitions=key,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    sqs.purge_queue(QueueUrl=queue)
    keys = cloud.laptop.credentials
    shard = dynamodb_backends[keys.account][keys.region].get_table("streamed").stream_shard

    def write(name: str) -> None:
        s3.put_object(Bucket="listened-to", Key=name, Body=b"x")
        dynamodb.put_item(TableName="streamed", Item={"pk": {"S": name}})

    with cloud.laptop.quiet():
        write("in-quiet")
    write("aloud")
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    named = [json.loads(m["Body"])["Records"][0]["s3"]["object"]["key"] for m in messages]
    assert named == ["aloud"]
    assert [record.to_json()["dynamodb"]["Keys"]["pk"]["S"] for record in shard.items] == ["aloud"]
    assert dynamodb.get_item(TableName="streamed", Key={"pk": {"S": "in-quiet"}})["Item"]
