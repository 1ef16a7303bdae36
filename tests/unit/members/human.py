"""Documents of the member for data of people, one a template, and of the member for whatever other data there is."""

from __future__ import annotations

import hashlib
from typing import Any

TEMPLATES = ("disease", "cohort", "cell_line", "clinical_pathogen", "human_metagenome")
GENERAL = {"gender": "female", "experiment_group": "case"}
AGED = {"tissue": "liver", "age": 54, "age_unit": "years", "collection_date": "2026-03"}
PROVIDER = {"biomaterial_provider": "Biobank of the University Hospital"}
PLACE = {"geographic_location": "China: Beijing", "lat_lon": "39.90 N 116.40 E", "collection_date": "2026-03"}
# template -> (words of the study, of each person, of each sample, organism)
WORDS: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any], tuple[int, str]]] = {
    "disease": (
        {"human_study_type": "Disease study", "disease": "hepatocellular carcinoma", "disease_id": "MONDO:0007256"},
        {"template": "general", **GENERAL},
        {"template": "general", **AGED, **PROVIDER},
        (9606, "Homo sapiens"),
    ),
    "cohort": (
        {"human_study_type": "Cohort study", "cohort_type": "healthy-population cohort"},
        {"template": "general", **GENERAL, "experiment_group": "control"},
        {"template": "general", **AGED, **PROVIDER},
        (9606, "Homo sapiens"),
    ),
    "cell_line": (
        {"human_study_type": "Cell line study", "cell_line_type": "commercial"},
        {"template": "cell_line", "cell_line": "HeLa", "tissue": "cervix", "gender": "female"},
        {"template": "cell_line", **AGED, **PROVIDER},
        (9606, "Homo sapiens"),
    ),
    "clinical_pathogen": (
        {"human_study_type": "Clinical pathogen"},
        {"template": "clinical_pathogen", "gender": "male"},
        {
            "template": "clinical_pathogen",
            "collected_by": "Institute of Examples",
            "isolation_source": "sputum",
            **PLACE,
        },
        (1773, "Mycobacterium tuberculosis"),
    ),
    "human_metagenome": (
        {"human_study_type": "Human-associated metagenome"},
        {"template": "human_metagenome", "gender": "female"},
        {
            "template": "human_metagenome",
            "environment_type": "gut",
            "env_broad_scale": "human-associated habitat [ENVO:00009003]",
            "env_local_scale": "intestine environment [ENVO:2100002]",
            "env_medium": "fecal material [ENVO:00002003]",
            "host": "Homo sapiens",
            **PLACE,
        },
        (408170, "human gut metagenome"),
    ),
}


def human_document(template: str, files: list[tuple[str, bytes]] | None = None, people: int = 2) -> dict[str, Any]:
    """A document of so many people with a sample, a library and a paired run each; files are taken two by two."""
    study, person, sample, (taxon_id, organism) = WORDS[template]
    files = (
        files if files is not None else [(f"p{n}_{m}.fq.gz", b"%d%d" % (n, m)) for n in range(people) for m in (1, 2)]
    )
    codes = [f"P{n:03}" for n in range(people)]
    return {
        "project": {
            "alias": "p1",
            "title": f"A {template.replace('_', ' ')} study of people",
            "description": "People are followed for two years to find what their genomes tell of the course.",
            "relevance": "Medical",
            "data_types": ["Raw sequence reads"],
            "sample_scope": "Multiisolate",
            "organisms": [{"taxon_id": taxon_id, "organism": organism}],
        },
        "individuals": [{"alias": code, "title": code, **person} for code in codes],
        "samples": [
            {
                "alias": f"S{code}",
                "title": f"Sample of {code}",
                "individual": code,
                "organism": organism,
                "taxon_id": taxon_id,
                "description": f"Taken from {code} at the first visit",
                "replicate": code,
                **sample,
            }
            for code in codes
        ],
        "study": {
            "alias": "hra1",
            "title": f"Sequences of a {template.replace('_', ' ')} study",
            "description": "Sequences of people before and after treatment, with their samples.",
            "project": "p1",
            "longitudinal": "no",
            "trios": "no",
            "foreign_participation": "no",
            "origin_countries": ["Norway"],
            "organisation_country": "Norway",
            "open_reason": "other",
            "sharing_limitation": "general purpose use",
            "organisation_confirms": "yes",
            **study,
        },
        "experiments": [
            {
                "alias": f"E{code}",
                "title": f"Library of {code}",
                "sample": f"S{code}",
                "platform": "ILLUMINA",
                "instrument_model": "Illumina NovaSeq 6000",
                "library_strategy": "WXS",
                "library_source": "GENOMIC",
                "library_selection": "Hybrid Selection",
                "library_layout": "PAIRED",
                "read_length_1": 50,
                "read_length_2": 50,
                "nominal_size": 350,
                "design_description": f"Exomes of {code}, captured with a kit of 2024, paired reads of 50 bp",
            }
            for code in codes
        ],
        "runs": [
            {
                "alias": f"R{code}",
                "title": f"Run of {code}",
                "experiment": f"E{code}",
                "file_type": "fastq",
                "files": [
                    {"name": name, "md5": hashlib.md5(body).hexdigest()} for name, body in files[2 * n : 2 * n + 2]
                ],
            }
            for n, code in enumerate(codes)
        ],
    }


def omix_document(
    files: list[tuple[str, bytes]], taxon: tuple[int, str] = (9606, "Homo sapiens"), **study: Any
) -> dict[str, Any]:
    """A record with a number elsewhere for its project, and an object for each file."""
    return {
        "study": {
            "alias": "o1",
            "title": "Metabolites of plasma in sepsis",
            "description": "Targeted metabolites of plasma of forty patients, on three days.",
            "data_type": "Metabolome Data by Mass Spectrometry (MS)",
            "organisms": [{"taxon_id": taxon[0], "organism": taxon[1]}],
            "external_project": "PRJNA31257",
            **study,
        },
        "files": [
            {
                "alias": f"f{n}",
                "title": f"Table {n} of metabolites",
                "file_type": "other",
                "files": [{"name": name, "md5": hashlib.md5(body).hexdigest()}],
            }
            for n, (name, body) in enumerate(files, 1)
        ],
    }
