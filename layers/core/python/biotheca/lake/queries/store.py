"""Where queries are kept (people table, PERSON#<subject> / QUERY#<id>), and the execution of one in Athena."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from biotheca import events
from biotheca.aws import athena, buckets, outbox
from biotheca.aws.tables import ConditionFailed, Table, transact
from biotheca.lake.queries.model import LINK_VALID_S, Query, QueryState
from biotheca.settings import Settings

__all__ = ["ConditionFailed", "Engine", "QueryStore"]
WORKGROUP = "biotheca-exports"


class QueryStore:
    """Queries by person. Whoever asks for another's finds nothing, as its key begins with the person."""

    def __init__(self, people: Table | None = None, out: Table | None = None) -> None:
        self.people = people or Table(Settings().people_table)
        self.out = out

    def ask(self, query: Query) -> Query:
        """Write a new query and its event; of one with this id that is there already, what is there."""
        told = outbox.line(
            self.out or Table(Settings().outbox_table),
            events.QUERY_ASKED,
            query.id,
            person=query.subject,
            query=query.id,
        )
        try:
            put = self.people.put_line(_key(query.subject, query.id) | query.as_item(), "attribute_not_exists(pk)")
            transact([put, told])
        except ConditionFailed:
            return self.get(query.subject, query.id) or query
        return query

    def get(self, subject: str, query_id: str) -> Query | None:
        """A person's query, or None."""
        item = self.people.get(_key(subject, query_id))
        return Query.of(item) if item else None

    def page(self, subject: str, limit: int, cursor: str | None) -> tuple[list[Query], str | None]:
        """A person's queries, newest first."""
        values = {"p": f"PERSON#{subject}", "s": "QUERY#"}
        items, following = self.people.query(
            "pk = :p AND begins_with(sk, :s)", values, limit=limit, cursor=cursor, newest_first=True
        )
        return [Query.of(item) for item in items], following

    def move(self, query: Query, state: QueryState, **facts: Any) -> Query:
        """Bring a query on from the state it was read in; ConditionFailed if another has moved it meanwhile."""
        new = replace(query, state=state, **facts)
        self.people.put(
            _key(query.subject, query.id) | new.as_item(), "#state = :was", n_state="state", was=query.state.value
        )
        return new


class Engine:
    """Athena in the workgroup of exports, and the bucket of derived files."""

    def start(self, sql: str, token: str) -> str:
        """Begin an execution; the same token begins no second one. Returns its id."""
        return athena.start(sql, Settings().lake_database, WORKGROUP, token)

    def state(self, execution: str) -> athena.Execution:
        return athena.execution(execution)

    def place(self, query: Query) -> str:
        """Where the engine writes a query's rows."""
        return f"s3://{Settings().derived_bucket}/{prefix(query.id)}rows/"

    def file(self, query: Query, suffix: str) -> str:
        """Where the answer's file is, as bucket/key."""
        return f"{Settings().derived_bucket}/{prefix(query.id)}{query.id}{suffix}"

    def link(self, query: Query, suffix: str) -> str:
        """A link to the answer's file for an hour."""
        key = f"{prefix(query.id)}{query.id}{suffix}"
        return buckets.presign_download(Settings().derived_bucket, key, None, f"{query.id}{suffix}", LINK_VALID_S)


def prefix(query_id: str) -> str:
    """The folder of a query in the bucket of derived files."""
    return f"exports/{query_id}/"


def _key(subject: str, query_id: str) -> dict[str, str]:
    return {"pk": f"PERSON#{subject}", "sk": f"QUERY#{query_id}"}
