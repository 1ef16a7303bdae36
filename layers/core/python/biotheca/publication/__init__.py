"""Publication: numbers for a submission, verified archive copies, release, and what the public sees."""
