"""Rows of a small lake: own and mirrored records of one story, table by table.

The mirror's batches 20260110 to 20260112 are published, 20260113 is not. For readers SRR000001, SRR000002, SRR000005
(as of the last batch), SRR000006 and SRR000009 are live. SRR000003 was suppressed when it came, SRR000004 is gone,
SRR000007 was suppressed later, SRR000008 is not published yet.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from biotheca.lake.model import TABLES

Row = dict[str, Any]
FIRST, SECOND, THIRD, UNPUBLISHED = 20260110, 20260111, 20260112, 20260113


def row(source: str, acc: str, **values: Any) -> Row:
    """A live row of an entity; `source` own or insdc."""
    archive = {"own": "BTH", "insdc": "NCBI"}[source]
    return {"acc": acc, "source": source, "archive": archive, "status": "live"} | values


def run(source: str, acc: str, number: int, **values: Any) -> Row:
    """A run whose experiment, sample and study are counted alike; odd numbers are human lung, even ones mouse liver."""
    human = number % 2 == 1
    ours = source == "own"
    tissue, sex = ("lung", "female") if human else ("liver", "male")
    study = 1 if number < 5 else 2
    country = {0: "China", 1: "Japan", 2: "Kenya"}[number % 3]
    attributes = [
        {"k": "tissue_sam", "v": tissue},
        {"k": "sex_sam", "v": sex},
        {"k": "sample_name_sam", "v": f"s{number}"},
        {"k": "ena_first_public_run", "v": f"2025-{number:02}-01"},
    ]
    jattr = {a["k"]: [a["v"]] for a in attributes} | {"bases": number * 3_000_000, "bytes": number * 1_000_000}
    made = row(
        source,
        acc,
        assay_type="RNA-Seq" if human else "WGS",
        center_name="GEO" if number < 3 else "BROAD",
        consent="public",
        experiment=f"{'CRX' if ours else 'SRX'}{number:06}",
        sample_acc=f"SAMC{number:06}" if ours else f"SRS{number:06}",
        biosample=f"SAMC{number:06}" if ours else f"SAMN{number:08}",
        sample_name=f"s{number}",
        organism="Homo sapiens" if human else "Mus musculus",
        taxon_id=9606 if human else 10090,
        sra_study=f"CRA{study:06}" if ours else f"SRP{study:06}",
        bioproject=f"PRJCA{study:06}" if ours else f"PRJNA{study}",
        platform="ILLUMINA",
        instrument="Illumina NovaSeq 6000" if human else "NextSeq 500",
        librarylayout="PAIRED" if human else "SINGLE",
        librarysource="TRANSCRIPTOMIC" if human else "GENOMIC",
        libraryselection="cDNA" if human else "RANDOM",
        releasedate=dt.datetime(2025, number, 1, 12),
        loaddate=dt.datetime(2025, number, 2),
        spots=number * 10_000,
        bases=number * 3_000_000,
        bytes=number * 1_000_000,
        mbases=number * 3,
        mbytes=number,
        avgspotlen=300,
        geo_loc_name=f"{country}: somewhere",
        geo_loc_name_country_calc=country,
        geo_loc_name_country_continent_calc="Africa" if country == "Kenya" else "Asia",
        collection_date="2024-05" if human else None,
        biosamplemodel="Human" if human else None,
        file_names=[f"{acc}_1.fq.gz", f"{acc}_2.fq.gz"] if human else [f"{acc}.sra"],
        files=[
            {
                "name": f"{acc}.sra",
                "url": f"s3://open/{acc}",
                "bytes": number * 1_000_000,
                "md5": f"{number:032}",
                "created": "2025-01-01 10:00:00",
                "semantic_name": "run",
                "supertype": "Primary ETL",
                "cluster": "public",
                "alternatives": [
                    {"url": f"gs://open/{acc}", "org": "GCP", "access_type": "gcp identity", "free_egress": "-"}
                ],
            },
        ],
        datastore_filetype=["sra", "fastq"] if human else ["sra"],
        datastore_provider=["s3", "gs"],
        datastore_region=["s3.us-east-1", "gs.US"],
        attributes=attributes,
        jattr=json.dumps(jattr),
    )
    return made | values


def mirrored(batch: int, made: Row, gone: bool = False) -> Row:
    """The row of a base or overlay table."""
    key = made.get("acc") or made.get("accession")
    return made | {"batch": batch, "content_hash": f"{key}@{batch}", "gone": gone}


def _of_run(source: str, number: int) -> dict[str, list[Row]]:
    """The records that a run of this number leads to, by entity."""
    made = run(source, "?", number)
    title = f"{made['organism']} {made['attributes'][0]['v']}"
    sample_attributes = [
        {"k": "tissue", "v": made["attributes"][0]["v"], "unit": None},
        {"k": "age", "v": str(20 + number), "unit": "years"},
    ]
    shared = {"organism": made["organism"], "taxon_id": made["taxon_id"], "title": title}
    experiment = row(
        source,
        made["experiment"],
        study=made["sra_study"],
        sample=made["sample_acc"],
        title=f"{title} library",
        library_strategy=made["assay_type"],
        design_description="as described",
        nominal_length=number * 100,
        library_layout=made["librarylayout"],
        biosample=made["biosample"],
    )
    biosample = row(
        source,
        made["biosample"],
        package="Human.1.0" if number % 2 else "Model.organism.animal.1.0",
        models=["Human"],
        attributes=[a | {"harmonized_name": a["k"]} for a in sample_attributes],
        ids=[{"namespace": "GEO", "id": f"GSM{number}", "label": None}],
        links=[{"db": "entrez", "id": str(number), "label": "bioproject", "url": None}],
        **shared,
    )
    found = {"experiment": [experiment], "biosample": [biosample]}
    if source != "own":
        sample = row(
            source,
            made["sample_acc"],
            alias=f"s{number}",
            biosample=made["biosample"],
            attributes=sample_attributes,
            common_name="human" if number % 2 else "mouse",
            **shared,
        )
        found["sample"] = [sample]
    return found


def _study(source: str, number: int) -> dict[str, list[Row]]:
    ours = source == "own"
    project = row(
        source,
        f"PRJCA{number:06}" if ours else f"PRJNA{number}",
        title=f"Project {number} of {source}",
        data_type=["Raw sequence reads"],
        publications=["30445567"],
        links=[{"db": "GEO", "id": f"GSE{number}", "label": None, "url": "https://geo.example.org"}],
    )
    study = row(
        source,
        f"CRA{number:06}" if ours else f"SRP{number:06}",
        title=f"Study {number}",
        study_type="Other",
        abstract=f"Of {source}",
        bioproject=project["acc"],
        attributes=[{"k": "parent_bioproject", "v": "PRJNA0", "unit": None}],
    )
    return {"project": [project], "study": [study]}


def status(accession: str, state: str, **values: Any) -> Row:
    """A row of SRA_Accessions."""
    kind = {"SRR": "RUN", "SRP": "STUDY", "SRX": "EXPERIMENT"}[accession[:3]]
    return {"accession": accession, "status": state, "type": kind, "visibility": "public"} | values


def rows() -> dict[str, list[Row]]:
    """Table -> rows."""
    made: dict[str, list[Row]] = {name: [] for name in TABLES}
    made["run_own"] = [run("own", "CRR000001", 1), run("own", "CRR000002", 2)]
    made["run_base"] = [mirrored(FIRST, run("insdc", f"SRR{n:06}", n)) for n in range(1, 8)]
    made["run_base"][2]["status"] = "suppressed"
    overlay = [
        mirrored(SECOND, {"acc": "SRR000004", "source": "insdc"}, gone=True),
        mirrored(SECOND, run("insdc", "SRR000005", 5, title="second title")),
        mirrored(THIRD, run("insdc", "SRR000005", 5, title="third title")),
        mirrored(THIRD, run("insdc", "SRR000007", 7, status="suppressed")),
        mirrored(THIRD, run("insdc", "SRR000009", 9)),
        mirrored(UNPUBLISHED, run("insdc", "SRR000006", 6, title="not yet")),
        mirrored(UNPUBLISHED, run("insdc", "SRR000008", 8)),
    ]
    made["run_overlay"] = overlay
    for source, numbers, suffix in (("own", (1, 2), "own"), ("insdc", range(1, 10), "base")):
        parts = [_of_run(source, n) for n in numbers] + [_study(source, n) for n in (1, 2)]
        for entity, found in ((e, f) for part in parts for e, f in part.items()):
            made[f"{entity}_{suffix}"] += [mirrored(FIRST, r) for r in found] if suffix == "base" else found
    made["accession_status_base"] = [
        mirrored(FIRST, status("SRR000001", "live", spots=10_000, published="2025-01-01T12:00:00Z")),
        mirrored(FIRST, status("SRR000003", "suppressed")),
        mirrored(FIRST, status("SRR000007", "live", experiment="SRX000007")),
        mirrored(FIRST, status("SRP000001", "live")),
    ]
    made["accession_status_overlay"] = [
        mirrored(THIRD, status("SRR000007", "suppressed", experiment="SRX000007")),
        mirrored(THIRD, status("SRR000010", "replaced", replacedby="SRR000009")),
        mirrored(UNPUBLISHED, status("SRR000001", "withdrawn")),
    ]
    change_log = (
        ("SRR000004", "run", "gone", "live", None, "sra_xml", "2026-01-11", SECOND),
        ("SRR000005", "run", "content", "a", "b", "sra_xml", "2026-01-11", SECOND),
        ("SRR000005", "run", "content", "b", "c", "sra_xml", "2026-01-12", THIRD),
        ("SRR000007", "run", "status", "live", "suppressed", "sra_accessions", "2026-01-12", THIRD),
        ("SRR000009", "run", "new", None, "d", "sra_xml", "2026-01-12", THIRD),
    )
    sars = "Severe acute respiratory syndrome-related coronavirus"
    tax_analysis = (
        ("SRR000001", 9606, "species", "Homo sapiens", 900, 900, 3, 3, 4),
        ("SRR000001", 11118, "family", "Coronaviridae", 60, 10, 2, 5, 8),
        ("SRR000001", 694009, "species", sars, 50, 50, 3, 6, 7),
        ("SRR000005", 9606, "species", "Homo sapiens", 100, 100, 3, 3, 4),
        ("CRR000001", 11118, "family", "Coronaviridae", 5, 5, 2, 5, 6),
    )
    for name, found in (("change_log", change_log), ("tax_analysis", tax_analysis)):
        made[name] = [dict(zip(TABLES[name], values, strict=True)) for values in found]
    made["mirror_snapshot"] = [
        {"batch": b, "day": f"2026-01-{b % 100}", "published": dt.datetime(2026, 1, b % 100, 6), "content": f"h{b}"}
        for b in (FIRST, SECOND, THIRD)
    ]
    measured = {"format": "fastq", "reads": 10_000, "bases": 1_500_000, "gc_share": 0.5, "verdict": "sound"}
    of_run = {"acc": "CRR000001", "source": "own", "sra_study": "CRA000001"} | measured
    made["qc_files"] = [
        of_run | {"file_name": f"CRR000001_{n}.fq.gz", "q30_share": share} for n, share in ((1, 0.95), (2, 0.75))
    ]
    of_person = {"patientid": "0A1B2C3D4E5F", "source": "own", "collection_id": "OBIA0001", "modality": "CT"}
    made["image_series"] = [
        of_person | {"acc": f"OBIE00000{n}", "bodypartexamined": part, "instancecount": n, "series_size_mb": 0.5 * n}
        for n, part in ((1, "CHEST"), (2, "CHEST"), (3, "HEAD"))
    ]
    return made
