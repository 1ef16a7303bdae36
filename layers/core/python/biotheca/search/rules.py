"""Which words of a record are found, and how a query is read. Pure."""

from __future__ import annotations

import re
import unicodedata

from biotheca.accessions.model import recognise

_WORD = re.compile(r"[^\W_]+", re.UNICODE)
# One Chinese, Japanese or Korean character is a word of its own: these scripts put no blanks between words.
_IDEOGRAPH = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
MOST_WORDS = 200
LONGEST_WORD = 60


def words(text: str) -> list[str]:
    """Distinct words of a text, lower case, in order, at most 200.

    >>> words("Escherichia coli K-12, 大肠")
    ['escherichia', 'coli', 'k', '12', '大', '肠']
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    found: dict[str, None] = {}
    for match in _WORD.findall(folded):
        pieces = list(match) if _IDEOGRAPH.search(match) else [match[:LONGEST_WORD]]
        found |= dict.fromkeys(pieces)
    return list(found)[:MOST_WORDS]


def query_words(query: str) -> list[str]:
    """The words that all must be found. An accession stays one word."""
    found: dict[str, None] = {}
    for piece in query.split():
        accession = recognise(piece)
        found |= dict.fromkeys([accession.text.casefold()] if accession else words(piece))
    return list(found)[:20]
