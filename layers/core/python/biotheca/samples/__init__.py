"""Samples of other registries become BioSamples: what may leave of them, what is due, what came back."""
