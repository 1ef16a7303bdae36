"""What stands in the cells of a template: headers, the row of examples, vocabularies, a document's values. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from biotheca import catalog
from biotheca.catalog import Member, ObjectType
from biotheca.submissions.rules import objects_of
from biotheca.workbooks import layout
from biotheca.workbooks.layout import NOTE, Column

LIST_MARK = "; "
_EXAMPLES = {
    "integer": "100",
    "taxon": "562",
    "date": "2026-03-01",
    "date_or_missing": "2026-03-01",
    "decimal": "0.5",
    "url": "https://example.org",
}
_README = {
    "en": [
        "One row is one object. Fill the sheets from left to right; the sheets refer to each other by alias.",
        "Columns whose header is dark and ends with * are mandatory.",
        "Rows that begin with # are notes and examples: they are not read. The second row of each sheet is one.",
        "Columns with a list take a term of the sheet Vocabulary exactly as it is written there.",
        "Dates are 2026-03-01, 2026-03 or 2026. Cells are formatted as text so that nothing is turned into a date.",
        "Several values in one cell are divided by a semicolon.",
        'An attribute of your own: add a column headed "attribute: NAME".',
        "Formulas, merged cells, macros and links to other files are refused. Paste values.",
        "A sheet whose name begins with # is yours; it is not read.",
    ],
    "zh": [
        "每行一个对象；从左到右依次填写各工作表，表间以别名相互引用。",
        "深色且以 * 结尾的表头为必填列。",
        "以 # 开头的行为说明与示例，不会被读取；每个工作表第二行即为示例。",
        "带下拉列表的列须使用“词表”工作表中的术语原文。",
        "日期写作 2026-03-01、2026-03 或 2026；单元格为文本格式，以免被自动转换。",
        "同一单元格的多个值以分号分隔。",
        "自定义属性：新增一列，表头写作“attribute: 名称”。",
        "不接受公式、合并单元格、宏与外部链接，请粘贴为数值。",
        "名称以 # 开头的工作表不会被读取。",
    ],
}


def readme(member: Member, language: str, rules_address: str) -> list[tuple[str, str]]:
    """The lines of the read-me sheet: label and text."""
    zh = language == "zh"
    head = [
        ("数据库" if zh else "Database", member.title.get(language, member.title["en"])),
        ("目录版本" if zh else "Catalog version", catalog.version()),
        ("规则" if zh else "Rules", rules_address),
        ("", ""),
    ]
    return head + [(f"{n}.", line) for n, line in enumerate(_README[language], 1)]


def header(column: Column, language: str) -> str:
    """The header of a column, with its mark if it is mandatory."""
    return column.label[language] + (" *" if column.required else "")


def example(column: Column) -> str:
    """An example of the column's value."""
    if column.field is None:
        return {"alias": "a-1", "name": "reads_1.fastq.gz", "md5": "d41d8cd98f00b204e9800998ecf8427e"}[
            column.key.rpartition("/")[2]
        ]
    if column.field.example:
        return str(column.field.example)
    if terms := terms_of(column):
        return terms[0]
    if column.kind == "reference":
        return f"alias of a {column.field.to}"
    return _EXAMPLES.get(column.kind, "")


def note_row(columns: tuple[Column, ...], language: str) -> list[str]:
    """The second row: examples, opened by the mark that keeps it from being read."""
    first = f"{NOTE} 示例（不读取）" if language == "zh" else f"{NOTE} example, not read"
    return [f"{first}: {example(columns[0])}", *(example(column) for column in columns[1:])]


def help_of(column: Column, language: str) -> str:
    """What is wanted in the column, in a sentence or two; '' if the catalog says nothing."""
    spec = column.field
    if spec is None:
        return ""
    said = spec.help.get(language) or spec.help.get("en") or ""
    if terms := terms_of(column):
        said += f" ({len(terms)} terms, sheet {layout.TERMS[language]})"
    return said.strip()


def terms_of(column: Column) -> tuple[str, ...]:
    """The vocabulary of a column; () if it has none."""
    return catalog.vocabulary(column.field.vocabulary) if column.field and column.field.vocabulary else ()


def vocabularies(member: Member, package: str) -> dict[str, tuple[str, ...]]:
    """Every vocabulary that the member's columns use."""
    found: dict[str, tuple[str, ...]] = {}
    for kind in member.objects:
        for column in layout.columns(member, kind, package):
            if column.field and column.field.vocabulary:
                found[column.field.vocabulary] = terms_of(column)
    return found


def columns_for(
    member: Member, kind: ObjectType, package: str, document: dict[str, Any] | None
) -> tuple[tuple[Column, ...], tuple[str, ...]]:
    """The columns of a sheet and the names of the attributes that a document adds to them."""
    if document is None:
        return layout.columns(member, kind, package), ()
    entries = [e for e in objects_of(document, kind) if isinstance(e, dict)]
    longest = max([layout.ITEMS_SHOWN, *(_sets(e, kind) for e in entries)])
    attributes = dict.fromkeys(name for e in entries for name in (e.get("attributes") or {}))
    return layout.columns(member, kind, package, longest), tuple(attributes)


def _sets(entry: dict[str, Any], kind: ObjectType) -> int:
    lists = [entry.get(name) for name, spec in kind.fields.items() if spec.fields]
    lists += [entry.get("files")] if kind.files else []
    return max([0, *(len(value) for value in lists if isinstance(value, list))])


def rows_of(
    kind: ObjectType, columns: tuple[Column, ...], attributes: tuple[str, ...], document: dict[str, Any]
) -> Iterator[list[Any]]:
    """The objects of a document as rows; None where nothing is said."""
    for entry in objects_of(document, kind):
        own = entry.get("attributes") or {}
        yield [_cell(entry, column.key) for column in columns] + [own.get(name) for name in attributes]


def _cell(entry: dict[str, Any], key: str) -> Any:
    if "/" not in key:
        value = entry.get(key)
        return LIST_MARK.join(str(v) for v in value) if isinstance(value, list) else value
    name, place, inner = key.split("/")
    items = entry.get(name) or []
    found = items[int(place)] if int(place) < len(items) else {}
    return found.get(inner) if isinstance(found, dict) else None
