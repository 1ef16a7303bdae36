"""The whole taxonomy: NCBI's dump read, loaded into its table, and asked instead of the subset."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
from moto import mock_aws

from biotheca.taxonomy import dump
from biotheca.taxonomy.model import Subset, Taxon
from biotheca.taxonomy.service import Taxonomy, shown
from biotheca.taxonomy.store import TaxonomyStore
from functions.taxonomy import load
from tests.real_data import folder_of

NODES = """1\t|\t1\t|\tno rank\t|\t\t|
2\t|\t1\t|\tsuperkingdom\t|\t\t|
562\t|\t2\t|\tspecies\t|\tEC\t|
83333\t|\t562\t|\tstrain\t|\t\t|
"""
NAMES = """1\t|\troot\t|\t\t|\tscientific name\t|
2\t|\tBacteria\t|\tBacteria <bacteria>\t|\tscientific name\t|
2\t|\teubacteria\t|\t\t|\tgenbank common name\t|
562\t|\tEscherichia coli\t|\t\t|\tscientific name\t|
562\t|\tBacillus coli\t|\t\t|\tsynonym\t|
562\t|\t"Bacterium coli commune" Escherich 1885\t|\t\t|\tauthority\t|
83333\t|\tEscherichia coli K-12\t|\t\t|\tscientific name\t|
"""


def made() -> list[Taxon]:
    return list(dump.taxa(io.StringIO(NODES), io.StringIO(NAMES)))


def test_a_dump_is_read_with_names_ranks_and_lineages() -> None:
    taxa = {t.id: t for t in made()}
    assert taxa[83333] == Taxon(83333, 562, "strain", "Escherichia coli K-12", "", (), (562, 2, 1))
    assert taxa[2].common_name == "eubacteria"
    assert taxa[562].names == ("Bacillus coli",)


@pytest.mark.parametrize(
    ("nodes", "names"),
    [
        ("1 1 no rank\n", NAMES),
        ("5\t|\t6\t|\tspecies\t|\n6\t|\t5\t|\tgenus\t|\n", "5\t|\ta\t|\t\t|\tscientific name\t|\n"),
        ("5\t|\t9\t|\tspecies\t|\n", "5\t|\ta\t|\t\t|\tscientific name\t|\n"),
        (NODES, "1\t|\troot\t|\t\t|\tscientific name\t|\n"),
    ],
)
def test_a_dump_that_is_not_whole_is_refused(nodes: str, names: str) -> None:
    with pytest.raises(dump.DumpBroken):
        list(dump.taxa(io.StringIO(nodes), io.StringIO(names)))


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> TaxonomyStore:
    import boto3

    from biotheca.aws import session

    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "BIOTHECA_TAXONOMY_TABLE": "taxonomy",
    }.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        session.client.cache_clear()
        boto3.client("dynamodb").create_table(
            TableName="taxonomy",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("pk", "sk")],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        )
        yield TaxonomyStore()
        session.client.cache_clear()


def tar(folder: Path) -> Path:
    """The dump as NCBI packs it."""
    target = folder / "taxdump.tar.gz"
    with tarfile.open(target, "w:gz") as archive:
        for name, text in (("nodes.dmp", NODES), ("names.dmp", NAMES)):
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return target


def test_a_loaded_taxonomy_is_asked_instead_of_the_subset(store: TaxonomyStore, tmp_path: Path) -> None:
    part = Subset(["1\t1\tno rank\troot\t\t", "562\t1\tspecies\tOld name\t\t"])
    taxonomy = Taxonomy(store, part)
    assert taxonomy.get_many([562, 83333])[562].name == "Old name"
    assert load.main([str(tar(tmp_path))]) == 0
    assert store.loaded() == 4
    found = taxonomy.get_many([562, 83333, 7])
    assert (found[562].name, found[83333].lineage, 7 in found) == ("Escherichia coli", (562, 2, 1), False)
    assert [t.id for t in taxonomy.find("bacillus c")] == [562]
    lineage = shown(taxonomy, "83333")["lineage"]
    assert [t["name"] for t in lineage] == ["Escherichia coli", "Bacteria", "root"]  # type: ignore[attr-defined]


def test_a_load_that_stops_half_way_changes_nothing_for_readers(store: TaxonomyStore) -> None:
    def broken() -> object:
        yield made()[2]
        raise OSError("the file ended")

    with pytest.raises(OSError, match="ended"):
        store.load(broken(), "now")  # type: ignore[arg-type]
    assert store.loaded() == 0


def test_a_broken_dump_ends_the_loader_with_2(store: TaxonomyStore, tmp_path: Path) -> None:
    (tmp_path / "nodes.dmp").write_text("no dump")
    (tmp_path / "names.dmp").write_text(NAMES)
    assert load.main([str(tmp_path)]) == 2
    assert load.main([]) == 2


def test_a_real_excerpt_of_the_dump_is_read_whole(store: TaxonomyStore) -> None:
    folder = folder_of("taxonomy")
    files = [folder / name for name in ("nodes.dmp", "names.dmp") if folder and (folder / name).is_file()]
    print(f"real taxonomy: {len(files)} files read")
    if files:
        assert load.main([str(f) for f in files]) == 0
        assert store.loaded() == sum(1 for _ in files[0].open()) == 89
        lineage = store.get_many([562])[562].lineage
        assert lineage[-1] == 1 and 2 in lineage
