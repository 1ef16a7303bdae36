"""Where DuckDB and Athena differ in silence: each probe has Athena's documented value, or is refused by name.

Values are those of Trino's documentation of functions and types, which Athena's engine version 3 follows.
More expressions stand in tests/local/test_athena.py; none is repeated.
"""

from __future__ import annotations

import pytest

from local.athena.refusal import Failed, NotHere
from tests.local.small_lake import Lake
from tests.local.test_athena import EXPRESSIONS

PROBES: list[tuple[str, str | None]] = [
    # numbers: integers divide to integers, halves go away from zero
    ("9/4*2", "4"),
    ("(1 - 8) / 2", "-3"),
    ("round(-2.5e0)", "-3.0"),
    ("CAST(-2.5e0 AS BIGINT)", "-3"),
    ("truncate(-1.9e0)", "-1.0"),
    ("5 % -3", "2"),
    ("0e0/0 = 0e0/0", "false"),
    ("100000000e0", "1.0E8"),
    ("floor(2)", "2"),
    ("ceil(-3)", "-3"),
    ("sign(-3.5e0)", "-1.0"),
    ("1e0 < 0e0/0", "false"),
    # NULL in lists and logic
    ("1 NOT IN (2, NULL)", None),
    ("NULL OR TRUE", "true"),
    ("NULL AND TRUE", None),
    ("array_sort(ARRAY[3, NULL, 1])", "[1, 3, null]"),
    ("array_distinct(ARRAY['b', 'a', NULL, 'b', NULL])", "[b, a, null]"),
    ("array_remove(ARRAY[1, NULL, 2, 1], 1)", "[null, 2]"),
    ("array_position(ARRAY[1, NULL], 3)", "0"),
    ("all_match(CAST(ARRAY[] AS array(bigint)), x -> x > 1)", "true"),
    ("flatten(ARRAY[ARRAY[1, 2], ARRAY[3]])", "[1, 2, 3]"),
    ("slice(ARRAY[1, 2, 3, 4], 2, 2)", "[2, 3]"),
    ("element_at(ARRAY['a', 'b'], -2)", "a"),
    ("cardinality(filter(ARRAY[1, NULL], x -> x IS NULL))", "1"),
    ("ARRAY[1, 2] || ARRAY[3]", "[1, 2, 3]"),
    # maps
    ("map_filter(MAP(ARRAY['a', 'b'], ARRAY[1, 2]), (k, v) -> v > 1)", "{b=2}"),
    ("transform_values(MAP(ARRAY['a'], ARRAY[1]), (k, v) -> v + 1)", "{a=2}"),
    ("transform_keys(MAP(ARRAY['a'], ARRAY[1]), (k, v) -> k || 'x')", "{ax=1}"),
    ("map_concat(MAP(ARRAY['a'], ARRAY[1]), MAP(ARRAY['a'], ARRAY[2]))", "{a=2}"),
    # JSON: a scalar is the text as written, an array has its own functions
    ("json_extract_scalar('{\"a\": true}', '$.a')", "true"),
    ("json_extract_scalar('{\"a\": 1.5}', '$.a')", "1.5"),
    ("json_extract_scalar('[1, {\"b\": \"x\"}]', '$[1].b')", "x"),
    ("CAST(json_extract('{\"a\": [\"x\", 2]}', '$.a') AS array(varchar))", "[x, 2]"),
    ("CAST(json_extract('{\"a\": [1, 2]}', '$.a') AS array(bigint))", "[1, 2]"),
    ("CAST(json_extract('{\"a\": null}', '$.a') AS array(varchar))", None),
    ("json_array_length('[1, [2, 3]]')", "2"),
    ("json_array_length('{\"a\": 1}')", None),
    ("json_array_length(json_extract('{\"a\": [1]}', '$.a'))", "1"),
    ("json_array_contains('[\"1\"]', 1)", "false"),
    ("json_array_contains('[\"1\", 1]', 1)", "true"),
    # text
    ("'A' = 'a'", "false"),
    ("upper('straße')", "STRAßE"),
    ("CAST('0' AS boolean)", "false"),
    ("TRY_CAST('yes' AS boolean)", None),
    ("try(CAST('abc' AS date))", None),
    ("TRY_CAST('2026-02-01 10:00' AS date)", None),
    ("'50%' LIKE '50\\%' ESCAPE '\\'", "true"),
    ("concat_ws(',', 'a', NULL, '', 'b')", "a,,b"),
    ("regexp_extract_all('1a 22b', '[0-9]+')", "[1, 22]"),
    ("regexp_extract_all('1a 22b', '([0-9]+)([a-z])', 2)", "[a, b]"),
    ("regexp_count('1a 22b', '[0-9]+')", "2"),
    ("regexp_split('a, b,c', ',\\s*')", "[a, b, c]"),
    ("translate('abcd', 'ab', 'x')", "xcd"),
    ("split_part('a--b', '-', 2)", ""),
    ("position('b' IN 'abc')", "2"),
    ("trim(LEADING '0' FROM '007')", "7"),
    # times: a day of the week counts from Monday, elapsed units are whole
    ("EXTRACT(DOW FROM DATE '2026-02-01')", "7"),
    ("EXTRACT(DAY_OF_WEEK FROM TIMESTAMP '2026-02-02 10:00:00')", "1"),
    ("EXTRACT(YEAR_OF_WEEK FROM DATE '2027-01-01')", "2026"),
    ("date_diff('month', DATE '2026-01-31', DATE '2026-02-28')", "1"),
    ("date_diff('day', TIMESTAMP '2026-01-01 23:00:00', TIMESTAMP '2026-01-02 01:00:00')", "0"),
    ("date_trunc('week', DATE '2026-02-01')", "2026-01-26"),
    ("DATE '2024-02-29' + INTERVAL '1' YEAR", "2025-02-28"),
    ("TIMESTAMP '2026-01-31 23:30:00' + INTERVAL '45' MINUTE", "2026-02-01 00:15:00.000"),
    ("DATE '2026-01-31' < TIMESTAMP '2026-01-31 00:00:01'", "true"),
    ("format_datetime(TIMESTAMP '2026-01-31 14:02:03', 'yyyy/MM/dd HH:mm:ss')", "2026/01/31 14:02:03"),
    ("format_datetime(DATE '2026-01-31', 'yyyyMMdd')", "20260131"),
    ("date_parse('31/01/2026 05:06', '%d/%m/%Y %H:%i')", "2026-01-31 05:06:00.000"),
    ("CAST(TIMESTAMP '2026-01-31 23:59:59' AS DATE)", "2026-01-31"),
]

REFUSED = [
    ("TRUE = 1", "comparing boolean with integer"),
    ("'1' + 1", "of a value of type text"),
    ("lower(5)", "lower() of a value of type integer"),
    ("length(12345)", "length() of a value of type integer"),
    ("abs('1')", "abs() of a value of type text"),
    ("year('2026-01-01')", "year() of a value of type text"),
    ("hour(DATE '2026-01-01')", "hour() of a value of type date"),
    ("NOT 1", "NOT of a value of type integer"),
    ("if(TRUE, 1, FALSE)", "boolean beside integer"),
    ("coalesce(DATE '2026-01-01', 5)", "date beside integer"),
    ("strpos('abcabc', 'c', 2)", "occurrence"),
    ("json_extract('{}', '$.a')", "json_extract is not supported here: json_extract_scalar()"),
    ("json_extract_scalar('{\"a\": 1.50}', '$.a')", "written otherwise than it prints"),
    ("ROW(1, 2)", "UNNEST(ARRAY[ROW(...)])"),
    ("array_sort(ARRAY[1], (x, y) -> 1)", "comparison of one's own"),
    ("from_unixtime(0)", "unix_to_time"),
    ("typeof(1)", "typeof"),
    ("date_diff('hour', DATE '2026-01-01', DATE '2026-01-02')", "the unit hour of a date"),
    ("split('a,b', ',', 1)", "split() with a limit"),
    ("replace('abc', '', 'x')", "replace() of the empty text"),
    ("EXTRACT(EPOCH FROM TIMESTAMP '2026-01-01 00:00:00')", "EXTRACT(EPOCH"),
    ("format_datetime(TIMESTAMP '2026-01-01 00:00:00', 'EEE')", "its letters may be"),
    ("date_parse('2026', '%y')", "date_parse()"),
    ("split_to_map('a=1', ',', '=')", "str_to_map"),
    ("zip(ARRAY[1], ARRAY[2])", "zip"),
    ("slice(ARRAY[1, 2], -1, 1)", "slice()"),
]

FAILING = [
    ("SELECT element_at(ARRAY[1], 0)", "SQL array indices start at 1"),
    ("SELECT ARRAY[1, 2][-1]", "Array subscript out of bounds"),
    ("SELECT split_part('a,b', ',', -1)", "Index must be greater than zero"),
    ("SELECT CAST('abc' AS date)", "cannot be cast to date"),
    ("SELECT CAST(x AS date) FROM (VALUES '2026-02-01 10:00') AS t(x)", "Cannot cast to date"),
    ("SELECT CAST(x AS date) FROM (VALUES '2026-02-30') AS t(x)", "out of range"),
    ("SELECT CAST('yes' AS boolean)", "Cannot cast to boolean"),
    ("SELECT r.organism FROM run r JOIN tax_analysis t ON r.acc = t.acc GROUP BY 1 HAVING max(acc) > 'a'", "ambiguous"),
    ("SELECT date_parse('2026-13-01', '%Y-%m-%d')", "Could not parse"),
    ("SELECT 9223372036854775807 + 1", "Overflow"),
    ("SELECT CAST(json_extract('{\"a\": 1}', '$.a') AS array(varchar))", "INVALID_CAST_ARGUMENT"),
    ("SELECT organism AS o, count(*) FROM run GROUP BY o", "COLUMN_NOT_FOUND"),
    ("SELECT organism, count(*) AS n FROM run GROUP BY organism HAVING n > 1", "COLUMN_NOT_FOUND"),
    ("SELECT DISTINCT acc FROM run ORDER BY organism", "EXPRESSION_NOT_IN_DISTINCT"),
    ("SELECT acc, count(*) FROM run", "GROUP BY"),
    ("SELECT acc FROM run WHERE spots", "WHERE of a value of type integer"),
    ("SELECT sum(acc) FROM run", "sum() of a value of type text"),
    ("SELECT (SELECT acc FROM run)", "More than one row"),
]


def test_each_probe_has_athenas_value(lake: Lake) -> None:
    """All in one query: DuckDB's start costs more than any of them."""
    (got,) = lake.rows(f"SELECT {', '.join(expression for expression, _ in PROBES)}")
    assert dict(zip((e for e, _ in PROBES), got, strict=True)) == dict(PROBES)


@pytest.mark.parametrize(("expression", "words"), REFUSED)
def test_what_only_athena_answers_right_is_refused_by_name(lake: Lake, expression: str, words: str) -> None:
    with pytest.raises(Failed) as refused:
        lake.one(expression)
    assert words in str(refused.value)
    assert isinstance(refused.value, NotHere) or "is not supported here" in str(refused.value)


@pytest.mark.parametrize(("sql", "words"), FAILING)
def test_what_athena_fails_fails_here_too(lake: Lake, sql: str, words: str) -> None:
    with pytest.raises(Failed) as failed:
        lake.rows(sql)
    assert words in str(failed.value)


def test_the_set_has_at_least_30_probes_none_of_them_elsewhere() -> None:
    mine = [expression for expression, _ in PROBES]
    assert len(set(mine)) == len(mine) >= 30
    assert not set(mine) & {expression for expression, _ in EXPRESSIONS}
