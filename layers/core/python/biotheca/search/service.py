"""Index what is released; find it again. All words of a query must be found (AND)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from biotheca.publication.model import Record, Visibility
from biotheca.search.rules import query_words, words
from biotheca.search.store import WordIndex


def index(store: WordIndex, record: Record) -> int:
    """Put a public record under its accession and its words; returns how many. A private record is refused."""
    if record.visibility != Visibility.PUBLIC:
        raise ValueError(f"{record.accession} is not public and must not be found")
    shown = {
        "accession": record.accession,
        "type": record.type,
        "member": record.member,
        "title": record.title,
        "released_at": record.released_at,
    }
    organism = str(record.attributes.get("organism", ""))
    under = [record.accession.casefold(), *words(f"{record.title} {organism}")]
    for word in under:
        store.put(word, record.accession, shown)
    return len(under)


def find(store: WordIndex, query: str, limit: int, after: str | None) -> tuple[list[dict[str, Any]], str | None]:
    """A page of hits by accession, and the accession to go on after (None at the end)."""
    wanted = query_words(query)
    if not wanted:
        return [], None
    hits: list[dict[str, Any]] = []
    for accession, shown in _under_all([store.under(word, after) for word in wanted]):
        if len(hits) == limit:
            return hits, hits[-1]["accession"]
        hits.append({**shown, "accession": accession})
    return hits, None


def _under_all(streams: list[Iterator[tuple[str, dict[str, Any]]]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Merge-join of streams sorted by accession: those that stand in every one, with little memory."""
    heads = [next(stream, None) for stream in streams]
    while all(head is not None for head in heads):
        keys = [head[0] for head in heads if head]
        highest = max(keys)
        if all(key == highest for key in keys):
            first = heads[0]
            assert first is not None
            yield first
            heads = [next(stream, None) for stream in streams]
            continue
        for number, key in enumerate(keys):
            if key < highest:
                heads[number] = next(streams[number], None)
