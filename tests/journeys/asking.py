"""Short ways to a controlled dataset, and to a request for its files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import requests

from tests.journeys.bringing import choose_committee
from tests.journeys.conftest import Person, send, tiny_fastq, wait_for
from tests.journeys.test_fifth_member import MEMBER, metadata

ANSWERS = {
    "title": "Drought in seeds",
    "purpose": "To find variants that make rice bear drought.",
    "plan": "Align, call variants, test for association.",
    "output": "A paper and a list of variants",
    "organisation": "Institute of Rice",
    "position": "Postdoctoral researcher",
    "country": "China",
    "investigator": "Group of plant genomics",
    "for_profit": "no",
    "leaves_country": "no",
    "ethics_approval": "2026-IRB-017",
    "security": "On an encrypted server of the institute, deleted by June.",
    "data_use": ["DUO:0000042"],
}
AGREED = {"data_transfer_agreement": 1}


@dataclass
class Controlled:
    """A released dataset under a committee, and what its files hold."""

    dataset: str
    committee: str
    submission: str
    bodies: dict[str, bytes]

    @property
    def files(self) -> str:
        return f"/v1/records/{self.dataset}/files"

    def name(self, owner: Person) -> str:
        """The published name of its first file."""
        return str(owner.get(self.files)["items"][0]["name"])


def controlled_dataset(
    owner: Person, curator: Person, seeds: tuple[int, ...] = (611,), committee: str = "", rule: str = "one"
) -> Controlled:
    """A dataset with controlled access, brought all the way to its release."""
    bodies = {f"lot{seed}.fastq.gz": tiny_fastq(seed=seed) for seed in seeds}
    wanted = {"member": MEMBER, "title": "Rare lots", "access": "controlled"}
    made = owner.post("/v1/submissions", wanted)
    document = metadata(*bodies.items())
    document["collection"]["title"] = "Rarities under lock"
    described = owner.call("PUT", f"/v1/submissions/{made['id']}/metadata", json=document)
    assert described.status_code == 200, described.text
    if committee:
        body = {"committee": committee}
        assert owner.call("PUT", f"/v1/submissions/{made['id']}/committee", json=body).status_code == 200
    else:
        committee = choose_committee(owner, made["id"], rule=rule)
    owner.post(f"/v1/submissions/{made['id']}/submit")
    for file in described.json()["files"]:
        send(owner, file["id"], bodies[file["name"]])
    wait_for(curator, made["id"], "data_review")
    curator.post(f"/v1/curation/{made['id']}/decision", {"decision": "accept"})
    done = wait_for(owner, made["id"], "released")
    return Controlled(done["dataset"], committee, made["id"], bodies)


def handed_in(person: Person, dataset: str, files: tuple[str, ...] = (), **answers: Any) -> dict[str, Any]:
    """A request with its number, waiting for the committee."""
    made = person.post("/v1/requests", {"dataset": dataset})
    filled = {"answers": ANSWERS | answers, "files": list(files), "documents": AGREED}
    answer = person.call("PUT", f"/v1/requests/{made['id']}", json=filled)
    assert answer.status_code == 200, answer.text
    return person.post(f"/v1/requests/{made['id']}/submit")


def granted(person: Person, decider: Person, dataset: str, **more: Any) -> str:
    """The number of a request that was approved."""
    number = handed_in(person, dataset, **more)["number"]
    decided = decider.post(f"/v1/requests/{number}/votes", {"decision": "approve"})
    assert decided["state"] == "approved", decided
    return str(number)


def fetched(person: Person, place: str) -> bytes:
    """The bytes behind the link that a person gets."""
    link = person.get(f"{place}?redirect=false")["url"]
    return requests.get(link, timeout=30).content


def told(answer: requests.Response, *hidden: str) -> tuple[int, str]:
    """Status and body of an answer without what differs from call to call."""
    text = str(answer.json() | {"instance": ""})
    for word in hidden:
        text = text.replace(word, "IT")
    return answer.status_code, text
