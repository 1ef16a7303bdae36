"""The operator's door to taxonomy."""
