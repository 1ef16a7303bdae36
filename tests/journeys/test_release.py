"""Release over HTTP: registries, dates, parents and siblings, bulk; suppress to replace; corrections, additions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from biotheca.catalog.archive import day_of
from local.stack import Stack
from tests.journeys.bringing import accepted, registered, samples
from tests.journeys.conftest import Person, document, draft, eventually, tiny_fastq


def _day(stack: Stack, days: int) -> str:
    return (day_of(stack.clock.now()) + timedelta(days=days)).isoformat()


def _hits(nobody: Person, accession: str) -> list[str]:
    return [hit["accession"] for hit in nobody.get(f"/v1/search?q={accession}")["items"]]


@pytest.fixture(scope="module")
def held(stack: Stack, ana: Person) -> dict[str, Any]:
    """One project and four samples, registered on their own and private until a far day."""
    on = {"release": {"mode": "on_date", "date": _day(stack, 400)}}
    project = document([], "Registered")["project"]
    one = registered(ana, "bioproject", {"projects": [project]}, "archived", **on)
    many = registered(ana, "biosample", samples(4, "Registered sample"), "archived", **on)
    assert len(many["accessions"]) == 4, many
    return {
        "project": one["accessions"]["project/p1"],
        "samples": [many["accessions"][f"sample/s{n}"] for n in range(1, 5)],
        "submission": many["id"],
    }


def _using(held: dict[str, Any], files: list[tuple[str, bytes]], title: str) -> dict[str, Any]:
    made = document(files, title)
    del made["project"], made["samples"]
    made["study"]["project"] = held["project"]
    made["experiments"][0]["sample"] = held["samples"][0]
    return made


def _codes(person: Person, accessions: list[str]) -> list[int]:
    return [person.call("GET", f"/v1/records/{accession}").status_code for accession in accessions]


def test_registered_records_serve_two_datasets_and_become_public_with_them_but_no_sibling(
    ana: Person, chen: Person, nobody: Person, held: dict[str, Any]
) -> None:
    assert _codes(nobody, [held["project"], *held["samples"]]) == [404] * 5
    own = {r["accession"] for r in ana.get("/v1/records?type=sample&visibility=private&limit=200")["items"]}
    assert set(held["samples"]) <= own
    done = []
    for seed in (81, 82):
        files = [(f"use{seed}.fastq.gz", tiny_fastq(seed=seed))]
        done.append(accepted(ana, chen, _using(held, files, f"Use {seed}"), files))
    assert [d["state"] for d in done] == ["released", "released"]
    assert _codes(nobody, [held["project"], *held["samples"]]) == [200, 200, 404, 404, 404]
    # What a release pulled up from another submission is found, too.
    eventually(lambda: _hits(nobody, held["project"]) and _hits(nobody, held["samples"][0]))
    assert _hits(nobody, held["samples"][1]) == []
    listed = nobody.get(f"/v1/records/{held['project']}/datasets")["items"]
    assert {row["accession"] for row in listed} == {d["dataset"] for d in done}
    for one in done:
        experiment = nobody.get(f"/v1/records/{one['accessions']['experiment/e1']}")
        assert experiment["links"]["sample"] == [held["samples"][0]]


def test_samples_are_released_alone_and_in_bulk_and_the_rest_at_its_date(
    ana: Person, nobody: Person, stack: Stack, held: dict[str, Any]
) -> None:
    _, alone, one, other = held["samples"]
    answer = ana.call("PUT", f"/v1/records/{alone}/release", json={"mode": "immediately"})
    assert answer.status_code == 202, answer.text
    eventually(lambda: _codes(nobody, [alone]) == [200])
    rows = ana.post("/v1/releases", {"accessions": [one, "SAMC999999"], "release": {"mode": "immediately"}})["items"]
    assert [row["done"] for row in rows] == [True, False]
    eventually(lambda: _codes(nobody, [one]) == [200] and _hits(nobody, one))
    assert _codes(nobody, [other]) == [404]
    nearer = {"mode": "on_date", "date": _day(stack, 3)}
    assert ana.call("PUT", f"/v1/submissions/{held['submission']}/release", json=nearer).status_code == 200
    try:
        stack.clock.advance(timedelta(days=4))
        stack.ticker.fire("ReleaseDue")
        eventually(lambda: _codes(nobody, [other]) == [200])
    finally:
        stack.clock.reset()
    assert ana.get(f"/v1/submissions/{held['submission']}")["state"] == "released"


def test_a_date_in_the_past_or_beyond_two_years_is_refused_and_one_ahead_is_postponed(
    ana: Person, chen: Person, nobody: Person, stack: Stack
) -> None:
    files = [("dated.fastq.gz", tiny_fastq(seed=83))]
    dated = {"release": {"mode": "on_date", "date": _day(stack, 10)}}
    made = accepted(ana, chen, document(files, "Dated"), files, "archived", **dated)
    place = f"/v1/submissions/{made['id']}/release"
    for days in (-1, 740):
        refused = ana.call("PUT", place, json={"mode": "on_date", "date": _day(stack, days)})
        assert refused.status_code == 422 and refused.json()["findings"][0]["rule"] == "release.date"
    told = ana.get(f"/v1/records/{made['dataset']}/release")
    assert told["count"] == 5 and _codes(nobody, [made["dataset"]]) == [404]
    assert ana.call("PUT", place, json={"mode": "on_date", "date": _day(stack, 30)}).status_code == 200
    try:
        stack.clock.advance(timedelta(days=12))
        stack.ticker.fire("ReleaseDue")
        assert _codes(nobody, [made["dataset"]]) == [404]
        stack.clock.advance(timedelta(days=19))
        stack.ticker.fire("ReleaseDue")
        eventually(lambda: _codes(nobody, [made["dataset"]]) == [200])
    finally:
        stack.clock.reset()


def test_suppressed_withdrawn_restored_and_replaced_as_a_stranger_meets_them(
    ana: Person, chen: Person, ada: Person, nobody: Person
) -> None:
    first, second = (
        accepted(ana, chen, document(files, f"Door {seed}"), files)
        for seed in (84, 85)
        if (files := [(f"door{seed}.fastq.gz", tiny_fastq(seed=seed))])
    )
    dataset, successor = first["dataset"], second["dataset"]
    doors = (f"/v1/records/{dataset}", f"/v1/records/{dataset}/files", f"/r/{dataset}")

    def met() -> list[int]:
        return [nobody.call("GET", path).status_code for path in doors]

    def act(name: str, **more: str) -> int:
        body = {"act": name, "reason": "A journey asks", **more}
        return ada.call("PUT", f"/v1/records/{dataset}/visibility", json=body).status_code

    eventually(lambda: _hits(nobody, dataset))
    assert met() == [200, 200, 302]
    assert ana.call(
        "PUT", f"/v1/records/{dataset}/visibility", json={"act": "suppress", "reason": "me"}
    ).status_code in (
        403,
        422,
    )
    assert act("suppress") == 200 and met() == [200, 404, 302]
    assert nobody.get(doors[0])["reason"] == "A journey asks"
    eventually(lambda: not _hits(nobody, dataset))
    assert act("restore") == 200 and met() == [200, 200, 302]
    eventually(lambda: _hits(nobody, dataset))
    assert act("withdraw") == 200 and met() == [410, 410, 410]
    tombstone = nobody.call("GET", doors[0]).json()
    assert "A journey asks" in tombstone["detail"] and "Door 84" not in str(tombstone)
    assert act("restore") == 200
    assert act("replace", replaced_by=successor) == 200
    answer = nobody.call("GET", doors[2])
    assert answer.status_code == 302 and answer.headers["Location"] == f"/v1/records/{successor}"


def test_a_correction_that_a_curator_accepts_is_version_two_and_version_one_stays(
    ana: Person, chen: Person, nobody: Person
) -> None:
    files = [("fixed.fastq.gz", tiny_fastq(seed=86))]
    made = accepted(ana, chen, document(files, "To be corrected"), files)
    sample = made["accessions"]["sample/s1"]
    asked = ana.post(f"/v1/records/{sample}/corrections", {"changes": {"strain": "K-12"}, "text": "Wrong strain"})
    assert nobody.get(f"/v1/records/{sample}")["attributes"]["strain"] == "synthetic"
    assert asked["id"] in {c["id"] for c in chen.get("/v1/corrections?limit=200")["items"]}
    chen.post(f"/v1/records/{sample}/corrections/{asked['id']}", {"decision": "accept"})
    now = nobody.get(f"/v1/records/{sample}")
    assert now["version"] == 2 and now["attributes"]["strain"] == "K-12"
    assert nobody.get(f"/v1/records/{sample}/versions/1")["attributes"]["strain"] == "synthetic"
    told = nobody.get(f"/v1/records/{sample}/difference?from=1&to=2")["fields"]
    assert told == [{"field": "strain", "from": "synthetic", "to": "K-12"}]


def test_new_runs_join_a_dataset_and_one_takes_anothers_place(ana: Person, chen: Person, nobody: Person) -> None:
    files = [("grown.fastq.gz", tiny_fastq(seed=87))]
    made = accepted(ana, chen, document(files, "Grows"), files)
    old = made["accessions"]["run/r1"]
    more = [("better.fastq.gz", tiny_fastq(seed=88))]
    added = document(more, "Grows")
    del added["project"], added["study"], added["samples"]
    added["experiments"][0] |= {"alias": "e2", "sample": made["accessions"]["sample/s1"]}
    added["runs"][0] |= {"alias": "r2", "experiment": "e2", "replaces": old}
    done = accepted(ana, chen, added, more, extends=made["dataset"])
    assert done["state"] == "released"
    new = done["accessions"]["run/r2"]
    assert nobody.get(f"/v1/records/{made['dataset']}")["version"] == 2
    assert nobody.call("GET", f"/r/{old}").headers["Location"] == f"/v1/records/{new}"
    came = nobody.get(f"/v1/records/{made['dataset']}/difference?from=1&to=2")
    assert new in came["added"] and came["removed"] == [old]


def test_what_a_draft_names_is_not_deleted(ana: Person, nobody: Person) -> None:
    made = registered(
        ana, "biosample", samples(2, "Deleted"), "archived", release={"mode": "on_date", "date": "2027-06-01"}
    )
    used, free = made["accessions"]["sample/s1"], made["accessions"]["sample/s2"]
    files = [("named.fastq.gz", tiny_fastq(seed=89))]
    opened = draft(ana, files, "Names a sample")
    naming = document(files, "Names a sample")
    del naming["samples"]
    naming["experiments"][0]["sample"] = used
    answer = ana.call("PUT", f"/v1/submissions/{opened['id']}/metadata", json=naming)
    assert answer.status_code == 200, answer.text
    refused = ana.call("DELETE", f"/v1/records/{used}")
    assert refused.status_code == 409 and refused.json()["rule"] == "publication.referred_to"
    assert ana.call("DELETE", f"/v1/records/{free}").status_code == 204
    assert ana.call("DELETE", f"/v1/submissions/{opened['id']}").status_code == 204
    assert ana.call("DELETE", f"/v1/records/{used}").status_code == 204
