"""A folder's metadata in any of its three forms, and the archive's own verdict on it, without the archive.

Here and in file_check the client enters the package: rooms without a cloud, by an import contract (docs/decisions, 14).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from biotheca import catalog
from biotheca.errors import Invalid
from biotheca.formats.native import engines
from biotheca.qc import check_file, runs
from biotheca.qc.locating import locator
from biotheca.qc.model import NoSuchCheck
from biotheca.submissions.rules import objects_of
from biotheca.taxonomy.model import subset
from biotheca.workbooks import verdicts
from biotheca.workbooks.model import Received, Sheet
from biotheca.workbooks.plain import GENERAL_FILE
from biotheca.workbooks.rules import document_of, general_of
from biotheca.workbooks.sheets import read_workbook
from biotheca.workbooks.tables import read_tables
from biotheca_client.errors import Refused, WrongUse

DOCUMENT, WORKBOOK = "submission.json", "submission.xlsx"
_READ_BYTES = 1024 * 1024


@dataclass
class Source:
    """Where a folder's metadata was read from: a file's name, the whole document, its sheets if it has any."""

    name: str
    document: dict[str, Any]
    received: Received | None = None

    def where(self, pointer: str) -> str:
        """A place in words: submission.json/metadata/runs/0, or sheet and cell."""
        if self.received is None or self.received.places is None or not pointer.startswith("/metadata/"):
            return f"{self.name}{pointer}"
        place = self.received.places.find(pointer.removeprefix("/metadata"))
        return f"{self.name} {place.get('sheet', '')} {place.get('cell', '')}".rstrip()


def read(path: Path, member: str | None = None, title: str | None = None) -> Source:
    """The metadata of a folder: submission.json, else submission.xlsx, else tables (samples.tsv ...).

    `member` and `title` go before what the General sheet says. Raises WrongUse if there is none of them or no database
    is named, Refused if a workbook or table cannot be read.
    """
    tables = sorted(path.glob("*.tsv"))
    if (path / DOCUMENT).exists() or not ((path / WORKBOOK).exists() or tables):
        return Source(DOCUMENT, _json(path / DOCUMENT))
    try:
        if (path / WORKBOOK).exists():
            return _of_sheets(WORKBOOK, read_workbook((path / WORKBOOK).read_bytes()), member, title)
        found = [sheet for file in tables for sheet in read_tables(file.read_bytes(), file.stem)]
        return _of_sheets("*.tsv", found, member, title)
    except Invalid as fault:
        findings = [f.as_dict() for f in fault.findings]
        raise Refused(fault.message, fault.findings[0].mend, {"rule": fault.rule, "findings": findings}) from fault


def catalog_version() -> str:
    """The version of the catalog by which is checked here; `/v1/health` names the archive's."""
    return catalog.version()


def _json(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as fault:
        raise WrongUse(
            f"{file.parent} has no readable {DOCUMENT} ({fault.strerror}), no {WORKBOOK} and no tables.",
            "Write one, or take a workbook with `biotheca template`; `biotheca check --help` shows the shape.",
        ) from fault
    except ValueError as fault:
        raise WrongUse(
            f"{file} is no JSON: {fault}.", "Mend it at that place; a missing comma is most usual."
        ) from fault
    if not isinstance(document, dict):
        raise WrongUse(f"{file} must hold one JSON object.", "Begin it with { and name member, title, metadata.")
    return document


def _of_sheets(name: str, sheets: list[Sheet], member: str | None, title: str | None) -> Source:
    said = general_of(sheets)
    whole = _member(member or said.get("member", ""))
    received = document_of(whole, sheets)
    release = said.get("release", "immediately")
    return Source(
        name,
        {
            "member": whole.id,
            "title": title or said.get("title", ""),
            "release": {"mode": "immediately"} if release == "immediately" else {"mode": "on_date", "date": release},
            "metadata": received.document,
        },
        received,
    )


def _member(named: str) -> catalog.Member:
    for member in catalog.members().values():
        if named in (member.id, *member.title.values()):
            return member
    known = ", ".join(catalog.members())
    what = f"{named!r} is no database" if named else "No database is named"
    raise WrongUse(f"{what}; there are {known}.", f"Say it in the General sheet ({GENERAL_FILE}) or with --member.")


def verdict(source: Source, metadata: Any) -> dict[str, Any]:
    """What the archive would say of this metadata: its verdict, finding for finding."""
    member = catalog.members().get(str(source.document.get("member")))
    if member is None:
        raise WrongUse(
            f"{source.document.get('member')!r} is no database.", f"There are {', '.join(catalog.members())}."
        )
    if source.received is not None:
        source.received.document = metadata
        return verdicts.verdict_of(verdicts.judge(member, source.received))
    return verdicts.verdict(member, verdicts.JSON, json.dumps(metadata).encode())


def annotated(source: Source, metadata: Any) -> bytes:
    """The workbook or tables of the folder with every finding at its cell. Raises WrongUse for JSON."""
    from biotheca.workbooks.writing import annotated as written

    if source.received is None:
        raise WrongUse("JSON has no cells to mark.", "Take `biotheca template`, or read the findings of --json.")
    source.received.document = metadata
    member = catalog.members()[source.document["member"]]
    return written(source.received, verdicts.judge(member, source.received))


def report(path: Path, md5: str | None, file_type: str, add: Callable[[int], None]) -> dict[str, Any] | None:
    """The report of the file check that the archive runs, of a local file; None for a type without a check."""

    try:
        return check_file(_chunks(path, add), md5, file_type, path.name, again=partial(_chunks, path)).as_dict()
    except NoSuchCheck:
        return None


def _chunks(path: Path, add: Callable[[int], None] = lambda _: None) -> Iterator[bytes]:
    with path.open("rb") as file:
        while data := file.read(_READ_BYTES):
            add(len(data))
            yield data


def engine() -> str:
    """What looks at the bytes of reads here: AVX-512, AVX2, SSE2, C, or Python where nothing was compiled."""
    return engines()[0]


def judge_runs(document: dict[str, Any], reports: dict[str, dict[str, Any]], folder: Path) -> None:
    """Add to the reports (by file name) what is wrong with runs whose files are all sound, as the archive does.

    The files lie in `folder`: where mates are out of order, they are read once more for the place.

    The organism of a sample that is named by its number is known to the archive alone: its run is screened here.
    """
    member = catalog.members().get(str(document.get("member")))
    metadata = document.get("metadata")
    if member is None or not isinstance(metadata, dict):
        return
    rows = [(kind, row) for kind in member.objects for row in objects_of(metadata, kind) if isinstance(row, dict)]
    fields = {(kind.type, str(row.get("alias"))): row for kind, row in rows}
    for kind, row in rows:
        files = row.get("files")
        named = [e.get("name") for e in files if isinstance(e, dict)] if kind.files and isinstance(files, list) else []
        told = [reports.get(str(name)) for name in named]
        if not told or not all(report and report["verdict"] == "sound" for report in told):
            continue
        own = [report for report in told if report]
        alias = str(row.get("alias"))
        checked = tuple(runs.CheckedFile.of(str(n), r) for n, r in zip(named, own, strict=True))
        number = runs.organism(member, fields, kind.type, alias)
        taxon = subset().get(number) if number else None
        declared = runs.declared(member, fields, kind.type, alias)
        opened = [partial(_chunks, folder / str(n)) for n in named]
        locate = locator(*opened) if len(opened) == 2 else None
        found = runs.check_run(member, runs.CheckedRun(kind.type, alias, checked, taxon, declared, locate))
        for report in own:
            report["findings"] = runs.told(report["findings"], found)
            report["findings_total"] += len(found)
            if any(f.severity == "error" for f in found):
                report["verdict"] = "unsound"


def file_types(document: dict[str, Any]) -> dict[str, str]:
    """File name -> declared type, of every file of a document."""
    member = catalog.members().get(str(document.get("member")))
    found: dict[str, str] = {}
    metadata = document.get("metadata")
    if member is None or not isinstance(metadata, dict):
        return found
    for kind in member.objects:
        rows = metadata.get(kind.section) if kind.files else None
        for row in rows if isinstance(rows, list) else [rows]:
            if isinstance(row, dict):
                file_type = str(row.get((kind.files or {})["type_field"]))
                files = row.get("files")
                named = [e.get("name") for e in files if isinstance(e, dict)] if isinstance(files, list) else []
                found |= {str(name): file_type for name in named}
    return found


def packed_into(document: dict[str, Any]) -> tuple[str, str, int]:
    """(section, field of the file type, how many files it may have) of the one object that takes thousands of files in
    archives. WrongUse where the database has none, or the metadata do not describe it."""
    member = catalog.members().get(str(document.get("member")))
    kinds = [kind for kind in member.objects if kind.made_anew and not kind.many] if member else []
    if not kinds:
        takes = [one.id for one in catalog.members().values() if any(kind.made_anew for kind in one.objects)]
        raise WrongUse(
            f"{document.get('member')!r} takes no folder of files in archives.",
            f"Name the files in the metadata; so are sent files of {', '.join(takes)}.",
        )
    (kind,), metadata = kinds, document.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(metadata.get(kind.section), dict):
        raise WrongUse(f"The metadata have no {kind.section!r}.", "Describe it; its files are filled in here.")
    policy = kind.files or {}
    return kind.section, str(policy["type_field"]), int(policy["at_most"])
