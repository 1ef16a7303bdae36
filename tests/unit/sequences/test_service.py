"""What the archive does with runs and requests: notes, references, queue, budget, totals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from biotheca.errors import NotAllowed
from biotheca.sequences import claiming, service, work
from biotheca.sequences.model import FilesWithdrawn, LeaseLost, NoSuchFiles, NotCopied, Run, State
from biotheca.sequences.store import MirrorBucket
from tests.unit.sequences.mirror import ADA, ANA, RUN, Mirror
from tests.unit.sequences.strict_s3 import Thing

BUCKET = MirrorBucket("mirror-bucket")


def had(small: Mirror, run: str = RUN) -> dict[str, Any]:
    return service.resolve(small.store, BUCKET, run)


def test_a_noted_run_is_resolved_to_the_addresses_of_its_metadata(small: Mirror) -> None:
    described = small.in_a_bucket("a", Thing.holding(b"reads"))
    small.note(described)
    (file,) = had(small)["files"]
    assert (file["state"], file["url"], file["md5"], file["md5_from"]) == ("REFERENCED", None, described["md5"], "ENA")
    assert file["references"] == described["alternatives"] and file["size_bytes"] == 5


def test_a_proved_copy_is_resolved_to_a_link_of_ours(small: Mirror) -> None:
    small.note(small.on_the_web("a", b"reads"))
    small.ask()
    small.work()
    (file,) = had(small)["files"]
    assert file["state"] == "VERIFIED" and "/files/SRR000/SRR000001/" in file["url"] and "Signature" in file["url"]
    assert file["references"] and file["level"] == "L2"


def test_what_the_mirror_does_not_know_is_not_found(small: Mirror) -> None:
    for accession in ("SRR999999", "CRR000001", "../x", "SRR1"):
        with pytest.raises(NoSuchFiles):
            had(small, accession)


def test_noting_the_same_again_or_an_older_batch_writes_nothing(small: Mirror) -> None:
    described = small.on_the_web("a", b"reads")
    small.note(described, batch=5)
    before = small.row("a")
    told = {"accession": RUN, "batch": 5, "files": [described], "md5_from": "ENA"}
    assert service.note_run(small.store, told, small.policy) is False
    older = told | {"batch": 4, "status": "withdrawn"}
    assert service.note_run(small.store, older, small.policy) is False
    assert small.row("a") == before and had(small)["status"] == "live"


def test_suppressed_keeps_the_bytes_and_is_served_by_accession(small: Mirror) -> None:
    small.note(small.on_the_web("a", b"reads"))
    small.ask()
    small.work()
    small.note(status="suppressed", batch=2)  # such rows of the feed have lost their files
    shown = had(small)
    assert shown["status"] == "suppressed" and shown["files"][0]["url"]


def test_withdrawn_is_denied_at_once_and_comes_back_with_its_proved_bytes(small: Mirror) -> None:
    described = small.on_the_web("a", b"reads")
    small.note(described)
    small.ask()
    small.work()
    small.note(status="withdrawn", batch=2)
    with pytest.raises(FilesWithdrawn):
        had(small)
    with pytest.raises(FilesWithdrawn):
        small.ask()
    row = small.row("a")
    assert (row.state, row.md5) == (State.GONE, described["md5"]) and row.key in small.s3.ours  # tombstone and bytes
    small.note(described, batch=3)
    assert had(small)["files"][0]["state"] == "VERIFIED"


def test_readers_are_turned_away_before_the_rows_are_written(small: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    small.note(small.on_the_web("a", b"reads"))
    seen: list[Run | None] = []
    note = small.store.note

    def looked(head: Run, changes: Any) -> None:
        seen.append(small.store.run(RUN)[0])
        note(head, changes)

    monkeypatch.setattr(small.store, "note", looked)
    small.note(status="withdrawn", batch=2)
    assert seen[0] and seen[0].status == "withdrawn"


def test_only_data_managers_and_administrators_ask_for_copies(small: Mirror) -> None:
    small.note(small.on_the_web("a", b"reads"))
    with pytest.raises(NotAllowed):
        service.request_copy(small.store, small.policy, ANA, RUN)


def test_asking_twice_is_one_request_and_one_event(small: Mirror) -> None:
    small.note(small.on_the_web("a", b"1"), small.on_the_web("b", b"2"))
    assert (small.ask()["requested"], small.ask()["requested"]) == (2, 0)
    events = small.store.outbox()
    from biotheca.aws.session import client

    (item,) = client("dynamodb").scan(TableName=events.name)["Items"]
    assert "SequencesRequested" in str(item) and RUN in str(item)


def test_a_policy_of_references_refuses_requests_and_controlled_files_are_never_copied(small: Mirror) -> None:
    small.note(small.on_the_web("a", b"reads"))
    with pytest.raises(NotCopied):
        service.request_copy(small.store, replace(small.policy, mode="reference"), ADA, RUN)
    small.note(small.on_the_web("b", b"reads", cluster="dbgap"), run="SRR000002")
    with pytest.raises(NotCopied):
        small.ask("SRR000002")


def test_a_policy_by_rule_asks_by_itself_and_people_go_first(small: Mirror) -> None:
    small.policy = replace(small.policy, mode="rule", rule={"organisms": ["Oryza sativa"]}, most_copying=1)
    small.note(small.on_the_web("rice", b"1"), run="SRR000002", organism="Oryza sativa")
    small.note(small.on_the_web("maize", b"2"), run="SRR000003", organism="Zea mays")
    small.jump(10)
    small.ask("SRR000003")
    (first,) = small.claim()
    assert first["run"] == "SRR000003"
    assert small.claim() == []  # one at a time
    small.bring(first)
    (second,) = small.claim()
    assert second["run"] == "SRR000002"


def test_a_changed_policy_takes_effect_as_runs_are_noted_again(small: Mirror) -> None:
    small.note(small.on_the_web("a", b"1"))
    small.policy = replace(small.policy, mode="all")
    small.note()  # a daily set, which names no files
    assert small.row("a").state is State.REQUESTED


def test_what_is_wanted_by_policy_moves_forward_when_somebody_asks(small: Mirror) -> None:
    small.policy = replace(small.policy, mode="all", most_copying=1)
    for number in (2, 3):
        small.note(small.on_the_web(f"f{number}", b"1"), run=f"SRR00000{number}")
        small.jump(1)
    small.ask("SRR000003")
    assert [task["run"] for task in small.claim()] == ["SRR000003"]


def test_the_same_execution_is_given_the_same_files_again(small: Mirror) -> None:
    small.note(*(small.on_the_web(name, b"1") for name in "abc"))
    small.ask()
    first = small.claim()
    again = claiming.claim(small.store, small.policy, small.lists, "us-east-1", f"execution-{small.owners}")
    assert sorted(t["file"] for t in first) == sorted(t["file"] for t in again) == ["a", "b", "c"]


def test_a_host_is_used_by_no_more_workers_than_it_bears(small: Mirror) -> None:
    small.note(*(small.on_the_web(name, b"1") for name in "abcdefg"))
    small.note(small.in_a_bucket("s3", Thing.holding(b"1")), run="SRR000002")
    small.ask()
    small.jump(1)
    small.ask("SRR000002")
    tasks = small.claim()
    assert sum(task["run"] == RUN for task in tasks) == 4  # what is said of a host that the catalog does not know
    assert any(task["run"] == "SRR000002" for task in tasks)  # who wants another host is not kept waiting
    for task in tasks:
        small.bring(task)
    small.work()
    assert {small.row(name).state for name in "abcdefg"} == {State.VERIFIED}


def test_the_days_budget_stops_claims_until_tomorrow(small: Mirror) -> None:
    small.policy = replace(small.policy, bytes_per_day=250)
    small.note(*(small.on_the_web(name, bytes(100)) for name in "abc"))
    small.ask()
    for task in (tasks := small.claim()):
        small.bring(task)
    assert len(tasks) == 2 and small.claim() == []
    small.jump(86_400)
    assert [task["file"] for task in small.claim()] == ["c"]


def test_money_stops_claims_as_bytes_do(small: Mirror) -> None:
    small.policy = replace(small.policy, micro_usd_per_day=7)  # a small file costs 6
    small.note(*(small.on_the_web(name, bytes(100)) for name in "ab"))
    small.ask()
    assert len(small.claim()) == 1


def test_one_file_larger_than_a_day_is_not_refused_for_ever(small: Mirror) -> None:
    small.policy = replace(small.policy, bytes_per_day=50)
    small.note(small.on_the_web("a", bytes(100)))
    small.ask()
    small.work()
    assert small.row("a").state is State.VERIFIED


def test_a_file_without_an_allowed_source_is_said_so(small: Mirror) -> None:
    small.note({"name": "a", "url": "https://evil.example.org/a", "bytes": 1, "md5": "0" * 32})
    small.ask()
    small.work()
    assert (small.row("a").state, small.row("a").error_rule) == (State.QUARANTINED, "sequences.no_source")


def test_a_worker_that_crashed_lets_its_file_go(small: Mirror) -> None:
    small.note(small.on_the_web("a", b"reads"))
    small.ask()
    (task,) = small.claim()
    work.let_go(small.store, small.policy, task | {"owner": "another"}, "x")
    assert small.row("a").state is State.COPYING
    work.let_go(small.store, small.policy, task, "Sandbox.Timedout")
    row = small.row("a")
    assert (row.state, row.attempt, row.lease_owner) == (State.REQUESTED, 1, None) and "Timedout" in (row.error or "")
    assert not claiming.anything_waits(small.store)
    small.jump(100)
    assert claiming.anything_waits(small.store)


def test_totals_count_every_file_in_just_one_state(small: Mirror) -> None:
    small.note(small.on_the_web("a", bytes(10)), small.on_the_web("b", bytes(20)))
    small.note(small.on_the_web("c", bytes(40)), run="SRR000002")
    small.ask()
    small.work()
    small.note(status="withdrawn", run="SRR000002", batch=2)
    told = service.totals(small.store)
    counted = {row["state"]: (row["files"], row["size_bytes"]) for row in told["states"] if row["files"]}
    assert counted == {"VERIFIED": (2, 30), "GONE": (1, 40)}
    assert (told["files"], told["size_bytes"], told["policy"]) == (3, 70, "request")
    assert told["all_would_cost"]["monthly_usd"]["STANDARD"] >= 0


def test_a_run_of_many_files_is_noted_and_asked_for_whole(small: Mirror) -> None:
    small.note(*(small.on_the_web(f"f{number:03}", b"1") for number in range(75)))
    assert small.ask()["requested"] == 75
    assert service.totals(small.store)["states"][1] == {"state": "REQUESTED", "files": 75, "size_bytes": 75}


def served(run: str, **changes: Any) -> dict[str, Any]:
    """A run as the mirror of metadata serves it."""
    record = {"accession": run, "entity": "run", "batch": 1, "status": "live", "fields": {"organism": "Oryza sativa"}}
    return record | changes


def test_runs_whose_metadata_name_no_files_are_referenced_at_their_usual_place(small: Mirror) -> None:
    noted = service.note_mirrored(
        small.store,
        [
            served(RUN),
            served("SRR000002", fields={"consent": "phs000001.c1"}),
            served("SRR000003", status="withdrawn", fields={}),
            {"accession": "SRX000001", "entity": "experiment", "batch": 1, "status": "live"},
        ],
        small.policy,
    )
    assert noted == 3
    (file,) = had(small)["files"]
    assert file["references"][0]["url"] == f"https://sra-pub-run-odp.s3.amazonaws.com/sra/{RUN}/{RUN}"
    assert (file["name"], file["md5"], file["semantic_name"]) == (RUN, None, "usual place, not confirmed")
    assert had(small, "SRR000002")["files"] == []
    with pytest.raises(FilesWithdrawn):
        had(small, "SRR000003")


def test_metadata_that_name_files_take_the_place_of_what_was_usual(small: Mirror) -> None:
    service.note_mirrored(small.store, [served(RUN)], small.policy)
    described = small.on_the_web("reads.fastq.gz", b"reads")
    named = served(RUN, batch=2, fields={"files": [described], "taxon_id": 4530})
    service.note_mirrored(small.store, [named], small.policy)
    states = {file["name"]: file["state"] for file in had(small)["files"]}
    assert states == {"reads.fastq.gz": "REFERENCED"}
    small.ask()
    service.note_mirrored(small.store, [served(RUN, batch=3)], small.policy)  # a daily set, which names no files
    assert small.row("reads.fastq.gz").state is State.REQUESTED and small.store.file(RUN, RUN) is None
    assert service.totals(small.store)["files"] == 1


def test_a_copied_file_that_newer_metadata_leave_out_is_kept(small: Mirror) -> None:
    small.note(small.on_the_web("old", b"reads"))
    small.ask()
    small.work()
    small.note(small.on_the_web("new", b"other"), batch=2)
    assert {file["name"]: file["state"] for file in had(small)["files"]} == {"old": "VERIFIED", "new": "REFERENCED"}


def test_an_object_at_its_usual_place_is_proved_by_its_checksum(small: Mirror) -> None:
    small.s3.open["sra-pub-run-odp", f"sra/{RUN}/{RUN}"] = Thing.holding(b"reads")
    service.note_mirrored(small.store, [served(RUN)], small.policy)
    small.ask()
    small.work()
    assert (small.row(RUN).state, small.row(RUN).level) == (State.VERIFIED, "L1")


def test_a_row_written_meanwhile_refuses_the_older_hand(small: Mirror) -> None:
    small.note(small.on_the_web("a", b"reads"))
    stale = small.row("a")
    small.store.change(stale, replace(stale, semantic_name="x"))
    with pytest.raises(LeaseLost):
        small.store.change(stale, replace(stale, semantic_name="y"))


def test_a_new_description_under_a_workers_hands_takes_the_file_from_it(small: Mirror) -> None:
    old, new = b"o" * (3 * 1024**2), b"n" * (3 * 1024**2)
    small.note(small.on_the_web("a", old))
    small.ask()
    small.s3.on("put_part", 2, lambda: small.note(small.on_the_web("a", new), batch=2))
    small.work()
    assert small.row("a").state is State.REFERENCED and not small.s3.ours and not small.s3.uploads
    small.ask()
    small.work()
    assert small.bytes_of("a") == new
