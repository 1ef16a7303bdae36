"""Search over released records by accession and by the words of their titles."""
