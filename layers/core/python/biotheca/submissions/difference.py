"""What changes between two metadata documents, object by object and field by field. Pure."""

from __future__ import annotations

from typing import Any

from biotheca.catalog import Member
from biotheca.submissions.model import ArchiveObject, DataFile
from biotheca.submissions.rules import objects_of

_LONGEST = 200  # characters of a value that are shown


def document_of(member: Member, objects: list[ArchiveObject], files: list[DataFile]) -> dict[str, Any]:
    """The metadata document that stored objects and files were made of."""
    by_id = {file.id: file for file in files}
    document: dict[str, Any] = {}
    for kind in member.objects:
        entries = []
        for stored in (o for o in objects if o.type == kind.type):
            entry = {"alias": stored.alias, **stored.attributes}
            if kind.files:
                entry["files"] = [_declared(by_id[i]) for i in stored.file_ids if i in by_id]
            entries.append(entry)
        if entries:
            document[kind.section] = entries if kind.many else entries[0]
    return document


def _declared(file: DataFile) -> dict[str, Any]:
    declared: dict[str, Any] = {"name": file.name, "md5": file.md5}
    return declared | ({"size_bytes": file.size_bytes} if file.size_bytes else {})


def difference(member: Member, old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Objects added, removed and changed (field: old, new) from one document to another, and how many stay.

    An object is the same as the one with its type and alias in the other document.
    """
    before, after = _by_alias(member, old), _by_alias(member, new)
    changed = []
    for key in after:
        if key in before and (fields := list(_fields(before[key], after[key]))):
            changed.append({"type": key[0], "alias": key[1], "fields": fields})
    kept = sum(1 for key in after if key in before)
    return {
        "added": [{"type": t, "alias": a} for t, a in after if (t, a) not in before],
        "removed": [{"type": t, "alias": a} for t, a in before if (t, a) not in after],
        "changed": changed,
        "unchanged": kept - len(changed),
    }


def _by_alias(member: Member, document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (kind.type, str(entry.get("alias"))): entry
        for kind in member.objects
        for entry in objects_of(document, kind)
        if isinstance(entry, dict)
    }


def _fields(old: dict[str, Any], new: dict[str, Any]) -> Any:
    before, after = dict(_flat(old)), dict(_flat(new))
    for name in [*before, *(n for n in after if n not in before)]:
        was, now = before.get(name), after.get(name)
        if was != now and not (name.endswith("/size_bytes") and was is None):  # filled in, not changed
            yield {"field": name} | {k: _shown(v) for k, v in (("old", was), ("new", now)) if v is not None}


def _flat(entry: dict[str, Any], before: str = "") -> Any:
    """Fields with their plain values; of lists and attributes each one apart: files/0/md5."""
    for name, value in entry.items():
        path = f"{before}{name}"
        if isinstance(value, list):
            yield from _flat({str(n): item for n, item in enumerate(value)}, f"{path}/")
        elif isinstance(value, dict):
            yield from _flat(value, f"{path}/")
        elif value not in (None, ""):
            yield path, value.lower() if path.endswith("/md5") and isinstance(value, str) else value


def _shown(value: Any) -> Any:
    return value[:_LONGEST] if isinstance(value, str) else value
