"""Which maker's instrument wrote a name, by its shape alone. Shapes of several makers are Illumina's: see Kin."""

from __future__ import annotations

import re

# First that fits. Sources: Illumina's FASTQ files page; PacBio's file formats documentation; ONT's read ids are UUIDs;
# MGI's flow cell, lane, column, row, number; Ion Torrent's run code, row, column; INSDC's and GSA's run accessions.
_SHAPES: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    ("SRA", re.compile(rb"[SEDC]RR\d+\.\d+")),
    ("ONT", re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")),
    ("PacBio", re.compile(rb"m[0-9A-Za-z]+(_\d{6}){1,2}[^/\s]*/\d+")),
    ("MGI/BGI", re.compile(rb"[A-Z0-9_]+L[1-8]C\d{3}R\d{3}")),
    ("Illumina", re.compile(rb"[^:\s]+:\d+:[^:\s]+:\d+:\d+:\d+:\d+")),
    ("Illumina", re.compile(rb"[^:\s]+:\d+:\d+:-?\d+:-?\d+(#|$)")),
    ("Ion Torrent", re.compile(rb"[A-Z0-9]{5}:\d+:\d+$")),
)


def platform_of(name: bytes) -> str | None:
    """The maker, None if the shape is nobody's.

    >>> platform_of(b"M01:7:000-A:1:1101:15:1000"), platform_of(b"read1")
    ('Illumina', None)
    """
    return next((maker for maker, shape in _SHAPES if shape.match(name)), None)
