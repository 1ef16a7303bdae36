"""STOW-RS (PS3.18 10.5): instances that are posted become an archive file of a draft. For small bodies.

They are what a submitter sends in any other way: nothing of them is released but what de-identification makes.
"""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass, field
from struct import error, unpack_from
from typing import Any

from biotheca import catalog
from biotheca.accounts.model import Person
from biotheca.catalog import Member, ObjectType
from biotheca.errors import Conflict, Finding, Invalid
from biotheca.formats import stored_zip
from biotheca.submissions import rules
from biotheca.submissions import service as submitting
from biotheca.submissions.model import EDITABLE, Submission
from biotheca.submissions.store import SubmissionStore
from biotheca.uploads.store import Inbox

CANNOT_UNDERSTAND = 0xC000  # PS3.18 table 10.5.3.1.2-1
COERCED = 0xB000  # elements are changed: here at de-identification, before anything is released
CHANGED_LATER = "What was stored is de-identified before its release: UIDs and values there are others."
_BOUNDARY = re.compile(r'boundary\s*=\s*(?:"([^"]+)"|([^;\s]+))', re.IGNORECASE)
_LONG = frozenset((b"OB", b"OW", b"UN", b"SQ", b"UT"))
_META = {0x00020002: "sop_class", 0x00020003: "uid"}


@dataclass
class Received:
    """What became of a request: instances by SOP class and UID as they were sent; `failed` without their UIDs."""

    submission: str = ""
    stored: list[tuple[str, str]] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)

    @property
    def status(self) -> int:
        """202 with warnings or failures, and there is always a warning; 409 if nothing was stored."""
        return 202 if self.stored else 409

    def as_dicom_json(self) -> dict[str, Any]:
        """PS3.18 table 10.5.3.1-1. Nothing can be retrieved yet, so that retrieve URLs are empty."""
        stored = [
            _named(sop_class, uid) | {"00081190": {"vr": "UR"}, "00081196": {"vr": "US", "Value": [COERCED]}}
            for sop_class, uid in self.stored
        ]
        told: dict[str, Any] = {"00081190": {"vr": "UR"}}
        if self.failed:
            failed = [{"00081197": {"vr": "US", "Value": [reason]}} for reason in self.failed]
            told["0008119A"] = {"vr": "SQ", "Value": failed}  # Other Failures: of what has no UID to be named by
        if stored:
            told["00081199"] = {"vr": "SQ", "Value": stored}
        return told


def _named(sop_class: str, uid: str) -> dict[str, Any]:
    return {"00081150": {"vr": "UI", "Value": [sop_class]}, "00081155": {"vr": "UI", "Value": [uid]}}


def receive(
    store: SubmissionStore, inbox: Inbox, person: Person, content_type: str, body: bytes, named: str | None = None
) -> Received:
    """Put the instances of a request into a draft, a new one or that which is named; the same again changes nothing.

    Invalid if the body is no multipart/related. What is no DICOM file fails alone.
    """
    found = Received()
    members: dict[str, bytes] = {}
    for part in parts_of(content_type, body):
        meta = meta_of(part)
        if meta is None:
            found.failed.append(CANNOT_UNDERSTAND)
            continue
        members[f"{hashlib.sha256(part).hexdigest()[:32]}.dcm"] = part
        found.stored.append((meta["sop_class"], meta["uid"]))
    if members:
        archive = _zipped(members)
        md5 = hashlib.md5(archive, usedforsecurity=False).hexdigest()
        draft = _draft(store, person, named, md5)
        found.submission = _put(store, inbox, person, draft, md5, archive).id
    return found


def parts_of(content_type: str, body: bytes) -> list[bytes]:
    """The parts of a multipart/related body (RFC 2046 5.1). Invalid without a boundary, or if it does not end."""
    found = _BOUNDARY.search(content_type)
    mark = b"\r\n--" + (found[1] or found[2]).encode() if found else b""
    pieces = (b"\r\n" + body).split(mark) if mark else []
    if len(pieces) < 3 or not pieces[-1].startswith(b"--"):
        message = "The body is no multipart/related with parts of application/dicom between its boundary."
        raise Invalid(message, [Finding("imaging.stow", "/", message, "", "--boundary, a head, an empty line, a file")])
    return [piece.partition(b"\r\n\r\n")[2] for piece in pieces[1:-1]]


def meta_of(data: bytes) -> dict[str, str] | None:
    """SOP class and UID by the file meta information (PS3.10 7.1), or None of what is no DICOM file.

    Not by formats.dicom, which needs pydicom's dictionary: the API's layers have none.
    """
    if data[128:132] != b"DICM":
        return None
    told: dict[str, str] = {}
    at = 132
    try:
        while data[at : at + 2] == b"\x02\x00" and len(told) < len(_META):
            group, element, vr = unpack_from("<HH2s", data, at)
            if vr in _LONG:
                size, value = unpack_from("<I", data, at + 8)[0], at + 12
            else:
                size, value = unpack_from("<H", data, at + 6)[0], at + 8
            if value + size > len(data):
                return None
            if name := _META.get(group << 16 | element):
                told[name] = data[value : value + size].rstrip(b"\0 ").decode("ascii")
            at = value + size
    except (error, UnicodeDecodeError):
        return None
    return (
        told if len(told) == len(_META) and all(re.fullmatch(r"[0-9.]{1,64}", uid) for uid in told.values()) else None
    )


def _zipped(members: dict[str, bytes]) -> bytes:
    """The same instances make the same bytes; their names say nothing."""
    held = io.BytesIO()
    stored_zip.write(held, sorted(members.items()))
    return held.getvalue()


def _draft(store: SubmissionStore, person: Person, named: str | None, md5: str) -> Submission:
    if named:
        draft = submitting.own(store, person, named)
        if not _kind(catalog.members()[draft.member]):
            message = f"Submission {draft.id} is of a database that takes no images."
            raise Invalid(message, [Finding("imaging.stow", "?submission", message, named[:60])])
    else:
        member = next(one for one in catalog.members().values() if _kind(one))
        title = "Images received by DICOMweb"
        draft = submitting.open_submission(store, person, member.id, title, "immediately", None, f"stow/{md5}")
    if draft.state not in EDITABLE:
        raise Conflict(f"Submission {draft.id} is {draft.state}: name a draft, or leave the name out for a new one.")
    return draft


def _kind(member: Member) -> ObjectType | None:
    """The type whose files others are made of."""
    return next((kind for kind in member.objects if kind.made_anew), None)


def _put(
    store: SubmissionStore, inbox: Inbox, person: Person, draft: Submission, md5: str, archive: bytes
) -> Submission:
    """Declare the archive among the files of the draft, and lay its bytes where an upload would."""
    member = catalog.members()[draft.member]
    kind = _kind(member)
    assert kind and kind.files
    document = rules.document_of(member, store.objects(draft))
    entry = document.get(kind.section) or {
        "alias": "received",
        "title": draft.title if len(draft.title) >= 5 else "Images received by DICOMweb",
        "description": "Images that were received by DICOMweb; to be described before they are handed in.",
    }
    entry = {**entry, kind.files["type_field"]: "zip"}
    name = f"stow-{md5[:16]}.zip"
    held = sorted((f for f in store.files(draft) if f.owner_alias == entry["alias"]), key=lambda file: file.position)
    files = [{"name": file.name, "md5": file.md5} for file in held if file.name != name]
    document[kind.section] = {**entry, "files": [*files, {"name": name, "md5": md5}]}
    changed = submitting.describe(store, person, draft.id, document)
    file = next(file for file in store.files(changed) if file.name == name)
    inbox.put(inbox.key(draft.id, file.id), archive)
    return changed
