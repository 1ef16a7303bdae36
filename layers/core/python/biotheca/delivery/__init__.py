"""Delivery of controlled files: kept encrypted, handed out with a header for one reader's key (Crypt4GH)."""
