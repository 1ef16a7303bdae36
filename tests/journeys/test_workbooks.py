"""Workbooks over HTTP, and the same verdict by the archive and by the command line without it, byte for byte."""

from __future__ import annotations

import io
import json
import random
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from biotheca.workbooks import layout, writing
from biotheca.workbooks.plain import joined, tables_of
from biotheca.workbooks.verdicts import JSON, TSV, XLSX, verdict
from tests.clients.conftest import CommandLine
from tests.journeys.conftest import Person, document, draft, tiny_fastq
from tests.unit.workbooks.making import MEMBER

READS = [("wb_1.fastq.gz", tiny_fastq()), ("wb_2.fastq.gz", tiny_fastq(mate=2))]


def send(person: Person, made: dict[str, Any], method: str, tail: str, kind: str, body: bytes) -> Any:
    return person.call(
        method, f"/v1/submissions/{made['id']}/metadata{tail}", data=body, headers={"Content-Type": kind}
    )


def objects(person: Person, made: dict[str, Any]) -> list[tuple[str, str, Any]]:
    return [(o["type"], o["alias"], o["attributes"]) for o in person.get(f"/v1/submissions/{made['id']}")["objects"]]


def title_of_sample(person: Person, made: dict[str, Any]) -> str:
    return next(attributes["title"] for kind, _, attributes in objects(person, made) if kind == "sample")


def broken(book: Any) -> None:
    book["BioSample"]["A3"] = "no alias!"
    book["BioSample"]["B3"] = "=1+1"


def workbook(whole: dict[str, Any], change: Any = None) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(writing.template(MEMBER, document=whole)))
    if change:
        change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_template_downloads_as_a_browser_asks_for_it(nobody: Person) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}
    answer = nobody.call("GET", f"/v1/members/{MEMBER.id}/template?lang=zh", headers=browser)
    assert answer.status_code == 200 and answer.headers["Content-Type"] == XLSX
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="')
    assert openpyxl.load_workbook(io.BytesIO(answer.content)).sheetnames[0] == layout.README["zh"]
    tables = nobody.call("GET", f"/v1/members/{MEMBER.id}/template?format=tsv")
    assert {f"{k.section}.tsv" for k in MEMBER.objects} < set(zipfile.ZipFile(io.BytesIO(tables.content)).namelist())
    one = nobody.call("GET", f"/v1/members/{MEMBER.id}/template?format=tsv&sheet=samples&package=plant")
    assert one.headers["Content-Type"] == TSV and one.text.startswith("Alias *\t")
    for query in ("lang=xx", "format=pdf", "sheet=none", "package=none"):
        assert nobody.call("GET", f"/v1/members/{MEMBER.id}/template?{query}").status_code == 422


def test_json_tables_and_workbook_store_the_same_submission(ana: Person) -> None:
    whole = document(READS)
    stored = []
    for kind, body in (
        (JSON, json.dumps(whole).encode()),
        (XLSX, workbook(whole)),
        (TSV, joined(tables_of(MEMBER, document=whole))),
    ):
        made = ana.post("/v1/submissions", {"member": MEMBER.id, "title": "Three forms"})
        answer = send(ana, made, "PUT", "", kind, body)
        assert answer.status_code == 200, answer.text
        stored.append(objects(ana, made))
    assert stored[0] == stored[1] == stored[2]


def test_a_submission_as_a_workbook_sent_back_changes_nothing_and_a_change_is_told_before_it_is_made(
    ana: Person, li: Person
) -> None:
    made = draft(ana, READS, "To and fro")
    body = ana.call("GET", f"/v1/submissions/{made['id']}/workbook").content
    dry = send(ana, made, "POST", "/check", XLSX, body).json()
    assert dry["verdict"] == "taken"
    assert dry["difference"] == {"added": [], "removed": [], "changed": [], "unchanged": 5}
    book = openpyxl.load_workbook(io.BytesIO(body))
    book["BioSample"]["B3"] = "Another title"
    out = io.BytesIO()
    book.save(out)
    dry = send(ana, made, "POST", "/check", XLSX, out.getvalue()).json()
    (changed,) = dry["difference"]["changed"]
    assert changed["fields"] == [{"field": "title", "old": "To and fro sample", "new": "Another title"}]
    assert title_of_sample(ana, made) == "To and fro sample"
    assert send(ana, made, "PUT", "", XLSX, out.getvalue()).status_code == 200
    assert title_of_sample(ana, made) == "Another title"
    assert li.call("GET", f"/v1/submissions/{made['id']}/workbook").status_code == 404


def test_a_bad_workbook_is_refused_with_every_cell_and_comes_back_marked(ana: Person) -> None:
    made = draft(ana, READS, "Marked")
    body = workbook(document(READS), broken)
    refused = send(ana, made, "PUT", "", XLSX, body)
    assert refused.status_code == 422
    cells = {f["facts"].get("cell") for f in refused.json()["findings"] if f["severity"] == "error"}
    assert {"A3", "B3"} <= cells
    marked = send(ana, made, "POST", "/annotated", XLSX, body)
    assert marked.status_code == 200 and "filename=" in marked.headers["Content-Disposition"]
    book = openpyxl.load_workbook(io.BytesIO(marked.content))
    assert "workbooks.formula" in book["BioSample"]["B3"].comment.text and book["BioSample"]["B3"].data_type == "s"
    links = {row[2].hyperlink.location for row in book["Findings"].iter_rows(min_row=2) if row[2].hyperlink}
    assert "'BioSample'!A3" in links


def test_a_body_of_another_kind_or_beyond_a_call_is_refused_in_our_words(ana: Person) -> None:
    made = draft(ana, READS, "Kinds")
    for kind, body, status in (("text/plain", b"x", 415), (XLSX, b"PK" + b"\0" * 4_600_000, 413)):
        answer = send(ana, made, "PUT", "", kind, body)
        assert answer.status_code == status, answer.text
        assert answer.headers["Content-Type"] == "application/problem+json" and answer.json()["mend"]


def test_template_and_workbook_by_command_line(ana: Person, tmp_path: Path) -> None:
    made = draft(ana, READS, "By command")
    biotheca = CommandLine(tmp_path, ana.url)
    assert biotheca("template", MEMBER.id, "--to", str(tmp_path / "t.xlsx")).code == 0
    assert openpyxl.load_workbook(tmp_path / "t.xlsx").sheetnames[0] == layout.README["en"]
    assert biotheca("template", "none").code == 3
    assert biotheca("workbook", made["id"]).code == 4


# --- both ways ------------------------------------------------------------------------------------


def mutated(whole: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    """A right document with a few of its values spoilt."""
    spoilt = json.loads(json.dumps(whole))
    values = [
        None,
        "",
        0,
        -1,
        10**20,
        1.5,
        True,
        "x" * 600,
        "=1+1",
        "not collected",
        "2026-13-99",
        [],
        {},
        ["a"],
        "\u202e",
    ]
    for _ in range(dice.randint(1, 4)):
        section = dice.choice(list(spoilt))
        rows = spoilt[section]
        row = dice.choice(rows) if isinstance(rows, list) and rows else rows
        if not isinstance(row, dict):
            continue
        deed = dice.random()
        if deed < 0.7:
            row[dice.choice([*row, "watering", "organism"])] = dice.choice(values)
        elif deed < 0.85 and isinstance(rows, list):
            rows.append(dict(row))
        else:
            spoilt.pop(section, None)
        if not spoilt:
            break
    return spoilt


def spoilt_cells(body: bytes, dice: random.Random) -> bytes:
    """A right workbook with a few of its cells spoilt."""
    book = openpyxl.load_workbook(io.BytesIO(body))
    for _ in range(dice.randint(1, 5)):
        sheet = book[dice.choice(book.sheetnames[2:-1])]
        cell = sheet.cell(dice.randint(1, 4), dice.randint(1, 12))
        cell.value = dice.choice([None, "=A1", "x", 7, -1.5, "no alias!", "a; b", "# note", True])
    if dice.random() < 0.2:
        book[dice.choice(book.sheetnames)].title = "Renamed"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_the_archive_and_the_offline_check_say_the_same_bytes(ana: Person) -> None:
    made = ana.post("/v1/submissions", {"member": MEMBER.id, "title": "Both ways"})
    whole = document(READS)
    right = workbook(whole)
    seen = set()

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
    @given(st.integers(0, 2**32), st.sampled_from([JSON, XLSX, TSV]))
    def both_ways(seed: int, kind: str) -> None:
        dice = random.Random(seed)
        if kind == JSON:
            body = json.dumps(mutated(whole, dice)).encode()
        elif kind == XLSX:
            body = spoilt_cells(right, dice) if dice.random() < 0.9 else dice.randbytes(300)
        else:
            lines = joined(tables_of(MEMBER, document=whole)).decode().split("\t")
            lines[dice.randrange(len(lines))] = dice.choice(["=x", "no alias!", "", '"', "\n"])
            body = "\t".join(lines).encode()
        answer = send(ana, made, "POST", "/check", kind, body)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        told.pop("difference")
        here = verdict(MEMBER, kind, body)
        assert json.dumps(told, sort_keys=True) == json.dumps(here, sort_keys=True)
        seen.update((kind, told["verdict"], f["rule"]) for f in told["findings"])

    both_ways()
    assert len(seen) > 15
    for kind, body in ((JSON, json.dumps(whole).encode()), (XLSX, right)):
        told = send(ana, made, "POST", "/check", kind, body).json()
        assert told["verdict"] == verdict(MEMBER, kind, body)["verdict"] == "taken"


def test_the_command_line_without_an_archive_prints_the_archives_verdict(ana: Person, tmp_path: Path) -> None:
    made = ana.post("/v1/submissions", {"member": MEMBER.id, "title": "Offline"})
    alone = CommandLine(tmp_path / "home", "http://127.0.0.1:9")
    for number, change in enumerate((None, broken)):
        folder = tmp_path / f"f{number}"
        folder.mkdir()
        for name, data in READS:
            (folder / name).write_bytes(data)
        body = workbook(document(READS), change)
        (folder / "submission.xlsx").write_bytes(body)
        told = send(ana, made, "POST", "/check", XLSX, body).json()
        told.pop("difference")
        here = alone("check", str(folder), "--json").json["metadata"]
        assert json.dumps(here, sort_keys=True) == json.dumps(told, sort_keys=True)
