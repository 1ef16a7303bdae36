"""Fetching released files: resumed by ranges, proved by digests, put in place in one step. Sending: see uploads."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import urllib3

from biotheca_client.api import ATTEMPTS, TIMEOUT_S, Session, path_of, pause_before, plain_session
from biotheca_client.errors import NetworkDown, NotFound, Refused, Stopped
from biotheca_client.local_files import Stop
from biotheca_client.words import clean, size

REVIEWER_HEADER = "X-Reviewer-Token"
_READ_BYTES = 256 * 1024
_TAG = re.compile(r'"[\x21\x23-\x7e]{1,200}"')
_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,250}")

Add = Callable[[int], None]


def _nothing(_: int) -> None:
    """No progress is shown."""


@dataclass(frozen=True)
class Fetched:
    """What became of one file. `already_there`: it was whole before; `bytes_fetched` came over the line now."""

    name: str
    path: str
    size_bytes: int
    sha256: str
    bytes_fetched: int
    already_there: bool

    def as_dict(self) -> dict[str, Any]:
        """All fields as plain values."""
        return dict(vars(self))


class _Digests:
    """MD5 and SHA-256 of what has been written so far."""

    def __init__(self) -> None:
        self.begin_anew()

    def begin_anew(self) -> None:
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sha256 = hashlib.sha256()
        self.size_bytes = 0

    def add(self, data: bytes) -> None:
        self._md5.update(data)
        self._sha256.update(data)
        self.size_bytes += len(data)

    def differ_from(self, file: dict[str, Any]) -> str:
        """Which digest is wrong, in words; '' if all that the archive states are right."""
        for name, actual in (("SHA-256", self._sha256.hexdigest()), ("MD5", self._md5.hexdigest())):
            stated = str(file.get(name.lower().replace("-", "")) or "").lower()
            if stated and stated != actual:
                return f"its {name} is {actual}, the archive states {clean(stated)}"
        return ""

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()


class Downloader:
    """Fetches files of one record into a folder. `stop` ends it between two reads; the .part file stays.

    With a reviewer's `token` links come from its routes, whatever the record.
    """

    def __init__(self, session: Session, stop: Stop | None = None, token: str | None = None) -> None:
        self._session = session
        self._token = token
        self._store = plain_session()
        self._stop = stop or threading.Event()

    def fetch(self, accession: str, file: dict[str, Any], folder: Path, add: Add = _nothing) -> Fetched:
        """One file, whole and proved, at `folder/name`. `file` is its entry in the record's list.

        Raises Refused (digests wrong twice, another file in the way, disk full), NetworkDown.
        """
        if file.get("encrypted"):
            return self._fetch_sealed(accession, file, folder, add)
        name = str(file["name"])
        # The name comes over the network and becomes a path here.
        if not _SAFE_NAME.fullmatch(name):
            raise Refused(
                f"The archive names a file {clean(name)!r}, which is no safe file name here.", "Tell the help desk."
            )
        target, partial = folder / name, folder / f"{name}.part"
        if target.exists():
            return self._judge_existing(file, target, add)
        self._must_fit(file, folder, partial)
        began_with = partial.stat().st_size if partial.exists() else 0
        digests, fetched = self._fill(accession, file, partial, add)
        wrong = digests.differ_from(file)
        if wrong and began_with:
            # What lay there may have been anything; a clean start decides.
            _throw_away(partial)
            add(-digests.size_bytes)
            digests, more = self._fill(accession, file, partial, add)
            fetched, wrong = fetched + more, digests.differ_from(file)
        if wrong:
            _throw_away(partial)
            raise Refused(
                f"{name} arrived damaged: {wrong}. The bytes were thrown away.",
                "Run the command again; if it stays, tell the help desk the accession and the file name.",
            )
        partial.replace(target)
        _tag_of(partial).unlink(missing_ok=True)
        return Fetched(name, str(target), digests.size_bytes, digests.sha256, fetched, False)

    def _fetch_sealed(self, accession: str, file: dict[str, Any], folder: Path, add: Add) -> Fetched:
        """An encrypted file at `folder/name.c4gh`: the body as any file, then a fresh header for the reader's key.

        The archive's digests are of the plain file; `biotheca decrypt` proves every piece of what is fetched here.
        """
        from biotheca_client.sealed import ENDING, stored_size

        name, size_bytes = str(file["name"]), stored_size(int(file["size_bytes"]))
        target = folder / f"{name}{ENDING}"
        if target.exists() and _SAFE_NAME.fullmatch(name) and target.stat().st_size > size_bytes:
            add(size_bytes)
            return Fetched(target.name, str(target), target.stat().st_size, "", 0, True)
        place = ("v1", "records", accession, "files", name, "header")
        header = base64.b64decode(self._session.call("GET", path_of(*place))["header"])
        body = {"name": f"{name}{ENDING}-body", "published": name, "size_bytes": size_bytes}
        got = self.fetch(accession, body, folder, add)
        partial = target.with_name(f"{target.name}.part")
        with partial.open("wb") as out, Path(got.path).open("rb") as read:
            out.write(header)
            shutil.copyfileobj(read, out, 8 << 20)
        partial.replace(target)
        Path(got.path).unlink()
        return Fetched(target.name, str(target), target.stat().st_size, "", got.bytes_fetched, False)

    def _judge_existing(self, file: dict[str, Any], target: Path, add: Add) -> Fetched:
        digests = _Digests()
        with target.open("rb") as old:
            while data := old.read(_READ_BYTES):
                self._must_go_on()
                digests.add(data)
                add(len(data))
        if digests.differ_from(file):
            raise Refused(
                f"{target} exists and is another file than the archive's.",
                "Move it away or choose another folder with --to, then run the command again.",
            )
        return Fetched(target.name, str(target), digests.size_bytes, digests.sha256, 0, True)

    def _must_fit(self, file: dict[str, Any], folder: Path, partial: Path) -> None:
        there = partial.stat().st_size if partial.exists() else 0
        free = shutil.disk_usage(folder).free
        if file["size_bytes"] - there > free:
            raise Refused(
                f"{file['name']} needs {size(file['size_bytes'] - there)} more, {folder} has {size(free)} free.",
                "Free some space or choose another folder with --to.",
            )

    def _fill(self, accession: str, file: dict[str, Any], partial: Path, add: Add) -> tuple[_Digests, int]:
        """Bring the .part file to its full size; its digests, and the bytes that came over the line."""
        digests, fetched, failures = _Digests(), 0, 0
        with partial.open("a+b") as out:
            self._take_in(out, digests, add)
            while digests.size_bytes < file["size_bytes"]:
                before = digests.size_bytes
                reason = self._get(accession, file, out, digests, add)
                fetched += max(0, digests.size_bytes - before)
                if digests.size_bytes >= file["size_bytes"]:
                    break
                # A slow, breaking line is still a line: only standing still counts.
                failures = 1 if digests.size_bytes > before else failures + 1
                if failures >= ATTEMPTS:
                    raise NetworkDown(
                        f"{file['name']} stopped at {digests.size_bytes} of {file['size_bytes']} bytes: {reason}.",
                        f"Run the same command again: it goes on from {partial.name}.",
                    )
                self._session.pause(pause_before(failures))
            out.flush()
            os.fsync(out.fileno())
        return digests, fetched

    def _take_in(self, out: Any, digests: _Digests, add: Add) -> None:
        """Digest what an earlier run left. If it was something else, the digests will tell."""
        out.seek(0)
        while data := out.read(_READ_BYTES):
            self._must_go_on()
            digests.add(data)
            add(len(data))

    def _get(self, accession: str, file: dict[str, Any], out: Any, digests: _Digests, add: Add) -> str:
        """One ranged GET, appended as far as it comes; why it ended early, in words. Links are always fresh.

        The entity tag of what the .part file began with stands beside it: of a changed object nothing is appended.
        """
        link = self._link(accession, str(file.get("published") or file["name"]))
        start, tag = digests.size_bytes, _tag_of(Path(out.name))
        held = _read_tag(tag) if start else ""
        headers = {"Range": f"bytes={start}-", "Accept-Encoding": "identity"} | ({"If-Match": held} if held else {})
        try:
            with self._store.get(
                link["url"], headers=headers, timeout=TIMEOUT_S, stream=True, allow_redirects=False
            ) as got:
                if got.status_code == 412 or (held and got.ok and got.headers.get("ETag", held) != held):
                    out.truncate(0)
                    tag.unlink(missing_ok=True)
                    add(-digests.size_bytes)
                    digests.begin_anew()
                    return "the archive has another version of it now"
                if not _answers(got, start):
                    return f"the store answered with status {got.status_code}"
                if not held and _TAG.fullmatch(got.headers.get("ETag", "")):
                    tag.write_text(got.headers["ETag"])
                # read1 hands over what came before a break; iter_content would throw that away.
                while data := got.raw.read1(_READ_BYTES):
                    self._must_go_on()
                    data = data[: file["size_bytes"] - digests.size_bytes]
                    out.write(data)
                    digests.add(data)
                    add(len(data))
        except (requests.RequestException, urllib3.exceptions.HTTPError) as fault:
            # The fault's own text holds the link, and the link is a right to read.
            slow = isinstance(fault, (requests.Timeout, urllib3.exceptions.TimeoutError))
            return "the answer came too slowly" if slow else "the connection broke"
        return "the connection broke"

    def _link(self, accession: str, name: str) -> dict[str, Any]:
        place = ("v1", "review", "files") if self._token else ("v1", "records", accession, "files")
        headers = {REVIEWER_HEADER: self._token} if self._token else None
        link: dict[str, Any] = self._session.call(
            "GET", path_of(*place, name), params={"redirect": "false"}, headers=headers
        )
        return link

    def _must_go_on(self) -> None:
        if self._stop.is_set():
            raise Stopped


def _tag_of(partial: Path) -> Path:
    """Where the entity tag of what a .part file began with is kept."""
    return partial.with_name(f"{partial.name}.etag")


def _read_tag(tag: Path) -> str:
    """The tag that was kept; '' if there is none or it is none."""
    try:
        text = tag.read_text(errors="replace")[:300]
    except FileNotFoundError:
        return ""
    return text if _TAG.fullmatch(text) else ""


def _throw_away(partial: Path) -> None:
    partial.unlink()
    _tag_of(partial).unlink(missing_ok=True)


def _answers(got: requests.Response, start: int) -> bool:
    """Whether the answer holds the bytes from `start`; a whole file serves only a start at 0."""
    if got.status_code == 206:
        return got.headers.get("Content-Range", "").startswith(f"bytes {start}-")
    return got.status_code == 200 and start == 0


def choose(files: list[dict[str, Any]], wanted: str | None) -> list[dict[str, Any]]:
    """The files to fetch: all, or the one of that name (published or original). Raises NotFound if there is none."""
    if wanted is None:
        return files
    found = [f for f in files if wanted in (f["name"], f.get("original_name"))]
    if not found:
        names = ", ".join(clean(f["name"]) for f in files[:20]) or "none"
        raise NotFound(f"There is no file {wanted!r} in this record.", f"Its files: {names}.")
    return found
