"""Whether a de-identified file may be released: read again by pydicom, which the engine does not use. Pure.

Nothing is shared with the engine but the reasons: identifiers are gathered anew, and looked for as bytes in many
encodings, so that a mistake of the engine's reader cannot hide itself. What is proved: docs/deidentification.md.
"""

from __future__ import annotations

import io
import re
import struct
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np
import pydicom
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.tag import Tag

from biotheca.deidentification.model import Reason
from biotheca.deidentification.told import PIXELS, Told, tags_of, told, vr_of

ENCODINGS = ("utf-8", "utf-16-le", "gb18030", "shift_jis", "iso2022_jp", "euc_kr", "iso8859-5", "iso8859-7", "latin-1")
CHECKS = ("readable", "values", "pixels", "leak", "preamble", "dates", "uids")
_SCHEMES = tags_of("CodingSchemeUID ContextUID MappingResourceUID")
_SHORT = 5
_LONGEST = 3  # words that the bytes of pixels are searched for
_DEFLATED, _STANDARD = "1.2.840.10008.1.2.1.99", "1.2.840.10008."
_NUMERIC = frozenset(["AT", "DS", "FD", "FL", "IS", "OD", "OF", "OL", "OW", "SL", "SS", "SV", "UL", "US", "UV"])


@dataclass(frozen=True)
class Failure:
    """Why a file must not go out. `check` is stable; `words` hold no value of the file."""

    check: str
    reason: Reason
    words: str


def verified(original: bytes, result: bytes) -> list[Failure]:
    """What is wrong with a result, each check at most once; empty if it may go out."""
    try:
        before, after = (pydicom.dcmread(io.BytesIO(data), force=False) for data in (original, result))
        # Values first: they are compared as bytes, before pydicom has turned any into numbers.
        found = [*_values(before, after)]
        one, two = told(before), told(after)
        found += [*_leaks(one, after, result), *_dates(one, two), *_uids(one, two, after)]
    except Exception as fault:  # whatever pydicom stumbles over must not go out
        return [Failure("readable", Reason.VERIFY_VALUE, f"It cannot be read again: {type(fault).__name__}.")]
    seen: dict[str, Failure] = {}
    for failure in found:
        seen.setdefault(failure.check, failure)
    return list(seen.values())


# --- 1. kept values and pixels are equal ---


def _values(before: Dataset, after: Dataset) -> Iterator[Failure]:
    """Numbers, binary values and pixels that are in both are the same bytes; nothing is there that was not."""
    old_at = {int(tag): raw for tag, raw in before.items()}  # a tag of pydicom's is slow to compare
    for tag, raw in after.items():
        number = int(tag)
        if number == PIXELS or (raw.VR or vr_of(number)) not in _NUMERIC:
            continue
        old = old_at.get(number)
        if old is None:
            yield Failure("values", Reason.VERIFY_VALUE, f"{tag} is there, and was not.")
        elif _raw(old) != _raw(raw):
            yield Failure("values", Reason.VERIFY_VALUE, f"{tag} is another value than before.")
    if (PIXELS in before) != (PIXELS in after):
        yield Failure("pixels", Reason.VERIFY_VALUE, "The pixel data are not in both.")
    elif PIXELS in before:
        try:
            if not _same_pixels(before, after):
                yield Failure("pixels", Reason.VERIFY_VALUE, "The decoded pixels differ.")
        except Exception as fault:  # decoders raise whatever they like
            yield Failure("pixels", Reason.PIXEL_UNREAD, f"The pixels cannot be decoded: {type(fault).__name__}.")


def _raw(element: object) -> object:
    return getattr(element, "value", None)


def _same_pixels(before: Dataset, after: Dataset) -> bool:
    one, two = before.get_item(PIXELS), after.get_item(PIXELS)
    if one.value == two.value:
        return True
    if not (isinstance(before, FileDataset) and isinstance(after, FileDataset)):
        return False
    # Comments of JPEG streams and planes in unused bits were blanked: then the decoded picture decides.
    first, second = before.pixel_array, after.pixel_array
    if first.shape != second.shape:
        return False
    if not before.file_meta.TransferSyntaxUID.is_encapsulated and before.BitsStored < before.BitsAllocated:
        mask = (1 << before.BitsStored) - 1
        return bool(((first & mask) == (second & mask)).all())
    return bool((first == second).all())


# --- 2. no identifier as bytes, anywhere ---


def _leaks(one: Told, after: FileDataset, result: bytes) -> Iterator[Failure]:
    header, pixels = _apart(after, result)
    small, closed = header.lower(), _BETWEEN.sub(b"", header.lower())
    if any(_stands(form, small) for word in one.words for form in _written(word)):
        yield Failure("leak", Reason.VERIFY_LEAK, "A name that the original states is still in the file.")
    for number in one.numbers:
        if number.encode("latin-1", "ignore") in closed or any(form in header for form in _as_number(number)):
            yield Failure("leak", Reason.VERIFY_LEAK, "A number that the original states is still in the file.")
    # Pixels are searched for the longest words as they are written: text does not hide in numbers in another case.
    wanted = sorted((w for w in one.words | one.numbers if len(w) > 5), key=len)[-_LONGEST:]
    for word in wanted if _may_hold_text(pixels) else ():
        if word.upper().encode() in pixels:
            yield Failure("leak", Reason.VERIFY_LEAK, "A name or number stands in the bytes of the pixels.")
    if result[:128].strip(b"\0"):
        yield Failure("preamble", Reason.VERIFY_LEAK, "The preamble is not empty.")


def _stands(form: bytes, text: bytes) -> bool:
    """Whether a name stands in bytes: a short one in Latin letters as a word, because Mary is in primary."""
    if len(form) > _SHORT or not form.isalpha():
        return form in text
    at = text.find(form)
    while at >= 0:
        if not text[max(0, at - 1) : at].isalpha() and not text[at + len(form) : at + len(form) + 1].isalpha():
            return True
        at = text.find(form, at + 1)
    return False


def _may_hold_text(pixels: bytes) -> bool:
    """Whether there are two letters side by side at all: three of a text are two bytes of one 16-bit number."""
    pairs = np.frombuffer(pixels, "<u2", len(pixels) // 2)
    if not len(pairs) or pairs.max() < 0x2020:
        return False
    return bool(((pairs >= 0x2020) & (pairs <= 0x7F7F)).any())


def _apart(after: FileDataset, result: bytes) -> tuple[bytes, bytes]:
    """(all bytes but those of the pixels, inflated where they were deflated; those of the pixels)."""
    if after.file_meta.TransferSyntaxUID == _DEFLATED:
        begin = 132 + 12 + int(after.file_meta.FileMetaInformationGroupLength)
        return result[:begin] + zlib.decompress(result[begin:], -zlib.MAX_WBITS), b""
    raw = after.get_item(PIXELS) if PIXELS in after else None
    if not isinstance(raw, RawDataElement) or not isinstance(raw.value, bytes) or len(raw.value) < 4096:
        return result, b""
    at = raw.value_tell
    if at is None or not result.startswith(raw.value, at):
        return result, b""
    return result[:at] + result[at + len(raw.value) :], raw.value


_BETWEEN = re.compile(rb"[\s\-_.()/\\]+")


@lru_cache(maxsize=4096)
def _written(word: str) -> frozenset[bytes]:
    """A folded word as bytes in the encodings of the standard and of mistakes, lower-case as far as bytes know it."""
    forms = set()
    for text in {word, unicodedata.normalize("NFD", word), word.upper(), word.title()}:
        for encoding in ENCODINGS:
            try:
                made = text.encode(encoding)
            except UnicodeEncodeError:
                continue
            made = made.removeprefix(b"\x1b$B").removesuffix(b"\x1b(B") if encoding == "iso2022_jp" else made
            if len(made) > 2:
                forms.add(made.lower())
    return frozenset(forms)


@lru_cache(maxsize=4096)
def _as_number(number: str) -> frozenset[bytes]:
    """An identifier of six digits and more as binary numbers, both byte orders."""
    if not number.isdigit() or len(number) < 6 or int(number) >= 1 << 64:
        return frozenset()
    value = int(number)
    kinds = [("d", float(value)), ("Q", value)] + ([("I", value)] if value < 1 << 32 else [])
    return frozenset(struct.pack(order + kind, one) for order in "<>" for kind, one in kinds)


# --- 3. dates ---


def _dates(one: Told, two: Told) -> Iterator[Failure]:
    """No day stays, and all move by the same number of days."""
    gaps = {(date(*one.days[at]) - date(*two.days[at])).days for at in one.days.keys() & two.days.keys()}
    if len(gaps) > 1:
        yield Failure("dates", Reason.VERIFY_VALUE, "Dates moved by different numbers of days.")
    if 0 in gaps or not set(one.days.values()).isdisjoint(two.days.values()):
        yield Failure("dates", Reason.VERIFY_LEAK, "A date of the original is still in the file.")


# --- 4. UIDs ---


def _uids(one: Told, two: Told, after: FileDataset) -> Iterator[Failure]:
    """Every UID is the standard's or under 2.25 (or of a coding scheme), and none of the original's own is there."""
    old = {uid for _, uid in one.uids if not uid.startswith(_STANDARD)}
    for tag, uid in two.uids:
        if tag not in _SCHEMES and uid and (not uid.startswith(("2.25.", _STANDARD)) or uid in old):
            yield Failure("uids", Reason.VERIFY_LEAK, f"A UID of the original stands in {Tag(tag)}.")
    if after.file_meta.MediaStorageSOPInstanceUID != after.SOPInstanceUID:
        yield Failure("uids", Reason.VERIFY_VALUE, "The file meta names another object.")
