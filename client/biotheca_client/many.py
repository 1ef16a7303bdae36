"""Thousands of small files: links for a hundred at a time, each file in one request, nothing to complete.

The archive's list of files is the memory: what it has received is not sent again. Larger files: see uploads.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests

from biotheca_client.api import ATTEMPTS, TIMEOUT_S, Session, path_of, pause_before, plain_session
from biotheca_client.errors import FileDiffers, NetworkDown
from biotheca_client.local_files import (
    AnyOf,
    Part,
    PartBody,
    Print,
    Stop,
    Stopped,
    must_be_unchanged,
    print_of,
    sha256_of,
)
from biotheca_client.uploads import Sent, code_of, must_be_declared_one

FILES_PER_CALL = 100
AT_LEAST = 20  # so many small files are sent so; fewer go the way of all files
LARGEST_BYTES = 8 * 1024 * 1024

Work = tuple[dict[str, Any], Path]


class Many:
    """Sends whole small files of one submission with `jobs` requests in flight."""

    def __init__(self, session: Session, jobs: int, stop: Stop, add: Callable[[int], None]) -> None:
        self._session, self._jobs, self._add = session, max(1, jobs), add
        self._store = plain_session()
        self._halt = threading.Event()
        self._stop = AnyOf(stop, self._halt)

    def send(self, submission: str, work: list[Work], md5_of: Callable[[Path], str] | None = None) -> list[Sent]:
        """Send files, each the declared one. Raises as Uploader.send; what was sent by then stays sent."""

        def look(item: Work) -> tuple[Work, Print, str]:
            file, path = item
            before = print_of(path)
            must_be_declared_one(file, path, before, md5_of(path) if md5_of else None, self._stop)
            return item, before, sha256_of(path, _whole(before), self._stop)

        pool = ThreadPoolExecutor(self._jobs, thread_name_prefix="many")
        wait, sent = True, []
        try:
            for start in range(0, len(work), FILES_PER_CALL):
                looked = list(pool.map(look, work[start : start + FILES_PER_CALL]))
                links = self._links(submission, looked)
                linked = [(submission, *one, links[one[0][0]["id"]]) for one in looked]
                sent += list(pool.map(lambda one: self._bring(*one), linked))
            return sent
        except KeyboardInterrupt:
            wait = False
            raise
        finally:
            self._halt.set()
            pool.shutdown(wait=wait, cancel_futures=True)

    def _links(self, submission: str, looked: list[tuple[Work, Print, str]]) -> dict[str, dict[str, Any]]:
        """Links by file id."""
        wanted = [{"file_id": f["id"], "size_bytes": b.size_bytes, "sha256": sha} for (f, _), b, sha in looked]
        path = path_of("v1", "submissions", submission, "uploads")
        answer = self._session.call("POST", path, {"files": wanted}, again=True)
        return {item["file_id"]: item for item in answer["items"]}

    def _bring(self, submission: str, item: Work, before: Print, sha256: str, link: dict[str, Any]) -> Sent:
        file, path = item
        size = before.size_bytes
        last = ""
        for attempt in range(1, ATTEMPTS + 1):
            if not link["url"]:  # found sound before
                self._add(size)
                return Sent(file["name"], size, 1, 0, 1, 0, link["state"])
            last = self._put(path, before, link)
            if not last:
                must_be_unchanged(path, before)
                return Sent(file["name"], size, 1, 1, 0, size, "uploading")
            if self._stop.is_set():
                raise Stopped
            if sha256_of(path, _whole(before), self._stop) != sha256:
                raise FileDiffers(f"{path.name} changed while it was being sent.", "Run the same command again.")
            if attempt < ATTEMPTS:
                self._session.pause(pause_before(attempt))
                link = self._links(submission, [(item, before, sha256)])[file["id"]]
        mend = "Run the same command again: finished files are kept."
        raise NetworkDown(f"{file['name']} could not be stored in {ATTEMPTS} tries; the last: {last}.", mend)

    def _put(self, path: Path, before: Print, link: dict[str, Any]) -> str:
        """One try; '' or why it failed."""
        body = PartBody(path, _whole(before), self._add, self._stop)
        try:
            answer = self._store.put(
                link["url"], data=body, headers=link["headers"], timeout=TIMEOUT_S, allow_redirects=False
            )
        except requests.RequestException:
            why = "the connection broke"
        else:
            if answer.status_code == 200:
                return ""
            why = code_of(answer)
        finally:
            body.close()
        body.take_back()
        return why


def _whole(before: Print) -> Part:
    return Part(1, 0, before.size_bytes)
