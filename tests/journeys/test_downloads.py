"""Bytes leave the archive to whom they should: killed downloads go on, pages of other origins are held off."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from local.stack import Stack
from tests.journeys.bringing import accepted
from tests.journeys.conftest import Person, document, draft, part_link, tiny_fastq
from tests.journeys.test_journey import Cli

BODY = tiny_fastq(reads=60_000, seed=181)
FOREIGN = "https://evil.example.net"


@pytest.fixture(scope="module")
def public(ana: Person, chen: Person) -> dict[str, Any]:
    """A released dataset of one file of some megabytes."""
    files = [("killed.fastq.gz", BODY)]
    made = accepted(ana, chen, document(files, "Killed in the middle"), files)
    run = made["accessions"]["run/r1"]
    return made | {"name": f"{run}_f1.fq.gz"}


@pytest.fixture
def breaks(stack: Stack, public: dict[str, Any]) -> Iterator[str]:
    """Each answer with the file's bytes breaks off after 400,000 of them."""
    place = f"{stack.endpoint_url}/_gate/faults"
    rule = {"method": "GET", "path": public["name"], "action": "drop", "after_bytes": 400_000}
    assert requests.post(place, json=rule, timeout=10).status_code == 200
    yield place
    requests.delete(place, timeout=10)


def _sent(stack: Stack, name: str) -> int:
    """Bytes of the file that ever left the store."""
    place = f"{stack.endpoint_url}/_gate/received"
    return requests.get(place, params={"path": name}, timeout=10).json()["object_bytes_sent"]


def _killed(cli: Cli, dataset: str, folder: Path, name: str) -> int:
    """Kill a download once some of it has come; how many bytes lie there."""
    command = [str(Path(sys.executable).parent / "biotheca"), "download", dataset, "--to", str(folder)]
    process = subprocess.Popen(command, env=cli.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    partial, until = folder / f"{name}.part", time.monotonic() + 60
    while process.poll() is None and time.monotonic() < until:
        assert not (folder / name).exists()  # never a half file under the final name
        if partial.exists() and partial.stat().st_size >= 700_000:
            break
        time.sleep(0.01)
    process.kill()
    assert process.wait() == -9
    return partial.stat().st_size


def test_a_download_whose_process_is_killed_goes_on_where_it_was(
    public: dict[str, Any], stack: Stack, breaks: str, tmp_path: Path
) -> None:
    cli, folder, name = Cli(tmp_path / "reader", stack.front_url), tmp_path / "got", public["name"]
    there = _killed(cli, public["dataset"], folder, name)
    assert 700_000 <= there < len(BODY) and not (folder / name).exists()
    requests.delete(breaks, timeout=10)
    before = _sent(stack, name)
    cli.run("download", public["dataset"], "--to", str(folder))
    assert _sent(stack, name) - before == len(BODY) - there  # no byte came a second time
    assert hashlib.sha256((folder / name).read_bytes()).digest() == hashlib.sha256(BODY).digest()
    assert [p.name for p in folder.iterdir()] == [name]


def test_of_another_version_nothing_is_appended_to_what_lies_there(
    public: dict[str, Any], stack: Stack, breaks: str, tmp_path: Path
) -> None:
    cli, folder, name = Cli(tmp_path / "reader", stack.front_url), tmp_path / "got", public["name"]
    _killed(cli, public["dataset"], folder, name)
    requests.delete(breaks, timeout=10)
    kept = folder / f"{name}.part.etag"
    assert kept.read_text().startswith('"')
    kept.write_text('"' + "0" * 32 + '"')  # what lies there began with another version
    before = _sent(stack, name)
    cli.run("download", public["dataset"], "--to", str(folder))
    assert len(BODY) <= _sent(stack, name) - before < len(BODY) + 2000  # all of it, and the refusal's words
    assert hashlib.sha256((folder / name).read_bytes()).digest() == hashlib.sha256(BODY).digest()


# --- pages of other origins ---


def _asked(url: str, origin: str, method: str, headers: str = "") -> requests.Response:
    """What a browser asks before it sends a request from a page of an origin."""
    told = {"Origin": origin, "Access-Control-Request-Method": method}
    return requests.options(
        url, headers=told | ({"Access-Control-Request-Headers": headers} if headers else {}), timeout=10
    )


@pytest.fixture(scope="module")
def link(ana: Person) -> dict[str, Any]:
    """A presigned link to the first part of a file of Ana's."""
    made = draft(ana, [("from_a_page.fastq.gz", b"some bytes")], "Sent by a page")
    return part_link(ana, made["files"][0]["id"], b"some bytes")


def test_the_portals_page_may_send_parts_and_read_their_tags(link: dict[str, Any], stack: Stack) -> None:
    allowed = _asked(link["url"], stack.front_url, "PUT", "content-type,x-amz-checksum-sha256")
    assert allowed.status_code == 200
    assert allowed.headers["Access-Control-Allow-Origin"] == stack.front_url
    assert "PUT" in allowed.headers["Access-Control-Allow-Methods"]
    assert "x-amz-checksum-sha256" in allowed.headers["Access-Control-Allow-Headers"]
    put = requests.put(
        link["url"], data=b"some bytes", headers=link["headers"] | {"Origin": stack.front_url}, timeout=10
    )
    assert put.status_code == 200 and put.headers["ETag"]
    assert put.headers["Access-Control-Allow-Origin"] == stack.front_url
    assert {"ETag", "x-amz-checksum-sha256"} <= set(put.headers["Access-Control-Expose-Headers"].split(", "))


@pytest.mark.parametrize(
    "origin, method, headers",
    [
        (FOREIGN, "PUT", ""),
        ("null", "PUT", ""),
        ("http://localhost.evil.example.net", "PUT", ""),
        ("http://localhost:1", "DELETE", ""),
        ("http://localhost:1", "POST", ""),
        ("http://localhost:1", "PUT", "x-amz-acl"),
        ("http://localhost:1", "PUT", "authorization"),
    ],
)
def test_the_store_refuses_what_no_rule_of_its_bucket_allows(
    link: dict[str, Any], origin: str, method: str, headers: str
) -> None:
    refused = _asked(link["url"], origin, method, headers)
    assert refused.status_code == 403 and "AccessForbidden" in refused.text
    assert "Access-Control-Allow-Origin" not in refused.headers


def test_a_foreign_page_cannot_read_what_the_store_answers(link: dict[str, Any]) -> None:
    put = requests.put(link["url"], data=b"some bytes", headers=link["headers"] | {"Origin": FOREIGN}, timeout=10)
    assert not [name for name in put.headers if name.lower().startswith("access-control-")]
    wrong = requests.put(link["url"], data=b"other byte", headers=link["headers"] | {"Origin": FOREIGN}, timeout=10)
    assert wrong.status_code >= 400
    assert not [name for name in wrong.headers if name.lower().startswith("access-control-")]


def test_a_page_of_the_portal_reads_ranges_and_others_do_not(
    public: dict[str, Any], nobody: Person, stack: Stack
) -> None:
    place = f"/v1/records/{public['dataset']}/files/{public['name']}?redirect=false"
    url = nobody.get(place)["url"]
    assert _asked(url, stack.front_url, "GET", "range,if-match").status_code == 200
    assert _asked(url, FOREIGN, "GET", "range").status_code == 403
    got = requests.get(url, headers={"Range": "bytes=10-19", "Origin": stack.front_url}, timeout=10)
    assert got.status_code == 206 and got.content == BODY[10:20]
    assert {"ETag", "Content-Range"} <= set(got.headers["Access-Control-Expose-Headers"].split(", "))
    other = requests.get(url, headers={"Range": "bytes=10-19", "Origin": FOREIGN}, timeout=10)
    assert "Access-Control-Allow-Origin" not in other.headers


@pytest.mark.parametrize("path", ["/v1/me", "/v1/submissions", "/v1/search?q=x", "/v1/health", "/nowhere"])
def test_the_api_is_of_one_origin_and_says_so_to_every_other(path: str, nobody: Person, ana: Person) -> None:
    """Portal and API have one address: a browser asks nothing there, and no other page is ever told yes."""
    for origin in (FOREIGN, "null", nobody.url):
        told = {
            "Origin": origin,
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "authorization",
        }
        for answer in (
            nobody.call("OPTIONS", path, headers=told),
            nobody.call("GET", path, headers={"Origin": origin}),
            ana.call("GET", path, headers={"Origin": origin}),
        ):
            assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
        assert nobody.call("OPTIONS", path, headers=told).status_code >= 400


def test_parts_are_listed_to_the_page_through_the_api(ana: Person, link: dict[str, Any]) -> None:
    """The memory of an upload is ListParts, read by the API for whoever owns the file: no page lists parts at S3."""
    listed = _asked(link["url"].split("?")[0] + "?uploads", FOREIGN, "GET")
    assert listed.status_code == 403
    made = draft(ana, [("listed.fastq.gz", b"listed")], "Listed")
    file_id = made["files"][0]["id"]
    sent = part_link(ana, file_id, b"listed")
    requests.put(sent["url"], data=b"listed", headers=sent["headers"], timeout=10)
    assert [(p["number"], p["size_bytes"]) for p in ana.get(f"/v1/files/{file_id}/parts")["items"]] == [(1, 6)]
