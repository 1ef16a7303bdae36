"""Scores in their table: counted once in any order of events, anew each day, shown with what made them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from biotheca import catalog, clock
from biotheca.aws.tables import Table
from biotheca.errors import Invalid, NotFound
from biotheca.openness import rules, service
from biotheca.openness.model import NotScored, Outcome, Request
from biotheca.openness.store import OpennessStore, StandingMoved
from biotheca.publication.model import Record, Visibility
from tests.unit.world import ANA, World

NOW = datetime(2026, 6, 1, tzinfo=UTC)
MEMBER = "gsa"
ONE, TWO, THREE = "CRA000001", "CRA000002", "CRA000003"
A, R, W = Outcome.APPROVED, Outcome.REJECTED, Outcome.WITHDRAWN


class Log:
    """A log of requests in memory."""

    def __init__(self) -> None:
        self.rows: dict[str, Request] = {}

    def put(self, name: str, dataset: str, ago: float, took: float = 0, outcome: Outcome | None = None) -> str:
        since = clock.now() - timedelta(days=ago)
        decided = since + timedelta(days=took) if outcome else None
        self.rows[name] = Request(name, dataset, since, decided, outcome, f"sub-of-{name}")
        return name

    def requests(self) -> Iterable[Request]:
        return list(self.rows.values())

    def request(self, request_id: str) -> Request | None:
        return self.rows.get(request_id)


@pytest.fixture
def day(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The moment that every clock shows; [0] may be set."""
    moment = [NOW]
    monkeypatch.setattr(clock, "now", lambda: moment[0])
    return moment


@pytest.fixture
def store(world: World, day: list[datetime], monkeypatch: pytest.MonkeyPatch) -> OpennessStore:
    member = replace(catalog.members()[MEMBER], access_modes=("open", "controlled"))
    monkeypatch.setitem(catalog.members(), MEMBER, member)
    return OpennessStore(Table("openness"))


def released(world: World, accession: str, access: str, visibility: Visibility = Visibility.PUBLIC) -> None:
    made = Record(accession, "study", MEMBER, "a", f"Title of {accession}", "sub", "ana", {}, dataset=accession)
    world.records.put_new(replace(made, access=access, visibility=visibility, created_at=clock.stamp()))


def test_an_open_dataset_has_a_hundred_and_a_controlled_one_no_number_yet(world: World, store: OpennessStore) -> None:
    released(world, ONE, "open")
    released(world, TWO, "controlled")
    shown = service.show(store, world.records, None, ONE)
    assert (shown["score"], shown["stars"], shown["would_raise"]) == (100, 5.0, [])
    assert service.show(store, world.records, None, TWO)["score"] is None
    for accession in (ONE, TWO):
        assert service.follow(store, world.records, accession)
        assert not service.follow(store, world.records, accession)
    lists = [service.browse(store, which, "highest", 10, None)[0] for which in ("open", "unrated", "controlled")]
    assert [[(row["accession"], row["score"]) for row in rows] for rows in lists] == [[(ONE, 100)], [(TWO, None)], []]


def test_a_request_is_counted_once_however_often_its_event_comes(world: World, store: OpennessStore) -> None:
    released(world, TWO, "controlled")
    service.follow(store, world.records, TWO)
    log = Log()
    log.put("r1", TWO, 40)
    assert service.take(store, log, "r1")
    before = world.dump()
    assert not service.take(store, log, "r1")
    assert world.dump() == before
    log.rows["r1"] = replace(log.rows["r1"], outcome=A, decided_at=NOW)
    assert service.take(store, log, "r1")
    row = store.standing(TWO)
    assert row and (row.decided, row.approved, row.waiting, row.decision_ms) == (1, 1, 0, 40 * 86_400_000)
    assert not service.take(store, log, "unknown")


def test_a_request_that_was_given_back_waits_from_the_day_on_which_it_comes_again(store: OpennessStore) -> None:
    log = Log()
    service.take(store, log, log.put("r1", TWO, 40))
    log.put("r1", TWO, 40, 10, W)
    service.take(store, log, "r1")
    row = store.standing(TWO)
    assert row and (row.waiting, row.score, store.waiting(TWO)) == (0, None, {})
    service.take(store, log, log.put("r1", TWO, 1))
    assert store.waiting(TWO) == {"r1": NOW - timedelta(days=1)}


def test_no_requester_enters_the_table(world: World, store: OpennessStore) -> None:
    log = Log()
    service.take(store, log, log.put("r1", TWO, 40))
    assert "sub-of" not in world.dump()


@pytest.mark.parametrize("seed", range(5))
def test_events_in_any_order_give_what_the_whole_log_gives(world: World, store: OpennessStore, seed: int) -> None:
    draw, log = random.Random(seed), Log()
    for accession in (ONE, TWO, THREE):
        released(world, accession, "controlled")
        service.follow(store, world.records, accession)
    told = []
    for number in range(40):
        name = draw.choice([f"r{number}", f"r{draw.randrange(number + 1)}"])
        old = log.rows.get(name)
        ago, dataset = draw.uniform(1, 90), old.dataset if old else draw.choice((ONE, TWO, THREE))
        log.put(name, dataset, ago, ago / 2, draw.choice((A, R, W, None)))
        told.append(name)
        if draw.random() < 0.5:
            service.take(store, log, draw.choice(told))
    for name in draw.sample(told, len(told)):
        service.take(store, log, name)
    assert service.rebuild(store, log) == 0
    service.recompute(store)
    whole = rules.tallies(log.requests())
    rates = rules.rates_of(whole.values(), NOW)
    for accession in (ONE, TWO, THREE):
        row, tally = store.standing(accession), whole.get(accession, rules.Tally())
        assert row and row.tally(store.waiting(accession)) == tally
        assert row.score == rules.score_of("controlled", tally, rates, NOW).score
    found = store.rates()
    assert found and (found.processed, found.approved) == pytest.approx((rates.processed, rates.approved))


def test_a_rebuild_counts_what_no_event_told(store: OpennessStore) -> None:
    log = Log()
    for number in range(5):
        log.put(f"r{number}", TWO, 20 + number, 2, A if number % 2 else None)
    assert service.rebuild(store, log) == 5
    row = store.standing(TWO)
    assert row and (row.decided, row.approved, row.waiting) == (2, 2, 3)


def test_a_silent_committees_score_falls_by_the_day_and_its_history_tells_when(
    world: World, store: OpennessStore, day: list[datetime]
) -> None:
    released(world, TWO, "controlled")
    service.follow(store, world.records, TWO)
    log = Log()
    service.take(store, log, log.put("r1", TWO, 13.5))
    assert service.recompute(store) == {"day": "2026-06-01", "datasets": 1, "changed": 0}
    scores = []
    for days in range(1, 60):
        day[0] = NOW + timedelta(days=days)
        done = service.recompute(store)
        again = service.recompute(store)
        assert done["datasets"] == 1 and again["changed"] == 0
        row = store.standing(TWO)
        assert row
        scores.append(row.score)
    assert scores == sorted(scores, reverse=True) and scores[0] > scores[-1] == 0
    history = store.history(TWO, 200)
    assert [line["score"] for line in history] == [*sorted({*scores}), None]
    assert history[-1]["day"] == "2026-06-01"


def test_a_score_is_shown_with_what_would_raise_it(world: World, store: OpennessStore) -> None:
    released(world, TWO, "controlled")
    service.follow(store, world.records, TWO)
    log = Log()
    for name, ago, took, outcome in (("a", 50, 10, A), ("b", 40, 20, R), ("c", 30, 0, None), ("d", 2, 0, None)):
        service.take(store, log, log.put(name, TWO, ago, took, outcome))
    service.recompute(store)
    shown = service.show(store, world.records, None, TWO)
    assert shown["inputs"] | {"mean_days": 20.0} == {
        "counted": 3,
        "decided": 2,
        "approved": 1,
        "waiting": 2,
        "late": 1,
        "mean_days": 20.0,
        "archive_processed": pytest.approx(2 / 3),
        "archive_approved": pytest.approx(1 / 3),
    }
    assert shown["inputs"]["mean_days"] == pytest.approx(20)
    assert sum(part["points"] for part in shown["parts"]) == pytest.approx(shown["exact"])
    steps = {step["do"]: step for step in shown["would_raise"]}
    assert steps["approve_late"]["score"] > shown["score"]
    assert "1 request(s)" in steps["approve_late"]["words"]["en"]
    # Doing it gives the score that was promised.
    log.rows["c"] = replace(log.rows["c"], outcome=A, decided_at=NOW)
    service.take(store, log, "c")
    assert service.show(store, world.records, None, TWO)["score"] == steps["approve_late"]["score"]


def test_what_is_not_public_is_neither_shown_nor_listed(world: World, store: OpennessStore) -> None:
    released(world, ONE, "controlled", Visibility.PRIVATE)
    service.follow(store, world.records, ONE)
    log = Log()
    service.take(store, log, log.put("r1", ONE, 40))
    for accession in (ONE, "CRA999999"):
        with pytest.raises(NotFound) as told:
            service.show(store, world.records, None, accession)
        assert accession in told.value.message
    assert service.show(store, world.records, ANA, ONE)["inputs"]["late"] == 1
    for which in ("open", "controlled", "unrated"):
        assert service.browse(store, which, "highest", 10, None) == ([], None)


def test_only_datasets_have_a_score(world: World, store: OpennessStore) -> None:
    released(world, ONE, "controlled")
    inside = Record("CRR000001", "run", MEMBER, "r", "A run", "sub", "ana", {}, dataset=ONE)
    world.records.put_new(replace(inside, visibility=Visibility.PUBLIC, created_at=clock.stamp()))
    assert not service.follow(store, world.records, "CRR000001")
    assert not service.follow(store, world.records, "CRA999999")
    with pytest.raises(NotScored):
        service.show(store, world.records, None, "CRR000001")


def test_pages_of_a_list_join_in_the_order_of_scores(world: World, store: OpennessStore) -> None:
    log = Log()
    for number in range(1, 8):
        accession = f"CRA{number:06d}"
        released(world, accession, "controlled")
        service.follow(store, world.records, accession)
        service.take(store, log, log.put(f"r{number}", accession, 60, 7 * number, A))
    service.recompute(store)
    for order, backwards in (("highest", True), ("lowest", False)):
        got, cursor = [], None
        while True:
            rows, cursor = service.browse(store, "controlled", order, 3, cursor)
            got += [(row["score"], row["accession"]) for row in rows]
            if cursor is None:
                break
        assert len(got) == 7 and got == sorted(got, reverse=backwards)
    for wrong in ({"access": "closed"}, {"order": "best"}):
        with pytest.raises(Invalid):
            service.browse(store, **{"access": "open", "order": "highest", "limit": 5, "cursor": None} | wrong)


def test_who_reads_an_old_row_writes_nothing(world: World, store: OpennessStore) -> None:
    released(world, TWO, "controlled")
    service.follow(store, world.records, TWO)
    old = store.standing(TWO)
    assert old
    store.save(old, replace(old, title="First"))
    before = world.dump()
    for stale in (old, None):
        with pytest.raises(StandingMoved):
            store.save(stale, replace(old, title="Second"))
    assert world.dump() == before


def test_a_mode_that_changes_moves_the_dataset_to_the_other_list(world: World, store: OpennessStore) -> None:
    released(world, ONE, "open")
    service.follow(store, world.records, ONE)
    record = world.records.get(ONE)
    assert record
    world.records.save(record, replace(record, access="controlled"), event="access", words="It is.", actor="chen")
    assert service.follow(store, world.records, ONE)
    assert service.browse(store, "open", "highest", 5, None)[0] == []
    assert [row["accession"] for row in service.browse(store, "unrated", "highest", 5, None)[0]] == [ONE]
    assert [line["score"] for line in store.history(ONE)] == [None]


class Racing(Log):
    """A log that lets somebody else count between the reading of the row and its writing."""

    def __init__(self, log: Log, race: Callable[[], object]) -> None:
        self.rows, self.race, self.asked = log.rows, race, 0

    def request(self, request_id: str) -> Request | None:
        found = super().request(request_id)
        self.asked += 1
        if self.asked == 2:
            self.race()
        return found


def test_two_events_at_once_are_both_counted(store: OpennessStore) -> None:
    log = Log()
    for name in ("r1", "r2"):
        log.put(name, TWO, 40, 2, A)
    assert service.take(store, Racing(log, lambda: service.take(store, log, "r2")), "r1")
    row = store.standing(TWO)
    assert row and (row.decided, row.approved, row.writes) == (2, 2, 2)


def test_an_older_state_never_overwrites_a_newer_one(store: OpennessStore) -> None:
    log = Log()
    log.put("r1", TWO, 40)

    def decide() -> None:
        log.rows["r1"] = replace(log.rows["r1"], outcome=R, decided_at=NOW)
        service.take(store, log, "r1")

    assert not service.take(store, Racing(log, decide), "r1")  # it had read the request as waiting
    row = store.standing(TWO)
    assert row and (row.decided, row.approved, row.waiting) == (1, 0, 0)
    assert store.waiting(TWO) == {}
