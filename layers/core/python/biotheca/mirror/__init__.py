"""The INSDC mirror: feeds fetched, parsed, compared and merged into the lake, every day."""
