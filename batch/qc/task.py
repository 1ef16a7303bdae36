"""What one job is to check: from the words of a job definition, or from a task document on S3 or in a file."""

from __future__ import annotations

import argparse
import json
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, NoReturn

from biotheca.aws.buckets import get_document
from biotheca.formats.names import METHODS

_S3 = "s3://"
_NUMBERS = ("size_bytes", "threads", "save_every_bytes")


class CalledWrongly(Exception):
    """The job cannot know what to do. Never the fault of the data."""


@dataclass(frozen=True)
class Task:
    """One file to check. `report` and `page` are s3:// addresses; the page stands beside the report if none is named.

    `md5` is hexadecimal, empty if nothing was declared; `name` is what its owner calls the file. `threads`,
    `duplicates` and `scratch` (a folder) are those of `check_file`, None for its own choice. The state of the check is
    saved each `save_every_bytes` (None: as catalog/sizing.yaml says) of a file that is larger than that.
    """

    bucket: str
    key: str
    format: str
    report: str
    md5: str = ""
    name: str = ""
    version_id: str = ""
    page: str = ""
    size_bytes: int | None = None
    threads: int | None = None
    duplicates: str | None = None
    scratch: str | None = None
    save_every_bytes: int | None = None

    @property
    def saved_place(self) -> tuple[str, str]:
        """Bucket and key of the saved state, beside the report."""
        return place(self.report.removesuffix(".json") + ".saved")

    @property
    def page_place(self) -> tuple[str, str]:
        """Bucket and key of the page."""
        return place(self.page or self.report.removesuffix(".json") + ".html")


def place(address: str) -> tuple[str, str]:
    """Bucket and key of an address. Raises CalledWrongly.

    >>> place("s3://reports/a/b.json")
    ('reports', 'a/b.json')
    """
    bucket, _, key = address.removeprefix(_S3).partition("/")
    if not address.startswith(_S3) or not bucket or not key:
        raise CalledWrongly(f"{address[:200]!r} is no address such as s3://bucket/key")
    return bucket, key


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        # argparse would exit with 2, which the queue reads as "unsound data" and never tries again.
        raise CalledWrongly(message)


def task_of(words: list[str]) -> Task:
    """The task that the words of a command line name. Raises CalledWrongly."""
    parser = _Parser(prog="python -m batch.qc", description="Check one object, write its report and page.")
    parser.add_argument("--task", metavar="PLACE", help="a task document: s3://bucket/key or a file; then nothing else")
    required = ("bucket", "key", "format", "report-bucket", "report-key")
    for name in required:
        parser.add_argument(f"--{name}")
    parser.add_argument("--md5", default="")
    parser.add_argument("--name", default="", help="the file's name as its owner knows it, for the findings")
    parser.add_argument("--version-id", default="", help="check this version of the object, not the newest")
    parser.add_argument("--size-bytes", type=int, help="how many are stored, as the plan knows it")
    parser.add_argument("--threads", type=int, help="how many unpack BGZF side by side")
    given = parser.parse_args(words)
    if given.task:
        return from_document(_read(given.task))
    missing = [f"--{name}" for name in required if getattr(given, name.replace("-", "_")) is None]
    if missing:
        parser.error(f"the following arguments are required: {', '.join(missing)}")
    report = f"{_S3}{given.report_bucket}/{given.report_key}"
    said = ("bucket", "key", "format", "md5", "name", "version_id", "size_bytes", "threads")
    known = {key: getattr(given, key) for key in said}
    return Task(**known, report=report)


def from_document(document: Any) -> Task:
    """The task in a JSON document. Raises CalledWrongly for what is missing, unknown or of another kind."""
    if not isinstance(document, dict):
        raise CalledWrongly("a task is a JSON object")
    known = {field.name: field for field in fields(Task)}
    if strange := sorted(set(document) - set(known)):
        raise CalledWrongly(f"a task has no member {', '.join(strange)}; known: {', '.join(known)}")
    if missing := [n for n, field in known.items() if field.default is MISSING and not document.get(n)]:
        raise CalledWrongly(f"the task lacks {', '.join(missing)}")
    for name, value in document.items():
        wanted = int if name in _NUMBERS else str
        if value is not None and (not isinstance(value, wanted) or isinstance(value, bool)):
            raise CalledWrongly(f"{name} of the task is {value!r}, not of type {wanted.__name__}")
    if document.get("duplicates") not in (None, *METHODS):
        raise CalledWrongly(f"duplicates of the task is {document['duplicates']!r}; known: {', '.join(METHODS)}")
    task = Task(**{name: value for name, value in document.items() if value is not None})
    place(task.report)
    return task


def _read(where: str) -> Any:
    if where.startswith(_S3):
        return get_document(*place(where))
    try:
        return json.loads(Path(where).read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise CalledWrongly(f"the task {where!r} cannot be read: {fault}") from fault
