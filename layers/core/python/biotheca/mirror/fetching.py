"""Files of feeds by HTTP: allowed hosts only, no redirect, in one piece or not at all, gone on with after a break.

The body goes to a file beside which its length and tag are kept; a broken transfer asks for the rest with If-Range,
and begins anew if the file has changed meanwhile.
"""

from __future__ import annotations

import hashlib
import json
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3

from biotheca.mirror.model import FeedIsTruncated, FeedIsUnreadable, NoSuchSource, SourceIsBusy
from biotheca.mirror.sources import Source, host_of

log = logging.getLogger(__name__)
TRIES = 6
_BLOCK_BYTES = 1024 * 1024
_LONGEST_WAIT_S = 60.0
_AGENT = "biotheca-mirror/0.1 (open archive; metadata mirror)"


@dataclass(frozen=True)
class Told:
    """What a source says of a file before it is fetched. `tag`: ETag, else Last-Modified, else ''."""

    size_bytes: int | None
    tag: str


@dataclass(frozen=True)
class Fetched:
    """A whole file on disk."""

    path: Path
    sha256: str
    size_bytes: int
    tag: str


class Fetcher:
    """Speaks to one source, no faster than it allows."""

    def __init__(self, source: Source, sleep: Callable[[float], None] = time.sleep) -> None:
        self.source = source
        self._sleep = sleep
        self._next = 0.0
        self._pool = urllib3.PoolManager(
            retries=False, timeout=urllib3.Timeout(connect=10, read=60), headers={"User-Agent": _AGENT}
        )

    def text(self, url: str) -> str:
        """A small page, such as a listing."""
        answer = self._ask("GET", url, {})
        return answer.data.decode("utf-8", "replace")

    def look(self, url: str) -> Told:
        """Size and tag of a file, without fetching it."""
        answer = self._ask("HEAD", url, {})
        length = answer.headers.get("Content-Length")
        return Told(int(length) if length else None, _tag(answer))

    def fetch(self, url: str, target: Path) -> Fetched:
        """The whole file at `target`. Raises FeedIsTruncated if it stays shorter than announced, SourceIsBusy."""
        partial, notes = target.with_name(f"{target.name}.partial"), target.with_name(f"{target.name}.notes")
        for number in range(1, TRIES + 1):
            done = self._transfer(url, partial, notes)
            if done is not None:
                partial.rename(target)
                notes.unlink(missing_ok=True)
                return Fetched(target, _sha256(target), target.stat().st_size, done)
            self._wait(number, None)
        raise FeedIsTruncated(f"{url} broke off {TRIES} times before its end. Run the day again later.")

    def _transfer(self, url: str, partial: Path, notes: Path) -> str | None:
        """One try. The tag if the file is whole now, else None."""
        kept = json.loads(notes.read_text()) if notes.exists() and partial.exists() else {}
        have = partial.stat().st_size if kept.get("tag") else 0
        headers = {"Range": f"bytes={have}-", "If-Range": kept["tag"]} if have else {}
        answer = self._ask("GET", url, headers, stream=True)
        tag = _tag(answer)
        goes_on = answer.status == 206 and have > 0
        total = _total(answer, have if goes_on else 0)
        notes.write_text(json.dumps({"tag": tag, "total": total}))
        size = have if goes_on else 0
        try:
            with partial.open("ab" if goes_on else "wb") as file:
                for block in answer.stream(_BLOCK_BYTES, decode_content=False):
                    file.write(block)
                    size += len(block)
        except urllib3.exceptions.HTTPError as fault:
            log.warning("a transfer broke off", extra={"facts": {"url": url, "bytes": size, "why": type(fault).__name__}})
            return None
        finally:
            answer.release_conn()
        if total is not None and size != total:
            if size > total:
                partial.unlink()
            return None
        return tag

    def _ask(self, method: str, url: str, headers: dict[str, str], stream: bool = False) -> Any:
        if host_of(url) not in self.source.hosts:
            raise NoSuchSource(f"{host_of(url)} is no host of source {self.source.name}: it is not asked")
        for number in range(1, TRIES + 1):
            self._pace()
            try:
                answer = self._pool.request(
                    method, url, headers=headers, redirect=False, preload_content=not stream, decode_content=False
                )
            except urllib3.exceptions.HTTPError as fault:
                log.warning("a source did not answer", extra={"facts": {"url": url, "why": type(fault).__name__}})
                self._wait(number, None)
                continue
            if answer.status in (429, 500, 502, 503, 504):
                self._wait(number, answer.headers.get("Retry-After"))
                continue
            if answer.status in (200, 206):
                return answer
            raise _refused(url, answer.status)
        raise SourceIsBusy(f"{self.source.name} refused or did not answer {TRIES} times. Run the day again later.")

    def _pace(self) -> None:
        now = time.monotonic()
        if now < self._next:
            self._sleep(self._next - now)
        self._next = max(now, self._next) + 1 / self.source.per_second

    def _wait(self, number: int, told: str | None) -> None:
        seconds = float(told) if told and told.isdigit() else random.uniform(0, 2**number / 2)  # noqa: S311
        self._sleep(min(seconds, _LONGEST_WAIT_S))


def _refused(url: str, status: int) -> Exception:
    if 300 <= status < 400:
        return NoSuchSource(f"{url} leads elsewhere (HTTP {status}); the mirror follows no redirect")
    if status in (404, 410):
        return FeedIsUnreadable(f"{url} is not there (HTTP {status})")
    return FeedIsUnreadable(f"{url} was refused (HTTP {status})")


def _tag(answer: Any) -> str:
    return str(answer.headers.get("ETag") or answer.headers.get("Last-Modified") or "")


def _total(answer: Any, have: int) -> int | None:
    """The whole file's size as announced."""
    if found := answer.headers.get("Content-Range", ""):
        total = found.rpartition("/")[2]
        return int(total) if total.isdigit() else None
    length = answer.headers.get("Content-Length")
    return have + int(length) if length else None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
