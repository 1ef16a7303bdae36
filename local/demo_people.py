"""The demo's act on data of people: a committee, a request, reminders, an encrypted download, and the end of a grant.

The reads are made up: nobody's genome is in them. Requests and votes have no command yet; they go through the Python
client, and what is shown is what the archive's API answered.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from biotheca_client.client import Client
from biotheca_client.config import Config
from local.laptop import PROJECT
from local.stack import Stack

EXAMPLE = PROJECT / "examples" / "people" / "submission.json"
READS = "person1.fq.gz"
DAYS_OF_SILENCE = 8
WAIT_S = 90.0
ANSWERS = {
    "title": "Inherited risk of liver cancer",
    "purpose": "To find variants that go with early onset.",
    "plan": "Align, call variants, compare cases and controls.",
    "output": "A paper and a list of variants",
    "organisation": "Institute of Examples",
    "position": "Postdoctoral researcher",
    "country": "China",
    "investigator": "Group of liver genomics",
    "for_profit": "no",
    "leaves_country": "no",
    "ethics_approval": "2026-IRB-017",
    "security": "On an encrypted server of the institute, deleted by June.",
    "data_use": ["DUO:0000042"],
}


def play(stack: Stack, ana: Any, chen: Any, li: Any, workplace: Path) -> None:
    """The act. `ana` submits and is the committee, `chen` curates, `li` asks for the data; all have signed in.

    The clock is moved and set back; meanwhile no schedule fires by itself, for the mirror's day is not played yet.
    """
    stack.ticker.stop()
    try:
        _play(stack, ana, chen, li, workplace)
    finally:
        stack.clock.reset()
        stack.ticker.start()


def _play(stack: Stack, ana: Any, chen: Any, li: Any, workplace: Path) -> None:
    narrator = ana.narrator
    folder = workplace / "people"
    folder.mkdir(parents=True)
    reads = _made_up_reads()
    (folder / READS).write_bytes(reads)
    hers, theirs = client_of(ana), client_of(li)
    dataset = _is_released(hers, ana, chen, folder)
    narrator.say("Everybody sees what the study is, and nothing that tells of a person; the file is for nobody yet")
    ana.narrator.show(json.dumps(_person(li, theirs, dataset), indent=1))
    li.is_refused("download", dataset, "--to", str(folder / "too-early"))

    narrator.say(f"Li asks for the data; the committee is silent for {DAYS_OF_SILENCE} days (the clock is moved)")
    number = _asks(theirs, li, dataset)
    until(lambda: number in ana.types("notices", "--unread", quiet=True), "the notice")
    ana.types("notices", "--unread", "--read", quiet=True)
    stack.clock.advance(timedelta(days=DAYS_OF_SILENCE))
    stack.ticker.fire("remind")
    until(lambda: number in ana.types("notices", "--unread", quiet=True), "the reminder")
    ana.types("notices", "--unread", "--read")

    narrator.say("Ana reads the request and approves it; the score of the dataset changes")
    before = _score(theirs, dataset)
    _says(hers, ana, "POST", f"/v1/requests/{number}/votes", {"decision": "approve"}, ("number", "state"))
    until(lambda: _score(theirs, dataset) != before, "the score")
    narrator.show(f"score before: {before}, after: {_score(theirs, dataset)}")

    narrator.say("Li makes a pair of keys, registers the public one, fetches the encrypted file and opens it")
    key, other = str(folder / "li"), str(folder / "somebody")
    li.types("keygen", key, "--no-passphrase")
    li.types("register-key", f"{key}.pub")
    li.types("download", dataset, "--to", str(folder / "got"))
    (sealed,) = (folder / "got").glob("*.c4gh")
    li.types("keygen", other, "--no-passphrase", quiet=True)
    narrator.say("With another key it stays closed; with Li's it is, bit for bit, what Ana sent")
    li.is_refused("decrypt", str(sealed), "--key", f"{other}.sec")
    li.types("decrypt", str(sealed), "--key", f"{key}.sec")
    plain = sealed.with_suffix("").read_bytes()
    if plain != reads:
        raise RuntimeError("what was decrypted is not what was sent")
    narrator.show(f"SHA-256 {hashlib.sha256(plain).hexdigest()[:16]}... on both sides")

    narrator.say("The purpose has ended: Ana revokes the grant, and the next byte is refused")
    reason = {"reason": "The purpose has ended."}
    _says(hers, ana, "POST", f"/v1/access-grants/{number}/revoke", reason, ("request", "state"))
    li.is_refused("download", dataset, "--to", str(folder / "too-late"))


def client_of(someone: Any) -> Client:
    """The Python client with the session of the person's command line."""
    return Client(someone.server, config=Config(someone.home / "biotheca" / "client.json"))


def _is_released(hers: Client, ana: Any, chen: Any, folder: Path) -> str:
    """A controlled study with its committee, from the draft to its release; the accession."""
    narrator = ana.narrator
    narrator.say("Ana submits a controlled study of a person; a committee (herself) will decide on requests")
    committee = _says(hers, ana, "POST", "/v1/committees", {"name": "Liver study", "rule": "one"}, ("number", "name"))
    example = json.loads(EXAMPLE.read_text("utf-8"))
    example["metadata"]["runs"][0]["files"][0]["md5"] = _md5(folder / READS)
    made = hers.open_submission(example["member"], example["title"], access="controlled")
    place = f"/v1/submissions/{made['id']}"
    hers.session.call("PUT", f"{place}/committee", {"committee": committee["number"]})
    hers.describe(made["id"], example["metadata"])
    hers.upload(made["id"], [folder / READS])
    hers.submit(made["id"])
    ana.seen = 0
    ana.follows(made["id"], "data_review")
    chen.types("decide", made["id"], "accept")
    return str(ana.follows(made["id"], "released")["dataset"])


def _asks(theirs: Client, li: Any, dataset: str) -> str:
    """A request for the dataset, handed in; its number."""
    call = theirs.session.call
    made = call("POST", "/v1/requests", {"dataset": dataset})
    documents = {name: call("GET", f"/v1/documents/{name}")["version"] for name in ("data_transfer_agreement",)}
    call("PUT", f"/v1/requests/{made['id']}", {"answers": ANSWERS, "files": [], "documents": documents})
    told = _says(theirs, li, "POST", f"/v1/requests/{made['id']}/submit", None, ("number", "state", "waiting"))
    return str(told["number"])


def _person(li: Any, theirs: Client, dataset: str) -> dict[str, Any]:
    """The first individual of the study as a stranger sees it."""
    page = theirs.session.call("GET", f"/v1/records/{dataset}/objects/individual")
    shown: dict[str, Any] = page["items"][0]
    return {name: shown[name] for name in ("accession", "title", "attributes")}


def _score(theirs: Client, dataset: str) -> Any:
    return theirs.session.call("GET", f"/v1/records/{dataset}/openness").get("score") or "not yet rated"


def _says(client: Client, someone: Any, method: str, path: str, body: Any, shown: tuple[str, ...]) -> dict[str, Any]:
    """Call the API as someone; show the call and some words of the answer."""
    answer: dict[str, Any] = client.session.call(method, path, body)
    someone.narrator.show(f"{method} {path}\n  " + json.dumps({name: answer.get(name) for name in shown}))
    return answer


def until(true: Callable[[], Any], what: str) -> None:
    end = time.monotonic() + WAIT_S
    while not true():
        if time.monotonic() > end:
            raise RuntimeError(f"{what} did not come within {WAIT_S:.0f} s")
        time.sleep(0.5)


def _md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def _made_up_reads(count: int = 2000) -> bytes:
    """A FASTQ of random bases, the same each time."""
    dice = random.Random(2026)  # noqa: S311 - reads of a demo
    reads = ("".join(dice.choices("ACGT", k=50)) for _ in range(count))
    lines = (f"@MADE:1:UP:1:1:{n}:{n} 1:N:0:A\n{bases}\n+\n{'I' * 50}\n" for n, bases in enumerate(reads))
    return gzip.compress("".join(lines).encode(), mtime=0)
