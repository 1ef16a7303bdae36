"""Access to controlled data: who may have it, by whose leave, and how that is told to others."""
