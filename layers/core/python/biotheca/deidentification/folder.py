"""A folder of files de-identified into another, on this machine: each is released or in quarantine, with a report.

The same engine and verifier as in the archive; no cloud. A file is written under another name and renamed when it has
passed every check, so that what lies in the output folder may go out, also after a kill.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path

from biotheca.deidentification import rules
from biotheca.deidentification.blanking import Blanking
from biotheca.deidentification.engine import VERSION, Engine
from biotheca.deidentification.keys import CollectionKey
from biotheca.deidentification.model import Entry, Options, Reason, SetAside, Tier, Verdict
from biotheca.deidentification.report import Totals, totals_of, written
from biotheca.deidentification.risk import face_risk, opened, reader_installed, unlooked
from biotheca.deidentification.survey import survey
from biotheca.deidentification.verify import CHECKS, verified

MOST_BYTES = 4 * 1024**3
_BATCH = 64
_WORDS = {
    Reason.LINK: "A link is not followed: copy the file itself here.",
    Reason.MIXED_PATIENTS: "Its series has objects of more than one patient: part them, or correct the record number.",
    Reason.DUPLICATE_UID: "Another file bears the same SOP Instance UID and differs: keep the right one.",
    Reason.UNREADABLE: "The file could not be read from the disk.",
}
Tell = Callable[[Entry], None]


def de_identify(
    source: Path,
    target: Path,
    report: Path,
    key: CollectionKey,
    secret: bytes,
    options: Options | None = None,
    workers: int = 1,
    tell: Tell = lambda entry: None,
    pixels: str = "check",
    blanking: Blanking | None = None,
    consume: bool = False,
) -> Totals:
    """De-identify every file below `source` into `target`; the report's files are written to `report`.

    `secret` is the key's, for the workers. `pixels`: `check` looks for text in them, and where no reader is installed
    sets aside what is at risk; `none` leaves them unlooked at, and nothing is claimed of them. `blanking`:
    what a curator asked for. `consume`: each input is deleted when it has been worked on, so that both folders together
    take the room of one. Raises OSError where a folder cannot be written.
    """
    paths = sorted(path for path in source.rglob("*") if path.is_symlink() or path.is_file())
    target.mkdir(parents=True, exist_ok=True)
    report.mkdir(parents=True, exist_ok=True)
    texts: Counter[tuple[int, str]] = Counter()
    found = survey(paths, digest_of)
    entries: dict[Path, Entry] = {}
    for path, reason in found.refused.items():
        entries[path] = refused(path, source, key, reason)
        tell(entries[path])
    job = Job(source, target, secret, options or Options(), pixels, blanking, consume)
    for path, entry, said in worked(job, found.groups(), workers):
        entries[path] = entry
        texts.update(said)
        tell(entry)
    for path, first in found.copies.items():
        entries[path] = as_copy(entries[first], mark(path, source, key))
        tell(entries[path])
    rows = [(path.relative_to(source).as_posix(), entries[path]) for path in paths if path in entries]
    totals = totals_of(len(paths), [entry for _, entry in rows], texts)
    written(report, job.head(key), rows, totals)
    return totals


# --- the work on one group, in a process of its own ---


@dataclass(frozen=True)
class Job:
    """What the work on files has in common; goes to other processes."""

    source: Path
    target: Path
    secret: bytes
    options: Options
    pixels: str = "check"
    blanking: Blanking | None = None
    consume: bool = False

    def head(self, key: CollectionKey) -> dict[str, object]:
        """The first line of the report: by which engine, tables and options."""
        return {
            "engine": VERSION,
            "table_sha256": rules.TABLE_SHA256,
            "content_sha256": rules.CONTENT_SHA256,
            "options": sorted(self.options.columns),
            "private": self.options.private,
            "pixels": self.pixels,
            "key": key.report_mark(b"this key"),
        }


Worked = tuple[Path, Entry, set[tuple[int, str]]]
_engines: dict[tuple[bytes, Options], Engine] = {}


def worked(job: Job, groups: Sequence[list[Path]], workers: int) -> Iterator[Worked]:
    """(path, entry, texts) of each file of the groups, as they are done, by `workers` processes."""
    # Slices of a series stay together: what one teaches the engine, the next need not be asked.
    batches = [group[at : at + _BATCH * 8] for group in groups for at in range(0, len(group), _BATCH * 8)]
    if workers < 2 or len(batches) < 2:
        for batch in batches:
            yield from _work(job, batch)
        return
    with ProcessPoolExecutor(workers) as pool:
        for done in as_completed([pool.submit(_work, job, batch) for batch in batches]):
            yield from done.result()


def _work(job: Job, paths: Sequence[Path]) -> list[Worked]:
    place = (job.secret, job.options)
    if place not in _engines:
        _engines[place] = Engine(CollectionKey(job.secret), job.options)
    chosen = {0, len(paths) // 2, len(paths) - 1}
    if job.pixels != "none" and reader_installed():
        from biotheca.deidentification.projection import suspicious  # the reader is an extra, and heavy

        # Text in the slices laid over one another: then each of them is read.
        chosen = set(range(len(paths))) if suspicious(paths) else chosen
    done = []
    for number, path in enumerate(paths):
        done.append(_one(job, _engines[place], path, number in chosen))
        if job.consume:
            path.unlink()
    return done


def _one(job: Job, engine: Engine, path: Path, sample: bool) -> Worked:
    own = mark(path, job.source, engine.key)
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise SetAside(Reason.DECLARED_SIZE, f"Files of more than {MOST_BYTES} bytes are not taken.")
        data = path.read_bytes()
    except OSError:
        return path, Entry(own, "quarantined", 0, "", Reason.UNREADABLE, _WORDS[Reason.UNREADABLE]), set()
    except SetAside as aside:
        return path, Entry(own, "quarantined", size, "", aside.reason, str(aside)), set()
    base = Entry(own, "quarantined", len(data), hashlib.sha256(data).hexdigest())
    try:
        out = engine.deidentify(data)
        verdict, face = _pixels(job, engine, data, sample)
        base = replace(base, pixels=verdict.line() if verdict.tier is not Tier.NO_PIXELS else {}, face_risk=face)
        if verdict.reason and job.blanking:
            data, verdict, boxes = job.blanking.tried(own, data, verdict, engine.key.report_mark)
            base = replace(base, blanked=boxes)
        if verdict.reason:
            raise SetAside(verdict.reason, verdict.words)
        if verdict.passed or face:
            out = engine.deidentify(data, pixels_cleaned=verdict.passed, face_risk=face)
        if failures := verified(data, out.data):
            raise SetAside(failures[0].reason, failures[0].words)
    except SetAside as aside:
        return path, replace(base, reason=aside.reason, words=str(aside), blanked=0), set()
    except Exception as fault:  # a file that breaks the engine is set aside; its values stay out of the words
        words = f"The engine failed ({type(fault).__name__}); please report it."
        return path, replace(base, reason=Reason.FAULT, words=words, blanked=0), set()
    names = [engine.key.uid(uid) for uid in (out.study, out.series, out.instance)]
    patient = engine.key.pseudonym("patient", out.patient)
    where = Path(patient, names[0], names[1], f"{names[2]}.dcm")
    _put(job.target / where, out.data)
    entry = replace(
        base,
        outcome="released",
        place=where.as_posix(),
        result_sha256=hashlib.sha256(out.data).hexdigest(),
        sop_class=out.sop_class,
        patient=patient,
        actions=out.actions,
        removed=out.removed,
        private={"kept": out.private_kept, "dropped": out.private_dropped},
        checks=CHECKS,
    )
    return path, entry, out.texts


def _pixels(job: Job, engine: Engine, data: bytes, sample: bool) -> tuple[Verdict, bool]:
    """The verdict on a file's pixels, and whether a face might be made out of it."""
    header = opened(data)
    face = header is not None and face_risk(header)
    if job.pixels == "none" or not reader_installed():
        return unlooked(data, look=job.pixels != "none"), face
    from biotheca.deidentification.pixels import looked_at  # the reader is an extra, and heavy

    return looked_at(data, engine.key.report_mark, sample), face


def _put(place: Path, data: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    beside = place.with_name(f".{place.name}.{os.getpid()}")
    beside.write_bytes(data)
    beside.replace(place)


def refused(path: Path, source: Path, key: CollectionKey, reason: Reason) -> Entry:
    """The entry of a file that is set aside unopened."""
    size = 0 if path.is_symlink() else path.stat().st_size
    return set_aside(mark(path, source, key), size, reason)


def set_aside(own: str, size: int, reason: Reason) -> Entry:
    """The entry of a file that a look at all files sets aside."""
    return Entry(own, "quarantined", size, "", reason, _WORDS[reason])


def as_copy(first: Entry, own: str) -> Entry:
    """The entry of a file with the bytes of another."""
    return replace(first, mark=own, outcome="copy" if first.outcome == "released" else first.outcome)


def mark(path: Path, source: Path, key: CollectionKey) -> str:
    return key.report_mark(path.relative_to(source).as_posix().encode())


def digest_of(path: Path, name: str = "sha256") -> str:
    """Hexadecimal digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, name).hexdigest()
