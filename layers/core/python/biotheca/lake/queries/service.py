"""Ask a query, look at it. The rules of SQL: rules; what brings it to its end: answering."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from biotheca import clock, ids
from biotheca.accounts.model import Person
from biotheca.errors import Conflict, NotFound
from biotheca.lake.queries import rules
from biotheca.lake.queries.model import KEPT_DAYS, Query
from biotheca.lake.queries.store import QueryStore


def ask(store: QueryStore, person: Person, sql: str, wanted: str, token: str | None = None) -> Query:
    """Take a query of a person. The same token gives the same query; with another text it is a Conflict."""
    rules.check(sql, wanted)
    name = ids.new("qry")
    if token:  # of this person only: two people's tokens may be alike
        name = "qry_" + hashlib.sha256(f"{person.subject}\n{token}".encode()).hexdigest()[:26]
    query = store.ask(Query(name, person.subject, sql, wanted, clock.stamp()))
    if (query.sql, query.format) != (sql, wanted):
        raise Conflict(f"The token {token!r} was used for another query of yours. Take a new one.")
    return query


def look(store: QueryStore, person: Person, query_id: str) -> Query:
    """A person's own query; NotFound for all others, and for one whose answer has been forgotten."""
    query = store.get(person.subject, query_id)
    if query is None or clock.now() - clock.parse(query.asked_at) > timedelta(days=KEPT_DAYS):
        raise NotFound(f"You have no query {query_id}. Answers are kept for {KEPT_DAYS} days.")
    return query
