"""One DICOM file de-identified: PS3.15 Annex E by rules, its pixel bytes as they were. Pure; knows no cloud, no folder.

Elements are not built into objects: what is kept is copied as bytes, what is changed is written anew, and what was
decided for a value is remembered for the patient, because slices of a series repeat most of their header.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from pydicom.charset import encode_string
from pydicom.uid import UID_dictionary

from biotheca.deidentification import rules
from biotheca.deidentification.keys import CollectionKey, shifted
from biotheca.deidentification.model import Options, Outcome, Reason, SetAside
from biotheca.deidentification.people import Stated, decoded, encodings_of, identifiers, stated
from biotheca.deidentification.pixel_bytes import comments_blanked, must_fit, plain
from biotheca.deidentification.text import Identifiers, cleaned, folded, words
from biotheca.formats.dicom import (
    PADDING,
    PIXELS,
    DicomFault,
    Element,
    Form,
    Part10,
    elements,
    encoded,
    item,
    items,
    opened,
)

IMPLEMENTATION_UID = "2.25.329800735698586629295641978511506172918"
VERSION = "BIOTHECA_1"
REMEMBERED_BYTES = 4096  # longer elements are decided anew
MOST_REMEMBERED = 100_000
_STANDARD_UID = re.compile(rb"1\.2\.840\.10008\.[0-9.]+")
_AGE = re.compile(rb"([0-9]{0,3})([DWMYdwmy]?)")
_CODE_STRING = re.compile(r"[A-Z0-9_ ./+-]{0,64}")
# Bytes of which values written as text may consist (PS3.5 table 6.2-1), with those of common habits.
_WRITTEN = {
    b"TM": b"0123456789.:-* \\\0",
    b"DS": b"0123456789+-.eE \\\0",
    b"IS": b"0123456789+- \\\0.",
    b"AS": b"0123456789DWMYdwmy \\\0",
}
_META = Form(explicit=True, little=True)
_CONTENT, _CONCEPT, _VALUE_TYPE, _CODE, _SCHEME = 0x0040A730, 0x0040A043, 0x0040A040, 0x00080100, 0x00080102
_METHOD = 0x00120063
# CID 7050 (PS3.16): what is claimed by which column.
_CLAIMS = {
    "graphics": ("113103", "Clean Graphics Option"),
    "structured_content": ("113104", "Clean Structured Content Option"),
    "descriptors": ("113105", "Clean Descriptors Option"),
    "modified_dates": ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    "patient": ("113108", "Retain Patient Characteristics Option"),
    "device": ("113109", "Retain Device Identity Option"),
    "safe_private": ("113111", "Retain Safe Private Option"),
}
_PIXEL_CLAIM = ("113101", "Clean Pixel Data Option")
_DUMMY = {b"DA": b"19000101", b"TM": b"000000", b"DT": b"19000101000000", b"IS": b"0", b"DS": b"0", b"AS": b"000Y"}
_BINARY_DUMMY = {b"US": 2, b"SS": 2, b"UL": 4, b"SL": 4, b"FL": 4, b"FD": 8, b"AT": 4, b"UV": 8, b"SV": 8}
_NUMBERS_IN_TEXT = frozenset((b"DS", b"IS"))
_NUMERIC = frozenset((b"DS", b"IS", b"FL", b"FD", b"SL", b"SS", b"UL", b"US", b"SV", b"UV"))


@dataclass
class _Decision:
    """What becomes of an element: its new bytes (none: it goes), the action, and what cleaning did in all of it."""

    value: bytes
    letter: str
    removed: dict[str, int] = field(default_factory=dict)
    texts: set[tuple[int, str]] = field(default_factory=set)


@dataclass
class _Patient:
    """What is the same for all objects of a patient that state the same identifiers in the same way."""

    known: Identifiers
    days: int
    pseudonym: bytes
    encodings: list[str]
    sop_class: str
    form: Form
    memo: dict[bytes, _Decision] = field(default_factory=dict)


@dataclass
class _Cleaning:
    """Spans that went, by kind, and descriptors as they are now."""

    removed: Counter[str] = field(default_factory=Counter)
    texts: set[tuple[int, str]] = field(default_factory=set)

    def add(self, one: _Decision) -> None:
        self.removed.update(one.removed)
        self.texts |= one.texts


class Engine:
    """De-identifies the files of one collection. Not for several threads at once."""

    def __init__(self, key: CollectionKey, options: Options | None = None) -> None:
        self.key, self.options = key, options or Options()
        self._patients: dict[tuple[object, ...], _Patient] = {}
        self._actions: dict[tuple[int, bytes, str, bool], str] = {}
        self._out = Outcome(b"", b"", b"", b"", b"", "")  # of the file at hand
        self._cleaning = _Cleaning()

    def deidentify(self, data: bytes, pixels_cleaned: bool = False) -> Outcome:
        """The file without what identifies. `pixels_cleaned`: claim 113101 too; the caller has seen to it.

        Raises SetAside with a reason; nothing is returned of a file that is set aside.
        """
        if data[:2] in (b"II", b"MM", b"MZ", b"PK", b"\x7fE", b"#!") and data[128:132] == b"DICM":
            raise SetAside(Reason.PREAMBLE, "The preamble is the beginning of another kind of file.")
        try:
            part = opened(data)
            return self._file(part, pixels_cleaned)
        except DicomFault as fault:
            reason = {"dicom.not": Reason.NOT_DICOM, "dicom.syntax": Reason.UNKNOWN_SYNTAX}.get(
                fault.rule, Reason.DAMAGED
            )
            raise SetAside(reason, f"{fault.rule}: {fault}") from None

    # --- a file ---

    def _file(self, part: Part10, pixels_cleaned: bool) -> Outcome:
        data, form = part.data, part.form
        top = elements(data, part.start, len(data), form)
        told = stated(data, top, form)
        sop_class = told.facts.get("sop_class", b"").decode("ascii", "replace")
        _must_be_known(sop_class, part)
        patient = self._patient(told, sop_class, form)
        self._cleaning = _Cleaning()
        study, series, instance = (told.facts.get(name, b"") for name in ("study", "series", "instance"))
        out = self._out = Outcome(b"", told.patient, study, series, instance, sop_class)
        if not out.instance or not out.study or not out.series:
            raise SetAside(Reason.DAMAGED, "A UID of study, series or instance is missing.")
        parts = self._level(data, top, patient, False)
        parts = _with(parts, self._claims(form, pixels_cleaned))
        body: list[bytes | memoryview | bytearray] = [value for _, value in parts]
        self._pixels(data, top, part, body, parts)
        if part.deflated:
            engine = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
            dataset = engine.compress(b"".join(body)) + engine.flush()
            body = [dataset, b"\0" * (len(dataset) & 1)]
        out.data = b"".join((self._meta(part, sop_class, out.instance), *body))
        out.removed, out.texts = dict(self._cleaning.removed), self._cleaning.texts
        return out

    def _patient(self, told: Stated, sop_class: str, form: Form) -> _Patient:
        place = (told.names, told.numbers, told.patient, told.facts.get("charset", b""), sop_class, form)
        if (found := self._patients.get(place)) is None:
            pseudonym = self.key.pseudonym("patient", told.patient).encode()
            found = self._patients[place] = _Patient(
                identifiers(told),
                self.key.shift_days(told.patient),
                pseudonym,
                encodings_of(told.facts.get("charset", b"")),
                sop_class,
                form,
            )
        return found

    def _meta(self, part: Part10, sop_class: str, instance: bytes) -> bytes:
        new = self.key.uid(instance).encode()
        rows = (
            (0x00020001, b"OB", b"\0\x01"),
            (0x00020002, b"UI", sop_class.encode()),
            (0x00020003, b"UI", new),
            (0x00020010, b"UI", part.syntax.encode()),
            (0x00020012, b"UI", IMPLEMENTATION_UID.encode()),
            (0x00020013, b"SH", VERSION.encode()),
        )
        meta = b"".join(encoded(tag, vr, value, _META) for tag, vr, value in rows)
        return bytes(128) + b"DICM" + encoded(0x00020000, b"UL", len(meta).to_bytes(4, "little"), _META) + meta

    def _claims(self, form: Form, pixels_cleaned: bool) -> list[tuple[int, bytes]]:
        codes = [("113100", "Basic Application Confidentiality Profile")]
        codes += [_PIXEL_CLAIM] if pixels_cleaned else []
        codes += [_CLAIMS[c] for c in sorted(self.options.columns, key=lambda c: _CLAIMS[c][0])]
        body = b""
        for code, meaning in codes:
            rows = ((_CODE, b"SH", code), (_SCHEME, b"SH", "DCM"), (0x00080104, b"LO", meaning))
            body += item(b"".join(encoded(tag, vr, text.encode(), form) for tag, vr, text in rows), form)
        return [
            (0x00120062, encoded(0x00120062, b"CS", b"YES", form)),
            (_METHOD, encoded(_METHOD, b"LO", b"Biotheca, PS3.15 Table E.1-1 2026d", form)),
            (0x00120064, encoded(0x00120064, b"SQ", body, form)),
            (0x00280303, encoded(0x00280303, b"CS", b"MODIFIED", form)),
        ]

    # --- a level ---

    def _level(
        self, data: bytes | memoryview, level: list[Element], patient: _Patient, nested: bool
    ) -> list[tuple[int, bytes]]:
        """(tag, bytes) of what stays of the elements of one level."""
        memo, actions, cleaning = patient.memo, self._out.actions, self._cleaning
        kept: list[tuple[int, bytes]] = []
        private: list[Element] = []
        for element in level:
            tag, _, head, _, _, following, _ = element
            if tag & 0x10000:
                private.append(element)
                continue
            if tag & 0xFFFF == 0 or tag == PADDING:
                continue
            if tag == PIXELS and not nested:
                kept.append((tag, b""))  # put in place by _pixels
                continue
            if following - head <= REMEMBERED_BYTES:
                raw = (b"\1" if nested else b"\0") + data[head:following]
                if (known := memo.get(raw)) is None:
                    known = self._decision(data, element, patient, nested)
                    if len(memo) < MOST_REMEMBERED:
                        memo[raw] = known
            else:
                known = self._decision(data, element, patient, nested)
            if not nested:
                actions[known.letter] = actions.get(known.letter, 0) + 1
            if known.removed or known.texts:
                cleaning.add(known)
            if known.value:
                kept.append((tag, known.value))
        if private:
            kept = sorted(kept + self._private(data, private, patient, nested), key=lambda pair: pair[0])
        return kept

    def _decision(self, data: bytes | memoryview, element: Element, patient: _Patient, nested: bool) -> _Decision:
        outside, self._cleaning = self._cleaning, _Cleaning()
        value, letter = self._decided(data, element, patient, nested)
        inside, self._cleaning = self._cleaning, outside
        return _Decision(value, letter, dict(inside.removed), inside.texts)

    def _decided(
        self, data: bytes | memoryview, element: Element, patient: _Patient, nested: bool
    ) -> tuple[bytes, str]:
        """(the element's new bytes or none, letter of the action)."""
        tag, written = element.tag, element.vr
        vr = rules.known_vr(tag, written)
        place = (tag, vr, patient.sop_class, nested)
        if (letter := self._actions.get(place)) is None:
            letter = self._actions[place] = rules.action(tag, vr, self.options, patient.sop_class, nested)
        if letter == "X":
            return b"", letter
        form = patient.form
        if letter == "K":
            whole = bytes(data[element.head : element.next])
            allowed = _WRITTEN.get(vr)
            if (element.undefined and vr != b"SQ") or (
                allowed and whole[element.value - element.head :].translate(None, allowed)
            ):
                return b"", "X"  # words where only digits belong
            return whole, letter
        if vr == b"SQ":
            return self._sequence(data, element, patient, letter), letter
        raw = bytes(data[element.value : element.stop])
        new = self._value(tag, vr, raw, letter, patient)
        if new is None:
            return b"", letter
        if new == raw:
            return bytes(data[element.head : element.next]), letter
        return encoded(tag, vr if written != b"UN" or not form.explicit else b"UN", new, form), letter

    def _value(self, tag: int, vr: bytes, raw: bytes, letter: str, patient: _Patient) -> bytes | None:
        """The new value of an element that is no sequence; None if the element goes."""
        text = raw.rstrip(b"\0 ")
        if letter == "I":
            return patient.pseudonym
        if letter == "N":
            return self.key.pseudonym("order", text, 16).encode() if text else b""
        if letter == "A":
            if not (age := _AGE.fullmatch(text)):
                return b""
            return b"090Y" if age[2] in (b"Y", b"") and int(age[1] or b"0") > 89 else raw
        if letter == "S":
            moved = [shifted(day, patient.days) if day else "" for day in text.decode("ascii", "replace").split("\\")]
            return "\\".join(day or "" for day in moved).encode("ascii", "ignore")
        if letter == "U":
            return b"\\".join(
                old if _STANDARD_UID.fullmatch(old) or not old else self.key.uid(old).encode()
                for old in text.split(b"\\")
            )
        if letter == "Z":
            return b""
        if letter == "D":
            return self._dummy(vr, raw)
        if not text:
            return raw
        return self._text(tag, vr, raw, letter, patient)

    def _text(self, tag: int, vr: bytes, raw: bytes, letter: str, patient: _Patient) -> bytes | None:
        text = decoded(raw, patient.encodings)
        if letter == "B":
            told = any(_tells(word, vr, patient.known) for word in text.split("\\"))
            if not told and (vr != b"CS" or _CODE_STRING.fullmatch(text.replace("\\", " ")[:64])):
                return raw
            if not told and not cleaned(text, patient.known).removed:
                return raw
            self._cleaning.removed["identifier"] += 1
            return self._emptied(tag, vr, raw)
        single = vr in (b"ST", b"LT", b"UT", b"UR")
        found = [
            cleaned(part, patient.known, strict=letter == "C") for part in ([text] if single else text.split("\\"))
        ]
        removed: Counter[str] = Counter()
        for one in found:
            removed.update(one.removed)
        new = "\\".join(one.text for one in found)
        if letter == "C":
            self._cleaning.texts.add((tag, new))
        if not removed:
            return raw
        self._cleaning.removed += removed
        if not new.strip("\\ "):
            return self._emptied(tag, vr, raw)
        if new.isascii():
            return new.encode()
        try:
            return encode_string(new, patient.encodings)
        except (UnicodeEncodeError, LookupError):
            return None

    def _emptied(self, tag: int, vr: bytes, raw: bytes) -> bytes | None:
        emptied = rules.when_emptied(tag)
        return None if emptied == "X" else b"" if emptied == "Z" else self._dummy(vr, raw)

    def _dummy(self, vr: bytes, raw: bytes) -> bytes:
        if vr == b"UI":
            return self.key.uid(raw).encode()
        if vr in _BINARY_DUMMY:
            return bytes(_BINARY_DUMMY[vr])
        if vr in (b"OB", b"OW", b"OF", b"OD", b"OL", b"OV", b"UN"):
            return b"\0\0"
        return _DUMMY.get(vr, b"REMOVED")

    # --- sequences ---

    def _sequence(self, data: bytes | memoryview, element: Element, patient: _Patient, letter: str) -> bytes:
        form = patient.form
        if letter == "Z":
            return encoded(element.tag, b"SQ", b"", form)
        inside = patient
        if element.vr == b"UN" and form.explicit:
            # Written as UN: implicit little endian inside, and stays so.
            inside = self._in_form(patient, Form(explicit=False, little=True))
        body = b""
        for begin, stop in items(data, element, form):
            level = elements(data, begin, stop, inside.form, 1)
            action = self._content(data, level, inside) if element.tag == _CONTENT else "C"
            if action == "X":
                continue
            body += item(b"".join(value for _, value in self._level(data, level, inside, True)), inside.form)
        return encoded(element.tag, element.vr if element.vr == b"UN" else b"SQ", body, form)

    def _in_form(self, patient: _Patient, form: Form) -> _Patient:
        return _Patient(patient.known, patient.days, patient.pseudonym, patient.encodings, patient.sop_class, form)

    def _content(self, data: bytes | memoryview, level: list[Element], patient: _Patient) -> str:
        """What Table E.3.4-1 says of a content item, by its concept name and value type; C where it has none."""
        concept = next((e for e in level if e.tag == _CONCEPT), None)
        if concept is None:
            return "C"
        kind = _word_at(data, level, _VALUE_TYPE)
        for begin, stop in items(data, concept, patient.form):
            said = elements(data, begin, stop, patient.form, 1)
            code, scheme = (_word_at(data, said, tag) for tag in (_CODE, _SCHEME))
            return rules.content_action(scheme, code, kind, self.options)
        return "C"

    # --- private attributes ---

    def _private(
        self, data: bytes | memoryview, level: list[Element], patient: _Patient, nested: bool
    ) -> list[tuple[int, bytes]]:
        """What stays of private elements, and the reservations of their blocks."""
        creators: dict[int, tuple[str, bytes]] = {}
        kept: list[tuple[int, bytes]] = []
        used: set[int] = set()
        for element in level:
            tag = element.tag
            low = tag & 0xFFFF
            if 0x10 <= low <= 0xFF:
                name = decoded(bytes(data[element.value : element.stop]), patient.encodings).strip()
                creators[tag] = (name, bytes(data[element.head : element.next]))
                continue
            block = tag & 0xFFFF0000 | low >> 8
            creator = creators.get(block)
            value = self._private_value(data, element, creator[0], patient) if creator else b""
            if value:
                kept.append((tag, value))
                used.add(block)
                self._out.private_kept += 1
            else:
                self._out.private_dropped += 1
        return [(block, creators[block][1]) for block in used] + kept

    def _private_value(self, data: bytes | memoryview, element: Element, creator: str, patient: _Patient) -> bytes:
        raw = bytes(data[element.value : element.stop])
        whole = bytes(data[element.head : element.next])
        if self.options.private == "numeric":
            text = raw.strip(b" \0").replace(b"\\", b"").replace(b".", b"").replace(b"-", b"")
            return whole if element.vr in _NUMERIC or (element.vr != b"SQ" and text.isdigit()) else b""
        vr = rules.safe_private().get((creator, element.tag >> 16, element.tag & 0xFF))
        if vr is None or (element.undefined and vr != b"SQ"):
            return b""
        if vr == b"SQ":
            return self._sequence(data, element, patient, "R") if element.vr in (b"SQ", b"UN") else b""
        if vr in (b"CS", b"LO", b"SH"):
            words = decoded(raw, patient.encodings)
            return whole if not cleaned(words, patient.known, strict=False).removed else b""
        return b"" if _is_identifier(raw, vr, patient) else whole

    # --- pixels ---

    def _pixels(
        self,
        data: bytes | memoryview,
        top: list[Element],
        part: Part10,
        body: list[bytes | memoryview | bytearray],
        parts: list[tuple[int, bytes]],
    ) -> None:
        """Put the pixel data into its place: its very bytes, but for comments and planes that hide in it."""
        for number, (tag, _) in enumerate(parts):
            if tag == PIXELS:
                element = next(e for e in top if e.tag == PIXELS)
                whole: bytes | memoryview | bytearray = memoryview(data)[element.head : element.next]
                facts = {e.tag: data[e.value : e.stop] for e in top if 0x00280002 <= e.tag <= 0x00280103}
                if element.undefined:
                    whole = comments_blanked(data, element)
                else:
                    must_fit(facts, element, part.form)
                    hidden = any(0x6000 <= e.tag >> 16 < 0x6100 and e.tag & 0xFFFF == 0x0102 for e in top)
                    if hidden and (cleared := plain(data, element, facts, part.form)) is not None:
                        whole = bytes(data[element.head : element.value]) + cleared
                body[number] = whole


def _word_at(data: bytes | memoryview, level: list[Element], tag: int) -> str:
    found = next((e for e in level if e.tag == tag), None)
    return bytes(data[found.value : found.stop]).strip(b" \0").decode("ascii", "replace") if found else ""


def _must_be_known(sop_class: str, part: Part10) -> None:
    special = rules.overrides()["quarantined_sop_classes"].get(
        sop_class or part.meta.get(0x00020002, b"").strip(b"\0 ").decode("ascii", "replace")
    )
    if special:
        raise SetAside(Reason(special), "Objects of this kind are not released by the engine alone.")
    row = UID_dictionary.get(sop_class)
    if row is None or row[1] != "SOP Class" or not sop_class.startswith(rules.STORAGE):
        raise SetAside(Reason.UNKNOWN_SOP, "Its SOP class is none of the standard's storage classes.")
    if "Encapsulated" in row[0]:
        raise SetAside(Reason.ENCAPSULATED_DOCUMENT, "A document inside an object cannot be cleaned.")


def _with(parts: list[tuple[int, bytes]], more: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    return sorted(parts + more, key=lambda pair: pair[0])


def _tells(word: str, vr: bytes, known: Identifiers) -> bool:
    """Whether a value holds an identifier. A code string of listed words does not: a patient may be called Axial."""
    parts = [p for p in re.split(r"[\W_]+", folded(word)) if p]
    if vr == b"CS" and all(part in words() or len(part) < 3 for part in parts):
        return False
    return any(known.hit(part) for part in parts) or known.hit("".join(parts))


def _is_identifier(raw: bytes, vr: bytes, patient: _Patient) -> bool:
    """Whether a number's digits are those of a known identifier."""
    if vr in _NUMBERS_IN_TEXT:
        return any(
            patient.known.hit(word) for word in raw.decode("ascii", "replace").strip(" \0").split("\\") if len(word) > 3
        )
    size = _BINARY_DUMMY.get(vr)
    if vr not in (b"US", b"SS", b"UL", b"SL", b"UV", b"SV") or not size:
        return False
    order: Literal["little", "big"] = "little" if patient.form.little else "big"
    values = (int.from_bytes(raw[n : n + size], order) for n in range(0, len(raw), size))
    return any(value > 9999 and patient.known.hit(str(value)) for value in values)
