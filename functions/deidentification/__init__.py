"""Doors of the workflow to de-identification. The work itself is the Batch job of the same name."""
