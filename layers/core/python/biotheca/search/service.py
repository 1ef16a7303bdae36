"""Index what is released; find it again. All words of a query must be found (AND)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from biotheca import catalog
from biotheca.publication.model import MATRIX, Door, Record, Visibility
from biotheca.publication.rules import effective
from biotheca.publication.service import met
from biotheca.publication.store import RecordStore
from biotheca.search.rules import MOST_WORDS, attribute_words, query_words, words
from biotheca.search.store import WordIndex


def index(store: WordIndex, record: Record) -> int:
    """Put a public record under its accession, words and own attributes; returns how many. A private one is refused."""
    if Door.SEARCH not in MATRIX[record.visibility]:
        raise ValueError(f"{record.accession} is {record.visibility}, not public: it must not be found")
    shown = {
        "accession": record.accession,
        "type": record.type,
        "member": record.member,
        "title": record.title,
        "released_at": record.released_at,
    }
    kind = catalog.members()[record.member].object_type(record.type)
    under = [record.accession.casefold(), *(_words_of(record) if kind.found_by_words else ())]
    store.replace(record.accession, under, shown)
    return len(under)


def _words_of(record: Record) -> list[str]:
    organism = str(record.attributes.get("organism", ""))
    own = record.attributes.get("attributes") or {}
    keys = [key for name, value in own.items() for key in attribute_words(name, value)]
    return words(f"{record.title} {organism}") + list(dict.fromkeys(keys))[:MOST_WORDS]


def words_of_mirrored(record: dict[str, Any]) -> list[str]:
    """Under which words a mirrored record (biotheca.mirror.serving) is found: accession, title, organism."""
    found = words(f"{record['title']} {record.get('organism', '')}")
    return list(dict.fromkeys([record["accession"].casefold(), *found]))


def refresh(store: WordIndex, records: RecordStore, accession: str) -> int:
    """Make the index say of a record, and of all inside it, what is true now; returns how many were looked at.

    It reads the present state, so events may come twice and in any order.
    """
    record = records.get(accession)
    if record is None:
        return 0
    _refresh_one(store, record, met(records, record))
    count = 1
    if record.dataset != record.accession:
        return count
    for kind in catalog.members()[record.member].types:
        cursor: str | None = None
        while kind.release == "in_dataset":
            page, cursor = records.inside(record.accession, kind.type, 200, cursor)
            for one in page:
                _refresh_one(store, one, effective(one.visibility, record.visibility))
            count += len(page)
            if cursor is None:
                break
    return count


def _refresh_one(store: WordIndex, record: Record, seen: Visibility) -> None:
    if Door.SEARCH in MATRIX[seen]:
        index(store, record)
    else:
        store.replace(record.accession, [], {})


OWN_CENTRE = "own"


def centre_of(shown: dict[str, Any]) -> str:
    """Whose record a hit is: ours (`own`) or a mirrored one's (`INSDC`)."""
    return str(shown.get("centre") or OWN_CENTRE)


def centres(store: WordIndex, query: str, most: int = 10_000) -> dict[str, Any]:
    """How many hits each centre has; `whole` is false where counting stopped at `most` hits."""
    counts: dict[str, int] = {}
    wanted = query_words(query)
    hits = _under_all([store.under(word, None) for word in wanted]) if wanted else iter(())
    for number, (_, shown) in enumerate(hits):
        if number == most:
            return {"centre": counts, "whole": False}
        counts[centre_of(shown)] = counts.get(centre_of(shown), 0) + 1
    return {"centre": counts, "whole": True}


def find(
    store: WordIndex, query: str, limit: int, after: str | None, centre: str | None = None
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of hits by accession, and the accession to go on after (None at the end). `centre`: only its own."""
    wanted = query_words(query)
    if not wanted:
        return [], None
    hits: list[dict[str, Any]] = []
    for accession, shown in _under_all([store.under(word, after) for word in wanted]):
        if centre and centre_of(shown).casefold() != centre.casefold():
            continue
        if len(hits) == limit:
            return hits, hits[-1]["accession"]
        hits.append({"centre": OWN_CENTRE, **shown, "accession": accession})
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
