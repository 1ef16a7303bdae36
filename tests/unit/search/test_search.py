"""Search: all words must be found; pages join without gap or repeat. Oracle: brute force."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from biotheca.publication.model import Record, Visibility
from biotheca.search.rules import query_words, words
from biotheca.search.service import find, index


class Index:
    """The word index in memory."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}

    def put(self, word: str, accession: str, shown: dict[str, Any]) -> None:
        self.rows.setdefault(word, {})[accession] = shown

    def replace(self, accession: str, words: list[str], shown: dict[str, Any]) -> None:
        for under in self.rows.values():
            under.pop(accession, None)
        for word in words:
            self.put(word, accession, shown)

    def under(self, word: str, after: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
        yield from ((a, s) for a, s in sorted(self.rows.get(word, {}).items()) if after is None or a > after)


def record(number: int, title: str, visibility: Visibility = Visibility.PUBLIC) -> Record:
    return Record(f"CRA{number:06d}", "study", "gsa", "a", title, "sub", "me", {}, visibility=visibility)


VOCABULARY = ["rice", "wheat", "drought", "root", "leaf", "大", "肠"]


@given(
    st.lists(st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=5), max_size=25),
    st.lists(st.sampled_from([*VOCABULARY, "maize"]), min_size=1, max_size=3),
    st.integers(1, 7),
)
def test_pages_of_hits_equal_brute_force(titles: list[list[str]], query: list[str], limit: int) -> None:
    store = Index()
    for number, title in enumerate(titles, 1):
        index(store, record(number, " ".join(title)))  # type: ignore[arg-type]
    expected = [f"CRA{n:06d}" for n, title in enumerate(titles, 1) if set(query) <= set(title)]
    got, after = [], None
    while True:
        hits, after = find(store, " ".join(query), limit, after)  # type: ignore[arg-type]
        assert len(hits) <= limit
        got += [hit["accession"] for hit in hits]
        if after is None:
            break
    assert got == expected


def test_an_accession_is_found_in_any_letter_case() -> None:
    store = Index()
    index(store, record(7, "Rice"))  # type: ignore[arg-type]
    assert find(store, "cra000007", 10, None)[0][0]["title"] == "Rice"  # type: ignore[arg-type]


def test_an_image_is_found_by_its_number_only() -> None:
    """A collection of a million images would else be a million hits for CT."""
    store = Index()
    for kind in ("image", "series"):
        one = Record(
            f"OBIA-{kind}", kind, "obia", "a", "CT of the chest", "sub", "me", {}, visibility=Visibility.PUBLIC
        )
        index(store, one)  # type: ignore[arg-type]
    assert [hit["type"] for hit in find(store, "chest", 10, None)[0]] == ["series"]  # type: ignore[arg-type]
    assert list(store.rows["obia-image"]) == ["OBIA-image"]


def test_a_private_record_is_never_indexed() -> None:
    store = Index()
    try:
        index(store, record(1, "Secret", Visibility.PRIVATE))  # type: ignore[arg-type]
    except ValueError as refused:
        assert "not public" in str(refused)
    assert store.rows == {}


def test_a_query_without_words_finds_nothing() -> None:
    assert query_words("  ,;- ") == [] and find(Index(), "--", 10, None) == ([], None)  # type: ignore[arg-type]


@given(st.text(max_size=300))
def test_words_are_distinct_folded_and_bounded(text: str) -> None:
    found = words(text)
    assert len(found) == len(set(found)) <= 200 and all(0 < len(w) <= 60 for w in found)
