"""A dataset of people becomes open and controlled again after its release: bytes, doors and links follow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests

from tests.journeys.bringing import accepted
from tests.journeys.conftest import Person, eventually, tiny_fastq
from tests.unit.members.human import human_document

READS = [(f"m{n}_{m}.fq.gz", tiny_fastq(seed=960 + n, mate=m)) for n in (0, 1) for m in (1, 2)]


def _versions(aws: Callable[[str], Any], dataset: str) -> dict[str, int]:
    """open, controlled -> how many versions of reads of the dataset lie there."""
    s3, found = aws("s3"), {}
    for bucket in (b["Name"] for b in s3.list_buckets()["Buckets"] if "archive" in b["Name"]):
        rows = s3.list_object_versions(Bucket=bucket).get("Versions", [])
        count = sum(dataset in row["Key"] and row["Key"].endswith(".fq.gz") for row in rows)
        if count:
            found["controlled" if "controlled" in bucket else "open"] = count
    return found


def test_files_follow_the_access_mode_after_release(
    ana: Person, chen: Person, nobody: Person, aws: Callable[[str], Any]
) -> None:
    made = accepted(ana, chen, human_document("disease", READS), READS, member="gsa-human")
    dataset, access = made["dataset"], f"/v1/submissions/{made['id']}/access"
    assert _versions(aws, dataset) == {"controlled": 4}
    answer = chen.call("PUT", access, json={"access": "open", "reason": "Consent to open access came."})
    assert answer.status_code == 200, answer.text
    eventually(lambda: _versions(aws, dataset) == {"open": 4})
    names = [file["name"] for file in nobody.get(f"/v1/records/{dataset}/files")["items"]]
    got = [nobody.get(f"/v1/records/{dataset}/files/{name}?redirect=false") for name in names]
    assert {requests.get(one["url"], timeout=30).content for one in got} == {body for _, body in READS}
    assert not any(one["encrypted"] for one in got)
    answer = chen.call("PUT", access, json={"access": "controlled", "reason": "It was a mistake."})
    assert answer.status_code == 200, answer.text
    for name in names:  # from the write on, whether bytes were moved or not
        assert nobody.call("GET", f"/v1/records/{dataset}/files/{name}").status_code == 404
    eventually(lambda: _versions(aws, dataset) == {"controlled": 4})
    assert {requests.get(one["url"], timeout=30).status_code for one in got} <= {403, 404}  # links of before are dead
    events = [line["event"] for line in ana.get(f"/v1/records/{names[0].partition('_')[0]}/history?limit=100")["items"]]
    assert events.count("moved") == 4  # two files, there and back
