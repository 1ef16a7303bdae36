"""Dates read and written by a pattern, and parts of dates, as Athena has them."""

from __future__ import annotations

import re

from sqlglot import exp

from local.athena.kinds import duck, kind
from local.athena.refusal import NotHere

# MySQL's date letters that strftime writes alike
DATE_LETTERS = frozenset("%YmdHMSyfj")
# MySQL's letters that strptime reads alike, as sqlglot has translated them
PARSED_LETTERS = frozenset("%YmdHMS")
# Joda's letters of format_datetime, and strftime's
JODA = {"yyyy": "%Y", "yy": "%y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
JODA_PIECE = re.compile(r"[A-Za-z]+|[^A-Za-z]+")
# EXTRACT's words, and those of DuckDB; a week begins on Monday, which is day 1
FIELDS = {
    "YEAR": "year", "QUARTER": "quarter", "MONTH": "month", "WEEK": "week", "DAY": "day", "DAY_OF_MONTH": "day",
    "DAY_OF_WEEK": "isodow", "DOW": "isodow", "DAY_OF_YEAR": "doy", "DOY": "doy", "YEAR_OF_WEEK": "isoyear",
    "YOW": "isoyear", "HOUR": "hour", "MINUTE": "minute", "SECOND": "second",
}  # fmt: skip


def date_format(node: exp.TimeToStr) -> exp.Expr:
    form = node.args["format"]
    if not form.is_string:
        raise NotHere("date_format() with a computed format")
    letters = re.findall(r"%(.)", form.name)
    if not set(letters) <= DATE_LETTERS:
        raise NotHere(f"date_format() with {form.name!r}", f"its letters may be {''.join(sorted(DATE_LETTERS))}")
    return node


def date_parse(node: exp.StrToTime) -> exp.Expr:
    """A timestamp; what does not fit fails the query, here as in Athena."""
    form = node.args["format"]
    if not form.is_string or not set(re.findall(r"%(.)", form.name)) <= PARSED_LETTERS:
        raise NotHere(f"date_parse() with {form.name!r}", "its letters may be %Y %m %d %H %i %s")
    return duck("CAST(strptime(:s, :f) AS TIMESTAMP)", s=node.this, f=form)


def format_datetime(arguments: list[exp.Expr]) -> exp.Expr:
    moment, form = arguments
    if kind(moment) not in ("date", "timestamp"):
        raise NotHere(f"format_datetime() of a value of type {kind(moment)}", "cast it to timestamp")
    pieces = JODA_PIECE.findall(form.name) if form.is_string else ["computed"]
    words = [JODA.get(piece, None if piece[0].isalpha() or "'" in piece else piece) for piece in pieces]
    if None in words:
        raise NotHere(f"format_datetime() with {form.name!r}", f"its letters may be {' '.join(JODA)}")
    text = "".join(word.replace("%", "%%") if word not in JODA.values() else word for word in words if word)
    return duck("strftime(CAST(:t AS TIMESTAMP), :f)", t=moment, f=exp.Literal.string(text))


def extract(node: exp.Extract) -> exp.Expr:
    field = node.this.name.upper()
    if field not in FIELDS:
        raise NotHere(f"EXTRACT({field} ...)")
    source = kind(node.expression)
    clock = field in ("HOUR", "MINUTE", "SECOND")
    if source not in (("timestamp",) if clock else ("date", "timestamp")):
        raise NotHere(f"EXTRACT({field} ...) of a value of type {source}", "cast it to date or timestamp")
    return duck("date_part(:f, :t)", f=exp.Literal.string(FIELDS[field]), t=node.expression)
