"""Door of the archive job for files that are too large for a function."""
