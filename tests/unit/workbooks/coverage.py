"""What the original archive's sheets ask for a dataset of raw reads, and where this archive's template asks it.

Rows: (sheet, what is asked, must it be answered: yes, no, or when, place). A place is `object type.column key`,
`General.row` of the General sheet, `profile.field` of the submitter's account, or `sheet object type` for a sheet that
may be left out. Facts of the original's published sheets; docs/workbooks.md shows the table.
"""

from __future__ import annotations

Row = tuple[str, str, str, str]

ASKED: tuple[Row, ...] = (
    ("Study", "title", "yes", "study.title"),
    ("Study", "BioProject", "yes", "study.project"),
    ("Study", "description", "no", "study.description"),
    ("Study", "submitter", "yes", "profile.name"),
    ("Study", "organisation", "yes", "profile.organisation"),
    ("Study", "release at once or on a date", "yes", "General.release"),
    ("Study", "publication", "no", "study.publications/0/doi"),
    ("Study", "are all samples registered already", "yes", "sheet sample"),
    ("Experiment", "ID", "yes", "experiment.alias"),
    ("Experiment", "experiment title", "yes", "experiment.title"),
    ("Experiment", "BioProject accession", "yes", "study.project"),
    ("Experiment", "BioSample name or accession", "yes", "experiment.sample"),
    ("Experiment", "platform (instrument model)", "yes", "experiment.instrument_model"),
    ("Experiment", "library construction, experimental design", "yes", "experiment.design_description"),
    ("Experiment", "library name", "no", "experiment.library_name"),
    ("Experiment", "strategy", "yes", "experiment.library_strategy"),
    ("Experiment", "source", "yes", "experiment.library_source"),
    ("Experiment", "selection", "yes", "experiment.library_selection"),
    ("Experiment", "layout", "yes", "experiment.library_layout"),
    ("Experiment", "read length for mate 1 (bp)", "yes", "experiment.read_length_1"),
    ("Experiment", "read length for mate 2 (bp)", "if paired", "experiment.read_length_2"),
    ("Experiment", "insert size", "no", "experiment.insert_size"),
    ("Experiment", "nominal size", "if paired", "experiment.nominal_size"),
    ("Experiment", "nominal standard deviation", "no", "experiment.nominal_sdev"),
    ("Experiment", "planned number of cycles", "no", "experiment.planned_cycles"),
    ("Run", "run title", "yes", "run.title"),
    ("Run", "alias", "yes", "run.alias"),
    ("Run", "BioProject accession", "yes", "study.project"),
    ("Run", "experiment accession or ID", "yes", "run.experiment"),
    ("Run", "run data file type", "yes", "run.file_type"),
    ("Run", "file name 1", "yes", "run.files/0/name"),
    ("Run", "MD5 of file 1", "yes", "run.files/0/md5"),
    ("Run", "file name 2", "if paired", "run.files/1/name"),
    ("Run", "MD5 of file 2", "if paired", "run.files/1/md5"),
    ("Run", "reference file name", "if aligned", "run.reference_file"),
    ("Run", "MD5 of the reference file", "no", "run.reference_md5"),
    ("Run", "assembly name or accession", "if aligned", "run.assembly"),
    ("Run", "assembly URL", "no", "run.assembly_url"),
)
