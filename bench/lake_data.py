"""Rows as a mirror has them, for the lake's bench: runs with all their columns, made by DuckDB from a row number.

Cardinalities follow what the real feeds have: a study of about forty runs, few platforms, titles and attributes that
differ from run to run. A row is the same whenever it is made, so two contenders work on equal input.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

# `n` is the row's number, `v` its version: the content of a later version differs.
_FILES = """[{'name': acc || '.sralite.1', 'url': 'https://sra-downloads.example/sos4/' || acc || '/' || acc,
  'bytes': 100000 + h1 % 9000000000, 'md5': md5(acc || 'l'), 'created': '2023-05-06 10:00:00',
  'semantic_name': 'SRA Lite', 'supertype': 'Primary ETL', 'cluster': 'public',
  'alternatives': [{'url': 's3://sra-pub-run/' || acc, 'org': 'AWS', 'access_type': 'anonymous',
   'free_egress': 'worldwide'}, {'url': 'gs://sra-pub-run/' || acc, 'org': 'GCP', 'access_type': 'gcp identity',
   'free_egress': 'gs.us-east1'}]},
 {'name': acc || '_1.fastq.gz', 'url': NULL, 'bytes': 200000 + h2 % 9000000000, 'md5': md5(acc || 'f'),
  'created': '2023-05-06 10:00:00', 'semantic_name': 'fastq', 'supertype': 'Original', 'cluster': 'public',
  'alternatives': []}]"""
_ATTRIBUTES = """[{'k': 'isolation_source', 'v': ['stool', 'soil', 'blood', 'sea water'][1 + h1 % 4]},
 {'k': 'collection_date', 'v': (2010 + h2 % 15)::VARCHAR || '-0' || (1 + h1 % 9)::VARCHAR},
 {'k': 'geo_loc_name', 'v': ['USA: CA', 'China: Beijing', 'Japan', 'Germany: Kiel'][1 + h2 % 4]},
 {'k': 'strain', 'v': 'S' || (h1 % 100000)::VARCHAR}, {'k': 'host', 'v': ['Homo sapiens', 'Mus musculus'][1 + h1 % 2]},
 {'k': 'lat_lon', 'v': (h1 % 9000 / 100.0)::VARCHAR || ' N ' || (h2 % 18000 / 100.0)::VARCHAR || ' E'}]"""
_COLUMNS = {
    "acc": "'SRR' || (1000000 + n)::VARCHAR",
    "source": "'insdc'",
    "archive": "['NCBI', 'EBI', 'DDBJ'][1 + h1 % 3]",
    "status": "'live'",
    "title": "'Sequencing of isolate ' || (h1 % 100000)::VARCHAR || ' version ' || v::VARCHAR",
    "assay_type": "['WGS', 'RNA-Seq', 'AMPLICON', 'OTHER'][1 + study % 4]",
    "center_name": "'CENTER ' || (study % 3000)::VARCHAR",
    "consent": "'public'",
    "experiment": "'SRX' || (2000000 + n)::VARCHAR",
    "sample_name": "'sample_' || (h2 % 1000000)::VARCHAR",
    "instrument": "['Illumina NovaSeq 6000', 'NextSeq 500', 'HiSeq X Ten', 'GridION'][1 + study % 4]",
    "librarylayout": "['PAIRED', 'SINGLE'][1 + study % 2]",
    "libraryselection": "['RANDOM', 'PCR', 'cDNA'][1 + study % 3]",
    "librarysource": "['GENOMIC', 'METAGENOMIC', 'TRANSCRIPTOMIC'][1 + study % 3]",
    "library_name": "'lib' || n::VARCHAR",
    "platform": "['ILLUMINA', 'ILLUMINA', 'OXFORD_NANOPORE'][1 + study % 3]",
    "sample_acc": "'SRS' || (3000000 + n)::VARCHAR",
    "biosample": "'SAMN' || (10000000 + n)::VARCHAR",
    "organism": "['Homo sapiens', 'Mus musculus', 'Escherichia coli', 'soil metagenome'][1 + study % 4]",
    "taxon_id": "[9606, 10090, 562, 410658][1 + study % 4]",
    "sra_study": "'SRP' || (100000 + study)::VARCHAR",
    "study_title": "'A study of ' || (study % 50000)::VARCHAR || ' communities and their variation'",
    "bioproject": "'PRJNA' || (200000 + study)::VARCHAR",
    "releasedate": "TIMESTAMP '2012-01-01' + INTERVAL (n // 1000) HOUR",
    "loaddate": "TIMESTAMP '2012-01-01' + INTERVAL (n // 1000 + h1 % 50) HOUR",
    "avgspotlen": "[302, 150, 101, 76][1 + h2 % 4]",
    "mbases": "h1 % 9000",
    "mbytes": "h1 % 3000",
    "spots": "h1 % 90000000",
    "bases": "(h1 % 90000000) * 302",
    "bytes": "h2 % 9000000000",
    "geo_loc_name": "['USA: CA', 'China: Beijing', 'Japan', 'Germany: Kiel'][1 + h2 % 4]",
    "geo_loc_name_country_calc": "['USA', 'China', 'Japan', 'Germany'][1 + h2 % 4]",
    "geo_loc_name_country_continent_calc": "['North America', 'Asia', 'Asia', 'Europe'][1 + h2 % 4]",
    "collection_date": "(2010 + h2 % 15)::VARCHAR || '-0' || (1 + h1 % 9)::VARCHAR",
    "biosamplemodel": "'Metagenome or environmental'",
    "file_names": "[acc || '.sralite.1', acc || '_1.fastq.gz']",
    "file_md5": "[md5(acc || 'l'), md5(acc || 'f')]",
    "files": _FILES,
    "datastore_filetype": "['sra', 'fastq']",
    "datastore_provider": "['gs', 'ncbi', 's3']",
    "datastore_region": "['gs.us-east1', 'ncbi.public', 's3.us-east-1']",
    "attributes": _ATTRIBUTES,
    "jattr": """'{"bases": ' || (h1 % 90000000)::VARCHAR || ', "bytes": ' || h2::VARCHAR ||
                ', "run_file_create_date": "2023-05-06T10:00:00.000Z", "strain_sam": ["S' ||
                (h1 % 100000)::VARCHAR || '"]}'""",
    "batch": "v",
    "content_hash": "md5(acc || v::VARCHAR)",
}


def rows_sql(numbers: str, gone: str = "false") -> str:
    """A SELECT of run rows. `numbers` is a relation with columns n and v; `gone` an expression over them."""
    columns = ", ".join(f"{sql} AS {name}" for name, sql in _COLUMNS.items())
    return f"""SELECT {columns}, {gone} AS gone FROM (SELECT *, 'SRR' || (1000000 + n)::VARCHAR AS acc,
        (hash(n, v, 1) >> 2)::BIGINT AS h1, (hash(n, v, 2) >> 2)::BIGINT AS h2, n // 40 AS study FROM {numbers})"""


def write(numbers: str, path: Path, gone: str = "false") -> Path:
    """A Parquet file of these rows."""
    with duckdb.connect(config={"threads": 2, "memory_limit": "1GB"}) as engine:
        engine.execute(f"COPY ({rows_sql(numbers, gone)}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
    return path
