"""Copy or prove one large file of the mirror.

Reads: the file's row in the mirror table; the object of an open bucket at its source (copy); its copy (prove).
Writes: the copy in the mirror bucket below files/, and the row: COPIED, VERIFIED, or what a fault made of it.
The file must have been claimed by --owner; if it is another's by now, nothing is done.

Exit code 0: the row says how it ended. 64: called wrongly. 70: our fault or the cloud's, try again.
143: told to stop, try again; what was copied is kept.
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
from biotheca.aws.session import region
from biotheca.sequences import service, work
from biotheca.sequences.store import MirrorBucket, SequenceStore
from biotheca.sequences.web import WebSource

DONE, CALLED_WRONGLY, FAULT, STOPPED = 0, 64, 70, 143


def _say(event: str, **facts: Any) -> None:
    correlation = os.environ.get("BIOTHECA_CORRELATION_ID", "")
    line = {"at": clock.stamp(), "event": event, "job": "sequences", "correlation_id": correlation}
    print(json.dumps(line | facts), flush=True)


def _stop(_number: int, _frame: Any) -> NoReturn:
    _say("told to stop")
    os._exit(STOPPED)


def run(verb: str, task: dict[str, str]) -> str:
    """Copy and prove, or prove alone; the state in which the row is then."""
    store, policy, lists = SequenceStore(), service.policy(), work.allowed()
    means = work.means(MirrorBucket(), WebSource(lists), lists)
    if verb == "copy":
        work.copy_slice(store, policy, lists, region(), means, task)  # a job's time has no end: one slice is all
    work.prove(store, policy, lists, region(), means, task)
    row = store.file(task["run"], task["file"])
    return row.state.value if row else "unknown"


def main(words: list[str]) -> int:
    """Exit code of one job."""
    logging.basicConfig(level=logging.WARNING)
    signal.signal(signal.SIGTERM, _stop)
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m batch.sequences", description=__doc__, formatter_class=plain)
    parser.add_argument("verb", choices=["copy", "prove"])
    parser.add_argument("--run", required=True, help="accession of the run, e.g. SRR000001")
    parser.add_argument("--file", required=True, help="name of the file as the run's metadata has it")
    parser.add_argument("--owner", required=True, help="who claimed the file: the workflow's execution")
    try:
        job = parser.parse_args(words)
    except SystemExit as end:
        return CALLED_WRONGLY if end.code else DONE
    try:
        state = run(job.verb, {"run": job.run, "file": job.file, "owner": job.owner})
    except Exception as fault:  # the door: everything here is a reason to try again
        _say("job failed", run=job.run, file=job.file, fault=type(fault).__name__, reason=str(fault))
        return FAULT
    _say("file brought", run=job.run, file=job.file, state=state)
    return DONE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
