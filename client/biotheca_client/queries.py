"""What the client can do with queries over the lake: ask, look, wait, fetch the answer's file."""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from biotheca_client import words
from biotheca_client.api import Session, bytes_at, path_of
from biotheca_client.errors import NetworkDown, Refused, Stopped

FORMATS = (
    *("tsv", "csv", "jsonl", "parquet", "xml", "accessions", "fetchngs", "samplesheet", "rnaseq", "script", "aria2"),
)
_ENDED = ("succeeded", "failed")


class QueryCalls:
    """The verbs of queries over one session. Answers are the API's JSON."""

    session: Session
    stop: threading.Event

    def ask(self, sql: str, wanted: str = "tsv", token: str | None = None) -> dict[str, Any]:
        """Ask one SELECT. A lost answer is asked for again under the same token, so nothing is asked twice."""
        body = {"sql": sql, "format": wanted, "token": token or secrets.token_hex(16)}
        made: dict[str, Any] = self.session.call("POST", "/v1/queries", body, again=True)
        return made

    def query(self, query: str) -> dict[str, Any]:
        """How a query of yours goes; `link` leads to its file once it has succeeded."""
        found: dict[str, Any] = self.session.call("GET", path_of("v1", "queries", query))
        return found

    def wait_for_query(self, query: str, told: Callable[[dict[str, Any]], None] = lambda _: None) -> dict[str, Any]:
        """Look until a query has ended; Refused with its problem if it failed."""
        pause = 0.5
        while True:
            found = self.query(query)
            told(found)
            if found["state"] in _ENDED:
                break
            if self.stop.wait(pause):
                raise Stopped("Stopped.", f"The query goes on; `biotheca query --id {query}` fetches its answer.")
            pause = min(pause * 1.5, 5.0)
        if found["state"] == "failed":
            problem = found["problem"] or {}
            raise Refused(
                f"{words.clean(problem.get('detail'))} [{words.clean(problem.get('rule'))}]",
                words.clean(problem.get("mend")),
                problem,
            )
        return found

    def fetch_answer(
        self, answer: dict[str, Any], target: Path | IO[bytes], add: Callable[[int], None] = lambda _: None
    ) -> int:
        """Write the file of an ended query to a path (whole or not at all) or to an open file; returns its bytes."""
        if not isinstance(target, Path):
            return self._copy(answer, target, add)
        partial = target.with_name(f"{target.name}.part")
        try:
            with partial.open("wb") as file:
                size = self._copy(answer, file, add)
            partial.replace(target)
        except OSError as fault:
            raise Refused(f"{target} cannot be written: {fault.strerror}.", "Choose another place with -o.") from fault
        finally:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
        return size

    def _copy(self, answer: dict[str, Any], file: IO[bytes], add: Callable[[int], None]) -> int:
        size = 0
        for data in bytes_at(str(answer["link"]), "an hour"):
            file.write(data)
            add(len(data))
            size += len(data)
        if size != answer["size_bytes"]:
            raise NetworkDown(
                f"The answer ended after {size} of {answer['size_bytes']} bytes.",
                f"`biotheca query --id {answer['id']}` fetches it again.",
            )
        return size
