"""Our visas for our grants and others' visas for our files: what opens, what does not, and that it looks alike."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import jwt
import pytest

from biotheca import clock
from biotheca.access import grants
from biotheca.access.proofs import service as proofs
from biotheca.access.proofs.model import NoVisaKey, VisaOfFiles
from biotheca.access.proofs.store import VisaRing, VisaStore
from biotheca.access.visa_keys import Issuer
from biotheca.access.visas import CLAIM, GrantIsOver, dataset_url
from biotheca.accounts.model import Person, Role
from biotheca.aws.tables import Table
from biotheca.errors import Invalid, NotFound
from biotheca.publication import service as publishing
from biotheca.publication.access import Controlled
from biotheca.submissions.model import State
from tests.unit.access import test_visas
from tests.unit.access.making import CY, WANG, Desk, dataset, desk, later
from tests.unit.access.test_visas import BASE, FORGED, ISS, JKU, NOW, keys
from tests.unit.publication.test_release import brought
from tests.unit.world import ADA, ANA, World

READER = Person("remote-9", "", frozenset({Role.SUBMITTER}))
ISSUERS = {ISS: Issuer(ISS, JKU, ("RS256",), ("ControlledAccessGrants", "LinkedIdentities"), ours=True)}
REFUSED = ("access.visa_refused", "The visa opens nothing here.", "")


@pytest.fixture
def here(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk at the moment of the visas, whose visas are about its dataset and have names of their own."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    boto3.client("secretsmanager").create_secret(Name="visa-keys")
    found = desk(world, monkeypatch)
    plain, names = test_visas.made, itertools.count()

    def about(*args: Any, own: dict[str, Any] | None = None, **more: Any) -> str:
        value = {"value": dataset_url(BASE, found.dataset)}
        return plain(*args, own=value | (own or {}), **({"jti": f"v{next(names)}"} | more))

    monkeypatch.setattr(test_visas, "made", about)
    yield found


def made(**more: Any) -> str:
    return test_visas.made(**more)


def shown(here: Desk, *tokens: str, person: Person = READER, **more: Any) -> proofs.Presented:
    store, issuers = VisaStore(Table("access"), Table("outbox")), more.pop("issuers", ISSUERS)
    return proofs.present(store, here.world.records, keys(), person, list(tokens), more.pop("base", BASE), (), issuers)


def opens(here: Desk, person: Person | None = READER) -> str:
    """What the one way to a file says: its name, or the words of the refusal."""
    (run,) = here.world.records.inside(here.dataset, "run", 1, None)[0]
    try:
        _, file = publishing.permitted(
            here.world.records, person, run.accession, run.files[0]["name"], grants.Granted(here.store)
        )
    except Controlled as refusal:
        return refusal.message
    return str(file["name"])


def said(done: proofs.Presented) -> list[tuple[str, str, str]]:
    return [(f.rule, f.message, f.value) for f in done.refused]


# -- of others


@pytest.mark.parametrize("case", FORGED)
def test_a_forged_visa_opens_nothing_and_is_answered_as_one_for_an_unknown_dataset(here: Desk, case: str) -> None:
    before = opens(here)
    unknown = shown(here, made(own={"value": dataset_url(BASE, "CRA999999")}))
    done = shown(here, FORGED[case][0]())
    assert done.taken == [] and said(done) == said(unknown) == [REFUSED]
    assert opens(here) == before == opens(here, None) and "controlled" in before
    good = shown(here, FORGED[case][0](), made())
    assert [one.dataset for one in good.taken] == [here.dataset] and [f.where[-1] for f in good.refused] == ["0"]
    assert opens(here).endswith(".gz")


def elsewhere(here: Desk) -> dict[str, str]:
    run = here.world.records.inside(here.dataset, "run", 1, None)[0][0].accession
    private = brought(here.world, State.ARCHIVED, title="Not yet", access="controlled").dataset or ""
    return {
        "a run of it": dataset_url(BASE, run),
        "another letter case": dataset_url(BASE, here.dataset.lower()),
        "another archive": dataset_url("https://other.example", here.dataset),
        "a private dataset": dataset_url(BASE, private),
        "a climb": dataset_url(BASE, f"../{here.dataset}"),
        "all": BASE,
    }


def test_a_visa_of_anything_but_a_controlled_dataset_of_ours_opens_nothing(here: Desk) -> None:
    for name, value in elsewhere(here).items():
        done = shown(here, made(own={"value": value}))
        assert (done.taken, said(done)) == ([], [REFUSED]), name
    nameless = shown(here, made(jti=None))
    assert (nameless.taken, said(nameless)) == ([], [REFUSED])
    assert "controlled" in opens(here)


def test_a_visa_opens_its_dataset_to_its_person_alone_until_it_ends(
    here: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = dataset(here, "Another")
    token = made()
    (taken,) = shown(here, token).taken
    assert taken.ends_at == clock.stamp(NOW + timedelta(seconds=600))
    assert opens(here).endswith(".gz") and "controlled" in opens(here, CY)
    with pytest.raises(Controlled):
        publishing.files(here.world.records, READER, other, 9, None, grants.Granted(here.store))
    assert said(shown(here, token, person=CY)) == [REFUSED]  # it is not about Cy
    (line,) = here.store.log_by(READER.subject, 9, None)[0]
    assert line["grant"] == f"visa {taken.digest}"
    kinds = [kind for kind, _ in here.world.told()]
    assert kinds.count("VisaTaken") == 1 and "ControlledFileLinked" in kinds
    assert token not in here.world.dump() and token.split(".")[2] not in here.world.dump()
    later(monkeypatch, seconds=601)
    assert "controlled" in opens(here)


def test_no_visa_counts_for_longer_than_an_hour_after_it_was_shown(here: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    token = made(exp=int((NOW + timedelta(days=30)).timestamp()))
    assert shown(here, token).taken and opens(here).endswith(".gz")
    later(monkeypatch, minutes=61)
    assert "controlled" in opens(here)
    assert shown(here, token).taken and opens(here).endswith(".gz")  # shown again it is looked at again


def test_a_name_that_was_another_visas_or_another_persons_is_a_replay(here: Desk) -> None:
    assert shown(here, made(jti="one")).taken
    swapped = shown(here, made(jti="one", exp=int(NOW.timestamp()) + 900))
    assert (swapped.taken, said(swapped)) == ([], [REFUSED])
    stolen = shown(here, made(jti="one", sub="cy"), person=CY)
    assert (stolen.taken, said(stolen)) == ([], [REFUSED])
    twice = made(jti="two")
    pair = shown(here, twice, twice)
    assert len(pair.taken) == 1 and said(pair) == [REFUSED]


def test_a_passport_for_us_is_taken_and_one_of_an_issuer_that_knows_other_people_is_not(here: Desk) -> None:
    assert shown(here, made(aud=[BASE, "https://other.example"])).taken
    theirs = {ISS: Issuer(ISS, JKU, ("RS256",))}
    assert said(shown(here, made(), issuers=theirs)) == [REFUSED]
    assert said(shown(here, made(), issuers={})) == [REFUSED]


def test_too_many_visas_are_refused_as_a_whole(here: Desk) -> None:
    with pytest.raises(Invalid) as caught:
        shown(here, *["x"] * 201)
    assert [f.rule for f in caught.value.findings] == ["visas.too_many"]
    assert said(shown(here, *["x"] * 200)) == [REFUSED] * 200


# -- ours


def ring() -> VisaRing:
    return VisaRing("visa-keys")


def turn(here: Desk, **how: bool) -> dict[str, int]:
    return proofs.turn_keys(ring(), VisaStore(Table("access"), Table("outbox")), **how)


def given(here: Desk, number: str, person: Person = WANG) -> str:
    store = VisaStore(Table("access"), Table("outbox"))
    return proofs.give(here.store, store, ring(), person, number, BASE + "/")


def checked(token: str) -> dict[str, Any]:
    """The claims, as somebody reads them who has nothing but the published key set."""
    published = jwt.PyJWKSet.from_dict(json.loads(json.dumps(proofs.published(ring()))))
    key = published[jwt.get_unverified_header(token)["kid"]]
    return dict(jwt.decode(token, key, algorithms=["ES256"], options={"verify_exp": False, "verify_iat": False}))


def test_the_holder_of_a_live_grant_has_a_visa_that_the_published_keys_prove(here: Desk) -> None:
    number = here.vote(ANA, here.asked().number).number
    with pytest.raises(NoVisaKey):
        given(here, number)
    turn(here)
    token = given(here, number)
    claims = checked(token)
    assert jwt.get_unverified_header(token)["jku"] == BASE + "/v1/visas/keys" and claims["iss"] == BASE
    assert claims["sub"] == "wang" and claims[CLAIM]["value"] == dataset_url(BASE, here.dataset)
    assert 0 < claims["exp"] - claims["iat"] <= 3600
    assert "PRIVATE" not in json.dumps(proofs.published(ring())) and token not in here.world.dump()
    assert [b["request"] for k, b in here.world.told() if k == "VisaGiven"] == [number]


def test_no_visa_for_strangers_for_what_has_ended_or_for_single_files(
    here: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn(here)
    number = here.vote(ANA, here.asked().number).number
    for person in (CY, ANA, ADA):
        answers = set()
        for name in (number, "HREQ999999"):
            with pytest.raises(NotFound) as caught:
                given(here, name, person)
            answers.add(caught.value.message.replace(name, "IT"))
        assert len(answers) == 1
    waiting = here.asked(person=CY).number
    with pytest.raises(NotFound):
        given(here, waiting, CY)
    grants.revoke(here.store, ADA, number, "Misused.")
    with pytest.raises(GrantIsOver):
        given(here, number)


def test_a_visa_never_says_more_than_its_grant(here: Desk) -> None:
    turn(here)
    number = here.vote(ANA, here.asked().number).number
    request = here.store.request(number)
    grant = here.store.grant(request) if request else None
    assert grant
    here.store.write([here.store.end_grant_line(replace(grant, files=("one.fastq.gz",)))], "the grant")
    with pytest.raises(VisaOfFiles):
        given(here, number)


def test_keys_turn_without_a_visa_that_cannot_be_checked(here: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert turn(here) == {"made": 1, "kept": 1, "retired": 0}
    assert turn(here) == {"made": 0, "kept": 1, "retired": 0}
    number = here.vote(ANA, here.asked().number).number
    later(monkeypatch, minutes=20)
    before = given(here, number)
    assert turn(here, anew=True) == {"made": 1, "kept": 2, "retired": 0}
    kid: Callable[[str], str] = lambda token: jwt.get_unverified_header(token)["kid"]  # noqa: E731
    assert kid(given(here, number)) == kid(before)  # others may not have the new key yet
    assert len(proofs.published(ring())["keys"]) == 2
    later(monkeypatch, minutes=20)
    after = given(here, number)
    assert kid(after) != kid(before) and checked(before) and checked(after)
    later(monkeypatch, days=2)
    assert turn(here) == {"made": 0, "kept": 1, "retired": 1}
    assert checked(given(here, number))
    later(monkeypatch, days=366)
    assert turn(here)["made"] == 1
    assert [k for k, _ in here.world.told()].count("KeyTurned") == 4
