"""Exports of query results: what is written reads back, pipelines get their columns, a wrong file is caught."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import subprocess
import threading
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from biotheca.lake.arrow import schema_of
from biotheca.lake.exports import FORMATS, About, ColumnsMissing, export
from biotheca.lake.exports_runs import RunFile, files_of
from biotheca.lake.model import RUN_COLUMNS
from biotheca.sra_xml.read import objects_in, parsed
from tests.depth import examples
from tests.real_data import folder_of

ABOUT = {"query": "SELECT *\nFROM run -- all", "at": "2026-11-28T12:00:00Z", "snapshot": "20261128"}
MD5 = "0123456789abcdef0123456789abcdef"
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=20)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "acc": TEXT.filter(bool),
            "n": st.integers(-(2**63), 2**63 - 1),
            "x": st.floats(allow_nan=False, allow_infinity=False),
            "at": st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)),
            "attributes": st.lists(st.fixed_dictionaries({"k": TEXT, "v": st.none() | TEXT}), max_size=3),
        }
    ),
    max_size=8,
)
SCHEMA = schema_of(
    {
        "acc": "string",
        "n": "bigint",
        "x": "double",
        "at": "timestamp",
        "attributes": "array<struct<k:string,v:string>>",
    }
)


def reader(rows: list[dict[str, Any]], schema: pa.Schema) -> pa.RecordBatchReader:
    table = pa.Table.from_pylist(rows, schema=schema)
    return pa.RecordBatchReader.from_batches(schema, table.to_batches(max_chunksize=3))


def made(name: str, rows: list[dict[str, Any]], schema: pa.Schema = SCHEMA, about: About | None = None) -> bytes:
    return b"".join(export(name, reader(rows, schema), about or About(**ABOUT)))


def run(**more: Any) -> dict[str, Any]:
    return {"acc": "SRR1", "source": "insdc", "experiment": "SRX1", "title": "A run", **more}


def runs(name: str, *rows: dict[str, Any], about: About | None = None) -> str:
    return made(name, list(rows), schema_of(RUN_COLUMNS), about).decode()


@settings(max_examples=examples(60), deadline=None)
@given(ROWS)
def test_tsv_reads_back_with_tabs_line_breaks_quotes_and_any_letter(rows: list[dict[str, Any]]) -> None:
    back = list(csv.DictReader(io.StringIO(made("tsv", rows).decode(), newline=""), delimiter="\t"))
    assert [r["acc"] for r in back] == [r["acc"] for r in rows]
    assert [int(r["n"]) for r in back] == [r["n"] for r in rows]
    assert [float(r["x"]) for r in back] == [r["x"] for r in rows]
    assert [datetime.fromisoformat(r["at"]) for r in back] == [r["at"] for r in rows]
    assert [json.loads(r["attributes"]) for r in back] == [r["attributes"] for r in rows]


@settings(max_examples=examples(60), deadline=None)
@given(ROWS)
def test_json_lines_keep_what_is_nested(rows: list[dict[str, Any]]) -> None:
    back = [json.loads(line) for line in made("jsonl", rows).decode().split("\n")[:-1]]
    assert back == [r | {"at": r["at"].isoformat()} for r in rows]


@settings(max_examples=examples(60), deadline=None)
@given(ROWS)
def test_parquet_keeps_types_and_says_where_it_is_from(rows: list[dict[str, Any]]) -> None:
    back = pq.read_table(io.BytesIO(made("parquet", rows)))
    assert back.schema.remove_metadata() == SCHEMA
    assert back.to_pylist() == rows
    assert back.schema.metadata[b"biotheca.snapshot"] == b"20261128"


@settings(max_examples=examples(60), deadline=None)
@given(ROWS)
def test_csv_reads_back_and_starts_no_formula(rows: list[dict[str, Any]]) -> None:
    back = list(csv.DictReader(io.StringIO(made("csv", rows).decode(), newline="")))
    assert [int(r["n"]) for r in back] == [r["n"] for r in rows]
    for row in back:
        assert not row["acc"].startswith(("=", "@", "\t"))


def test_a_formula_in_a_csv_is_a_text_and_a_negative_number_stays_one() -> None:
    rows = [{"acc": "=HYPERLINK(1)", "n": -5, "x": -0.5, "at": None, "attributes": None}]
    assert made("csv", rows).decode().splitlines()[1] == "'=HYPERLINK(1),-5,-0.5,,"


def test_a_null_is_an_empty_cell_and_null_in_json() -> None:
    rows = [dict.fromkeys(SCHEMA.names)]
    assert made("tsv", rows).decode().splitlines()[1] == "\t" * 4
    assert json.loads(made("jsonl", rows)) == rows[0]


def test_a_format_says_which_column_it_lacks_before_it_writes() -> None:
    with pytest.raises(ColumnsMissing, match=r"'experiment'.*every column of run"):
        made("xml", [])


def test_an_export_is_a_stream_whatever_its_length() -> None:
    batch = pa.RecordBatch.from_pylist([{"acc": "SRR1", "n": 1}] * 1000)
    taken = 0

    def batches() -> Iterator[pa.RecordBatch]:
        nonlocal taken
        for _ in range(200):
            taken += 1
            yield batch

    for name in ("tsv", "csv", "jsonl", "parquet"):
        taken = 0
        pieces = export(name, pa.RecordBatchReader.from_batches(batch.schema, batches()), About(**ABOUT))
        next(pieces), next(pieces)
        assert taken < 100, name


def test_accessions_come_one_a_line_and_neighbours_once() -> None:
    assert runs("accessions", run(), run(), run(acc="SRR2")) == "SRR1\nSRR2\n"


def test_a_sample_sheet_pairs_mates_and_leaves_out_what_has_no_fastq() -> None:
    def at(name: str) -> dict[str, Any]:
        return {"name": name, "url": f"https://files.example/{name}", "md5": MD5}

    about = About(**ABOUT)
    sheet = runs(
        "samplesheet",
        run(biosample="SAMN 1", files=[at("a_2.fastq.gz"), at("a_1.fastq.gz"), at("a.bam")]),
        run(acc="SRR2", biosample="SAMN2", files=[at("single.fq.gz")]),
        run(acc="SRR3", files=[at("x.sra")]),
        about=about,
    )
    assert sheet.splitlines() == [
        "sample,fastq_1,fastq_2",
        "SAMN_1,https://files.example/a_1.fastq.gz,https://files.example/a_2.fastq.gz",
        "SAMN2,https://files.example/single.fq.gz,",
    ]
    assert about.notes == ["1 run(s) have no FASTQ file that HTTP can fetch; they are not in the sheet."]
    assert runs("rnaseq", run(files=[at("s.fq")])).splitlines() == [
        "sample,fastq_1,fastq_2,strandedness",
        "SRR1,https://files.example/s.fq,,auto",
    ]


def test_own_runs_are_fetched_from_this_archive_and_unknown_to_fetchngs() -> None:
    about = About(**ABOUT, address="https://archive.example/")
    own = run(
        acc="CRR000001", source="own", file_names=["CRR000001_f1.fq.gz", "CRR000001_r2.fq.gz"], file_md5=[MD5] * 2
    )
    rows = runs("samplesheet", own, about=about).splitlines()
    base = "https://archive.example/v1/records/CRR000001/files"
    assert rows[1] == f"CRR000001,{base}/CRR000001_f1.fq.gz,{base}/CRR000001_r2.fq.gz"
    assert runs("fetchngs", own, run(), about=about) == "SRR1\n"
    assert "fetchngs cannot find them" in about.notes[-1]


def test_objects_of_public_buckets_are_fetched_by_https() -> None:
    file = {"name": "SRR1", "url": None, "alternatives": [{"url": "gs://x/y"}, {"url": "s3://odp/sra/SRR1/SRR1"}]}
    assert files_of(run(files=[file]), "") == [
        RunFile("SRR1", "SRR1", "https://odp.s3.amazonaws.com/sra/SRR1/SRR1", "")
    ]


def test_names_that_would_leave_the_folder_or_the_shell_are_made_harmless() -> None:
    evil = {"name": "../../$(touch x);a'.fq", "url": "https://files.example/x", "md5": "no digest"}
    (file,) = files_of(run(acc="SRR1", files=[evil]), "")
    assert (file.name, file.md5) == ("__touch_x__a_.fq", "")
    assert files_of(run(files=[{"name": "a", "url": "https://e.example/'; rm -rf /'"}]), "") == []


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    folder = tmp_path / "served"
    folder.mkdir()
    handler = partial(_Quiet, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


def test_the_script_fetches_keeps_and_catches_a_wrong_file(served: tuple[Path, str], tmp_path: Path) -> None:
    folder, address = served
    for name in ("good.fq", "wrong.fq"):
        (folder / name).write_text(name)
    digest = hashlib.md5(b"good.fq").hexdigest()
    files = [{"name": name, "url": f"{address}/{name}", "md5": digest} for name in ("good.fq", "wrong.fq")]
    script = tmp_path / "get.sh"
    script.write_text(runs("script", run(files=files)))
    assert script.read_text().splitlines()[3:6] == [
        "# query: SELECT * FROM run -- all",
        "# at: 2026-11-28T12:00:00Z",
        "# snapshot: 20261128",
    ]
    first = subprocess.run(["bash", str(script)], cwd=tmp_path, capture_output=True, text=True)
    assert first.returncode == 1
    assert first.stdout == "got SRR1/good.fq\n"
    assert first.stderr == f"FAILED SRR1/wrong.fq: its md5 is not {digest}; deleted, run again\n"
    assert [p.name for p in (tmp_path / "SRR1").iterdir()] == ["good.fq"]
    (folder / "wrong.fq").write_text("good.fq")
    second = subprocess.run(["bash", str(script)], cwd=tmp_path, capture_output=True, text=True)
    assert (second.returncode, second.stdout) == (0, "have SRR1/good.fq\ngot SRR1/wrong.fq\n")


def test_aria2_gets_folder_name_and_md5() -> None:
    text = runs("aria2", run(files=[{"name": "a.fq", "url": "https://f.example/a.fq", "md5": MD5}]))
    assert text.splitlines()[3:] == [
        "https://f.example/a.fq",
        "  dir=SRR1",
        "  out=a.fq",
        f"  checksum=md5={MD5}",
    ]


XML_RUN = run(
    center_name="Lab & Co",
    archive="NCBI",
    organism="Oryza sativa",
    file_names=["a.fastq.gz", "b.fastq.gz"],
    file_md5=[MD5, MD5],
    attributes=[{"k": "strain", "v": "x<y\x0b"}],
    releasedate=datetime(2026, 1, 2),
)


def test_sra_xml_reads_back_with_every_column() -> None:
    text = runs("xml", XML_RUN, run(acc="SRR2", title=None))
    assert "snapshot: 20261128" in text
    first, second = objects_in(parsed(text.encode()))["run"]
    assert (first.get("accession"), first.get("center_name"), second.get("accession")) == ("SRR1", "Lab & Co", "SRR2")
    tags = {node.findtext("TAG"): node.findtext("VALUE") for node in first.iter("RUN_ATTRIBUTE")}
    assert tags == {
        "source": "insdc",
        "archive": "NCBI",
        "organism": "Oryza sativa",
        "releasedate": "2026-01-02T00:00:00",
        "strain": "x<y",
    }
    assert [file.get("checksum") for file in first.iter("FILE")] == [MD5, MD5]


def test_sra_xml_is_valid_against_the_schemas() -> None:
    folder = folder_of("insdc", "xsd")
    print(f"schemas: {len(list(folder.glob('*.xsd'))) if folder else 0} files read")
    if folder is None:
        return
    schema = etree.XMLSchema(etree.parse(folder / "SRA.run.xsd"))
    schema.assertValid(etree.fromstring(runs("xml", XML_RUN, run(acc="SRR2", title=None)).encode()))


def test_every_format_is_made_and_named() -> None:
    for name in FORMATS:
        assert isinstance(runs(name, run()), str) if name != "parquet" else True
