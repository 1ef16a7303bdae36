"""How states, sizes and strangers' texts read on a terminal."""

from __future__ import annotations

import unicodedata
from typing import Any

SUBMISSION_WORDS = {
    "draft": "a draft; metadata and files can be changed",
    "submitted": "submitted; the workflow is starting",
    "metadata_review": "in the review of its metadata",
    "metadata_accepted": "submitted; its metadata is accepted",
    "files_expected": "waiting for its files",
    "files_checking": "its files are being checked",
    "files_failed": "returned to you: a file did not pass the checks",
    "data_review": "waiting for a curator",
    "revision_requested": "returned to you by a curator",
    "accepted": "accepted; numbers are issued",
    "archived": "archived; waiting for its release",
    "released": "released: public",
    "cancelled": "cancelled",
    "held": "held: something failed at the archive, an operator sees the alarm; nothing of yours is lost",
}
FILE_WORDS = {
    "declared": "not sent yet",
    "uploading": "partly sent",
    "received": "received",
    "checking": "being checked",
    "qc_passed": "sound",
    "qc_failed": "not sound",
    "archived": "archived",
}
# States in which following a submission ends: success, the depositor's turn, or an operator's.
SETTLED = frozenset({"archived", "released"})
RETURNED = frozenset({"files_failed", "revision_requested"})
ENDED = SETTLED | RETURNED | {"cancelled", "held"}
EDITABLE = frozenset({"draft", "files_failed", "revision_requested"})


def is_over(submission: dict[str, Any]) -> bool:
    """Whether nothing more happens by itself soon; an archived one that is released at once goes on for a moment."""
    if submission["state"] == "archived":
        return (submission.get("release") or {}).get("mode") == "on_date"
    return submission["state"] in ENDED


def state(name: str, words: str = "") -> str:
    """A submission's state in words; the archive's own words win, an unknown state is shown as it is."""
    return clean(words) or SUBMISSION_WORDS.get(name, clean(name))


def file_state(name: str) -> str:
    """A file's state in words."""
    return FILE_WORDS.get(name, clean(name))


def clean(text: object) -> str:
    """A stranger's text without anything that a terminal would obey.

    >>> clean("a\\x1b[31mb\\nc")
    'a[31mb c'
    """
    flat = str(text if text is not None else "").replace("\n", " ").replace("\t", " ")
    return "".join(c for c in flat if unicodedata.category(c)[0] != "C")


def size(count: int | None) -> str:
    """Bytes for people, binary units.

    >>> size(1536), size(3), size(None)
    ('1.5 KiB', '3 bytes', '?')
    """
    if count is None:
        return "?"
    if count < 1024:
        return f"{count} bytes"
    number = count / 1024
    units = ["KiB", "MiB", "GiB", "TiB"]
    while number >= 1023.95 and len(units) > 1:
        number /= 1024
        units.pop(0)
    return f"{number:.1f} {units[0]}"


def moment(stamp: object) -> str:
    """An ISO stamp as `2026-03-01 12:00:05`, UTC.

    >>> moment("2026-03-01T12:00:05.123Z")
    '2026-03-01 12:00:05'
    """
    return clean(stamp)[:19].replace("T", " ")
