"""SRA XML to a metadata document: sets, single objects, or one document that holds them all. Writing: write.

A document type, entities and external references are refused, and so are bodies beyond a size or depth: nothing is
ever fetched or expanded.
"""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from biotheca import catalog
from biotheca.catalog import Member, ObjectType
from biotheca.errors import Finding, Invalid
from biotheca.sra_xml.terms import ELEMENTS, NOT_GIVEN, field_of, from_text

LARGEST_BYTES = 8 * 2**20
DEEPEST = 40
MOST_ELEMENTS = 500_000


class _Builder(TreeBuilder):
    """Builds the tree and counts, so that a body that is deep or wide ends early."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = self.count = 0

    def start(self, tag: Any, attrs: Any) -> Element:
        self.depth += 1
        self.count += 1
        if self.depth > DEEPEST or self.count > MOST_ELEMENTS:
            raise _refused("sraxml.too_large", f"More than {DEEPEST} levels or {MOST_ELEMENTS} elements.")
        return super().start(tag, attrs)

    def end(self, tag: Any) -> Element:
        self.depth -= 1
        return super().end(tag)


def _refused(rule: str, message: str) -> Invalid:
    finding = Finding(rule, "/", message, mend=catalog.mend(rule))
    return Invalid(message, [finding])


def parsed(body: bytes) -> Element:
    """The root of a body; Invalid if it is no XML, too large, or holds a document type or an entity."""
    if len(body) > LARGEST_BYTES:
        raise _refused("sraxml.too_large", f"The body has {len(body)} bytes; {LARGEST_BYTES} at most.")
    parser = DefusedXMLParser(target=_Builder(), forbid_dtd=True, forbid_entities=True, forbid_external=True)
    try:
        parser.feed(body)
        return parser.close()
    except DefusedXmlException as error:
        message = "A document type or an entity stands in the XML."
        raise _refused("sraxml.forbidden", message) from error
    except (ParseError, ValueError, LookupError) as error:
        raise _refused("sraxml.not_xml", f"The body is not XML: {str(error)[:150]}.") from error


def objects_in(root: Element) -> dict[str, list[Element]]:
    """Elements by object type, wherever they stand."""
    return {kind: list(root.iter(element)) for kind, (_, element) in ELEMENTS.items()}


def document_of(member: Member, body: bytes) -> dict[str, Any]:
    """The metadata document that SRA XML means; what the member has no type for stands under its type's name."""
    document: dict[str, Any] = {}
    types = {kind.type: kind for kind in member.objects}
    for name, elements in objects_in(parsed(body)).items():
        if not elements or name == "submission":
            continue
        kind = types.get(name)
        if kind is None:
            document[name] = [{"alias": _alias(element)} for element in elements]
            continue
        made = [_entry(kind, element) for element in elements]
        document[kind.section] = made if kind.many or len(made) > 1 else made[0]
    if not document:
        raise _refused("sraxml.empty", "The XML holds no project, study, sample, experiment or run.")
    return document


def _alias(element: Element) -> str:
    return (element.get("alias") or element.get("accession") or "").strip()


def _entry(kind: ObjectType, element: Element) -> dict[str, Any]:
    entry: dict[str, Any] = {"alias": _alias(element)}
    entry |= {k: v for k, v in _READERS[kind.type](element).items() if v not in (None, "", [])}
    custom: dict[str, str] = {}
    for attribute in element.findall(f"{element.tag}_ATTRIBUTES/{element.tag}_ATTRIBUTE"):
        tag, value = _said(attribute, "TAG") or "", _said(attribute, "VALUE") or ""
        spec = field_of(kind, tag)
        if tag == "size_bytes" and kind.files:
            _sizes(entry, value)
        elif value and spec:
            entry[spec.name] = from_text(spec, value)  # an attribute says the true value where an element stands in
        elif value and tag:
            custom[tag] = f"{value} {units}" if (units := _said(attribute, "UNITS")) else value
    return entry | ({"attributes": custom} if custom else {})


def _sizes(entry: dict[str, Any], text: str) -> None:
    import json

    try:
        sizes = json.loads(text)
    except ValueError:
        return
    files = entry.get("files", [])
    if isinstance(sizes, list) and len(sizes) == len(files):
        for file, size in zip(files, sizes, strict=True):
            if size is not None:
                file["size_bytes"] = size


def _said(element: Element, path: str) -> str | None:
    text = (element.findtext(path) or "").strip()
    return text or None


def _refers_to(element: Element | None) -> str | None:
    """What a reference names: the name if it has one, else the accession."""
    if element is None:
        return None
    return element.get("refname") or element.get("accession") or _said(element, "IDENTIFIERS/PRIMARY_ID")


def _number(text: str | None) -> Any:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else text


def _project(element: Element) -> dict[str, Any]:
    parent = element.find("RELATED_PROJECTS/RELATED_PROJECT/PARENT_PROJECT")
    organism = element.find("*/ORGANISM")
    made: dict[str, Any] = {"title": _said(element, "TITLE"), "description": _said(element, "DESCRIPTION")}
    if element.find("UMBRELLA_PROJECT") is not None:
        made["project_type"] = "umbrella"
    if parent is not None:
        made["umbrella"] = parent.get("accession")
    if organism is not None:
        taxon, name = _number(_said(organism, "TAXON_ID")), _said(organism, "SCIENTIFIC_NAME")
        made["organisms"] = [{"taxon_id": taxon, "organism": name}]
    return made


def _study(element: Element) -> dict[str, Any]:
    descriptor = element.find("DESCRIPTOR")
    descriptor = Element("DESCRIPTOR") if descriptor is None else descriptor
    kind = descriptor.find("STUDY_TYPE")
    given = kind.get("existing_study_type") if kind is not None else None
    if kind is not None and kind.get("new_study_type") == NOT_GIVEN:
        given = None
    return {
        "title": _said(descriptor, "STUDY_TITLE"),
        "description": _said(descriptor, "STUDY_ABSTRACT") or _said(descriptor, "STUDY_DESCRIPTION"),
        "study_type": given,
        "project": _project_of(element, descriptor),
    }


def _project_of(element: Element, descriptor: Element) -> str | None:
    for link in descriptor.iter("RELATED_LINK"):
        if (_said(link, "DB") or "").casefold() == "bioproject":
            return _said(link, "LABEL") or _said(link, "ID")
    for identifier in element.iter():
        is_project = "bioproject" in (identifier.get("label", "") + identifier.get("namespace", "")).casefold()
        if identifier.tag in ("PRIMARY_ID", "EXTERNAL_ID") and is_project:
            return (identifier.text or "").strip() or None
    return None


def _sample(element: Element) -> dict[str, Any]:
    return {
        "title": _said(element, "TITLE"),
        "taxon_id": _number(_said(element, "SAMPLE_NAME/TAXON_ID")),
        "organism": _said(element, "SAMPLE_NAME/SCIENTIFIC_NAME"),
        "description": _said(element, "DESCRIPTION"),
    }


def _experiment(element: Element) -> dict[str, Any]:
    library = "DESIGN/LIBRARY_DESCRIPTOR/"
    layout = element.find(library + "LIBRARY_LAYOUT/*")
    platform = element.find("PLATFORM/*")
    made: dict[str, Any] = {
        "title": _said(element, "TITLE"),
        "sample": _refers_to(element.find("DESIGN/SAMPLE_DESCRIPTOR")),
        "design_description": _said(element, "DESIGN/DESIGN_DESCRIPTION"),
        "platform": platform.tag if platform is not None else None,
        "instrument_model": _said(platform, "INSTRUMENT_MODEL") if platform is not None else None,
        "library_layout": layout.tag if layout is not None else None,
        "targeted_loci": [locus.get("locus_name") for locus in element.findall(library + "TARGETED_LOCI/LOCUS")],
    }
    for name in ("library_name", "library_strategy", "library_source", "library_selection"):
        made[name] = _said(element, library + name.upper())
    if layout is not None:
        made["nominal_size"] = _number(layout.get("NOMINAL_LENGTH"))
        made["nominal_sdev"] = _decimal(layout.get("NOMINAL_SDEV"))
    return made


def _decimal(text: str | None) -> Any:
    try:
        number = float(text or "")
    except ValueError:
        return text
    return int(number) if number.is_integer() and "." not in (text or "") else number


def _run(element: Element) -> dict[str, Any]:
    files = element.findall("DATA_BLOCK/FILES/FILE")
    return {
        "title": _said(element, "TITLE"),
        "experiment": _refers_to(element.find("EXPERIMENT_REF")),
        "file_type": files[0].get("filetype") if files else None,
        "files": [{"name": file.get("filename"), "md5": file.get("checksum")} for file in files],
    }


_READERS = {"project": _project, "study": _study, "sample": _sample, "experiment": _experiment, "run": _run}
