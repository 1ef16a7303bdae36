"""The demo's act on the INSDC mirror: a day is mirrored, analysts ask, and on the next day a record leaves.

The feeds are real public records where a folder of them stands beside the project; else they are made up, and said so.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from biotheca import clock
from local.insdc.made import made_world
from local.insdc.world import World, real_world
from local.laptop import PROJECT
from local.stack import Stack

WORDS = {"STUDY": "studies", "SAMPLE": "samples", "EXPERIMENT": "experiments", "RUN": "runs"}
REAL = PROJECT.parent / "shared" / "data" / "insdc"

TOGETHER = """SELECT run.source, study.title, run.platform, count(*) AS runs, sum(run.bases) AS bases
FROM biotheca.run AS run JOIN biotheca.study AS study ON run.sra_study = study.acc
GROUP BY run.source, study.title, run.platform ORDER BY run.source DESC, runs DESC, study.title LIMIT 5"""
NCBIS = """SELECT organism, count(*) AS runs FROM sra.metadata
WHERE assay_type = 'WGS' AND librarysource = 'GENOMIC' GROUP BY organism ORDER BY runs DESC, organism LIMIT 3"""
ONE = "SELECT count(*) FROM biotheca.run WHERE acc = ?"
CHANGES = "SELECT acc, entity, before, after FROM biotheca.change_log WHERE day = ? ORDER BY entity"

Ask = Callable[..., list[list[str]]]


def world_at_hand() -> tuple[World, str]:
    """What INSDC holds here, and how that is to be told."""
    if REAL.is_dir():
        return real_world(REAL), "real public records of NCBI, ENA and DDBJ"
    return made_world(studies=6, runs_each=8), "made-up records, for no real ones stand beside the project"


def play(stack: Stack, ada: Any, stranger: Any, ask: Ask) -> None:
    """The act. `ada` operates, `stranger` has no account; both type commands. `ask` is Athena."""
    narrator = ada.narrator
    today = clock.now().date()
    first, second = ((today - timedelta(days)).isoformat() for days in (2, 1))
    world, told = world_at_hand()
    world.publish(Path(stack.insdc.folder), first, full=True)
    counts = ", ".join(f"{len(records):,} {WORDS[kind]}" for kind, records in world.records.items())
    narrator.say(f"The archive mirrors INSDC: a small INSDC serves the feeds of {first} here ({told})")
    narrator.show(f"{counts}, {len(world.biosamples):,} BioSamples, {len(world.status):,} lines of SRA_Accessions")
    ada.signs_in()
    ada.types("mirror", "run", "--day", first, "--wait")
    stranger.types("mirror", "status")

    narrator.say("An analyst joins own and mirrored runs, and asks as NCBI's own examples do")
    for sql in (TOGETHER, NCBIS):
        narrator.show(sql)
        for row in ask(stack, sql):
            narrator.show("  " + " | ".join(row))

    run = sorted(world.records["RUN"])[0]
    narrator.say(f"The next day {run} is suppressed at its archive: it leaves search and tables, not its own page")
    narrator.show(f"{ONE.replace('?', repr(run))}: {ask(stack, ONE, run)[1][0]}")
    world.suppress(run)
    world.publish(Path(stack.insdc.folder), second)
    ada.types("mirror", "run", "--day", second, "--wait")
    narrator.show(f"{ONE.replace('?', repr(run))}: {ask(stack, ONE, run)[1][0]}")
    for row in ask(stack, CHANGES, second):
        narrator.show("  " + " | ".join(row))
    shown = stranger.types("mirror", "show", run, quiet=True)
    narrator.show(f"$ biotheca mirror show {run}\n{shown.splitlines()[0]}")
