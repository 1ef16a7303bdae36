"""The header of VCF 4.1 to 4.5: what it declares, and what is wrong with it. Records: see vcf."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

FIXED = (b"#CHROM", b"POS", b"ID", b"REF", b"ALT", b"QUAL", b"FILTER", b"INFO")
_VERSION = re.compile(rb"##fileformat=VCFv4\.[0-5]")
_DECLARED = re.compile(rb"##(INFO|FORMAT|FILTER|ALT|contig)=(.*)", re.DOTALL)
_PAIR = re.compile(rb'([A-Za-z_][0-9A-Za-z_.-]*)=("(?:[^"\\]|\\.)*"|[^,"]*)(?:,|$)')
_NEEDED = {
    b"INFO": (b"ID", b"Number", b"Type", b"Description"),
    b"FORMAT": (b"ID", b"Number", b"Type", b"Description"),
    b"FILTER": (b"ID", b"Description"),
    b"ALT": (b"ID", b"Description"),
    b"contig": (b"ID",),
}
_NUMBER = re.compile(rb"[0-9]+|[ARG.]|P|LA|LR|LG|M")
_TYPES = {
    b"INFO": (b"Integer", b"Float", b"Flag", b"Character", b"String"),
    b"FORMAT": (b"Integer", b"Float", b"Character", b"String"),
}

Wrong = Iterator[tuple[str, dict[str, Any]]]


class VcfHeader:
    """Give it the header's lines one by one. `declared`: kind -> ID -> its pairs."""

    def __init__(self) -> None:
        self.declared: dict[bytes, dict[bytes, dict[bytes, bytes]]] = {kind: {} for kind in _NEEDED}
        self.samples: list[bytes] = []
        self.columns = 0  # of each record; 0 until the #CHROM line was met
        self._first = True

    @property
    def contigs(self) -> dict[bytes, int]:
        """Declared contigs and their lengths, 0 if none is said."""
        lengths = {name: pairs.get(b"length", b"0") for name, pairs in self.declared[b"contig"].items()}
        return {name: int(text) if text.isdigit() else 0 for name, text in lengths.items()}

    def line(self, line: bytes) -> Wrong:
        """What is wrong with the next line, which begins with '#'."""
        if self._first:
            self._first = False
            if not _VERSION.fullmatch(line):
                yield "vcf_version", {"value": line}
            return
        if line.startswith(b"##"):
            if found := _DECLARED.fullmatch(line):
                yield from self._declare(found[1], found[2], line)
            elif line.startswith(b"##fileformat="):
                yield "vcf_header_line", {"value": line, "reason": "the version is told once, on the first line"}
            return
        yield from self._names(line)

    def _declare(self, kind: bytes, body: bytes, line: bytes) -> Wrong:
        if not (body.startswith(b"<") and body.endswith(b">")):
            yield "vcf_header_line", {"value": line, "reason": "it lacks its < and >"}
            return
        pairs, at, inner = {}, 0, body[1:-1]
        while at < len(inner):
            found = _PAIR.match(inner, at)
            if not found:
                yield "vcf_header_line", {"value": line, "reason": "it is no list of key=value"}
                return
            pairs[found[1]] = found[2]
            at = found.end()
        lacking = [key.decode() for key in _NEEDED[kind] if not pairs.get(key)]
        if lacking:
            yield "vcf_header_line", {"value": line, "reason": f"it lacks {' and '.join(lacking)}"}
            if pairs.get(b"ID"):
                self.declared[kind][pairs[b"ID"]] = pairs
            return
        name = pairs[b"ID"]
        if name in self.declared[kind]:
            yield "vcf_header_repeated", {"kind": kind.decode(), "value": name}
        if kind in _TYPES and not (_NUMBER.fullmatch(pairs[b"Number"]) and pairs[b"Type"] in _TYPES[kind]):
            yield "vcf_header_line", {"value": line, "reason": "its Number or Type is none of the specification's"}
        self.declared[kind][name] = pairs

    def _names(self, line: bytes) -> Wrong:
        names = line.split(b"\t")
        if tuple(names[:8]) != FIXED or (len(names) > 8 and names[8] != b"FORMAT"):
            yield "vcf_columns", {"value": line}
        self.columns, self.samples = max(len(names), 8), names[9:]
        for name in sorted({name for name in self.samples if self.samples.count(name) > 1} if self.samples else ()):
            yield "vcf_sample_repeated", {"value": name}
