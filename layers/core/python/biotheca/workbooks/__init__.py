"""Workbooks: a submission's metadata as sheets of Excel or tables of TSV, made from the catalog and read back."""
