"""A batch's changed records to the search index and to what is served by accession. Part by part, again the same."""

from __future__ import annotations

from typing import Any

from biotheca.mirror.serving import hit, is_found
from biotheca.mirror.store import MirrorStore
from biotheca.search import service as search
from biotheca.search.store import WordIndex


def index_part(store: MirrorStore, index: WordIndex, batch: int, name: str) -> dict[str, Any]:
    """One part of what a batch changed."""
    records = store.manifest(batch, name)
    store.put_records(records)
    entries = [(record["accession"], search.words_of_mirrored(record) if is_found(record) else [], record) for record in records]
    index.replace_all([(accession, words, hit(record) if words else {}) for accession, words, record in entries])
    return {"batch": batch, "name": name, "records": len(records)}


def index_all(store: MirrorStore, batch: int) -> dict[str, Any]:
    """Every part, one after the other: for the first batch, which is everything."""
    index = WordIndex()
    parts = store.manifest(batch, "index")
    for part in parts:
        index_part(store, index, batch, part["name"])
    return {"batch": batch, "parts": len(parts)}
