"""A slow second opinion on FASTQ: whole text in memory, regular expressions, one line after the other.

Written from the rules (docstring of biotheca.formats.fastq), not from its code: no blocks, no carry,
no whole-block tests. Answers (reads, bases, [(code, line), ...]).
"""

from __future__ import annotations

import re

_SEQUENCE = re.compile(rb"[ACGTUNRYKMSWBDHVacgtunrykmswbdhv.]+\Z")
_PRINTABLE = re.compile(rb"[!-~]*\Z")


def judge(text: bytes) -> tuple[int, int, list[tuple[str, int]]]:  # noqa: C901 - a twin is to be read in one go
    lines, ends_whole = _lines(text)
    found: list[tuple[str, int]] = []
    reads = bases = at = 0
    searching = False
    while at < len(lines):
        if searching:
            three = lines[at : at + 3]
            header_above_plus = len(three) == 3 and re.match(rb"@.*\n[^@+\n].*\n\+", b"\n".join(three))
            if not header_above_plus:
                at += 1
                continue
            searching = False
        line = lines[at]
        if line == b"":
            start = at
            while at < len(lines) and lines[at] == b"":
                at += 1
            found.append(("blank_line" if at < len(lines) else "blank_lines_at_end", start + 1))
            continue
        if line[:1] != b"@":
            found.append(("header_line", at + 1))
            searching, at = True, at + 1
            continue
        if len(lines) - at < 4:
            found.append(("record_cut", at + 1))
            break
        header, sequence, plus, quality = lines[at : at + 4]
        if plus[:1] != b"+":
            if (
                _SEQUENCE.match(sequence)
                and _SEQUENCE.match(plus)
                and (quality[:1] == b"+" or _SEQUENCE.match(quality))
            ):
                found.append(("multi_line", at + 3))
                break
            found.append(("plus_line" if plus else "blank_line", at + 3))
            searching, at = True, at + 1
            continue
        if len(sequence) != len(quality):
            last_and_open = at + 4 == len(lines) and not ends_whole
            if last_and_open and len(quality) < len(sequence):
                found.append(("record_cut", at + 1))
            else:
                found.append(("quality_length", at + 4))
            searching, at = True, at + 3
            continue
        reads, bases = reads + 1, bases + len(sequence)
        found += _inside(header, sequence, plus, quality, at + 1)
        at += 4
    if not reads and not found:
        found.append(("no_reads", 1))
    return reads, bases, found


def _lines(text: bytes) -> tuple[list[bytes], bool]:
    """The lines without their ends, and whether the last one has an end."""
    ends_whole = text.endswith(b"\n") or not text
    crlf = b"\r\n" in text
    lines = [
        line[:-1] if line.endswith(b"\r") and (k < text.count(b"\n") or crlf) else line
        for k, line in enumerate(text.split(b"\n"))
    ]
    if lines[-1] == b"" and (ends_whole or crlf):
        # A lone CR of a CRLF text that was cut there is no line: the one above it has its end.
        lines.pop()
        ends_whole = True
    return lines, ends_whole


def _inside(header: bytes, sequence: bytes, plus: bytes, quality: bytes, line: int) -> list[tuple[str, int]]:
    found = []
    name = re.match(rb"@([^ \t\r\v\f]*)", header)[1]  # type: ignore[index]
    if not name:
        found.append(("name_missing", line))
    elif not _PRINTABLE.match(name):
        found.append(("name_characters", line))
    elif len(name) > 256:
        found.append(("name_length", line))
    if plus != b"+" and re.match(rb"\+([^ \t\r\v\f]*)", plus)[1] != name:  # type: ignore[index]
        found.append(("plus_name", line + 2))
    if not sequence:
        found.append(("read_empty", line + 1))
    elif not _SEQUENCE.match(sequence):
        found.append(("base", line + 1))
    if not _PRINTABLE.match(quality):
        found.append(("quality_character", line + 3))
    return found
