"""Door of the file-check job: read one object, write one report, say the verdict with the exit code.

0: sound. 2: unsound data, the report is written, trying again is useless. 64: called wrongly.
70: our fault or the cloud's, try again. 143: told to stop (a Spot machine taken away), try again.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import traceback
from typing import Any, NoReturn

from biotheca import clock
from biotheca.aws.buckets import put_document
from biotheca.aws.ranged import RangedReader
from biotheca.formats.native import engines
from biotheca.qc import Report, Verdict, check_file

SOUND, UNSOUND, CALLED_WRONGLY, FAULT, STOPPED = 0, 2, 64, 70, 143

log = logging.getLogger("batch.qc")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        # argparse would exit with 2, which the queue reads as "unsound data" and never tries again.
        log.error("called wrongly", extra={"facts": {"reason": message}})
        raise SystemExit(CALLED_WRONGLY)


class _JsonLines(logging.Formatter):
    """One JSON object a line, as the log's queries expect."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {"at": clock.stamp(), "level": record.levelname, "event": record.getMessage()}
        line |= {"job": "qc", "correlation_id": os.environ.get("BIOTHECA_CORRELATION_ID", "")}
        return json.dumps(line | getattr(record, "facts", {}), ensure_ascii=False)


def _arguments(words: list[str]) -> argparse.Namespace:
    parser = _Parser(prog="python -m batch.qc", description=__doc__.splitlines()[0] if __doc__ else "")
    for name in ("bucket", "key", "md5", "format", "report-bucket", "report-key"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--name", default=None, help="the file's name as its owner knows it, for the findings")
    parser.add_argument("--version-id", default=None, help="check this version of the object, not the newest")
    return parser.parse_args(words)


def _stop(number: int, _frame: Any) -> NoReturn:
    log.warning("told to stop", extra={"facts": {"signal": signal.Signals(number).name}})
    # Nothing is half-written: the report is the only thing this job leaves. Threads may hang in a read.
    sys.stdout.flush()
    os._exit(STOPPED)


def check(job: argparse.Namespace) -> Report:
    """Check the object and write the report beside it."""
    object_bytes = RangedReader(job.bucket, job.key, job.version_id)
    report = check_file(object_bytes, job.md5 or None, job.format, job.name or job.key)
    put_document(job.report_bucket, job.report_key, report.as_dict())
    return report


def main(words: list[str]) -> int:
    """Exit code of one job."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("botocore").setLevel(logging.WARNING)
    signal.signal(signal.SIGTERM, _stop)
    job = _arguments(words)
    log.info("file check begins", extra={"facts": {"key": job.key, "format": job.format, "engine": engines()[0]}})
    try:
        report = check(job)
    except Exception as fault:  # the door: whatever comes here is no fault of the data
        trace = traceback.format_exc().splitlines()
        log.error(
            "file check failed", extra={"facts": {"fault": type(fault).__name__, "reason": str(fault), "trace": trace}}
        )
        return FAULT
    facts = {k: v for k, v in report.as_dict().items() if k != "findings"}
    log.info("file checked", extra={"facts": facts})
    return SOUND if report.verdict is Verdict.SOUND else UNSOUND


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
