"""Files as declared: names, digests, types that can be checked, and how many an object must have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from biotheca import catalog
from biotheca.catalog import Field, Member, ObjectType
from biotheca.errors import Finding
from biotheca.submissions.model import Known
from biotheca.submissions.rules.finding import aliases_of, entries, finding
from biotheca.submissions.rules.references import target_of

# A name must be the same harmless name on every system that a reader may have: ASCII, no path, no trailing dot.
_FILE_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,198}[A-Za-z0-9_-])?")
# Devices of Windows, with any suffix ("Naming Files, Paths, and Namespaces", Microsoft).
_DEVICE = re.compile(r"(?:CON|PRN|AUX|NUL|COM[0-9]|LPT[0-9])(?:\..*)?", re.IGNORECASE)
# What a double click would run or open in a browser, whatever stands before: reads.fastq.gz.exe.
_PROGRAM = re.compile(r".*\.(?:exe|com|bat|cmd|scr|msi|ps1|vbs|js|jar|lnk|sh|html?|svg)", re.IGNORECASE)
_MD5 = re.compile(r"[0-9a-f]{32}")
LARGEST_BYTES = 50 * 10**12


def check(member: Member, document: dict[str, Any], known: Mapping[str, Known]) -> Iterator[Finding]:
    """Every finding of files."""
    for kind in member.objects:
        if not kind.files:
            continue
        names: set[str] = set()
        for where, entry in entries(document, kind):
            yield from _check_type(kind, entry, where)
            yield from _check_files(kind, entry, where, names)
        yield from _check_counts(member, kind, document, known)


def _check_type(kind: ObjectType, entry: dict[str, Any], where: str) -> Iterator[Finding]:
    policy = kind.files or {}
    name = policy["type_field"]
    value = entry.get(name)
    spec = kind.fields[name]
    checked = policy["checked"]
    if isinstance(value, str) and (hint := policy.get("hints", {}).get(value)):
        yield finding(hint, f"{where}/{name}", f"Files of type {value} may belong in another database.", value)
    if not isinstance(value, str) or value in checked or not _is_term(spec, value):
        return
    rule = policy.get("refused", {}).get(value, policy["unchecked"])
    message = f"Files of type {value} are not taken here." if rule != policy["unchecked"] else _UNCHECKED.format(value)
    yield finding(rule, f"{where}/{name}", message, value, " or ".join(checked))


_UNCHECKED = "Files of type {} cannot be checked by this archive yet."


def _is_term(spec: Field, value: str) -> bool:
    return value in catalog.vocabulary(spec.vocabulary or "")


def _check_counts(
    member: Member, kind: ObjectType, document: dict[str, Any], known: Mapping[str, Known]
) -> Iterator[Finding]:
    """As many files as a field of the referred object demands, e.g. PAIRED two."""
    demand = (kind.files or {}).get("count_by")
    if not demand:
        return
    aliases = aliases_of(member, document)
    spec = kind.fields[demand["object"]]
    type_field = (kind.files or {})["type_field"]
    for where, entry in entries(document, kind):
        files = entry.get("files")
        target = target_of(spec, entry.get(spec.name), aliases, known) or {}
        wanted = target.get(demand["field"])
        count = demand["counts"].get(wanted) if isinstance(wanted, str) else None
        counted = entry.get(type_field) in demand["types"]
        if counted and isinstance(files, list) and count is not None and len(files) != count:
            name = f"{kind.type} {str(entry.get('alias'))[:100]!r}"
            message = f"{name} has {len(files)} file(s); its {spec.to} is {wanted}, which needs {count}."
            yield finding("files.count", f"{where}/files", message, len(files), f"{count} file(s)")


def _check_files(kind: ObjectType, entry: dict[str, Any], where: str, seen: set[str]) -> Iterator[Finding]:
    policy = kind.files or {}
    files = entry.get("files")
    at_least, at_most = policy["at_least"], _at_most(policy, entry)
    if not isinstance(files, list) or not at_least <= len(files) <= at_most:
        count = len(files) if isinstance(files, list) else 0
        expected = f"{at_least} to {at_most} files" if at_least < at_most else f"{at_least} file(s)"
        yield finding("files.count", f"{where}/files", f"The {kind.type} has {count} files.", count, expected)
        return
    for number, file in enumerate(files):
        place = f"{where}/files/{number}"
        if not isinstance(file, dict):
            yield finding("general.body", place, "A file's name and MD5 were expected.", file)
            continue
        for name in sorted(set(file) - {"name", "md5", "size_bytes"}):
            yield finding("metadata.unknown_field", f"{place}/{name}", f"A file has no field {name!r}.", name)
        yield from _check_file(file, place, seen)


def _at_most(policy: dict[str, Any], entry: dict[str, Any]) -> int:
    """How many files an object of this type of file may have."""
    value = entry.get(policy["type_field"])
    most: int = policy.get("at_most_of", {}).get(value if isinstance(value, str) else "", policy["at_most"])
    return most


def _check_file(file: dict[str, Any], where: str, seen: set[str]) -> Iterator[Finding]:
    name, md5, size = file.get("name"), file.get("md5"), file.get("size_bytes")
    if not isinstance(name, str) or not _is_safe(name):
        yield finding("files.name", f"{where}/name", f"The file name {name!r} cannot be taken.", name)
    elif name in seen:
        yield finding("files.duplicate", f"{where}/name", f"{name!r} is declared twice.", name)
    else:
        seen.add(name)
    if not isinstance(md5, str) or not _MD5.fullmatch(md5.lower()):
        expected = "32 hexadecimal digits"
        yield finding("files.md5", f"{where}/md5", f"The declared MD5 of {name!r} is malformed.", md5, expected)
    if size is not None and (isinstance(size, bool) or not isinstance(size, int) or not 0 < size <= LARGEST_BYTES):
        yield finding("metadata.number", f"{where}/size_bytes", "The size is no number of bytes.", size, "1 to 50 TB")


def _is_safe(name: str) -> bool:
    return bool(_FILE_NAME.fullmatch(name)) and not _DEVICE.fullmatch(name) and not _PROGRAM.fullmatch(name)
