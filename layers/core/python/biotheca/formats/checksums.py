"""MD5 and SHA-256 of bytes as they are stored. What is in the bytes: see containers and fastq."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

from biotheca.formats import native
from biotheca.formats.ahead import Beside


class CannotBeSaved(Exception):
    """hashlib's digests do not tell their state, and there is no kernel."""


class Checksums:
    """Both digests and the size of a stream, in one pass. `saved` is what another one's `save` gave.

    Both are computed by the kernel at once where the processor has instructions for SHA-256, or if they are to be
    `savable`; else by hashlib one after the other. Raises ValueError if `saved` is no such state, CannotBeSaved.

    >>> sums = Checksums()
    >>> sums.update(b"abc")
    >>> sums.md5, sums.size_bytes
    ('900150983cd24fb0d6963f7d28e17f72', 3)
    """

    def __init__(self, saved: bytes | None = None, savable: bool = False, fast: bool = True) -> None:
        self._state: Any = None
        if native.has_kernel() and (savable or saved is not None or (fast and native.kernel().digests_are_fast())):
            self._state = native.kernel().digests(saved, fast)
        if self._state is None and saved is not None:
            raise CannotBeSaved("this machine cannot go on with saved digests")
        # MD5 because depositors' lists and every neighbour archive speak it; SHA-256 is what we trust.
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sha256 = hashlib.sha256()
        self.size_bytes = _size_in(saved) if saved else 0
        self._threads: list[Beside[bytes]] = []

    def update(self, data: bytes) -> None:
        """The next bytes."""
        for take in self._takers():
            take(data)
        self.size_bytes += len(data)

    def _takers(self) -> list[Any]:
        if self._state is None:
            return [self._md5.update, self._sha256.update]
        state, update = self._state, native.kernel().digests_update
        return [lambda data: update(state, data)]

    def save(self) -> bytes:
        """The state, from which another one goes on, on any machine with the same kernel. Raises CannotBeSaved.

        Whoever takes chunks of `tee_beside` must not do so meanwhile.
        """
        for thread in self._threads:
            thread.wait()
        if self._state is None:
            raise CannotBeSaved("digests by hashlib cannot be saved")
        saved: bytes = native.kernel().digests_save(self._state)
        return saved

    def tee(self, chunks: Iterable[bytes], known_bytes: int = 0) -> Iterator[bytes]:
        """The same chunks, counted on their way through, but for the first `known_bytes`."""
        for chunk, new in _beyond(chunks, known_bytes):
            self.update(new)
            yield chunk

    def tee_beside(self, chunks: Iterable[bytes], known_bytes: int = 0) -> Iterator[bytes]:
        """The same with the digests in threads of their own. They are done when the iterator has ended."""
        self._threads = [Beside(take) for take in self._takers()]
        try:
            for chunk, new in _beyond(chunks, known_bytes):
                for thread in self._threads:
                    thread.put(new)
                self.size_bytes += len(new)
                yield chunk
        finally:
            threads, self._threads = self._threads, []
            for thread in threads:
                thread.finish()

    def _digests(self) -> tuple[bytes, bytes]:
        if self._state is None:
            return self._md5.digest(), self._sha256.digest()
        both: tuple[bytes, bytes] = native.kernel().digests_end(self._state)
        return both

    @property
    def md5(self) -> str:
        """Lower-case hexadecimal, 32 characters."""
        return self._digests()[0].hex()

    @property
    def sha256(self) -> str:
        """Lower-case hexadecimal, 64 characters."""
        return self._digests()[1].hex()


def _beyond(chunks: Iterable[bytes], known_bytes: int) -> Iterator[tuple[bytes, bytes]]:
    """Each chunk, and what of it lies beyond the first bytes.

    >>> list(_beyond([b"ab", b"cd", b"ef"], 3))
    [(b'ab', b''), (b'cd', b'd'), (b'ef', b'ef')]
    """
    for chunk in chunks:
        yield chunk, chunk[known_bytes:] if known_bytes else chunk
        known_bytes -= min(known_bytes, len(chunk))


def _size_in(saved: bytes) -> int:
    return int.from_bytes(saved[49:57], "little")
