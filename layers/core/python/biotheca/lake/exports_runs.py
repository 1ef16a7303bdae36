"""Rows of runs as what pipelines eat: accession lists, SRA XML, sample sheets, download scripts. No cloud.

Files of a run come from its column `files` (name, url, md5, alternatives) or, for our own, from `file_names` and
`file_md5` under this archive's address. What has no address by HTTP is left out and said in About.notes.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from urllib.parse import quote
from xml.etree.ElementTree import indent, tostring
from xml.sax.saxutils import escape

from biotheca.lake.exports_formats import About
from biotheca.lake.exports_tables import Row, csv_, plain
from biotheca.sra_xml.write import Written, element_of

_FASTQ = re.compile(r"\.(fastq|fq)(\.gz|\.bz2)?$", re.IGNORECASE)
# The end of a mate's name before its suffix: reads_1, reads_R2, reads_f1, reads_r2, reads.1, with lane parts after it.
_MATE = re.compile(r"[._](?:R|read)?([12])(?:_00\d)?$|[._]([fr])[12]?$", re.IGNORECASE)
_MD5 = re.compile(r"[0-9a-f]{32}")
_TYPES = {"fastq": _FASTQ, "bam": re.compile(r"\.bam$", re.I), "cram": re.compile(r"\.cram$", re.I)}


@dataclass(frozen=True)
class RunFile:
    """One file of a run as the public gets it; `md5` empty if nobody has said it."""

    run: str
    name: str
    url: str
    md5: str

    @property
    def mate(self) -> int:
        """1 or 2 for a file of paired reads, else 0."""
        found = _MATE.search(_FASTQ.sub("", self.name))
        if not found:
            return 0
        return int(found[1]) if found[1] else {"f": 1, "r": 2}[found[2].lower()]


def files_of(row: Row, address: str) -> list[RunFile]:
    """The files of a run that HTTP can fetch."""
    run = str(row["acc"])
    made = []
    for file in row.get("files") or []:
        url = _http(file.get("url")) or next(
            (u for a in file.get("alternatives") or [] if a and (u := _http(a.get("url")))), ""
        )
        if url and (name := _safe(file.get("name") or url)):
            made.append(RunFile(run, name, url, _md5(file.get("md5"))))
    if not made and row.get("source") == "own":
        digests = row.get("file_md5") or []
        for place, given in enumerate(row.get("file_names") or []):
            name = _safe(given)
            url = f"{address.rstrip('/')}/v1/records/{quote(run)}/files/{quote(name)}"
            made.append(RunFile(run, name, url, _md5(digests[place] if place < len(digests) else "")))
    return made


def _http(url: str | None) -> str:
    """An address that curl can fetch, or nothing: objects of public buckets have one.

    >>> _http("s3://sra-pub-run-odp/sra/SRR1/SRR1")
    'https://sra-pub-run-odp.s3.amazonaws.com/sra/SRR1/SRR1'
    """
    if url and re.fullmatch(r"(https?|ftp)://[^\s'\"\\]+", url):
        return url
    found = re.fullmatch(r"s3://([a-z0-9.-]+)/([^\s'\"\\]+)", url or "")
    return f"https://{found[1]}.s3.amazonaws.com/{quote(found[2])}" if found else ""


def _safe(name: str) -> str:
    """A file's name without folders and without what a shell, a sheet or a terminal would take for something else."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return re.sub(r"[^\w.+=@-]", "_", last).lstrip(".-=+@")


def _md5(value: Any) -> str:
    text = str(value or "").lower()
    return text if _MD5.fullmatch(text) else ""


def accessions(columns: list[str], rows: Iterable[Row], about: About) -> Iterator[bytes]:
    """One accession a line; one that comes again right after itself is said once."""
    for value, _ in groupby(str(row["acc"]) for row in rows if row["acc"] is not None):
        yield f"{value}\n".encode()


def xml(columns: list[str], rows: Iterable[Row], about: About) -> Iterator[bytes]:
    """A RUN_SET of SRA XML: the schema's own elements where it has them, every other column as a RUN_ATTRIBUTE."""
    said = re.sub("-(?=-)", "- ", escape("; ".join(about.lines())))  # two hyphens would end the comment
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<!-- {said} -->\n<RUN_SET>\n'.encode()
    for row in rows:
        node = element_of("run", _written(row), str(row.get("center_name") or ""))
        indent(node, level=0)
        yield tostring(node, encoding="utf-8") + b"\n"
    yield b"</RUN_SET>\n"


def _written(row: Row) -> Written:
    acc = str(row["acc"])
    names, digests = row.get("file_names") or [], row.get("file_md5") or []
    pairs = (
        zip(names, digests, strict=False) if names else ((f.get("name"), f.get("md5")) for f in row.get("files") or [])
    )
    files = [{"name": n, "md5": _md5(d)} for n, d in pairs if n and _md5(d)]
    kinds = {kind for kind, pattern in _TYPES.items() for file in files if pattern.search(file["name"])}
    own = {"acc", "center_name", "files", "file_names", "file_md5", "title", "experiment", "jattr", "attributes"}
    rest: dict[str, Any] = {k: _xml_text(v) for k, v in row.items() if k not in own and v not in (None, "", [])}
    custom = {a["k"]: _xml_text(a["v"]) for a in row.get("attributes") or [] if a.get("k") and a.get("v")}
    above = _xml_text(row["experiment"]) or "not given"
    given = {"title": _xml_text(row.get("title") or acc), "experiment": above, "attributes": custom, **rest}
    if files:
        given["file_type"] = kinds.pop() if len(kinds) == 1 else "fastq"
    return Written("run", acc, given, acc, {"experiment": above}, files)


def _xml_text(value: Any) -> str:
    # What XML 1.0 cannot hold, not even escaped, is dropped.
    return re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", plain(value))


def sheet(extra: dict[str, str]) -> Callable[[list[str], Iterable[Row], About], Iterator[bytes]]:
    """A sample sheet of nf-core: sample, fastq_1, fastq_2 and constant columns after them. One line a pair or file."""

    def make(columns: list[str], rows: Iterable[Row], about: About) -> Iterator[bytes]:
        return csv_(["sample", "fastq_1", "fastq_2", *extra], _sheet_rows(rows, about, extra), about)

    return make


def _sheet_rows(rows: Iterable[Row], about: About, extra: dict[str, str]) -> Iterator[Row]:
    without = 0
    for row in rows:
        found = [file for file in files_of(row, about.address) if _FASTQ.search(file.name)]
        sample = _sample(row)
        without += not found
        for first, second in _pairs(found):
            yield {"sample": sample, "fastq_1": first, "fastq_2": second, **extra}
    if without:
        about.notes.append(f"{without} run(s) have no FASTQ file that HTTP can fetch; they are not in the sheet.")


def _sample(row: Row) -> str:
    """nf-core takes lines of one sample together, so runs of a sample share a name, without spaces."""
    named = row.get("biosample") or row.get("sample_acc") or row["acc"]
    return re.sub(r"[^\w.-]", "_", str(named))


def _pairs(files: list[RunFile]) -> Iterator[tuple[str, str]]:
    """(fastq_1, fastq_2 or nothing): mates by their names, in order; files of neither mate alone."""
    firsts, seconds = ([f for f in files if f.mate == mate] for mate in (1, 2))
    if len(firsts) != len(seconds):
        firsts, seconds = [], []
    for first, second in zip(firsts, seconds, strict=True):
        yield first.url, second.url
    for file in files:
        if not firsts or not file.mate:
            yield file.url, ""


def fetchngs(columns: list[str], rows: Iterable[Row], about: About) -> Iterator[bytes]:
    """nf-core/fetchngs reads ids without a header; it knows INSDC's, GEO's and Synapse's accessions only."""
    own = 0
    for row in rows:
        if row.get("source") == "own":
            own += 1
        elif row["acc"] is not None:
            yield f"{row['acc']}\n".encode()
    if own:
        about.notes.append(f"{own} run(s) of this archive are left out: fetchngs cannot find them; take samplesheet.")


_HEAD = """#!/usr/bin/env bash
# Files of a query of the archive, into one folder a run. Run it again after an interruption: whole files are kept,
# parts are continued. Ends with 1 if any file is not what it must be. Needs bash, curl and md5sum (or md5).
{about}set -u
failed=0
digest() {{ if command -v md5sum >/dev/null; then md5sum "$1" | cut -d' ' -f1; else md5 -q "$1"; fi; }}
get() {{  # folder, name, address, md5 or nothing
  local path="$1/$2"
  mkdir -p "$1"
  if [ -e "$path" ] && {{ [ -z "$4" ] || [ "$(digest "$path")" = "$4" ]; }}; then echo "have $path"; return; fi
  if ! curl --fail --location --silent --show-error --retry 5 --retry-delay 2 --continue-at - \\
      --output "$path.part" "$3"; then echo "FAILED $path: not fetched" >&2; failed=1; return; fi
  if [ -n "$4" ] && [ "$(digest "$path.part")" != "$4" ]; then
    echo "FAILED $path: its md5 is not $4; deleted, run again" >&2; rm -f "$path.part"; failed=1; return
  fi
  mv -f "$path.part" "$path" && echo "got $path"
}}
"""


def script(columns: list[str], rows: Iterable[Row], about: About) -> Iterator[bytes]:
    """A bash script that fetches every file, goes on where it stopped, and compares md5."""
    yield _HEAD.format(about="".join(f"# {line}\n" for line in about.lines())).encode()
    for file in _every(rows, about):
        parts = (_safe(file.run), file.name, file.url, file.md5)
        yield f"get {' '.join(map(shlex.quote, parts))}\n".encode()
    yield b'exit "$failed"\n'


def aria2(columns: list[str], rows: Iterable[Row], about: About) -> Iterator[bytes]:
    """For `aria2c --input-file=... --continue`: address, folder, name, md5."""
    yield "".join(f"# {line}\n" for line in about.lines()).encode()
    for file in _every(rows, about):
        checksum = f"  checksum=md5={file.md5}\n" if file.md5 else ""
        yield f"{file.url}\n  dir={_safe(file.run)}\n  out={file.name}\n{checksum}".encode()


def _every(rows: Iterable[Row], about: About) -> Iterator[RunFile]:
    without = 0
    for row in rows:
        found = files_of(row, about.address)
        without += not found
        yield from found
    if without:
        about.notes.append(f"{without} run(s) have no file that HTTP can fetch.")


MAKERS: dict[str, Callable[[list[str], Iterable[Row], About], Iterator[bytes]]] = {
    "xml": xml,
    "accessions": accessions,
    "fetchngs": fetchngs,
    "samplesheet": sheet({}),
    "rnaseq": sheet({"strandedness": "auto"}),
    "script": script,
    "aria2": aria2,
}
