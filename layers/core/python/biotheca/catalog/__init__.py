"""The archive as data: members, object types, packages, accession forms, vocabularies, rules.

Everything that differs between member databases stands in the YAML files beside this module; code
that names a member is a defect (tests/unit/catalog). Loaded once a process, frozen, no cloud.

An institution adds members, accession forms, vocabularies and rules of its own in folders that BIOTHECA_CATALOG names
(separated as in PATH): files members*.yaml, accessions*.yaml ... of the same form. It adds; it replaces nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from biotheca.catalog.model import KINDS, Field, Member, ObjectType, Package

__all__ = ["KINDS", "Field", "Member", "ObjectType", "Package", "accession_forms", "aliases", "document", "documents"]
__all__ += [
    "members",
    "mend",
    "missing_terms",
    "request_documents",
    "request_forms",
    "rules",
    "terms_within",
    "version",
    "vocabularies",
    "vocabulary",
]


def _parsed(text: str) -> dict[str, Any]:
    import yaml  # a sound file is checked without a word of the catalog

    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - a safe loader


def _read(name: str) -> dict[str, Any]:
    return _parsed((resources.files(__package__) / name).read_text("utf-8"))


def _every(start: str) -> Iterator[dict[str, Any]]:
    """The contents of all YAML files whose names start so, by name: ours, then an institution's own."""
    folders: list[Any] = [resources.files(__package__)]
    folders += [Path(folder) for folder in os.environ.get("BIOTHECA_CATALOG", "").split(os.pathsep) if folder]
    for folder in folders:
        for entry in sorted(folder.iterdir(), key=lambda e: e.name):
            if entry.name.startswith(start) and entry.name.endswith(".yaml"):
                yield _parsed(entry.read_text("utf-8"))


def _added(start: str, key: str) -> dict[str, Any]:
    """The rows under a key of all such files; a name that stands twice is a fault of the catalog."""
    found: dict[str, Any] = {}
    for content in _every(start):
        rows = content.get(key) or {}
        if twice := set(found) & set(rows):
            raise ValueError(f"the catalog has {key} {', '.join(sorted(twice))} twice")
        found |= rows
    return found


def _field(name: str, spec: dict[str, Any]) -> Field:
    inner = {key: _field(key, row) for key, row in spec.get("fields", {}).items()}
    tuples: dict[str, Any] = {
        key: {other: tuple(v if isinstance(v, list) else [v]) for other, v in spec[key].items()}
        for key in ("where", "required_if", "required_unless")
        if key in spec
    }
    return Field(name=name, **{k: v for k, v in spec.items() if k not in ("fields", *tuples)}, **tuples, fields=inner)


def _added_rows(start: str, named_by: str, key: str | None = None) -> dict[str, dict[str, Any]]:
    """As `_added`, where rows are a list and each says its own name."""
    found: dict[str, dict[str, Any]] = {}
    for content in _every(start):
        for row in content.get(key or start) or []:
            if row[named_by] in found:
                raise ValueError(f"the catalog has {key or start} {row[named_by]} twice")
            found[row[named_by]] = row
    return found


@cache
def packages(set_name: str) -> dict[str, Package]:
    """The packages of a set (e.g. sample), by id."""
    rows = _added("packages", "packages")[set_name]
    common = {k: tuple(v) for k, v in rows.get("common", {}).items()}
    return {
        name: Package(
            id=name,
            title=row["title"],
            mandatory=tuple(row.get("mandatory", ())),
            groups=tuple(tuple(group) for group in row.get("groups", ())),
            recommended=tuple(row.get("recommended", ())) + common.get("recommended", ()),
            within=tuple(row.get("within", ())),
            outside=tuple(row.get("outside", ())),
            optional=tuple(row.get("optional", ())) + common.get("optional", ()),
        )
        for name, row in rows["rows"].items()
    }


@cache
def _shared_types() -> dict[str, dict[str, Any]]:
    """The object types that members use, as written; attributes of many types stand in files of their own.

    `more_fields`: such files, the first that has a field wins; `of_packages_only`: of these only what a package names.
    `take`: fields of another type, as they stand there.
    """
    rows = _added("object_types", "object_types")
    for row in rows.values():
        more = row.pop("more_fields", [])
        wanted = _named_by_packages(row) if row.pop("of_packages_only", False) else None
        for name in [more] if isinstance(more, str) else more:
            found = _read(name)["fields"]
            row["fields"] |= {k: v for k, v in found.items() if k not in row["fields"] and (not wanted or k in wanted)}
        for other, names in row.pop("take", {}).items():
            row["fields"] |= {name: rows[other]["fields"][name] for name in names}
    return rows


def _named_by_packages(row: dict[str, Any]) -> set[str]:
    return {name for package in packages(row["packages"]["set"]).values() for name in package.fields()}


def _object_type(row: dict[str, Any]) -> ObjectType:
    """An object type from its row. `use: NAME` starts from the shared type; what the row says goes before it.

    `change`: words of single fields that the member says otherwise.
    """
    if "use" in row:
        row = {"type": row["use"], **_shared_types()[row["use"]], **{k: v for k, v in row.items() if k != "use"}}
    changed = row.get("change", {})
    row = {k: v for k, v in row.items() if k != "change"}
    row["fields"] = {name: spec | changed.get(name, {}) for name, spec in row.get("fields", {}).items()}
    by = row.get("packages")
    made = {k: v for k, v in row.items() if k not in ("fields", "published_names", "packages", "differ_beyond")}
    return ObjectType(
        **made,
        fields={name: _field(name, spec) for name, spec in row.get("fields", {}).items()},
        published_names=tuple(row.get("published_names", ())),
        package_field=by["by"] if by else None,
        packages=packages(by["set"]) if by else {},
        differ_beyond=tuple(row.get("differ_beyond", ())),
    )


@cache
def members() -> dict[str, Member]:
    """Every member database by id."""
    rows = _added_rows("members", "id").values()
    return {
        row["id"]: Member(
            id=row["id"],
            title=row["title"],
            purpose=row["purpose"],
            access_modes=tuple(row["access_modes"]),
            dataset=row["dataset"],
            objects=tuple(_object_type(kind) for kind in row["objects"]),
            refuses_taxa={int(taxon): target for taxon, target in row.get("refuses_taxa", {}).items()},
            refuses_packages=row.get("refuses_packages", {}),
            review=row["review"],
            lake=row.get("lake", {}),
            agree=tuple(row.get("agree", ())),
            demands={mode: tuple(fields) for mode, fields in row.get("demands", {}).items()},
            only_with_taxa={mode: tuple(taxa) for mode, taxa in row.get("only_with_taxa", {}).items()},
            sealed=tuple(row.get("sealed", ())),
            request_form=row.get("request_form", "full"),
            one_click=row.get("one_click", False),
            jurisdiction=row.get("jurisdiction", {}),
            numbers=row.get("numbers", ""),
            sensitivity=row.get("sensitivity", {}),
            made=tuple(_object_type(kind) for kind in row.get("made", ())),
        )
        for row in rows
    }


@cache
def version() -> str:
    """The version of the members' object types, fields and vocabularies; noted with every submission."""
    return str(_read("members.yaml")["version"])


@cache
def vocabularies() -> dict[str, tuple[str, ...]]:
    """Every controlled vocabulary: name -> terms in published order."""
    found = {name: tuple(map(str, terms)) for name, terms in _added("vocabularies", "vocabularies").items()}
    platforms = _platforms()["platforms"]
    found["platform"] = tuple(platforms)
    found["instrument_model"] = tuple(dict.fromkeys(model for models in platforms.values() for model in models))
    found["data_use_code"] = tuple(duo()["codes"])
    found["country"] = tuple(_read("countries.yaml")["countries"])
    return found


@cache
def data_types() -> dict[str, tuple[str, ...]]:
    """Primary types of omics data, in English, and the subcategories below each."""
    rows = _read("data_types.yaml")["primary"]
    return {row["title"]["en"]: (*row["recovered"], *row["reconstructed"]) for row in rows}


def vocabulary(name: str) -> tuple[str, ...]:
    """The terms of a controlled vocabulary, in published order; KeyError if there is none of that name."""
    return vocabularies()[name]


@cache
def _platforms() -> dict[str, Any]:
    return _read("platforms.yaml")


@cache
def platforms_of_names() -> dict[str, tuple[str, ...]]:
    """Shape of read names -> the platforms that write such names."""
    return {shape: tuple(platforms) for shape, platforms in _platforms()["names"].items()}


def terms_within(name: str) -> dict[str, tuple[str, ...]]:
    """Of a vocabulary that another field narrows: that field's value -> the terms that go with it."""
    if name != "instrument_model":
        return {}
    return {platform: tuple(models) for platform, models in _platforms()["platforms"].items()}


def lacking_in_sra_xml() -> dict[str, Any]:
    """Platforms and file types (and their stand-ins) and models that SRA XML has no term for."""
    return _platforms()["lacking_in_sra_xml"]


def aliases(name: str) -> dict[str, str]:
    """Other spellings of a vocabulary's terms, in lower case -> the term. They are taken with a hint."""
    found = _read_aliases().get(name, {})
    return {str(k).casefold(): str(v) for k, v in found.items()}


@cache
def _read_aliases() -> dict[str, dict[str, str]]:
    return {"instrument_model": _platforms()["aliases"], **_read("vocabularies.yaml").get("aliases", {})}


@cache
def missing_terms() -> frozenset[str]:
    """INSDC reporting terms for a value that is not there."""
    return frozenset(vocabulary("missing_value"))


@cache
def country_boxes() -> dict[str, tuple[tuple[float, float, float, float], ...]]:
    """Country or sea -> boxes (south, west, north, east) in degrees that hold it, generously; none for some seas."""
    rows = _read("countries.yaml")["countries"]
    return {name: tuple(tuple(box) for box in boxes or ()) for name, boxes in rows.items()}


@cache
def plausibility() -> dict[str, Any]:
    """What the plausibility rules look at: fields, words and thresholds."""
    return _read("plausibility.yaml")


@cache
def privacy() -> dict[str, Any]:
    """What the privacy rules look for: surnames, syllables, words."""
    return _read("privacy.yaml")


@cache
def duo() -> dict[str, Any]:
    """Data use codes: the rows of duo.yaml, `codes` by id."""
    found = _read("duo.yaml")
    return found | {"codes": {row["id"]: row for row in found["codes"]}}


@cache
def openness() -> dict[str, Any]:
    """Words of the openness score: the rows of openness.yaml."""
    return _read("openness.yaml")


@cache
def anonymity() -> dict[str, Any]:
    """Quasi-identifiers of tables of people and how they become coarser: the rows of anonymity.yaml."""
    return _read("anonymity.yaml")


@cache
def screening() -> dict[str, Any]:
    """The screens of reads: marker sequences, sample, thresholds."""
    return _read("screening.yaml")


@cache
def continents() -> dict[str, str]:
    """The continent of each country of INSDC's list; seas have none."""
    rows = _read("continents.yaml")["continents"]
    return {country: continent for continent, countries in rows.items() for country in countries}


@cache
def mirror() -> dict[str, Any]:
    """Sources, feeds and limits of the mirror: the rows of mirror.yaml."""
    return _read("mirror.yaml")


@cache
def outward() -> list[dict[str, Any]]:
    """Which samples become records of another registry, and what may leave of them: the rows of outward.yaml."""
    return list(_added_rows("outward", "id").values())


@cache
def bibliography() -> dict[str, dict[str, str]]:
    """Where the words of articles are asked for: kind of number (doi, pmid) -> form, base, address."""
    return dict(_read("bibliography.yaml")["sources"])


@cache
def upgrades() -> list[dict[str, Any]]:
    """Which terms took the place of which, by vocabulary and version: the rows of upgrades.yaml."""
    return list(_added_rows("upgrades", "id").values())


@cache
def sizing() -> dict[str, Any]:
    """What checks of files need: measured rates, limits of machines, prices."""
    return _read("sizing.yaml")


@cache
def sequences() -> dict[str, Any]:
    """Sequence files of the mirror: policy, buckets, hosts, prices. An institution's own words of `policy` win."""
    found: dict[str, Any] = {}
    for content in _every("sequences"):
        for key, value in content.items():
            found[key] = {**found.get(key, {}), **value} if isinstance(value, dict) else value
    return found


@cache
def human_resources() -> dict[str, Any]:
    """What countries demand of data of people: facts, strategies, documents, packs; an institution's own among them."""
    added = {key: _added("human_resources", key) for key in ("facts", "documents", "packs")}
    return _read("human_resources.yaml") | added


@cache
def sensitivity() -> dict[str, Any]:
    """Classes of sensitivity from the least to the most, and the rules that raise a file to one."""
    return _read("sensitivity.yaml")


@cache
def visas() -> dict[str, Any]:
    """Visas: `ours`, `limits`, and `issuers` by name, an institution's own among them."""
    return _read("visas.yaml") | {"issuers": _added_rows("visas", "issuer", "issuers")}


@cache
def rules() -> dict[str, dict[str, Any]]:
    """The rule catalogue: id -> severity, message and mend in EN and ZH, example."""
    found: dict[str, dict[str, Any]] = {}
    for content in _every("rules"):
        rows = content["rules"]
        if isinstance(rows, list):
            rows = {row["id"]: {k: v for k, v in row.items() if k != "id"} for row in rows}
        found |= rows
    return found


def mend(rule: str) -> str:
    """How to mend what the rule found, in English; empty if the rule is unknown."""
    return rules().get(rule, {}).get("mend", {}).get("en", "")


@cache
def accession_forms() -> dict[str, Any]:
    """The rows of accessions.yaml: own, derived, lookup_only."""
    return {key: list(_added_rows("accessions", "kind", key).values()) for key in ("own", "derived", "lookup_only")}


@cache
def notices() -> dict[str, Any]:
    """Who is told what: the rows of notices.yaml and the signature of mails."""
    return _read("notices.yaml")


@cache
def request_forms() -> dict[str, dict[str, Field]]:
    """The forms with which files are asked for: name -> field -> what it asks."""
    rows = _added("request_forms", "request_forms")
    return {name: {key: _field(key, spec) for key, spec in row["fields"].items()} for name, row in rows.items()}


@cache
def request_documents(form: str) -> tuple[str, ...]:
    """The documents that whoever sends a form must have accepted."""
    return tuple(_added("request_forms", "request_forms")[form]["documents"])


@cache
def documents() -> dict[str, list[dict[str, Any]]]:
    """Policies and agreements: name -> its versions, first to last; the last is in force."""
    return {name: row["versions"] for name, row in _added("documents", "documents").items()}


def document(name: str, version: int | None = None) -> dict[str, Any]:
    """A version of a document, the one in force if none is named; KeyError if there is none such."""
    versions = documents()[name]
    if version is None:
        return versions[-1]
    for row in versions:
        if row["version"] == version:
            return row
    raise KeyError(version)
