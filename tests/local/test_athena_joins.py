"""Joins, windows, sets and the mirror's own tables, as analysts ask them: each gives exactly Athena's rows.

The rest of the set is in tests.local.test_athena_queries; the lake in tests.local.lake_rows.
"""

from __future__ import annotations

import pytest

from tests.local.small_lake import Lake
from tests.local.test_athena_queries import FILTERS, GROUPS, HUMAN, LISTS, Rows, named, ones

JOINS: list[tuple[str, Rows]] = [
    (
        """SELECT m.acc, t.total_count FROM sra.metadata m JOIN tax_analysis t ON m.acc = t.acc WHERE t.tax_id
        = 11118 ORDER BY m.acc""",
        [["CRR000001", "5"], ["SRR000001", "60"]],
    ),
    (
        """SELECT m.acc FROM sra.metadata AS m, tax_analysis AS tax WHERE m.acc = tax.acc AND tax.name = 'Homo sapiens'
        ORDER BY m.bioproject, m.acc""",
        ones("SRR000001", "SRR000005"),
    ),
    (
        """SELECT acc FROM run r WHERE NOT EXISTS (SELECT 1 FROM tax_analysis t WHERE t.acc = r.acc) ORDER BY
        acc""",
        ones("CRR000002", "SRR000002", "SRR000006", "SRR000009"),
    ),
    (
        """SELECT acc FROM run WHERE acc NOT IN (SELECT acc FROM tax_analysis) AND organism = 'Homo sapiens'""",
        ones("SRR000009"),
    ),
    (
        """SELECT r.acc, s.title FROM run r LEFT JOIN study s ON s.acc = r.sra_study WHERE r.acc IN
        ('CRR000001', 'SRR000005') ORDER BY 1""",
        [["CRR000001", "Study 1"], ["SRR000005", "Study 2"]],
    ),
    (
        """SELECT acc, study_abstract, sample_common_name, biosample_package FROM run_wide WHERE acc =
        'SRR000002'""",
        [["SRR000002", "Of insdc", "mouse", "Model.organism.animal.1.0"]],
    ),
    (
        """SELECT ours.acc, theirs.acc FROM run ours JOIN run theirs ON ours.organism = theirs.organism AND
        ours.assay_type = theirs.assay_type WHERE ours.source = 'own' AND theirs.source = 'insdc' AND
        theirs.mbytes < 3 ORDER BY 1""",
        [["CRR000001", "SRR000001"], ["CRR000002", "SRR000002"]],
    ),
    (
        """SELECT r.acc FROM run r WHERE r.spots > (SELECT avg(x.spots) FROM run x WHERE x.organism =
        r.organism) ORDER BY 1""",
        ones("SRR000005", "SRR000006", "SRR000009"),
    ),
    (
        """WITH first AS (SELECT acc, row_number() OVER (PARTITION BY organism ORDER BY releasedate, acc) AS n
        FROM run) SELECT acc FROM first WHERE n = 1 ORDER BY acc""",
        ones("CRR000001", "CRR000002"),
    ),
    (
        """SELECT acc, releasedate - INTERVAL '1' DAY, lag(acc) OVER (PARTITION BY organism ORDER BY
        releasedate) FROM run WHERE acc IN ('SRR000005', 'SRR000009') ORDER BY acc""",
        [["SRR000005", "2025-04-30 12:00:00.000", None], ["SRR000009", "2025-08-31 12:00:00.000", "SRR000005"]],
    ),
    (
        """SELECT acc, sum(mbases) OVER (ORDER BY acc ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM
        run WHERE source = 'own'""",
        [["CRR000001", "3"], ["CRR000002", "9"]],
    ),
    (
        """SELECT acc FROM run_base WHERE status = 'suppressed' UNION ALL SELECT accession FROM
        accession_status WHERE status = 'replaced' ORDER BY 1""",
        ones("SRR000003", "SRR000010"),
    ),
    (
        """SELECT acc FROM run EXCEPT SELECT acc FROM tax_analysis EXCEPT SELECT acc FROM run_own WHERE acc <
        'CRR000002' ORDER BY acc LIMIT 2""",
        ones("CRR000002", "SRR000002"),
    ),
]
MIRROR: list[tuple[str, Rows]] = [
    (
        """SELECT accession, status, experiment FROM accession_status WHERE accession = 'SRR000007'""",
        [["SRR000007", "suppressed", "SRX000007"]],
    ),
    (
        """SELECT s.accession, s.replacedby, r.organism FROM accession_status s JOIN run r ON r.acc =
        s.replacedby""",
        [["SRR000010", "SRR000009", HUMAN]],
    ),
    (
        """SELECT what, count(*) FROM change_log WHERE day = '2026-01-12' GROUP BY what ORDER BY what""",
        [["content", "1"], ["new", "1"], ["status", "1"]],
    ),
    (
        """SELECT acc, before, after FROM change_log WHERE what = 'status' AND batch = 20260112""",
        [["SRR000007", "live", "suppressed"]],
    ),
    (
        """SELECT max(batch), date_diff('day', min(published), max(published)) FROM mirror_snapshot""",
        [["20260112", "2"]],
    ),
    ("SELECT count(*) FROM \"run_base$snapshots\" WHERE operation = 'append'", ones("1")),
    (
        """SELECT file_name, q30_share FROM qc_files WHERE q30_share < 0.8e0""",
        [["CRR000001_2.fq.gz", "0.75"]],
    ),
]


@pytest.mark.parametrize(("sql", "expected"), JOINS, ids=named)
def test_joins_windows_and_sets_give_athenas_rows(lake: Lake, sql: str, expected: Rows) -> None:
    assert lake.rows(sql) == expected


@pytest.mark.parametrize(("sql", "expected"), MIRROR, ids=named)
def test_the_mirrors_tables_answer_what_changed_and_what_stands(lake: Lake, sql: str, expected: Rows) -> None:
    assert lake.rows(sql) == expected


def test_the_set_has_at_least_38_queries_all_different() -> None:
    every = [sql for part in (FILTERS, LISTS, GROUPS, JOINS, MIRROR) for sql, _ in part]
    assert len(set(every)) == len(every) >= 38
