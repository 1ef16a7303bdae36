"""The Batch job that checks one file. The check itself: biotheca.qc."""
