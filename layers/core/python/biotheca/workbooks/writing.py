"""Workbooks as bytes: templates, a document filled in, one given back with its findings. By openpyxl, write only.

Every text is written as a text: no cell of ours is ever a formula. Columns of text are formatted as text, so that a
spreadsheet program leaves dates and numbers in them as they are typed.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, NamedStyle, PatternFill
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.hyperlink import Hyperlink

from biotheca.catalog import Member, ObjectType
from biotheca.errors import Finding
from biotheca.workbooks import contents, layout
from biotheca.workbooks.layout import Column
from biotheca.workbooks.model import Cell, Formula, Received, Sheet, letters

_DARK, _LIGHT, _GREY, _RED = (PatternFill("solid", fgColor=c) for c in ("1F4E78", "DDEBF7", "EDEDED", "FFC7CE"))
_LAST_ROW = 100_000
_COMMENT_WIDTH, _COMMENT_HEIGHT = 320, 110
_COMMENTED = 10_000  # cells of one workbook that carry a comment; all others are told on the first sheet
_LISTED = 50_000  # rows of the first sheet
# What XML cannot hold, and what would be read as an escape (ECMA-376 part 1, 22.9.2.19).
_UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


def _escaped(text: str) -> str:
    return _UNWRITABLE.sub(lambda m: f"_x{ord(m[0]):04X}_", text)


class _Book:
    """A workbook that is being written."""

    def __init__(self) -> None:
        self.book = Workbook(write_only=True)
        self.book.calculation.fullCalcOnLoad = False
        for name, style in {
            "required": {"font": Font(bold=True, color="FFFFFF"), "fill": _DARK},
            "possible": {"font": Font(bold=True), "fill": _LIGHT},
            "note": {"font": Font(italic=True, color="666666"), "fill": _GREY},
            "bad": {"fill": _RED},
            "typed": {},
            "wrapped": {"alignment": Alignment(wrap_text=True, vertical="top")},
            "linked": {"font": Font(underline="single", color="0563C1")},
        }.items():
            self.book.add_named_style(NamedStyle(name=name, number_format="@", **style))

    def sheet(self, name: str, widths: Iterable[int] = (), frozen: str | None = None) -> Any:
        sheet = self.book.create_sheet(name)
        sheet.freeze_panes = frozen
        for at, width in enumerate(widths):
            dimension = sheet.column_dimensions[letters(at)]
            dimension.width = width
            dimension.number_format = "@"
        return sheet

    def cell(self, sheet: Any, value: Any, style: str = "typed") -> Any:
        """A cell that is what it looks like: texts stay texts, numbers numbers."""
        if isinstance(value, bool):
            value = "TRUE" if value else "FALSE"
        is_text = isinstance(value, str)
        cell = WriteOnlyCell(sheet, _escaped(value) if is_text else value)
        cell.style = style
        if is_text:
            cell.data_type = "s"  # openpyxl would make a formula of '=...' and an error of '#N/A'
        else:
            cell.number_format = "General"
        return cell

    def bytes(self) -> bytes:
        out = io.BytesIO()
        self.book.save(out)
        return out.getvalue()


def template(
    member: Member,
    language: str = "en",
    package: str = "",
    document: dict[str, Any] | None = None,
    general: dict[str, str] | None = None,
    only: ObjectType | None = None,
) -> bytes:
    """A member's workbook: empty, or with a document filled in. `only`: the sheet of one object type."""
    made = _Book()
    about = made.sheet(layout.README[language], (22, 110))
    for line in contents.readme(member, language, "/v1/rules"):
        about.append([made.cell(about, text, "wrapped") for text in line])
    sheet = made.sheet(layout.GENERAL[language], (34, 70))
    for key, label in layout.GENERAL_ROWS.items():
        value = {"member": member.id} | (general or {})
        sheet.append([made.cell(sheet, label[language], "possible"), made.cell(sheet, value.get(key, ""))])
    terms = contents.vocabularies(member, package)
    for kind in member.objects:
        if only is None or kind is only:
            _object_sheet(made, member, kind, language, package, document, terms)
    _vocabulary_sheet(made, terms, language)
    return made.bytes()


def _object_sheet(
    made: _Book,
    member: Member,
    kind: ObjectType,
    language: str,
    package: str,
    document: dict[str, Any] | None,
    terms: dict[str, tuple[str, ...]],
) -> None:
    columns, attributes = contents.columns_for(member, kind, package, document)
    widths = [max(14, min(40, len(contents.header(c, language)) + 4)) for c in columns] + [20] * len(attributes)
    sheet = made.sheet(layout.sheet_name(kind, language), widths, "B3")
    for at, column in enumerate(columns):
        _drop_down(sheet, at, column, terms, language)
    header = []
    for column in columns:
        cell = made.cell(sheet, contents.header(column, language), "required" if column.required else "possible")
        if text := contents.help_of(column, language):
            cell.comment = _comment(text)
        header.append(cell)
    header += [made.cell(sheet, f"{layout.ATTRIBUTE} {name}", "possible") for name in attributes]
    sheet.append(header)
    sheet.append([made.cell(sheet, text, "note") for text in contents.note_row(columns, language)])
    for row in contents.rows_of(kind, columns, attributes, document or {}):
        sheet.append([None if value is None else made.cell(sheet, value) for value in row])


def _drop_down(sheet: Any, at: int, column: Column, terms: dict[str, tuple[str, ...]], language: str) -> None:
    name = column.field.vocabulary if column.field else None
    if not name or not column.field or column.field.multiple:
        return
    where = letters(list(terms).index(name))
    source = f"='{layout.TERMS[language]}'!${where}$2:${where}${len(terms[name]) + 1}"
    # A missing-value term may stand in place of a term, so the list only warns there.
    style = "warning" if column.field.missing else "stop"
    rule = DataValidation("list", formula1=source, allow_blank=True, showErrorMessage=True, errorStyle=style)
    rule.add(f"{letters(at)}3:{letters(at)}{_LAST_ROW}")
    sheet.data_validations.append(rule)


def _vocabulary_sheet(made: _Book, terms: dict[str, tuple[str, ...]], language: str) -> None:
    sheet = made.sheet(layout.TERMS[language], [28] * len(terms), "A2")
    sheet.append([made.cell(sheet, name, "possible") for name in terms])
    for row in range(max((len(found) for found in terms.values()), default=0)):
        cells = [found[row] if row < len(found) else None for found in terms.values()]
        sheet.append([None if cell is None else made.cell(sheet, cell) for cell in cells])


def _comment(text: str) -> Comment:
    return Comment(_escaped(text[:1000]), "Biotheca", height=_COMMENT_HEIGHT, width=_COMMENT_WIDTH)


def annotated(received: Received, findings: list[Finding], language: str = "en") -> bytes:
    """The workbook as it came, cell for cell, bad cells coloured and commented, a sheet of findings before it.

    Formulas come back as the texts that they were; formats and drawings of the original do not.
    """
    made = _Book()
    _findings_sheet(made, findings, language)
    marks: dict[str, dict[tuple[int, int], list[Finding]]] = {}
    for one in findings:
        facts = one.facts
        if "cell" in facts and len(str(facts["column"])) < 4:
            at = _column_of(str(facts["column"]))
            marks.setdefault(facts["sheet"], {}).setdefault((int(facts["row"]), at), []).append(one)
    comments = _COMMENTED
    taken = {layout.FINDINGS[language].casefold()}
    for sheet in received.sheets:
        if layout.is_named(sheet.name, layout.FINDINGS) or sheet.name.casefold() in taken:
            continue
        taken.add(sheet.name.casefold())
        comments = _given_back(made, sheet, marks.get(sheet.name, {}), comments)
    return made.bytes()


def _findings_sheet(made: _Book, findings: list[Finding], language: str) -> None:
    sheet = made.sheet(layout.FINDINGS[language], (10, 24, 10, 26, 40, 70, 60), "A2")
    zh = language == "zh"
    heads = (
        ("级别", "工作表", "单元格", "规则", "值", "问题", "修改方法")
        if zh
        else (
            "Severity",
            "Sheet",
            "Cell",
            "Rule",
            "Value",
            "What",
            "How to mend",
        )
    )
    sheet.append([made.cell(sheet, head, "required") for head in heads])
    if len(findings) > _LISTED:
        more = f"The first {_LISTED} of {len(findings)} findings are listed."
        sheet.append([made.cell(sheet, more, "note")])
    for one in findings[:_LISTED]:
        facts = one.facts
        name, cell = str(facts.get("sheet", "")), str(facts.get("cell", ""))
        link = made.cell(sheet, cell or one.where, "linked" if cell else "typed")
        if cell:
            quoted = name.replace("'", "''")
            link.hyperlink = Hyperlink(ref="", location=f"'{quoted}'!{cell}")
        texts = [made.cell(sheet, text) for text in (one.rule, one.value, one.message, one.mend)]
        sheet.append([made.cell(sheet, one.severity), made.cell(sheet, name), link, *texts])


def _given_back(made: _Book, sheet: Sheet, marks: dict[tuple[int, int], list[Finding]], comments: int) -> int:
    target = made.sheet(_title(sheet.name), [22] * (1 + max((max(c) for _, c in sheet.rows), default=0)), "B2")
    by_row: dict[int, dict[int, list[Finding]]] = {}
    for (row, at), found in marks.items():
        by_row.setdefault(row, {})[at] = found
    rows = dict(sheet.rows)
    done = 0
    for number in sorted({*rows, *by_row}):
        for _ in range(number - done - 1):
            target.append([])
        done = number
        cells, bad = rows.get(number, {}), by_row.get(number, {})
        line: list[Any] = [None] * (1 + max([*cells, *bad]))
        for at, value in cells.items():
            line[at] = made.cell(target, _shown(value), "bad" if at in bad else "typed")
        for at, found in bad.items():
            line[at] = line[at] or made.cell(target, "", "bad")
            if comments > 0:
                comments -= 1
                line[at].comment = _comment("\n".join(f"{f.message} {f.mend} [{f.rule}]" for f in found))
        target.append(line)
    return comments


def _title(name: str) -> str:
    """A sheet's name as Excel takes it."""
    return re.sub(r"[\\*?:/\[\]]", "_", name)[:31].strip("'") or "Sheet"


def _column_of(name: str) -> int:
    number = 0
    for letter in name:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _shown(value: Cell) -> str | int | float:
    if isinstance(value, Formula):
        return value.text if value.text.startswith("=") else f"={value.text}"
    return value if isinstance(value, str | int | float) else value.text
