"""Serves a folder as NCBI and ENA serve their feeds: listings, tags, ranges, single records; and plays faults.

Every path has a queue of faults that are used up one a request, so that a test can say: the first two tries fail.
"""

from __future__ import annotations

import hashlib
import threading
from collections import defaultdict, deque
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request: a status in place of the file, or a body that breaks off after `cut` bytes.

    `location` of a redirect; `retry_after` seconds; `whole`: the Content-Length promises the whole body all the same.
    """

    status: int = 200
    retry_after: int | None = None
    location: str = ""
    cut: int | None = None
    whole: bool = True


class FeedServer:
    """A folder over HTTP on loopback. `requests` lists (method, path, range) of everything that was asked."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.folder = folder
        self.requests: list[tuple[str, str, str]] = []
        self._faults: dict[str, deque[Fault]] = defaultdict(deque)
        owner = self

        class Handler(_Handler):
            feeds = owner

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True, name="insdc-feeds")

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def addresses(self) -> dict[str, str]:
        """The bases of all sources of catalog/mirror.yaml here."""
        return dict.fromkeys(("ncbi", "ncbi_repair", "ena"), self.url)

    def fail(self, path: str, *faults: Fault) -> None:
        """Let the next requests of a path go wrong so, one after the other."""
        self._faults[path].extend(faults)

    def next_fault(self, path: str) -> Fault | None:
        """The fault of this request, used up."""
        waiting = self._faults.get(path)
        return waiting.popleft() if waiting else None

    def start(self) -> FeedServer:
        """Serve from now on."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """End; again does nothing."""
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> FeedServer:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def find(self, path: str, query: str) -> Path | None:
        """The file or folder behind an address; single records by their accession."""
        asked = parse_qs(query)
        if path == "/entrez/eutils/efetch.fcgi":
            name = asked.get("id", [""])[0]
            found = self.folder / "records" / f"{name}.xml"
        elif path.startswith("/ena/browser/api/xml/"):
            found = self.folder / "ena" / f"{path.rpartition('/')[2]}.xml"
        else:
            found = self.folder / path.strip("/")
        resolved = found.resolve()
        inside = resolved.is_relative_to(self.folder.resolve())
        return resolved if inside and resolved.exists() else None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    feeds: FeedServer

    def do_GET(self) -> None:
        self._serve(body=True)

    def do_HEAD(self) -> None:
        self._serve(body=False)

    def log_message(self, *_: Any) -> None:
        """Nothing: what was asked is kept in `requests`."""

    def _serve(self, body: bool) -> None:
        where = urlsplit(self.path)
        self.feeds.requests.append((self.command, self.path, self.headers.get("Range", "")))
        fault = self.feeds.next_fault(where.path) if body else None
        if fault and fault.status != 200:
            self._refuse(fault)
            return
        found = self.feeds.find(where.path, where.query)
        if found is None:
            self._refuse(Fault(404))
            return
        content = _listing(found) if found.is_dir() else found.read_bytes()
        self._send(content, body, fault)

    def _refuse(self, fault: Fault) -> None:
        self.send_response(fault.status)
        if fault.retry_after is not None:
            self.send_header("Retry-After", str(fault.retry_after))
        if fault.location:
            self.send_header("Location", fault.location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, content: bytes, body: bool, fault: Fault | None) -> None:
        tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        begin = self._begin(tag, len(content))
        rest = content[begin:]
        self.send_response(206 if begin else 200)
        self.send_header("ETag", tag)
        self.send_header("Accept-Ranges", "bytes")
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        sent = rest if fault is None or fault.cut is None else rest[: fault.cut]
        promised = rest if fault is None or fault.whole else sent
        self.send_header("Content-Length", str(len(promised)))
        if len(sent) < len(promised):
            self.send_header("Connection", "close")
        self.end_headers()
        if body:
            self.wfile.write(sent)
        if len(sent) < len(promised):
            self.close_connection = True

    def _begin(self, tag: str, size: int) -> int:
        asked = self.headers.get("Range", "")
        if not asked.startswith("bytes=") or self.headers.get("If-Range", tag) != tag:
            return 0
        first = asked.removeprefix("bytes=").partition("-")[0]
        return int(first) if first.isdigit() and int(first) < size else 0


def _listing(folder: Path) -> bytes:
    names = [f"{p.name}/" if p.is_dir() else p.name for p in sorted(folder.iterdir())]
    lines = "".join(f'<a href="{name}">{name}</a>\n' for name in names)
    return f"<html><body><pre><a href=\"../\">Parent Directory</a>\n{lines}</pre></body></html>".encode()
