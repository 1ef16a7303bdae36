"""Use of released images: what of them is where, search and facets over series, and DICOMweb's answers (PS3.18)."""
