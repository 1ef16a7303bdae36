"""What the kernel does with names, in Python: the oracle of its tests, and what is used where nothing was compiled.

Each class here has its twin in native/names_*.c and says the same of the same names. Hashes of records travel as bytes:
two 64-bit numbers each, both 0 for a record without a name.
"""

from __future__ import annotations

import itertools
import re
from array import array
from typing import IO, Any

from biotheca.formats import native
from biotheca.formats.names_key import BITS_64, ONE, READ_STEP, TWO, Place, fragment_of, hash_of, key_of, place_of

NAMES_PER_DIGEST = 65_536
MAX_CANDIDATES = 65_536
MAX_LANES, _MAX_LANE_BYTES = 64, 128

_KEYS, _DECIDED_AT, _MAX_CLOSED, _MAX_REPEATS = 65_536, 4_096, 24_576, 131_072
_CHAIN = (0x9FB21C651E98DF25, 0xD6E8FEB86659FD93)
_MGI_LANE = re.compile(rb".L[1-8](?=C[0-9]{3}R)", re.DOTALL)

Found = tuple[bytes, int]  # candidates as 64-bit numbers, and the reads beyond the first of each


def _chained(chain: int, value: int, by: int) -> int:
    chain = (chain ^ value) * by & BITS_64
    return chain ^ chain >> 29


class Facts:
    """Digests, read numbers and lanes of the names of a file."""

    def __init__(self) -> None:
        self._chain = [0, 0]
        self._in_block = 0
        self._digests = bytearray()
        self._labels = [0, 0, 0]
        self._lanes: list[bytes] = []
        self._lane = b""
        self._more_lanes = False

    def feed(self, records: native.Records) -> bytes:
        """The next records; their hashes."""
        hashes = array("Q")
        for header in records.headers():
            name, read = key_of(header)
            one, two = hash_of(name)
            hashes.extend(((one + read * READ_STEP) & BITS_64, two) if name else (0, 0))
            if (fragment := fragment_of(name)) != name:
                one, two = hash_of(fragment)
            self._chain = [_chained(c, h, by) for c, h, by in zip(self._chain, (one, two), _CHAIN, strict=True)]
            self._labels[read if read <= 2 else 0] += 1
            self._note_lane(name)
            self._in_block += 1
            if self._in_block == NAMES_PER_DIGEST:
                self._digests += self._digest()
                self._chain, self._in_block = [0, 0], 0
        return hashes.tobytes()

    def walk(self, records: native.Records, window: Any, wanted: bool) -> bytes | None:
        """The next records for both; their hashes, if they are wanted."""
        if window is not None:
            window.feed(records)
        hashes = self.feed(records)
        return hashes if wanted else None

    def _digest(self) -> bytes:
        return b"".join(half.to_bytes(8, "big") for half in self._chain)

    def _note_lane(self, name: bytes) -> None:
        last = len(self._lane)
        if self._lanes and name.startswith(self._lane) and name[last : last + 1] in (b":", b"C"):
            return
        lane = lane_of(name)
        if not lane or len(lane) > _MAX_LANE_BYTES:
            return
        if lane not in self._lanes:
            if len(self._lanes) == MAX_LANES:
                self._more_lanes = True
                return
            self._lanes.append(lane)
        self._lane = lane

    def result(self) -> tuple[bytes, int, int, int, list[bytes], int]:
        """Digests of 16 bytes, reads without number, reads 1, reads 2, lanes, whether there are more lanes."""
        rest = self._digest() if self._in_block else b""
        none, one, two = self._labels
        return bytes(self._digests) + rest, none, one, two, list(self._lanes), int(self._more_lanes)


def lane_of(name: bytes) -> bytes:
    """Instrument, run, flow cell and lane in a name; b"" if it tells of none.

    >>> lane_of(b"HISEQ:89:H7YRLADXX:1:1101:1116:2123"), lane_of(b"V300012345L1C001R0010000007"), lane_of(b"SRR1.1")
    (b'HISEQ:89:H7YRLADXX:1', b'V300012345L1', b'')
    """
    fields = name.split(b":")
    if len(fields) > 4:
        return b":".join(fields[: 4 if len(fields) > 6 else 2])
    found = _MGI_LANE.search(name) if len(fields) == 1 else None
    return name[: found.end()] if found else b""


def _prefix_hash(place: Place) -> int:
    return (hash_of(place.prefix)[0] ^ (place.form << 8 | place.pad) * READ_STEP & BITS_64) or 1


def _print_of(prefix: int, a: int, b: int, read: int) -> int:
    value = prefix
    for part in (a, b, read):
        value = (value ^ part) * _CHAIN[0] & BITS_64
        value ^= value >> 32
    return value


def window_prints(records: native.Records) -> bytes:
    """By what the window names its candidates, as hashes."""
    hashes = array("Q")
    for name, read in map(key_of, records.headers()):
        place = place_of(name) if name else None
        hashes.extend((_print_of(_prefix_hash(place), place.a, place.b, read), 1) if place else (0, 0))
    return hashes.tobytes()


class Window:
    """Names in the order of their instrument prove by it that they are unique.

    Within a prefix (up to the tile) keys are held in a buffer of 65,536. When it is full it is sorted, equal neighbours
    are candidates, and the lower half goes; its highest key is the mark. A later key at or below the mark, or a
    prefix that comes back, ends the proof: such a name may have been there before.
    """

    def __init__(self) -> None:
        self._ended = False
        self._prefix: tuple[int, bytes, int] | None = None
        self._hash = 0
        self._closed: set[int] = set()
        self._keys: list[tuple[int, int, int]] = []  # first number, second, read
        self._first_is_major = False
        self._decided = False
        self._mark: tuple[int, int, int] | None = None
        self._found = array("Q")
        self._repeats = 0

    @property
    def holds(self) -> bool:
        """Whether the proof still holds."""
        return not self._ended

    def feed(self, records: native.Records) -> None:
        """The next records."""
        for name, read in map(key_of, records.headers()):
            if name and not self._ended:
                self._ended = not self._pass(place_of(name), read)

    def _pass(self, place: Place | None, read: int) -> bool:
        if place is None:
            return False
        prefix = (place.form, place.prefix, place.pad)
        if prefix != self._prefix:
            if not self._settle(len(self._keys)):
                return False
            self._prefix, self._hash = prefix, _prefix_hash(place)
            self._decided, self._mark = False, None
            self._first_is_major = place.form in (ONE, TWO)
            if self._hash in self._closed or len(self._closed) == _MAX_CLOSED:
                return False
            self._closed.add(self._hash)
        if len(self._keys) == _DECIDED_AT and not self._decided:
            self._decide()
        key = self._turned((place.a, place.b, read))
        if self._mark is not None and key <= self._mark:
            return False
        if len(self._keys) == _KEYS and (
            not self._settle(_KEYS // 2) or (self._mark is not None and key <= self._mark)
        ):
            return False
        self._keys.append(key)
        return True

    def _turned(self, key: tuple[int, int, int]) -> tuple[int, int, int]:
        """From the order in the name to the order of sorting, or back."""
        return key if self._first_is_major else (key[1], key[0], key[2])

    def _decide(self) -> None:
        """Take the order of the two numbers in which fewer keys are below the one that came half a buffer before."""
        self._decided = True
        if self._prefix is not None and self._prefix[0] == ONE:
            return
        other = [(b, a, read) for a, b, read in self._keys]
        if _steps_back(other) < _steps_back(self._keys):
            self._keys, self._first_is_major = other, not self._first_is_major

    def _settle(self, want: int) -> bool:
        """Look at the lowest `want` keys and let them go; False if there are too many candidates."""
        if not self._keys:
            return True
        if not self._decided:
            self._decide()
        self._keys.sort()
        while want < len(self._keys) and self._keys[want] == self._keys[want - 1]:
            want += 1
        for key, same in itertools.groupby(self._keys[:want]):
            count = sum(1 for _ in same)
            if count > 1:
                self._repeats += count - 1
                if self._repeats > _MAX_REPEATS or len(self._found) == MAX_CANDIDATES:
                    return False
                self._found.append(_print_of(self._hash, *self._turned(key)))
        self._mark = self._keys[want - 1]
        del self._keys[:want]
        return True

    def result(self) -> Found | None:
        """Candidates of a proof that held, None if it did not."""
        self._ended = self._ended or not self._settle(len(self._keys))
        if self._ended:
            return None
        return self._found.tobytes(), self._repeats


def _steps_back(keys: list[tuple[int, int, int]]) -> int:
    # Neighbours may be shaken in either order.
    half = max(len(keys) // 2, 1)
    return sum(later <= one for one, later in zip(keys, keys[half:], strict=False))


class Spool:
    """Which prints stand more than once: 1,024 parts, written to a file when they fill memory, read back one by one.

    All 64 bits of a print are kept, so 8 bytes a name.
    """

    PARTS = 1024

    def __init__(self, file: IO[bytes] | None, held_names: int = 1 << 20) -> None:
        self._file = file
        self._held_names = held_names
        self._held = [array("Q") for _ in range(self.PARTS)]
        self._count = 0
        self._pieces: list[list[tuple[int, int]]] = [[] for _ in range(self.PARTS)]  # place in the file, bytes
        self._bytes = 0

    def feed(self, hashes: bytes) -> None:
        """The next hashes. OSError if they cannot be written."""
        numbers = array("Q", hashes)
        for one, more in zip(numbers[::2], numbers[1::2], strict=True):
            if one or more:
                self._held[one >> 54].append(one)
                self._count += 1
        if self._count >= self._held_names:
            self._write()

    def _write(self) -> None:
        if self._file is None:
            raise OSError(28, "No scratch disk")
        for part, held in enumerate(self._held):
            if held:
                data = memoryview(held.tobytes())
                self._pieces[part].append((self._bytes, len(data)))
                self._bytes += len(data)
                while data:  # the file is not buffered: it may take less than it was given
                    data = data[self._file.write(data) :]
        self._held = [array("Q") for _ in range(self.PARTS)]
        self._count = 0

    def result(self) -> tuple[bytes, int, int, int]:
        """Candidates, names that stand more than once, reads beyond the first of each, bytes on disk."""
        found, names, repeats = array("Q"), 0, 0
        for part, held in enumerate(self._held):
            once: set[int] = set()
            twice: set[int] = set()
            for numbers in (*self._read(part), held):
                repeats += len(numbers)
                for one in numbers:
                    (twice if one in once else once).add(one)
            repeats -= len(once)
            names += len(twice)
            found.extend(sorted(twice)[: MAX_CANDIDATES - len(found)])
        return found.tobytes(), names, repeats, self._bytes

    def _read(self, part: int) -> list[array[int]]:
        pieces = []
        for at, size in self._pieces[part]:
            assert self._file is not None
            self._file.seek(at)
            data = b""
            while len(data) < size and (more := self._file.read(size - len(data))):
                data += more
            pieces.append(array("Q", data))
        return pieces


def lines(records: native.Records) -> bytes:
    """Of each record what makes its key: the name, and ` 1:N:` behind it if it says so, a line each."""
    made = []
    for header in records.headers():
        words = header.split(maxsplit=1) if not header[:1].isspace() else []
        comment = words[1] if len(words) > 1 else b""
        said = b" " + comment[:4] if len(comment) > 3 and comment[1:2] == b":" else b""
        made.append(words[0] + said + b"\n" if words else b"\n")
    return b"".join(made)


def match(table: frozenset[int], hashes: bytes) -> list[int]:
    """Numbers of the records whose print is in the table."""
    return [i for i, one in enumerate(array("Q", hashes)[::2]) if one in table]
