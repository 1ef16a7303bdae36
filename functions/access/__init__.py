"""Lambda doors of access."""
