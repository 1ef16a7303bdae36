"""Where the index is kept: one item per word and record, sorted by accession under each word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from biotheca.aws.tables import Table
from biotheca.settings import Settings


class WordIndex:
    """The search table: pk word, sk accession, with what a hit shows."""

    def __init__(self, table: Table | None = None) -> None:
        self.table = table or Table(Settings().search_table)

    def put(self, word: str, accession: str, shown: dict[str, Any]) -> None:
        """Index a record under a word; again changes nothing."""
        self.table.put({"pk": word, "sk": accession, "shown": shown})

    def replace(self, accession: str, words: list[str], shown: dict[str, Any]) -> None:
        """Make these all the words under which a record is found; none takes it out. Again changes nothing."""
        key = {"pk": f"record:{accession}", "sk": accession}  # no word holds a colon, but after "="
        before = (self.table.get(key) or {}).get("words", [])
        if words:  # first the list, so that a crash leaves no word that nobody knows of
            self.table.put(key | {"words": sorted({*before, *words})})
        for word in words:
            self.put(word, accession, shown)
        for word in sorted(set(before) - set(words)):
            self.remove(word, accession)
        if words:
            self.table.put(key | {"words": sorted(set(words))})
        elif before:
            self.table.delete(key)

    def replace_all(self, entries: list[tuple[str, list[str], dict[str, Any]]]) -> None:
        """`replace` of many (accession, words, shown): what is new is written side by side."""
        keys = [{"pk": f"record:{accession}", "sk": accession} for accession, _, _ in entries]
        known = {item["sk"] for item in self.table.get_many(keys)}
        fresh = [entry for entry in entries if entry[0] not in known and entry[1]]
        self.table.put_many(
            [
                {"pk": f"record:{accession}", "sk": accession, "words": sorted(set(words))}
                for accession, words, _ in fresh
            ]
        )
        self.table.put_many(
            [
                {"pk": word, "sk": accession, "shown": shown}
                for accession, words, shown in fresh
                for word in dict.fromkeys(words)
            ]
        )
        for accession, words, shown in entries:
            if accession in known:
                self.replace(accession, words, shown)

    def remove(self, word: str, accession: str) -> None:
        """Take a record out from under a word."""
        self.table.delete({"pk": word, "sk": accession})

    def under(self, word: str, after: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
        """(accession, shown) of the records under a word, by accession, after one."""
        start = {"pk": word, "sk": after} if after else None
        cursor: str | None = None
        while True:
            items, cursor = self.table.query(
                "pk = :w", {"w": word}, limit=200, cursor=cursor, start_after=None if cursor else start
            )
            yield from ((item["sk"], item["shown"]) for item in items)
            if cursor is None:
                return
