"""Work from upload to release grows with the number of files, never with its square; the marks of awaited files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from biotheca.accessions.service import Mint
from biotheca.accessions.store import AccessionStore
from biotheca.aws import session
from biotheca.aws.tables import Table
from biotheca.curation import service as curating
from biotheca.publication import release, service
from biotheca.qc import service as checking
from biotheca.search import service as searching
from biotheca.submissions import service as submitting
from biotheca.submissions.model import FileState, State, Submission
from biotheca.submissions.store import StaleWrite, SubmissionStore
from biotheca.taxonomy.service import Taxonomy
from biotheca.uploads import service as uploading
from biotheca.uploads.store import Inbox
from tests.unit.world import ANA, World, metadata


class Flow:
    """The workflow's waiting step: how often it was answered."""

    def __init__(self) -> None:
        self.answers = 0

    def answer(self, token: str, output: dict[str, Any]) -> None:
        self.answers += 1


class Copies:
    """An archive whose copies are right: what is counted here is the tables."""

    bucket = "archive"

    sealed = False

    def of(self, mode: str, sealed: bool = False) -> Copies:
        return self

    def held(self, key: str, sha256: str) -> None:
        return None

    def copy(self, *given: Any) -> str:
        return "v1"

    def digest(self, key: str, version: str | None) -> str:
        return "0"

    def put_statistics(self, key: str, document: dict[str, Any]) -> dict[str, Any]:
        return {"key": key}


class Reports:
    """Sound reports, and a manifest that nobody reads."""

    bucket = "derived"

    def report_key(self, *given: Any) -> str:
        return "key"

    put_manifest = report_key

    def report(self, key: str) -> dict[str, Any]:
        return {"verdict": "sound", "sha256": "0", "findings": [], "reads": 1, "bases": 1}


@pytest.fixture
def units(monkeypatch: pytest.MonkeyPatch, world: World) -> Counter[str]:
    """Items that the tables gave and took, by the verb: what DynamoDB would charge for."""
    found: Counter[str] = Counter()
    dynamodb = session.client("dynamodb")

    def told(params: Any = None, **given: Any) -> None:
        verb, answer = given["model"].name, given["parsed"]
        found["calls"] += 1
        if verb == "Query":
            found["items read"] += max(1, answer.get("Count", 0))
        elif verb in ("GetItem", "BatchGetItem"):
            found["items read"] += sum(map(len, answer.get("Responses", {"": [0]}).values()))

    dynamodb.meta.events.register("after-call.dynamodb", told)
    monkeypatch.setattr(uploading.Inbox, "facts", lambda *given: {"size_bytes": 1})
    return found


def played(world: World, runs: int, units: Counter[str]) -> dict[str, Counter[str]]:
    """What each step from the upload to the index cost, for a submission of so many files."""
    store, flow, inbox = world.submissions, Flow(), Inbox("inbox")
    costs: dict[str, Counter[str]] = {}

    def step(name: str, act: Callable[[], Any]) -> Any:
        units.clear()
        done = act()
        costs[name] = Counter(units)
        return done

    made = step("describe", lambda: world.draft(runs))
    step("submit", lambda: submitting.submit(store, ANA, made.id))
    world.put(made.id, State.METADATA_ACCEPTED)
    step("expect", lambda: submitting.expect_files(store, made.id, 1))
    submitting.keep_token(store, made.id, 1, "files", "token")
    files = store.files(store.get(made.id))

    def arrive() -> None:
        for n, file in enumerate(files):
            uploading.note_received(store, inbox, inbox.key(made.id, file.id), f"v{n}", "0001")
            resumed = curating.resume_if_complete(store, flow, made.id)  # type: ignore[arg-type]
            assert resumed == (n == len(files) - 1)

    step("arrive", arrive)
    step("plan", lambda: checking.plan(store, inbox, Reports(), made.id, 1))  # type: ignore[arg-type]
    step("verdicts", lambda: [checking.note_verdict(store, Reports(), made.id, f.id, "key") for f in files])  # type: ignore[arg-type]
    assert step("judge", lambda: checking.judge(store, Taxonomy(), made.id))["verdict"] == "sound"
    world.put(made.id, State.ACCEPTED, batch=1)
    step("mint", lambda: service.mint(store, Mint(AccessionStore(Table("accessions"))), made.id))
    for repeat in ("archive", "archive again"):
        step(repeat, lambda: [service.archive_file(store, inbox, Copies(), Reports(), made.id, f.id) for f in files])  # type: ignore[arg-type]
    closed = step("close", lambda: service.close_archive(store, world.records, made.id))
    step("release", lambda: release.release(store, world.records, made.id))
    step("index", lambda: searching.refresh(world.index, world.records, closed["dataset"]))
    return costs


def test_no_step_from_upload_to_search_reads_more_than_in_proportion_to_the_files(
    world: World, units: Counter[str]
) -> None:
    one, two, four = (played(world, runs, units) for runs in (4, 8, 16))
    for step in four:
        for kind in ("calls", "items read"):
            first, second = two[step][kind] - one[step][kind], four[step][kind] - two[step][kind]
            # 8 files more cost at most twice what 4 files more cost (a page more or less beside it).
            assert second <= 2 * first + 4, f"{step}: {one[step]} {two[step]} {four[step]}"
    assert four["arrive"]["items read"] <= 16 * 8 and four["archive"]["items read"] <= 16 * 7


def waiting(world: World, runs: int = 3) -> Submission:
    """A submission whose workflow waits for its files."""
    made = world.at(State.FILES_EXPECTED, runs=runs, tokens={"files": "token"})
    return made


def complete(world: World, submission: Submission) -> bool:
    return curating.resume_if_complete(world.submissions, Flow(), submission.id)  # type: ignore[arg-type]


def test_a_file_received_twice_or_sent_again_leaves_the_others_awaited(world: World) -> None:
    made = waiting(world)
    first, second, third = world.submissions.files(made)
    for _ in range(3):
        world.submissions.save_file(made.id, replace(first, state=FileState.RECEIVED))
    world.submissions.save_file(made.id, replace(second, state=FileState.RECEIVED))
    assert not complete(world, made)
    world.submissions.save_file(made.id, replace(third, state=FileState.RECEIVED))
    assert complete(world, made)
    world.submissions.save_file(made.id, replace(first, state=FileState.UPLOADING))  # begun anew before the checks
    assert not complete(world, made)
    world.submissions.save_file(made.id, replace(first, state=FileState.RECEIVED))
    assert complete(world, made)


def test_the_last_two_files_that_arrive_at_once_are_both_counted(world: World) -> None:
    """Each is written before either is asked after: whoever asks sees that none is missing."""
    made = waiting(world, runs=2)
    one, other = (replace(f, state=FileState.RECEIVED) for f in world.submissions.files(made))
    stale = SubmissionStore(Table("records"), Table("outbox"))  # the other function, which read before
    world.submissions.save_file(made.id, one, only_from={FileState.DECLARED})
    stale.save_file(made.id, other, only_from={FileState.DECLARED})
    with pytest.raises(StaleWrite):  # the same arrival by two functions: one of them writes
        stale.save_file(made.id, one, only_from={FileState.DECLARED})
    assert complete(world, made) and complete(world, made)


def test_a_file_that_a_newer_document_replaced_or_dropped_is_awaited_no_more(world: World) -> None:
    made = world.draft(runs=3)
    document = metadata(2)
    document["runs"][1]["files"][0]["md5"] = "f" * 32  # r2 has other bytes now, and r3 is gone
    made = submitting.describe(world.submissions, ANA, made.id, document)
    made = world.put(made.id, State.FILES_EXPECTED, tokens={"files": "token"})
    for file in world.submissions.files(made):
        assert not complete(world, made)
        world.submissions.save_file(made.id, replace(file, state=FileState.RECEIVED))
    assert complete(world, made)


def test_a_document_whose_writer_died_leaves_nothing_that_is_awaited_for_ever(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = world.draft(runs=1)

    def dies(*given: Any, **more: Any) -> None:
        raise StaleWrite(made.id)

    with monkeypatch.context() as patch, pytest.raises(StaleWrite):
        patch.setattr(type(world.submissions), "save", dies)
        submitting.describe(world.submissions, ANA, made.id, metadata(60))
    made = world.put(made.id, State.FILES_EXPECTED, tokens={"files": "token"})
    world.set_files(made, FileState.RECEIVED)
    assert complete(world, made)


def test_marks_are_not_cleared_under_a_document_on_its_way(world: World) -> None:
    made = waiting(world, runs=1)
    world.submissions.records.put({"pk": f"SUB#{made.id}", "sk": "AWAIT#file_new", "name": "new.fastq.gz"})
    world.set_files(made, FileState.RECEIVED)
    world.put(made.id, State.FILES_EXPECTED, version=made.version + 1)
    with pytest.raises(StaleWrite):
        world.submissions.awaits_files(made)
