"""DICOM Part 10 files as raw elements: where each begins and ends. No value is built, no pixel is touched.

PS3.5 section 7 (elements, sequences), section 10 and Annex A (transfer syntaxes); PS3.10 section 7 (file meta).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from struct import Struct, error
from typing import NamedTuple

from pydicom.datadict import dictionary_VR, private_dictionary_VR

EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
_IMPLICIT, _DEFLATED, _BIG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"
_KNOWN = "1.2.840.10008.1.2."  # all others of the standard are explicit, little endian, with encapsulated pixels
UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END, PADDING = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD, 0xFFFCFFFC
PIXELS = 0x7FE00010
DEEPEST = 32
MOST_INFLATED_BYTES = 4 * 1024**3
MOST_INFLATION = 1000  # zlib can do 1032: only a bomb comes near
_LONG = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
_SHORT = frozenset(b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split())


class DicomFault(Exception):
    """A file that cannot be read as DICOM: `rule` is stable, `offset` in bytes from the file's beginning."""

    def __init__(self, rule: str, message: str, offset: int) -> None:
        super().__init__(f"{message} (byte {offset})")
        self.rule, self.offset = rule, offset


class Form(NamedTuple):
    """How a dataset is written."""

    explicit: bool
    little: bool

    @property
    def end(self) -> str:
        """Byte order, as `struct` writes it."""
        return "<" if self.little else ">"


class Element(NamedTuple):
    """One element: bytes `head` to `value` are its header, `value` to `stop` its value, up to `next` its delimiter."""

    tag: int
    vr: bytes
    head: int
    value: int
    stop: int
    next: int
    undefined: bool = False


class Part10(NamedTuple):
    """A file taken apart: its meta elements as bytes by tag, and its dataset (inflated, if it was deflated)."""

    meta: dict[int, bytes]
    syntax: str
    form: Form
    data: bytes | memoryview
    start: int
    deflated: bool
    encapsulated: bool


_TAG_EXPLICIT = {"<": Struct("<HH2sH"), ">": Struct(">HH2sH")}
_TAG_IMPLICIT = {"<": Struct("<HHI"), ">": Struct(">HHI")}
_LENGTH = {"<": Struct("<I"), ">": Struct(">I")}


def opened(data: bytes) -> Part10:
    """Take a file apart. Raises DicomFault `dicom.not`, `.truncated`, `.meta`, `.syntax`, `.inflate`."""
    if len(data) < 144 or data[128:132] != b"DICM":
        raise DicomFault("dicom.not", "there is no DICM after a preamble of 128 bytes", 128)
    form = Form(explicit=True, little=True)
    meta: dict[int, bytes] = {}
    at = 132
    while data[at : at + 2] == b"\x02\x00":
        element = next_element(data, at, len(data), form)
        meta[element.tag] = bytes(data[element.value : element.stop])
        at = element.next
    syntax = meta.get(0x00020010, b"").rstrip(b"\0 ").decode("ascii", "replace")
    if not syntax:
        raise DicomFault("dicom.meta", "the file meta names no transfer syntax (0002,0010)", at)
    deflated = syntax == _DEFLATED
    if deflated:
        return Part10(meta, syntax, form, _inflated(data, at), 0, True, False)
    if syntax == _IMPLICIT:
        form = Form(explicit=False, little=True)
    elif syntax == _BIG:
        form = Form(explicit=True, little=False)
    elif not syntax.startswith(_KNOWN):
        raise DicomFault("dicom.syntax", f"transfer syntax {syntax[:64]!r} is none of the standard's", at)
    encapsulated = syntax not in (_IMPLICIT, EXPLICIT_LITTLE, _BIG)
    return Part10(meta, syntax, form, data, at, False, encapsulated)


def _inflated(data: bytes, at: int) -> bytes:
    limit = min(MOST_INFLATED_BYTES, (len(data) - at) * MOST_INFLATION + 1024)
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        whole = engine.decompress(data[at:], limit)
    except zlib.error as fault:
        raise DicomFault("dicom.inflate", f"the deflated dataset is damaged: {fault}", at) from None
    if engine.unconsumed_tail or not engine.eof:
        raise DicomFault("dicom.inflate", f"the deflated dataset does not end, or grows beyond {limit} bytes", at)
    return whole


def elements(data: bytes | memoryview, start: int, end: int, form: Form, depth: int = 0) -> list[Element]:
    """The elements of one level. Raises DicomFault `dicom.truncated`, `.length`, `.vr`, `.nesting`."""
    if depth > DEEPEST:
        raise DicomFault("dicom.nesting", f"sequences are nested deeper than {DEEPEST}", start)
    found: list[Element] = []
    at = start
    append = found.append
    unpack, made = _TAG_EXPLICIT["<"].unpack_from, tuple.__new__
    straight = form == (True, True)
    last = min(end, len(data)) - 8
    while at < end:
        if straight and at <= last:  # nearly all elements: a short header, a value that ends inside
            group, number, vr, length = unpack(data, at)
            stop = at + 8 + length
            if vr in _SHORT and stop <= end:
                append(made(Element, (group << 16 | number, vr, at, at + 8, stop, stop, False)))
                at = stop
                continue
        element = next_element(data, at, end, form, depth)
        append(element)
        at = element.next
    return found


def next_element(data: bytes | memoryview, at: int, end: int, form: Form, depth: int = 0) -> Element:
    """The element that begins at a byte."""
    order = "<" if form[1] else ">"
    try:
        if form[0]:
            group, element, vr, length = _TAG_EXPLICIT[order].unpack_from(data, at)
            if vr in _SHORT:
                value = at + 8
            elif vr in _LONG:
                (length,) = _LENGTH[order].unpack_from(data, at + 8)
                value = at + 12
            elif group == 0xFFFE:
                raise DicomFault("dicom.delimiter", f"a delimiter ({group:04X},{element:04X}) stands alone", at)
            else:
                raise DicomFault("dicom.vr", f"({group:04X},{element:04X}) has no known value representation", at)
            tag = group << 16 | element
        else:
            group, element, length = _TAG_IMPLICIT[order].unpack_from(data, at)
            tag = group << 16 | element
            if group == 0xFFFE:
                raise DicomFault("dicom.delimiter", f"a delimiter ({group:04X},{element:04X}) stands alone", at)
            vr, value = vr_of(tag), at + 8
    except error:
        raise DicomFault("dicom.truncated", "the file ends inside the header of an element", at) from None
    if length == UNDEFINED:
        if tag == PIXELS and vr != b"SQ":
            stop, following = _fragments_end(data, value, end, order)
        else:
            # UN of undefined length is a sequence in implicit little endian (PS3.5 section 6.2.2 note 4).
            inner = form if vr != b"UN" else Form(explicit=False, little=True)
            stop, following = _sequence_end(data, value, end, inner, depth + 1)
            vr = b"SQ" if vr != b"UN" else vr
        return Element(tag, vr, at, value, stop, following, True)
    stop = value + length
    if stop > end:
        word = f"({tag >> 16:04X},{tag & 0xFFFF:04X}) says {length} bytes, {end - value} are left"
        raise DicomFault("dicom.truncated", word, at)
    return Element(tag, vr, at, value, stop, stop)


def items(data: bytes | memoryview, element: Element, form: Form) -> Iterator[tuple[int, int]]:
    """(begin, end) of the content of each item of a sequence. UN stands for implicit little endian."""
    form = form if element.vr != b"UN" else Form(explicit=False, little=True)
    yield from _items(data, element.value, element.stop, form, 0)


def _items(data: bytes | memoryview, at: int, end: int, form: Form, depth: int) -> Iterator[tuple[int, int]]:
    while at < end:
        tag, length = _delimiter(data, at, end, form.end)
        if tag != ITEM:
            raise DicomFault("dicom.item", f"({tag >> 16:04X},{tag & 0xFFFF:04X}) stands where an item belongs", at)
        begin = at + 8
        if length == UNDEFINED:
            stop, at = _item_end(data, begin, end, form, depth)
        else:
            stop = at = begin + length
            if stop > end:
                raise DicomFault("dicom.truncated", f"an item says {length} bytes, {end - begin} are left", begin)
        yield begin, stop


def _sequence_end(data: bytes | memoryview, at: int, end: int, form: Form, depth: int) -> tuple[int, int]:
    """(end of the items, byte after the delimiter) of a sequence of undefined length."""
    if depth > DEEPEST:
        raise DicomFault("dicom.nesting", f"sequences are nested deeper than {DEEPEST}", at)
    while True:
        tag, length = _delimiter(data, at, end, form.end)
        if tag == SEQUENCE_END:
            return at, at + 8
        if tag != ITEM:
            raise DicomFault("dicom.item", f"({tag >> 16:04X},{tag & 0xFFFF:04X}) stands where an item belongs", at)
        if length == UNDEFINED:
            _, at = _item_end(data, at + 8, end, form, depth)
        else:
            at += 8 + length


def _item_end(data: bytes | memoryview, at: int, end: int, form: Form, depth: int) -> tuple[int, int]:
    """(end of the content, byte after the delimiter) of an item of undefined length."""
    while True:
        tag, _ = _delimiter(data, at, end, form.end)
        if tag == ITEM_END:
            return at, at + 8
        at = next_element(data, at, end, form, depth).next


def _fragments_end(data: bytes | memoryview, at: int, end: int, order: str) -> tuple[int, int]:
    while True:
        tag, length = _delimiter(data, at, end, order)
        if tag == SEQUENCE_END:
            return at, at + 8
        if tag != ITEM or length == UNDEFINED:
            raise DicomFault("dicom.fragments", "the fragments of the pixel data are not in order", at)
        at += 8 + length


def _delimiter(data: bytes | memoryview, at: int, end: int, order: str) -> tuple[int, int]:
    if at + 8 > end:
        raise DicomFault("dicom.truncated", "the file ends inside a sequence", at)
    group, element, length = _TAG_IMPLICIT[order].unpack_from(data, at)
    return group << 16 | element, length


_vrs: dict[int, bytes] = {}


def vr_of(tag: int) -> bytes:
    """The value representation of a tag in PS3.6, the first where there are several; UN if it has none."""
    if (known := _vrs.get(tag)) is not None:
        return known
    if tag & 0xFFFF == 0:
        found = "UL"
    elif tag >> 16 & 1:
        found = "LO" if 0x10 <= tag & 0xFFFF <= 0xFF else "UN"
    else:
        try:
            found = dictionary_VR(tag)
        except KeyError:
            found = "UN"
    made = found[:2].encode() if " or " not in found else (b"OW" if "OW" in found else b"US")
    _vrs[tag] = made
    return made


def private_vr(tag: int, creator: str) -> bytes:
    """The value representation that a manufacturer's dictionary gives, UN if none."""
    try:
        return private_dictionary_VR(tag, creator)[:2].encode()
    except KeyError:
        return b"UN"


def encoded(tag: int, vr: bytes, value: bytes, form: Form) -> bytes:
    """An element with its header; a value of odd length is padded as its VR wants. ValueError if it is too long."""
    if len(value) & 1:
        value += b"\0" if vr in (b"UI", b"OB", b"UN") else b" "
    order = form.end
    if not form.explicit:
        return _TAG_IMPLICIT[order].pack(tag >> 16, tag & 0xFFFF, len(value)) + value
    if vr in _LONG:
        return _TAG_EXPLICIT[order].pack(tag >> 16, tag & 0xFFFF, vr, 0) + _LENGTH[order].pack(len(value)) + value
    if len(value) > 0xFFFF:
        raise ValueError(f"({tag >> 16:04X},{tag & 0xFFFF:04X}): {len(value)} bytes are too many for {vr.decode()}")
    return _TAG_EXPLICIT[order].pack(tag >> 16, tag & 0xFFFF, vr, len(value)) + value


def item(content: bytes, form: Form) -> bytes:
    """An item of a sequence, of defined length."""
    return _TAG_IMPLICIT[form.end].pack(ITEM >> 16, ITEM & 0xFFFF, len(content)) + content
