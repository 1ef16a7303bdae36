"""Numbers of authorities on the laptop: the release waits, its owner reads for what, a curator verifies at the desk."""

from __future__ import annotations

import pytest

from tests.journeys.bringing import accepted
from tests.journeys.browser import Surfer
from tests.journeys.conftest import Person, eventually, tiny_fastq, wait_for
from tests.journeys.portal import look
from tests.unit.members.human import human_document
from tests.unit.publication.test_gate import ABROAD, APPROVAL, BACKUP, SAID

READS = [(f"n{n}_{m}.fq.gz", tiny_fastq(seed=940 + n, mate=m)) for n in (0, 1) for m in (1, 2)]


@pytest.fixture(scope="module")
def waiting(ana: Person, chen: Person) -> str:
    """The id of a study that foreign parties take part in: accepted, archived, and kept back."""
    document = human_document("disease", READS)
    document["study"] |= ABROAD | {"resource_records": [BACKUP, APPROVAL]}
    made = accepted(ana, chen, document, READS, state="archived", member="gsa-human", release={"mode": "immediately"})
    eventually(lambda: ana.get(f"/v1/submissions/{made['id']}")["waits_for"])
    return str(made["id"])


def test_the_release_waits_until_a_curator_verified_both_numbers(
    waiting: str, ana: Person, li: Person, nobody: Person, ana_surfs: Surfer, chen_surfs: Surfer
) -> None:
    place = f"/v1/submissions/{waiting}/human-resources"
    told = ana.get(place)
    assert not told["open"] and {f["rule"] for f in told["findings"]} == {"jurisdiction.document_not_verified"}
    assert li.call("GET", place).status_code == li.call("POST", place, json=SAID).status_code == 404
    assert ana.call("POST", place, json=SAID).status_code == 403
    dataset = ana.get(f"/v1/submissions/{waiting}")["dataset"]
    assert nobody.call("GET", f"/v1/records/{dataset}").status_code == 404
    page = ana_surfs.open(f"submissions.html#s/{waiting}")
    page.locator("#release-gate").wait_for()
    assert "The release waits" in page.locator("#release-gate").inner_text()
    assert page.get_by_role("button", name="Verify").count() == 0
    look(page, "numbers")
    desk = chen_surfs.open("desk.html#queue/release")
    desk.locator(f"a[href='#s/{waiting}']").click()
    for left in (2, 1):
        desk.get_by_role("button", name="Verify").nth(left - 1).wait_for()
        desk.get_by_role("button", name="Verify").first.click()
    wait_for(ana, waiting, "released")
    assert nobody.get(f"/v1/records/{dataset}")["visibility"] == "public"
    lines = ana.get(f"/v1/submissions/{waiting}/history?limit=200")["items"]
    assert [line["event"] for line in lines].count("number checked") == 2
