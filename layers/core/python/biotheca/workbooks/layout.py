"""Which sheets and columns a member's workbook has: the catalog as headers. Nothing here knows Excel or TSV."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from biotheca import catalog
from biotheca.catalog import Field, Member, ObjectType

LANGUAGES = ("en", "zh")
ALIAS = {"en": "Alias", "zh": "别名"}
FILE_NAME = {"en": "File name {}", "zh": "文件名 {}"}
FILE_MD5 = {"en": "MD5 {}", "zh": "MD5 {}"}
ATTRIBUTE = "attribute:"  # opens the header of a column of one's own
ATTRIBUTES = (ATTRIBUTE, "attribute：", "属性:", "属性：")
FILES_SHOWN = 20  # columns of files in a template; a document with more has as many
ITEMS_SHOWN, ITEMS_READ = 1, 30  # sets of columns of a field that is a list: in a template, and taken at most
NOTE = "#"  # opens the first cell of a row that is not read, and the name of a sheet that is not read
GENERAL = {"en": "General", "zh": "基本信息"}
README = {"en": "Read me", "zh": "说明"}
TERMS = {"en": "Vocabulary", "zh": "词表"}
FINDINGS = {"en": "Findings", "zh": "问题列表"}
# Rows of the General sheet: key and label.
GENERAL_ROWS = {
    "member": {"en": "Database", "zh": "数据库"},
    "title": {"en": "Title of the submission", "zh": "提交标题"},
    "release": {"en": "Release (immediately or a date)", "zh": "发布（immediately 或日期）"},
}


@dataclass(frozen=True)
class Column:
    """One column of an object's sheet. `key`: alias, a field's name, files/<n>/md5 or <field>/<n>/<inner field>."""

    key: str
    label: dict[str, str]
    required: bool
    field: Field | None = None

    @property
    def kind(self) -> str:
        """The field's kind; alias and files are text."""
        return self.field.kind if self.field else "text"


@cache
def _columns(member: str, kind: str, package: str, items: int) -> tuple[Column, ...]:
    return tuple(_made(catalog.members()[member].object_type(kind), package, items))


def columns(member: Member, kind: ObjectType, package: str = "", items: int = ITEMS_SHOWN) -> tuple[Column, ...]:
    """The columns of an object type, in the order of the catalog; of one package only what it speaks of.

    `items`: how many sets of columns a field gets that holds a list of small objects, and files where they are more
    than a template shows.
    """
    if catalog.members().get(member.id) is member:
        return _columns(member.id, kind.type, package, items)
    return tuple(_made(kind, package, items))


def _made(kind: ObjectType, package: str, items: int) -> list[Column]:
    found = [Column("alias", ALIAS, True)]
    chosen = kind.packages.get(package)
    of_packages = {name for each in kind.packages.values() for name in each.fields()}
    for name, spec in kind.fields.items():
        if chosen and name in of_packages and name not in chosen.fields():
            continue
        required = spec.required or bool(chosen and name in chosen.mandatory)
        if spec.fields:
            found += _sets(spec, items)
        else:
            found.append(Column(name, label_of(spec), required, spec))
    policy = kind.files or {}
    for n in range(min(policy.get("at_most", 0), max(items, FILES_SHOWN))):
        required = n < policy["at_least"]
        found.append(Column(f"files/{n}/name", {k: v.format(n + 1) for k, v in FILE_NAME.items()}, required))
        found.append(Column(f"files/{n}/md5", {k: v.format(n + 1) for k, v in FILE_MD5.items()}, required))
    return found


def _sets(spec: Field, items: int) -> Iterator[Column]:
    outer = label_of(spec)
    for n in range(min(items, int(spec.max or items))):
        for name, inner in spec.fields.items():
            label = {k: f"{outer[k]} {n + 1}: {v}" for k, v in label_of(inner).items()}
            yield Column(f"{spec.name}/{n}/{name}", label, False, inner)


def label_of(spec: Field) -> dict[str, str]:
    """The field's label in each language; its name in words where the catalog has none."""
    words = spec.name.replace("_", " ").capitalize()
    unit = f" ({spec.unit})" if spec.unit else ""
    return {language: (spec.label.get(language) or spec.label.get("en") or words) + unit for language in LANGUAGES}


def sheet_name(kind: ObjectType, language: str = "en") -> str:
    """What an object type's sheet is called: its title, within Excel's 31 characters."""
    return kind.title.get(language, kind.title["en"])[:31]


def same(text: str) -> str:
    """A header or sheet name as it is compared: width, case, blanks, underscores and the mandatory mark do not count.

    >>> same(" Library  Strategy * "), same("ＭＤ５　１"), same("library_strategy")
    ('library strategy', 'md5 1', 'library strategy')
    """
    flat = unicodedata.normalize("NFKC", text).casefold().replace("_", " ")
    return " ".join(flat.replace("*", " ").split())


def kind_of(member: Member, name: str) -> ObjectType | None:
    """The object type whose sheet that is: by title in any language, type or section."""
    wanted = same(name)
    for kind in member.objects:
        if wanted in {same(x) for x in (*kind.title.values(), kind.type, kind.section, *map_31(kind))}:
            return kind
    return None


def map_31(kind: ObjectType) -> list[str]:
    """The sheet's names as Excel keeps them."""
    return [sheet_name(kind, language) for language in LANGUAGES]


def headers(member: Member, kind: ObjectType) -> dict[str, Column]:
    """Every way in which a column of this object type may be headed, as `same` gives it."""
    if catalog.members().get(member.id) is member:
        return _headers(member.id, kind.type)
    return _named(member, kind)


@cache
def _headers(member: str, kind: str) -> dict[str, Column]:
    whole = catalog.members()[member]
    return _named(whole, whole.object_type(kind))


def _named(member: Member, kind: ObjectType) -> dict[str, Column]:
    found: dict[str, Column] = {}
    taken = max(ITEMS_READ, (kind.files or {}).get("at_most", 0))
    for column in columns(member, kind, items=taken):
        for name in (*column.label.values(), *_without_unit(column), column.key, *_file_words(column.key)):
            found.setdefault(same(name), column)
    return found


def _without_unit(column: Column) -> list[str]:
    unit = f" ({column.field.unit})" if column.field and column.field.unit else ""
    return [label.removesuffix(unit) for label in column.label.values()] if unit else []


def _file_words(key: str) -> list[str]:
    """files/0/md5 was called `MD5 checksum 1` by the sheets of the originals."""
    if not key.startswith("files/"):
        return []
    _, number, what = key.split("/")
    n = int(number) + 1
    return [f"MD5 checksum {n}", f"file md5 {n}"] if what == "md5" else [f"filename {n}", f"file {n}"]


def is_named(name: str, names: dict[str, str]) -> bool:
    """Whether a sheet bears one of these names."""
    return same(name) in {same(x) for x in names.values()}
