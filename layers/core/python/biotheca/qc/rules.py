"""The file check: one pass over the stored bytes, from digest to last read. Wording: sentences; whole runs: runs."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from biotheca import catalog
from biotheca.errors import Finding
from biotheca.formats.checksums import Checksums
from biotheca.formats.containers import Container, Limits
from biotheca.formats.counts import LONGEST
from biotheca.formats.defects import Defect
from biotheca.formats.faults import UnpacksTooFar
from biotheca.qc.adapters import Adapters
from biotheca.qc.content import MAX_FINDINGS, Asked, Content, Looked, look
from biotheca.qc.duplicates import Duplicates, merged
from biotheca.qc.model import Report
from biotheca.qc.radar import Radar
from biotheca.qc.saving import Kept, Saving
from biotheca.qc.screening import Screen
from biotheca.qc.sentences import EXPECTED, sentence
from biotheca.qc.statistics import offset_of, qualities_of, statistics

# Below so many bases and reads, qualities are not judged as a whole.
_LEAST_BASES, _LEAST_READS = 1_000, 10_000
# What the end of a name promises about the bytes. Names that promise nothing are not compared.
_PROMISES: tuple[tuple[tuple[str, ...], str, frozenset[Container]], ...] = (
    ((".gz", ".bgz", ".bgzf"), "gzip", frozenset({Container.GZIP, Container.BGZF})),
    ((".bz2",), "bzip2", frozenset({Container.BZIP2})),
    ((".fastq", ".fq", ".vcf", ".fasta", ".fa", ".fna", ".faa"), "plain text", frozenset({Container.PLAIN})),
    ((".bam", ".bcf"), "BGZF", frozenset({Container.BGZF})),
    ((".cram", ".tar"), "uncompressed", frozenset({Container.PLAIN})),
)


@cache
def catalogue() -> dict[str, dict[str, Any]]:
    """The rules of the file check by id: severity, message and mend in EN and ZH, example."""
    return {rule: row for rule, row in catalog.rules().items() if rule.startswith("qc.")}


def check_file(
    chunks: Iterable[bytes],
    declared_md5: str | None,
    declared_format: str,
    name: str,
    limits: Limits | None = None,
    engine: str | None = None,
    threads: int = 2,
    *,
    duplicates: str = "auto",
    scratch: Path | None = None,
    again: Callable[[], Iterable[bytes]] | None = None,
    kept: Kept | None = None,
    tell_reads: Callable[[int], None] | None = None,
) -> Report:
    """Check one file whose stored bytes are `chunks`, cut anywhere. Memory is bounded; bad data never raises.

    `declared_md5` is hexadecimal, None if nothing was declared. `declared_format` is one of content.FORMATS. `name`
    may be a whole storage key; findings name its last part. Every byte is read even when the content is
    beyond help, because digests and size are of the whole file. `engine` is one of formats.native.engines(),
    None for the fastest. With fewer than two `threads` all is done in the caller's. `duplicates` is one of
    formats.names.METHODS, `scratch` a folder for its files. `again` opens the same bytes once more, which is asked for
    only where a name seems to stand twice; what can be iterated twice need not say it. With `kept` the state of the
    check is saved there, and one that was saved is gone on from. `tell_reads` is told of each block's reads.
    Raises NoSuchCheck, NoScratch; what `chunks` raises passes.
    """
    began = time.monotonic()
    again = again or (None if iter(chunks) is chunks else lambda: chunks)
    names = Duplicates(duplicates, scratch, engine, again, Asked(limits, engine, threads=threads), declared_format)
    saving = Saving(kept, f"{declared_format}, {duplicates}, {limits}")
    sums, screen, adapters = saving.sums, Screen(), Adapters()
    saving.parts(screen=screen, adapters=adapters, names=names)

    def sample(sequences: Sequence[bytes]) -> None:
        screen.take(sequences)
        adapters.take(sequences)
        if tell_reads:
            tell_reads(len(sequences))

    file = name.rsplit("/", 1)[-1]
    radar = Radar(file, declared_format)
    stored = saving.stored(radar.tee(chunks), threads)
    asked = Asked(limits, engine, sample, names=names.taker, threads=threads, pauses=saving.pauses)
    looked = look(stored, declared_format, asked)
    for _ in stored:  # the rest of a broken file, for its digests
        pass
    if radar.is_empty and kept:  # gone on from the middle
        radar.take(kept.opened_at(0))
    content, container = looked.content, looked.decoder.container
    repeated = names.found(not isinstance(looked.fault, UnpacksTooFar))

    of_file = [*_of_bytes(declared_md5, sums), *_of_name(file, looked), *looked.of_file(), *_of_lines(content)]
    of_file += _of_qualities(content)
    of_file += repeated.of_file
    counted = Counter(defect.code for defect in of_file) + content.counted
    counted += Counter(duplicate_name=repeated.reads)
    first = merged(content.defects, repeated.defects, MAX_FINDINGS - len(of_file))
    private = [] if isinstance(looked.fault, UnpacksTooFar) else radar.findings(getattr(content, "members", ()))
    found = [*(in_words(defect, file) for defect in of_file), *private, *(in_words(defect, file) for defect in first)]
    return Report(
        key=name,
        size_bytes=sums.size_bytes,
        md5=sums.md5,
        sha256=sums.sha256,
        format=declared_format,
        container=str(container) if container else None,
        reads=content.reads,
        bases=content.bases,
        screen=screen.result(),
        statistics=_statistics(content, adapters),
        findings=tuple(found[:MAX_FINDINGS]),
        findings_total=sum(counted.values()) + len(private),
        counted=_counted(counted) + _counted_private(private),
        names=repeated.names,
        duplicates=repeated.told,
        seconds=time.monotonic() - began,
    )


def _statistics(content: Content, adapters: Adapters) -> dict[str, Any] | None:
    if content.counts is None:
        return None
    return statistics(content.counts, adapters.result(content.counts.table[LONGEST]))


def _counted(codes: Counter[str]) -> tuple[dict[str, Any], ...]:
    """How many of each rule there are, whether they are among the hundred kept or not."""
    rules = ((f"qc.{code}", count) for code, count in codes.items())
    return tuple({"rule": rule, "severity": catalogue()[rule]["severity"], "count": count} for rule, count in rules)


def _counted_private(found: list[Finding]) -> tuple[dict[str, Any], ...]:
    counted = Counter((one.rule, one.severity) for one in found)
    return tuple({"rule": rule, "severity": severity, "count": count} for (rule, severity), count in counted.items())


# Findings about the file as a whole stand first, so that no hundred bad lines can hide them.


def _of_bytes(declared_md5: str | None, sums: Checksums) -> Iterator[Defect]:
    if declared_md5 is not None and declared_md5.strip().lower() != sums.md5:
        yield Defect("md5", 0, {"expected": declared_md5.strip().lower()[:64], "actual": sums.md5})


def _of_name(file: str, looked: Looked) -> Iterator[Defect]:
    container = looked.decoder.container
    if container and (named := _broken_promise(file, container)):
        yield Defect("name_and_content", 0, {"named": named, "container": str(container)})


def _of_lines(content: Content) -> Iterator[Defect]:
    if content.crlf_lines:
        yield Defect("crlf", content.first_crlf_line, {"lines": content.crlf_lines})


def _of_qualities(content: Content) -> Iterator[Defect]:
    """What all qualities of a file tell together; of a few reads it would be chance."""
    if content.counts is None or content.bases < _LEAST_BASES:
        return
    qualities = qualities_of(content.counts)
    present = [chr(33 + at) for at, count in enumerate(qualities) if count]
    lowest, highest = present[0], present[-1]
    if offset_of(qualities) != 33:
        yield Defect("encoding", 0, {"lowest": lowest, "highest": highest})
    if lowest == highest and content.reads >= _LEAST_READS:
        yield Defect("quality_constant", 0, {"value": lowest, "bases": content.bases})


def _broken_promise(file: str, container: Container) -> str | None:
    """What the name promises, if the bytes are something else."""
    for endings, named, allowed in _PROMISES:
        if file.lower().endswith(endings):
            return None if container in allowed else named
    return None


def in_words(defect: Defect, file: str) -> Finding:
    """A defect of a file in words."""
    where = f"{file}:{defect.member}" if defect.member else file
    return made(defect.code, where, defect.line, defect.facts, defect.unit)


def made(code: str, file: str, line: int, facts: dict[str, Any], unit: str = "line") -> Finding:
    """A finding in words. `line` 0 means the file as a whole; `unit` "record" that it is a record's number."""
    facts = (
        {k: _readable(v) for k, v in facts.items()} | {"file": file} | ({unit.replace(" ", "_"): line} if line else {})
    )
    rule = catalogue()[f"qc.{code}"]
    place = f"{file}:{line}" if unit == "line" else f"{file}:{unit} {line}"
    return Finding(
        rule=f"qc.{code}",
        where=place if line else file,
        message=sentence(code, facts),
        value=str(facts.get("value", facts.get("actual", ""))),
        expected=str(facts.get("expected", EXPECTED.get(code, ""))),
        mend=rule["mend"]["en"],
        severity=rule["severity"],
        facts=facts,
    )


def _readable(value: Any) -> Any:
    """Strangers' bytes as text that any JSON reader and terminal can take, 60 characters at most."""
    if not isinstance(value, bytes):
        return value
    text = value.decode("ascii", "backslashreplace")
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return text if len(text) <= 60 else text[:57] + "..."
