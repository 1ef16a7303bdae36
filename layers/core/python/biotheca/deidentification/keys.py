"""One secret a collection: pseudonyms, unique identifiers and shifts of dates that nobody can make without it."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import date, timedelta

SECRET_BYTES = 32
_TIME = re.compile(r"[0-9]{0,6}(\.[0-9]{1,6})?([+-][0-9]{4})?")
LEAST_SHIFT_DAYS, MOST_SHIFT_DAYS = 365, 3_649
ROOT = "2.25."  # a UUID as a decimal number: PS3.5 section B.2


class CollectionKey:
    """Sub-keys of a collection's secret by HKDF (RFC 5869, SHA-256). Without it nothing can be undone or guessed.

    Deterministic: the same secret gives the same names, UIDs and shifts on every machine, so that a part that comes
    later fits. Deleting the secret makes all of them final.
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) != SECRET_BYTES:
            raise ValueError(f"a collection key has {SECRET_BYTES} bytes, this one {len(secret)}")
        root = hmac.digest(b"biotheca.deidentification", secret, hashlib.sha256)
        self._keys = {word: _expand(root, word) for word in ("uid", "id", "days", "report")}
        self._uids: dict[bytes, str] = {}
        self._ids: dict[tuple[str, bytes], str] = {}

    def uid(self, old: bytes) -> str:
        """The new UID for an old one; the same for the same, whatever its padding."""
        old = old.rstrip(b"\0 ")
        made = self._uids.get(old)
        if made is None:
            number = int.from_bytes(hmac.digest(self._keys["uid"], old, hashlib.sha256)[:16])
            # Version 8 (of one's own making) and variant of RFC 9562, so that it is a UUID at all.
            number = number & ~(0xF << 76) | 0x8 << 76
            number = number & ~(0x3 << 62) | 0x2 << 62
            made = self._uids[old] = ROOT + str(number)
        return made

    def pseudonym(self, kind: str, old: bytes, digits: int = 12) -> str:
        """Hexadecimal digits for an identifier of a kind (patient, accession, device)."""
        place = (kind, old)
        if place not in self._ids:
            self._ids[place] = hmac.digest(self._keys["id"], f"{kind}\0".encode() + old, hashlib.sha256).hex().upper()
        return self._ids[place][:digits]

    def shift_days(self, patient: bytes) -> int:
        """By how many whole days all dates of a patient go back: 365 to 3649."""
        number = int.from_bytes(hmac.digest(self._keys["days"], patient, hashlib.sha256)[:8])
        return LEAST_SHIFT_DAYS + number % (MOST_SHIFT_DAYS - LEAST_SHIFT_DAYS + 1)

    def report_mark(self, value: bytes) -> str:
        """What stands in reports for a value that must not: equal values have equal marks, in this collection alone."""
        return hmac.digest(self._keys["report"], value, hashlib.sha256).hex()[:32]


def _expand(root: bytes, word: str) -> bytes:
    return hmac.digest(root, word.encode() + b"\x01", hashlib.sha256)


def shifted(text: str, days: int) -> str | None:
    """A DA or DT with its day moved back, time and zone as they were; None if it is anything else.

    >>> shifted("20240229", 366), shifted("20240229101500.25+0800", 1), shifted("2024", 400)
    ('20230228', '20240228101500.25+0800', None)
    """
    text = text.strip(" \0")
    digits = text[:4] + text[5:7] + text[8:10] if len(text) == 10 and text[4] == text[7] == "." else text[:8]
    rest = text[10:] if digits != text[:8] else text[8:]
    if len(digits) != 8 or not (digits.isascii() and digits.isdigit()) or not _TIME.fullmatch(rest):
        return None
    try:
        moved = date(int(digits[:4]), int(digits[4:6]), int(digits[6:])) - timedelta(days=days)
    except (ValueError, OverflowError):
        return None
    return f"{moved:%Y%m%d}{rest}" if moved.year >= 1000 else None
