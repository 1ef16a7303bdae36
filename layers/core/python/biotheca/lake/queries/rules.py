"""Which SQL may be asked, how it is handed to Athena, and what Athena's refusals mean. Pure.

The text is read as tokens, not as grammar: Athena itself is the judge of SQL. Here only that it is one statement
that reads, that it cannot leave the parentheses it is put into, and that it names no table of the machinery.
"""

from __future__ import annotations

import re

from biotheca.errors import Finding, Invalid
from biotheca.lake.exports_formats import FORMATS
from biotheca.lake.model import TABLES
from biotheca.lake.views import views

LONGEST_SQL = 100_000  # characters; Athena's own limit is 262,144 bytes
_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*|/\*.*?\*/)|(?P<text>'(?:[^']|'')*')|(?P<quoted>"(?:[^"]|"")*")"""
    r"""|(?P<word>[^\W\d]\w*)|(?P<number>\d[\w.]*)|(?P<mark>.)""",
    re.DOTALL,
)
# Tables without a view that people read under their own names.
_READABLE = frozenset({"qc_files", "tax_analysis", "image_series"})


def check(sql: str, wanted: str) -> str:
    """The statement without its comments, ready to be put into parentheses. Invalid with a finding otherwise."""
    if wanted not in FORMATS:
        _refuse("lake.format", "/format", f"There is no format {wanted[:40]!r}.", wanted, ", ".join(FORMATS))
    if not sql.strip() or len(sql) > LONGEST_SQL:
        said = f"A query has 1 to {LONGEST_SQL} characters; this has {len(sql)}."
        _refuse("lake.select_only", "/sql", said, "", "one SELECT")
    kept: list[str] = []
    words: list[tuple[str, str]] = []
    depth = 0
    for token in _TOKEN.finditer(sql):
        kind, text = str(token.lastgroup), token[0]
        if kind == "space":
            kept.append(" ")
            continue
        if kind == "mark" and text in "'\"":
            _refuse("lake.select_only", "/sql", f"A quote at character {token.start() + 1} is not closed.", text)
        depth += {"(": 1, ")": -1}.get(text, 0)
        if depth < 0:
            _refuse("lake.select_only", "/sql", f"The ) at character {token.start() + 1} closes nothing.", text)
        kept.append(text)
        words.append((kind, text))
    if depth:
        _refuse("lake.select_only", "/sql", f"{depth} parenthesis(es) are not closed.")
    while words and words[-1][1] == ";":
        words.pop()
        kept = kept[: len(kept) - 1 - kept[::-1].index(";")]
    _one_select(words)
    _only_views(words)
    return "".join(kept).strip()


def _one_select(words: list[tuple[str, str]]) -> None:
    first = next((text.upper() for _, text in words if text != "("), "")
    if first not in ("SELECT", "WITH", "VALUES"):
        _refuse("lake.select_only", "/sql", "Only SELECT is answered.", first[:40], "SELECT ... or WITH ... SELECT")
    if any(text == ";" for _, text in words):
        _refuse("lake.select_only", "/sql", "More than one statement.", ";", "one SELECT")
    if any(text == "?" for kind, text in words if kind == "mark"):
        _refuse("lake.select_only", "/sql", "Parameters are not taken; write the values into the query.", "?")


def _only_views(words: list[tuple[str, str]]) -> None:
    hidden = set(TABLES) - _READABLE - {view.name for view in views()}
    for kind, text in words:
        name = text[1:-1].replace('""', '"').lower() if kind == "quoted" else text.lower()
        if kind in ("word", "quoted") and (name in hidden or (kind == "quoted" and "$" in name)):
            _refuse("lake.table", "/sql", f"{name} is not for reading.", name, readable())


def readable() -> str:
    """The names that a query may read."""
    return ", ".join(sorted(_READABLE | {view.name for view in views()}))


def unload(select: str, location: str) -> str:
    """Athena's statement that writes the rows of a SELECT as Parquet under a location, with their types."""
    return f"UNLOAD (\n{select}\n) TO '{location}' WITH (format = 'PARQUET', compression = 'SNAPPY')"


# What Athena says at the start of StateChangeReason, or inside it -> our rule.
_REASONS = (
    ("bytes scanned limit", "lake.too_much_read"),
    ("exhausted resources", "lake.too_large"),
    ("query timeout", "lake.too_long"),
    ("more than 1000000 rows", "lake.too_large"),
    ("does not exist", "lake.unknown_name"),
    ("table_not_found", "lake.unknown_name"),
    ("column_not_found", "lake.unknown_name"),
    ("cannot be resolved", "lake.unknown_name"),
    ("not supported here", "lake.not_here"),
    ("throttl", "lake.busy"),
    ("too many queries", "lake.busy"),
    ("too_many_requests", "lake.busy"),
    ("generic_internal_error", "lake.fault"),
    ("internal error", "lake.fault"),
    ("internal_error", "lake.fault"),
    ("access denied", "lake.fault"),
    ("hive_path_already_exists", "lake.fault"),
)


def reason(said: str) -> dict[str, str]:
    """Rule and detail of a failed execution. What Athena says of an SQL text is passed on; of its own faults it is not.

    >>> reason("COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved")["rule"]
    'lake.unknown_name'
    """
    low = said.lower()
    rule = next((rule for words, rule in _REASONS if words in low), "lake.sql")
    if rule == "lake.fault":
        return {"rule": rule, "detail": "The query engine failed, not your query. Ask again; nothing was kept."}
    return {"rule": rule, "detail": " ".join(said.split())[:1000]}


def _refuse(rule: str, where: str, message: str, value: str = "", expected: str = "") -> None:
    raise Invalid(message, [Finding(rule, where, message, value[:80], expected)])
