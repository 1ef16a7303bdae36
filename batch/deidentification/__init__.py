"""The Batch job that de-identifies the files of a submission. The work itself: biotheca.deidentification."""
