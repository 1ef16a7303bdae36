"""Queries as analysts write them, over the small lake of tests.local.lake_rows: each gives exactly Athena's rows.

Expected rows follow from the story of those rows and Trino's documentation; not one was taken over from an answer.
"""

from __future__ import annotations

import pytest

from tests.local.small_lake import Lake

Rows = list[list[str | None]]
LUNG = ["CRR000001", "SRR000001", "SRR000005", "SRR000009"]
LIVER = ["CRR000002", "SRR000002", "SRR000006"]
HUMAN, MOUSE = "Homo sapiens", "Mus musculus"


def named(value: object) -> str:
    """A query's first words are the name of its test."""
    return " ".join(value.split())[:60] if isinstance(value, str) else ""


def ones(*values: str | None) -> Rows:
    return [[value] for value in values]


FILTERS: list[tuple[str, Rows]] = [
    ("SELECT acc FROM sra.metadata WHERE organism = 'Homo sapiens' ORDER BY acc", ones(*LUNG)),
    (
        """SELECT acc FROM run WHERE organism IN ('Mus musculus', 'Rattus norvegicus') AND librarylayout =
        'SINGLE' ORDER BY 1""",
        ones(*LIVER),
    ),
    (
        """SELECT acc FROM run WHERE lower(platform) = 'illumina' AND instrument LIKE '%NovaSeq%' AND source <>
        'own' ORDER BY acc DESC""",
        ones(*LUNG[:0:-1]),
    ),
    (
        """SELECT acc FROM sra.metadata WHERE releasedate > DATE '2025-05-01' ORDER BY releasedate""",
        ones("SRR000005", "SRR000006", "SRR000009"),
    ),
    (
        """SELECT acc FROM run WHERE releasedate BETWEEN TIMESTAMP '2025-05-01 12:00:00' AND TIMESTAMP
        '2025-06-01 12:00:00' ORDER BY acc""",
        ones("SRR000005", "SRR000006"),
    ),
    (
        """SELECT acc FROM run WHERE year(releasedate) = 2025 AND month(releasedate) < 3 AND day(loaddate) = 2
        ORDER BY acc""",
        ones("CRR000001", "CRR000002", "SRR000001", "SRR000002"),
    ),
    (
        """SELECT acc FROM sra.metadata WHERE geo_loc_name_country_calc = 'Kenya' AND
        geo_loc_name_country_continent_calc = 'Africa' ORDER BY acc""",
        ones("CRR000002", "SRR000002", "SRR000005"),
    ),
    (
        """SELECT acc FROM run WHERE collection_date IS NULL OR title IS NOT NULL ORDER BY acc""",
        ones("CRR000002", "SRR000002", "SRR000005", "SRR000006"),
    ),
    (
        """SELECT acc FROM run WHERE regexp_like(acc, '^[CS]RR0*[12]$') ORDER BY acc""",
        ones("CRR000001", "CRR000002", "SRR000001", "SRR000002"),
    ),
    (
        """SELECT acc FROM run WHERE NOT (mbases < 15 OR avgspotlen <> 300) ORDER BY 1""",
        ones("SRR000005", "SRR000006", "SRR000009"),
    ),
    (
        """SELECT acc FROM run WHERE acc LIKE 'SRR%' ORDER BY bytes DESC OFFSET 1 LIMIT 2""",
        ones("SRR000006", "SRR000005"),
    ),
    ("SELECT acc FROM run ORDER BY acc FETCH FIRST 2 ROWS ONLY", ones("CRR000001", "CRR000002")),
]
LISTS: list[tuple[str, Rows]] = [
    (
        """SELECT acc FROM sra.metadata, UNNEST(attributes) AS t(k, v) WHERE k = 'tissue_sam' AND v = 'lung'
        ORDER BY acc""",
        ones(*LUNG),
    ),
    (
        """SELECT m.acc, t.v FROM sra.metadata m CROSS JOIN UNNEST(m.attributes) AS t (k, v) WHERE t.k =
        'sex_sam' AND m.mbytes > 5 ORDER BY m.acc""",
        [["SRR000006", "male"], ["SRR000009", "female"]],
    ),
    (
        """SELECT acc FROM sra.metadata WHERE contains(datastore_filetype, 'fastq') ORDER BY acc""",
        ones(*LUNG),
    ),
    (
        """SELECT acc FROM run WHERE any_match(attributes, a -> a.k = 'tissue_sam' AND a.v = 'liver') ORDER BY
        acc""",
        ones(*LIVER),
    ),
    (
        """SELECT acc, element_at(filter(attributes, a -> a.k = 'sex_sam'), 1).v FROM run WHERE source = 'own'
        ORDER BY acc""",
        [["CRR000001", "female"], ["CRR000002", "male"]],
    ),
    (
        """SELECT json_extract_scalar(jattr, '$.tissue_sam') AS tissue, count(*) AS runs FROM sra.metadata
        GROUP BY 1 ORDER BY runs DESC""",
        [["lung", "4"], ["liver", "3"]],
    ),
    (
        """SELECT sum(CAST(json_extract_scalar(jattr, '$.bases') AS bigint)) FROM sra.metadata WHERE organism =
        'Mus musculus'""",
        ones("30000000"),
    ),
    (
        """SELECT acc FROM sra.metadata WHERE element_at(geo_loc_name_sam, 1) LIKE 'China:%' ORDER BY 1""",
        ones("SRR000006", "SRR000009"),
    ),
    (
        """SELECT acc, ena_first_public_run[1], sample_name_sam FROM sra.metadata WHERE acc = 'SRR000009'""",
        [["SRR000009", "2025-09-01", "[s9]"]],
    ),
    (
        """SELECT acc, cardinality(collection_date_sam), biosamplemodel_sam FROM sra.metadata WHERE acc =
        'SRR000002'""",
        [["SRR000002", "0", "[]"]],
    ),
    (
        """SELECT provider, count(*) FROM sra.metadata CROSS JOIN UNNEST(datastore_provider) AS p (provider)
        GROUP BY provider ORDER BY provider""",
        [["gs", "7"], ["s3", "7"]],
    ),
    (
        """SELECT file_name, n FROM run CROSS JOIN UNNEST(file_names) WITH ORDINALITY AS f (file_name, n) WHERE
        acc = 'CRR000001' ORDER BY n""",
        [["CRR000001_1.fq.gz", "1"], ["CRR000001_2.fq.gz", "2"]],
    ),
    (
        """SELECT name, bytes, semantic_name FROM file WHERE acc = 'SRR000005'""",
        [["SRR000005.sra", "5000000", "run"]],
    ),
    (
        """SELECT f.alternatives[1].org FROM run CROSS JOIN UNNEST(files) AS f (name, url, bytes, md5, created,
        semantic_name, supertype, cluster, alternatives) WHERE acc = 'SRR000001'""",
        ones("GCP"),
    ),
    (
        """SELECT acc, v, unit FROM attribute WHERE entity = 'biosample' AND k = 'age' AND source = 'own' ORDER
        BY acc""",
        [["SAMC000001", "21", "years"], ["SAMC000002", "22", "years"]],
    ),
    (
        """SELECT id FROM xref WHERE db = 'GEO' AND entity = 'project' ORDER BY id, acc""",
        ones("GSE1", "GSE1", "GSE2", "GSE2"),
    ),
    (
        """SELECT wanted.organism, wanted.tissue, count(acc) FROM UNNEST(ARRAY[ROW('Homo sapiens', 'lung'),
        ROW('Mus musculus', 'lung')]) AS wanted (organism, tissue) LEFT JOIN (SELECT acc, organism,
        json_extract_scalar(jattr, '$.tissue_sam') AS tissue FROM run) r ON r.organism = wanted.organism AND
        r.tissue = wanted.tissue GROUP BY 1, 2 ORDER BY 1""",
        [[HUMAN, "lung", "4"], [MOUSE, "lung", "0"]],
    ),
]
GROUPS: list[tuple[str, Rows]] = [
    (
        """SELECT source, count(*) AS runs, sum(bases) AS bases FROM run GROUP BY source ORDER BY source""",
        [["insdc", "5", "69000000"], ["own", "2", "9000000"]],
    ),
    (
        """SELECT organism, count(DISTINCT sra_study), min(releasedate), max(mbytes) FROM run GROUP BY organism
        HAVING count(*) > 3""",
        [[HUMAN, "3", "2025-01-01 12:00:00.000", "9"]],
    ),
    (
        """SELECT date_trunc('month', releasedate) AS month, count(*) FROM sra.metadata GROUP BY 1 HAVING
        count(*) > 1 ORDER BY 1""",
        [["2025-01-01 00:00:00.000", "2"], ["2025-02-01 00:00:00.000", "2"]],
    ),
    (
        """SELECT organism, librarylayout, count(*) FROM run GROUP BY ROLLUP (organism, librarylayout) ORDER BY
        1, 2""",
        [[HUMAN, "PAIRED", "4"], [HUMAN, None, "4"], [MOUSE, "SINGLE", "3"], [MOUSE, None, "3"], [None, None, "7"]],
    ),
    (
        """SELECT if(grouping(organism) = 1, 'all', organism) AS who, sum(mbases) FROM run GROUP BY GROUPING
        SETS ((organism), ()) ORDER BY 2""",
        [[MOUSE, "30"], [HUMAN, "48"], ["all", "78"]],
    ),
    (
        """SELECT organism, sum(spots) FILTER (WHERE source = 'own') AS ours, count_if(mbytes > 4) AS large
        FROM run GROUP BY organism ORDER BY organism""",
        [[HUMAN, "10000", "2"], [MOUSE, "20000", "1"]],
    ),
    (
        """SELECT organism, array_join(array_agg(acc ORDER BY acc DESC), '; ') FROM run WHERE source = 'insdc'
        GROUP BY organism ORDER BY 1""",
        [[HUMAN, "SRR000009; SRR000005; SRR000001"], [MOUSE, "SRR000006; SRR000002"]],
    ),
    (
        """SELECT max_by(acc, bases), min_by(acc, releasedate), approx_distinct(biosample) FROM run WHERE
        source = 'insdc'""",
        [["SRR000009", "SRR000001", "5"]],
    ),
    (
        """SELECT sum(mbytes) / 1024e0, sum(bytes) / 1000000, avg(mbytes) FROM run WHERE source = 'own'""",
        [["0.0029296875", "3", "1.5"]],
    ),
    (
        """SELECT a.k, count(*) FROM attribute a GROUP BY a.k ORDER BY 2 DESC, 1 LIMIT 2""",
        [["age", "20"], ["tissue", "20"]],
    ),
    (
        """SELECT map_agg(k, v) FROM (SELECT k, v FROM attribute WHERE acc = 'SRS000001' ORDER BY k)""",
        ones("{age=21, tissue=lung}"),
    ),
    (
        """SELECT CASE WHEN mbases < 10 THEN 'small' WHEN mbases < 20 THEN 'medium' ELSE 'large' END AS size,
        count(*) FROM run GROUP BY 1 ORDER BY 2 DESC, 1""",
        [["small", "4"], ["medium", "2"], ["large", "1"]],
    ),
]
JOINS: list[tuple[str, Rows]] = [
    (
        """SELECT m.acc, t.total_count FROM sra.metadata m JOIN tax_analysis t ON m.acc = t.acc WHERE t.tax_id
        = 11118 ORDER BY m.acc""",
        [["CRR000001", "5"], ["SRR000001", "60"]],
    ),
    (
        """SELECT m.acc FROM sra.metadata AS m, tax_analysis AS tax WHERE m.acc = tax.acc AND tax.name = 'Homo
        sapiens' ORDER BY m.bioproject, m.acc""",
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


@pytest.mark.parametrize(("sql", "expected"), FILTERS, ids=named)
def test_filters_keep_what_athena_keeps(lake: Lake, sql: str, expected: Rows) -> None:
    assert lake.rows(sql) == expected


@pytest.mark.parametrize(("sql", "expected"), LISTS, ids=named)
def test_lists_rows_and_json_are_taken_apart_as_athena_does(lake: Lake, sql: str, expected: Rows) -> None:
    assert lake.rows(sql) == expected


@pytest.mark.parametrize(("sql", "expected"), GROUPS, ids=named)
def test_groups_are_counted_as_athena_counts(lake: Lake, sql: str, expected: Rows) -> None:
    assert lake.rows(sql) == expected


@pytest.mark.parametrize(("sql", "expected"), JOINS, ids=named)
def test_joins_windows_and_sets_give_athenas_rows(lake: Lake, sql: str, expected: Rows) -> None:
    assert lake.rows(sql) == expected


@pytest.mark.parametrize(("sql", "expected"), MIRROR, ids=named)
def test_the_mirrors_tables_answer_what_changed_and_what_stands(lake: Lake, sql: str, expected: Rows) -> None:
    assert lake.rows(sql) == expected


def test_the_set_has_at_least_38_queries_all_different() -> None:
    every = [sql for part in (FILTERS, LISTS, GROUPS, JOINS, MIRROR) for sql, _ in part]
    assert len(set(every)) == len(every) >= 38
