"""Curation: the queue, and a person's decision that lets the workflow go on."""
