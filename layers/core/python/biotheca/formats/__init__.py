"""Readers of bytes: containers, FASTQ, checksums. Pure, streaming, bounded memory; what a rule says of them: see qc."""
