"""What the catalog's rows are: fields, packages, object types, members. How they are read: the package itself.

Everything here is frozen data. Forms, workbooks, the API and the command line are generated from it, so a word that
one of them needs (a label, an example, a unit) stands here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

# Every kind of field. `items` holds a list of small objects (`fields`); the others one value, or a list if `multiple`.
KINDS = frozenset(
    {
        "text",
        "choice",
        "integer",
        "decimal",
        "taxon",
        "date",
        "reference",
        "url",
        "lat_lon",
        "country",
        "items",
    }
)


@dataclass(frozen=True)
class Field:
    """What one field of an object may hold, and the words with which people are asked for it.

    `missing`: an INSDC reporting term ("not collected" ...) may stand instead of a value.
    `group`: at least one of the fields of an object with this group has a value.
    `required_if`, `required_unless`: other field -> values with which this one is (is not) demanded.
    `unique`: `section`, or the reference field whose target the value must be unique under.
    `within`: of a choice, the field whose value narrows the terms (a model within its platform).
    `where`: of a reference, what the target's fields must be. `back`: the name of the link from the target back.
    `beside`: of a taxon, the field that holds its name.
    `sensitive`: for the owner and the archive's staff only; no public page, index, lake or other registry has it.
    """

    name: str
    kind: str
    required: bool = False
    recommended: bool = False
    missing: bool = False
    vocabulary: str | None = None
    within: str | None = None
    multiple: bool = False
    to: str | None = None
    where: dict[str, tuple[str, ...]] = field(default_factory=dict)
    back: str | None = None
    beside: str | None = None
    min: float | None = None
    max: float | None = None
    pattern: str | None = None
    unit: str | None = None
    group: str | None = None
    sensitive: bool = False
    required_if: dict[str, tuple[str, ...]] = field(default_factory=dict)
    required_unless: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unique: str | None = None
    label: dict[str, str] = field(default_factory=dict)
    help: dict[str, str] = field(default_factory=dict)
    example: str | None = None
    fields: dict[str, Field] = field(default_factory=dict)


@dataclass(frozen=True)
class Package:
    """What a kind of object (a type of sample) must, should and may say. `groups`: at least one field of each.

    `within`, `outside`: taxa one of which must (none of which may) be above the organism; breaking it is a warning.
    """

    id: str
    title: dict[str, str]
    mandatory: tuple[str, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()
    recommended: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    within: tuple[int, ...] = ()
    outside: tuple[int, ...] = ()

    def fields(self) -> Iterator[str]:
        """Every field that the package names: mandatory, groups, recommended, optional."""
        yield from dict.fromkeys(
            [*self.mandatory, *(n for group in self.groups for n in group), *self.recommended, *self.optional]
        )


@dataclass(frozen=True)
class ObjectType:
    """One kind of object of a member, e.g. sample. `section` is its key in a metadata document.

    `optional`: a document may have none. `packages`: the field whose value names the package, and the packages.
    `differ_beyond`: objects of one document must differ in a field beyond these.
    `custom`: whether attributes of the submitter's own are `public` or `sensitive`. `person`: one object is one person,
    who may withdraw consent. `same_person`: the type of another member's objects that may be the same person.
    `pedigree`: where rows of parents stand, and what is said of each person (submissions.rules.families). `data_use`:
    the field of data use codes, rows of `code` and `value` (submissions.rules.data_use). `uid`: the field with a UID by
    which records are found. `found_by_words`: false for what is so many and so alike that search finds it by its number
    only. `tier`: the field of the dataset with the access mode of its files, where that is stricter than the
    dataset's own.
    """

    type: str
    title: dict[str, str]
    accession: str
    section: str
    release: str  # dataset | in_dataset | with_dataset
    many: bool = False
    optional: bool = False
    fields: dict[str, Field] = field(default_factory=dict)
    files: dict[str, Any] | None = None
    published_names: tuple[str, ...] = ()
    package_field: str | None = None
    packages: dict[str, Package] = field(default_factory=dict)
    differ_beyond: tuple[str, ...] = ()
    custom: str = "public"
    person: bool = False
    same_person: str = ""
    pedigree: dict[str, Any] | None = None
    data_use: str = ""
    uid: str = ""
    found_by_words: bool = True
    tier: str = ""

    @property
    def made_anew(self) -> bool:
        """Whether its files are only what other files are made of: these are archived nowhere."""
        return bool(self.files and self.files.get("made_anew_by"))

    def split(self, attributes: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """(what everybody may see, what is sensitive) of an object's attributes. What the catalog does not know of
        an object that has sensitive attributes is sensitive: a list of what may be shown, never of what may not."""
        kept = {name for name, spec in self.fields.items() if spec.sensitive}
        kept |= {"attributes"} if self.custom == "sensitive" else set()
        if not kept:
            return attributes, {}
        known = set(self.fields) | {"alias", "attributes", "files"}
        hidden = {name for name in attributes if name in kept or name not in known}
        return (
            {name: value for name, value in attributes.items() if name not in hidden},
            {name: value for name, value in attributes.items() if name in hidden},
        )

    def package(self, entry: dict[str, Any]) -> Package | None:
        """The package that an object's own field names, if there is one."""
        name = entry.get(self.package_field) if self.package_field else None
        return self.packages.get(name) if isinstance(name, str) else None


@dataclass(frozen=True)
class Member:
    """One member database. `dataset` is the object type whose release makes the data public.

    `review`: who looks at metadata and data: `automatic` or `curator`; data is `none` where there are no files.
    `agree`: terms of one object that go with terms of others. `demands`: access mode -> fields (`type.field`) that it
    needs; `only_with_taxa`: access mode -> taxa one of which the data must be of. `sealed`: access modes whose files
    are kept encrypted. `request_form`: the form with which controlled files are asked for. `one_click`: committees
    may approve from a mail. `jurisdiction`: fact of human_resources.yaml -> where a document says it, and
    `numbers`: the items (`type.field`) with numbers of authorities (submissions.rules.human_facts). `sensitivity`:
    fact of sensitivity.yaml -> where its dataset says it. `made`: object types that no document describes, because the
    archive makes them from files; `types` are all.
    """

    id: str
    title: dict[str, str]
    purpose: dict[str, str]
    access_modes: tuple[str, ...]
    dataset: str
    objects: tuple[ObjectType, ...]
    refuses_taxa: dict[int, str]
    refuses_packages: dict[str, str]
    review: dict[str, str]
    lake: dict[str, dict[str, str]]
    agree: tuple[dict[str, Any], ...] = ()
    demands: dict[str, tuple[str, ...]] = field(default_factory=dict)
    only_with_taxa: dict[str, tuple[int, ...]] = field(default_factory=dict)
    sealed: tuple[str, ...] = ()
    request_form: str = "full"
    one_click: bool = False
    jurisdiction: dict[str, dict[str, Any]] = field(default_factory=dict)
    numbers: str = ""
    sensitivity: dict[str, dict[str, Any]] = field(default_factory=dict)
    made: tuple[ObjectType, ...] = ()

    @property
    def types(self) -> tuple[ObjectType, ...]:
        """Every object type: those that documents describe, then those that are made from files."""
        return (*self.objects, *self.made)

    @property
    def made_anew_by(self) -> str:
        """The capability that makes what is archived out of the files that are sent; empty where files stay as sent."""
        return next((str(kind.files["made_anew_by"]) for kind in self.objects if kind.made_anew and kind.files), "")

    @property
    def sent_kept_days(self) -> int:
        """Days after its release that files are kept as they were sent, where others are archived in their place."""
        return next((int(kind.files["sent_kept_days"]) for kind in self.objects if kind.made_anew and kind.files), 0)

    def object_type(self, name: str) -> ObjectType:
        """The object type of that name; KeyError if the member has none."""
        for kind in self.types:
            if kind.type == name:
                return kind
        raise KeyError(name)

    def access_mode(self, chosen: str) -> str:
        """The mode that was chosen; the member's first where none was."""
        return chosen or self.access_modes[0]

    @property
    def about_people(self) -> bool:
        """Whether it takes data of people: what its submitters call a submission then leaves the archive in no mail."""
        return bool(self.only_with_taxa) or any(kind.person for kind in self.types)

    @property
    def has_files(self) -> bool:
        """Whether any object of the member carries files. Registries have none."""
        return any(kind.files for kind in self.objects)
