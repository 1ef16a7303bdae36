"""A strict archive in one process: the API and the store's part endpoint, as the contract has them.

It refuses what the real ones refuse (unknown fields, wrong digests, expired or altered links, more than a hundred
links, tokens sent to the store) and counts what a client must not do, such as sending a finished part again.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

EMAIL, PASSWORD = "rosalind@example.org", "photo-51!"


class Problem(Exception):
    def __init__(self, status: int, rule: str, detail: str, mend: str = "", findings: list[dict] | None = None) -> None:
        self.status = status
        self.body = {
            "type": f"/v1/rules/{rule}",
            "title": rule,
            "status": status,
            "detail": detail,
            "rule": rule,
            "mend": mend,
        }
        if findings:
            self.body["findings"] = findings


@dataclass
class Upload:
    size_bytes: int
    part_size_bytes: int
    parts: dict[int, bytes] = field(default_factory=dict)
    open: bool = True


@dataclass
class Archive:
    """What the archive knows, the faults it is ordered to make, and what it saw."""

    part_size_bytes: int = 1000
    page: int = 3  # small pages, so that clients must turn them
    put_orders: list[str | int | None] = field(default_factory=list)  # drop after n bytes, or a word
    get_orders: list[str | int | None] = field(default_factory=list)
    api_orders: list[tuple[str, int]] = field(default_factory=list)  # (path pattern, status to answer with)
    script: list[str] = field(default_factory=list)  # states after submit, one a look
    link_valid_s: float = 3600
    settle_looks: int = 0  # how many looks a completed file stays "uploading"
    put_takes_s: float = 0

    calls: list[str] = field(default_factory=list)
    put_tries: Counter = field(default_factory=Counter)
    put_done: Counter = field(default_factory=Counter)
    links_asked: list[int] = field(default_factory=list)
    ranges: list[str] = field(default_factory=list)
    sins: list[str] = field(default_factory=list)  # what no client may do

    tokens: dict[str, str] = field(default_factory=dict)
    roles: list[str] = field(default_factory=lambda: ["submitter"])
    submissions: dict[str, dict] = field(default_factory=dict)
    files: dict[str, dict] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)
    history: dict[str, list[dict]] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    records: dict[str, dict] = field(default_factory=dict)
    stored: dict[str, bytes] = field(default_factory=dict)  # released files by name
    decisions: list[dict] = field(default_factory=list)
    url: str = ""
    lock: threading.RLock = field(default_factory=threading.RLock)
    _expiring: dict[str, float] = field(default_factory=dict)

    # --- tokens --------------------------------------------------------------------------------

    def new_token(self, kind: str) -> str:
        token = f"secret-{kind}-{len(self.tokens)}"
        self.tokens[token] = kind
        return token

    def expire_tokens(self) -> None:
        self.tokens = {t: k for t, k in self.tokens.items() if k == "refresh"}

    # --- making things -------------------------------------------------------------------------

    def submission(self, *names_and_data: tuple[str, bytes]) -> str:
        """A draft with files declared, made without a client."""
        sid = f"sub_{len(self.submissions) + 1}"
        self.submissions[sid] = {"id": sid, "member": "gsa", "title": "t", "state": "draft", "metadata": {}}
        self.history[sid] = []
        for name, data in names_and_data:
            self.declare(sid, name, hashlib.md5(data).hexdigest(), len(data))
        return sid

    def declare(self, sid: str, name: str, md5: str, size_bytes: int | None) -> None:
        fid = f"{sid}.{name}"
        old = self.files.get(fid)
        if old and old["md5"] == md5:
            return
        self.files[fid] = {
            "id": fid, "name": name, "run": "r1", "size_bytes": size_bytes, "md5": md5, "state": "declared",
            "findings": [], "submission": sid,
        }  # fmt: skip
        self.uploads.pop(fid, None)

    def release(self, accession: str, *names_and_data: tuple[str, bytes]) -> None:
        files = []
        for name, data in names_and_data:
            self.stored[name] = data
            digests = {"md5": hashlib.md5(data).hexdigest(), "sha256": hashlib.sha256(data).hexdigest()}
            files.append(
                {"name": name, "original_name": f"my_{name}", "run": "CRR1", "size_bytes": len(data)} | digests
            )
        self.records[accession] = {
            "accession": accession, "type": "study", "member": "gsa", "title": "Rice under drought",
            "visibility": "public", "released_at": "2026-03-01T12:00:00.000Z", "files": files,
            "attributes": {"organism": "Oryza sativa"}, "links": {"project": ["PRJCA000001"]},
        }  # fmt: skip

    def bytes_of(self, sid: str, name: str) -> bytes:
        """What the store holds of a completed file."""
        upload = self.uploads[f"{sid}.{name}"]
        return b"".join(upload.parts[n] for n in sorted(upload.parts))

    # --- the API -------------------------------------------------------------------------------

    def answer(self, method: str, path: str, query: dict[str, str], headers: Any, body: Any) -> tuple[int, Any]:
        for pattern, handler, signed_in in _routes(self):
            want, _, form = pattern.partition(" ")
            found = re.fullmatch(form.replace("*", "([^/]+)"), path)
            if want == method and found:
                if signed_in:
                    self._who(headers)
                return handler(*(unquote(g) for g in found.groups()), query=query, body=body, headers=headers)
        raise Problem(404, "general.not_found", "There is no such path.")

    def _who(self, headers: Any) -> None:
        token = (headers.get("Authorization") or "").removeprefix("Bearer ")
        if self.tokens.get(token) != "id":
            raise Problem(401, "accounts.sign_in_needed", "Sign in first.", "Run `biotheca login`.")

    def _tokens(self, with_refresh: bool) -> dict[str, Any]:
        answer = {"token": self.new_token("id"), "expires_in_s": 3600}
        return answer | ({"refresh_token": self.new_token("refresh")} if with_refresh else {"refresh_token": None})

    def sign_in(self, body: Any, **_: Any) -> tuple[int, Any]:
        if (body["email"], body["password"]) != (EMAIL, PASSWORD):
            raise Problem(401, "accounts.wrong_password", "E-mail and password do not match an account.", "Check both.")
        return 200, self._tokens(True)

    def refresh(self, body: Any, **_: Any) -> tuple[int, Any]:
        if self.tokens.get(body["refresh_token"]) != "refresh":
            raise Problem(401, "accounts.sign_in_needed", "Sign in first.")
        return 200, self._tokens(False)

    def open_submission(self, body: Any, headers: Any, **_: Any) -> tuple[int, Any]:
        if set(body) != {"member", "title", "release"}:
            raise Problem(422, "general.body", f"Fields: {sorted(body)}")
        key = headers.get("Idempotency-Key")
        if key and key in self.keys:
            return 201, self.whole(self.keys[key])
        sid = self.submission()
        self.submissions[sid] |= body
        if key:
            self.keys[key] = sid
        self.note(sid, "submission.opened", "Opened.")
        return 201, self.whole(sid)

    def note(self, sid: str, event: str, words: str) -> None:
        lines = self.history[sid]
        at = f"2026-03-01T12:00:{len(lines):02d}.000Z"
        lines.append({"at": at, "event": event, "words": words, "actor": "archive"})

    def _one(self, sid: str) -> dict:
        if sid not in self.submissions:
            raise Problem(
                404, "general.not_found", f"There is no submission {sid!r} or you may not see it.", "Check the number."
            )
        return self.submissions[sid]

    def whole(self, sid: str) -> dict[str, Any]:
        entry = self._one(sid)
        files = [self.shown(f) for f in self.files.values() if f["submission"] == sid]
        more = {"state_words": "", "objects": [], "accessions": {}, "reasons": entry.get("reasons", []), "findings": []}
        more |= {"created_at": "2026-03-01T12:00:00.000Z", "updated_at": "2026-03-01T12:00:00.000Z"}
        if entry["state"] in ("archived", "released"):
            more["accessions"] = {"study/s": "CRA000001"}
        return more | {k: v for k, v in entry.items() if k != "metadata"} | {"files": files}

    def shown(self, f: dict) -> dict:
        return {k: v for k, v in f.items() if k not in ("submission", "looks")}

    def show(self, sid: str, **_: Any) -> tuple[int, Any]:
        entry = self._one(sid)
        if entry["state"] not in ("draft", "files_failed", "revision_requested") and self.script:
            entry["state"] = self.script.pop(0)
            self.note(sid, "submission.moved", f"Now {entry['state']}.")
        return 200, self.whole(sid)

    def describe(self, sid: str, body: Any, **_: Any) -> tuple[int, Any]:
        entry = self._one(sid)
        if entry["state"] not in ("draft", "files_failed", "revision_requested"):
            raise Problem(409, "general.conflict", "It cannot be changed now.")
        if "samples" not in body and "collection" not in body:
            finding = {
                "rule": "metadata.required",
                "where": "/samples",
                "message": "No sample.",
                "mend": "Add one.",
                "severity": "error",
            }
            raise Problem(422, "general.invalid", "The metadata has 1 finding.", "Mend all and send again.", [finding])
        entry["metadata"] = body
        for run in [*body.get("runs", []), *([body["collection"]] if "collection" in body else [])]:
            for f in run["files"]:
                self.declare(sid, f["name"], f["md5"], f.get("size_bytes"))
        self.note(sid, "submission.described", "Metadata stored.")
        return 200, self.whole(sid)

    def submit(self, sid: str, **_: Any) -> tuple[int, Any]:
        entry = self._one(sid)
        if entry["state"] not in ("draft", "files_failed", "revision_requested"):
            raise Problem(409, "general.conflict", "It was submitted before.")
        entry["state"] = "submitted"
        self.note(sid, "submission.submitted", "Submitted.")
        return 202, self.whole(sid)

    def paged(self, items: list[Any], query: dict[str, str]) -> tuple[int, Any]:
        start = int(query.get("cursor", 0))
        size = min(int(query.get("limit", self.page)), self.page)
        after = start + size
        return 200, {"items": items[start:after], "next_cursor": str(after) if after < len(items) else None}

    def list_files(self, sid: str, query: dict, **_: Any) -> tuple[int, Any]:
        self._one(sid)
        mine = [f for f in self.files.values() if f["submission"] == sid]
        for f in mine:
            if f["state"] == "uploading" and f["id"] in self.uploads and not self.uploads[f["id"]].open:
                f["looks"] = f.get("looks", 0) + 1
                if f["looks"] > self.settle_looks:
                    f["state"] = "received"
        return self.paged([self.shown(f) for f in mine], query)

    def _file(self, fid: str) -> dict:
        if fid not in self.files:
            raise Problem(404, "general.not_found", "There is no such file.")
        return self.files[fid]

    def start(self, fid: str, body: Any, **_: Any) -> tuple[int, Any]:
        f, size = self._file(fid), body["size_bytes"]
        if f["state"] not in ("declared", "uploading", "qc_failed"):
            raise Problem(400, "uploads.file", f"{f['name']} is {f['state']}.")
        upload = self.uploads.get(fid)
        if not upload or upload.size_bytes != size:
            upload = self.uploads[fid] = Upload(size, self.part_size_bytes)
        f["state"] = "uploading"
        count = math.ceil(size / upload.part_size_bytes)
        return 200, {
            "file_id": fid,
            "part_size_bytes": upload.part_size_bytes,
            "part_count": count,
            "state": "uploading",
            "size_bytes": size,
        }

    def list_parts(self, fid: str, query: dict, **_: Any) -> tuple[int, Any]:
        upload = self.uploads[self._file(fid)["id"]]
        held = upload.parts if upload.open else {}
        return self.paged(
            [{"number": n, "size_bytes": len(d), "sha256": sha256(d)} for n, d in sorted(held.items())], query
        )

    def part_urls(self, fid: str, body: Any, **_: Any) -> tuple[int, Any]:
        self.links_asked.append(len(body["parts"]))
        if not 1 <= len(body["parts"]) <= 100:
            raise Problem(422, "general.body", "1 to 100 parts.")
        upload, items = self.uploads[self._file(fid)["id"]], []
        for p in body["parts"]:
            wanted = min(upload.part_size_bytes, upload.size_bytes - (p["number"] - 1) * upload.part_size_bytes)
            if set(p) != {"number", "size_bytes", "sha256"} or p["size_bytes"] != wanted:
                raise Problem(400, "uploads.part", f"Part {p['number']} must have {wanted} bytes.")
            signature = hashlib.sha256(f"{fid}{p}{len(self._expiring)}".encode()).hexdigest()
            self._expiring[signature] = time.monotonic() + self.link_valid_s
            url = f"{self.url}/inbox/{fid}?partNumber={p['number']}&X-Amz-Signature={signature}"
            headers = {"x-amz-checksum-sha256": p["sha256"], "content-length": str(p["size_bytes"])}
            items.append(
                {"number": p["number"], "url": url, "headers": headers, "expires_at": "2026-03-01T13:00:00.000Z"}
            )
        return 200, {"items": items, "next_cursor": None}

    def many(self, sid: str, body: Any, **_: Any) -> tuple[int, Any]:
        self._one(sid)
        self.links_asked.append(len(body["files"]))
        if not 1 <= len(body["files"]) <= 100:
            raise Problem(422, "general.body", "1 to 100 files.")
        items = []
        for entry in body["files"]:
            f = self._file(entry["file_id"])
            self.uploads[f["id"]] = Upload(entry["size_bytes"], entry["size_bytes"])
            signature = hashlib.sha256(f"{entry}{len(self._expiring)}".encode()).hexdigest()
            self._expiring[signature] = time.monotonic() + self.link_valid_s
            url = f"{self.url}/inbox/{f['id']}?partNumber=1&whole=1&X-Amz-Signature={signature}"
            headers = {"x-amz-checksum-sha256": entry["sha256"], "content-length": str(entry["size_bytes"])}
            items.append({"file_id": f["id"], "state": f["state"], "url": url, "headers": headers})
        return 200, {"items": items, "next_cursor": None}

    def complete(self, fid: str, **_: Any) -> tuple[int, Any]:
        f, upload = self._file(fid), self.uploads[fid]
        count = math.ceil(upload.size_bytes / upload.part_size_bytes)
        missing = [n for n in range(1, count + 1) if n not in upload.parts]
        if upload.open and missing:
            raise Problem(409, "uploads.incomplete", f"Missing: {missing}.")
        upload.open = False
        if not self.settle_looks:
            f["state"] = "received"
        return 200, self.shown(f)

    def abort(self, fid: str, **_: Any) -> tuple[int, Any]:
        self.uploads.pop(self._file(fid)["id"], None)
        self.files[fid]["state"] = "declared"
        return 204, None

    def decide(self, sid: str, body: Any, **_: Any) -> tuple[int, Any]:
        if "curator" not in self.roles:
            raise Problem(403, "accounts.not_allowed", "Your role does not allow this.", "Ask an administrator.")
        self.decisions.append({"submission": sid} | body)
        self._one(sid)["state"] = "accepted" if body["decision"] == "accept" else "revision_requested"
        return 202, self.whole(sid)

    def search(self, query: dict, **_: Any) -> tuple[int, Any]:
        words = query["q"].lower().split()
        hits = [r for r in self.records.values() if all(w in (r["title"] + r["accession"]).lower() for w in words)]
        keep = ("accession", "type", "member", "title", "released_at")
        return self.paged([{k: r[k] for k in keep} for r in hits], query)

    def record(self, accession: str, **_: Any) -> tuple[int, Any]:
        if accession not in self.records:
            raise Problem(
                404, "general.not_found", "There is no such record or you may not see it.", "Check the number."
            )
        return 200, self.records[accession]

    def download_link(self, accession: str, name: str, query: dict, **_: Any) -> tuple[int, Any]:
        if query.get("redirect") != "false":
            raise Problem(422, "metadata.choice", "redirect=false was expected of this client.")
        entry = next(f for f in self.record(accession)[1]["files"] if f["name"] == name)
        signature = f"d{len(self._expiring)}"
        self._expiring[signature] = time.monotonic() + self.link_valid_s
        url = f"{self.url}/open/{name}?X-Amz-Signature={signature}"
        return 200, {"url": url, "expires_at": "2026-03-01T13:00:00.000Z"} | entry

    def good_link(self, query: dict[str, str]) -> bool:
        return self._expiring.get(query.get("X-Amz-Signature", ""), 0) > time.monotonic()


def sha256(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def _rule(name: str, severity: str, message: str, mend: str) -> dict[str, Any]:
    return {"id": name, "severity": severity, "message": {"en": message, "zh": "x"}, "mend": {"en": mend, "zh": "x"}}


RULES = [_rule(f"metadata.{n}", "error", "m", "m") for n in range(4)]
RULES.append(_rule("qc.multi_line", "error", "Multi-line FASTQ.", "Unwrap it."))


def _routes(a: Archive) -> list[tuple[str, Callable[..., tuple[int, Any]], bool]]:
    def me(**_: Any) -> tuple[int, Any]:
        return 200, {"subject": "p1", "email": EMAIL, "roles": a.roles}

    return [
        ("POST /v1/sign-in", a.sign_in, False),
        ("POST /v1/refresh", a.refresh, False),
        ("GET /v1/me", me, True),
        ("GET /v1/health", lambda **_: (200, {"status": "ok", "version": "9.9.9"}), False),
        ("GET /v1/rules", lambda query, **_: a.paged(RULES, query), False),
        ("POST /v1/submissions", a.open_submission, True),
        ("GET /v1/submissions/*", a.show, True),
        ("PUT /v1/submissions/*/metadata", a.describe, True),
        ("POST /v1/submissions/*/submit", a.submit, True),
        ("GET /v1/submissions/*/history", lambda sid, query, **_: a.paged(a.history[a._one(sid)["id"]], query), True),
        ("GET /v1/submissions/*/files", a.list_files, True),
        ("POST /v1/submissions/*/uploads", a.many, True),
        ("POST /v1/files/*/upload", a.start, True),
        ("DELETE /v1/files/*/upload", a.abort, True),
        ("GET /v1/files/*/parts", a.list_parts, True),
        ("POST /v1/files/*/part-urls", a.part_urls, True),
        ("POST /v1/files/*/complete", a.complete, True),
        ("GET /v1/curation/queue", lambda query, **_: a.paged([a.whole(s) for s in a.submissions], query), True),
        ("POST /v1/curation/*/decision", a.decide, True),
        ("GET /v1/search", a.search, False),
        ("GET /v1/records/*", a.record, False),
        ("GET /v1/records/*/files", lambda acc, query, **_: a.paged(a.record(acc)[1]["files"], query), False),
        ("GET /v1/records/*/files/*", a.download_link, False),
    ]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    archive: Archive

    def _serve(self) -> None:
        split = urlsplit(self.path)
        query = {k: v[0] for k, v in parse_qs(split.query).items()}
        if not split.path.startswith("/v1/"):
            if self.headers.get("Authorization"):
                self.archive.sins.append("a token was sent to the store")
            return self._put(split.path, query) if self.command == "PUT" else self._get(split.path, query)
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length)
        with self.archive.lock:
            self.archive.calls.append(f"{self.command} {split.path}")
            order = next((o for o in self.archive.api_orders if re.search(o[0], f"{self.command} {split.path}")), None)
            if order:
                self.archive.api_orders.remove(order)
            try:
                if order and order[1] == 0:  # the work is done, its answer is lost
                    self.archive.answer(self.command, split.path, query, self.headers, json.loads(raw or b"null"))
                    self.close_connection = True
                    self.connection.close()
                    return None
                if order:
                    raise Problem(order[1], "general.fault", "Something failed on our side.")
                status, document = self.archive.answer(
                    self.command, split.path, query, self.headers, json.loads(raw or b"null")
                )
            except Problem as problem:
                status, document = problem.status, problem.body
        kind = "application/json" if status < 400 else "application/problem+json"
        self._reply(status, b"" if document is None else json.dumps(document).encode(), {"Content-Type": kind})

    do_GET = do_POST = do_PUT = do_DELETE = _serve

    def _reply(self, status: int, body: bytes, headers: dict[str, str] | None = None, cut: int | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if cut is None else body[:cut])
        if cut is not None:
            self.close_connection = True

    def _store_error(self, status: int, code: str) -> None:
        self._reply(status, f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode())

    def _put(self, path: str, query: dict[str, str]) -> None:
        a, fid, number = self.archive, path.removeprefix("/inbox/"), int(query["partNumber"])
        with a.lock:
            order = a.put_orders.pop(0) if a.put_orders else None
            a.put_tries[fid, number] += 1
        if isinstance(order, int):
            self.rfile.read(order)
            self.close_connection = True
            self.connection.close()
            return None
        data = self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(a.put_takes_s)
        if order == "503":
            return self._store_error(503, "SlowDown")
        if order == "damage":
            data = b"\0" + data[1:]
        with a.lock:
            upload = a.uploads.get(fid)
            if order == "expired" or not a.good_link(query):
                return self._store_error(403, "AccessDenied")
            if not upload or not upload.open:
                return self._store_error(404, "NoSuchUpload")
            if sha256(data) != self.headers.get("x-amz-checksum-sha256"):
                return self._store_error(400, "BadDigest")
            if upload.parts.get(number) == data:
                a.sins.append(f"part {number} of {fid} was sent again though it was there")
            upload.parts[number] = data
            a.put_done[fid, number] += 1
            if "whole" in query:
                upload.open = False
                a.files[fid]["state"] = "received"
        self._reply(200, b"")

    def _get(self, path: str, query: dict[str, str]) -> None:
        a, name = self.archive, path.removeprefix("/open/")
        with a.lock:
            order = a.get_orders.pop(0) if a.get_orders else None
            a.ranges.append(self.headers.get("Range", ""))
        if order == "expired" or not a.good_link(query):
            return self._store_error(403, "AccessDenied")
        data = a.stored[name]
        if order == "damage":
            data = b"\0" + data[1:]
        tag = {"ETag": f'"{hashlib.md5(a.stored[name]).hexdigest()}"'}
        if self.headers.get("If-Match", tag["ETag"]) != tag["ETag"]:
            return self._store_error(412, "PreconditionFailed")
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if not found or order == "no ranges":
            return self._reply(200, data, tag)
        start = int(found[1])
        if start >= len(data):
            return self._store_error(416, "InvalidRange")
        headers = tag | {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"}
        self._reply(206, data[start:], headers, order if isinstance(order, int) else None)

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """A client that left is what these tests are about."""


@contextmanager
def running() -> Iterator[Archive]:
    """The archive, answering at `archive.url`. At the end no client may have sinned."""
    archive = Archive()
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"archive": archive}))
    archive.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield archive
    finally:
        server.shutdown()
        server.server_close()
