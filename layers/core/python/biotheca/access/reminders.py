"""What the clock brings: reminders of waiting requests and of grants that end soon, the word to staff, what expired.

One sweep does it all and may be repeated: each reminder is noted on its request or grant in the write that tells of it.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from biotheca import clock, events
from biotheca.access import rules
from biotheca.access.decisions import settled
from biotheca.access.grants import expire, remind
from biotheca.access.model import Grant, Request, StaleAccess, State
from biotheca.access.store import AccessStore

log = logging.getLogger(__name__)


def sweep(store: AccessStore, staff: Callable[[], list[str]]) -> dict[str, int]:
    """Do what is due; returns how many of each. `staff`: subjects of the data managers, asked only if needed."""
    now, done = clock.now(), Counter[str]()
    for request in store.waiting():
        done[_one(request, partial(_look_at, store, staff, now))] += 1
    for request in store.returned_until(clock.stamp(now - timedelta(days=rules.ANSWER_DAYS))):
        done[_one(request, partial(_give_up, store))] += 1
    for grant in store.grants_until(clock.stamp(now)):
        ended = store.request(grant.request)
        if ended and ended.state == State.APPROVED:
            result = _one(ended, partial(_end, store, grant))
            done[result] += 1
            if not result:
                continue
        store.leave_queue(grant)
    for grant in store.grants_until(clock.stamp(now + timedelta(days=max(rules.ENDING)))):
        live = store.request(grant.request)
        if live and live.state == State.APPROVED:
            done[_one(live, partial(_ends_soon, store, grant, now))] += 1
    done.pop("", None)
    return dict(done)


def _one(request: Request, act: Callable[[Request], str]) -> str:
    """What became of one; somebody was faster: the next sweep looks again, and the others go on."""
    try:
        return act(request)
    except StaleAccess:
        log.info("changed meanwhile", extra={"request": request.number})
        return ""


def _look_at(store: AccessStore, staff: Callable[[], list[str]], now: datetime, request: Request) -> str:
    committee = store.committee(request.committee)
    if committee is None:
        return ""
    if settled(store, request, request, committee):  # those who were waited for are away or gone
        return "settled"
    day = rules.reminder_due(request, now)
    if day is None:
        return ""
    escalated = day == rules.ESCALATION
    people = staff() if escalated else rules.to_remind(committee, request, now)
    told = store.told(
        events.ACCESS_REMINDED,
        request.number,
        request=request.number,
        committee=request.committee,
        dataset=request.dataset,
        days=str(rules.days_waited(request, now)),
        to="staff" if escalated else "committee",
        people=people,
    )
    words = "Staff were told that it waits." if escalated else "The committee was reminded."
    new = replace(request, reminded=day)
    store.save_request(request, new, event="reminded", words=words, actor="archive", lines=[told])
    return "escalated" if escalated else "reminded"


def _give_up(store: AccessStore, request: Request) -> str:
    new = replace(request, state=State.EXPIRED)
    words = f"Nothing came for {rules.ANSWER_DAYS} days after it was returned."
    store.save_request(request, new, event="expired", words=words, actor="archive")
    return "given up"


def _end(store: AccessStore, grant: Grant, request: Request) -> str:
    expire(store, request, grant)
    return "expired"


def _ends_soon(store: AccessStore, grant: Grant, now: datetime, request: Request) -> str:
    day = rules.ending_due(grant, store.grants(grant.person, grant.dataset), now)
    if day is None:
        return ""
    remind(store, request, grant, day, now)
    return "ending"
