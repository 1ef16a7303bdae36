"""The release gate over a small cloud: what is missing keeps a submission back, staff verify, and it is released."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from biotheca import catalog
from biotheca.accounts.model import Person
from biotheca.errors import Conflict, Invalid, NotAllowed, NotFound
from biotheca.publication import access, gate, release, versions
from biotheca.publication.model import Visibility
from biotheca.submissions import service as submitting
from biotheca.submissions.model import FileState, State, Submission
from biotheca.submissions.rules import document_of, documents_of, facts_of
from biotheca.submissions.rules.human_resources import gate as demands
from tests.unit.members.human import human_document, omix_document
from tests.unit.publication.test_service import archived
from tests.unit.world import ADA, ANA, CHEN, LI, World

FROM_CHINA = {"origin_countries": ["China"], "organisation_country": "China"}
ABROAD = FROM_CHINA | {
    "foreign_participation": "yes",
    "important_family": "no",
    "specific_region": "no",
    "public_interest": "no",
}
BACKUP = {"record": "information backup", "number": "2026BF00001", "date": "2026-01-05", "status": "granted"}
APPROVAL = {"record": "approval", "number": "2026CJ00002", "date": "2026-01-06", "status": "granted"}
SAID = {"document": "cn_backup", "number": "2026BF00001", "dated": "2026-01-05", "ends": "", "standing": "verified"}
ALSO = {
    "document": "cn_registration",
    "number": "2026CJ00002",
    "dated": "2026-01-06",
    "ends": "",
    "standing": "verified",
}


def brought(world: World, study: dict[str, Any], mode: str = "controlled", people: int = 2) -> Submission:
    """A study of people, accepted and archived; the copies are not made."""
    document = human_document("disease", people=people)
    document["study"] |= study
    made = submitting.open_submission(world.submissions, ANA, "gsa-human", "Exomes", "immediately", None, access=mode)
    submitting.describe(world.submissions, ANA, made.id, document)
    world.put(made.id, State.DRAFT, committee="HDAC000001")
    submitting.submit(world.submissions, ANA, made.id)
    now = world.put(made.id, State.DATA_REVIEW)
    world.set_files(now, FileState.QC_PASSED, size_bytes=1, sha256="0")
    archived(world, world.put(made.id, State.ACCEPTED, batch=1))
    return world.submissions.get(made.id)


def released(world: World, submission: Submission) -> Submission:
    return release.release(world.submissions, world.records, submission.id)


def verify(world: World, submission: Submission, said: dict[str, str], person: Person = CHEN, why: str = "") -> None:
    gate.check_number(world.submissions, world.records, person, submission.id, said, why)


def missing(world: World, submission: Submission) -> list[tuple[str, str]]:
    told = gate.report(world.submissions, world.records, ANA, submission.id)
    return [(f["rule"].split(".")[1], f["where"].rpartition("/")[2]) for f in told["findings"]]


def test_without_a_demand_a_study_is_released_as_before(world: World) -> None:
    for study in ({}, FROM_CHINA):  # controlled and nobody from abroad: nothing is demanded
        made = brought(world, study)
        assert released(world, made).state == State.RELEASED
        assert missing(world, made) == []


def test_a_number_that_is_missing_keeps_the_release_back_until_staff_verified_it(world: World) -> None:
    made = brought(world, ABROAD | {"resource_records": [BACKUP]})
    waiting = released(world, made)
    assert (waiting.state, len(waiting.waits_for)) == (State.ARCHIVED, 2)
    assert missing(world, made) == [("document_not_verified", "cn_backup"), ("document_missing", "cn_registration")]
    told = gate.report(world.submissions, world.records, ANA, made.id)
    assert (
        not told["open"]
        and all(f["mend"] for f in told["findings"])
        and {d["country"] for d in told["demands"]} == {"CN"}
    )
    assert [s.id for s in world.submissions.queued("release", 10, None)[0]] == [made.id]
    record = world.records.get(made.dataset or "")
    assert record and record.visibility == Visibility.PRIVATE
    verify(world, made, SAID)
    assert released(world, made).state == State.ARCHIVED  # one of two is not enough
    asked = versions.request(
        world.submissions, world.records, ANA, made.dataset or "", {"resource_records": [BACKUP, APPROVAL]}, "It came."
    )
    versions.decide(world.records, CHEN, made.dataset or "", asked["id"], "accept", [])
    assert missing(world, made) == [("document_not_verified", "cn_registration")]
    verify(world, made, ALSO, ADA)
    requested = [body for kind, body in world.told() if kind == "ReleaseRequested"]
    assert [(b["accession"], b["whole"]) for b in requested] == [(made.dataset, True)]
    done = released(world, made)
    assert (done.state, done.waits_for) == (State.RELEASED, [])
    assert world.submissions.queued("release", 10, None)[0] == []


def test_what_waits_is_said_once_and_looked_at_by_the_sweep(world: World) -> None:
    made = brought(world, ABROAD | {"resource_records": [BACKUP, APPROVAL]})
    for _ in range(3):
        released(world, made)
    lines = [line["words"] for line in world.submissions.history(made.id, 200, None)[0]]
    assert sum(words.startswith("The release waits: Not verified yet") for words in lines) == 1
    assert sum(kind == "ReleaseWaits" for kind, _ in world.told()) == 1
    assert release.release_due(world.submissions, world.records) == []
    verify(world, made, SAID)
    verify(world, made, ALSO)
    assert release.release_due(world.submissions, world.records) == [made.dataset]
    assert world.submissions.get(made.id).state == State.RELEASED


def test_verifying_is_for_staff_who_did_not_submit_it_and_stands_in_the_history(world: World) -> None:
    made = brought(world, ABROAD | {"resource_records": [BACKUP, APPROVAL]})
    with pytest.raises(NotFound):
        verify(world, made, SAID, LI)
    with pytest.raises(NotAllowed):
        verify(world, made, SAID, ANA)
    own = world.put(made.id, State.ARCHIVED, owner=CHEN.subject)
    with pytest.raises(NotAllowed):
        verify(world, own, SAID, CHEN)
    world.put(made.id, State.ARCHIVED, owner=ANA.subject)
    verify(world, made, SAID)
    version = world.submissions.get(made.id).version
    verify(world, made, SAID)  # again changes nothing
    assert world.submissions.get(made.id).version == version
    (row,) = world.submissions.get(made.id).vouched
    assert row["by"] == CHEN.subject and row["at"]
    lines = [x for x in world.submissions.history(made.id, 200, None)[0] if x["event"] == "number checked"]
    assert [(x["actor"], "verified by the archive" in x["words"]) for x in lines] == [(CHEN.subject, True)]
    (body,) = [body for kind, body in world.told() if kind == "NumberChecked"]
    assert (body["document"], body["standing"]) == ("cn_backup", "verified") and "2026BF00001" not in str(body)


def test_a_number_is_refused_with_a_reason_and_verified_for_its_very_words_only(world: World) -> None:
    made = brought(world, ABROAD | {"resource_records": [BACKUP, APPROVAL]})
    with pytest.raises(Invalid) as told:
        verify(world, made, SAID | {"standing": "refused"})
    assert [f.rule for f in told.value.findings] == ["jurisdiction.reason"]
    verify(world, made, SAID | {"standing": "refused"}, why="It is of another project.")
    assert missing(world, made)[0] == ("document_refused", "cn_backup")
    for other in (
        {"number": "2026BF99999"},
        {"dated": "2026-01-07"},
        {"document": "cn_registration"},
        {"ends": "2026-12-31"},
    ):
        with pytest.raises(Invalid) as told:
            verify(world, made, SAID | other)
        assert [f.rule for f in told.value.findings] == ["jurisdiction.no_such_number"]
    verify(world, made, SAID)
    assert missing(world, made) == [("document_not_verified", "cn_registration")]
    document = document_of(
        catalog.members()["gsa-human"],
        [replace(o, attributes=o.attributes | {"resource_records": [BACKUP | {"number": "2026BF77777"}]})
         for o in world.submissions.objects(made) if o.type == "study"],
    )  # fmt: skip
    (held,) = documents_of(catalog.members()["gsa-human"], document, world.submissions.get(made.id).vouched)
    assert (held.number, held.standing) == ("2026BF77777", "declared")


@pytest.mark.parametrize(
    ("record", "rule"),
    [
        (BACKUP | {"status": "applied for"}, "document_missing"),
        (BACKUP | {"valid_until": "2026-01-31"}, "document_expired"),
        (BACKUP | {"date": "2999-01-01"}, "document_form"),
        (BACKUP | {"status": "verified"}, "document_not_verified"),  # what a submitter says of it is no verification
    ],
)
def test_a_number_that_is_no_number_yet_or_no_more_keeps_the_release_back(
    world: World, record: dict[str, str], rule: str
) -> None:
    made = brought(world, ABROAD | {"resource_records": [record, APPROVAL]})
    verify(world, made, ALSO)
    if rule == "document_expired":  # also one that was verified while it held
        verify(world, made, SAID | {"ends": record["valid_until"]})
    assert released(world, made).state == State.ARCHIVED
    assert missing(world, made) == [(rule, "cn_backup")]


def test_more_than_five_hundred_persons_need_a_review_counted_from_the_document(world: World) -> None:
    member = catalog.members()["gsa-human"]
    for people, demanded in ((500, False), (501, True)):
        document = human_document("disease", people=people)
        document["study"] |= ABROAD
        document["experiments"].append(dict(document["experiments"][0], alias="again"))
        facts = facts_of(member, document, "controlled", {})
        assert facts["sequenced_individuals"] == people
        found = demands(facts, [], date(2026, 11, 28))
        assert ("cn_security_review" in {d.document for d in found.demands}) is demanded


def test_a_released_study_is_not_opened_without_what_open_access_demands(world: World) -> None:
    made = brought(world, FROM_CHINA)
    assert released(world, made).state == State.RELEASED
    with pytest.raises(Invalid) as told:
        access.set_mode(world.submissions, world.records, CHEN, made.id, "open", "Asked for.")
    assert "jurisdiction.document_missing" in {f.rule for f in told.value.findings}
    assert world.submissions.get(made.id).access == "controlled"
    with pytest.raises(Conflict):
        verify(world, made, SAID)


def test_other_data_of_people_are_outside_unless_they_are_gene_data() -> None:
    member = catalog.members()["omix"]
    plasma = omix_document([("a.csv", b"1")])
    facts = facts_of(member, plasma, "open", {})
    assert facts["human"] is True and facts["gene_data"] is False
    genes = omix_document(
        [("a.csv", b"1")], data_type="Genome Variation Profiling", sequenced_individuals=7, **FROM_CHINA
    )
    facts = facts_of(member, genes, "open", {})
    assert (facts["gene_data"], facts["sequenced_individuals"], facts["origin_countries"]) == (True, 7, ["China"])
    rice = omix_document([("a.csv", b"1")], (4530, "Oryza sativa"))
    assert facts_of(member, rice, "open", {})["human"] is False


def test_every_row_of_a_member_names_facts_and_fields_that_exist() -> None:
    known = catalog.human_resources()["facts"]
    records = set(catalog.vocabulary("resource_record"))
    documents = catalog.human_resources()["documents"].values()
    assert {name for row in documents for name in row["records"]} == records
    for member in catalog.members().values():
        assert set(member.jurisdiction) <= set(known) - {"access"}
        for row in member.jurisdiction.values():
            place = row.get("of") or row.get("taxa") or row.get("strategy")
            if place:
                owner, name, *_ = place.split(".")
                spec = member.object_type(owner).fields[name]
                assert spec.vocabulary is None or set(row.get("true_if", [])) <= set(
                    catalog.vocabulary(spec.vocabulary)
                )
        if member.jurisdiction:
            owner, name = member.numbers.split(".")
            assert {"record", "number", "date", "status"} <= set(member.object_type(owner).fields[name].fields)
