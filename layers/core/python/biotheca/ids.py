"""Internal identifiers: sortable by time, safe in a URL, with a prefix that says the kind.

Public numbers (CRA000001 ...) are not made here: see accessions.
"""

from __future__ import annotations

import secrets

from biotheca import clock

# Crockford base 32: no I, L, O, U, so that a number read aloud survives.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def _base32(number: int, width: int) -> str:
    letters = []
    for _ in range(width):
        number, digit = divmod(number, 32)
        letters.append(_ALPHABET[digit])
    return "".join(reversed(letters))


def new(kind: str) -> str:
    """A new identifier such as `sub_06fd...`: 48 bits of milliseconds, then 80 random bits.

    >>> new("sub").startswith("sub_") and len(new("sub")) == 4 + 26
    True
    """
    milliseconds = int(clock.now().timestamp() * 1000)
    return f"{kind}_{_base32(milliseconds, 10)}{_base32(secrets.randbits(80), 16)}"
