"""MD5 and SHA-256 of bytes as they are stored. What is in the bytes: see containers and fastq."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from biotheca.formats.ahead import Beside


class Checksums:
    """Both digests and the size of a stream, in one pass.

    >>> sums = Checksums()
    >>> sums.update(b"abc")
    >>> sums.md5, sums.size_bytes
    ('900150983cd24fb0d6963f7d28e17f72', 3)
    """

    def __init__(self) -> None:
        # MD5 because depositors' lists and every neighbour archive speak it; SHA-256 is what we trust.
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sha256 = hashlib.sha256()
        self.size_bytes = 0

    def update(self, data: bytes) -> None:
        self._md5.update(data)
        self._sha256.update(data)
        self.size_bytes += len(data)

    def tee(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The same chunks, counted on their way through."""
        for chunk in chunks:
            self.update(chunk)
            yield chunk

    def tee_beside(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The same with each digest in a thread of its own. They are done when the iterator has ended."""
        threads = [Beside(self._md5.update), Beside(self._sha256.update)]
        try:
            for chunk in chunks:
                for thread in threads:
                    thread.put(chunk)
                self.size_bytes += len(chunk)
                yield chunk
        finally:
            for thread in threads:
                thread.finish()

    @property
    def md5(self) -> str:
        """Lower-case hexadecimal, 32 characters."""
        return self._md5.hexdigest()

    @property
    def sha256(self) -> str:
        """Lower-case hexadecimal, 64 characters."""
        return self._sha256.hexdigest()
