"""The state of a check, kept outside of it, so that another machine can go on where one was taken away.

A state is trusted only if it came back whole (check sum), belongs to the same bytes checked in the same way, and was
written by the same code; else the check begins anew. What is on scratch disk is not in it: see Names.load.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from biotheca import catalog, formats
from biotheca.formats.checksums import CannotBeSaved, Checksums
from biotheca.formats.defects import Defect
from biotheca.qc.content import Pauses

_SUM_BYTES = hashlib.sha256().digest_size


@dataclass(frozen=True)
class Kept:
    """Where the state of a check is kept, each so many stored bytes, and where its bytes can be had from the middle.

    `of` names the bytes, such as bucket, key and ETag: the state of others is not taken. `read` gives what was written
    last, None if nothing was. `opened_at` gives the stored bytes from an offset on.
    """

    every_bytes: int
    of: str
    read: Callable[[], bytes | None]
    write: Callable[[bytes], None]
    opened_at: Callable[[int], Iterable[bytes]]


class Saves(Protocol):
    """A part of a check whose state can be saved."""

    def save(self) -> Any:
        """What `load` takes back."""

    def load(self, state: Any) -> None:
        """Go on from there."""


class Saving:
    """What a check saves and where it goes on. Without `kept` it does neither."""

    def __init__(self, kept: Kept | None, asked: str) -> None:
        self._kept = kept
        self._of = {"of": kept.of if kept else "", "asked": asked, "code": code_version() if kept else ""}
        self._state: dict[str, Any] | None = None
        self.sums = Checksums(savable=kept is not None)
        if kept and (state := opened(kept.read(), self._of)):
            with suppress(ValueError, CannotBeSaved):  # another kind of machine begins anew
                self.sums, self._state = Checksums(state["sums"]), state
        self._parts: dict[str, Saves] = {}

    def parts(self, **parts: Saves) -> None:
        """What is saved beside container, content and digests; they go on from the saved state, if there is one."""
        self._parts = parts
        if self._state:
            for name, part in parts.items():
                part.load(self._state["parts"][name])

    def stored(self, chunks: Iterable[bytes], threads: int) -> Iterable[bytes]:
        """The bytes that are still to be looked at, with the digests of all."""
        known = 0
        if self._kept and self._state:
            offset = self._state["container"]["offset"]
            chunks, known = self._kept.opened_at(offset), self.sums.size_bytes - offset
        return self.sums.tee_beside(chunks, known) if threads > 1 else self.sums.tee(chunks, known)

    @property
    def pauses(self) -> Pauses | None:
        """For the look at the file."""
        state = (self._state["container"], self._state["content"]) if self._state else None
        return Pauses(self._kept.every_bytes, self._save, state) if self._kept else None

    def _save(self, container: dict[str, Any], content: dict[str, Any]) -> None:
        assert self._kept
        try:
            state = {"sums": self.sums.save(), "container": container, "content": content}
            state["parts"] = {name: part.save() for name, part in self._parts.items()}
        except CannotBeSaved:  # the check goes on, and begins anew if it is stopped
            return
        self._kept.write(sealed(state, self._of))


def sealed(state: dict[str, Any], of: dict[str, str]) -> bytes:
    """A state as bytes, with what it belongs to and a check sum."""
    body = zlib.compress(json.dumps({"of": of, "state": state}, default=_packed).encode(), 1)
    return hashlib.sha256(body).digest() + body


def opened(data: bytes | None, of: dict[str, str]) -> dict[str, Any] | None:
    """The state again; None if it is not whole or belongs to something else."""
    if not data or hashlib.sha256(data[_SUM_BYTES:]).digest() != data[:_SUM_BYTES]:
        return None
    document = json.loads(zlib.decompress(data[_SUM_BYTES:]), object_hook=_unpacked)
    state: dict[str, Any] = document["state"]
    return state if document["of"] == of else None


def _packed(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, Defect):
        return {"defect": asdict(value)}
    raise TypeError(f"{type(value).__name__} cannot be saved")


def _unpacked(value: dict[str, Any]) -> Any:
    if value.keys() == {"bytes"}:
        return base64.b64decode(value["bytes"])
    return Defect(**value["defect"]) if value.keys() == {"defect"} else value


@cache
def code_version() -> str:
    """Changes with any line of the code or the data by which files are checked."""
    whole = hashlib.sha256()
    folders = [Path(module.__file__ or "").parent for module in (formats, catalog)] + [Path(__file__).parent]
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".py", ".c", ".h", ".yaml"):
                whole.update(path.name.encode() + path.read_bytes())
    return whole.hexdigest()
