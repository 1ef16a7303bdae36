"""A made-up INSDC for a machine without real files: a few studies with samples, experiments and runs."""

from __future__ import annotations

from xml.sax.saxutils import escape

from local.insdc.world import World

_ORGANISMS = ((9823, "Sus scrofa"), (4530, "Oryza sativa"), (562, "Escherichia coli"), (7955, "Danio rerio"))
_PLACES = ("China: Beijing", "Japan: Tokyo", "Germany: Berlin", "Kenya")


def made_world(studies: int = 4, runs_each: int = 5, first: int = 900_000) -> World:
    """Studies of NCBI (S), ENA (E) and DDBJ (D) by turns, each with a project, and a BioSample a run."""
    world = World()
    number = first
    for study in range(studies):
        prefix, owner = (("S", "N"), ("E", "E"), ("D", "D"))[study % 3]
        taxon, organism = _ORGANISMS[study % len(_ORGANISMS)]
        project = f"PRJ{owner}{'A' if owner == 'N' else 'B'}{first + study}"
        accession = f"{prefix}RP{first + study:06d}"
        world.projects[project] = _project(project, organism, taxon)
        world.put("STUDY", _study(accession, project, organism), BioProject=project)
        for _ in range(runs_each):
            number += 1
            place = _PLACES[number % len(_PLACES)]
            _add_run(world, prefix, owner, number, accession, project, organism, taxon, place)
    return world


def _add_run(
    world: World, prefix: str, owner: str, number: int, study: str, project: str, organism: str, taxon: int, place: str
) -> None:
    sample, experiment, run = (f"{prefix}R{kind}{number:06d}" for kind in "SXR")
    biosample = f"SAM{owner}{'A' if owner == 'E' else ''}{number:08d}"
    world.biosamples[biosample] = _biosample(biosample, sample, organism, taxon, place)
    world.put("SAMPLE", _sample(sample, biosample, organism, taxon), BioSample=biosample)
    world.put("EXPERIMENT", _experiment(experiment, study, sample, organism), Study=study, Sample=sample)
    told = {"Experiment": experiment, "Sample": sample, "Study": study, "BioSample": biosample, "BioProject": project}
    world.put("RUN", _run(run, experiment), Spots=str(1000 * number), Bases=str(150_000 * number), **told)


def _study(accession: str, project: str, organism: str) -> bytes:
    return (
        f'<STUDY accession="{accession}" alias="{accession}" center_name="EXAMPLE"><IDENTIFIERS>'
        f'<PRIMARY_ID>{accession}</PRIMARY_ID><EXTERNAL_ID namespace="BioProject">{project}</EXTERNAL_ID></IDENTIFIERS>'
        f"<DESCRIPTOR><STUDY_TITLE>Genomes of {escape(organism)}</STUDY_TITLE>"
        '<STUDY_TYPE existing_study_type="Whole Genome Sequencing"/>'
        f"<STUDY_ABSTRACT>Made up, to show how a mirror works.</STUDY_ABSTRACT></DESCRIPTOR></STUDY>"
    ).encode()


def _sample(accession: str, biosample: str, organism: str, taxon: int) -> bytes:
    return (
        f'<SAMPLE accession="{accession}" alias="{accession}" center_name="EXAMPLE"><IDENTIFIERS>'
        f'<PRIMARY_ID>{accession}</PRIMARY_ID><EXTERNAL_ID namespace="BioSample">{biosample}</EXTERNAL_ID></IDENTIFIERS>'
        f"<TITLE>{escape(organism)} {accession}</TITLE><SAMPLE_NAME><TAXON_ID>{taxon}</TAXON_ID>"
        f"<SCIENTIFIC_NAME>{escape(organism)}</SCIENTIFIC_NAME></SAMPLE_NAME><SAMPLE_ATTRIBUTES><SAMPLE_ATTRIBUTE>"
        f"<TAG>tissue</TAG><VALUE>blood</VALUE></SAMPLE_ATTRIBUTE></SAMPLE_ATTRIBUTES></SAMPLE>"
    ).encode()


def _experiment(accession: str, study: str, sample: str, organism: str) -> bytes:
    return (
        f'<EXPERIMENT accession="{accession}" alias="{accession}" center_name="EXAMPLE"><TITLE>Library of '
        f'{escape(organism)}</TITLE><STUDY_REF accession="{study}"/><DESIGN><DESIGN_DESCRIPTION/>'
        f'<SAMPLE_DESCRIPTOR accession="{sample}"/><LIBRARY_DESCRIPTOR><LIBRARY_NAME>L-{accession}</LIBRARY_NAME>'
        "<LIBRARY_STRATEGY>WGS</LIBRARY_STRATEGY><LIBRARY_SOURCE>GENOMIC</LIBRARY_SOURCE>"
        "<LIBRARY_SELECTION>RANDOM</LIBRARY_SELECTION>"
        '<LIBRARY_LAYOUT><PAIRED NOMINAL_LENGTH="350"/></LIBRARY_LAYOUT></LIBRARY_DESCRIPTOR></DESIGN>'
        "<PLATFORM><ILLUMINA><INSTRUMENT_MODEL>Illumina NovaSeq 6000</INSTRUMENT_MODEL></ILLUMINA></PLATFORM>"
        "</EXPERIMENT>"
    ).encode()


def _run(accession: str, experiment: str) -> bytes:
    return (
        f'<RUN accession="{accession}" alias="{accession}" center_name="EXAMPLE">'
        f'<EXPERIMENT_REF accession="{experiment}"/></RUN>'
    ).encode()


def _biosample(accession: str, sample: str, organism: str, taxon: int, place: str) -> bytes:
    return (
        f'<BioSample access="public" publication_date="2026-01-01T00:00:00.000" last_update="2026-01-01T00:00:00.000" '
        f'submission_date="2026-01-01T00:00:00.000" id="{accession[4:].lstrip("A0")}" accession="{accession}"><Ids>'
        f'<Id db="BioSample" is_primary="1">{accession}</Id><Id db="SRA">{sample}</Id></Ids><Description>'
        f'<Title>{escape(organism)} from {escape(place)}</Title><Organism taxonomy_id="{taxon}" '
        f'taxonomy_name="{escape(organism)}"/></Description><Owner><Name>EXAMPLE</Name></Owner>'
        '<Models><Model>Generic</Model></Models><Package display_name="Generic">Generic.1.0</Package><Attributes>'
        f'<Attribute attribute_name="geo_loc_name" harmonized_name="geo_loc_name">{escape(place)}</Attribute>'
        '<Attribute attribute_name="collection_date" harmonized_name="collection_date">2025-06-01</Attribute>'
        '</Attributes><Status status="live" when="2026-01-01T00:00:00.000"/></BioSample>'
    ).encode()


def _project(accession: str, organism: str, taxon: int) -> bytes:
    return (
        f'<Package><Project><Project><ProjectID><ArchiveID accession="{accession}" archive="NCBI" id="{accession[5:]}"/>'
        f"</ProjectID><ProjectDescr><Name>{escape(organism)}</Name><Title>Genomes of {escape(organism)}</Title>"
        "<ProjectReleaseDate>2026-01-01T00:00:00Z</ProjectReleaseDate></ProjectDescr><ProjectType>"
        '<ProjectTypeSubmission><Target capture="eWhole" material="eGenome" sample_scope="eMonoisolate">'
        f'<Organism taxID="{taxon}"><OrganismName>{escape(organism)}</OrganismName></Organism></Target>'
        '<Method method_type="eSequencing"/></ProjectTypeSubmission></ProjectType></Project>'
        '<Submission submitted="2025-12-01"><Description><Organization><Name>EXAMPLE</Name></Organization>'
        "</Description></Submission></Project></Package>"
    ).encode()
