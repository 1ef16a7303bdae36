"""A file whose content no reader of ours knows: read to its end, so that its container and digests are proved."""

from __future__ import annotations

from biotheca.formats.defects import Fed, Tally


class OpaqueCheck(Fed, Tally):
    """Feed it decoded bytes, then `finish`. `reads`, `bases` and `lines` stay 0; an empty file is a defect."""

    def __init__(self, keep: int = 100) -> None:
        super().__init__(keep)
        self.lines = 0
        self.decoded_bytes = 0

    def feed(self, piece: bytes) -> None:
        """The next decoded bytes, cut anywhere."""
        self.decoded_bytes += len(piece)

    def finish(self, whole: bool = True) -> None:
        """The end. `whole` is False if the container broke before it."""
        if whole and not self.decoded_bytes:
            self.add("nothing_inside", 0)
