"""Where each column stands in INSDC's XML: data that the fast and the careful reader share.

Paths are relative to the element of their entity: `A/B` is an element's own text, `A/@b` an attribute, `.` the element
itself. A field with several paths takes the first that has a value. Sources: SRA.{study,sample,experiment,run}.xsd 1.6,
NCBI's BioProject and BioSample dumps, DDBJ's forms of both (`namespace=` where NCBI has `db=`).
"""

from __future__ import annotations

from dataclasses import dataclass

@dataclass(frozen=True)
class Field:
    """One value of a row. `kind` is Glue's word for its type."""

    name: str
    paths: tuple[str, ...]
    kind: str = "string"


@dataclass(frozen=True)
class Repeat:
    """A list column: one row for each element at `path`; `*` as its last step is any child that a field names."""

    name: str
    path: str
    fields: tuple[Field, ...]
    inside: tuple[Repeat, ...] = ()


@dataclass(frozen=True)
class Entity:
    """One table: the element at `path` below the record (`.`: the record itself); it may repeat.

    `named` are columns whose value is the name of the one element inside the given path.
    """

    name: str
    path: str
    fields: tuple[Field, ...]
    repeats: tuple[Repeat, ...] = ()
    named: tuple[Field, ...] = ()


def f(name: str, *paths: str, kind: str = "string") -> Field:
    """A field; its path is its name unless others are given."""
    return Field(name, paths or (name,), kind)


def whole(name: str, *paths: str) -> Field:
    """A whole number."""
    return f(name, *paths, kind="bigint")


def _ids(name: str = "ids", path: str = "IDENTIFIERS") -> Repeat:
    kinds = ("PRIMARY_ID", "SECONDARY_ID", "EXTERNAL_ID", "SUBMITTER_ID", "UUID")
    fields = [f(kind, kind) for kind in kinds]
    fields += [f(f"{kind}_ns", f"{kind}/@namespace") for kind in ("EXTERNAL_ID", "SUBMITTER_ID")]
    fields += [f(f"{kind}_label", f"{kind}/@label") for kind in ("PRIMARY_ID", "SECONDARY_ID", "EXTERNAL_ID")]
    return Repeat(name, f"{path}/*", tuple(fields))


def _links(prefix: str) -> Repeat:
    return Repeat(
        "links",
        f"{prefix}_LINKS/{prefix}_LINK",
        (
            f("db", "XREF_LINK/DB", "ENTREZ_LINK/DB"),
            f("id", "XREF_LINK/ID", "ENTREZ_LINK/ID"),
            f("label", "XREF_LINK/LABEL", "ENTREZ_LINK/LABEL", "URL_LINK/LABEL"),
            f("url", "URL_LINK/URL"),
        ),
    )


def _attributes(prefix: str) -> Repeat:
    path = f"{prefix}_ATTRIBUTES/{prefix}_ATTRIBUTE"
    return Repeat("attributes", path, (f("k", "TAG"), f("v", "VALUE"), f("unit", "UNITS")))


_OBJECT = (
    f("acc", "@accession"),
    f("alias", "@alias"),
    f("center_name", "@center_name"),
    f("broker_name", "@broker_name"),
)
# SRA.common.xsd 1.6, PlatformType; the first ten are years older than the rest.
PLATFORM_NAMES = ["ILLUMINA", "LS454", "HELICOS", "ABI_SOLID", "COMPLETE_GENOMICS", "PACBIO_SMRT", "ION_TORRENT", "CAPILLARY", "OXFORD_NANOPORE", "BGISEQ", "DNBSEQ", "ELEMENT", "ULTIMA", "VELA_DIAGNOSTICS", "GENAPSYS", "GENEMIND", "TAPESTRI", "SINGULAR_GENOMICS", "SALUS"]


def study(path: str = ".") -> Entity:
    """STUDY."""
    return Entity(
        "study",
        path,
        (
            *_OBJECT,
            f("title", "DESCRIPTOR/STUDY_TITLE"),
            f("abstract", "DESCRIPTOR/STUDY_ABSTRACT"),
            f("description", "DESCRIPTOR/STUDY_DESCRIPTION"),
            f("study_type", "DESCRIPTOR/STUDY_TYPE/@existing_study_type", "DESCRIPTOR/STUDY_TYPE/@new_study_type"),
            f("center_project_name", "DESCRIPTOR/CENTER_PROJECT_NAME"),
        ),
        (_ids(), _links("STUDY"), _attributes("STUDY")),
    )


def sample(path: str = ".") -> Entity:
    """SAMPLE. A package of a pooled library has several."""
    return Entity(
        "sample",
        path,
        (
            *_OBJECT,
            f("title", "TITLE"),
            f("description", "DESCRIPTION"),
            f("organism", "SAMPLE_NAME/SCIENTIFIC_NAME"),
            f("common_name", "SAMPLE_NAME/COMMON_NAME"),
            whole("taxon_id", "SAMPLE_NAME/TAXON_ID"),
        ),
        (_ids(), _links("SAMPLE"), _attributes("SAMPLE")),
    )


def experiment(path: str = ".") -> Entity:
    """EXPERIMENT."""
    design, library = "DESIGN", "DESIGN/LIBRARY_DESCRIPTOR"
    return Entity(
        "experiment",
        path,
        (
            *_OBJECT,
            f("title", "TITLE"),
            f("study", "STUDY_REF/@accession"),
            f("sample", f"{design}/SAMPLE_DESCRIPTOR/@accession"),
            f("design_description", f"{design}/DESIGN_DESCRIPTION"),
            f("library_name", f"{library}/LIBRARY_NAME"),
            f("library_strategy", f"{library}/LIBRARY_STRATEGY"),
            f("library_source", f"{library}/LIBRARY_SOURCE"),
            f("library_selection", f"{library}/LIBRARY_SELECTION"),
            whole("nominal_length", f"{library}/LIBRARY_LAYOUT/PAIRED/@NOMINAL_LENGTH"),
            f("nominal_sdev", f"{library}/LIBRARY_LAYOUT/PAIRED/@NOMINAL_SDEV", kind="double"),
            f("library_construction_protocol", f"{library}/LIBRARY_CONSTRUCTION_PROTOCOL"),
            f("instrument_model", *(f"PLATFORM/{name}/INSTRUMENT_MODEL" for name in PLATFORM_NAMES)),
        ),
        (
            _ids(),
            _ids("study_ids", "STUDY_REF/IDENTIFIERS"),
            _ids("sample_ids", f"{design}/SAMPLE_DESCRIPTOR/IDENTIFIERS"),
            _links("EXPERIMENT"),
            _attributes("EXPERIMENT"),
        ),
        named=(f("library_layout", f"{library}/LIBRARY_LAYOUT"), f("platform", "PLATFORM")),
    )


def run(path: str = ".") -> Entity:
    """RUN: as submitted in sets; with files, statistics and cloud places in packages."""
    return Entity(
        "run",
        path,
        (
            *_OBJECT,
            f("title", "TITLE"),
            f("experiment", "EXPERIMENT_REF/@accession"),
            f("run_center", "@run_center"),
            f("run_date", "@run_date"),
            f("published", "@published"),
            f("is_public", "@is_public"),
            f("cluster_name", "@cluster_name"),
            f("assembly", "@assembly"),
            whole("spots", "@total_spots"),
            whole("bases", "@total_bases"),
            whole("bytes", "@size"),
        ),
        (
            Repeat(
                "files",
                "SRAFiles/SRAFile",
                (
                    f("name", "@filename"),
                    f("url", "@url"),
                    whole("bytes", "@size"),
                    f("md5", "@md5"),
                    f("created", "@date"),
                    f("semantic_name", "@semantic_name"),
                    f("supertype", "@supertype"),
                    f("cluster", "@cluster"),
                ),
                (
                    Repeat(
                        "alternatives",
                        "Alternatives",
                        (f("url", "@url"), f("org", "@org"), f("access_type", "@access_type"))
                        + (f("free_egress", "@free_egress"),),
                    ),
                ),
            ),
            Repeat(
                "clouds",
                "CloudFiles/CloudFile",
                (f("filetype", "@filetype"), f("provider", "@provider"), f("location", "@location")),
            ),
            Repeat(
                "reads",
                "Statistics/Read",
                (whole("index", "@index"), whole("count", "@count"))
                + (f("average", "@average", kind="double"), f("stdev", "@stdev", kind="double")),
            ),
            Repeat(
                "members",
                "Pool/Member",
                (
                    f("acc", "@accession"),
                    f("member_name", "@member_name"),
                    f("sample_name", "@sample_name"),
                    whole("spots", "@spots"),
                    whole("bases", "@bases"),
                    whole("taxon_id", "@tax_id"),
                    f("organism", "@organism"),
                ),
            ),
            _ids(),
            _links("RUN"),
            _attributes("RUN"),
        ),
    )


def analysis() -> Entity:
    """ANALYSIS, of sets only."""
    return Entity(
        "analysis",
        ".",
        (
            *_OBJECT,
            f("title", "TITLE"),
            f("study", "STUDY_REF/@accession"),
            f("description", "DESCRIPTION"),
            f("analysis_center", "@analysis_center"),
            f("analysis_date", "@analysis_date"),
        ),
        (_ids(), _links("ANALYSIS"), _attributes("ANALYSIS")),
        named=(f("analysis_type", "ANALYSIS_TYPE"),),
    )


def submission(path: str = ".") -> Entity:
    """SUBMISSION: the envelope that objects came in."""
    return Entity(
        "submission",
        path,
        (
            *_OBJECT,
            f("title", "TITLE"),
            f("lab_name", "@lab_name"),
            f("submission_comment", "@submission_comment"),
            f("submission_date", "@submission_date"),
        ),
        (_ids(),),
    )


def biosample() -> Entity:
    """BioSample. `ids` of DDBJ name their namespace by another attribute than NCBI's."""
    return Entity(
        "biosample",
        ".",
        (
            f("acc", "@accession"),
            f("id", "@id"),
            f("title", "Description/Title"),
            f("organism", "Description/Organism/@taxonomy_name", "Description/Organism/OrganismName"),
            whole("taxon_id", "Description/Organism/@taxonomy_id"),
            f("center_name", "Owner/Name", "Owner/Name/@abbreviation"),
            f("package", "Package"),
            f("access", "@access"),
            f("submission_date", "@submission_date"),
            f("last_update", "@last_update"),
            f("publication_date", "@publication_date"),
            f("status", "Status/@status"),
            f("status_date", "Status/@when"),
        ),
        (
            Repeat(
                "ids",
                "Ids/Id",
                (f("namespace", "@db", "@namespace", "@db_label"), f("id", "."), f("label", "@db_label")),
            ),
            Repeat("models", "Models/Model", (f("text", "."),)),
            Repeat(
                "links",
                "Links/Link",
                (f("db", "@target"), f("id", "."), f("label", "@label"), f("type", "@type")),
            ),
            Repeat(
                "attributes",
                "Attributes/Attribute",
                (f("k", "@attribute_name"), f("v", "."), f("harmonized_name", "@harmonized_name"), f("unit", "@unit")),
            ),
            Repeat("paragraphs", "Description/Comment/Paragraph", (f("text", "."),)),
            Repeat(
                "tables",
                "Description/Comment/Table",
                (f("class", "@class"),),
                (
                    Repeat("head", "Header/Cell", (f("text", "."),)),
                    Repeat("body", "Body/Row", (), (Repeat("cells", "Cell", (f("text", "."),)),)),
                ),
            ),
        ),
    )


def project() -> Entity:
    """Package of bioproject.xml."""
    inner = "Project/Project"
    kind = f"{inner}/ProjectType"
    submitted = f"{kind}/ProjectTypeSubmission"
    organisms = (f"{submitted}/Target", f"{kind}/ProjectTypeTopSingleOrganism", f"{kind}/ProjectTypeTopAdmin")
    return Entity(
        "project",
        ".",
        (
            f("acc", f"{inner}/ProjectID/ArchiveID/@accession"),
            f("id", f"{inner}/ProjectID/ArchiveID/@id"),
            f("name", f"{inner}/ProjectDescr/Name"),
            f("title", f"{inner}/ProjectDescr/Title"),
            f("description", f"{inner}/ProjectDescr/Description"),
            f("release_date", f"{inner}/ProjectDescr/ProjectReleaseDate"),
            f("target_capture", f"{submitted}/Target/@capture"),
            f("target_material", f"{submitted}/Target/@material"),
            f("target_sample_scope", f"{submitted}/Target/@sample_scope"),
            f("method_type", f"{submitted}/Method/@method_type"),
            f("organism", *(f"{path}/Organism/OrganismName" for path in organisms)),
            whole("taxon_id", *(f"{path}/Organism/@taxID" for path in organisms)),
            f("submitted", "Project/Submission/@submitted"),
            f("last_update", "Project/Submission/@last_update"),
        ),
        (
            Repeat("data_type", f"{submitted}/ProjectDataTypeSet/DataType", (f("text", "."),)),
            Repeat("publications", f"{inner}/ProjectDescr/Publication", (f("text", "@id"),)),
            Repeat("locus_tag_prefixes", f"{inner}/ProjectDescr/LocusTagPrefix", (f("text", "."),)),
            Repeat("organizations", "Project/Submission/Description/Organization", (f("text", "Name"),)),
            Repeat(
                "links",
                "Project/ProjectLinks/Link",
                (
                    f("ref", "ProjectIDRef/@accession"),
                    f("type", "Hierarchical/@type"),
                    f("above", "Hierarchical/MemberID/@accession"),
                    f("peer", "PeerProject/MemberID/@accession"),
                ),
            ),
        ),
        named=(f("project_type", kind),),
    )


@dataclass(frozen=True)
class Document:
    """A kind of file: the element that is one record, and the entities inside it."""

    record: str
    entities: tuple[Entity, ...]


PACKAGE = Document(
    "EXPERIMENT_PACKAGE",
    (
        experiment("EXPERIMENT"),
        submission("SUBMISSION"),
        study("STUDY"),
        sample("SAMPLE"),
        run("RUN_SET/RUN"),
    ),
)
SETS = {
    "STUDY": Document("STUDY", (study(),)),
    "SAMPLE": Document("SAMPLE", (sample(),)),
    "EXPERIMENT": Document("EXPERIMENT", (experiment(),)),
    "RUN": Document("RUN", (run(),)),
    "ANALYSIS": Document("ANALYSIS", (analysis(),)),
    "SUBMISSION": Document("SUBMISSION", (submission(),)),
}
BIOSAMPLE = Document("BioSample", (biosample(),))
BIOPROJECT = Document("Package", (project(),))
# Names of a document's root, and what its records are. A document may also be one bare record.
ROOTS: dict[str, Document] = {
    "EXPERIMENT_PACKAGE_SET": PACKAGE,
    **{f"{name}_SET": document for name, document in SETS.items()},
    "BioSampleSet": BIOSAMPLE,
    "PackageSet": BIOPROJECT,
}
ROOTS |= {document.record: document for document in list(ROOTS.values())}
