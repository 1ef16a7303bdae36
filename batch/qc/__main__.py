"""Door of the file-check job: read one object, write its report and page, say the verdict with the exit code.

0: sound. 2: unsound data, the report is written, trying again is useless. 64: called wrongly.
70: our fault or the cloud's, try again. 143: told to stop (a Spot machine taken away), try again.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

from batch.qc.progress import Progress
from batch.qc.saved import Saved
from batch.qc.task import CalledWrongly, Task, place, task_of
from biotheca import clock
from biotheca.aws.buckets import put_document, put_text
from biotheca.aws.ranged import RangedReader
from biotheca.formats.native import engines
from biotheca.qc import Report, Verdict, check_file, report_html, report_json

SOUND, UNSOUND, CALLED_WRONGLY, FAULT, STOPPED = 0, 2, 64, 70, 143
# Of a report, what its log line leaves out: it stands in the report.
_LONG = ("findings", "statistics", "names", "duplicates", "content")

log = logging.getLogger("batch.qc")


class _JsonLines(logging.Formatter):
    """One JSON object a line, as the log's queries expect."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {"at": clock.stamp(), "level": record.levelname, "event": record.getMessage()}
        line |= {"job": "qc", "correlation_id": os.environ.get("BIOTHECA_CORRELATION_ID", "")}
        return json.dumps(line | getattr(record, "facts", {}), ensure_ascii=False)


def _stop(number: int, _frame: Any) -> NoReturn:
    log.warning("told to stop", extra={"facts": {"signal": signal.Signals(number).name}})
    # Nothing is half-written: what this job leaves is written at once. Threads may hang in a read.
    sys.stdout.flush()
    os._exit(STOPPED)


def check(task: Task) -> Report:
    """Check the object, write the report and beside it the page. The report comes last: with it the job is done."""
    progress = Progress(lambda facts: log.info("file is being checked", extra={"facts": facts}), task.size_bytes)
    object_bytes = RangedReader(task.bucket, task.key, task.version_id or None)
    saved = Saved(task, object_bytes, progress)
    report = check_file(
        progress.over(object_bytes),
        task.md5 or None,
        task.format,
        task.name or task.key,
        threads=task.threads or 2,
        duplicates=task.duplicates or "auto",
        scratch=Path(task.scratch) if task.scratch else None,
        again=lambda: object_bytes,
        kept=saved.kept(),
        tell_reads=progress.count_reads,
    )
    whole = report.as_dict() | {"engine": engines()[0]}
    put_text(*task.page_place, report_html.page(report_json.document([whole])), "text/html; charset=utf-8")
    put_document(*place(task.report), whole)
    saved.forget()
    return report


def main(words: list[str]) -> int:
    """Exit code of one job."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("botocore").setLevel(logging.WARNING)
    signal.signal(signal.SIGTERM, _stop)
    try:
        task = task_of(words)
        log.info("file check begins", extra={"facts": {"key": task.key, "format": task.format, "engine": engines()[0]}})
        report = check(task)
    except CalledWrongly as fault:
        log.error("called wrongly", extra={"facts": {"reason": str(fault)}})
        return CALLED_WRONGLY
    except Exception as fault:  # the door: whatever comes here is no fault of the data
        trace = traceback.format_exc().splitlines()
        log.error(
            "file check failed", extra={"facts": {"fault": type(fault).__name__, "reason": str(fault), "trace": trace}}
        )
        return FAULT
    # What its owner calls the file may tell of a person: the log has the object's key.
    facts = {k: v for k, v in report.as_dict().items() if k not in _LONG} | {"key": task.key}
    log.info("file checked", extra={"facts": facts})
    return SOUND if report.verdict is Verdict.SOUND else UNSOUND


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
