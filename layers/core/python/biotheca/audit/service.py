"""Write events into the chain, once each; show it to administrators."""

from __future__ import annotations

from itertools import islice
from typing import Any

from biotheca.accounts.model import Person, Role
from biotheca.audit import rules
from biotheca.audit.store import ChainMoved, ChainStore
from biotheca.errors import SystemFault

TRIES = 20
MOST_AT_ONCE = 40  # two table lines an event, and the head, within the hundred of a transaction


def append(chain: ChainStore, envelopes: list[dict[str, Any]]) -> int:
    """Give each event that has none its line, then copy what waits; returns how many lines are new."""
    added = 0
    for start in range(0, len(envelopes), MOST_AT_ONCE):
        added += _append(chain, envelopes[start : start + MOST_AT_ONCE])
    chain.copy_waiting()
    return added


def _append(chain: ChainStore, envelopes: list[dict[str, Any]]) -> int:
    for _ in range(TRIES):
        once = {envelope["id"]: envelope for envelope in envelopes}  # a batch may hold the same event twice
        fresh = [envelope for envelope in once.values() if not chain.seen(envelope["id"])]
        if not fresh:
            return 0
        head = chain.head()
        try:
            chain.append(head, list(rules.chained(head["number"], head["hash"], fresh)))
        except ChainMoved:
            continue
        return len(fresh)
    raise SystemFault(f"the audit chain kept moving under {TRIES} tries")


def page(chain: ChainStore, person: Person, after: int, limit: int) -> tuple[list[dict[str, Any]], int | None]:
    """Lines after a number, as the bucket has them. For administrators."""
    person.must_be(Role.ADMINISTRATOR)
    found = list(islice(chain.lines(after), limit + 1))
    shown = found[:limit]
    return shown, (after + len(shown)) if len(found) > limit else None


def head(chain: ChainStore, person: Person) -> dict[str, Any]:
    """Number and hash of the last line, and how far the bucket has it. For administrators."""
    person.must_be(Role.ADMINISTRATOR)
    return chain.head()
