"""Audit: every event of the archive as a line of a hash chain, kept in a bucket where nothing can be overwritten."""
