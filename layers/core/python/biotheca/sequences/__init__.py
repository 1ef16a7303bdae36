"""Sequence files of the mirror: references to where they can be had, and proved copies of those that are wanted."""
