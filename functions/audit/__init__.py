"""Lambda doors of the audit chain."""
