"""BCF 2: what htslib writes of it as VCF goes through the check of VCF. Its blocks are checked before (containers)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from biotheca.formats.containers import content_of
from biotheca.formats.htslib import Htslib
from biotheca.formats.vcf import VcfCheck


class BcfCheck(VcfCheck):
    """Read it once. Lines are those that `bcftools view --no-version` writes of the file."""

    format = "BCF"

    def read(self, pieces: Iterable[bytes]) -> None:
        """All bytes. What `pieces` raises passes."""
        rest: Iterator[bytes] = iter(pieces)
        head = next(rest, b"")
        if head[:4] != b"BCF\2":
            self.stop("content_is_other", 0, content=content_of(head[:512]) or "something unknown", format="BCF")
            return
        if not Htslib.installed():
            self.warn("not_decoded", 0)
            self.stopped = True
            for _ in rest:  # their check sums are compared
                pass
            return
        self.format = "VCF"
        process = Htslib("bcf")
        for text in process.lines(chain([head], rest)):
            self.feed(text)
        if fault := process.ended_badly():
            self.finish(whole=False)
            self.stop("htslib", 0, reason=fault, records=self.records)
