"""Bring a query to its end: the engine's rows, then the file in the wanted format. Its worker's side."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from biotheca import clock
from biotheca.lake.exports import FORMATS, About, ColumnsMissing, export
from biotheca.lake.queries import rules
from biotheca.lake.queries.model import FINAL, Query, QueryState
from biotheca.lake.queries.store import ConditionFailed, Engine, QueryStore

if TYPE_CHECKING:
    from biotheca.lake.queries.files import Files


class NotDone(Exception):
    """The engine is still at it; ask again with the same message."""


def answer(
    store: QueryStore,
    engine: Engine,
    files: Files,
    subject: str,
    query_id: str,
    about: Callable[[Query], About],
    patience_s: float,
    pause: Callable[[float], None] = time.sleep,
) -> Query | None:
    """Bring a query to its end; again is harmless. NotDone if the engine needs longer than `patience_s`."""
    query = store.get(subject, query_id)
    if query is None or query.state in FINAL:
        return query
    if query.state is QueryState.ASKED or query.execution is None:
        sql = rules.unload(rules.check(query.sql, query.format), engine.place(query))
        token = hashlib.sha256(query.id.encode()).hexdigest()
        query = store.move(query, QueryState.RUNNING, execution=engine.start(sql, token))
    assert query.execution is not None
    for wait in _waits(patience_s):
        done = engine.state(query.execution)
        if done.state == "SUCCEEDED":
            return _written(store, engine, files, query, about(query), done.scanned_bytes)
        if done.state in ("FAILED", "CANCELLED"):
            said = done.reason or "Query cancelled"
            return _ended(store, query, QueryState.FAILED, problem=rules.reason(said), scanned_bytes=done.scanned_bytes)
        pause(wait)
    raise NotDone(query.id)


def _written(store: QueryStore, engine: Engine, files: Files, query: Query, about: About, scanned_bytes: int) -> Query:
    """Convert the engine's rows into the wanted format, as one file."""
    wanted = FORMATS[query.format]
    try:
        with files.rows(engine.place(query)) as reader:
            pieces = export(query.format, reader, about)
            size = files.write(engine.file(query, wanted.suffix), wanted.media_type, pieces)
            rows = reader.count
    except ColumnsMissing as error:
        problem = {"rule": "lake.columns", "detail": str(error)}
        return _ended(store, query, QueryState.FAILED, problem=problem, scanned_bytes=scanned_bytes)
    notes = about.notes if rows else ["The query found no row."]
    return _ended(
        store, query, QueryState.SUCCEEDED, size_bytes=size, rows=rows, scanned_bytes=scanned_bytes, notes=notes
    )


def _ended(store: QueryStore, query: Query, state: QueryState, **facts: object) -> Query:
    try:
        return store.move(query, state, ended_at=clock.stamp(), **facts)
    except ConditionFailed:  # the same message a second time: the other has ended it, with the same file
        return store.get(query.subject, query.id) or query


def _waits(patience_s: float) -> Iterator[float]:
    """Pauses that grow from 0.2 to 3 s, together about `patience_s`."""
    spent, wait = 0.0, 0.2
    while spent < patience_s:
        yield wait
        spent, wait = spent + wait, min(wait * 1.5, 3.0)
