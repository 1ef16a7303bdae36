"""The file check: one pass over the stored bytes, from digest to last read. Wording: sentences; whole runs: runs."""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Any

import yaml

from biotheca.errors import Finding
from biotheca.formats.checksums import Checksums
from biotheca.formats.containers import Container, ContainerFault, Decoder, Limits
from biotheca.formats.fastq import FastqCheck
from biotheca.formats.faults import UnpacksTooFar
from biotheca.qc.model import NoSuchCheck, Report
from biotheca.qc.screening import Screen
from biotheca.qc.sentences import EXPECTED, sentence

MAX_FINDINGS = 100

# What the end of a name promises about the bytes. Names that promise nothing are not compared.
_PROMISES: tuple[tuple[tuple[str, ...], str, frozenset[Container]], ...] = (
    ((".gz", ".bgz", ".bgzf"), "gzip", frozenset({Container.GZIP, Container.BGZF})),
    ((".bz2",), "bzip2", frozenset({Container.BZIP2})),
    ((".fastq", ".fq"), "plain text", frozenset({Container.PLAIN})),
)


@cache
def catalogue() -> dict[str, dict[str, Any]]:
    """The rules of the file check by id: severity, message and mend in EN and ZH, example."""
    text = resources.files("biotheca").joinpath("catalog/rules_qc.yaml").read_text(encoding="utf-8")
    rules: dict[str, dict[str, Any]] = yaml.safe_load(text)["rules"]
    return rules


def check_file(
    chunks: Iterable[bytes],
    declared_md5: str | None,
    declared_format: str,
    name: str,
    limits: Limits | None = None,
    engine: str | None = None,
) -> Report:
    """Check one file whose stored bytes are `chunks`, cut anywhere. Memory is bounded; bad data never raises.

    `declared_md5` is hexadecimal, None if nothing was declared. `declared_format` is "fastq". `name` may
    be a whole storage key; findings name its last part. Every byte is read even when the content is
    beyond help, because digests and size are of the whole file. `engine` is one of formats.native.engines(),
    None for the fastest. Raises NoSuchCheck; what `chunks` raises passes.
    """
    if declared_format != "fastq":
        raise NoSuchCheck(f"no file check is written for format {declared_format!r}; known: 'fastq'")
    began = time.monotonic()
    sums, screen = Checksums(), Screen()
    reads = FastqCheck(keep=MAX_FINDINGS, screen=screen.take, engine=engine)
    stored = sums.tee(chunks)
    decoder = Decoder(stored, limits)
    fault: ContainerFault | None = None
    try:
        for piece in decoder.pieces():
            reads.feed(piece)
            if reads.stopped:  # nothing more can be said of the content: nothing more is unpacked
                break
    except ContainerFault as met:
        fault = met
    for _ in stored:  # the rest of a broken file, for its digests
        pass
    reads.finish(whole=fault is None)
    if isinstance(fault, UnpacksTooFar):  # whatever lines a bomb holds, they are no reads
        reads.forget()

    file = name.rsplit("/", 1)[-1]
    found = _of_file(file, declared_md5, sums, decoder, fault, reads)
    found += [made(d.code, file, d.line, d.facts) for d in reads.defects]
    return Report(
        key=name,
        size_bytes=sums.size_bytes,
        md5=sums.md5,
        sha256=sums.sha256,
        format=declared_format,
        container=str(decoder.container) if decoder.container else None,
        reads=reads.reads,
        bases=reads.bases,
        screen=screen.result(),
        findings=tuple(found[:MAX_FINDINGS]),
        findings_total=len(found) - len(reads.defects) + reads.counted.total(),
        seconds=time.monotonic() - began,
    )


def _of_file(
    file: str,
    declared_md5: str | None,
    sums: Checksums,
    decoder: Decoder,
    fault: ContainerFault | None,
    reads: FastqCheck,
) -> list[Finding]:
    """Findings about the file as a whole. They stand first, so that no hundred bad lines can hide them."""
    found = []
    if declared_md5 is not None and declared_md5.strip().lower() != sums.md5:
        found.append(made("md5", file, 0, {"expected": declared_md5.strip().lower()[:64], "actual": sums.md5}))
    if fault:
        found.append(made(fault.code, file, 0, {"lines": reads.lines} | fault.facts))
    if decoder.container and (named := _broken_promise(file, decoder.container)):
        found.append(made("name_and_content", file, 0, {"named": named, "container": str(decoder.container)}))
    if decoder.ends_without_block:
        found.append(made("bgzf_no_end", file, 0, {}))
    if reads.crlf_lines:
        found.append(made("crlf", file, reads.first_crlf_line, {"lines": reads.crlf_lines}))
    return found


def _broken_promise(file: str, container: Container) -> str | None:
    """What the name promises, if the bytes are something else."""
    for endings, named, allowed in _PROMISES:
        if file.lower().endswith(endings):
            return None if container in allowed else named
    return None


def made(code: str, file: str, line: int, facts: dict[str, Any]) -> Finding:
    """A finding in words. `line` 0 means the file as a whole."""
    facts = {k: _readable(v) for k, v in facts.items()} | {"file": file} | ({"line": line} if line else {})
    rule = catalogue()[f"qc.{code}"]
    return Finding(
        rule=f"qc.{code}",
        where=f"{file}:{line}" if line else file,
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
