"""Sending files in parts. The server is the memory: what it holds is asked, compared, and never sent again.

A part is sent again only if its SHA-256 there is not the one here. So a killed client, another machine
or another day goes on where the last one ended. Up- and downward: see downloads.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from biotheca_client.api import ATTEMPTS, TIMEOUT_S, Session, path_of, pause_before, plain_session
from biotheca_client.errors import FileDiffers, NetworkDown, Refused, UploadGone
from biotheca_client.local_files import (
    AnyOf,
    Part,
    PartBody,
    Print,
    Stop,
    Stopped,
    md5_of,
    must_be_unchanged,
    parts_of,
    print_of,
    sha256_of,
)
from biotheca_client.words import clean

URLS_PER_CALL = 100
_ROUNDS = 3  # of "list what is there, send what is missing"
_SETTLING_S = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)  # pauses in which the archive may note a completed upload
ARRIVED = frozenset({"received", "checking", "qc_passed", "archived"})

Add = Callable[[int], None]


def _nothing(_: int) -> None:
    """No progress is shown."""


@dataclass(frozen=True)
class Sent:
    """What became of one file. `bytes_sent` counts finished parts of this run only."""

    name: str
    size_bytes: int
    parts: int
    parts_sent: int
    parts_kept: int
    bytes_sent: int
    state: str

    def as_dict(self) -> dict[str, Any]:
        """All fields as plain values."""
        return dict(vars(self))


class Uploader:
    """Sends files of one submission with `jobs` parts in flight. `stop` ends it between two reads."""

    def __init__(self, session: Session, jobs: int = 4, stop: Stop | None = None) -> None:
        self._session = session
        self._store = plain_session()  # presigned links carry their own right; no token goes there
        self._jobs = max(1, jobs)
        self._stop = stop or threading.Event()

    def send(self, file: dict[str, Any], path: Path, add: Add = _nothing, known_md5: str | None = None) -> Sent:
        """Send what the archive lacks of one file. `file` is its entry in the submission.

        `known_md5` is the file's MD5 if the caller has just computed it. Raises FileDiffers before anything
        is sent if size or MD5 are not the declared ones; Refused; NetworkDown.
        """
        before = print_of(path)
        must_be_declared_one(file, path, before, known_md5, self._stop)
        for again in (True, False):
            try:
                return self._through(file, path, before, add)
            except (UploadGone, Refused) as fault:
                if isinstance(fault, FileDiffers):
                    raise
                # Completed elsewhere or thrown away: the archive knows, the store does not say.
                state = self._settled(file, _SETTLING_S if isinstance(fault, UploadGone) else (0.0,))
                if state in ARRIVED:
                    return Sent(file["name"], before.size_bytes, 0, 0, 0, 0, state)
                if not again or isinstance(fault, Refused):
                    raise
                self._session.call("DELETE", path_of("v1", "files", file["id"], "upload"))
        raise AssertionError("unreachable")  # pragma: no cover

    def _through(self, file: dict[str, Any], path: Path, before: Print, add: Add) -> Sent:
        opened = self._session.call(
            "POST", path_of("v1", "files", file["id"], "upload"), {"size_bytes": before.size_bytes}, again=True
        )
        parts = parts_of(before.size_bytes, opened["part_size_bytes"])
        done: dict[int, bool] = {}  # part number -> whether it was there before this run
        rounds, missing = 0, ""
        while rounds < _ROUNDS:
            rounds += 1
            held = {p["number"]: p for p in self._session.pages(path_of("v1", "files", file["id"], "parts"))}
            self._send_missing(file, path, parts, held, done, add)
            must_be_unchanged(path, before)
            try:
                answer = self._session.call("POST", path_of("v1", "files", file["id"], "complete"), again=True)
            except Refused as refusal:
                if refusal.rule != "uploads.incomplete":
                    raise
                last = refusal  # the archive says what it holds in the next round
                # Parts of a damaged file are taken over some hundred at a time: that is progress.
                if refusal.message != missing:
                    rounds, missing = 1, refusal.message
                continue
            sent = [p for p in parts if not done[p.number]]
            kept = len(parts) - len(sent)
            size = sum(p.size_bytes for p in sent)
            return Sent(file["name"], before.size_bytes, len(parts), len(sent), kept, size, answer["state"])
        raise last

    def _send_missing(
        self,
        file: dict[str, Any],
        path: Path,
        parts: list[Part],
        held: dict[int, dict[str, Any]],
        done: dict[int, bool],
        add: Add,
    ) -> None:
        """Bring every part there. `done` gets each part's number and whether it was there before."""
        halt = threading.Event()  # one part that fails for good ends the others
        stop = AnyOf(self._stop, halt)

        def digest(part: Part) -> tuple[Part, str]:
            return part, sha256_of(path, part, stop)

        def bring(part: Part, sha256: str, link: dict[str, Any]) -> None:
            if part.number in done:
                add(-part.size_bytes)
            self._put(file, path, part, sha256, link, add, stop)
            done[part.number] = False

        pool = ThreadPoolExecutor(self._jobs, thread_name_prefix="parts")
        wait = True
        try:
            # Digests run one window ahead of the sending, so that neither disk nor line waits for the other.
            for window in _windows(pool, digest, parts, min(URLS_PER_CALL, 2 * self._jobs)):
                missing = []
                for part, sha256 in window:
                    there = held.get(part.number)
                    if not there or (there["size_bytes"], there.get("sha256")) != (part.size_bytes, sha256):
                        missing.append((part, sha256))
                    elif part.number not in done:
                        add(part.size_bytes)
                        done[part.number] = True
                links = self._links(file, missing)
                for future in [pool.submit(bring, part, sha, links[part.number]) for part, sha in missing]:
                    future.result()
        except KeyboardInterrupt:
            wait = False
            raise
        finally:
            halt.set()
            pool.shutdown(wait=wait, cancel_futures=True)

    def _links(self, file: dict[str, Any], wanted: list[tuple[Part, str]]) -> dict[int, dict[str, Any]]:
        """Fresh links, by part number."""
        if not wanted:
            return {}
        body = {"parts": [{"number": p.number, "size_bytes": p.size_bytes, "sha256": sha} for p, sha in wanted]}
        answer = self._session.call("POST", path_of("v1", "files", file["id"], "part-urls"), body, again=True)
        return {link["number"]: link for link in answer["items"]}

    def _put(
        self, file: dict[str, Any], path: Path, part: Part, sha256: str, link: dict[str, Any], add: Add, stop: Stop
    ) -> None:
        """Send one part until it is there; every further try gets a fresh link, for the old one may be at fault."""
        for attempt in range(1, ATTEMPTS + 1):
            body = PartBody(path, part, add, stop)
            try:
                response = self._store.put(
                    link["url"], data=body, headers=link["headers"], timeout=TIMEOUT_S, allow_redirects=False
                )
            except requests.RequestException:
                code, status = "the connection broke", 0
            else:
                code, status = code_of(response), response.status_code
                if status == 200:
                    return
            finally:
                body.close()
            body.take_back()
            if stop.is_set():
                raise Stopped
            if code == "NoSuchUpload":
                raise UploadGone(f"The upload of {file['name']} is no longer open.")
            if status == 400 and sha256_of(path, part, stop) != sha256:
                raise FileDiffers(
                    f"{path.name} changed while part {part.number} was being sent.",
                    "Wait until nothing writes to it any more, then run the same command again.",
                )
            if attempt < ATTEMPTS:
                # An expired link (403) is no trouble of the line: no need to wait at first.
                if status != 403 or attempt > 1:
                    self._session.pause(pause_before(attempt))
                link = self._links(file, [(part, sha256)])[part.number]
        raise NetworkDown(
            f"Part {part.number} of {file['name']} could not be stored in {ATTEMPTS} tries; the last: {code}"
            + (f" (status {status})." if status else "."),
            "Run the same command again: finished parts are kept. A 403 again and again: check this computer's clock.",
        )

    def _settled(self, file: dict[str, Any], pauses_s: tuple[float, ...]) -> str:
        """The file's state once the archive has noted what happened to its upload; '' if it never says."""
        state = ""
        for pause_s in pauses_s:
            self._session.pause(pause_s)
            found = self._session.pages(path_of("v1", "submissions", file["submission"], "files"))
            state = next((str(f["state"]) for f in found if f["id"] == file["id"]), "")
            if state != "uploading":
                break
        return state


def must_be_declared_one(file: dict[str, Any], path: Path, before: Print, known_md5: str | None, stop: Stop) -> None:
    """Raises FileDiffers if size or MD5 of a local file are not the declared ones."""
    mend = "Put the declared file back, or change its entry in submission.json and run `biotheca submit` again."
    declared_bytes = file.get("size_bytes")
    if before.size_bytes == 0:
        raise FileDiffers(f"{path.name} is empty; nothing was sent.", mend)
    if declared_bytes and declared_bytes != before.size_bytes and file["state"] == "declared":
        sizes = f"{before.size_bytes} bytes, but {declared_bytes} were declared"
        raise FileDiffers(f"{path.name} has {sizes}; nothing was sent.", mend)
    if file.get("md5"):
        md5 = known_md5 or md5_of(path, stop=stop)
        if md5 != file["md5"].lower():
            raise FileDiffers(
                f"{path.name} is not the declared file: its MD5 is {md5}, "
                f"{clean(file['md5'])} was declared. Nothing was sent.",
                mend,
            )


def _windows(
    pool: ThreadPoolExecutor, work: Callable[[Part], tuple[Part, str]], parts: list[Part], width: int
) -> Iterator[list[tuple[Part, str]]]:
    """The results of `work` in windows, each begun before the window before it was used."""
    cut = [parts[i : i + width] for i in range(0, len(parts), width)]
    ahead: list[Future[tuple[Part, str]]] = [pool.submit(work, p) for p in cut[0]]
    for number in range(len(cut)):
        current = [future.result() for future in ahead]
        ahead = [pool.submit(work, p) for p in cut[number + 1]] if number + 1 < len(cut) else []
        yield current


def code_of(response: requests.Response) -> str:
    """The error code of S3's XML answer, or the status as text."""
    text = response.text[:2000]
    found = text.partition("<Code>")[2].partition("</Code>")[0]
    return clean(found)[:60] or f"status {response.status_code}"


def match_files(files: Iterable[dict[str, Any]], paths: Iterable[Path]) -> list[tuple[dict[str, Any], Path]]:
    """The submission's files with the local files of the same names, in the submission's order."""
    local = {path.name: path for path in paths}
    return [(file, local[file["name"]]) for file in files if file["name"] in local]
