"""Objects to SRA XML: one set an object type, each valid against its schema. Reading: read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from biotheca.catalog import Member
from biotheca.sra_xml.terms import ELEMENTS, NOT_GIVEN, file_type_in_place_of, stand_in, to_text

SHORTEST_PROJECT_TEXT, LONGEST_PROJECT_TITLE, LONGEST_PROJECT_DESCRIPTION = 20, 250, 4000


@dataclass(frozen=True)
class Written:
    """One object to be written. `refers`: field -> accession of what it refers to; `files`: name, md5, type each."""

    type: str
    alias: str
    attributes: dict[str, Any]
    accession: str | None = None
    refers: dict[str, str] = field(default_factory=dict)
    files: list[dict[str, Any]] = field(default_factory=list)
    study: tuple[str, str] = ("", "")  # alias and accession of the dataset, for experiments


def one_set(kind: str, objects: Iterable[Written], center: str = "") -> bytes:
    """The set of all objects of one type, as a document."""
    root = Element(ELEMENTS[kind][0])
    root.extend(element_of(kind, made, center) for made in objects)
    indent(root)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="utf-8") + b"\n"


def element_of(kind: str, made: Written, center: str = "") -> Element:
    """One object as an element of its set."""
    element = ELEMENTS[kind][1]
    node = Element(element, {"alias": made.alias})
    if made.accession:
        node.set("accession", made.accession)
        SubElement(SubElement(node, "IDENTIFIERS"), "PRIMARY_ID").text = made.accession
    if center:
        node.set("center_name", center)
    rest = {k: v for k, v in made.attributes.items() if v not in (None, "", []) and k != "attributes"}
    _WRITERS[kind](node, made, rest)
    _attributes(node, element, rest, made.attributes.get("attributes") or {})
    return node


def sets_of(member: Member, document: dict[str, Any]) -> dict[str, bytes]:
    """Every set of a metadata document, by object type."""
    study = document.get("study") or {}
    found: dict[str, list[Written]] = {}
    for kind in member.objects:
        section = document.get(kind.section) or []
        for entry in section if isinstance(section, list) else [section]:
            said = {k: v for k, v in entry.items() if k not in ("alias", "files")}
            place = (str(study.get("alias", "")), "")
            made = Written(kind.type, entry["alias"], said, files=entry.get("files", []), study=place)
            found.setdefault(kind.type, []).append(made)
    return {name: one_set(name, objects) for name, objects in found.items()}


def _text(parent: Element, name: str, value: Any) -> Element:
    node = SubElement(parent, name)
    node.text = to_text(value)
    return node


def _attributes(node: Element, element: str, rest: dict[str, Any], custom: dict[str, Any]) -> None:
    pairs = [*((name, value) for name, value in rest.items()), *custom.items()]
    if not pairs or element == "SUBMISSION":
        return
    holder = SubElement(node, f"{element}_ATTRIBUTES")
    for name, value in pairs:
        one = SubElement(holder, f"{element}_ATTRIBUTE")
        _text(one, "TAG", name)
        _text(one, "VALUE", value)


def _reference(node: Element, name: str, refname: str, accession: str) -> Element:
    given = {"refname": refname} | ({"accession": accession} if accession else {})
    return SubElement(node, name, {k: v for k, v in given.items() if v})


def _project(node: Element, made: Written, rest: dict[str, Any]) -> None:
    for name, longest in (("title", LONGEST_PROJECT_TITLE), ("description", LONGEST_PROJECT_DESCRIPTION)):
        text = to_text(rest[name])
        if SHORTEST_PROJECT_TEXT <= len(text) <= longest:
            del rest[name]
        else:  # the schema's limits are not ours: the whole text goes into an attribute
            text = (
                text[: longest - 3] + "..." if len(text) > longest else f"{text} ...".ljust(SHORTEST_PROJECT_TEXT, ".")
            )
        _text(node, name.upper(), text)
    umbrella = rest.get("project_type") == "umbrella"
    holder = SubElement(node, "UMBRELLA_PROJECT" if umbrella else "SUBMISSION_PROJECT")
    if not umbrella:
        SubElement(holder, "SEQUENCING_PROJECT")
    for first in (rest.get("organisms") or [])[:1]:
        organism = SubElement(holder, "ORGANISM")
        _text(organism, "TAXON_ID", first["taxon_id"])
        _text(organism, "SCIENTIFIC_NAME", first["organism"])
    if made.refers.get("umbrella"):
        related = SubElement(SubElement(node, "RELATED_PROJECTS"), "RELATED_PROJECT")
        SubElement(related, "PARENT_PROJECT", {"accession": made.refers["umbrella"]})


def _study(node: Element, made: Written, rest: dict[str, Any]) -> None:
    descriptor = SubElement(node, "DESCRIPTOR")
    _text(descriptor, "STUDY_TITLE", rest.pop("title"))
    given = rest.pop("study_type", None)
    other = {} if given else {"new_study_type": NOT_GIVEN}
    SubElement(descriptor, "STUDY_TYPE", {"existing_study_type": given or "Other", **other})
    if "description" in rest:
        _text(descriptor, "STUDY_ABSTRACT", rest.pop("description"))
    named = rest.pop("project", None)
    if named:
        related = SubElement(SubElement(descriptor, "RELATED_STUDIES"), "RELATED_STUDY")
        link = SubElement(related, "RELATED_LINK")
        _text(link, "DB", "bioproject")
        _text(link, "ID", made.refers.get("project") or named)
        _text(link, "LABEL", named)
        _text(related, "IS_PRIMARY", "true")


def _sample(node: Element, made: Written, rest: dict[str, Any]) -> None:
    _text(node, "TITLE", rest.pop("title"))
    name = SubElement(node, "SAMPLE_NAME")
    _text(name, "TAXON_ID", rest.pop("taxon_id"))
    _text(name, "SCIENTIFIC_NAME", rest.pop("organism"))
    if "description" in rest:
        _text(node, "DESCRIPTION", rest.pop("description"))


def _experiment(node: Element, made: Written, rest: dict[str, Any]) -> None:
    _text(node, "TITLE", rest.pop("title"))
    _reference(node, "STUDY_REF", *made.study)
    design = SubElement(node, "DESIGN")
    _text(design, "DESIGN_DESCRIPTION", rest.pop("design_description"))
    _reference(design, "SAMPLE_DESCRIPTOR", rest.pop("sample"), made.refers.get("sample", ""))
    library = SubElement(design, "LIBRARY_DESCRIPTOR")
    if "library_name" in rest:
        _text(library, "LIBRARY_NAME", rest.pop("library_name"))
    for name in ("library_strategy", "library_source", "library_selection"):
        _text(library, name.upper(), rest.pop(name))
    _layout(SubElement(library, "LIBRARY_LAYOUT"), rest)
    if loci := rest.pop("targeted_loci", None):
        holder = SubElement(library, "TARGETED_LOCI")
        for locus in loci:
            SubElement(holder, "LOCUS", {"locus_name": locus})
    platform, model = stand_in(rest["platform"], rest["instrument_model"])
    if (platform, model) == (rest["platform"], rest["instrument_model"]):
        del rest["platform"], rest["instrument_model"]
    _text(SubElement(SubElement(node, "PLATFORM"), platform), "INSTRUMENT_MODEL", model)


def _layout(holder: Element, rest: dict[str, Any]) -> None:
    layout = SubElement(holder, rest.pop("library_layout"))
    if layout.tag == "PAIRED":
        for name, attribute in (("nominal_size", "NOMINAL_LENGTH"), ("nominal_sdev", "NOMINAL_SDEV")):
            if name in rest:
                layout.set(attribute, to_text(rest.pop(name)))


def _run(node: Element, made: Written, rest: dict[str, Any]) -> None:
    _text(node, "TITLE", rest.pop("title"))
    _reference(node, "EXPERIMENT_REF", rest.pop("experiment"), made.refers.get("experiment", ""))
    if made.files:
        kind = file_type_in_place_of(rest["file_type"])
        if kind == rest["file_type"]:
            del rest["file_type"]
        files = SubElement(SubElement(node, "DATA_BLOCK"), "FILES")
        for file in made.files:
            said = {
                "filename": file["name"],
                "filetype": kind,
                "checksum_method": "MD5",
                "checksum": file["md5"].lower(),
            }
            SubElement(files, "FILE", said)
        sizes = [file.get("size_bytes") for file in made.files]
        if any(size is not None for size in sizes):
            rest["size_bytes"] = sizes


def _submission(node: Element, made: Written, rest: dict[str, Any]) -> None:
    _text(node, "TITLE", rest.pop("title"))
    SubElement(SubElement(SubElement(node, "ACTIONS"), "ACTION"), "ADD")


_WRITERS = {
    "project": _project,
    "study": _study,
    "sample": _sample,
    "experiment": _experiment,
    "run": _run,
    "submission": _submission,
}
