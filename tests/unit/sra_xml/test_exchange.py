"""SRA XML: what is written is valid and reads back whole; what others wrote is read; what attacks is refused."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from biotheca import catalog
from biotheca.catalog import Field, ObjectType
from biotheca.errors import Invalid
from biotheca.sra_xml.read import document_of, objects_in, parsed
from biotheca.sra_xml.terms import OTHER_NAMES, stand_in
from biotheca.sra_xml.write import Written, one_set, sets_of
from biotheca.submissions.rules import check_document, errors_in
from biotheca.workbooks.verdicts import receive
from tests.depth import examples
from tests.real_data import folder_of
from tests.unit.submissions.making import good, project

GSA = catalog.members()["gsa"]
BIOPROJECT = catalog.members()["bioproject"]
WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), min_size=1
)
TEXTS = WORDS.map(str.strip).filter(bool)
ALIASES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)


def together(document: dict[str, Any], member: catalog.Member = GSA) -> bytes:
    """All sets of a document inside one root, as it may be sent."""
    sets = [re.sub(rb"<\?xml[^>]*\?>", b"", body) for body in sets_of(member, document).values()]
    return b"<SETS>" + b"".join(sets) + b"</SETS>"


def value_of(spec: Field) -> st.SearchStrategy[Any]:
    """Any value of a field's kind."""
    if spec.vocabulary and not spec.within:
        one = st.sampled_from(catalog.vocabulary(spec.vocabulary))
    else:
        one = {
            "integer": st.integers(0, 10**6),
            "taxon": st.integers(1, 2**31 - 1),
            "decimal": st.floats(0, 1e6, allow_nan=False) | st.integers(0, 10**6),
        }.get(spec.kind, TEXTS)
    if spec.kind == "items":
        must = {name: value_of(row) for name, row in spec.fields.items() if row.required}
        may = {name: value_of(row) for name, row in spec.fields.items() if not row.required}
        return st.lists(st.fixed_dictionaries(must, optional=may).filter(bool), min_size=1, max_size=2)
    return st.lists(one, min_size=1, max_size=3) if spec.multiple else one


def entry_of(kind: ObjectType) -> st.SearchStrategy[dict[str, Any]]:
    """An object that says what it must and some of what it may; models go with their platforms."""
    must = {n: value_of(s) for n, s in kind.fields.items() if s.required and not s.within}
    some = [s for s in kind.fields.values() if not s.required and s.name != "platform"]
    some = some[:14] + [s for s in some[14:] if s.kind not in ("text", "date")]  # texts are all alike here
    may = {s.name: value_of(s) for s in some}
    own = st.dictionaries(TEXTS.filter(lambda t: _is_own(kind, t)), TEXTS, min_size=1, max_size=3)
    made = st.fixed_dictionaries({"alias": ALIASES, **must}, optional={**may, "attributes": own})
    if "instrument_model" in kind.fields:
        pairs = [(p, m) for p, models in catalog.terms_within("instrument_model").items() for m in models]
        machine = st.sampled_from(pairs).map(lambda pair: {"platform": pair[0], "instrument_model": pair[1]})
        made = st.builds(lambda a, b: a | b, made, machine)
    if kind.files:
        file = st.fixed_dictionaries(
            {"name": ALIASES, "md5": st.from_regex(r"[0-9a-f]{32}", fullmatch=True)},
            optional={"size_bytes": st.integers(1, 10**12)},
        )
        made = st.builds(lambda a, b: a | {"files": b}, made, st.lists(file, min_size=1, max_size=2))
    return made


def _is_own(kind: ObjectType, text: str) -> bool:
    name = "_".join(text.split()).casefold()
    return name not in kind.fields and name not in OTHER_NAMES and name != "size_bytes"


def documents() -> st.SearchStrategy[dict[str, Any]]:
    sections = {}
    for kind in GSA.objects:
        one = entry_of(kind)
        sections[kind.section] = st.lists(one, min_size=1, max_size=2) if kind.many else one
    return st.fixed_dictionaries(sections)


@settings(max_examples=examples(25), deadline=None, suppress_health_check=list(HealthCheck))
@given(documents())
def test_what_is_written_reads_back_as_the_same_document(document: dict[str, Any]) -> None:
    assert document_of(GSA, together(document)) == document


def test_the_good_document_is_the_same_by_xml_as_by_json_and_is_taken() -> None:
    document = good()
    assert receive(GSA, "application/xml", together(document)).document == document
    assert errors_in(check_document(GSA, document_of(GSA, together(document)))) == []


def schemas(folder: Path) -> dict[str, etree.XMLSchema]:
    return {
        name: etree.XMLSchema(etree.parse(folder / f"SRA.{name}.xsd"))
        for name in ("study", "sample", "experiment", "run", "submission")
    }


XS = "{http://www.w3.org/2001/XMLSchema}"


def machines_of(folder: Path) -> set[tuple[str, str]]:
    """(platform, model) pairs that this version of the schemas knows."""
    root = etree.parse(folder / "SRA.common.xsd").getroot()
    named = {t.get("name"): [e.get("value") for e in t.iter(XS + "enumeration")] for t in root.iter(XS + "simpleType")}
    (whole,) = (t for t in root.iter(XS + "complexType") if t.get("name") == "PlatformType")
    found = set()
    for platform in whole.iter(XS + "element"):
        for model in platform.iter(XS + "element"):
            if model.get("name") == "INSTRUMENT_MODEL" and platform is not model:
                kind = str(model.get("type", "")).rpartition(":")[2]
                terms = named.get(kind) or [e.get("value") for e in model.iter(XS + "enumeration")]
                found |= {(platform.get("name"), term) for term in terms}
    return found


def strategies_of(folder: Path) -> set[str]:
    """Strategies that this version of the schemas knows; an older one lacks the newest."""
    text = (folder / "SRA.experiment.xsd").read_text()
    return set(re.findall(r'enumeration value="([^"]*)"', text))


@settings(max_examples=examples(25), deadline=None, suppress_health_check=list(HealthCheck))
@given(documents())
def test_what_is_written_validates_against_the_schemas(document: dict[str, Any]) -> None:
    folder = folder_of("insdc", "xsd")
    if folder is None:
        return
    machines, strategies = machines_of(folder), strategies_of(folder)
    for entry in document["experiments"]:
        if stand_in(entry["platform"], entry["instrument_model"]) not in machines:
            entry |= {"platform": "ILLUMINA", "instrument_model": "Illumina MiSeq"}
        entry["library_strategy"] = entry["library_strategy"] if entry["library_strategy"] in strategies else "OTHER"
    by_name = schemas(folder)
    for kind, body in sets_of(GSA, document).items():
        if kind in by_name:
            by_name[kind].assertValid(etree.fromstring(body))


def test_every_type_of_record_and_every_machine_validates() -> None:
    folder = folder_of("insdc", "xsd")
    print(f"schemas: {len(list(folder.glob('*.xsd'))) if folder else 0} files read")
    if folder is None:
        return
    by_name, machines = schemas(folder), machines_of(folder)
    base, checked = good()["experiments"][0], 0
    for platform, models in catalog.terms_within("instrument_model").items():
        for model in models:
            entry = {k: v for k, v in base.items() if k != "alias"} | {"platform": platform, "instrument_model": model}
            body = one_set("experiment", [Written("experiment", "e", entry, "CRX000001", study=("s", "CRA000001"))])
            if stand_in(platform, model) in machines:
                checked += 1
                by_name["experiment"].assertValid(etree.fromstring(body))
    assert checked > 60
    submission = one_set("submission", [Written("submission", "CRA000001", {"title": "A dataset"})])
    by_name["submission"].assertValid(etree.fromstring(submission))


# The order of children that the schemas demand, typed in by hand: what a clone without the schemas still checks.
ORDER = {
    "STUDY": ["IDENTIFIERS", "DESCRIPTOR", "STUDY_LINKS", "STUDY_ATTRIBUTES"],
    "SAMPLE": ["IDENTIFIERS", "TITLE", "SAMPLE_NAME", "DESCRIPTION", "SAMPLE_LINKS", "SAMPLE_ATTRIBUTES"],
    "EXPERIMENT": ["IDENTIFIERS", "TITLE", "STUDY_REF", "DESIGN", "PLATFORM", "PROCESSING", "EXPERIMENT_ATTRIBUTES"],
    "DESIGN": ["DESIGN_DESCRIPTION", "SAMPLE_DESCRIPTOR", "LIBRARY_DESCRIPTOR", "SPOT_DESCRIPTOR"],
    "LIBRARY_DESCRIPTOR": [
        "LIBRARY_NAME",
        "LIBRARY_STRATEGY",
        "LIBRARY_SOURCE",
        "LIBRARY_SELECTION",
        "LIBRARY_LAYOUT",
        "TARGETED_LOCI",
    ],
    "RUN": ["IDENTIFIERS", "TITLE", "EXPERIMENT_REF", "DATA_BLOCK", "RUN_ATTRIBUTES"],
    "PROJECT": [
        "IDENTIFIERS",
        "TITLE",
        "DESCRIPTION",
        "SUBMISSION_PROJECT",
        "UMBRELLA_PROJECT",
        "RELATED_PROJECTS",
        "PROJECT_ATTRIBUTES",
    ],
}


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(documents())
def test_children_stand_in_the_order_of_the_schemas(document: dict[str, Any]) -> None:
    for body in sets_of(GSA, document).values():
        for node in ElementTree.fromstring(body).iter():
            if node.tag in ORDER:
                places = [ORDER[node.tag].index(child.tag) for child in node]
                assert places == sorted(places)
            if node.tag == "PROJECT":
                assert 20 <= len(node.findtext("TITLE", "")) <= 250
                assert 20 <= len(node.findtext("DESCRIPTION", "")) <= 4000


def test_a_project_of_any_length_and_an_umbrella_read_back_whole() -> None:
    rows = [
        project("u", title="Short", project_type="umbrella"),
        project("p", title="x" * 400, description="y " * 3000 + "z", umbrella="u"),
    ]
    body = one_set(
        "project", [Written("project", r["alias"], {k: v for k, v in r.items() if k != "alias"}) for r in rows]
    )
    assert document_of(BIOPROJECT, body) == {"projects": rows}


def test_references_carry_name_and_accession() -> None:
    entry = {k: v for k, v in good()["experiments"][0].items() if k != "alias"}
    made = Written("experiment", "e1", entry, "CRX000001", {"sample": "SAMC000007"}, study=("st1", "CRA000001"))
    node = ElementTree.fromstring(one_set("experiment", [made]))[0]
    descriptor = node.find("DESIGN/SAMPLE_DESCRIPTOR")
    assert descriptor is not None and descriptor.attrib == {"refname": "s1", "accession": "SAMC000007"}
    assert node.find("STUDY_REF").attrib == {"refname": "st1", "accession": "CRA000001"}  # type: ignore[union-attr]


def test_a_machine_without_a_term_in_the_schema_keeps_its_name_in_an_attribute() -> None:
    entry = {k: v for k, v in good()["experiments"][0].items() if k != "alias"}
    entry |= {"platform": "CYCLONESEQ", "instrument_model": "CycloneSEQ-WT02"}
    body = one_set("experiment", [Written("experiment", "e1", entry)])
    assert b"<INSTRUMENT_MODEL>unspecified" in body
    (back,) = document_of(GSA, body)["experiments"]
    assert (back["platform"], back["instrument_model"]) == ("CYCLONESEQ", "CycloneSEQ-WT02")


def test_a_type_of_file_without_a_term_in_the_schema_is_kept_in_an_attribute() -> None:
    entry = {k: v for k, v in good()["runs"][0].items() if k not in ("alias", "files")} | {"file_type": "10x"}
    file = {"name": "run.tar.gz", "md5": "0" * 32}
    body = one_set("run", [Written("run", "r1", entry, files=[file])])
    assert b'filetype="fastq"' in body
    assert document_of(GSA, body)["runs"][0]["file_type"] == "10x"


BOMB = b'<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">' + b"".join(
    b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(8)
)
HOSTILE = {
    "external entity": (
        b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><RUN_SET>&x;</RUN_SET>',
        "sraxml.forbidden",
    ),
    "billion laughs": (BOMB + b"]><RUN_SET>&i;</RUN_SET>", "sraxml.forbidden"),
    "document type alone": (b"<!DOCTYPE r><RUN_SET/>", "sraxml.forbidden"),
    "external document type": (b'<!DOCTYPE r SYSTEM "http://example.org/x.dtd"><RUN_SET/>', "sraxml.forbidden"),
    "deep": (b"<a>" * 100_000, "sraxml.too_large"),
    "wide": (b"<RUN_SET>" + b"<R/>" * 600_000 + b"</RUN_SET>", "sraxml.too_large"),
    "large": (b"<RUN_SET>" + b" " * 9_000_000 + b"</RUN_SET>", "sraxml.too_large"),
    "no xml": (b"{}", "sraxml.not_xml"),
    "nothing": (b"", "sraxml.not_xml"),
    "unknown encoding": (b'<?xml version="1.0" encoding="rot13"?><RUN_SET/>', "sraxml.not_xml"),
    "cut short": (b"<RUN_SET><RUN>", "sraxml.not_xml"),
    "other": (b"<html/>", "sraxml.empty"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_or_broken_body_is_refused_at_once_with_its_rule(name: str) -> None:
    body, rule = HOSTILE[name]
    began = time.process_time()
    with pytest.raises(Invalid) as caught:
        document_of(GSA, body)
    assert [f.rule for f in caught.value.findings] == [rule]
    assert time.process_time() - began < 5
    assert "root:" not in str(caught.value.findings)


# Element counts of the published sets, counted by regular expression when they were collected.
GOLDEN = {"experiment": 190, "run": 1745, "sample": 74, "study": 15, "submission": 14}


def test_real_sets_are_read_whole() -> None:
    folder = folder_of("insdc", "sra_sets")
    files = sorted(folder.rglob("*.xml")) if folder else []
    found = dict.fromkeys(GOLDEN, 0)
    for file in files:
        body = file.read_bytes()
        for kind, elements in objects_in(parsed(body)).items():
            if kind in found:
                found[kind] += len(elements)
        if not file.name.endswith(("analysis.xml", "submission.xml")):
            document = document_of(GSA, body)
            assert check_document(GSA, document), "a lone set is never complete, and the checks bear it"
    print(f"real sets: {len(files)} files read, {found}")
    if files:
        assert found == GOLDEN


def test_a_real_experiment_and_sample_mean_what_they_say() -> None:
    folder = folder_of("insdc", "sra_sets", "DRA000072")
    if folder is None:
        return
    (experiment,) = document_of(GSA, (folder / "DRA000072.experiment.xml").read_bytes())["experiments"]
    assert experiment["instrument_model"] == "Illumina Genome Analyzer II"
    assert (experiment["library_layout"], experiment["sample"]) == ("SINGLE", "DRS000095")
    (sample,) = document_of(GSA, (folder / "DRA000072.sample.xml").read_bytes())["samples"]
    assert (sample["taxon_id"], sample["strain"]) == (709531, "HT9R")
    assert document_of(GSA, (folder / "DRA000072.study.xml").read_bytes())["study"]["project"] == "PRJDA43375"
