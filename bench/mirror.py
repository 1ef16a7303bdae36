"""The mirror's reading: XML to nested Parquet beside xmllint, lxml and omicidx; status difference beside DuckDB.

omicidx's parsers are its package from the index, in an environment of their own; xmllint is the system's
(libxml2-utils).
Packages are made up to the shape and size of real ones; each has accessions of its own.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from pathlib import Path

from bench.measure import Run, by_turns, child, table

PACKAGES, ACCESSIONS, ROUNDS = 40_000, 6_000_000, 5
PEER = "omicidx==1.17.0"
_TEXT = (
    "RNA sequencing of wild type plants total was extracted with the kit according to manufacturer instructions paired "
    "end reads were made on the soil rhizosphere human gut mouse liver single cell chromatin accessible regions time "
    "point control treated replicate"
)
_WORDS = _TEXT.split()

OURS = "import sys; from batch.mirror.__main__ import main; sys.exit(main(sys.argv[1:]))"
CAREFUL = f"from biotheca.formats import native; native._built = None; {OURS}"
OMICIDX = """
import sys
from omicidx.sra.parser import sra_object_generator
print(sum(1 for _ in sra_object_generator(open(sys.argv[1], "rb"))))
"""
DIFFERENCE = """
import sys
from pathlib import Path
from biotheca.mirror.difference import difference
from biotheca.mirror.digest import Digest
before, after, digest = (Path(word) for word in sys.argv[1:4])
if not digest.exists():
    difference(before, Digest.empty(), "2026-01-26").digest.save(digest)
else:
    print(difference(after, Digest.load(digest), "2026-01-27").changed)
"""
DUCKDB = """
import sys, duckdb
db = duckdb.connect(config={"threads": 1})
read = "SELECT * FROM read_csv('{}', delim='\\t', header=true, all_varchar=true, quote='', escape='')"
if len(sys.argv) == 4:
    db.sql(read.format(sys.argv[1])).write_parquet(sys.argv[3])
else:
    before, after = sys.argv[3], read.format(sys.argv[2])
    sql = f"SELECT count(*) FROM (({after}) EXCEPT (SELECT * FROM read_parquet('{before}')))"
    print(db.execute(sql).fetchall())
"""


def run(folder: Path) -> str:
    """Both tables."""
    return f"{_reading(folder)}\n\n{_status(folder)}"


def _reading(folder: Path) -> str:
    source = _packages(folder / f"packages-{PACKAGES}.xml")
    size = source.stat().st_size / 1e6
    python, peer = sys.executable, _peer(folder)
    words = ["parse", str(source), "--kind", "sra_package", "--out", str(folder / "parsed")]
    contenders = {
        "ours: kernel, nested Parquet": lambda: child([python, "-c", OURS, *words]),
        "xmllint --sax --noout (reads, keeps nothing)": lambda: child(["xmllint", "--sax", "--noout", str(source)]),
        f"{PEER}, Python objects": lambda: child([str(peer), "-c", OMICIDX, str(source)]),
        "ours without the kernel (lxml, record by record)": lambda: child([python, "-c", CAREFUL, *words]),
    }
    if shutil.which("xmllint") is None:
        del contenders["xmllint --sax --noout (reads, keeps nothing)"]
    if peer is None:
        del contenders[f"{PEER}, Python objects"]
    runs = by_turns(contenders, ROUNDS)
    ours = size / next(iter(runs.values())).cpu_s
    rows = [_row(name, one, size, ours) for name, one in runs.items()]
    heads = ["", "MB per CPU-second", "CPU s", "seconds", "peak MiB", "ours / its"]
    return table(f"{PACKAGES:,} EXPERIMENT_PACKAGEs ({size:.0f} MB) read", heads, rows)


def _row(name: str, one: Run, amount: float, ours: float) -> list[object]:
    rate = amount / one.cpu_s
    return [name, f"{rate:.0f}", f"{one.cpu_s:.2f}", f"{one.seconds:.2f}", f"{one.peak_mib:.0f}", f"{ours / rate:.2f}"]


def _status(folder: Path) -> str:
    before, after = _tab(folder / f"before-{ACCESSIONS}.tab", 0), _tab(folder / f"after-{ACCESSIONS}.tab", 1)
    digest, kept = folder / "digest.parquet", folder / "before.parquet"
    digest.unlink(missing_ok=True)
    python = sys.executable
    child([python, "-c", DIFFERENCE, str(before), str(after), str(digest)])
    child([python, "-c", DUCKDB, str(before), str(after), str(kept)])
    runs = by_turns(
        {
            "ours: lines against a digest of 17 bytes a row": lambda: child(
                [python, "-c", DIFFERENCE, str(before), str(after), str(digest)]
            ),
            "DuckDB: EXCEPT against yesterday's rows": lambda: child(
                [python, "-c", DUCKDB, str(before), str(after), str(kept), "compare"]
            ),
        },
        ROUNDS,
    )
    million = ACCESSIONS / 1e6
    ours = million / next(iter(runs.values())).cpu_s
    rows = []
    for name, one in runs.items():
        rate = million / one.cpu_s
        shown = [f"{rate:.2f}", f"{one.cpu_s:.2f}", f"{one.seconds:.2f}", f"{one.peak_mib:.0f}", f"{ours / rate:.2f}"]
        rows.append([name, *shown])
    size = after.stat().st_size / 1e6
    heads = ["", "million rows per CPU-second", "CPU s", "seconds", "peak MiB", "ours / its"]
    return table(f"The difference of {ACCESSIONS:,} lines of SRA_Accessions ({size:.0f} MB)", heads, rows)


def _peer(folder: Path) -> Path | None:
    """A Python that has omicidx, or None where it cannot be had."""
    python = folder / "omicidx" / "bin" / "python"
    if not python.exists():
        uv = Path(sys.executable).parent / "uv"
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(folder / "omicidx")], check=True)
        told = subprocess.run([uv, "pip", "install", "--quiet", "--python", str(python), PEER], check=False)
        if told.returncode:
            return None
    return python


def _text(dice: random.Random, words: int) -> str:
    return " ".join(dice.choices(_WORDS, k=words))


def _packages(path: Path) -> Path:
    """A set of packages as E-utilities give them: some 7 kB each."""
    if path.exists():
        return path
    dice = random.Random(1)  # noqa: S311 - made-up records, not secrets
    with path.open("w", encoding="utf-8") as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?>\n<EXPERIMENT_PACKAGE_SET>\n')
        for number in range(PACKAGES):
            file.write(_package(dice, number))
        file.write("</EXPERIMENT_PACKAGE_SET>\n")
    return path


def _package(dice: random.Random, n: int) -> str:
    study, sample, experiment, run_ = (f"SR{kind}{9_000_000 + n}" for kind in "PSXR")
    ids = "<IDENTIFIERS><PRIMARY_ID>{}</PRIMARY_ID></IDENTIFIERS>"
    attributes = "".join(
        f"<SAMPLE_ATTRIBUTE><TAG>{tag}</TAG><VALUE>{_text(dice, 2)}</VALUE></SAMPLE_ATTRIBUTE>"
        for tag in ("source_name", "tissue", "genotype", "geo_loc_name", "collection_date", "strain", "age")
    )
    member = (
        f'<Pool><Member member_name="" accession="{sample}" sample_name="{_text(dice, 1)}" spots="{n}" bases="{n}" '
        f'tax_id="10090" organism="Mus musculus">{ids.format(sample)}</Member></Pool>'
    )
    files = ""
    for mate in (1, 2):
        md5 = f"{dice.getrandbits(128):032x}"
        places = "".join(
            f'<Alternatives url="{kind}://sra-pub-src-{mate}/{run_}/{md5[:8]}_R{mate}.fastq.gz.1" free_egress="-" '
            f'access_type="Use Cloud Data Delivery" org="{org}"/>'
            for kind, org in (("s3", "AWS"), ("gs", "GCP"), ("https", "NCBI"))
        )
        files += (
            f'<SRAFile cluster="public" filename="{md5[:8]}_R{mate}.fastq.gz" '
            f'url="https://sra-download.example/{run_}" size="{dice.randrange(10**9)}" '
            f'date="2024-03-03 08:50:17" md5="{md5}" semantic_name="fastq" '
            f'supertype="Original" sratoolkit="0">{places}</SRAFile>'
        )
    bases = "".join(f'<Base value="{b}" count="{dice.randrange(10**9)}"/>' for b in "ACGTN")
    return (
        f'<EXPERIMENT_PACKAGE><EXPERIMENT alias="E{n}" accession="{experiment}">{ids.format(experiment)}<TITLE>'
        f'{_text(dice, 8)}</TITLE><STUDY_REF accession="{study}">{ids.format(study)}</STUDY_REF><DESIGN>'
        f'<DESIGN_DESCRIPTION/><SAMPLE_DESCRIPTOR accession="{sample}">{ids.format(sample)}</SAMPLE_DESCRIPTOR>'
        "<LIBRARY_DESCRIPTOR><LIBRARY_NAME/><LIBRARY_STRATEGY>RNA-Seq</LIBRARY_STRATEGY><LIBRARY_SOURCE>TRANSCRIPTOMIC"
        "</LIBRARY_SOURCE><LIBRARY_SELECTION>cDNA</LIBRARY_SELECTION><LIBRARY_LAYOUT><PAIRED/>"
        f"</LIBRARY_LAYOUT><LIBRARY_CONSTRUCTION_PROTOCOL>{_text(dice, 60)}</LIBRARY_CONSTRUCTION_PROTOCOL>"
        "</LIBRARY_DESCRIPTOR></DESIGN><PLATFORM><ILLUMINA><INSTRUMENT_MODEL>Illumina NovaSeq 6000</INSTRUMENT_MODEL>"
        "</ILLUMINA></PLATFORM>"
        f"<EXPERIMENT_ATTRIBUTES><EXPERIMENT_ATTRIBUTE><TAG>GEO Accession</TAG><VALUE>GSM{n}</VALUE>"
        f'</EXPERIMENT_ATTRIBUTE></EXPERIMENT_ATTRIBUTES></EXPERIMENT><SUBMISSION alias="S{n}" center_name="GEO" '
        f'accession="SRA{n:07d}">{ids.format(f"SRA{n:07d}")}</SUBMISSION><Organization type="center"><Name abbr="GEO">'
        f'NCBI</Name><Contact email="contact@example.org"/></Organization><STUDY center_name="GEO" alias="G{n}" '
        f'accession="{study}">{ids.format(study)}<DESCRIPTOR><STUDY_TITLE>{_text(dice, 14)}</STUDY_TITLE>'
        f'<STUDY_TYPE existing_study_type="Other"/><STUDY_ABSTRACT>{_text(dice, 220)}</STUDY_ABSTRACT>'
        f'</DESCRIPTOR></STUDY><SAMPLE alias="M{n}" accession="{sample}">{ids.format(sample)}<TITLE>{_text(dice, 3)}'
        "</TITLE><SAMPLE_NAME><TAXON_ID>10090</TAXON_ID><SCIENTIFIC_NAME>Mus musculus</SCIENTIFIC_NAME></SAMPLE_NAME>"
        f'<SAMPLE_ATTRIBUTES>{attributes}</SAMPLE_ATTRIBUTES></SAMPLE>{member}<RUN_SET><RUN alias="R{n}" '
        f'accession="{run_}" total_spots="{n * 1000}" total_bases="{n * 150000}" size="{n * 70000}" load_done="true" '
        f'published="2024-06-30 17:40:41" is_public="true" cluster_name="public">{ids.format(run_)}'
        f'<EXPERIMENT_REF accession="{experiment}"/>{member}<SRAFiles>{files}</SRAFiles><CloudFiles><CloudFile '
        'filetype="fastq" provider="s3" location="s3.us-east-1"/></CloudFiles><Statistics nreads="2" nspots="9"><Read '
        'index="0" count="9" average="50.5" stdev="0.8"/><Read index="1" count="9" average="50" stdev="0"/>'
        f'</Statistics><Bases cs_native="false" count="9">{bases}</Bases></RUN></RUN_SET></EXPERIMENT_PACKAGE>\n'
    )


def _tab(path: Path, day: int) -> Path:
    """SRA_Accessions.tab of a day; on the second one line in a hundred has another status."""
    if path.exists():
        return path
    from local.insdc.world import COLUMNS

    dice = random.Random(2)  # noqa: S311 - made-up records, not secrets
    with path.open("w", encoding="utf-8") as file:
        file.write("\t".join(COLUMNS) + "\n")
        for n in range(ACCESSIONS):
            changed = dice.random() < 0.01
            status = "suppressed" if day and changed else "live"
            file.write(
                f"SRR{n:08d}\tSRA{n // 20:07d}\t{status}\t2020-04-09T01:38:41Z\t2015-07-31T15:20:47Z\t"
                f"2010-01-15T06:55:08Z\tRUN\tGEO\tpublic\tGSM{n}_r1\tSRX{n:08d}\tSRS{n:08d}\tSRP{n // 50:06d}\t1\t"
                f"{n * 7}\t{n * 1050}\t{dice.getrandbits(128):032x}\tSAMN{n:08d}\tPRJNA{n // 50}\t-\n"
            )
    return path
