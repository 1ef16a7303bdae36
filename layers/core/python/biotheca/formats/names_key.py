"""From a header line to the name that must be unique in its file, its hash, and the numbers in it. Twin of names_key.c.

The key of a name: the text up to the first blank without /1 or /2, and the read number, which stands in that suffix
or (Casava 1.8) begins the comment, as in `1:N:0:ATCACG`. So interleaved mates are no duplicates of one another.
"""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from typing import Any

from biotheca.formats import native

try:
    # By its name: functions check no files, and their layers do without it.
    mmh3: Any = importlib.import_module("mmh3")
except ImportError:  # the kernel, or slow arithmetic, says the same
    mmh3 = None

BITS_64 = 2**64 - 1
READ_STEP = 0x9E3779B97F4A7C15

_CASAVA = re.compile(rb"[1-9]:[NY]:")
_DIGITS = re.compile(rb"\d*")
_MATE_TAIL = re.compile(rb".[._][12]\Z", re.DOTALL)
_DOT = re.compile(rb"\.(?=[0-9])")
_MAX_DIGITS, _MAX_PAIR, _MAX_NAME = 18, 1 << 30, 1000

NO_PLACE, ONE, TWO, TILE = range(4)


def key_of(header: bytes) -> tuple[bytes, int]:
    """Name and read number of a header line without '@'; number 0 if none is said.

    >>> key_of(b"M01:7 2:N:0:ATCACG"), key_of(b"M01:7/1"), key_of(b"M01:7")
    ((b'M01:7', 2), (b'M01:7', 1), (b'M01:7', 0))
    """
    if not header or header[:1].isspace():
        return b"", 0
    words = header.split(maxsplit=1)
    name = words[0]
    if len(name) > 2 and name[-2:] in (b"/1", b"/2"):
        return name[:-2], name[-1] - 48
    comment = words[1] if len(words) > 1 else b""
    return name, comment[0] - 48 if _CASAVA.match(comment) else 0


def fragment_of(name: bytes) -> bytes:
    """The name that a read's mate bears too: some tools end both with .1 and .2, or _1 and _2.

    >>> fragment_of(b"SRR1.17.2"), fragment_of(b"M01:7")
    (b'SRR1.17', b'M01:7')
    """
    return name[:-2] if _MATE_TAIL.search(name) else name


def hash_of(name: bytes) -> tuple[int, int]:
    """Both halves of MurmurHash3 x64-128 with seed 0, whoever computes it."""
    if native.has_kernel():
        return native.murmur(name)
    if mmh3 is not None:
        whole = mmh3.hash128(name)
        return whole & BITS_64, whole >> 64
    return murmur128(name)


def _rotl(v: int, by: int) -> int:
    return (v << by | v >> (64 - by)) & BITS_64


def _mixed(k: int) -> int:
    k ^= k >> 33
    k = k * 0xFF51AFD7ED558CCD & BITS_64
    k ^= k >> 33
    k = k * 0xC4CEB9FE1A85EC53 & BITS_64
    return k ^ k >> 33


def murmur128(text: bytes) -> tuple[int, int]:
    """The same by arithmetic: MurmurHash3_x64_128 (Austin Appleby, public domain). For where nothing was compiled."""
    c1, c2 = 0x87C37B91114253D5, 0x4CF5AD432745937F
    h1 = h2 = 0
    whole = len(text) // 16 * 16
    for i in range(0, whole, 16):
        k1, k2 = int.from_bytes(text[i : i + 8], "little"), int.from_bytes(text[i + 8 : i + 16], "little")
        h1 ^= _rotl(k1 * c1 & BITS_64, 31) * c2 & BITS_64
        h1 = ((_rotl(h1, 27) + h2) * 5 + 0x52DCE729) & BITS_64
        h2 ^= _rotl(k2 * c2 & BITS_64, 33) * c1 & BITS_64
        h2 = ((_rotl(h2, 31) + h1) * 5 + 0x38495AB5) & BITS_64
    tail = text[whole:]
    h2 ^= _rotl(int.from_bytes(tail[8:], "little") * c2 & BITS_64, 33) * c1 & BITS_64
    h1 ^= _rotl(int.from_bytes(tail[:8], "little") * c1 & BITS_64, 31) * c2 & BITS_64
    h1, h2 = h1 ^ len(text), h2 ^ len(text)
    h1 = (h1 + h2) & BITS_64
    h2 = (h2 + h1) & BITS_64
    h1, h2 = _mixed(h1), _mixed(h2)
    h1 = (h1 + h2) & BITS_64
    return h1, (h2 + h1) & BITS_64


@dataclass(frozen=True)
class Place:
    """A name as `prefix` and one or two whole numbers. `pad` is the width of a number with leading zeros, else 0."""

    form: int
    prefix: bytes
    pad: int
    a: int
    b: int


def place_of(name: bytes) -> Place | None:
    """Where a name stands in its instrument's order; None if no numbers tell. Looks at the name alone.

    >>> place_of(b"HISEQ:89:H7YRLADXX:1:1101:1116:2123")
    Place(form=3, prefix=b'HISEQ:89:H7YRLADXX:1:1101:', pad=0, a=1116, b=2123)
    >>> place_of(b"SRR001666.17").a, place_of(b"V300012345L1C001R0010000007").pad
    (17, 10)
    """
    if len(name) > _MAX_NAME:
        return None
    colons = [i for i, c in enumerate(name) if c == 58]
    if len(colons) >= 4:
        at = colons[4 if len(colons) >= 6 else 2] + 1
        pair = _pair(name, at)
        if pair is None or name[at + len(str(pair[0])) :][:1] != b":":
            return None
        return Place(TILE, name[:at], 0, *pair)
    slash = name.find(b"/")
    dot = _DOT.search(name)
    if slash >= 0:
        at = slash + 1
    elif dot:
        at = dot.end()
    else:
        at = len(name.rstrip(b"0123456789"))
    if 0 <= slash < at < len(name) and (pair := _pair(name, at)):
        return Place(TWO, name[:at], 0, *pair)
    digits = _digits(name, at)
    if not 0 < len(digits) <= _MAX_DIGITS:
        return None
    return Place(ONE, name[:at], 0 if _canonical(digits) else len(digits), int(digits), 0)


def _digits(name: bytes, at: int) -> bytes:
    found = _DIGITS.match(name, at)
    return found[0] if found else b""


def _canonical(digits: bytes) -> bool:
    return 0 < len(digits) <= _MAX_DIGITS and (len(digits) == 1 or digits[:1] != b"0")


def _pair(name: bytes, at: int) -> tuple[int, int] | None:
    """Two canonical numbers with one character between them."""
    one = _digits(name, at)
    two = _digits(name, at + len(one) + 1)
    if not (_canonical(one) and _canonical(two)) or int(one) >= _MAX_PAIR or int(two) >= _MAX_PAIR:
        return None
    return int(one), int(two)
