"""Lambda doors of this capability; thin."""
