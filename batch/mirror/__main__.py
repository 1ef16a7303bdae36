"""The INSDC mirror's job: read feeds of public metadata into tables, and tables into the lake.

parse: reads one local file and writes Parquet tables, without any cloud.
step:  runs one step of a batch. It reads the mirror's bucket (feeds/, parsed/, manifests/, digests/), its table and the
       lake's tables, and writes to the same places, under names that only depend on the batch: again is the same.

Exit code 0: done. 2: the data cannot be used as it is (trying again is useless), said in one line. 3 (parse): the file
ends before its end; its whole records were written. 64: called wrongly. 70: our fault or the cloud's, try again.
143: told to stop, try again.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

from biotheca import clock
from biotheca.errors import BiothecaError
from biotheca.mirror.model import Kind

DONE, UNUSABLE, CUT, CALLED_WRONGLY, FAULT, STOPPED = 0, 2, 3, 64, 70, 143
STEPS = ("fetch", "read", "merge", "reconcile", "index", "compact")


def _say(event: str, **facts: Any) -> None:
    correlation = os.environ.get("BIOTHECA_CORRELATION_ID", "")
    line = {"at": clock.stamp(), "event": event, "job": "mirror", "correlation_id": correlation}
    print(json.dumps(line | facts, default=str, ensure_ascii=False), flush=True)


def _stop(_number: int, _frame: Any) -> NoReturn:
    _say("told to stop")
    sys.stdout.flush()
    os._exit(STOPPED)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(CALLED_WRONGLY, f"{self.prog}: {message}\n")


def _arguments() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m batch.mirror", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)
    parse = commands.add_parser(
        "parse",
        help="one local file to Parquet, without any cloud",
        description="Reads FILE (plain, gzip; for sra_set also a tar archive) and writes into DIR: one Parquet file "
        "an entity (study, sample, experiment, run, ... or accession_status), and quarantine.jsonl with every record "
        "that could not be read and why. Prints one JSON line: records, quarantined, seconds, complete, rows.",
    )
    parse.add_argument("file", type=Path, metavar="FILE")
    parse.add_argument("--kind", required=True, choices=[str(kind) for kind in Kind])
    parse.add_argument("--out", required=True, type=Path, metavar="DIR")
    step = commands.add_parser("step", help="one step of a batch, as the workflow runs it")
    step.add_argument("step", choices=STEPS)
    step.add_argument("--batch", type=int, default=0, help="the batch, such as 20260127000")
    step.add_argument("--number", type=_numbers, default=[0], help="which files of the batch's plan, such as 0,3,4")
    return parser


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def _parse(file: Path, kind: str, out: Path) -> int:
    from biotheca.mirror.parsing import parse_file

    if not file.is_file():
        print(f"{file} is no file; expected one file of a feed, such as meta_run_set.xml.gz", file=sys.stderr)
        return CALLED_WRONGLY
    parsed = parse_file(file, Kind(kind), out)
    print(json.dumps(parsed.as_dict()), flush=True)
    if not parsed.complete:
        print(f"{file} ends before its end; its whole records are in {out}. Fetch it again.", file=sys.stderr)
        return CUT
    return DONE


def _step(name: str, batch: int, numbers: list[int]) -> None:
    from biotheca.lake.lease import Leases
    from biotheca.mirror import indexing, service, steps
    from biotheca.mirror.lake import MirrorLake
    from biotheca.mirror.store import MirrorStore

    store = MirrorStore()
    lake = MirrorLake(lease=Leases().held)
    if name == "fetch":
        told: Any = [service.fetch(store, batch, number) for number in numbers]
    elif name == "read":
        told = [steps.read(store, batch, number) for number in numbers]
    elif name == "merge":
        told = steps.merge(store, lake, batch)
    elif name == "reconcile":
        told = steps.reconcile(store, lake, batch)
    elif name == "index":
        told = indexing.index_all(store, batch)
    else:
        told = steps.compact(store, lake)
    _say(f"{name} done", batch=batch, numbers=numbers, told=told)


def main(words: list[str]) -> int:
    """Exit code of one job."""
    job = _arguments().parse_args(words)
    logging.basicConfig(level=logging.WARNING)
    signal.signal(signal.SIGTERM, _stop)
    try:
        if job.command == "parse":
            return _parse(job.file, job.kind, job.out)
        _step(job.step, job.batch, job.number)
    except BiothecaError as fault:
        if job.command == "parse":
            print(f"{job.file}: {fault}", file=sys.stderr)
        else:
            _say(f"{job.step} cannot be done", batch=job.batch, rule=fault.rule, reason=str(fault))
        return UNUSABLE
    except Exception as fault:  # the door: whatever comes here is worth another try
        if job.command == "parse":
            print(f"{job.file}: {type(fault).__name__}: {fault}", file=sys.stderr)
            return FAULT
        trace = traceback.format_exc().splitlines()
        _say(f"{job.step} failed", batch=job.batch, fault=type(fault).__name__, reason=str(fault), trace=trace)
        return FAULT
    return DONE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
