"""Glue's column types (Hive's words) read into a tree, and from there into the words of Athena's queries. Pure.

Arrow's types: biotheca.lake.arrow.

>>> str(parse("array<struct<tag:string,n:decimal(9,2)>>"))
'array<struct<tag:string,n:decimal(9,2)>>'
>>> to_trino(parse("array<struct<k:string,n:bigint>>"))
'ARRAY(ROW("k" VARCHAR, "n" BIGINT))'
"""

from __future__ import annotations

import re
from dataclasses import dataclass

TOKEN = re.compile(r"\s*([A-Za-z_]\w*|\d+|[<>(),:])\s*")


class UnknownType(ValueError):
    """A column type that is no Hive type, or has no equal on the other side."""


@dataclass(frozen=True)
class HiveType:
    """`word`, with type arguments (array, map), named fields (struct) or numbers (decimal, varchar)."""

    word: str
    arguments: tuple[HiveType, ...] = ()
    names: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()

    def __str__(self) -> str:
        if self.names:
            fields = ",".join(f"{name}:{kind}" for name, kind in zip(self.names, self.arguments, strict=True))
            return f"{self.word}<{fields}>"
        if self.arguments:
            return f"{self.word}<{','.join(map(str, self.arguments))}>"
        return self.word + (f"({','.join(map(str, self.numbers))})" if self.numbers else "")


def parse(text: str) -> HiveType:
    """Raises UnknownType when the text is no type."""
    tokens, at = [], 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if not match:
            raise UnknownType(f"{text!r} is not a column type: {text[at:]!r} cannot be read")
        tokens.append(match[1])
        at = match.end()
    kind = _read(tokens, text)
    if tokens:
        raise UnknownType(f"{text!r} is not a column type: {tokens[0]!r} is left over")
    return kind


def _take(tokens: list[str], text: str, *expected: str) -> str:
    if not tokens or (expected and tokens[0] not in expected):
        raise UnknownType(f"{text!r} is not a column type: {' or '.join(expected) or 'a word'} is missing")
    return tokens.pop(0)


def _read(tokens: list[str], text: str) -> HiveType:
    word = _take(tokens, text).lower()
    if tokens[:1] == ["("]:
        tokens.pop(0)
        numbers = [int(_take(tokens, text))]
        while _take(tokens, text, ",", ")") == ",":
            numbers.append(int(_take(tokens, text)))
        return HiveType(word, numbers=tuple(numbers))
    if tokens[:1] != ["<"]:
        return HiveType(word)
    tokens.pop(0)
    names, arguments = [], []
    while True:
        if word == "struct":
            names.append(_take(tokens, text).lower())
            _take(tokens, text, ":")
        arguments.append(_read(tokens, text))
        if _take(tokens, text, ",", ">") == ">":
            break
    if len(arguments) != {"array": 1, "map": 2}.get(word, len(arguments) if word == "struct" else -1):
        raise UnknownType(f"{text!r} is not a column type: {word}<> with {len(arguments)} arguments")
    return HiveType(word, tuple(arguments), tuple(names))


def to_trino(kind: HiveType) -> str:
    """The same type as Athena's queries write it."""
    if kind.word == "struct":
        fields = ", ".join(
            f'"{name}" {to_trino(inner)}' for name, inner in zip(kind.names, kind.arguments, strict=True)
        )
        return f"ROW({fields})"
    if kind.arguments:
        return f"{kind.word.upper()}({', '.join(map(to_trino, kind.arguments))})"
    words = {"string": "VARCHAR", "binary": "VARBINARY", "int": "INTEGER", "timestamptz": "TIMESTAMP WITH TIME ZONE"}
    return words.get(kind.word, str(kind).upper())
