"""One damaged record is set aside with its reason; its neighbours are kept as they were. Files that end early are told."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from biotheca.formats import native
from biotheca.mirror import chunks
from biotheca.mirror.model import FeedIsUnreadable, Kind, SchemaHasChanged
from biotheca.mirror.parsing import parse_file
from tests.unit.mirror.making import document, packages, world, written

WORLD = world()
RUNS = list(WORLD.records["RUN"].values())
FILES: dict[str, tuple[Kind, str, list[bytes], str]] = {
    "runs": (Kind.SRA_SET, "RUN_SET", RUNS, "run"),
    "experiments": (Kind.SRA_SET, "EXPERIMENT_SET", list(WORLD.records["EXPERIMENT"].values()), "experiment"),
    "samples": (Kind.SRA_SET, "SAMPLE_SET", list(WORLD.records["SAMPLE"].values()), "sample"),
    "packages": (Kind.SRA_PACKAGE, "EXPERIMENT_PACKAGE_SET", packages(WORLD), "experiment"),
    "biosamples": (Kind.BIOSAMPLE, "BioSampleSet", list(WORLD.biosamples.values()), "biosample"),
    "projects": (Kind.BIOPROJECT, "PackageSet", list(WORLD.projects.values()), "project"),
}


def _last_tag(record: bytes) -> bytes:
    return record[record.rindex(b"</") :]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "its end is missing": lambda r: r[: r.rindex(b"</")],
    "half of it is missing": lambda r: r[: len(r) // 2],
    "an inner tag does not match": lambda r: r.replace(b"</", b"</X", 1) if r.count(b"</") > 1 else r[:-1] + b" x>",
    "a quote is missing": lambda r: r.replace(b'"', b"", 1),
    "an attribute stands twice": lambda r: r.replace(b" accession=", b' accession="X1" accession=', 1),
    "an entity that nobody knows": lambda r: r.replace(b">", b">&nbsp;", 1),
    "a bare ampersand": lambda r: r.replace(b">", b"> & ", 1),
    "no UTF-8": lambda r: r.replace(b">", b">\xff\xfe", 1),
    "a control character": lambda r: r.replace(b">", b">\x07", 1),
    "a reference to one": lambda r: r.replace(b">", b">&#7;", 1),
    "a less-than in an attribute": lambda r: r.replace(b'="', b'="<', 1),
    "no accession": lambda r: r.replace(b' accession="', b' other="'),
    "an entity bomb's reference": lambda r: r.replace(b">", b">&lol9;", 1),
    "an end of CDATA": lambda r: r.replace(b">", b">]]>", 1),
}


def read(path: Path, kind: Kind, out: Path, entity: str) -> tuple[Any, list[dict[str, Any]], list[dict[str, Any]]]:
    told = parse_file(path, kind, out)
    table = out / f"{entity}.parquet"
    rows = pq.read_table(table).to_pylist() if table.exists() else []
    aside = [json.loads(line) for line in (out / "quarantine.jsonl").read_text().splitlines()]
    return told, rows, aside


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_record_takes_no_neighbour_with_it(name: str, damage: str, tmp_path: Path) -> None:
    kind, root, records, entity = FILES[name]
    _, sound, _ = read(written(tmp_path / "sound.xml", document(root, records)), kind, tmp_path / "a", entity)
    assert len(sound) == len(records)
    for victim in (0, len(records) // 2, len(records) - 1):
        broken = DAMAGE[damage](records[victim])
        if broken == records[victim]:
            continue
        mixed = [*records[:victim], broken, *records[victim + 1 :]]
        path = written(tmp_path / f"{victim}.xml", document(root, mixed))
        told, rows, aside = read(path, kind, tmp_path / f"out-{victim}", entity)
        assert rows == [*sound[:victim], *sound[victim + 1 :]], (damage, victim)
        assert told.quarantined == len(aside) == 1 and told.records == len(records) - 1
        assert aside[0]["reason"] and told.complete
        where = path.read_bytes()[aside[0]["offset"] :]
        assert where.lstrip().startswith(broken[:20].lstrip())


@pytest.mark.parametrize("name", FILES)
def test_without_the_kernel_the_same_is_set_aside(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, root, records, entity = FILES[name]
    mixed = [records[0], DAMAGE["half of it is missing"](records[1]), *records[2:]]
    path = written(tmp_path / "mixed.xml", document(root, mixed))
    fast = read(path, kind, tmp_path / "fast", entity)
    monkeypatch.setattr(native, "_built", None)
    careful = read(path, kind, tmp_path / "careful", entity)
    assert fast[1] == careful[1] and fast[2] == careful[2]


def test_a_mangled_tag_between_two_records_is_told_by_itself(tmp_path: Path) -> None:
    mixed = [RUNS[0], RUNS[1].replace(b"<RUN ", b"<RVN ").replace(b"</RUN>", b"</RVN>"), RUNS[2]]
    told, rows, aside = read(
        written(tmp_path / "x.xml", document("RUN_SET", mixed)), Kind.SRA_SET, tmp_path / "o", "run"
    )
    assert len(rows) == 2 and told.quarantined == 1 and "RVN" in aside[0]["record"]


def test_many_damaged_records_among_many_are_each_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 2_000)
    monkeypatch.setattr(chunks, "_READ_BYTES", 700)
    records = [RUNS[n % len(RUNS)].replace(b'alias="', b'alias="n%d-' % n) for n in range(400)]
    for number in range(0, 400, 37):
        records[number] = DAMAGE["a quote is missing"](records[number])
    path = written(tmp_path / "x.xml", document("RUN_SET", records))
    told, rows, _ = read(path, Kind.SRA_SET, tmp_path / "o", "run")
    assert told.quarantined == len(range(0, 400, 37)) and len(rows) == 400 - told.quarantined
    assert [row["alias"].split("-")[0] for row in rows] == [f"n{n}" for n in range(400) if n % 37]


@pytest.mark.parametrize("cut", [0.3, 0.7, 0.99])
def test_a_file_that_ends_early_is_told_and_its_whole_records_are_kept(cut: float, tmp_path: Path) -> None:
    whole = document("RUN_SET", RUNS)
    size = int(len(whole) * cut)
    told, rows, _ = read(written(tmp_path / "x.xml", whole[:size]), Kind.SRA_SET, tmp_path / "o", "run")
    assert not told.complete and len(rows) == whole[:size].count(b"</RUN>")
    packed = gzip.compress(whole)
    path = written(tmp_path / "x.xml.gz", packed[: int(len(packed) * cut)])
    told, rows, _ = read(path, Kind.SRA_SET, tmp_path / "p", "run")
    assert not told.complete


def test_a_damaged_gzip_stream_is_one_clear_error(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(document("RUN_SET", RUNS * 50)))
    packed[len(packed) // 2] ^= 0xFF
    out = tmp_path / "o"
    with pytest.raises(FeedIsUnreadable, match="gzip stream is damaged"):
        parse_file(written(tmp_path / "x.xml.gz", bytes(packed)), Kind.SRA_SET, out)
    assert list(out.iterdir()) == [], "nothing that looks finished is left"


def test_another_root_is_a_changed_schema(tmp_path: Path) -> None:
    path = written(tmp_path / "x.xml", document("RUNS", RUNS))
    with pytest.raises(SchemaHasChanged, match="<RUNS>"):
        parse_file(path, Kind.SRA_SET, tmp_path / "o")
    with pytest.raises(SchemaHasChanged, match="RUN_SET"):
        parse_file(written(tmp_path / "y.xml", document("RUN_SET", RUNS)), Kind.BIOSAMPLE, tmp_path / "o")


@pytest.mark.parametrize(
    "text",
    [
        b'<?xml version="1.0"?><!DOCTYPE RUN_SET [<!ENTITY a SYSTEM "file:///etc/passwd">]><RUN_SET></RUN_SET>',
        b"",
        b"  \n",
        b"Accession\tStatus\n",
        b'<?xml version="1.0" encoding="UTF-16"?><RUN_SET/>',
    ],
)
def test_what_is_no_feed_is_refused_whole(text: bytes, tmp_path: Path) -> None:
    with pytest.raises(FeedIsUnreadable):
        parse_file(written(tmp_path / "x.xml", text), Kind.SRA_SET, tmp_path / "o")


def test_an_entity_is_never_resolved(tmp_path: Path) -> None:
    record = RUNS[0].replace(b'alias="', b'alias="&xxe;')
    told, rows, aside = read(
        written(tmp_path / "x.xml", document("RUN_SET", [record, RUNS[1]])), Kind.SRA_SET, tmp_path / "o", "run"
    )
    assert len(rows) == 1 and told.quarantined == 1 and "root:" not in json.dumps(aside)


def test_isolatin_is_read_as_it_is_declared(tmp_path: Path) -> None:
    record = RUNS[0].replace(b'alias="', 'alias="Université é '.encode("latin-1"))
    text = b'<?xml version="1.0" encoding="ISO-8859-1"?><RUN_SET>' + record + b"</RUN_SET>"
    _, rows, _ = read(written(tmp_path / "x.xml", text), Kind.SRA_SET, tmp_path / "o", "run")
    assert rows[0]["alias"].startswith("Université é ")


def test_an_empty_set_has_no_rows_and_is_whole(tmp_path: Path) -> None:
    for text in (b"<RUN_SET/>", b"<RUN_SET></RUN_SET>", b"<?xml version='1.0'?>\n<RUN_SET>\n\n</RUN_SET>\n"):
        told, rows, _ = read(written(tmp_path / "x.xml", text), Kind.SRA_SET, tmp_path / "o", "run")
        assert rows == [] and told.complete and told.records == told.quarantined == 0
