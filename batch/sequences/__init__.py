"""The Batch job that copies or proves one large file of the mirror. What it does: biotheca.sequences."""
