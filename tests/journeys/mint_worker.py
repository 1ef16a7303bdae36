"""One of the processes of test_minting: takes numbers for many owners and prints what it got, in order."""

from __future__ import annotations

import json
import sys

from biotheca.accessions.service import Mint
from biotheca.accessions.store import AccessionStore


def main(name: str, owners: int, each: int, singles: int) -> None:
    mint = Mint(AccessionStore())
    got = [mint.mint("gsa.run", f"{name}/{owner}", each) for owner in range(owners)]
    # One owner that every process fights for: all must be told the same number.
    shared = [mint.mint("gsa.study", f"shared/{number}", 1) for number in range(20)]
    alone = [mint.mint("sample", f"{name}/single/{number}", 1) for number in range(singles)]
    again = mint.mint("gsa.run", f"{name}/0", each)
    print(json.dumps({"runs": got, "shared": shared, "samples": alone, "again": again}))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
