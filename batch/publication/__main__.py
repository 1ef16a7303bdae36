"""Archive one large file: server-side copy, read back, compare. Same service as functions/publication.

Exit code 0: archived (or it was before). 70: our fault or the cloud's, try again. 143: told to stop, try again.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
from typing import Any, NoReturn

from biotheca import clock
from biotheca.delivery.store import HeaderStore, SealedArchive
from biotheca.publication import service
from biotheca.publication.store import Archive
from biotheca.qc.store import ReportStore
from biotheca.submissions.store import SubmissionStore
from biotheca.uploads.store import Inbox

ARCHIVED, FAULT, STOPPED = 0, 70, 143


def _say(event: str, **facts: Any) -> None:
    correlation = os.environ.get("BIOTHECA_CORRELATION_ID", "")
    line = {"at": clock.stamp(), "event": event, "job": "publication", "correlation_id": correlation}
    print(json.dumps(line | facts), flush=True)


def _stop(_number: int, _frame: Any) -> NoReturn:
    _say("told to stop")
    os._exit(STOPPED)


def main(words: list[str]) -> int:
    """Exit code of one job."""
    logging.basicConfig(level=logging.WARNING)
    signal.signal(signal.SIGTERM, _stop)
    parser = argparse.ArgumentParser(prog="python -m batch.publication", description=__doc__)
    parser.add_argument("--submission", required=True)
    parser.add_argument("--file", required=True)
    parser.add_argument("--gate", choices=("open", "shut"), default="open", help="the release gate when it was planned")
    job = parser.parse_args(words)
    try:
        archive = Archive(sealing=lambda: SealedArchive(HeaderStore()))
        of = job.submission, job.file, job.gate == "open"
        key = service.archive_file(SubmissionStore(), Inbox(), archive, ReportStore(), *of)
    except Exception as fault:  # the door: everything here is a reason to try again
        _say("archive failed", file=job.file, fault=type(fault).__name__, reason=str(fault))
        return FAULT
    _say("file archived", file=job.file, key=key)
    return ARCHIVED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
