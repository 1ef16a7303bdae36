"""An independent reading of INSDC's XML, by lxml and XPath, one field after the other: what the parser is held against.

It shares no line with the parser's mapping. Values are texts as they stand, without blanks around them.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

from lxml import etree


def tree(path: Path) -> Any:
    """The root of a file, unpacked if need be."""
    content = path.read_bytes()
    return etree.fromstring(gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content)


def elements(root: Any, name: str) -> list[Any]:
    """Every element of a name, the root too."""
    return [root] if root.tag == name else root.findall(f".//{name}")


def _one(element: Any, path: str) -> str | None:
    found = element.xpath(path)
    if not found:
        return None
    if isinstance(found[0], str):
        text = str(found[0])
    else:
        text = "".join(found[0].xpath("text()"))
    return text.strip() or None


def _number(text: str | None) -> int | None:
    return int(text) if text is not None else None


def _attributes(element: Any, kind: str) -> list[dict[str, Any]]:
    return [
        {"k": _one(a, "TAG"), "v": _one(a, "VALUE"), "unit": _one(a, "UNITS")}
        for a in element.xpath(f"{kind}_ATTRIBUTES/{kind}_ATTRIBUTE")
    ]


def _links(element: Any, kind: str) -> list[dict[str, Any]]:
    made = []
    for link in element.xpath(f"{kind}_LINKS/{kind}_LINK"):
        label = _one(link, "XREF_LINK/LABEL") or _one(link, "ENTREZ_LINK/LABEL") or _one(link, "URL_LINK/LABEL")
        made.append(
            {
                "db": _one(link, "XREF_LINK/DB") or _one(link, "ENTREZ_LINK/DB"),
                "id": _one(link, "XREF_LINK/ID") or _one(link, "ENTREZ_LINK/ID"),
                "label": label,
                "url": _one(link, "URL_LINK/URL"),
            }
        )
    return made


_PLAIN = {"PRIMARY_ID": "primary", "SECONDARY_ID": "secondary", "UUID": "uuid"}


def _ids(element: Any, path: str = "IDENTIFIERS") -> list[dict[str, Any]]:
    made = []
    for one in element.xpath(f"{path}/*"):
        space = (one.get("namespace") or "").strip() or None
        text = "".join(one.xpath("text()")).strip() or None
        label = None if one.tag in ("SUBMITTER_ID", "UUID") else (one.get("label") or "").strip() or None
        made.append({"namespace": space or (_PLAIN.get(one.tag) if text else None), "id": text, "label": label})
    return made


def _of(ids: list[dict[str, Any]], database: str) -> str | None:
    for one in ids:
        if one["namespace"] == database or (one["namespace"] == "primary" and one["label"] == f"{database} ID"):
            return str(one["id"])
    return None


def _object(e: Any, kind: str) -> dict[str, Any]:
    return {
        "acc": e.get("accession"),
        "alias": (e.get("alias") or "").strip() or None,
        "center_name": (e.get("center_name") or "").strip() or None,
        "broker_name": (e.get("broker_name") or "").strip() or None,
        "ids": _ids(e),
        "links": _links(e, kind),
        "attributes": _attributes(e, kind),
    }


def study(e: Any) -> dict[str, Any]:
    row = _object(e, "STUDY")
    return row | {
        "title": _one(e, "DESCRIPTOR/STUDY_TITLE"),
        "abstract": _one(e, "DESCRIPTOR/STUDY_ABSTRACT"),
        "description": _one(e, "DESCRIPTOR/STUDY_DESCRIPTION"),
        "study_type": _one(e, "DESCRIPTOR/STUDY_TYPE/@existing_study_type")
        or _one(e, "DESCRIPTOR/STUDY_TYPE/@new_study_type"),
        "center_project_name": _one(e, "DESCRIPTOR/CENTER_PROJECT_NAME"),
        "bioproject": _of(row["ids"], "BioProject"),
    }


def sample(e: Any) -> dict[str, Any]:
    row = _object(e, "SAMPLE")
    return row | {
        "title": _one(e, "TITLE"),
        "description": _one(e, "DESCRIPTION"),
        "organism": _one(e, "SAMPLE_NAME/SCIENTIFIC_NAME"),
        "common_name": _one(e, "SAMPLE_NAME/COMMON_NAME"),
        "taxon_id": _number(_one(e, "SAMPLE_NAME/TAXON_ID")),
        "biosample": _of(row["ids"], "BioSample"),
    }


def experiment(e: Any) -> dict[str, Any]:
    library = "DESIGN/LIBRARY_DESCRIPTOR"
    layout, platform = e.xpath(f"{library}/LIBRARY_LAYOUT/*"), e.xpath("PLATFORM/*")
    length, deviation = (_one(e, f"{library}/LIBRARY_LAYOUT/PAIRED/@NOMINAL_{n}") for n in ("LENGTH", "SDEV"))
    return _object(e, "EXPERIMENT") | {
        "title": _one(e, "TITLE"),
        "study": _one(e, "STUDY_REF/@accession"),
        "sample": _one(e, "DESIGN/SAMPLE_DESCRIPTOR/@accession"),
        "bioproject": _of(_ids(e, "STUDY_REF/IDENTIFIERS"), "BioProject"),
        "biosample": _of(_ids(e, "DESIGN/SAMPLE_DESCRIPTOR/IDENTIFIERS"), "BioSample"),
        "design_description": _one(e, "DESIGN/DESIGN_DESCRIPTION"),
        "library_name": _one(e, f"{library}/LIBRARY_NAME"),
        "library_strategy": _one(e, f"{library}/LIBRARY_STRATEGY"),
        "library_source": _one(e, f"{library}/LIBRARY_SOURCE"),
        "library_selection": _one(e, f"{library}/LIBRARY_SELECTION"),
        "library_layout": layout[0].tag if layout else None,
        "nominal_length": _number(length),
        "nominal_sdev": float(deviation) if deviation else None,
        "library_construction_protocol": _one(e, f"{library}/LIBRARY_CONSTRUCTION_PROTOCOL"),
        "platform": platform[0].tag if platform else None,
        "instrument_model": _one(e, "PLATFORM/*/INSTRUMENT_MODEL"),
    }


def _file(f: Any) -> dict[str, Any]:
    names = {"name": "filename", "url": "url", "md5": "md5", "created": "date"}
    names |= {name: name for name in ("semantic_name", "supertype", "cluster")}
    row: dict[str, Any] = {name: f.get(key) for name, key in names.items()}
    others = [{k: a.get(k) for k in ("url", "org", "access_type", "free_egress")} for a in f.findall("Alternatives")]
    return row | {"bytes": _number(f.get("size")), "alternatives": others}


def run(e: Any) -> dict[str, Any]:
    return _object(e, "RUN") | {
        "title": _one(e, "TITLE"),
        "experiment": _one(e, "EXPERIMENT_REF/@accession"),
        "run_center": (e.get("run_center") or "").strip() or None,
        "run_date": e.get("run_date"),
        "published": e.get("published"),
        "is_public": e.get("is_public"),
        "cluster_name": e.get("cluster_name"),
        "assembly": e.get("assembly"),
        "spots": _number(e.get("total_spots")),
        "bases": _number(e.get("total_bases")),
        "bytes": _number(e.get("size")),
        "files": [_file(f) for f in e.xpath("SRAFiles/SRAFile")],
        "clouds": [
            {k: c.get(k) for k in ("filetype", "provider", "location")} for c in e.xpath("CloudFiles/CloudFile")
        ],
        "reads": [
            {
                "index": _number(r.get("index")),
                "count": _number(r.get("count")),
                "average": float(r.get("average")),
                "stdev": float(r.get("stdev")),
            }
            for r in e.xpath("Statistics/Read")
        ],
        "members": [
            {
                "acc": m.get("accession"),
                "member_name": m.get("member_name") or None,
                "sample_name": m.get("sample_name") or None,
                "spots": _number(m.get("spots")),
                "bases": _number(m.get("bases")),
                "taxon_id": _number(m.get("tax_id")),
                "organism": m.get("organism"),
            }
            for m in e.xpath("Pool/Member")
        ],
    }


def analysis(e: Any) -> dict[str, Any]:
    inside = e.xpath("ANALYSIS_TYPE/*")
    return _object(e, "ANALYSIS") | {
        "title": _one(e, "TITLE"),
        "study": _one(e, "STUDY_REF/@accession"),
        "description": _one(e, "DESCRIPTION"),
        "analysis_center": e.get("analysis_center"),
        "analysis_date": e.get("analysis_date"),
        "analysis_type": inside[0].tag if inside else None,
    }


def biosample(e: Any) -> dict[str, Any]:
    ids = [
        {
            "namespace": i.get("db") or i.get("namespace") or i.get("db_label"),
            "id": (i.text or "").strip() or None,
            "label": i.get("db_label"),
        }
        for i in e.xpath("Ids/Id")
    ]
    tables = [
        [
            ["".join(c.xpath("text()")).strip() or None for c in row]
            for row in (*t.xpath("Header"), *t.xpath("Body/Row"))
        ]
        for t in e.xpath("Description/Comment/Table")
    ]
    paragraphs = ["".join(p.xpath("text()")).strip() for p in e.xpath("Description/Comment/Paragraph")]
    links = []
    for one in e.xpath("Links/Link"):
        url = one.get("type") == "url"
        text = (one.text or "").strip() or None
        links.append(
            {
                "db": one.get("target") or one.get("type"),
                "id": None if url else text,
                "label": one.get("label"),
                "url": text if url else None,
            }
        )
    return {
        "acc": e.get("accession"),
        "id": e.get("id"),
        "sra_sample": next((i["id"] for i in ids if i["namespace"] == "SRA"), None),
        "title": _one(e, "Description/Title"),
        "organism": _one(e, "Description/Organism/@taxonomy_name") or _one(e, "Description/Organism/OrganismName"),
        "taxon_id": _number(_one(e, "Description/Organism/@taxonomy_id")),
        "center_name": _one(e, "Owner/Name") or _one(e, "Owner/Name/@abbreviation"),
        "package": _one(e, "Package"),
        "access": e.get("access"),
        "submission_date": e.get("submission_date"),
        "last_update": e.get("last_update"),
        "publication_date": e.get("publication_date"),
        "status": _one(e, "Status/@status"),
        "status_date": _one(e, "Status/@when"),
        "ids": ids,
        "models": ["".join(m.xpath("text()")).strip() for m in e.xpath("Models/Model")],
        "description": "\n".join(p for p in paragraphs if p) or None,
        "links": links,
        "attributes": [
            {
                "k": a.get("attribute_name"),
                "v": "".join(a.xpath("text()")).strip() or None,
                "harmonized_name": a.get("harmonized_name"),
                "unit": a.get("unit"),
            }
            for a in e.xpath("Attributes/Attribute")
        ],
        "antibiogram": [row for table in tables for row in table] or None,
    }


def project(e: Any) -> dict[str, Any]:
    p = "Project/Project"
    own = _one(e, f"{p}/ProjectID/ArchiveID/@accession")
    kind = e.xpath(f"{p}/ProjectType/*")
    target = f"{p}/ProjectType/ProjectTypeSubmission/Target"
    links, parents = [], []
    for one in e.xpath("Project/ProjectLinks/Link"):
        ref, above = _one(one, "ProjectIDRef/@accession"), _one(one, "Hierarchical/MemberID/@accession")
        peer = _one(one, "PeerProject/MemberID/@accession")
        if ref == own and above:
            parents.append(above)
        label = _one(one, "Hierarchical/@type")
        other = (above or peer) if ref == own else ref
        links.append({"db": "hierarchical" if above else "peer", "id": other, "label": label, "url": None})
    names = [_one(o, "Name") for o in e.xpath("Project/Submission/Description/Organization")]
    return {
        "acc": own,
        "id": _one(e, f"{p}/ProjectID/ArchiveID/@id"),
        "name": _one(e, f"{p}/ProjectDescr/Name"),
        "title": _one(e, f"{p}/ProjectDescr/Title"),
        "description": _one(e, f"{p}/ProjectDescr/Description"),
        "release_date": _one(e, f"{p}/ProjectDescr/ProjectReleaseDate"),
        "project_type": kind[0].tag if kind else None,
        "data_type": [
            _one(d, ".") for d in e.xpath(f"{p}/ProjectType/ProjectTypeSubmission/ProjectDataTypeSet/DataType")
        ],
        "target_capture": _one(e, f"{target}/@capture"),
        "target_material": _one(e, f"{target}/@material"),
        "target_sample_scope": _one(e, f"{target}/@sample_scope"),
        "method_type": _one(e, f"{p}/ProjectType/ProjectTypeSubmission/Method/@method_type"),
        "organism": _one(e, f"{target}/Organism/OrganismName"),
        "taxon_id": _number(_one(e, f"{target}/Organism/@taxID")),
        "center_name": next((n for n in names if n), None),
        "submitted": _one(e, "Project/Submission/@submitted"),
        "last_update": _one(e, "Project/Submission/@last_update"),
        "publications": [str(x) for x in e.xpath(f"{p}/ProjectDescr/Publication/@id")],
        "locus_tag_prefixes": ["".join(x.xpath("text()")).strip() for x in e.xpath(f"{p}/ProjectDescr/LocusTagPrefix")],
        "parents": parents,
        "links": links,
    }


READERS = {
    "STUDY": study,
    "SAMPLE": sample,
    "EXPERIMENT": experiment,
    "RUN": run,
    "ANALYSIS": analysis,
    "BioSample": biosample,
    "Package": project,
}
ENTITY = {"BioSample": "biosample", "Package": "project"}
