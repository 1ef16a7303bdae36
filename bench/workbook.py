"""A workbook of 10,000 samples with 10,000 planted errors: seconds to read and check it, beside openpyxl reading it."""

from __future__ import annotations

import hashlib
import io
import json
import sys
from pathlib import Path
from typing import Any

from bench.measure import by_turns, child, ratio, table
from biotheca import catalog
from biotheca.workbooks import layout, writing
from biotheca.workbooks.model import letters

ROWS, ROUNDS, LIMIT_S = 10_000, 3, 5.0
FIRST_ROW = 3  # below header and example

OURS = """
import json, sys
from biotheca import catalog
from biotheca.workbooks import verdicts
member = next(iter(catalog.members().values()))
body = open(sys.argv[1], "rb").read()
findings = verdicts.judge(member, verdicts.receive(member, verdicts.XLSX, body))
found = {(f.rule, f.facts.get("sheet"), f.facts.get("cell")) for f in findings if f.severity == "error"}
planted = {tuple(p) for p in json.load(open(sys.argv[2]))}
assert found == planted, (len(found), len(planted), list(found ^ planted)[:5])
print(len(findings))
"""
PEER = """
import sys
import openpyxl
book = openpyxl.load_workbook(sys.argv[1], read_only=True)
print(sum(1 for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row if cell is not None))
"""

# Field -> what is planted, and the rule that must say so. One error a row, by turns.
PLANTED: dict[str, tuple[Any, str]] = {
    "alias": ("no alias!", "metadata.alias"),
    "title": (None, "metadata.required"),
    "organism": ("=A1", "workbooks.formula"),
    "taxon_id": ("rice", "metadata.number"),
    "collection_date": ("1 March", "metadata.date"),
}


def document(rows: int = ROWS) -> dict[str, Any]:
    """A right document with this many samples, of the first database of the catalog; one experiment and run each."""
    text = Path(__file__).resolve().parents[1] / "examples" / "ecoli" / "submission.json"
    whole: dict[str, Any] = json.loads(text.read_text())["metadata"]
    (sample, *_), (experiment, *_), (run, *_) = whole["samples"], whole["experiments"], whole["runs"]
    whole["samples"] = [sample | {"alias": f"s{n}", "title": f"Sample {n}", "isolate": f"i{n}"} for n in range(rows)]
    whole["experiments"] = [experiment | {"alias": "e0", "sample": "s0"}]
    whole["runs"] = [run | {"alias": "r0", "experiment": "e0", "files": [_file(n) for n in range(len(run["files"]))]}]
    return whole


def _file(number: int) -> dict[str, str]:
    name = f"r0_{number + 1}.fastq.gz"
    return {"name": name, "md5": hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()}


def planted(rows: int = ROWS) -> tuple[bytes, set[tuple[str, str, str]]]:
    """A workbook with one error in every sample, and the rule, sheet and cell of each."""
    member = next(iter(catalog.members().values()))
    kind = member.object_type("sample")
    whole = document(rows)
    columns, _ = writing.contents.columns_for(member, kind, "", whole)
    at = {column.key: letters(n) for n, column in enumerate(columns)}
    errors = set()
    kinds = list(PLANTED.items())
    for n, sample in enumerate(whole["samples"]):
        field, (value, rule) = kinds[n % len(kinds)] if n else kinds[1]
        sample[field] = value
        errors.add((rule, layout.sheet_name(kind), f"{at[field]}{n + FIRST_ROW}"))
    return _with_formulas(writing.template(member, document=whole)), errors


def _with_formulas(body: bytes) -> bytes:
    """Texts that read as formulas become formulas: our own writer writes none."""
    import re
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            if name.startswith("xl/worksheets/sheet"):
                data = re.sub(rb'<c([^>]*) t="inlineStr"><is><t>=([^<]*)</t></is></c>', rb"<c\1><f>\2</f></c>", data)
            new.writestr(name, data)
    return out.getvalue()


def run(folder: Path) -> str:
    """The table."""
    body, errors = planted()
    path, told = folder / f"samples-{ROWS}.xlsx", folder / f"samples-{ROWS}.json"
    path.write_bytes(body)
    told.write_text(json.dumps(sorted(errors)))
    done = by_turns(
        {
            f"biotheca, {len(errors):,} errors found at their cells": lambda: child(
                [sys.executable, "-c", OURS, str(path), str(told)]
            ),
            "openpyxl read only, cells counted": lambda: child([sys.executable, "-c", PEER, str(path)]),
        },
        ROUNDS,
    )
    ours = next(iter(done.values()))
    rows = [
        [name, f"{took.seconds:.2f}", f"{took.cpu_s:.2f}", ratio(ours.seconds, took.seconds), f"{took.peak_mib:.0f}"]
        for name, took in done.items()
    ]
    title = f"A workbook of {ROWS:,} samples ({len(body) / 1e6:.1f} MB), read and checked in {LIMIT_S:.0f} s or less"
    return table(title, ["", "seconds", "CPU s", "our time / its time", "peak MiB"], rows)
