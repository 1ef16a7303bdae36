"""One DICOM file de-identified: PS3.15 Annex E by rules, its pixel bytes as they were. Pure; knows no cloud, no folder.

Elements are not built into objects: what is kept is copied as bytes, what is changed is written anew (attributes.py).
"""

from __future__ import annotations

import zlib
from collections import OrderedDict

from pydicom.uid import UID_dictionary

from biotheca.deidentification import rules
from biotheca.deidentification.attributes import CODE, MEANING, SCHEME, Attributes, Patient
from biotheca.deidentification.keys import CollectionKey
from biotheca.deidentification.model import Options, Outcome, Reason, SetAside
from biotheca.deidentification.people import Stated, encodings_of, identifiers, stated
from biotheca.deidentification.pixel_bytes import comments_blanked, must_fit, plain
from biotheca.formats.dicom import PIXELS, DicomFault, Element, Form, Part10, elements, encoded, item, opened

IMPLEMENTATION_UID = "2.25.329800735698586629295641978511506172918"
VERSION = "BIOTHECA_1"
MOST_PATIENTS = 64  # remembered at a time
_META = Form(explicit=True, little=True)
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
_BURNED_IN, _FACE = 0x00280301, 0x00280302


class Engine:
    """De-identifies the files of one collection. Not for several threads at once."""

    def __init__(self, key: CollectionKey, options: Options | None = None) -> None:
        self.key, self.options = key, options or Options()
        self._attributes = Attributes(key, self.options)
        self._patients: OrderedDict[tuple[object, ...], Patient] = OrderedDict()
        self._claimed: dict[tuple[Form, bool], list[tuple[int, bytes]]] = {}

    def deidentify(self, data: bytes, pixels_cleaned: bool = False, face_risk: bool = False) -> Outcome:
        """The file without what identifies. `pixels_cleaned`: claim 113101 too; the caller has seen to it.

        `face_risk`: say in (0028,0302) that a face can be made out of it.
        Raises SetAside with a reason; nothing is returned of a file that is set aside.
        """
        if data[:2] in (b"II", b"MM", b"MZ", b"PK", b"\x7fE", b"#!") and data[128:132] == b"DICM":
            raise SetAside(Reason.PREAMBLE, "The preamble is the beginning of another kind of file.")
        try:
            part = opened(data)
            return self._file(part, pixels_cleaned, face_risk)
        except DicomFault as fault:
            reason = {"dicom.not": Reason.NOT_DICOM, "dicom.syntax": Reason.UNKNOWN_SYNTAX}.get(
                fault.rule, Reason.DAMAGED
            )
            raise SetAside(reason, f"{fault.rule}: {fault}") from None

    # --- a file ---

    def _file(self, part: Part10, pixels_cleaned: bool, face_risk: bool) -> Outcome:
        data, form = part.data, part.form
        top = elements(data, part.start, len(data), form)
        told = stated(data, top, form)
        sop_class = told.facts.get("sop_class", b"").decode("ascii", "replace")
        _must_be_known(sop_class, part)
        patient = self._patient(told, sop_class, form)
        study, series, instance = (told.facts.get(name, b"") for name in ("study", "series", "instance"))
        out = Outcome(b"", told.patient, study, series, instance, sop_class)
        if not out.instance or not out.study or not out.series:
            raise SetAside(Reason.DAMAGED, "A UID of study, series or instance is missing.")
        parts = self._attributes.of_file(data, top, patient, out)
        said = {_BURNED_IN: b"NO"} if pixels_cleaned else {}
        said |= {_FACE: b"YES"} if face_risk else {}
        parts = [pair for pair in parts if pair[0] not in said] + self._claims(form, pixels_cleaned)
        parts += [(tag, encoded(tag, b"CS", value, form)) for tag, value in said.items()]
        parts.sort(key=lambda pair: pair[0])
        body: list[bytes | memoryview | bytearray] = [value for _, value in parts]
        self._pixels(data, top, part, body, parts)
        if part.deflated:
            engine = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
            dataset = engine.compress(b"".join(body)) + engine.flush()
            body = [dataset, b"\0" * (len(dataset) & 1)]
        out.data = b"".join((self._meta(part, sop_class, out.instance), *body))
        return out

    def _patient(self, told: Stated, sop_class: str, form: Form) -> Patient:
        place = (told.names, told.places, told.numbers, told.patient, told.facts.get("charset", b""), sop_class, form)
        if (found := self._patients.get(place)) is None:
            pseudonym = self.key.pseudonym("patient", told.patient).encode()
            found = self._patients[place] = Patient(
                identifiers(told),
                self.key.shift_days(told.patient),
                pseudonym,
                encodings_of(told.facts.get("charset", b"")),
                sop_class,
                form,
            )
            if len(self._patients) > MOST_PATIENTS:
                self._patients.popitem(last=False)
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
        """(tag, element) of what is said of the work; the same for all files of a form."""
        if (known := self._claimed.get((form, pixels_cleaned))) is None:
            known = self._claimed[form, pixels_cleaned] = self._claims_made(form, pixels_cleaned)
        return known

    def _claims_made(self, form: Form, pixels_cleaned: bool) -> list[tuple[int, bytes]]:
        codes = [("113100", "Basic Application Confidentiality Profile")]
        codes += [_PIXEL_CLAIM] if pixels_cleaned else []
        told = [c for c in self.options.columns if c != "safe_private" or self.options.private == "safe"]
        codes += sorted(_CLAIMS[column] for column in told)
        body = b""
        for code, meaning in codes:
            rows = ((CODE, b"SH", code), (SCHEME, b"SH", "DCM"), (MEANING, b"LO", meaning))
            body += item(b"".join(encoded(tag, vr, text.encode(), form) for tag, vr, text in rows), form)
        return [
            (0x00120062, encoded(0x00120062, b"CS", b"YES", form)),
            (_METHOD, encoded(_METHOD, b"LO", b"Biotheca, PS3.15 Table E.1-1 2026d", form)),
            (0x00120064, encoded(0x00120064, b"SQ", body, form)),
            (0x00280303, encoded(0x00280303, b"CS", b"MODIFIED", form)),
        ]

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
                    if (cleared := plain(data, element, facts, part.form)) is not None:
                        whole = bytes(data[element.head : element.value]) + cleared
                body[number] = whole


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
