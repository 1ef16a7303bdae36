"""The text header of SAM, BAM and CRAM by the book (SAM specification 1.3), and what records are held against."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_KIND = re.compile(r"@[A-Za-z]{2}")
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9]):([^\t]+)")
_REFERENCE = r"[0-9A-Za-z!#$%&+./:;?@^_|~-][0-9A-Za-z!#$%&*+./:;=?@^_|~-]*"
_VALUES: dict[str, dict[str, str]] = {
    "@HD": {
        "VN": r"[0-9]+\.[0-9]+",
        "SO": "unknown|unsorted|queryname|coordinate",
        "GO": "none|query|reference",
        "SS": "(coordinate|queryname|unsorted)(:[A-Za-z0-9_-]+)+",
    },
    "@SQ": {"SN": _REFERENCE, "LN": "[1-9][0-9]{0,9}", "M5": "[0-9a-fA-F]{32}", "TP": "linear|circular"},
    "@RG": {"PI": r"[0-9]+(\.[0-9]+)?"},
}
_NEEDED = {"@HD": ("VN",), "@SQ": ("SN", "LN"), "@RG": ("ID",), "@PG": ("ID",)}
_NAMES = {"@SQ": "SN", "@RG": "ID", "@PG": "ID"}  # what must be unique among lines of a kind
LONGEST_REFERENCE = 2**31 - 1

Wrong = Iterator[tuple[str, int, dict[str, Any]]]


@dataclass(frozen=True)
class Line:
    """One header line: `kind` such as "@SQ", and its tags."""

    number: int
    kind: str
    tags: dict[str, str]


class SamHeader:
    """Read it once: `lines` are those that could be read, `wrong` is everything else (code, line, facts)."""

    def __init__(self, text: bytes) -> None:
        self.wrong: list[tuple[str, int, dict[str, Any]]] = []
        self.lines = list(self._lines(text.rstrip(b"\0")))
        for part in (self._first(), self._repeated(), self._values(), self._programs()):
            self.wrong += part
        self.wrong.sort(key=lambda found: found[1])

    def of(self, kind: str) -> list[Line]:
        """Lines of a kind, in order."""
        return [line for line in self.lines if line.kind == kind]

    @property
    def order(self) -> str:
        """The claimed order, "coordinate", "queryname", or anything else: none."""
        return next((line.tags.get("SO", "") for line in self.of("@HD")), "")

    @property
    def sub_order(self) -> str:
        """The last word of @HD SS: "natural", "lexicographical"; empty if it is not said."""
        return next((line.tags.get("SS", "").rpartition(":")[2] for line in self.of("@HD")), "")

    @property
    def references(self) -> list[tuple[str, int]]:
        """Names and lengths of the references that the text names."""
        return [(line.tags.get("SN", ""), _number(line.tags.get("LN", ""))) for line in self.of("@SQ")]

    @property
    def groups(self) -> frozenset[str]:
        """Read groups that the text declares."""
        return frozenset(line.tags.get("ID", "") for line in self.of("@RG"))

    def _lines(self, text: bytes) -> Iterator[Line]:
        for number, raw in enumerate(text.removesuffix(b"\n").split(b"\n") if text else [], 1):
            try:
                line = raw.removesuffix(b"\r").decode()
            except UnicodeDecodeError:
                self.wrong.append(("sam_line", number, {"value": raw}))
                continue
            kind, _, rest = line.partition("\t")
            fields = [] if kind == "@CO" else rest.split("\t")
            found = [_FIELD.fullmatch(one) for one in fields]
            if not _KIND.fullmatch(kind) or not all(found):
                self.wrong.append(("sam_line", number, {"value": raw}))
                continue
            pairs = [(one[1], one[2]) for one in found if one]
            for tag in sorted({tag for tag, _ in pairs if [t for t, _ in pairs].count(tag) > 1}):
                self.wrong.append(("sam_tag_twice", number, {"kind": kind, "tag": tag}))
            yield Line(number, kind, dict(pairs))

    def _first(self) -> Wrong:
        heads = self.of("@HD")
        for line in heads:
            if line.number != 1:
                yield "sam_first", line.number, {}

    def _repeated(self) -> Wrong:
        seen: dict[tuple[str, str], int] = {}
        for line in self.lines:
            name = line.tags.get(_NAMES.get(line.kind, ""))
            if name is None:
                continue
            if (line.kind, name) in seen:
                first = seen[line.kind, name]
                yield "sam_repeated", line.number, {"kind": line.kind, "value": name, "first": first}
            seen.setdefault((line.kind, name), line.number)

    def _values(self) -> Wrong:
        for line in self.lines:
            for tag in _NEEDED.get(line.kind, ()):
                if tag not in line.tags:
                    yield "sam_tag_missing", line.number, {"kind": line.kind, "tag": tag}
            for tag, form in _VALUES.get(line.kind, {}).items():
                value = line.tags.get(tag)
                good = value is None or bool(re.fullmatch(form, value))
                if good and tag == "LN" and value:
                    good = int(value) <= LONGEST_REFERENCE
                if not good:
                    yield "sam_value", line.number, {"kind": line.kind, "tag": tag, "value": value}

    def _programs(self) -> Wrong:
        before = {line.tags.get("ID", ""): line.tags.get("PP") for line in self.of("@PG")}
        for line in self.of("@PG"):
            named = line.tags.get("PP")
            if named is not None and named not in before:
                yield "sam_program", line.number, {"value": named}
        for line in self.of("@PG"):
            if _is_circle(before, line.tags.get("ID", "")):
                yield "sam_program", line.number, {"value": line.tags.get("PP", "")}
                return


def _is_circle(before: dict[str, str | None], start: str) -> bool:
    at: str | None = before.get(start)
    for _ in range(len(before)):
        if at is None or at == start:
            return at == start
        at = before.get(at)
    return False


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 11 else -1
