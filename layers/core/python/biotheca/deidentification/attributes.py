"""What becomes of the elements of a dataset, level by level: kept as bytes, written anew, or gone.

What was decided for a value is remembered for the patient, because slices of a series repeat most of their header.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from pydicom.charset import encode_string

from biotheca.deidentification import rules
from biotheca.deidentification.keys import CollectionKey, shifted
from biotheca.deidentification.model import Options, Outcome
from biotheca.deidentification.people import decoded, guesses
from biotheca.deidentification.text import Identifiers, cleaned, folded, words
from biotheca.formats.dicom import PADDING, PIXELS, Element, Form, elements, encoded, item, items

CODE, SCHEME, MEANING = 0x00080100, 0x00080102, 0x00080104
REMEMBERED_BYTES = 4096  # longer elements are decided anew
MOST_REMEMBERED = 20_000  # decisions a patient
_CONTENT, _CONCEPT, _VALUE_TYPE = 0x0040A730, 0x0040A043, 0x0040A040
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
class Patient:
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


class Attributes:
    """Decides on attributes by the rules, for the files of one collection."""

    def __init__(self, key: CollectionKey, options: Options) -> None:
        self.key, self.options = key, options
        self._actions: dict[tuple[int, bytes, str, bool], str] = {}
        self._out = Outcome(b"", b"", b"", b"", b"", "")  # of the file at hand
        self._cleaning = _Cleaning()

    def of_file(
        self, data: bytes | memoryview, top: list[Element], patient: Patient, out: Outcome
    ) -> list[tuple[int, bytes]]:
        """(tag, bytes) of what stays of a file's first level, with all that is in it; counts are added to `out`.

        Of the pixel data only the tag is there: their bytes are the engine's to place.
        """
        self._out, self._cleaning = out, _Cleaning()
        kept = self._level(data, top, patient, nested=False)
        out.removed, out.texts = dict(self._cleaning.removed), self._cleaning.texts
        return kept

    def _level(
        self, data: bytes | memoryview, level: list[Element], patient: Patient, nested: bool
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
                kept.append((tag, b""))  # put in place by the engine
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

    def _decision(self, data: bytes | memoryview, element: Element, patient: Patient, nested: bool) -> _Decision:
        outside, self._cleaning = self._cleaning, _Cleaning()
        value, letter = self._decided(data, element, patient, nested)
        inside, self._cleaning = self._cleaning, outside
        return _Decision(value, letter, dict(inside.removed), inside.texts)

    def _decided(self, data: bytes | memoryview, element: Element, patient: Patient, nested: bool) -> tuple[bytes, str]:
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
            if vr in _NUMERIC and _is_identifier(whole[element.value - element.head :], vr, patient.known):
                return b"", "X"
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

    def _value(self, tag: int, vr: bytes, raw: bytes, letter: str, patient: Patient) -> bytes | None:
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

    def _text(self, tag: int, vr: bytes, raw: bytes, letter: str, patient: Patient) -> bytes | None:
        text = decoded(raw, patient.encodings)
        if letter == "B":
            told = any(_tells(word, vr, patient.known) for word in text.split("\\"))
            told = told or _tells_otherwise(raw, patient.known)
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
        new: str | None = "\\".join(one.text for one in found)
        if letter == "C":
            self._cleaning.texts.add((tag, "\\".join(one.text for one in found)))
        made = raw if not removed else self._encoded(new or "", patient.encodings)
        if made and not made.isascii() and _tells_otherwise(made, patient.known):
            removed["identifier"] += 1
            made = new = None
        self._cleaning.removed += removed
        if removed and not (new or "").strip("\\ "):
            return self._emptied(tag, vr, raw)
        return made

    @staticmethod
    def _encoded(text: str, encodings: list[str]) -> bytes | None:
        if text.isascii():
            return text.encode()
        try:
            return encode_string(text, encodings)
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

    def _sequence(self, data: bytes | memoryview, element: Element, patient: Patient, letter: str) -> bytes:
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

    def _in_form(self, patient: Patient, form: Form) -> Patient:
        return Patient(patient.known, patient.days, patient.pseudonym, patient.encodings, patient.sop_class, form)

    def _content(self, data: bytes | memoryview, level: list[Element], patient: Patient) -> str:
        """What Table E.3.4-1 says of a content item, by its concept name and value type; C where it has none."""
        concept = next((e for e in level if e.tag == _CONCEPT), None)
        if concept is None:
            return "C"
        kind = _word_at(data, level, _VALUE_TYPE)
        for begin, stop in items(data, concept, patient.form):
            said = elements(data, begin, stop, patient.form, 1)
            code, scheme = (_word_at(data, said, tag) for tag in (CODE, SCHEME))
            return rules.content_action(scheme, code, kind, self.options)
        return "C"

    # --- private attributes ---

    def _private(
        self, data: bytes | memoryview, level: list[Element], patient: Patient, nested: bool
    ) -> list[tuple[int, bytes]]:
        """What stays of private elements, and the reservations of their blocks."""
        creators: dict[int, tuple[str, bytes]] = {}
        kept: list[tuple[int, bytes]] = []
        used: set[int] = set()
        dropped = 0
        safe = None if self.options.private == "numeric" else rules.safe_private()
        for element in level:
            tag = element.tag
            low = tag & 0xFFFF
            if 0x10 <= low <= 0xFF:
                name = decoded(bytes(data[element.value : element.stop]), patient.encodings).strip()
                creators[tag] = (name, bytes(data[element.head : element.next]))
                continue
            block = tag & 0xFFFF0000 | low >> 8
            creator = creators.get(block)
            if creator is None or (safe is not None and (creator[0], tag >> 16, low & 0xFF) not in safe):
                dropped += 1  # most of them; nothing of it is looked at
            elif value := self._private_value(data, element, creator[0], patient):
                kept.append((tag, value))
                used.add(block)
                self._out.private_kept += 1
            else:
                dropped += 1
        self._out.private_dropped += dropped
        return [(block, creators[block][1]) for block in used] + kept

    def _private_value(self, data: bytes | memoryview, element: Element, creator: str, patient: Patient) -> bytes:
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
            return whole if not cleaned(words, patient.known, strict=vr != b"CS").removed else b""
        return b"" if _is_identifier(raw, vr, patient.known) else whole


def _word_at(data: bytes | memoryview, level: list[Element], tag: int) -> str:
    found = next((e for e in level if e.tag == tag), None)
    return bytes(data[found.value : found.stop]).strip(b" \0").decode("ascii", "replace") if found else ""


def _tells(word: str, vr: bytes, known: Identifiers) -> bool:
    """Whether a value holds an identifier. A code string of listed words does not: a patient may be called Axial."""
    parts = [p for p in re.split(r"[\W_]+", folded(word)) if p]
    if vr == b"CS" and all(part in words() or len(part) < 3 for part in parts):
        return False
    return any(known.hit(part) for part in parts) or known.hit("".join(parts))


def _tells_otherwise(raw: bytes, known: Identifiers) -> bool:
    """Whether a value holds a name if it is written in another character set than the object declares."""
    return any(cleaned(guess, known, strict=False).removed.get("identifier") for guess in guesses(raw))


def _is_identifier(raw: bytes, vr: bytes, known: Identifiers) -> bool:
    """Whether a number is that of a known identifier: in decimal digits, or as a binary value."""
    if vr in _NUMBERS_IN_TEXT:
        return any(known.is_number(word) for word in raw.decode("ascii", "replace").lower().split("\\"))
    return any(form in raw for form in known.packed)
