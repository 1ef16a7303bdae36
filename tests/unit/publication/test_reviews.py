"""Reviewer links, articles, grants and certificates over a small cloud."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from biotheca import clock
from biotheca.errors import Invalid, NotFound
from biotheca.publication import articles, reviews, service, visibility
from biotheca.publication.model import WrongVisibility
from biotheca.publication.uses import below, uses
from biotheca.submissions.model import State
from tests.unit.publication.test_release import brought, numbers
from tests.unit.world import ADA, ANA, CHEN, LI, World


def link(world: World, dataset: str, data: bool = False, days: int = 30) -> tuple[str, str]:
    made = reviews.make(world.submissions, world.records, ANA, dataset, "Journal of Examples", days, data)
    return made["id"], made["token"]


def test_a_link_shows_a_private_dataset_and_files_only_if_it_says_so(world: World) -> None:
    made = brought(world, State.ARCHIVED)
    dataset = made.dataset or ""
    _, without = link(world, dataset)
    record, row = reviews.opened(world.records, without, "192.0.2.1")
    assert record.accession == dataset
    assert [r.type for r in reviews.inside(world.records, record, "run", 9, None)[0]] == ["run"]
    assert [r.accession for r in reviews.inside(world.records, record, "sample", 9, None)[0]] == [
        numbers(world, made)["s1"]
    ]
    with pytest.raises(NotFound):
        reviews.files(world.records, record, row, 9, None)
    _, with_data = link(world, dataset, data=True)
    record, row = reviews.opened(world.records, with_data, "192.0.2.1")
    assert len(reviews.files(world.records, record, row, 9, None)[0]) == 1


def test_a_link_ends_when_it_expires_or_is_revoked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = brought(world, State.ARCHIVED).dataset or ""
    identifier, token = link(world, dataset, days=3)
    _, other = link(world, dataset)
    start = clock.now()
    monkeypatch.setattr(clock, "now", lambda: start + timedelta(days=3, seconds=1))
    with pytest.raises(reviews.LinkGone):
        reviews.opened(world.records, token, "192.0.2.1")
    reviews.opened(world.records, other, "192.0.2.1")
    rows, _ = reviews.listed(world.submissions, world.records, ANA, dataset, 9, None)
    second = next(row["id"] for row in rows if row["id"] != identifier)
    for _ in range(2):
        reviews.revoke(world.submissions, world.records, ANA, dataset, second)
    with pytest.raises(reviews.LinkGone):
        reviews.opened(world.records, other, "192.0.2.1")


def test_a_link_lasts_a_year_at_most_and_only_its_owner_makes_and_sees_it(world: World) -> None:
    made = brought(world, State.ARCHIVED)
    dataset = made.dataset or ""
    for days in (0, 367):
        with pytest.raises(Invalid):
            reviews.make(world.submissions, world.records, ANA, dataset, "x", days, False)
    with pytest.raises(WrongVisibility):
        reviews.make(world.submissions, world.records, ANA, numbers(world, made)["r1"], "x", 9, False)
    for act in (
        lambda: reviews.make(world.submissions, world.records, LI, dataset, "x", 9, False),
        lambda: reviews.listed(world.submissions, world.records, LI, dataset, 9, None),
        lambda: reviews.revoke(world.submissions, world.records, LI, dataset, "lnk_x"),
    ):
        with pytest.raises(NotFound):
            act()


def test_the_secret_stands_in_no_table_and_uses_are_counted_without_it(world: World) -> None:
    dataset = brought(world, State.ARCHIVED).dataset or ""
    _, token = link(world, dataset)
    for _ in range(3):
        reviews.opened(world.records, token, "192.0.2.1")
    (row,), _ = reviews.listed(world.submissions, world.records, ANA, dataset, 9, None)
    assert row["uses"] == 3 and row["last_used_at"] and "token" not in row
    assert len(token) >= 43 + 4 and token not in world.dump() and token.removeprefix("rvw_") not in world.dump()


def test_guessing_is_stopped_and_others_are_not_hindered(world: World) -> None:
    dataset = brought(world, State.ARCHIVED).dataset or ""
    _, token = link(world, dataset)
    for number in range(reviews.GUESSES):
        with pytest.raises(NotFound):
            reviews.opened(world.records, f"rvw_{number}", "192.0.2.66")
    with pytest.raises(reviews.TooManyGuesses):
        reviews.opened(world.records, token, "192.0.2.66")
    assert reviews.opened(world.records, token, "192.0.2.1")[0].accession == dataset


def test_a_link_to_what_was_withdrawn_shows_nothing(world: World) -> None:
    dataset = brought(world, State.RELEASED).dataset or ""
    _, token = link(world, dataset)
    visibility.change(world.records, ADA, dataset, "withdraw", "Not theirs to give")
    with pytest.raises(reviews.LinkGone):
        reviews.opened(world.records, token, "192.0.2.1")


def test_an_article_leads_to_its_public_records_alone(world: World) -> None:
    public, private = (
        brought(world, state, title=f"Study {state}").dataset or "" for state in (State.RELEASED, State.ARCHIVED)
    )
    for dataset in (public, private):
        for doi in ("https://doi.org/10.1000/XYZ", "10.1000/xyz"):
            articles.add(world.submissions, world.records, ANA, dataset, {"doi": doi})
    (row,) = articles.articles(world.records, None, public)
    assert row["doi"] == "10.1000/xyz" and row["status"] == "published"
    assert [r["accession"] for r in articles.of_article(world.records, "doi:10.1000/XYZ", None)] == [public]
    assert articles.judge(world.records, CHEN, public, row["id"], "preprint")["outcome"] == "preprint"
    articles.remove(world.submissions, world.records, ANA, public, row["id"])
    assert articles.of_article(world.records, "10.1000/xyz", None) == []
    for wrong in ({"doi": "11.1/x"}, {"pmid": "x"}, {}):
        with pytest.raises(Invalid):
            articles.add(world.submissions, world.records, ANA, public, wrong)


def test_a_grant_number_leads_to_the_public_datasets_of_its_projects(world: World) -> None:
    made, private = brought(world, State.RELEASED), brought(world, State.ARCHIVED, title="Private one")
    for submission in (made, private):
        project = world.records.get(numbers(world, submission)["p1"])
        assert project
        named = replace(project, attributes=project.attributes | {"grants": [{"agency": "NSFC", "number": "3200-01"}]})
        service.put_grants(world.records, world.records.save(project, named, event="x", words="x", actor="test"))
    assert [r["accession"] for r in articles.of_grant(world.records, "NO. 320001".removeprefix("NO. "))] == [
        made.dataset
    ]
    assert articles.of_grant(world.records, "999") == []


def test_a_project_lists_the_datasets_that_one_may_see(world: World) -> None:
    made = brought(world, State.RELEASED)
    project = numbers(world, made)["p1"]
    other = brought(world, State.ARCHIVED, title="Another, private")
    study = world.records.get(other.dataset or "")
    assert study
    world.records.put_references(replace(study, needs=[project]))
    shown, _ = articles.datasets_of(world.records, None, project, 9, None)
    assert [(r["accession"], r["member"], r["access"]) for r in shown] == [(made.dataset, "gsa", "open")]
    owners, _ = articles.datasets_of(world.records, ANA, project, 9, None)
    assert {r["accession"] for r in owners} == {made.dataset, other.dataset}


def test_a_certificates_code_is_confirmed_and_tells_no_private_title(world: World) -> None:
    made = brought(world, State.ARCHIVED)
    one, again = (articles.certify(world.records, ANA, made.dataset or "") for _ in range(2))
    assert one["code"] == again["code"] and len(one["code"]) == 20
    told = articles.confirm(world.records, one["code"].lower())
    assert told["accession"] == made.dataset and told["visibility"] == "private" and told["title"] is None
    with pytest.raises(NotFound):
        articles.confirm(world.records, "A" * 20)
    with pytest.raises(NotFound):
        articles.certify(world.records, None, made.dataset or "")


def test_a_sample_names_the_experiments_datasets_and_runs_that_one_may_see(world: World) -> None:
    made = brought(world, State.RELEASED)
    known = numbers(world, made)
    (row,), following = uses(world.records, None, known["s1"], 9, None)
    assert following is None
    assert (row["accession"], row["type"], row["dataset"]) == (known["e1"], "experiment", made.dataset)
    assert row["used_by"] == [{"accession": known["r1"], "type": "run"}]
    other = brought(world, State.ARCHIVED, title="Another, private")
    experiment = world.records.get(numbers(world, other)["e1"])
    assert experiment
    world.records.put_references(replace(experiment, needs=[known["s1"]]))
    seen = [{r["accession"] for r in uses(world.records, who, known["s1"], 9, None)[0]} for who in (None, LI, ANA)]
    assert seen == [{known["e1"]}, {known["e1"]}, {known["e1"], experiment.accession}]
    with pytest.raises(NotFound):
        uses(world.records, LI, numbers(world, other)["s1"], 9, None)


def test_all_below_a_record_is_what_a_walk_of_references_finds_and_one_may_see(world: World) -> None:
    made = brought(world, State.RELEASED, runs=3)
    hidden = brought(world, State.ARCHIVED, title="Another, private")
    sample, other = numbers(world, made)["s1"], world.records.get(numbers(world, hidden)["e1"])
    assert other
    world.records.put_references(replace(other, needs=[sample]))  # and its run below it
    everything = [a for m in (made, hidden) for a in numbers(world, m).values()]
    needs = {a: set(r.needs) | ({sample} if a == other.accession else set()) for a, r in
             ((a, world.records.get(a)) for a in everything) if r}  # fmt: skip

    def hangs(accession: str, seen: set[str]) -> bool:
        return accession in seen and any(n == sample or hangs(n, seen) for n in needs[accession])

    public = set(numbers(world, made).values())
    for who, seen in ((None, public), (LI, public), (ANA, set(everything))):
        told = below(world.records, who, sample)
        found = [row["accession"] for row in told["items"]]
        assert told["complete"] and len(found) == len(set(found))
        assert set(found) == {a for a in seen if hangs(a, seen)}
        assert all(row["of"] in {sample, *found} for row in told["items"])
    assert len(below(world.records, ANA, sample)["items"]) > len(below(world.records, None, sample)["items"]) >= 2
    short = below(world.records, ANA, sample, most=1)
    assert len(short["items"]) == 1 and not short["complete"]


def test_pages_of_uses_hold_each_of_them_once(world: World) -> None:
    made = brought(world, State.RELEASED)
    sample = numbers(world, made)["s1"]
    experiment = world.records.get(numbers(world, made)["e1"])
    assert experiment
    wanted = [experiment.accession]
    for n in range(4):
        copy = replace(experiment, accession=f"CRX00000{n}9", needs=[sample])
        world.records.put_new(copy)
        world.records.put_references(copy)
        wanted.append(copy.accession)
    found: list[str] = []
    cursor: str | None = None
    while True:
        page, cursor = uses(world.records, ANA, sample, 2, cursor)
        found += [row["accession"] for row in page]
        if cursor is None:
            break
    assert sorted(found) == sorted(wanted)
