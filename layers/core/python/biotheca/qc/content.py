"""Which reader looks at the bytes of each format, and one look at one file with it. Digests and findings: rules."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Protocol

from biotheca.formats.ahead import ahead
from biotheca.formats.containers import WRAPPINGS, Container, ContainerFault, Decoder, Limits
from biotheca.formats.counts import Counts
from biotheca.formats.defects import Defect
from biotheca.formats.fastq import FastqCheck, TakesNames
from biotheca.formats.faults import UnpacksTooFar
from biotheca.qc.model import NoSuchCheck

MAX_FINDINGS = 100


class Content(Protocol):
    """A reader of one format. It is read once, then finished; what is bad is a defect, never an exception."""

    stopped: bool  # nothing more can be said of the content: nothing more need be unpacked
    defects: list[Defect]
    counted: Counter[str]
    reads: int
    bases: int
    crlf_lines: int
    first_crlf_line: int

    @property
    def counts(self) -> Counts | None:
        """Of its reads, where the format has reads that can be counted."""

    @property
    def lines(self) -> int:
        """Lines (records, where there are none) read so far."""

    def read(self, pieces: Iterable[bytes]) -> None:
        """Look at decoded bytes, cut anywhere, to their end or until `stopped`. What `pieces` raises passes."""

    def finish(self, whole: bool = True) -> None:
        """The end. `whole` is False if the container broke before it."""

    def forget(self) -> None:
        """Take back what was found: the content is not what it was taken for."""


@dataclass(frozen=True)
class Asked:
    """How a file is to be looked at. `screen` takes the sequences of reads, `names` their header lines; `engine` is
    one of native.engines().

    With two `threads` or more, the container is unpacked in a thread of its own, BGZF in so many.
    """

    limits: Limits | None = None
    engine: str | None = None
    screen: Callable[[Sequence[bytes]], None] | None = None
    keep: int = MAX_FINDINGS
    threads: int = 1
    names: TakesNames | None = None
    pauses: Pauses | None = None


@dataclass(frozen=True)
class Pauses:
    """Where a look rests, so that its state can be saved: each so many stored bytes, as the container allows (Decoder).

    `at` is told the states of the container and of the content. `state` is what it was told once, to go on from there:
    the stored bytes begin at its "offset" then. Formats that cannot be saved are looked at without a rest.
    """

    every_bytes: int
    at: Callable[[dict[str, Any], dict[str, Any]], None]
    state: tuple[dict[str, Any], dict[str, Any]] | None = None


def _fastq(asked: Asked) -> Content:
    return FastqCheck(keep=asked.keep, screen=asked.screen, engine=asked.engine, names=asked.names)


# A check of reads is most often of FASTQ: the readers of other formats are imported for files of theirs alone.
def _bam(asked: Asked) -> Content:
    from biotheca.formats.bam import BamCheck

    return BamCheck(keep=asked.keep, screen=asked.screen, engine=asked.engine, names=asked.names)


def _vcf(asked: Asked) -> Content:
    from biotheca.formats.vcf import VcfCheck

    return VcfCheck(asked.keep)


def _bcf(asked: Asked) -> Content:
    from biotheca.formats.bcf import BcfCheck

    return BcfCheck(asked.keep)


def _cram(asked: Asked) -> Content:
    from biotheca.formats.cram import CramCheck

    return CramCheck(asked.keep)


def _fasta(asked: Asked) -> Content:
    from biotheca.formats.fasta import FastaCheck

    return FastaCheck(asked.keep)


def _opaque(asked: Asked) -> Content:
    from biotheca.formats.opaque import OpaqueCheck

    return OpaqueCheck(asked.keep)


def _archive(kind: str) -> Callable[[Asked], Content]:
    def make(asked: Asked) -> Content:
        from biotheca.qc.archive import ArchiveCheck

        return ArchiveCheck(asked, kind, look)

    return make


def _table(delimiter: str) -> Callable[[Asked], Content]:
    def make(asked: Asked) -> Content:
        from biotheca.formats.tables import TableCheck

        return TableCheck(delimiter, asked.keep)

    return make


def _mzml(asked: Asked) -> Content:
    from biotheca.formats.mzml import MzmlCheck

    return MzmlCheck(asked.keep)


def _by_offset(module: str, name: str) -> Callable[[Asked], Content]:
    def make(asked: Asked) -> Content:
        found: Content = getattr(importlib.import_module(f"biotheca.formats.{module}"), name)(asked.keep)
        return found

    return make


def _xlsx(asked: Asked) -> Content:
    from biotheca.qc.workbook import WorkbookCheck

    return WorkbookCheck(asked.keep)


@dataclass(frozen=True)
class Format:
    """How files of a format are read, the containers that they may be in, and what a lacking end block of BGZF is."""

    make: Callable[[Asked], Content]
    containers: frozenset[Container] = frozenset(Container)
    end_code: str = "bgzf_no_end"
    taken: frozenset[str] = frozenset()  # wrappings that are the content itself
    indexed: bool = False  # gzip can hold it, but BGZF is wanted


_BGZF = frozenset({Container.BGZF})
_PLAIN = frozenset({Container.PLAIN})

# By the terms of the vocabularies of file types.
FORMATS: dict[str, Format] = {
    "fastq": Format(_fastq),
    "bam": Format(_bam, _BGZF, "end_missing"),
    "vcf": Format(_vcf, indexed=True),
    "bcf": Format(_bcf, _BGZF, "end_missing"),
    "cram": Format(_cram, frozenset({Container.PLAIN})),
    "10x": Format(_archive("10x"), taken=frozenset({"tar"})),
    "OxfordNanopore_native": Format(_archive("nanopore"), taken=frozenset({"tar"})),
    "fasta": Format(_fasta),
    "other": Format(_opaque, taken=WRAPPINGS),
    "csv": Format(_table(",")),
    "tsv": Format(_table("\t")),
    "xlsx": Format(_xlsx, _PLAIN, taken=frozenset({"ZIP"})),
    "mzml": Format(_mzml, frozenset({Container.PLAIN, Container.GZIP, Container.BGZF})),
    "fcs": Format(_by_offset("by_offset", "FcsCheck"), _PLAIN),
    "h5ad": Format(_by_offset("hdf5", "H5adCheck"), _PLAIN),
    "tiff": Format(_by_offset("tiff", "TiffCheck"), _PLAIN),
    "dicom": Format(_by_offset("dicom_head", "DicomHead"), _PLAIN, taken=WRAPPINGS),
    "zip": Format(_by_offset("listings", "ZipCheck"), _PLAIN, taken=frozenset({"ZIP"})),
    "7z": Format(_by_offset("listings", "SevenZipCheck"), _PLAIN, taken=frozenset({"7-Zip"})),
    "tar": Format(_archive("any"), taken=frozenset({"tar"})),
}


@dataclass(frozen=True)
class Looked:
    """What one look at one file said. `fault` is what broke its container."""

    format: Format
    decoder: Decoder
    content: Content
    fault: ContainerFault | None

    def of_file(self) -> list[Defect]:
        """Defects of the container, of the file as a whole."""
        found = []
        if self.fault:
            found.append(Defect(self.fault.code, 0, {"lines": self.content.lines} | self.fault.facts))
        container, allowed = self.decoder.container, self.format.containers
        if container and container not in allowed and not self.content.counted["content_is_other"]:
            found.append(
                Defect("container_other", 0, {"value": str(container), "expected": " or ".join(sorted(allowed))})
            )
        if self.format.indexed and container in (Container.GZIP, Container.BZIP2):
            found.append(Defect("gzip_not_bgzf", 0, {"value": str(container)}))
        if self.decoder.ends_without_block:
            found.append(Defect(self.format.end_code, 0))
        return found


def look(stored: Iterable[bytes], declared_format: str, asked: Asked) -> Looked:
    """Unpack and read one file. Not all of `stored` is taken if the rest can say nothing. Raises NoSuchCheck."""
    if declared_format not in FORMATS:
        known = ", ".join(map(repr, FORMATS))
        raise NoSuchCheck(f"no file check is written for format {declared_format!r}; known: {known}")
    form = FORMATS[declared_format]
    content = form.make(asked)
    decoder = _decoder(stored, form, content, asked)
    fault: ContainerFault | None = None
    try:
        _read(decoder, content, asked)
    except ContainerFault as met:
        fault = met
    content.finish(whole=fault is None)
    if isinstance(fault, UnpacksTooFar):  # whatever a bomb holds, it is no data
        content.forget()
    return Looked(form, decoder, content, fault)


def _decoder(stored: Iterable[bytes], form: Format, content: Content, asked: Asked) -> Decoder:
    pauses = asked.pauses if isinstance(content, FastqCheck) else None
    every, state = (pauses.every_bytes, pauses.state) if pauses else (None, None)
    if state and isinstance(content, FastqCheck):
        content.load(state[1])
    container = state[0] if state else None
    return Decoder(stored, asked.limits, threads=asked.threads, taken=form.taken, pause_every=every, state=container)


def _read(decoder: Decoder, content: Content, asked: Asked) -> None:
    """All of it, or until nothing more can be said."""
    while True:
        pieces = ahead(decoder.pieces()) if asked.threads > 1 else decoder.pieces()
        with closing(pieces):
            content.read(pieces)
        if not decoder.paused or content.stopped:
            return
        if asked.pauses and isinstance(content, FastqCheck):
            asked.pauses.at(decoder.save(), content.save())
