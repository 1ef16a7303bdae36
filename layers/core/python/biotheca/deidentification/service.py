"""De-identification in the workflow of a submission: what a job is to do, and what it made as objects and files.

The files that were sent stay in the inbox and are archived nowhere; what a job made of them takes their place.
"""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import replace
from typing import Any

from biotheca import catalog
from biotheca.accounts.model import Person
from biotheca.catalog import Member
from biotheca.deidentification.packing import BARE
from biotheca.deidentification.store import Orders, Reports
from biotheca.errors import Finding, NotFound, SystemFault
from biotheca.submissions.model import ArchiveObject, DataFile, FileState, State, Submission
from biotheca.submissions.rules import finding
from biotheca.submissions.service import visible
from biotheca.submissions.store import SubmissionStore, saved
from biotheca.uploads.store import Inbox

_FORMATS = {"zip": "zip", "tsv": "tsv"}  # of what a job made, by its ending
# What one job does at a stretch: four archives as `biotheca submit --pack` makes them. A clinical table needs all
# images at once: then one job does what its scratch holds.
ARCHIVES_OF_ONE, BYTES_OF_ONE, MOST_BYTES_OF_ONE = 4, 16 * 1024**3, 120 * 1024**3
MOST_TEXTS = 2_000  # shown of a round
_LEVELS = (
    "individuals",
    "studies",
    "series",
    "images",
    "tables",
)  # of levels.Levels, in the order of the member's made types


class NoOutcome(SystemFault):
    """The job ended without an outcome: a fault of ours, not of the files."""


def plan(
    store: SubmissionStore, inbox: Inbox, reports: Reports, submission_id: str, round_number: int
) -> dict[str, str]:
    """Write what the job of a round is to do; its place, whether `one` job does it or `many`, and where the list of
    parts will be. All files are taken, so that none is released half."""
    submission = store.get(submission_id)
    member = catalog.members()[submission.member]
    kinds = {kind.type: kind.files or {} for kind in member.objects if kind.made_anew}
    described = [obj for obj in store.objects(submission) if obj.type in kinds]
    wanted = {i for obj in described for i in obj.file_ids}
    columns = (obj.attributes.get(kinds[obj.type].get("individual_field", "")) for obj in described)
    column = next(filter(None, columns), "")
    sent = [file for file in store.files(submission) if file.id in wanted]
    files = [
        {
            "file_id": file.id,
            "key": file.key or inbox.key(submission_id, file.id),
            "version_id": file.version_id or "",
            "format": file.format,
        }
        for file in sent
    ]
    task = {
        "submission_id": submission_id,
        # What is added to a collection later fits to it: it has the secret of the first submission.
        "collection": _collection(store, submission),
        "bucket": inbox.bucket,
        "files": files,
        "made": inbox.prefix_made(submission_id),
        "report_bucket": reports.bucket,
        "report": reports.prefix(submission_id, round_number),
        "individual_column": column,
        "blank": Orders(store.records).of(submission_id, round_number),
        "parts": reports.parts_key(submission_id, round_number),
    }
    archives, size = sum(file.format != BARE for file in sent), sum(file.size_bytes or 0 for file in sent)
    many = size > MOST_BYTES_OF_ONE if column else archives > ARCHIVES_OF_ONE or size > BYTES_OF_ONE
    return {
        "task": reports.put_task(submission_id, round_number, task),
        "jobs": "many" if many else "one",
        "parts_bucket": reports.bucket,
        "parts_key": reports.parts_key(submission_id, round_number),
    }


def _collection(store: SubmissionStore, submission: Submission) -> str:
    if not submission.extends:
        return submission.id
    item = store.records.get({"pk": f"ACC#{submission.extends}", "sk": "REC"})
    return str(item["submission"]) if item else submission.id


def note(store: SubmissionStore, reports: Reports, submission_id: str, round_number: int) -> dict[str, int]:
    """Make what the job made objects and files of the submission; counts. A replay leaves the same.

    NoOutcome if the job did not come to its end.
    """
    outcome = reports.outcome(submission_id, round_number)
    if outcome is None:
        raise NoOutcome(f"round {round_number} of {submission_id} has no outcome of its de-identification")
    submission = store.get(submission_id)
    counts = {"released": outcome["released"], "set_aside": sum(outcome["quarantined"].values())}
    if submission.state != State.FILES_CHECKING:
        return counts
    member = catalog.members()[submission.member]
    above = next(iter(store.objects_of(submission, member.dataset)), None)
    objects, files = made_of(member, submission, above.alias if above else submission.extends or "", outcome)
    store.put_made(submission, {kind.type for kind in member.made}, objects, files)
    counted = {kind.type: sum(obj.type == kind.type for obj in objects) for kind in member.made}

    def change(current: Submission) -> Submission:
        new = replace(current, counts=current.counts | counted)
        return store.save(current, new, event="de-identified", words=_words(outcome), actor="archive")

    saved(store, submission_id, change)
    return counts


def made_of(
    member: Member, submission: Submission, dataset: str, outcome: dict[str, Any]
) -> tuple[list[ArchiveObject], list[DataFile]]:
    """The objects and files of an outcome; ids of files are made of the submission's and their names. Pure.

    `dataset`: alias or accession of what the uppermost level refers to.
    """
    objects: list[ArchiveObject] = []
    files: list[DataFile] = []
    faces = outcome.get("faces", [])
    for kind, level in zip(member.made, _LEVELS, strict=True):
        up = next((spec.name for spec in kind.fields.values() if spec.to == member.dataset), None)
        for position, (alias, said) in enumerate(outcome["levels"].get(level, {}).items()):
            attributes = {"title": _title(kind, said, alias)} | said | ({up: dataset} if up else {})
            packed = outcome["packed"][alias] if kind.files else []
            own = [_file(submission, alias, place, row) for place, row in enumerate(packed)]
            if alias in faces[:1]:
                own[0] = replace(own[0], findings=[_face(faces).as_dict()])
            objects.append(ArchiveObject(kind.type, alias, attributes, position, None, [file.id for file in own]))
            files += own
    return objects, files


def _face(series: list[str]) -> Finding:
    """One finding of all series of heads, on the first; other heads in a later round are another finding."""
    digest = hashlib.sha256("".join(series).encode()).hexdigest()[:12]
    words = f"{len(series):,} series show a head, out of which a face can be made."
    return finding("privacy.face", "/series", words, f"heads {digest}", "controlled access, or no face in them")


def _title(kind: catalog.ObjectType, said: dict[str, Any], alias: str) -> str:
    """What an object is called: its description if it has one, else the first of its words."""
    words = [str(said[name]) for name in kind.fields if name.endswith("_description") and said.get(name)]
    return (words or [str(said.get("modality") or kind.title["en"])])[0]


def _file(submission: Submission, owner: str, place: int, row: dict[str, Any]) -> DataFile:
    digest = hashlib.sha256(f"{submission.id}/{row['name']}".encode()).hexdigest()
    return DataFile(
        id=f"made_{digest[:26]}",
        name=row["name"],
        owner_alias=owner,
        position=place,
        md5=row["md5"],
        format=_FORMATS.get(row["name"].rpartition(".")[2], "other"),
        size_bytes=row["size_bytes"],
        state=FileState.QC_PASSED,
        sha256=row["sha256"],
        key=row["key"],
    )


def _words(outcome: dict[str, Any]) -> str:
    aside = ", ".join(f"{count} {reason}" for reason, count in outcome["quarantined"].items())
    archives = f"; {len(outcome['refused'])} archive(s) could not be unpacked" if outcome["refused"] else ""
    told = f"{outcome['released']:,} of {outcome['inputs']:,} files were de-identified"
    return told + (f"; set aside: {aside}" if aside else "") + archives + _words_of_table(outcome.get("clinical")) + "."


def _words_of_table(told: dict[str, Any] | None) -> str:
    """Of a clinical table: its counts, or the columns and rules for which it was refused."""
    if not told:
        return ""
    if told["refusals"]:
        why = ", ".join(f"{r['rule']} (column {r['column']})" for r in told["refusals"])
        return f"; the clinical table is refused: {why}"
    counts = f"{told['matched']} of {told['rows']} rows are of individuals of the images"
    return f"; clinical table: {counts}, {told['missing']} individual(s) have no row"


def report_of(store: SubmissionStore, reports: Reports, person: Person, submission_id: str) -> dict[str, Any]:
    """What became of the files of the latest round: counts, reasons, and the distinct descriptions as they are now.

    For the submission's people and the archive's staff; NotFound for everybody else, and where there is none.
    """
    submission = visible(store, person, submission_id)
    outcome = reports.outcome(submission_id, submission.round)
    if outcome is None:
        raise NotFound(f"Submission {submission_id} has no report of a de-identification.")
    texts = _texts(reports, submission)
    counts = {name: outcome[name] for name in ("inputs", "released", "copies", "quarantined")}
    made = {level: len(outcome["levels"].get(level, {})) for level in _LEVELS}
    return {
        **counts,
        "refused": outcome["refused"],
        "faces": len(outcome.get("faces", [])),
        "made": made,
        "clinical": _shown_of_table(outcome.get("clinical")),
        "texts": texts[:MOST_TEXTS],
        "texts_total": len(texts),
        "engine": outcome["engine"],
    }


def _shown_of_table(told: dict[str, Any] | None) -> dict[str, Any] | None:
    """What became of a clinical table, with the words of each rule that it breaks."""
    if not told:
        return None
    rules = catalog.rules()
    refusals = [
        r | {"message": rules[r["rule"]]["message"]["en"], "mend": catalog.mend(r["rule"])} for r in told["refusals"]
    ]
    return told | {"refusals": refusals}


def texts_of(
    store: SubmissionStore,
    reports: Reports,
    person: Person,
    submission_id: str,
    sought: str,
    tag: str,
    limit: int,
    cursor: str | None,
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of the distinct descriptions as they are now: with `sought` in them (case does not count), of `tag`.

    For whom the report is for; NotFound for everybody else, and where there is none.
    """
    submission = visible(store, person, submission_id)
    if reports.outcome(submission_id, submission.round) is None:
        raise NotFound(f"Submission {submission_id} has no report of a de-identification.")
    wanted, place = sought.casefold(), tag.upper()
    found = [
        row
        for row in _texts(reports, submission)
        if wanted in row["text"].casefold() and (not place or row["tag"] == place)
    ]
    begin = int(cursor) if cursor and cursor.isascii() and cursor.isdigit() else 0
    following = begin + limit
    return found[begin:following], str(following) if following < len(found) else None


def _texts(reports: Reports, submission: Submission) -> list[dict[str, Any]]:
    rows = list(csv.reader(io.StringIO(reports.texts(submission.id, submission.round)), delimiter="\t", quoting=3))[1:]
    return [{"tag": tag, "files": int(count), "text": text} for tag, count, text in rows]
