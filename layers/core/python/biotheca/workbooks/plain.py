"""Workbooks as tables of TSV, one an object type. Pure; nothing but text."""

from __future__ import annotations

from typing import Any

from biotheca.catalog import Member
from biotheca.workbooks import contents, layout
from biotheca.workbooks.tables import SHEET, written

GENERAL_FILE = "general.tsv"


def tables_of(
    member: Member,
    language: str = "en",
    package: str = "",
    document: dict[str, Any] | None = None,
    general: dict[str, str] | None = None,
) -> dict[str, str]:
    """File name -> TSV: general.tsv and one a section, empty but for headers and example, or with a document."""
    said = {"member": member.id} | (general or {})
    found = {
        GENERAL_FILE: written([[label[language], said.get(key, "")] for key, label in layout.GENERAL_ROWS.items()])
    }
    for kind in member.objects:
        columns, attributes = contents.columns_for(member, kind, package, document)
        header = [contents.header(column, language) for column in columns]
        rows = [[*header, *(f"{layout.ATTRIBUTE} {name}" for name in attributes)]]
        rows.append(contents.note_row(columns, language))
        for row in contents.rows_of(kind, columns, attributes, document or {}):
            rows.append(["" if value is None else _text(value) for value in row])
        found[f"{kind.section}.tsv"] = written(rows)
    return found


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return format(value, ".15g") if isinstance(value, float) else str(value)


def joined(tables: dict[str, str]) -> bytes:
    """Tables as one body, each opened by a line that names its section."""
    named = {name.removesuffix(".tsv"): text for name, text in tables.items()}
    return "".join(f"{SHEET}\t{name}\n{text.rstrip(chr(10))}\n" for name, text in named.items()).encode()
