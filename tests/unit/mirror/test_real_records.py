"""Every real record that is at hand, field by field against an independent reading; and the totals that were counted."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from biotheca.formats import native
from biotheca.mirror import fast, parsing
from biotheca.mirror.model import Kind
from tests.real_data import files_below
from tests.unit.mirror import oracle

# Counted with regular expressions when the files were collected.
SETS = {"analysis": 47, "experiment": 190, "run": 1745, "sample": 74, "study": 15, "submission": 14}


def _kind(path: Path) -> Kind | None:
    for folder, kind in (
        ("sra_sets", Kind.SRA_SET),
        ("sra_package", Kind.SRA_PACKAGE),
        ("bioproject", Kind.BIOPROJECT),
        ("biosample", Kind.BIOSAMPLE),
        ("accessions", Kind.ACCESSIONS),
    ):
        if folder in path.parts and path.suffix in (".xml", ".gz", ".tab"):
            return kind
    return None


FILES = [(path, kind) for path in files_below("insdc") if (kind := _kind(path))]
XML = [(path, kind) for path, kind in FILES if kind is not Kind.ACCESSIONS]


def test_how_many_real_files_are_read(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\nreal files of INSDC read: {len(FILES)}")


def parsed(path: Path, kind: Kind, out: Path) -> tuple[Any, dict[str, list[dict[str, Any]]]]:
    told = parsing.parse_file(path, kind, out)
    return told, {file.stem: pq.read_table(file).to_pylist() for file in out.glob("*.parquet")}


@pytest.mark.parametrize("careful", [False, True], ids=["the kernel", "record by record"])
@pytest.mark.parametrize(("path", "kind"), XML, ids=[path.name for path, _ in XML])
def test_no_field_differs_from_an_independent_reading(
    path: Path, kind: Kind, careful: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if careful:
        monkeypatch.setattr(native, "_built", None)
    told, tables = parsed(path, kind, tmp_path)
    root = oracle.tree(path)
    compared = 0
    for tag, reader in oracle.READERS.items():
        if kind is Kind.BIOSAMPLE and tag != "BioSample":  # its <Package> is no project
            continue
        wanted = [reader(element) for element in oracle.elements(root, tag)]
        found = tables.get(oracle.ENTITY.get(tag, tag.lower()), [])
        assert found == wanted, tag
        compared += len(wanted)
    assert told.quarantined == 0 and told.complete and not told.casts
    assert compared or tables["submission"]


def test_the_totals_are_those_that_were_counted(tmp_path: Path) -> None:
    seen: Counter[str] = Counter()
    for number, (path, kind) in enumerate(FILES):
        told, tables = parsed(path, kind, tmp_path / str(number))
        if kind is Kind.SRA_SET:
            seen.update({name: len(rows) for name, rows in tables.items()})
        elif kind is Kind.SRA_PACKAGE:
            assert (told.records, told.rows["run"], told.rows["file"]) == (87, 92, 181)
        elif kind is Kind.BIOPROJECT:
            assert told.records == 10
        elif kind is Kind.ACCESSIONS:
            rows = tables["accession_status"]
            assert Counter(row["status"] for row in rows) == {"live": 1926, "unpublished": 103, "suppressed": 159}
            assert Counter(row["type"] for row in rows)["RUN"] == 1696 and len(rows) == 2188
        elif path.name.startswith("ncbi_biosample_set"):
            assert told.records == 10 and sum(len(row["attributes"]) for row in tables["biosample"]) == 138
    assert not FILES or seen == SETS


def test_every_whole_chunk_of_the_real_files_is_read_by_the_kernel(tmp_path: Path) -> None:
    if not native.has_kernel():
        pytest.skip(reason="no compiler was here when the project was set up")
    for number, (path, kind) in enumerate(XML):
        told, _ = parsed(path, kind, tmp_path / str(number))
        assert told.careful == 0, path.name


def test_the_mapping_says_nothing_twice() -> None:
    for document in fast_documents():
        made = fast.program(document)
        assert len(made.nodes) > 5 and len(made.column_tables) == len(set(range(len(made.column_tables))))


def fast_documents() -> list[Any]:
    from biotheca.mirror.mapping import ROOTS

    return list(dict.fromkeys(ROOTS.values()))


def test_the_reader_of_names_is_independent() -> None:
    """The oracle imports nothing of the parser."""
    source = Path(oracle.__file__).read_text()
    assert not re.search(r"^(from|import) biotheca", source, re.MULTILINE)
