"""Which words of a record are found, and how a query is read. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from biotheca.accessions.model import recognise

_WORD = re.compile(r"[^\W_]+", re.UNICODE)
# One Chinese, Japanese or Korean character is a word of its own: these scripts put no blanks between words.
_IDEOGRAPH = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_PIECE = re.compile(r'(?:[^\s"]|"[^"]*"?)+')  # blanks between quotes do not end a piece
_FIELD = re.compile(r"([^\W\d_][^:]*):(.*[^\W_].*)", re.DOTALL)  # a name begins with a letter; a value has a word
MOST_WORDS = 200
MOST_ASKED = 20
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


def attribute_words(name: str, value: Any) -> list[str]:
    """The keys under which an attribute of the submitter's own is found: its name with each word of its value.

    >>> attribute_words("Soil depth", "10 cm")
    ['=soil_depth:10', '=soil_depth:cm']
    """
    folded = "_".join(words(name))
    return [f"={folded}:{word}" for word in words(str(value))] if folded else []


def query_words(query: str) -> list[str]:
    """The words that all must be found. An accession stays one word; name:value asks for an own attribute.

    >>> query_words('rice "soil depth:10 cm" cra000001')
    ['rice', '=soil_depth:10', '=soil_depth:cm', 'cra000001']
    """
    found: dict[str, None] = {}
    for match in _PIECE.findall(query):
        piece = match.replace('"', "")
        field, accession = _FIELD.fullmatch(piece), recognise(piece)
        if accession:
            found[accession.text.casefold()] = None
        else:
            found |= dict.fromkeys(attribute_words(field[1], field[2]) if field else words(piece))
    return list(found)[:MOST_ASKED]
