"""The demo: a study of several samples goes from a workbook with an error to publication, by the commands a user types.

Nothing is played here: every answer shown is what the archive's command line or Athena's SQL said.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from local import demo_images, demo_mirror, demo_people, demo_study
from local.people import PEOPLE, Example
from local.stack import Stack

STEP_S = 90.0
LOOK_AGAIN_S = 0.8  # each look is a program that starts: it takes from the processors that the journey needs
SQL = """SELECT acc, organism, platform, spots, bases, file_names
FROM {table} WHERE sra_study = ? ORDER BY acc"""


class DemoFailed(RuntimeError):
    """A step of the demo did not do what it promises."""


@dataclass
class Narrator:
    """Says what is done and shows what came back."""

    started: float

    def say(self, text: str) -> None:
        line = f"{time.monotonic() - self.started:5.1f} s  {text}"
        print(f"\n\033[1m{line}\033[0m" if sys.stdout.isatty() else f"\n{line}", flush=True)

    def show(self, text: str) -> None:
        print("\n".join(f"    {line}" for line in text.rstrip().splitlines()), flush=True)


@dataclass
class Someone:
    """An example person at a terminal of their own."""

    person: Example
    server: str
    home: Path
    narrator: Narrator
    seen: int = 0  # lines of the history already shown

    def types(self, *words: str, given: str | None = None, quiet: bool = False) -> str:
        """Run `biotheca ...` as this person; shows command and answer; DemoFailed unless it ends with 0."""
        if not quiet:
            self.narrator.show(f"$ biotheca {' '.join(words)}")
        env = os.environ | {"XDG_CONFIG_HOME": str(self.home), "BIOTHECA_SERVER": self.server}
        program = Path(sys.executable).parent / "biotheca"
        done = subprocess.run([str(program), *words], env=env, input=given, capture_output=True, text=True, timeout=120)
        if done.returncode:
            raise DemoFailed(f"`biotheca {' '.join(words)}` ended with {done.returncode}: {done.stderr.strip()}")
        if not quiet:
            self.narrator.show(done.stdout)
        return done.stdout

    def is_refused(self, *words: str) -> None:
        """As `types`, of what must not work: shows what the command says; DemoFailed if it ends with 0."""
        self.narrator.show(f"$ biotheca {' '.join(words)}")
        env = os.environ | {"XDG_CONFIG_HOME": str(self.home), "BIOTHECA_SERVER": self.server}
        program = Path(sys.executable).parent / "biotheca"
        done = subprocess.run([str(program), *words], env=env, capture_output=True, text=True, timeout=120)
        if not done.returncode:
            raise DemoFailed(f"`biotheca {' '.join(words)}` should have been refused, and was not")
        self.narrator.show(f"{done.stderr.strip()}\n(exit code {done.returncode})")

    def signs_in(self) -> None:
        words = ("login", "--email", self.person.email, "--password-stdin")
        self.types(*words, given=self.person.password + "\n")

    def follows(self, submission: str, *states: str) -> dict[str, Any]:
        """Show each new line of the submission's history until it is in one of the states."""
        until = time.monotonic() + STEP_S
        while time.monotonic() < until:
            told = json.loads(self.types("status", submission, "--json", quiet=True))
            for line in told["history"][self.seen :]:
                self.narrator.show(f"{line['at'][11:19]}  {line['words']}")
            self.seen = len(told["history"])
            if told["submission"]["state"] in states:
                return told["submission"]
            time.sleep(LOOK_AGAIN_S)
        raise DemoFailed(f"the submission is {told['submission']['state']} after {STEP_S:.0f} s, expected {states}")


def play(stack: Stack, workplace: Path) -> None:
    """The whole journey; DemoFailed names the step that did not work."""
    narrator = Narrator(time.monotonic())
    shutil.rmtree(workplace, ignore_errors=True)
    ana, chen = (Someone(_example(name), stack.front_url, workplace / name, narrator) for name in ("ana", "chen"))
    stranger = Someone(_example("li"), stack.front_url, workplace / "stranger", narrator)
    ana.signs_in()
    chen.signs_in()
    folder = workplace / "five-cultures"
    submission = _submits_with_an_error(ana, folder)
    _is_returned(chen, submission)
    _revises(ana, folder, submission)
    dataset = _is_released(ana, chen, submission)
    _is_found(stack, stranger, dataset)

    narrator.say("The stranger downloads, and the bytes are those that Ana sent")
    stranger.types("download", dataset, "--to", str(workplace / "downloaded"))
    _compare(folder, workplace / "downloaded", narrator)
    seconds = time.monotonic() - narrator.started
    narrator.say(f"Done: from sign-in to equal digests in {seconds:.1f} s")
    li = Someone(_example("li"), stack.front_url, workplace / "li", narrator)
    li.signs_in()
    demo_people.play(stack, ana, chen, li, workplace)
    narrator.say(f"Done: data of people took {time.monotonic() - narrator.started - seconds:.1f} s")
    seconds = time.monotonic() - narrator.started
    demo_images.play(stack, ana, chen, stranger, workplace)
    narrator.say(f"Done: images of people took {time.monotonic() - narrator.started - seconds:.1f} s")
    seconds = time.monotonic() - narrator.started
    ada = Someone(_example("ada"), stack.front_url, workplace / "ada", narrator)
    demo_mirror.play(stack, ada, stranger, query)
    narrator.say(f"Done: the mirror's two days took {time.monotonic() - narrator.started - seconds:.1f} s")


def _example(name: str) -> Example:
    return next(person for person in PEOPLE if person.email.startswith(f"{name}@"))


def _submits_with_an_error(ana: Someone, folder: Path) -> str:
    """Five cultures by workbook. A date was dragged down; each cell alone is right, so only a warning says so."""
    narrator = ana.narrator
    narrator.say("Ana fills in the archive's workbook for five cultures; one column was dragged down by mistake")
    demo_study.make(folder)
    narrator.show("\n".join(f"{path.name}  {path.stat().st_size:,} bytes" for path in sorted(folder.iterdir())))
    ana.types("check", str(folder))
    narrator.say("She overlooks the warning and submits: real E. coli reads, through presigned part links")
    ana.types("submit", str(folder))
    memory = json.loads((folder / ".biotheca-submission.json").read_text())
    submission = str(memory["servers"][ana.server]["submission"])
    ana.follows(submission, "metadata_review")
    return submission


def _is_returned(chen: Someone, submission: str) -> None:
    """The curator sees what is open and returns the submission with a coded reason."""
    chen.narrator.say("A clean submission would pass by itself; this one waits for Chen, a curator, who returns it")
    chen.types("queue", "--view", "metadata")
    reason = "sample.dates:The collection dates count up by one day; please give the true ones."
    chen.types("decide", submission, "return", "--reason", reason)


def _revises(ana: Someone, folder: Path, submission: str) -> None:
    """The submitter reads the notice, mends the column, sees what that changes, and hands in again."""
    ana.follows(submission, "revision_requested")
    ana.narrator.say("Ana is told, in the archive and by mail; she mends the workbook and looks at the difference")
    _until(lambda: "sample.dates" in ana.types("notices", "--unread", quiet=True), "Ana's mailbox")
    ana.types("notices", "--unread", "--read")
    demo_study.write_workbook(folder, demo_study.TRUE)
    ana.types("check", str(folder), "--against", submission)
    ana.narrator.say("She hands it in again; no file is sent twice, and nobody has to look at the metadata now")
    ana.types("submit", str(folder))


def _is_released(ana: Someone, chen: Someone, submission: str) -> str:
    """Files are checked, the curator accepts, numbers are issued, the dataset is public."""
    narrator = ana.narrator
    ana.follows(submission, "data_review")
    narrator.say("Every file is sound: Chen accepts")
    chen.types("queue")
    chen.types("decide", submission, "accept")
    narrator.say("Numbers are issued, archive copies are proved, the dataset is released")
    done = ana.follows(submission, "released", "held")
    if done["state"] != "released":
        raise DemoFailed("the submission is held; `python -m local logs Hold` says why")
    return str(done["dataset"])


def _is_found(stack: Stack, stranger: Someone, dataset: str) -> None:
    """By words, by number, by SQL, and how to cite it."""
    narrator = stranger.narrator
    narrator.say("A stranger without an account finds it by its words and reads its record")
    words = ("search", "Escherichia", "kilobase")
    _until(lambda: dataset in stranger.types(*words, quiet=True), "the search index")
    stranger.types(*words)
    stranger.types("show", dataset)
    stranger.types("cite", dataset)
    narrator.say("An analyst asks the lake in Athena SQL")
    sql = SQL.format(table=runs_table(stack))
    narrator.show(sql.replace("?", f"'{dataset}'"))
    _until(lambda: len(query(stack, sql, dataset)) > demo_study.CULTURES, "the lake")
    for row in query(stack, sql, dataset):
        narrator.show(" | ".join(row))


def _until(true: Any, what: str) -> None:
    until = time.monotonic() + STEP_S
    while not true():
        if time.monotonic() > until:
            raise DemoFailed(f"{what} did not learn of the release within {STEP_S:.0f} s")
        time.sleep(0.3)


def _compare(sent: Path, got: Path, narrator: Narrator) -> None:
    def digests(folder: Path) -> dict[str, str]:
        return {hashlib.sha256(p.read_bytes()).hexdigest(): p.name for p in sorted(folder.glob("*.fq.gz"))}

    before, after = digests(sent), digests(got)
    for digest, name in before.items():
        if digest not in after:
            raise DemoFailed(f"no downloaded file has the SHA-256 of {name}")
        narrator.show(f"{name} = {after[digest]}  SHA-256 {digest[:16]}...")


def runs_table(stack: Stack) -> str:
    """database.table of the runs, as deployed."""
    glue: Any = boto3.client("glue", **stack.client_options())
    for database in glue.get_databases()["DatabaseList"]:
        for table in glue.get_tables(DatabaseName=database["Name"])["TableList"]:
            if table["Name"] == "run":
                return f"{database['Name']}.{table['Name']}"
    raise DemoFailed("no database of the lake has a table of runs")


def query(stack: Stack, sql: str, *parameters: str) -> list[list[str]]:
    """Run SQL through Athena's own API; rows with the header first. DemoFailed with Athena's reason."""
    athena: Any = boto3.client("athena", **stack.client_options())
    groups = [g["Name"] for g in athena.list_work_groups()["WorkGroups"] if g["Name"].endswith("-analysts")]
    quoted = {"ExecutionParameters": [f"'{p}'" for p in parameters]} if parameters else {}
    started = athena.start_query_execution(QueryString=sql, WorkGroup=groups[0], **quoted)["QueryExecutionId"]
    while True:
        told = athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]["Status"]
        if told["State"] in ("SUCCEEDED", "FAILED", "CANCELLED"):
            break
        time.sleep(0.05)
    if told["State"] != "SUCCEEDED":
        raise DemoFailed(f"Athena: {told.get('StateChangeReason', told['State'])}")
    rows = athena.get_query_results(QueryExecutionId=started)["ResultSet"]["Rows"]
    return [[cell.get("VarCharValue", "") for cell in row["Data"]] for row in rows]
