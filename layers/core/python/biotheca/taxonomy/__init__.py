"""Taxonomy: which organism an id names, what is above it, and which ids a name may mean."""
