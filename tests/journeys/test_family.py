"""One project with a dataset in every member database that takes files: open to all, and all of it to be found."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from playwright.sync_api import Browser

from biotheca import catalog
from local.stack import Stack
from tests import fair
from tests.journeys import test_fifth_member as fifth
from tests.journeys.asking import controlled_dataset
from tests.journeys.bringing import accepted
from tests.journeys.browser import surfing
from tests.journeys.conftest import Person, document, eventually, tiny_fastq
from tests.unit.members.human import human_document, omix_document

Files = list[tuple[str, bytes]]
READS: Files = [("family.fastq.gz", tiny_fastq(seed=71))]
PAIRS: Files = [(f"family_p{n}_{m}.fq.gz", tiny_fastq(seed=73 + n, mate=m)) for n in (0, 1) for m in (1, 2)]
LOT: Files = [("family_lot.fastq.gz", tiny_fastq(seed=77))]
TABLE: Files = [("family.csv", b"id,day,value\nP1,1,2.5\nP2,1,3.5\n")]


def _inside(whole: dict[str, Any], project: str, section: str = "study") -> dict[str, Any]:
    """The document with the project's number in the place of a project of its own."""
    whole.pop("project", None)
    whole[section].pop("external_project", None)
    whole[section]["project"] = project
    return whole


@pytest.fixture(scope="module")
def family(ana: Person, chen: Person) -> dict[str, tuple[str, dict[str, bytes]]]:
    """Member -> its dataset and what was sent by name; the first brings the project, the others are put into it."""
    first = accepted(ana, chen, document(READS, "A family of data"), READS)
    project = ana.get(f"/v1/records/{first['dataset']}")["links"]["project"][0]
    made = {"gsa": (first, READS)}
    for member, whole, files in (
        ("gsa-human", _inside(human_document("cell_line", PAIRS), project), PAIRS),
        ("omix", _inside(omix_document(TABLE), project), TABLE),
        (fifth.MEMBER, _inside(fifth.metadata(*LOT), project, "collection"), LOT),
    ):
        made[member] = accepted(ana, chen, whole, files, member=member, access="open"), files
    return {member: (done["dataset"], dict(files)) for member, (done, files) in made.items()}


def test_open_files_of_every_member_come_by_ranges_without_an_account(
    family: dict[str, tuple[str, dict[str, bytes]]], nobody: Person
) -> None:
    offered = [m for m in nobody.get("/v1/members")["items"] if m["has_files"] and "open" in m["access_modes"]]
    # What is made anew of the files that were sent has a journey of its own: test_obia.py, ranges too.
    anew = {member.id for member in catalog.members().values() if member.made_anew_by}
    assert {m["id"] for m in offered} - anew == set(family), "a member is not in this matrix"
    for member, (dataset, sent) in family.items():
        listed = nobody.get(f"/v1/records/{dataset}/files")["items"]
        assert {file["original_name"] for file in listed} == set(sent), member
        for file in listed:
            body = sent[file["original_name"]]
            link = nobody.call("GET", f"/v1/records/{dataset}/files/{file['name']}")
            assert link.status_code == 302 and "Authorization" not in link.request.headers
            for first, last in ((0, 0), (7, 19), (len(body) - 5, len(body) + 100)):
                wanted = {"Range": f"bytes={first}-{last}"}
                part = requests.get(link.headers["Location"], headers=wanted, timeout=30)
                assert (part.status_code, part.content) == (206, body[first : last + 1]), (member, file["name"])
                ends = min(last, len(body) - 1)
                assert part.headers["Content-Range"] == f"bytes {first}-{ends}/{len(body)}"
            beyond = requests.get(link.headers["Location"], headers={"Range": f"bytes={len(body)}-"}, timeout=30)
            assert beyond.status_code == 416


def test_a_project_leads_to_its_parts_in_every_member(
    family: dict[str, tuple[str, dict[str, bytes]]], nobody: Person, stack: Stack, chrome: Browser
) -> None:
    projects = {nobody.get(f"/v1/records/{dataset}")["links"]["project"][0] for dataset, _ in family.values()}
    (project,) = projects
    parts = {row["accession"]: row for row in nobody.pages(f"/v1/records/{project}/datasets?limit=2")}
    assert {a: row["member"] for a, row in parts.items()} == {dataset: m for m, (dataset, _) in family.items()}
    below = nobody.get(f"/v1/records/{project}/below")
    assert below["complete"] and {row["member"] for row in below["items"]} == set(family)
    assert set(parts) <= {row["accession"] for row in below["items"]}
    with surfing(chrome, stack.front_url) as surfer:
        page = surfer.open(f"index.html#{project}")
        page.get_by_role("heading", name="Datasets of this project").wait_for()
        text = page.locator("#record").inner_text()
        assert all(dataset in text for dataset in parts)


def test_a_record_of_each_member_is_fair(
    family: dict[str, tuple[str, dict[str, bytes]]], nobody: Person, ana: Person, chen: Person, ada: Person
) -> None:
    """At nine checks of ten and more; the checks know nothing of the archive but its address (tests.fair)."""
    search = f"{nobody.url}/v1/search?q={{}}"
    for member, (dataset, _) in family.items():
        eventually(lambda dataset=dataset: nobody.get(f"/v1/search?q={dataset}")["items"])
        found = fair.assess(nobody.url, dataset, search)
        assert len(found.passed) == 16 and found.percent >= 90, (member, found.why)
        assert all(found.passed[one] for one in found.passed if "R1.1" in one or "A1-01" in one), (member, found.why)
    closed = controlled_dataset(ana, chen, seeds=(79,)).dataset
    eventually(lambda: nobody.get(f"/v1/search?q={closed}")["items"])
    found = fair.assess(nobody.url, closed, search)
    assert len(found.passed) == 12 and found.percent >= 90, found.why
    reason = {"act": "suppress", "reason": "Asked for by its owner."}
    assert ada.call("PUT", f"/v1/records/{closed}/visibility", json=reason).status_code == 200
    taken = fair.kept(nobody.url, closed)
    assert taken.percent == 100, taken.why
