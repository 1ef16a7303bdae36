"""Short ways to submissions in some state, for journeys that need many of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from tests.journeys.conftest import Person, document, send, wait_for

Files = Sequence[tuple[str, bytes]]


def with_runs(files: Files, title: str) -> dict[str, Any]:
    """Metadata with one run for each file, all of one library."""
    made = document(list(files[:1]), title)
    (run,) = made["runs"]
    made["runs"] = [
        run
        | {
            "alias": f"r{n}",
            "title": f"{title} run {n}",
            "files": [{"name": name, "md5": hashlib.md5(body).hexdigest()}],
        }
        for n, (name, body) in enumerate(files, 1)
    ]
    return made


def handed_in(
    person: Person, metadata: dict[str, Any], files: Files = (), member: str = "gsa", **more: Any
) -> dict[str, Any]:
    """A submission with its files, handed in. `more`: release, extends."""
    made = person.post("/v1/submissions", {"member": member, "title": "Brought by a journey", **more})
    answer = person.call("PUT", f"/v1/submissions/{made['id']}/metadata", json=metadata)
    assert answer.status_code == 200, answer.text
    by_name = {f["name"]: f["id"] for f in answer.json()["files"]}
    if made["access"] != "open":
        choose_committee(person, made["id"])
    person.post(f"/v1/submissions/{made['id']}/submit")
    for name, body in files:
        send(person, by_name[name], body)
    return answer.json()


def choose_committee(person: Person, submission_id: str, name: str = "Keepers of seeds", rule: str = "one") -> str:
    """The number of a new committee of the person's that decides on requests to a submission's files."""
    number = person.post("/v1/committees", {"name": name, "rule": rule})["number"]
    answer = person.call("PUT", f"/v1/submissions/{submission_id}/committee", json={"committee": number})
    assert answer.status_code == 200, answer.text
    return str(number)


def settled(curator: Person, submission: str) -> None:
    """Every finding of private content is decided as harmless, as a careless curator would."""
    rows = curator.get(f"/v1/curation/{submission}")["checklist"]
    decisions = [{"finding": r["finding"], "decision": "harmless"} for r in rows if r["must_be_decided"]]
    body = {"decisions": decisions}
    assert not decisions or curator.call("PUT", f"/v1/curation/{submission}/checklist", json=body).status_code == 200


def accepted(
    person: Person, curator: Person, metadata: dict[str, Any], files: Files, state: str = "released", **more: Any
) -> dict[str, Any]:
    """A submission that a curator accepted, once it is in a state."""
    made = handed_in(person, metadata, files, **more)
    wait_for(curator, made["id"], "data_review")
    curator.post(f"/v1/curation/{made['id']}/decision", {"decision": "accept"})
    return wait_for(person, made["id"], state, "held") | {"files_of": made["files"]}


def registered(person: Person, member: str, metadata: dict[str, Any], state: str, **more: Any) -> dict[str, Any]:
    """A registry's submission, which no person decides on."""
    return wait_for(person, handed_in(person, metadata, member=member, **more)["id"], state, "held")


def samples(count: int, title: str) -> dict[str, Any]:
    """A document of the registry of samples; up to four."""
    (one,) = document([], title)["samples"]
    told = ("Grown on agar at noon", "Taken from a cold river", "Leaf of an old tree", "Second wash of a filter")
    return {
        "samples": [
            one
            | {"alias": f"s{n}", "title": f"{title} {n}", "isolation_source": f"place {n}", "description": told[n - 1]}
            for n in range(1, count + 1)
        ]
    }
