"""What the small INSDC holds, and its feeds of a day: sets, whole dumps, SRA_Accessions.tab, single records.

Records are XML texts by accession, real ones where they are at hand, else made here. A day publishes what changed
since the last as NCBI does: objects as sets of the day, projects and samples whole, the status of everything.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

SETS = ("STUDY", "SAMPLE", "EXPERIMENT", "RUN")
COLUMNS = (
    "Accession Submission Status Updated Published Received Type Center Visibility Alias Experiment Sample Study "
    "Loaded Spots Bases Md5sum BioSample BioProject ReplacedBy"
).split()
_LOST = ("Center", "Alias", "Experiment", "Study", "Md5sum", "BioProject")
_ACCESSION = re.compile(rb"""^<\w+[^>]*?\saccession\s*=\s*["'](\w+)["']""")


@dataclass
class World:
    """Everything there is. `status` rows are of SRA_Accessions.tab, by accession, columns by name."""

    records: dict[str, dict[str, bytes]] = field(default_factory=lambda: {name: {} for name in SETS})
    biosamples: dict[str, bytes] = field(default_factory=dict)
    projects: dict[str, bytes] = field(default_factory=dict)
    status: dict[str, dict[str, str]] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)

    def put(self, kind: str, record: bytes, **status: str) -> str:
        """Add or change an object of SRA; returns its accession."""
        found = _ACCESSION.match(record)
        if found is None:
            raise ValueError(f"no accession in {record[:80]!r}")
        accession = found[1].decode()
        self.records[kind][accession] = record
        row = dict.fromkeys(COLUMNS, "-") | {"Accession": accession, "Submission": accession, "Type": kind}
        row |= {"Status": "live", "Visibility": "public", "Updated": "2026-01-01T00:00:00Z", "Center": "EXAMPLE"}
        row |= {"Published": "2026-01-01T00:00:00Z", "Received": "2026-01-01T00:00:00Z"}
        self.status[accession] = row | self.status.get(accession, {}) | status
        self.changed.add(accession)
        return accession

    def suppress(self, accession: str, status: str = "suppressed") -> None:
        """Take an object out of live: its row loses what NCBI's loses."""
        row = self.status[accession]
        row["Status"] = status
        row |= dict.fromkeys(_LOST, "-")

    def forget(self, accession: str) -> None:
        """Withdraw an object: its line vanishes."""
        del self.status[accession]

    def publish(self, folder: Path, day: str, *, full: bool = False) -> None:
        """Write the feeds of a day. `full`: everything as the month's full set, else what changed since the last."""
        stamp = day.replace("-", "")
        name = f"NCBI_SRA_Mirroring_{stamp}{'_Full' if full else ''}"
        place = folder / "sra" / "reports" / "Mirroring" / name
        place.mkdir(parents=True, exist_ok=True)
        for kind in SETS:
            rows = self.records[kind]
            wanted = [r for a, r in rows.items() if full or a in self.changed]
            _write_gzip(place / f"meta_{kind.lower()}_set.xml.gz", _set(f"{kind}_SET", wanted))
        self.changed.clear()
        metadata = folder / "sra" / "reports" / "Metadata"
        metadata.mkdir(parents=True, exist_ok=True)
        (metadata / "SRA_Accessions.tab").write_bytes(self.accessions())
        for where, root, records in (
            (folder / "bioproject" / "bioproject.xml", "PackageSet", self.projects),
            (folder / "biosample" / "biosample_set.xml.gz", "BioSampleSet", self.biosamples),
        ):
            where.parent.mkdir(parents=True, exist_ok=True)
            text = _set(root, records.values())
            where.write_bytes(text) if where.suffix == ".xml" else _write_gzip(where, text)
        self._singles(folder)

    def accessions(self) -> bytes:
        """SRA_Accessions.tab."""
        lines = ["\t".join(COLUMNS)]
        lines += ["\t".join(row[column] for column in COLUMNS) for row in self.status.values()]
        return ("\n".join(lines) + "\n").encode()

    def _singles(self, folder: Path) -> None:
        """Each object by itself, as ENA's browser gives it; samples and projects as E-utilities do."""
        for kind in SETS:
            for accession, record in self.records[kind].items():
                _write(folder / "ena" / f"{accession}.xml", _set(f"{kind}_SET", [record]))
        for root, records in (("BioSampleSet", self.biosamples), ("PackageSet", self.projects)):
            for accession, record in records.items():
                _write(folder / "records" / f"{accession}.xml", _set(root, [record]))


def _set(root: str, records: Iterable[bytes]) -> bytes:
    return b'<?xml version="1.0" encoding="UTF-8"?>\n<%b>\n%b\n</%b>\n' % (root.encode(), b"\n".join(records), root.encode())


def _write(path: Path, text: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text)


def _write_gzip(path: Path, text: bytes) -> None:
    path.write_bytes(gzip.compress(text, 1, mtime=0))


def real_world(folder: Path) -> World:
    """The records of a folder of real public files, laid out as sra_sets/, sra_package/, accessions/, ... are."""
    from biotheca.mirror import chunks
    from biotheca.mirror.model import Kind

    world = World()

    def records(path: Path, kind: Kind) -> Iterable[bytes]:
        with chunks.open_feed(path) as file:
            for chunk in chunks.chunks(chunks.Source(file), chunks.roots_of(kind)):
                yield from (record for _, record in chunks.records(chunk))

    for kind in SETS:
        for path in sorted(folder.glob(f"sra_sets/*/*.{kind.lower()}.xml")):
            for record in records(path, Kind.SRA_SET):
                world.put(kind, record)
    for path in sorted(folder.glob("sra_package/*.xml")):
        for package in records(path, Kind.SRA_PACKAGE):
            for kind in SETS:
                for found in re.finditer(rb"<%b[\s>].*?</%b>" % (kind.encode(), kind.encode()), package, re.DOTALL):
                    world.put(kind, found[0])
    for path in sorted(folder.glob("biosample/*")):
        for record in records(path, Kind.BIOSAMPLE):
            found = re.search(rb'accession="(\w+)"', record)
            world.biosamples[found[1].decode() if found else ""] = record
    for path in sorted(folder.glob("bioproject/*.xml")):
        for record in records(path, Kind.BIOPROJECT):
            found = re.search(rb'<ArchiveID[^>]*accession="(\w+)"', record)
            world.projects[found[1].decode() if found else ""] = record
    for path in sorted(folder.glob("accessions/SRA_Accessions*.tab")):
        header, *lines = path.read_text(encoding="utf-8").splitlines()
        for line in lines:
            row = dict(zip(header.split("\t"), line.split("\t"), strict=True))
            world.status[row["Accession"]] = row
    return world
