"""Text by whole lines: the ground under readers of line formats other than FASTQ."""

from __future__ import annotations

from biotheca.formats.containers import content_of
from biotheca.formats.defects import Fed, Tally

BLOCK_BYTES = 1024 * 1024
_HEAD_BYTES = 512  # by which contents are known


class LineCheck(Fed, Tally):
    """Feed it decoded bytes, then `finish`. `take(lines)` is given whole lines without their ends, in order.

    `lines` counts those that were taken. CRLF is counted and taken off. `format` names what is expected.
    """

    format = "text"
    max_line_bytes = 256 * 1024 * 1024

    def __init__(self, keep: int = 100, block_bytes: int = BLOCK_BYTES) -> None:
        super().__init__(keep)
        self._block_bytes = block_bytes
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._started = False
        self.lines = 0

    def feed(self, piece: bytes) -> None:
        """The next decoded bytes, cut anywhere."""
        if self.stopped:
            return
        self._held.append(piece)
        self._held_bytes += len(piece)
        if self._held_bytes > self.max_line_bytes:
            self.stop("line_too_long", self.lines + 1, limit_bytes=self.max_line_bytes)
        elif self._held_bytes >= self._enough() and (b"\n" in piece or not self._started):
            self._work()

    def finish(self, whole: bool = True) -> None:
        """The end. `whole` is False if the container broke before it."""
        if self.stopped:
            return
        self._work(last=whole)
        if whole and not self.stopped:
            self.end()

    def take(self, lines: list[bytes]) -> None:
        """The next whole lines."""
        raise NotImplementedError

    def end(self) -> None:
        """What can be said at the end alone."""

    def _enough(self) -> int:
        return self._block_bytes if self._started else max(self._block_bytes, _HEAD_BYTES)

    def _work(self, last: bool = False) -> None:
        text = b"".join(self._held)
        self._held.clear()
        if not self._started and (text or last):
            self._started = True
            content = content_of(text[:512])
            if content and content != self.format:
                self.stop("content_is_other", 1, content=content, format=self.format)
                return
        end = len(text) if last else text.rfind(b"\n") + 1
        self._held, self._held_bytes = [text[end:]], len(text) - end
        if not end:
            return
        text = self.without_crlf(text[:end], self.lines)
        lines = text.removesuffix(b"\n").split(b"\n")
        self.take(lines)
