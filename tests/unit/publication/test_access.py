"""The access mode: chosen from what the member offers, by the owner until release, by a curator with a reason after."""

from __future__ import annotations

from dataclasses import replace

import pytest

from biotheca import catalog
from biotheca.accounts.model import Person
from biotheca.errors import Conflict, Invalid, NotAllowed, NotFound
from biotheca.publication import access, service
from biotheca.publication.model import Door
from biotheca.submissions import service as submitting
from biotheca.submissions.model import State, Submission
from tests.unit.publication.test_release import brought, numbers
from tests.unit.world import ADA, ANA, CHEN, LI, World

MEMBER = "gsa"
DECIDES = "HDAC000001"


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch) -> None:
    """The member offers open and controlled access."""
    member = replace(catalog.members()[MEMBER], access_modes=("open", "controlled"))
    monkeypatch.setitem(catalog.members(), MEMBER, member)


def _open(world: World, mode: str | None = None, **more: str) -> Submission:
    made = "Synthetic reads", "immediately", None
    return submitting.open_submission(world.submissions, ANA, MEMBER, *made, access=mode, **more)


def _set(world: World, person: Person, submission: Submission, mode: str, reason: str = "") -> Submission:
    return access.set_mode(world.submissions, world.records, person, submission.id, mode, reason)


def _words(world: World, submission: Submission) -> list[str]:
    return [line["words"] for line in world.submissions.history(submission.id, 100, None)[0]]


def test_a_member_of_one_mode_gives_it_and_refuses_every_other(world: World) -> None:
    assert _open(world).access == "open"
    for act in (lambda: _open(world, "controlled"), lambda: _set(world, ANA, _open(world), "controlled")):
        with pytest.raises(Invalid) as told:
            act()
        (found,) = told.value.findings
        assert (found.rule, found.where, found.expected) == ("access.mode", "/access", "open")


def test_the_mode_is_the_members_first_or_the_one_that_was_asked_for(world: World, both: None) -> None:
    assert (_open(world).access, _open(world, "controlled").access) == ("open", "controlled")
    first = _open(world, "controlled", idempotency_key="k")
    assert _open(world, "controlled", idempotency_key="k") == first
    with pytest.raises(Conflict):
        _open(world, "open", idempotency_key="k")


def test_before_release_the_owner_changes_it_and_nobody_else(world: World, both: None) -> None:
    made = brought(world, State.ARCHIVED, committee=DECIDES)
    dataset = made.dataset or ""
    for other in (LI, CHEN, ADA):
        with pytest.raises(NotFound):
            _set(world, other, made, "controlled")
    assert _set(world, ANA, made, "controlled").access == "controlled"
    again = _set(world, ANA, made, "controlled")
    assert sum("access mode is now controlled" in words for words in _words(world, made)) == 1
    assert again.version == world.submissions.get(made.id).version
    record = world.records.get(dataset)
    assert record and record.access == "controlled"
    assert "access" in [line["event"] for line in world.records.history(dataset, 50, None)[0]]
    told = [body for _, body in world.told() if body.get("event") == "access"]
    assert [(b["access"], b["before"], b["actor"]) for b in told] == [("controlled", "open", ANA.subject)]


def test_after_release_a_curator_changes_it_with_a_reason_and_the_owner_does_not(world: World, both: None) -> None:
    made = brought(world, State.RELEASED, committee=DECIDES)
    with pytest.raises(NotAllowed):
        _set(world, ANA, made, "controlled")
    with pytest.raises(NotFound):
        _set(world, LI, made, "controlled")
    with pytest.raises(Invalid) as told:
        _set(world, CHEN, made, "controlled", "  ")
    assert [f.rule for f in told.value.findings] == ["access.reason"]
    _set(world, CHEN, made, "controlled", "The ethics board asks for it.")
    assert any(w.endswith("it was open. Reason: The ethics board asks for it.") for w in _words(world, made))
    own = world.put(
        brought(world, State.RELEASED, committee=DECIDES, title="A curator's own").id,
        State.RELEASED,
        owner=CHEN.subject,
    )
    with pytest.raises(NotAllowed):
        _set(world, CHEN, own, "controlled", "My own.")


def test_files_of_a_controlled_dataset_are_for_its_people_and_staff(world: World, both: None) -> None:
    made = brought(world, State.RELEASED, committee=DECIDES)
    run = numbers(world, made)["r1"]
    for reader in (None, LI, ANA):
        assert service.visible(world.records, reader, run, Door.FILES)
    _set(world, CHEN, made, "controlled", "The ethics board asks for it.")
    for accession in (run, made.dataset or ""):
        record = service.visible(world.records, None, accession)  # what it is stays public
        assert access.mode_of(world.records, record) == "controlled"
        for stranger in (None, LI):
            with pytest.raises(access.Controlled):
                service.visible(world.records, stranger, accession, Door.FILES)
        for insider in (ANA, CHEN):
            assert service.visible(world.records, insider, accession, Door.FILES)


def test_the_mode_at_release_is_the_one_that_was_chosen(world: World, both: None) -> None:
    made = brought(world, State.ARCHIVED, committee=DECIDES, access="controlled")
    record = world.records.get(made.dataset or "")
    assert record and record.access == "controlled"


def test_an_addition_has_the_mode_of_its_dataset(world: World, both: None) -> None:
    made = brought(world, State.RELEASED, committee=DECIDES, access="controlled")
    assert access.to_inherit(world.records, made.dataset or "", None) == "controlled"
    with pytest.raises(Invalid) as told:
        access.to_inherit(world.records, made.dataset or "", "open")
    assert told.value.findings[0].rule == "access.of_dataset"
    more = world.put(_open(world).id, State.DRAFT, extends=made.dataset)
    with pytest.raises(Invalid) as told:
        _set(world, ANA, more, "controlled")
    assert told.value.findings[0].rule == "access.of_dataset"


def test_what_is_handed_in_is_closed_only_under_a_committee(world: World, both: None) -> None:
    draft = world.draft()
    assert _set(world, ANA, draft, "controlled").access == "controlled"  # a draft may name its committee later
    with pytest.raises(Invalid) as told:
        submitting.submit(world.submissions, ANA, draft.id)
    assert [f.rule for f in told.value.findings] == ["access.committee_needed"]
    released = brought(world, State.RELEASED)
    with pytest.raises(Invalid) as told:
        _set(world, CHEN, released, "controlled", "The ethics board asks for it.")
    assert [f.rule for f in told.value.findings] == ["access.committee_needed"]
    world.put(draft.id, State.DRAFT, access="controlled", committee=DECIDES)
    assert submitting.submit(world.submissions, ANA, draft.id).state == State.SUBMITTED
