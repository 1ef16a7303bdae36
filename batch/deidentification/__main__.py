"""De-identify the files of a submission.

Reads: the task; the archives in the inbox; the secret of the collection, which it makes if there is none.
Writes: packed series and their metadata in the inbox below made/; reports; last of all the outcome.

A large submission goes in parts: a survey, the parts side by side, and what gathers them.

Exit code 0: the outcome, or what the step is for, is written. 64: called wrongly.
70: our fault or the cloud's, try again. 143: told to stop, try again.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
from typing import Any, NoReturn

from batch.deidentification import parts
from batch.deidentification.task import CalledWrongly, run, task_of
from biotheca import clock

DONE, CALLED_WRONGLY, FAULT, STOPPED = 0, 64, 70, 143


def _say(event: str, **facts: Any) -> None:
    correlation = os.environ.get("BIOTHECA_CORRELATION_ID", "")
    line = {"at": clock.stamp(), "event": event, "job": "deidentification", "correlation_id": correlation}
    print(json.dumps(line | facts), flush=True)


def _stop(_number: int, _frame: Any) -> NoReturn:
    _say("told to stop")
    os._exit(STOPPED)


def main(words: list[str]) -> int:
    """Exit code of one job."""
    # Warnings of pydicom quote values of the header, its errors are tracebacks of decoders: entries say what failed.
    logging.basicConfig(level=logging.CRITICAL)
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    signal.signal(signal.SIGTERM, _stop)
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="python -m batch.deidentification", description=__doc__, formatter_class=plain
    )
    parser.add_argument("--task", required=True, help="s3://bucket/key of what is to be done")
    parser.add_argument(
        "--step", choices=("all", "survey", "part", "gather"), default="all", help="of what is in parts"
    )
    parser.add_argument("--part", type=int, default=0, help="which part, from 0")
    parser.add_argument("--workers", type=int, default=1, help="processes side by side")
    try:
        job = parser.parse_args(words)
    except SystemExit as end:
        return CALLED_WRONGLY if end.code else DONE
    try:
        task = task_of(job.task)
        if job.step == "survey":
            _say("files surveyed", parts=parts.survey(task))
            return DONE
        if job.step == "part":
            _say("part de-identified", part=job.part, files=parts.part(task, job.part, workers=job.workers))
            return DONE
        outcome = parts.gather(task) if job.step == "gather" else run(task, workers=job.workers)
    except CalledWrongly as fault:
        _say("called wrongly", reason=str(fault))
        return CALLED_WRONGLY
    except Exception as fault:  # the door; the words of a fault may quote a file, its kind does not
        _say("job failed", fault=type(fault).__name__)
        return FAULT
    _say("files de-identified", **{k: outcome[k] for k in ("inputs", "released", "copies", "quarantined")})
    return DONE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
