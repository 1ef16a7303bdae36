"""Load the whole NCBI taxonomy: `python -m functions.taxonomy.load taxdump.tar.gz` (or nodes.dmp names.dmp).

For an operator, with credentials that may write the taxonomy table and BIOTHECA_TAXONOMY_TABLE naming it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from biotheca import clock
from biotheca.taxonomy import dump
from biotheca.taxonomy.store import TaxonomyStore


def main(arguments: list[str]) -> int:
    """Exit code: 0 loaded, 2 the dump is broken or not named."""
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        with dump.opened([Path(a) for a in arguments]) as (nodes, names):
            count = TaxonomyStore().load(dump.taxa(nodes, names), clock.stamp())
    except (dump.DumpBroken, KeyError, OSError) as error:
        print(f"Nothing usable: {error}", file=sys.stderr)
        return 2
    print(f"{count} taxa loaded")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
