"""`python -m bench [WORD ...]`: one table each, as in docs/performance.md; all by itself. Words: see BENCHES."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from bench.measure import load

FOLDER = Path(__file__).resolve().parent.parent / ".biotheca" / "bench"
BENCHES: tuple[str, ...] = (
    *("laptop", "gate", "mint", "check", "qc", "bam", "workbook", "openness"),
    *("transfer", "resume", "many", "names", "petabyte", "lake", "mirror", "crypt4gh", "deidentification"),
    *("deid_score", "pixels", "packing", "imaging"),
)


def main(words: list[str]) -> int:
    """0, or 2 for an unknown word."""
    unknown = [word for word in words if word not in BENCHES]
    if unknown:
        print(f"There is no bench {unknown[0]!r}; known: {', '.join(BENCHES)}.", file=sys.stderr)
        return 2
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in words or BENCHES:
        before = load()
        print(importlib.import_module(f"bench.{name}").run(FOLDER))
        print(f"\nBefore: {before}.\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
