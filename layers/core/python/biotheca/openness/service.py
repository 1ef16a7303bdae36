"""Count what becomes of requests, keep scores up to date, show a score with all that made it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

from biotheca import catalog, clock
from biotheca.accounts.model import Person
from biotheca.errors import Finding, Invalid, SystemFault
from biotheca.openness import rules, sharing
from biotheca.openness.model import NotScored, RequestLog, Score, Standing, Tally, as_inputs
from biotheca.openness.sharing import Placed
from biotheca.openness.store import LISTS, OpennessStore, StandingMoved
from biotheca.publication.access import mode_of
from biotheca.publication.model import Visibility
from biotheca.publication.service import visible
from biotheca.publication.store import RecordStore

TRIES = 8
ORDERS = ("highest", "lowest")


def take(store: OpennessStore, log: RequestLog, request_id: str) -> bool:
    """Count a request as the log has it now; whether anything changed.

    It reads the present state, so events may come twice and in any order. A request that the log lacks changes nothing.
    """
    for _ in range(TRIES):
        seen = log.request(request_id)
        if seen is None:
            return False
        before = store.standing(seen.dataset)
        now = log.request(request_id)  # again, after the row: whoever writes on this row has seen this or a later state
        if now is None:
            return False
        now = replace(now, requester="")
        counted = store.counted(now)
        if counted == now:
            return False
        row = before or Standing(now.dataset)
        tally = rules.after(row.tally(store.waiting(now.dataset)), counted, now)
        try:
            store.save(before, _counted(store, row, tally), (counted, now))
        except StandingMoved:
            continue
        return True
    raise SystemFault(f"the row of the dataset of request {request_id} kept moving under {TRIES} tries")


def _counted(store: OpennessStore, row: Standing, tally: Tally) -> Standing:
    """The row with these counts and the score of this moment."""
    row = replace(
        row,
        decided=tally.decided,
        approved=tally.approved,
        decision_ms=tally.decision_ms,
        waiting=len(tally.waiting),
    )
    return row.with_score(_score(store, row, tally))


def _score(store: OpennessStore, row: Standing, tally: Tally) -> Score:
    # Before the archive's first recompute the dataset's own rates are all that is known.
    now = clock.now()
    return rules.score_of(row.access, tally, store.rates() or rules.rates_of([tally], now), now)


def rebuild(store: OpennessStore, log: RequestLog) -> int:
    """Count every request of the log that is counted otherwise; returns how many were."""
    wrong = (r for r in log.requests() if store.counted(r) != replace(r, requester=""))
    return sum(take(store, log, request.id) for request in wrong)


def follow(store: OpennessStore, records: RecordStore, accession: str) -> bool:
    """Make a dataset's row say what its record says: access, title, listed or not. Whether anything changed."""
    record = records.get(accession)
    if record is None or record.dataset != record.accession:
        return False
    for _ in range(TRIES):
        before = store.standing(accession)
        row = replace(
            before or Standing(accession),
            access=mode_of(records, record),
            listed=record.visibility == Visibility.PUBLIC,
            title=record.title,
            member=record.member,
        )
        row = row.with_score(_score(store, row, row.tally(store.waiting(accession))))
        if row == before:
            return False
        try:
            store.save(before, row)
        except StandingMoved:
            continue
        return True
    raise SystemFault(f"the row of {accession} kept moving under {TRIES} tries")


def recompute(store: OpennessStore) -> dict[str, Any]:
    """Each day: the archive's rates, then every controlled dataset as of now. A second run on a day changes nothing.

    A row that an event writes meanwhile is left to it; the next day sees it again.
    """
    now = clock.now()
    rows = [(row, row.tally(store.waiting(row.accession) if row.waiting else {})) for row in store.controlled()]
    rates = rules.rates_of((tally for _, tally in rows), now)
    store.put_rates(rates)
    changed = 0
    for row, tally in rows:
        after = row.with_score(rules.score_of(row.access, tally, rates, now))
        if after == row:
            continue
        try:
            store.save(row, after)
        except StandingMoved:
            continue
        changed += 1
    return {"day": rates.day, "datasets": len(rows), "changed": changed}


def count(store: OpennessStore, requests: Iterable[Placed]) -> dict[str, Any]:
    """Each day: the table of sharing of all public datasets and of all requests; kept, and returned."""
    members = [member.id for member in catalog.members().values() if member.has_files]
    table = sharing.table(members, store.listed(), requests, clock.now().date().isoformat())
    store.put_sharing(table)
    return table


def shared(store: OpennessStore) -> dict[str, Any]:
    """The table of the last recompute; before the first an empty one, without a day."""
    return store.sharing() or sharing.table([], [], [])


def show(store: OpennessStore, records: RecordStore, person: Person | None, accession: str) -> dict[str, Any]:
    """A dataset's score as of now with its inputs, parts, what would raise it, and the days on which it changed.

    Raises NotFound and Withdrawn as the record itself does; NotScored of what is no dataset.
    """
    record = visible(records, person, accession)
    if record.dataset != record.accession:
        raise NotScored(f"{record.accession} is no dataset; its dataset is {record.dataset or 'none'}.")
    row = replace(store.standing(record.accession) or Standing(record.accession), access=mode_of(records, record))
    tally = row.tally(store.waiting(record.accession))
    score = _score(store, row, tally)
    steps = rules.would_raise(row.access, tally, score.rates, score.as_of) if score.rates else []
    return {
        "accession": record.accession,
        "access": row.access,
        "score": score.score,
        "stars": score.stars,
        "exact": score.exact,
        "as_of": clock.stamp(score.as_of),
        "formula": score.version,
        "inputs": as_inputs(score) if score.rates else None,
        "parts": [asdict(part) | {"points": part.points} for part in score.parts],
        "would_raise": [asdict(step) | {"words": _words(step.do, step.requests)} for step in steps],
        "history": store.history(record.accession),
    }


def _words(do: str, requests: int) -> dict[str, str]:
    return {language: text.format(requests=requests) for language, text in catalog.openness()["steps"][do].items()}


def browse(
    store: OpennessStore, access: str, order: str, limit: int, cursor: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """Public datasets of one list (controlled, open, unrated) by score, and the cursor of the next page."""
    for name, value, allowed in (("access", access, LISTS), ("order", order, ORDERS)):
        if value not in allowed:
            expected = " or ".join(allowed)
            raise Invalid(
                f"{name} is {expected}.", [Finding("metadata.choice", f"?{name}", expected, value[:80], expected)]
            )
    rows, following = store.page(access, order == "highest", limit, cursor)
    return [row.shown() for row in rows], following
