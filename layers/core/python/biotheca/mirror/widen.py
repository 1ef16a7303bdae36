"""A run's row as NCBI's own table has it: joined with its experiment, sample, study and BioSample when it is written.

A run is written anew when any of these changed. What is the run's own stays readable in the row: its attributes
carry `_run`, the sample's `_sam`, the experiment's `_exp`, as NCBI's do.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from biotheca import catalog
from biotheca.lake.model import RUN_COLUMNS

# Where a country or a date stands in attributes of a sample, the harmonised name first.
_PLACE = "geo_loc_name|geographic location (country and/or sea)|geographic location|country"
_DATE = "collection_date|collection date|collection_timestamp"


def widen(runs: pa.Table, others: dict[str, pa.Table], held: pa.Table, statuses: pa.Table) -> pa.Table:
    """Rows of the lake's `run` (content only) for parsed runs and for `held` rows whose surroundings changed.

    `others`: current experiment, sample, study, biosample rows that any of them may need. `statuses`: accession_status
    rows of the runs (spots, bases, published, loaded, visibility), which sets of runs do not have.
    """
    db = duckdb.connect(":memory:", config={"threads": 2, "memory_limit": "1500MiB"})
    try:
        db.register("parsed", runs)
        db.register("held", held)
        db.register("told", statuses)
        for name, table in others.items():
            db.register(name, table)
        places = catalog.continents()
        db.register("countries", pa.table({"name": list(places), "continent": list(places.values())}))
        db.execute(f"CREATE TEMP TABLE own AS {_OWN}")
        db.execute(f"CREATE TEMP TABLE attributes_ AS {_ATTRIBUTES}")
        columns = ", ".join(f'"{name}"' for name in RUN_COLUMNS if name not in ("source", "archive", "status"))
        return db.sql(f"SELECT {columns} FROM ({_WIDE}) ORDER BY acc").to_arrow_table()
    finally:
        db.close()


# What is the run's own: of a parsed record, or taken back out of the row that is there.
_OWN = """
SELECT acc, alias, center_name, title, experiment, published, spots, bases, bytes, files,
       list_sort(list_distinct(list_transform(clouds, lambda c: c.filetype))) AS filetypes,
       list_sort(list_distinct(list_transform(clouds, lambda c: c.provider))) AS providers,
       list_sort(list_distinct(list_transform(clouds, lambda c: c.location))) AS regions,
       list_transform(list_filter(attributes, lambda a: a.k IS NOT NULL),
                      lambda a: {'k': regexp_replace(lower(trim(a.k)), '[^a-z0-9]+', '_', 'g') || '_run', 'v': a.v})
       || CASE WHEN title IS NULL THEN [] ELSE [{'k': 'title_run', 'v': title}] END AS attributes
FROM parsed
UNION ALL BY NAME
SELECT acc, NULL AS alias, center_name, list_filter(attributes, lambda a: a.k = 'title_run')[1].v AS title, experiment,
       strftime(releasedate, '%Y-%m-%d %H:%M:%S') AS published,
       spots, bases, bytes, files, datastore_filetype AS filetypes, datastore_provider AS providers,
       datastore_region AS regions, list_filter(attributes, lambda a: ends_with(a.k, '_run')) AS attributes
FROM held WHERE acc NOT IN (SELECT acc FROM parsed)
"""
_SUFFIXED = (
    "list_transform(list_filter({list}, lambda a: a.k IS NOT NULL), "
    "lambda a: {{'k': regexp_replace(lower(trim(a.k)), '[^a-z0-9]+', '_', 'g') || '{suffix}', 'v': a.v}})"
)
_ATTRIBUTES = f"""
SELECT own.acc,
       coalesce({_SUFFIXED.format(list="biosample.attributes", suffix="_sam")},
                {_SUFFIXED.format(list="sample.attributes", suffix="_sam")}, [])
       || coalesce({_SUFFIXED.format(list="experiment.attributes", suffix="_exp")}, [])
       || coalesce(own.attributes, []) AS attributes
FROM own LEFT JOIN experiment ON experiment.acc = own.experiment LEFT JOIN sample ON sample.acc = experiment.sample
LEFT JOIN biosample ON biosample.acc = coalesce(experiment.biosample, sample.biosample)
"""


def _first_of(names: str) -> str:
    """The value of the first attribute that has one of the names, in the order of the names."""
    wanted = names.split("|")
    tries = []
    for name in wanted:
        for holder, key in (("biosample", "harmonized_name"), ("biosample", "k"), ("sample", "k")):
            tries.append(f"list_filter({holder}.attributes, lambda a: lower(a.{key}) = '{name}')[1].v")
    return f"coalesce({', '.join(tries)})"


_WIDE = f"""
SELECT own.acc, NULL::VARCHAR AS member, coalesce(own.title, experiment.title) AS title,
  experiment.library_strategy AS assay_type,
  coalesce(own.center_name, experiment.center_name, told.center) AS center_name,
  CASE told.visibility WHEN 'controlled_access' THEN 'controlled' ELSE coalesce(told.visibility, 'public') END
    AS consent,
  own.experiment, sample.alias AS sample_name, experiment.instrument_model AS instrument,
  experiment.library_layout AS librarylayout, experiment.library_selection AS libraryselection,
  experiment.library_source AS librarysource, experiment.library_name, experiment.platform,
  experiment.sample AS sample_acc, coalesce(experiment.biosample, sample.biosample, told.biosample) AS biosample,
  coalesce(biosample.organism, sample.organism) AS organism, coalesce(biosample.taxon_id, sample.taxon_id) AS taxon_id,
  experiment.study AS sra_study, study.title AS study_title,
  coalesce(study.bioproject, experiment.bioproject, told.bioproject) AS bioproject,
  try_cast(coalesce(own.published, told.published) AS TIMESTAMP) AS releasedate,
  try_cast(coalesce(told.loaded, told.received) AS TIMESTAMP) AS loaddate,
  coalesce(own.bases, told.bases) // nullif(coalesce(own.spots, told.spots), 0) AS avgspotlen,
  coalesce(own.bases, told.bases) // 1000000 AS mbases, own.bytes // 1000000 AS mbytes,
  coalesce(own.spots, told.spots) AS spots, coalesce(own.bases, told.bases) AS bases, own.bytes AS bytes,
  experiment.nominal_length AS insertsize, place.place AS geo_loc_name, countries.name AS geo_loc_name_country_calc,
  countries.continent AS geo_loc_name_country_continent_calc, place.collected AS collection_date,
  biosample.models[1] AS biosamplemodel,
  list_filter(list_transform(own.files, lambda f: f.name), lambda n: n IS NOT NULL) AS file_names,
  list_filter(list_transform(own.files, lambda f: f.md5), lambda m: m IS NOT NULL) AS file_md5,
  own.files AS files, own.filetypes AS datastore_filetype, own.providers AS datastore_provider,
  own.regions AS datastore_region, attributes_.attributes AS attributes,
  json_merge_patch(
    coalesce(jattr.jattr, '{{}}'), json_object('bases', coalesce(own.bases, told.bases), 'bytes', own.bytes)
  )::VARCHAR AS jattr
FROM own LEFT JOIN experiment ON experiment.acc = own.experiment LEFT JOIN sample ON sample.acc = experiment.sample
LEFT JOIN study ON study.acc = experiment.study
LEFT JOIN biosample ON biosample.acc = coalesce(experiment.biosample, sample.biosample)
LEFT JOIN told ON told.accession = own.acc LEFT JOIN attributes_ ON attributes_.acc = own.acc
LEFT JOIN (SELECT own.acc, {_first_of(_PLACE)} AS place, {_first_of(_DATE)} AS collected FROM own
           LEFT JOIN experiment ON experiment.acc = own.experiment LEFT JOIN sample ON sample.acc = experiment.sample
           LEFT JOIN biosample ON biosample.acc = coalesce(experiment.biosample, sample.biosample)) AS place
  ON place.acc = own.acc
LEFT JOIN countries ON lower(countries.name) = lower(trim(split_part(place.place, ':', 1)))
LEFT JOIN (SELECT acc, json_group_object(k, vs)::VARCHAR AS jattr
           FROM (SELECT acc, a.k AS k, list(a.v) AS vs FROM (SELECT acc, unnest(attributes) AS a FROM attributes_)
                 GROUP BY acc, a.k ORDER BY acc, a.k) GROUP BY acc) AS jattr ON jattr.acc = own.acc
"""
