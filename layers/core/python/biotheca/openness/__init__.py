"""Openness: how openly a dataset is shared, as a score with its inputs, from what became of the requests for it."""
