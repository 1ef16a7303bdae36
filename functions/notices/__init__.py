"""Lambda doors of notices."""
