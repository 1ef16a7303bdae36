"""Citations against their grammars, certificates, exports: what a reader's program gets."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from lxml import etree

from biotheca.publication import citation, exports
from biotheca.publication.model import Record

NASTY = 'Roots & shoots: 50% {more} of "α_β" <b>\\ #1 大豆'


def said(title: str = NASTY, released_at: str | None = "2026-03-01T00:00:00.000Z") -> dict[str, Any]:
    record = Record("CRA000001", "study", "gsa", "st", title, "sub", "me", {}, released_at=released_at, version=2)
    return citation.facts(record, "Institute of Examples", 2026)


def bibtex_fields(text: str) -> dict[str, str]:
    """A strict reader of one BibTeX entry: braces balanced, fields separated by commas, nothing left over."""
    head = re.match(r"@misc\{([A-Z0-9]+),\n", text)
    assert head
    at, fields = head.end(), {"key": head[1]}
    while not text.startswith("}\n", at):
        name = re.compile(r"\s*([a-z]+) = \{").match(text, at)
        assert name, text[at:]
        depth, start = 1, name.end()
        at = start
        while depth:
            letter = text[at]
            if letter == "\\":
                at += 2
                continue
            depth += {"{": 1, "}": -1}.get(letter, 0)
            at += 1
        fields[name[1]] = text[start : at - 1]
        at += len(re.compile(r",?\n").match(text, at)[0])  # type: ignore[index]
    assert text[at:] == "}\n"
    return fields


def test_bibtex_is_one_entry_whose_braces_close_and_whose_signs_are_escaped() -> None:
    found = bibtex_fields(citation.render("bibtex", said()))
    assert found["key"] == "CRA000001" and found["year"] == "2026" and found["url"].endswith("/r/CRA000001")
    assert found["author"] == "{Institute of Examples}"
    for sign in ("&", "%", "#", "_"):
        assert re.search(rf"(?<!\\){sign}", found["title"]) is None


def test_ris_is_tagged_lines_from_type_to_end() -> None:
    lines = citation.render("ris", said()).split("\r\n")
    assert lines.pop() == "" and all(re.fullmatch(r"[A-Z][A-Z0-9]  - .*", line) for line in lines)
    tags = [line[:2] for line in lines]
    assert tags[0] == "TY" and lines[0].endswith("DATA") and tags[-1] == "ER" and len(set(tags)) == len(tags)
    assert {"AU", "TI", "PY", "PB", "UR", "AN"} <= set(tags)


def test_csl_json_is_a_list_of_one_dataset() -> None:
    (item,) = json.loads(citation.render("csl", said()))
    assert item["type"] == "dataset" and item["issued"] == {"date-parts": [[2026, 3, 1]]}
    assert item["author"] == [{"literal": "Institute of Examples"}] and item["title"] == NASTY
    known = {"id", "type", "title", "author", "issued", "publisher", "number", "version", "URL"}  # names of CSL 1.0.2
    assert set(item) <= known


def test_datacite_json_has_every_mandatory_property_of_kernel_4() -> None:
    found = json.loads(citation.render("datacite", said()))
    assert found["schemaVersion"] == "http://datacite.org/schema/kernel-4"
    assert found["creators"][0]["name"] and found["titles"][0]["title"] == NASTY and found["publisher"]["name"]
    assert isinstance(found["publicationYear"], int) and found["types"]["resourceTypeGeneral"] == "Dataset"
    assert found["identifiers"] and found["dates"] == [{"date": "2026-03-01", "dateType": "Available"}]
    unreleased = json.loads(citation.render("datacite", said(released_at=None)))
    assert unreleased["dates"] == []


def test_plain_text_names_creator_year_title_number_and_place() -> None:
    told = citation.render("text", said("Plain title"))
    assert told.startswith("Institute of Examples (2026). Plain title (version 2) [Data set].")
    assert "CRA000001" in told and "doi:" in told


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def test_a_certificate_stands_alone_and_a_title_cannot_put_markup_into_it() -> None:
    page = citation.certificate(said("<script>alert(1)</script>"), "CODE23", "2026-03-02", 2, 1024)
    tags = Tags()
    tags.feed(page)
    assert not {"script", "img", "link", "iframe"} & {tag for tag, _ in tags.seen}
    assert not any({"src", "href"} & set(attributes) for _, attributes in tags.seen)
    assert "CODE23" in page and "证书" in page and "Certificate" in page


MEASURED = {"q30_share": 0.93, "encoding": "Sanger, Illumina 1.8+"}


def run(number: int = 1, title: str = "A run", **attributes: Any) -> Record:
    file = {"name": f"CRR{number:06d}_f1.fq.gz", "size_bytes": 10, "md5": "0" * 32, "sha256": "1" * 64}
    return Record(
        f"CRR{number:06d}",
        "run",
        "gsa",
        f"r{number}",
        title,
        "sub",
        "me",
        attributes,
        files=[file | {"reads": 3, "bases": 30, "original_name": "=cmd.fq.gz", "measured": MEASURED}],
        dataset="CRA000001",
        needs=["CRX000001"],
    )


RELATED = {
    "CRX000001": Record(
        "CRX000001", "experiment", "gsa", "e1", "E", "s", "o", {"library_strategy": "WGS"}, needs=["SAMC000001"]
    ),
    "SAMC000001": Record("SAMC000001", "sample", "gsa", "s1", "S", "s", "o", {"taxon_id": 562, "organism": "E. coli"}),
    "CRA000001": Record("CRA000001", "study", "gsa", "st", "T", "s", "o", {}, needs=["PRJCA000001"]),
    "PRJCA000001": Record("PRJCA000001", "project", "gsa", "p", "P", "s", "o", {"organisation": "-Institute"}),
}
# As the original archive writes it; typed here by hand, not taken from the code.
HEADER = (
    "Run,Center,ReleaseDate,FileType,FileName,FileSize,Download_path,Experiment,Title,LibraryName,LibraryStrategy,"
    "LibrarySelection,LibrarySource,LibraryLayout,InsertSize,InsertDev,Platform,BioProject,BioSample,SampleType,TaxID,"
    "ScientificName,SampleName,Submission,Organization"
)


def test_the_list_of_runs_has_the_originals_header_and_a_row_a_file() -> None:
    rows = exports.run_rows([run(), run(2)], RELATED, "https://a.example.org", "Here")
    text = exports.table(exports.RUN_COLUMNS, rows)
    assert text.splitlines()[0] == HEADER
    first, second = csv.DictReader(io.StringIO(text))
    assert (first["Run"], second["Run"], first["BioProject"]) == ("CRR000001", "CRR000002", "PRJCA000001")
    assert (first["LibraryStrategy"], first["TaxID"], first["SampleName"]) == ("WGS", "562", "s1")


@pytest.mark.parametrize("value", ["=1+1", "+1+1", "-cmd", "@SUM(A1)", "\tx", "\rx"])
def test_no_cell_of_an_export_is_a_formula(value: str) -> None:
    rows = exports.run_rows([run(title=value)], RELATED, "", "")
    (row,) = csv.DictReader(io.StringIO(exports.table(exports.RUN_COLUMNS, rows)))
    assert row["Title"] == f"'{value}".replace("\r", " ") and row["Organization"] == "'-Institute"


def test_a_later_page_of_an_export_has_no_second_header() -> None:
    whole = exports.table(exports.FILE_COLUMNS, [["a"], ["b"]], "\t")
    assert whole == exports.table(exports.FILE_COLUMNS, [["a"]], "\t") + exports.table(None, [["b"]], "\t")


def test_the_md5_list_is_what_md5sum_reads() -> None:
    lines = exports.md5_lines([run(), run(2)]).splitlines()
    assert all(re.fullmatch(r"[0-9a-f]{32}  CRR\d{6}/\S+", line) for line in lines) and len(lines) == 2


def test_statistics_of_a_run_say_the_same_in_json_and_xml() -> None:
    found = json.loads(exports.statistics(run(), as_xml=False))
    tree = etree.fromstring(exports.statistics(run(), as_xml=True).encode())
    assert (found["reads"], found["bases"]) == (3, 30) == (int(tree.get("reads")), int(tree.get("bases")))
    (file,) = tree
    assert dict(file.attrib) == {k: str(v) for k, v in found["files"][0].items()}
    assert (file.attrib["q30_share"], file.attrib["encoding"]) == ("0.93", "Sanger, Illumina 1.8+")
