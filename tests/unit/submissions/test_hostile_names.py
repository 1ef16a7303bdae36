"""File names that would harm a reader's disk, terminal or browser never enter; names that go out are plain."""

from __future__ import annotations

from typing import Any

import pytest

from biotheca import catalog
from biotheca.publication.rules import published_name
from biotheca.submissions.model import DataFile
from biotheca.submissions.rules import check_document
from tests.unit.submissions.making import changed

GSA = catalog.members()["gsa"]

HOSTILE: tuple[str, ...] = (
    # traversal and absolute paths
    "../a.fq.gz",
    "../../../../etc/passwd",
    "..",
    ".",
    "a/../b.fq.gz",
    "a/b.fq.gz",
    "/etc/passwd",
    "/a.fq.gz",
    "~/a.fq.gz",
    "//host/share/a.fq.gz",
    # backslashes and drives
    "..\\a.fq.gz",
    "a\\b.fq.gz",
    "C:\\reads\\a.fq.gz",
    "C:a.fq.gz",
    "\\\\host\\share\\a.fq.gz",
    "a.fq.gz::$DATA",
    # control characters
    "a\x00.fq.gz",
    "a.fq.gz\x00.exe",
    "a\n.fq.gz",
    "a.fq.gz\n",
    "a\r\nSet-Cookie: x=1.fq.gz",
    "a\t.fq.gz",
    "a\x1b[2J.fq.gz",
    "a\x7f.fq.gz",
    "a\x85.fq.gz",
    # bidirectional and invisible characters
    "a\u202egz.qf",
    "a\u2066b\u2069.fq.gz",
    "\u200fa.fq.gz",
    "a\u200b.fq.gz",
    "a\u2060.fq.gz",
    "\ufeffa.fq.gz",
    "a\u2028.fq.gz",
    # devices of Windows
    "CON",
    "nul",
    "PRN.fq.gz",
    "aux.fastq",
    "COM1",
    "com9.fq.gz",
    "Lpt1.fastq.bz2",
    # edges
    ".a.fq.gz",
    "-rf.fq.gz",
    "a.fq.gz.",
    "a.fq.gz ",
    " a.fq.gz",
    "",
    "a" * 195 + ".fq.gz",
    # encodings
    "..%2fa.fq.gz",
    "%2e%2e%2fa.fq.gz",
    "a%00.fq.gz",
    # look-alikes of ASCII, and signs beyond it
    "\u0430.fq.gz",
    "\uff0e\uff0e\uff0fa.fq.gz",
    "a\u2024fq.gz",
    "e\u0301.fq.gz",
    "a\U0001f9ec.fq.gz",
    "\ud800.fq.gz",
    # signs of shells, quotes, links
    "a$(id).fq.gz",
    "a;rm -rf x.fq.gz",
    "a|b.fq.gz",
    'a"b.fq.gz',
    "a'b.fq.gz",
    "https://example.org/a.fq.gz",
    # suffixes that lie
    "a.fq.gz.exe",
    "a.fastq.gz.HTML",
    "a.fq.sh",
)


def test_the_table_has_sixty_different_names() -> None:
    assert len(set(HOSTILE)) == len(HOSTILE) >= 60


@pytest.mark.parametrize("name", HOSTILE, ids=[ascii(name)[1:41] or "empty" for name in HOSTILE])
def test_a_hostile_name_is_refused_by_one_finding_at_its_place(name: str) -> None:
    found = check_document(GSA, changed("runs/0/files/0/name", name))
    assert [(f.rule, f.where) for f in found] == [("files.name", "/runs/0/files/0/name")]
    assert all(c.isprintable() for c in found[0].message), "the finding itself must be safe to print"


FINE = ("a.fq.gz", "a", "A-1_b.R1.fastq.gz", "a..fq", "console.fq.gz", "COM10.fq.gz", "nul_1.fq", "a" * 194 + ".fq.gz")


@pytest.mark.parametrize("name", FINE, ids=[name[:20] for name in FINE])
def test_a_plain_name_is_taken(name: str) -> None:
    assert check_document(GSA, changed("runs/0/files/0/name", name)) == []


@pytest.mark.parametrize("name", HOSTILE, ids=[ascii(name)[1:41] or "empty" for name in HOSTILE])
def test_the_published_name_comes_from_the_accession_and_never_from_the_submitter(name: str) -> None:
    facts: dict[str, Any] = {"id": "f", "name": name, "owner_alias": name, "position": 0, "md5": "0" * 32}
    kind = GSA.object_type("run")
    assert (
        published_name(kind, "CRR000001", DataFile(**facts, format="fastq", container="gzip")) == "CRR000001_f1.fq.gz"
    )
