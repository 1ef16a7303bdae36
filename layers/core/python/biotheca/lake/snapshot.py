"""Which batch of the mirror readers see now: the newest row of the table `mirror_snapshot`."""

from __future__ import annotations

from biotheca.lake.iceberg import glue_catalog
from biotheca.settings import Settings


def newest_batch() -> str:
    """The newest published batch, or nothing while there is none."""
    table = glue_catalog().load_table((Settings().lake_database, "mirror_snapshot"))
    batches = table.scan(selected_fields=("batch",)).to_arrow().column("batch").to_pylist()
    return str(max(batches)) if batches else ""
