"""What is open in the metadata is looked at by a person; what is clean passes by itself."""

from __future__ import annotations

import copy
from typing import Any

from tests.journeys.conftest import Person, document, send, tiny_fastq, wait_for

PLACES = ("leaf", "root of a seedling", "river water", "compost heap", "gut of an earthworm")


def five_samples(body: bytes, dates: list[str]) -> dict[str, Any]:
    """One run and five samples that differ in where they are from and when they were taken."""
    made = document([("review.fastq.gz", body)], "Five places")
    first = made["samples"][0]
    made["samples"] = [
        copy.deepcopy(first)
        | {
            "alias": f"s{n + 1}",
            "title": f"From the {place}",
            "isolation_source": place,
            "collection_date": date,
            "description": f"Bacteria scraped from the {place}",
        }
        for n, (place, date) in enumerate(zip(PLACES, dates, strict=True))
    ]
    return made


def test_dates_that_count_up_are_seen_by_a_curator_and_the_revision_passes_by_itself(ana: Person, chen: Person) -> None:
    body = tiny_fastq(seed=404)
    made = ana.post("/v1/submissions", {"member": "gsa", "title": "Five places"})
    place = f"/v1/submissions/{made['id']}"
    dragged = five_samples(body, [f"2026-03-0{n}" for n in range(1, 6)])
    described = ana.call("PUT", f"{place}/metadata", json=dragged)
    assert described.status_code == 200, described.text
    warned = {f["rule"] for f in described.json()["findings"]}
    assert "plausibility.drag_fill" in warned, described.json()["findings"]
    ana.post(f"{place}/submit")
    send(ana, described.json()["files"][0]["id"], body)
    wait_for(chen, made["id"], "metadata_review")
    queued = chen.get("/v1/curation/queue?view=metadata&limit=200")["items"]
    assert made["id"] in {item["id"] for item in queued}
    told = ana.get(place)
    assert told["queue"]["position"] >= 1, told
    reason = {"code": "sample.dates", "text": "The dates count up by one."}
    chen.post(f"/v1/curation/{made['id']}/decision", {"decision": "return", "reasons": [reason]})
    wait_for(ana, made["id"], "revision_requested")
    true = five_samples(body, ["2026-03-01", "2026-03-01", "2026-03-04", "2026-03-09", "2026-03-02"])
    mended = ana.call("PUT", f"{place}/metadata", json=true)
    assert mended.status_code == 200 and mended.json()["warnings"] == 0, mended.text
    ana.post(f"{place}/submit")
    wait_for(chen, made["id"], "data_review")
    words = [line["words"] for line in ana.get(f"{place}/history?limit=200")["items"]]
    assert any("accepted automatically" in line for line in words)
    assert sum("began" in line and "Upload" in line for line in words) == 1  # the file was sent once
