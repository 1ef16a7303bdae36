"""Which addresses may be fetched, and which is best: nothing leads out of the lists."""

from __future__ import annotations

import pytest

from biotheca import catalog
from biotheca.sequences import sources
from biotheca.sequences.model import SequenceFile, SourceRefused
from biotheca.sequences.sources import Allowed

WORDS = catalog.sequences()
LISTS = Allowed(WORDS["buckets"], WORDS["hosts"])
ODP = "https://sra-pub-run-odp.s3.amazonaws.com/sra/SRR000001/SRR000001"
NCBI = "https://sra-downloadb.be-md.ncbi.nlm.nih.gov/sos2/sra-pub-run-3/SRR000001/SRR000001.3"
ENA = "ftp://ftp.sra.ebi.ac.uk/vol1/fastq/SRR000/SRR000001/SRR000001.fastq.gz"
SOURCE = "s3://sra-pub-src-1/SRR000001/reads.fastq.gz.1"


def file(*urls: tuple[str, str, str], **changes: object) -> SequenceFile:
    rows = tuple({"url": url, "org": org, "access_type": access} for url, org, access in urls)
    return SequenceFile("SRR000001", "a", alternatives=rows, **changes)  # type: ignore[arg-type]


ALL = file(
    (ENA, "ENA", "anonymous"),
    (NCBI, "NCBI", "anonymous"),
    (SOURCE, "AWS", "aws identity"),
    ("gs://sra-pub-crun-7/SRR000001", "GCP", "gcp identity"),
    (ODP, "AWS", "anonymous"),
)


def test_an_open_object_of_our_region_comes_first_then_https_then_other_archives() -> None:
    kinds = [(place.kind, place.org) for place in sources.ranked(ALL, "us-east-1", LISTS)]
    assert kinds == [("s3", "AWS"), ("s3", "AWS"), ("https", "NCBI"), ("https", "ENA")]
    best = sources.choose(ALL, "us-east-1", LISTS)
    assert best and (best.bucket, best.key) == ("sra-pub-run-odp", "sra/SRR000001/SRR000001")


def test_outside_the_region_the_open_object_is_fetched_by_https_and_what_wants_an_identity_is_not() -> None:
    found = sources.ranked(ALL, "cn-north-1", LISTS)
    assert [place.url for place in found] == [NCBI, ODP, "https://" + ENA.removeprefix("ftp://")]


def test_what_failed_before_is_not_tried_again() -> None:
    tried = file((ENA, "ENA", "anonymous"), (NCBI, "NCBI", "anonymous"), exhausted=(NCBI,))
    best = sources.choose(tried, "us-east-1", LISTS)
    assert best and best.org == "ENA"
    gone = file((ENA, "ENA", "anonymous"), exhausted=("https://" + ENA.removeprefix("ftp://"),))
    assert sources.choose(gone, "us-east-1", LISTS) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example.org/SRR000001",
        "http://ftp.sra.ebi.ac.uk/vol1/a",
        "https://ftp.sra.ebi.ac.uk:8443/vol1/a",
        "https://user@ftp.sra.ebi.ac.uk/vol1/a",
        "https://ftp.sra.ebi.ac.uk@evil.example.org/a",
        "https://ftp.sra.ebi.ac.uk\\@evil.example.org/a",
        "https://ftp.sra.ebi.ac.uk.evil.example.org/a",
        "https://ftp.sra.ebi.ac.uk/vol1/../../etc/passwd",
        "https://ftp.sra.ebi.ac.uk/vol1/%2e%2e/a",
        "https://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1:80/",
        "file:///etc/passwd",
        "s3://our-own-secret-bucket/key",
        "s3://sra-pub-run-odp/",
        "https://other-bucket.s3.amazonaws.com/key",
        "gs://sra-pub-crun-7/a",
        "",
    ],
)
def test_an_address_that_is_not_on_the_lists_is_refused(url: str) -> None:
    with pytest.raises(SourceRefused):
        sources.place_of(url, "", LISTS)


def test_a_base_url_of_a_laptop_lets_nothing_else_in() -> None:
    laptop = Allowed({}, {}, sources.extra_of('{"ena": "http://127.0.0.1:8000/ena"}'))
    assert sources.place_of("http://127.0.0.1:8000/ena/a", "", laptop).kind == "https"
    for url in ("http://127.0.0.1:8000/other", "http://127.0.0.1:80001/ena/a", "http://127.0.0.1:8000/ena/../x"):
        with pytest.raises(SourceRefused):
            sources.place_of(url, "", laptop)


def test_a_description_of_the_lake_becomes_rows_and_its_md5_says_where_it_is_from() -> None:
    described = {
        "name": "SRR000001",
        "url": ODP,
        "bytes": 312_527_083,
        "md5": "9BDE35FEFA9D955F457E22D9BE52BCD9",
        "alternatives": [{"url": NCBI, "org": "NCBI", "access_type": "anonymous", "free_egress": "worldwide"}],
    }
    (row,) = sources.described([described], "SRA package XML")
    assert (row.size_bytes, row.md5, row.md5_from) == (312_527_083, described["md5"].lower(), "SRA package XML")
    assert [given["url"] for given in row.alternatives] == [ODP, NCBI]
    (bare,) = sources.described([{"name": "b", "url": None, "bytes": None, "md5": None, "alternatives": None}], "x")
    assert (bare.alternatives, bare.md5, bare.md5_from) == ((), None, None)


def test_a_file_without_a_name_is_named_by_its_first_address_and_no_two_alike() -> None:
    places = [{"url": "gs://b/SRR1/reads_1.fastq.gz.1"}, {"url": "s3://c/SRR1/reads_1.fastq.gz.1"}]
    files = [{"name": None, "alternatives": places}, {"name": None, "alternatives": places}]
    files += [{"name": None, "semantic_name": "run"}, {"name": "own", "alternatives": places}]
    names = [row.name for row in sources.described(files, "SRA package XML")]
    assert names == ["reads_1.fastq.gz.1", "2-reads_1.fastq.gz.1", "run-3", "own"]
