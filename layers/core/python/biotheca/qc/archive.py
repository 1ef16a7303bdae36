"""Archives of files: each member is looked at as the file that its name promises, in one pass, by the same readers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import PurePosixPath
from typing import Any

from biotheca.formats.archives import Entry, Tar, TarFault
from biotheca.formats.containers import ContainerFault, Decoder, content_of
from biotheca.formats.counts import Counts
from biotheca.formats.defects import Defect, Tally
from biotheca.formats.source import Source

MAX_MEMBERS = 1_000_000  # a flow cell's single-read fast5 files stay below
_FASTQ = re.compile(r".*\.(fastq|fq)(\.(gz|bz2|bgz))?", re.I)
_OF_10X = re.compile(r".+_S\d+(_L\d{3})?_(?P<which>[RI][123])_\d{3}\.(fastq|fq)(\.gz)?")
_MATRIX = re.compile(r".*(matrix\.mtx|barcodes\.tsv|features\.tsv|genes\.tsv)(\.gz)?", re.I)
_SIGNAL = {".fast5": (b"\x89HDF\r\n\x1a\n", "HDF5 (FAST5)"), ".pod5": (b"\x8bPOD\r\n\x1a\n", "POD5")}
_NESTED = (
    "gzip (compressed twice)",
    "bzip2 (compressed twice)",
    "tar",
    "ZIP",
    "7-Zip",
    "RAR",
    "xz",
    "Zstandard",
    "LZ4",
    "lzip",
)


class _Outer(Exception):
    """The archive's own container broke while a member was read: no fault of the member."""


def _guarded(pieces: Iterable[bytes]) -> Iterator[bytes]:
    try:
        yield from pieces
    except ContainerFault as fault:
        raise _Outer from fault


class ArchiveCheck(Tally):
    """`kind` is "10x" (FASTQ files of a droplet library, or its matrix), "nanopore" (fast5 or pod5 files) or "any".

    Findings name the member. `lines` counts members. `asked` and `look` are those of content, which stands above.
    """

    unit = "member"

    def __init__(self, asked: Any, kind: str, look: Callable[[Iterable[bytes], str, Any], Any]) -> None:
        super().__init__(asked.keep)
        self._asked, self._kind, self._look = asked, kind, look
        self.counts: Counts | None = None
        self.lines = 0
        self._seen: set[str] = set()
        self._of_kind = 0
        self._reads: dict[str, dict[str, int]] = {}  # file set -> R1, R2, I1 -> reads

    def read(self, pieces: Iterable[bytes]) -> None:
        """Every member. What `pieces` raises passes."""
        tar = Tar(Source(_guarded(pieces)))
        try:
            for entry in tar.entries():
                self.lines += 1
                if self.lines > MAX_MEMBERS:
                    return self.stop("tar_many", 0, limit=MAX_MEMBERS)
                self.member(entry.name)
                self._take(entry, tar)
        except TarFault as fault:
            self.stop(fault.code, 0, reason=fault.reason, offset=fault.offset)
        except _Outer as broken:
            assert broken.__cause__ is not None
            raise broken.__cause__ from None
        return None

    def finish(self, whole: bool = True) -> None:
        """The end. `whole` is False if the container broke before it."""
        if self.stopped or not whole:
            return
        if not self._of_kind:
            wanted = {"10x": "FASTQ files or a matrix", "nanopore": "fast5 or pod5 files", "any": "files"}[self._kind]
            self.add("tar_without", 0, expected=wanted, members=self.lines)
        for name, counts in self._reads.items():
            if len(set(counts.values())) > 1:
                told = ", ".join(f"{which} {count}" for which, count in sorted(counts.items()))
                self.add("tar_mates_differ", 0, name=name, value=told)

    def _take(self, entry: Entry, tar: Tar) -> None:
        if entry.kind == "folder":
            return
        parts = PurePosixPath(entry.name).parts
        if entry.kind != "file":
            return self._found(entry, "tar_link", value=entry.kind)
        if (
            not parts
            or entry.name.startswith("/")
            or ".." in parts
            or "\\" in entry.name
            or not entry.name.isprintable()
        ):
            return self._found(entry, "tar_name")
        name = "/".join(parts)
        if name in self._seen:
            return self._found(entry, "tar_twice")
        self._seen.add(name)
        if self._kind == "any":
            self._of_kind += 1
            return None
        if _FASTQ.fullmatch(name):
            return self._fastq(entry, tar)
        return self._other(entry, tar)

    def _fastq(self, entry: Entry, tar: Tar) -> None:
        looked = self._look(tar.pieces(), "fastq", replace(self._asked, threads=1))
        content = looked.content
        for defect in [*looked.of_file(), *content.defects]:
            self._keep_of(entry, defect)
        # Those that were counted beyond the ones that were kept.
        kept = [d.code for d in content.defects]
        for code, count in content.counted.items():
            self.counted[code] += count - kept.count(code)
        if content.crlf_lines:
            self._keep_of(entry, Defect("crlf", content.first_crlf_line, {"lines": content.crlf_lines}))
        self.reads += content.reads
        self.bases += content.bases
        if content.counts is not None:
            self.counts = self.counts or Counts()
            self.counts.merge(content.counts)
        self._of_kind += self._kind == "10x"
        if self._kind != "10x":
            return
        base = PurePosixPath(entry.name)
        if found := _OF_10X.fullmatch(base.name):
            start, end = found.span("which")
            group = str(base.with_name(base.name[:start] + "*" + base.name[end:]))
            self._reads.setdefault(group, {})[found["which"]] = content.reads
        else:
            self.warn("tar_10x_name", 0, value=entry.name)

    def _other(self, entry: Entry, tar: Tar) -> None:
        pieces: Iterator[bytes] = tar.pieces()
        head = next(pieces, b"")
        suffix = PurePosixPath(entry.name).suffix.lower()
        if suffix in _SIGNAL:
            self._of_kind += self._kind == "nanopore"
            magic, format_name = _SIGNAL[suffix]
            if not head.startswith(magic):
                self._found(
                    entry, "content_is_other", content=content_of(head[:512]) or "something else", format=format_name
                )
        elif _MATRIX.fullmatch(entry.name):
            self._of_kind += self._kind == "10x"
            self._matrix(entry, chain([head], pieces))
        elif (content_of(head[:512]) or "") in _NESTED:
            self._found(entry, "tar_nested", value=content_of(head[:512]))
        else:
            self.warn("tar_unchecked", 0, value=entry.name)

    def _matrix(self, entry: Entry, pieces: Iterable[bytes]) -> None:
        """Unpacked to its end, so that its check sums are compared; a matrix must say that it is one."""
        decoder = Decoder(pieces, self._asked.limits)
        head = b""
        try:
            for piece in decoder.pieces():
                head = head or piece[:60]
        except ContainerFault as fault:
            self._keep_of(entry, Defect(fault.code, 0, {"lines": "Not all"} | fault.facts))
            return
        if not head or ("matrix.mtx" in entry.name and not head.startswith(b"%%MatrixMarket matrix")):
            self._found(entry, "tar_matrix", value=head)

    def _found(self, entry: Entry, code: str, **facts: object) -> None:
        self._keep_of(entry, Defect(code, 0, dict(facts)))

    def _keep_of(self, entry: Entry, defect: Defect) -> None:
        name = entry.name.encode("ascii", "backslashreplace").decode()[:200]
        shown = "".join(c if c.isprintable() else "?" for c in name)
        self.counted[defect.code] += 1
        if len(self.defects) < self._keep:
            self.defects.append(replace(defect, member=shown))
