"""A submission as a folder: its metadata, the files beside it, and what we remember of them.

Checked here: names, sizes, digests, the shape. How metadata are read and what the archive's rules say of them: sheets.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from biotheca_client import packed, sheets
from biotheca_client.config import write_json
from biotheca_client.errors import WrongUse
from biotheca_client.local_files import Stop, md5_of, print_of

MEMORY = ".biotheca-submission.json"
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_MD5 = re.compile(r"[0-9a-fA-F]{32}")

Add = Callable[[int], None]


@dataclass(frozen=True)
class Flaw:
    """One thing that is wrong in a folder: where, what, how to mend it."""

    where: str
    message: str
    mend: str

    def as_dict(self) -> dict[str, str]:
        """All fields as plain values."""
        return dict(vars(self))


def _nothing(_: int) -> None:
    """No progress is shown."""


class Folder:
    """One submission folder. Raises WrongUse or Refused if its metadata cannot be read."""

    def __init__(self, path: Path, member: str | None = None, title: str | None = None) -> None:
        self.path = path
        self.source = sheets.read(path, member, title)
        self.document: dict[str, Any] = self.source.document
        self._memory = self._read_memory()

    def pack(self, source: Path, add: Add = _nothing, stop: Stop | None = None) -> int:
        """Lay all files below `source` into archives in the folder and name them in the metadata; how many were left
        out (links, hidden and empty files). What an earlier run packed is kept.

        Raises WrongUse where the source holds the folder, nothing is there, or no object is sent so; Stopped.
        """
        inside = self.path.resolve()
        if source.resolve() in (inside, *inside.parents):
            raise WrongUse(
                f"The folder with the metadata lies in {source}, which is to be packed.", "Put it beside that folder."
            )
        section, type_field, at_most = sheets.packed_into(self.document)
        files, left_out = packed.found(source)
        if not files:
            raise WrongUse(f"No file lies below {source}.", "Name the folder with the files.")
        bundles = packed.planned(files, at_most)
        try:
            packed.pack(source, self.path, bundles, self._memory["packed"], add, stop or threading.Event())
            packed.list_names(source, self.path, bundles)
        except OSError as fault:
            raise WrongUse(
                f"{fault.filename or self.path}: {fault.strerror}.", "Mend that and run the command again."
            ) from fault
        finally:
            self.save()
        owner = self.document["metadata"][section]
        owner["files"] = [{"name": bundle.name} for bundle in bundles]
        owner[type_field] = "zip"
        return left_out

    # --- what is in it -------------------------------------------------------------------------

    def file_entries(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """(JSON pointer, entry) of every file named in any section of the metadata, of any member."""
        metadata = self.document.get("metadata")
        for section, objects in (metadata if isinstance(metadata, dict) else {}).items():
            rows = objects if isinstance(objects, list) else [objects]
            for n, row in enumerate(rows):
                files = row.get("files") if isinstance(row, dict) else None
                for k, entry in enumerate(files if isinstance(files, list) else []):
                    place = (
                        f"/metadata/{section}/{n}/files/{k}"
                        if isinstance(objects, list)
                        else f"/metadata/{section}/files/{k}"
                    )
                    yield place, entry if isinstance(entry, dict) else {"name": entry}

    def paths(self) -> list[Path]:
        """The local files that the document names."""
        return [self.path / str(entry.get("name", "")) for _, entry in self.file_entries()]

    def size_bytes(self) -> int:
        """Of all named files that exist."""
        return sum(p.stat().st_size for p in self.paths() if p.is_file())

    def shape_flaws(self) -> list[Flaw]:
        """What is wrong with names and shape, without reading a data file."""
        flaws = []
        for field, kind in (("member", str), ("title", str), ("metadata", dict)):
            if not isinstance(self.document.get(field), kind) or not self.document[field]:
                what = "a text" if kind is str else "an object"
                where = self.source.where(f"/{field}")
                flaws.append(Flaw(where, f"{field!r} must be {what}.", f"Add {field!r} to {self.source.name}."))
        flaws += self._release_flaws()
        seen: set[str] = set()
        for where, entry in self.file_entries():
            flaws += self._entry_flaws(self.source.where(where), entry, seen)
        if not seen and not flaws:
            flaws.append(Flaw(self.source.name, "No file is named in the metadata.", "Name the files of each run."))
        return flaws

    def _release_flaws(self) -> list[Flaw]:
        release = self.document.get("release", {"mode": "immediately"})
        mode = release.get("mode") if isinstance(release, dict) else None
        if mode == "immediately" or (
            mode == "on_date" and re.fullmatch(r"\d{4}-\d\d-\d\d", str(release.get("date", "")))
        ):
            return []
        mend = 'Write {"mode": "immediately"} or {"mode": "on_date", "date": "2027-01-31"}.'
        return [Flaw(self.source.where("/release"), "'release' says neither now nor a date.", mend)]

    def _entry_flaws(self, where: str, entry: dict[str, Any], seen: set[str]) -> list[Flaw]:
        name = entry.get("name")
        if not isinstance(name, str) or not _FILE_NAME.fullmatch(name):
            mend = "Use letters, digits, '.', '_' and '-', beginning with a letter or digit."
            return [Flaw(where, f"{name!r} is no file name that the archive takes.", mend)]
        if name in seen:
            return [Flaw(where, f"{name} is named twice.", "Each file belongs to one run and has a name of its own.")]
        seen.add(name)
        path = self.path / name
        if not path.is_file():
            return [Flaw(where, f"{name} is not in the folder.", "Put it there, or take it out of the metadata.")]
        flaws = []
        found = path.stat().st_size
        if not found:
            flaws.append(Flaw(where, f"{name} is empty.", "Put the file with the data there."))
        if entry.get("size_bytes") not in (None, found):
            flaws.append(
                Flaw(where, f"{name} has {found} bytes, {entry['size_bytes']!r} are declared.", "Correct size_bytes.")
            )
        if entry.get("md5") is not None and not _MD5.fullmatch(str(entry["md5"])):
            flaws.append(Flaw(where, f"{entry['md5']!r} is no MD5.", "Write 32 hexadecimal digits, or leave md5 out."))
        return flaws

    def content_flaws(self, add: Add = _nothing) -> list[Flaw]:
        """What is wrong with the bytes of the files. Reads every file that changed since it was last read."""
        flaws = []
        for where, entry in self.file_entries():
            path = self.path / str(entry.get("name", ""))
            if not path.is_file():
                continue
            for check in FOLDER_CHECKS:
                flaws += check(self, self.source.where(where), entry, path, add)
        with suppress(WrongUse):  # looking must work in a folder that one may only read
            self.save()
        return flaws

    def md5(self, path: Path, add: Add = _nothing) -> str:
        """The file's MD5; read again only if size or time changed."""
        now = print_of(path)
        known = self._memory["files"].get(path.name, {})
        if (known.get("size_bytes"), known.get("mtime_ns")) == (now.size_bytes, now.mtime_ns):
            add(now.size_bytes)
            return str(known["md5"])
        md5 = md5_of(path, add)
        self._memory["files"][path.name] = {"size_bytes": now.size_bytes, "mtime_ns": now.mtime_ns, "md5": md5}
        return md5

    def reports(self, add: Add = _nothing) -> list[dict[str, Any]]:
        """The archive's file check on every file that is there, as the archive itself would report it."""
        types = sheets.file_types(self.document)
        found = []
        for _, entry in self.file_entries():
            path = self.path / str(entry.get("name", ""))
            if not path.is_file():
                continue
            before = print_of(path)
            report = sheets.report(path, entry.get("md5") or None, types.get(path.name, ""), add)
            if report:
                found.append(report)
                print_now = {"size_bytes": before.size_bytes, "mtime_ns": before.mtime_ns, "md5": report["md5"]}
                self._memory["files"][path.name] = print_now
        sheets.judge_runs(self.document, {report["key"]: report for report in found}, self.path)
        return found

    def verdict(self) -> dict[str, Any]:
        """What the archive would say of the metadata; MD5 and size of each file that is there filled in."""
        return sheets.verdict(self.source, self._filled())

    def annotated(self) -> bytes:
        """The folder's workbook or tables, as a workbook with every finding at its cell."""
        return sheets.annotated(self.source, self._filled())

    def _filled(self, add: Add = _nothing) -> Any:
        metadata = json.loads(json.dumps(self.document.get("metadata")))
        filled = Folder.__new__(Folder)
        filled.document = {"metadata": metadata}
        for _, entry in filled.file_entries():
            path = self.path / str(entry.get("name", ""))
            if path.is_file():
                entry["md5"] = entry.get("md5") or self.md5(path, add)
                entry["size_bytes"] = entry.get("size_bytes") or path.stat().st_size
        return metadata

    def metadata(self, add: Add = _nothing) -> dict[str, Any]:
        """The metadata to send: as written, with MD5 and size of each file filled in."""
        metadata: dict[str, Any] = json.loads(json.dumps(self.document["metadata"]))
        filled = Folder.__new__(Folder)
        filled.document = {"metadata": metadata}
        for _, entry in filled.file_entries():
            path = self.path / entry["name"]
            entry["md5"] = self.md5(path, add)
            entry["size_bytes"] = path.stat().st_size
        self.save()
        return metadata

    # --- what we remember of it ----------------------------------------------------------------

    def _read_memory(self) -> dict[str, Any]:
        try:
            memory = json.loads((self.path / MEMORY).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            memory = {}
        memory = memory if isinstance(memory, dict) else {}
        kept = {name: memory.get(name, {}) for name in ("servers", "files", "packed")}
        return {"version": 1, **kept}

    def submission(self, server: str) -> str | None:
        """The submission that was made of this folder at that archive."""
        return self._memory["servers"].get(server, {}).get("submission")

    def idempotency_key(self, server: str) -> str:
        """A key that makes opening the submission twice harmless; kept before the first try."""
        entry = self._memory["servers"].setdefault(server, {})
        if "idempotency_key" not in entry:
            entry["idempotency_key"] = str(uuid.uuid4())
            self.save()
        return str(entry["idempotency_key"])

    def remember(self, server: str, submission: str) -> None:
        """Keep the submission's id, so that a second run continues it."""
        self._memory["servers"].setdefault(server, {})["submission"] = submission
        self.save()

    def metadata_is_new(self, server: str, metadata: dict[str, Any]) -> bool:
        """Whether other metadata than this was sent last."""
        return self._memory["servers"].get(server, {}).get("metadata_sha256") != _digest(metadata)

    def remember_metadata(self, server: str, metadata: dict[str, Any]) -> None:
        """Note that the archive took this metadata."""
        self._memory["servers"].setdefault(server, {})["metadata_sha256"] = _digest(metadata)
        self.save()

    def save(self) -> None:
        """Write the memory; in a folder that cannot be written nothing is remembered and nothing breaks but resume."""
        try:
            write_json(self.path / MEMORY, self._memory, 0o644)
        except OSError as fault:
            raise WrongUse(
                f"{self.path / MEMORY} cannot be written: {fault.strerror}.",
                "The client notes there which submission it is; give yourself the right to write, or copy the folder.",
            ) from fault


def _digest(document: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _md5_is_declared(folder: Folder, where: str, entry: dict[str, Any], path: Path, add: Add) -> list[Flaw]:
    actual = folder.md5(path, add)
    declared = str(entry.get("md5") or actual).lower()
    if declared == actual:
        return []
    mend = "Put the declared file there, or correct its md5 (leave it out and the client fills it in)."
    return [Flaw(where, f"{path.name} has MD5 {actual}, {declared} is declared.", mend)]


# Checks of a file's bytes, in order: (folder, where, entry, path, progress) -> flaws.
FOLDER_CHECKS: list[Callable[[Folder, str, dict[str, Any], Path, Add], list[Flaw]]] = [_md5_is_declared]
