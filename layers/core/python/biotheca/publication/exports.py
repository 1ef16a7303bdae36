"""A dataset as text: digests as md5sum writes them, its files, its runs under the original's header; a run's counts."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any
from xml.sax.saxutils import quoteattr

from biotheca.publication.model import Record

# One row a file; the header of the original archive's run list, letter by letter: tools parse it.
RUN_COLUMNS = (
    "Run",
    "Center",
    "ReleaseDate",
    "FileType",
    "FileName",
    "FileSize",
    "Download_path",
    "Experiment",
    "Title",
    "LibraryName",
    "LibraryStrategy",
    "LibrarySelection",
    "LibrarySource",
    "LibraryLayout",
    "InsertSize",
    "InsertDev",
    "Platform",
    "BioProject",
    "BioSample",
    "SampleType",
    "TaxID",
    "ScientificName",
    "SampleName",
    "Submission",
    "Organization",
)
FILE_COLUMNS = ("run", "name", "original_name", "size_bytes", "md5", "sha256", "reads", "bases", "statistics")
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


def guarded(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula; numbers stay numbers.

    >>> guarded("=1+1"), guarded(-5), guarded("-5"), guarded(None)
    ("'=1+1", '-5', '-5', '')
    """
    if value is None:
        return ""
    text = str(value)
    guard = "'" if text.startswith(_DANGEROUS) and not _is_number(text) else ""
    return guard + " ".join(text.split("\n")).replace("\r", " ")  # a cell is one line


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text.strip() == text and text[0] not in "\t\r"


def table(columns: Iterable[str] | None, rows: Iterable[Iterable[Any]], delimiter: str = ",") -> str:
    """Rows under columns (None: a later page without them), every cell guarded."""
    made = io.StringIO()
    writer = csv.writer(made, delimiter=delimiter, lineterminator="\n")
    if columns is not None:
        writer.writerow(columns)
    writer.writerows([guarded(cell) for cell in row] for row in rows)
    return made.getvalue()


def md5_lines(runs: Iterable[Record]) -> str:
    """`md5  path` lines that `md5sum -c` reads; the path is the run's folder and the published name."""
    return "".join(f"{file['md5']}  {run.accession}/{file['name']}\n" for run in runs for file in run.files)


def run_rows(runs: Iterable[Record], related: dict[str, Record], address: str, center: str) -> Iterator[list[Any]]:
    """One row a file, in the order of `RUN_COLUMNS`. `related`: all records that the runs lead to, by accession."""
    for run in runs:
        above = _above(run, related)
        library, sample = above.get("experiment", {}), above.get("sample", {})
        for file in run.files:
            yield [
                run.accession,
                center,
                (run.released_at or "")[:10],
                run.attributes.get("file_type"),
                file["name"],
                file["size_bytes"],
                f"{address}/v1/records/{run.accession}/files/{file['name']}",
                library.get("accession"),
                run.title,
                library.get("library_name"),
                library.get("library_strategy"),
                library.get("library_selection"),
                library.get("library_source"),
                library.get("library_layout"),
                library.get("insert_size"),
                library.get("nominal_sdev"),
                library.get("instrument_model") or library.get("platform"),
                above.get("project", {}).get("accession"),
                sample.get("accession"),
                sample.get("sample_type"),
                sample.get("taxon_id"),
                sample.get("organism"),
                sample.get("alias"),
                run.dataset,
                above.get("project", {}).get("organisation"),
            ]


def _above(run: Record, related: dict[str, Record]) -> dict[str, dict[str, Any]]:
    """type -> fields of the first record of that type above a run; its dataset counts as above."""
    found: dict[str, dict[str, Any]] = {}
    left = [*run.needs, run.dataset or ""]
    while left:
        record = related.get(left.pop(0))
        if record is None or record.type in found:
            continue
        found[record.type] = {**record.attributes, "accession": record.accession, "alias": record.alias}
        left += record.needs
    return found


def statistics(run: Record, as_xml: bool) -> str:
    """What was counted in the files of a run when they were checked."""
    names = ("name", "size_bytes", "reads", "bases", "md5", "sha256")
    # What was measured is there where the check counted it: records of former days have none.
    files = [{name: file.get(name) for name in names} | (file.get("measured") or {}) for file in run.files]
    totals = {name: sum(file[name] or 0 for file in files) for name in ("size_bytes", "reads", "bases")}
    if not as_xml:
        return json.dumps({"run": run.accession, **totals, "files": files}, indent=1) + "\n"
    lines = [f"<statistics run={quoteattr(run.accession)} {_attributes(totals)}>"]
    lines += [f"  <file {_attributes(file)}/>" for file in files]
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + "\n".join([*lines, "</statistics>"]) + "\n"


def _attributes(row: dict[str, Any]) -> str:
    return " ".join(f"{name}={quoteattr(str(value))}" for name, value in row.items() if value is not None)
