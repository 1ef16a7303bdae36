"""DICOM objects without what identifies people: PS3.15 Annex E, by rules that are data."""
