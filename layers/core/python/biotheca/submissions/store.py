"""Where submissions are kept, and the one way to change them.

Records table: pk SUB#<id>; sk SUB (the submission), OBJ#<generation>#<type>#<position>, FIND#<generation>#<n>
(findings of the document), NAME#<generation>#<file name> (the file so declared, and its object), FILE#<id>,
AWAIT#<file id> (that file has not come), HIST#<time>#<id>.
FILE#<id> / POINTER leads from a file to its submission;
ACC#<accession> / BY#submission#<id> from a record to a submission whose document names it. A new metadata document
is written beside the old one under the next generation; the submission's own item then switches to it in one write.
Every change of state is one transaction of the submission, a history line and an outbox line, so that no
state can change without its event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

from biotheca import catalog, clock, events, ids
from biotheca.aws import outbox as outgoing
from biotheca.aws.tables import ConditionFailed, Table, transact
from biotheca.errors import Conflict, Finding, NotFound, SystemFault
from biotheca.settings import Settings
from biotheca.submissions.model import (
    AWAITED,
    REVIEWS,
    TRANSITIONS,
    WORDS,
    ArchiveObject,
    DataFile,
    FileState,
    State,
    Submission,
    WrongState,
)

OPEN_UPLOAD = "UPLOAD#open"  # where the index by state lists files with an open upload
MOST_FINDINGS = 2000  # stored with a submission; a document with more has one cause many times


class StaleWrite(Conflict):
    """Somebody else changed the record in between; read again and decide again."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} was changed by somebody else at the same moment. Look at it and try again.")


class SubmissionStore:
    """Submissions, their objects, files and history in the records table."""

    def __init__(self, records: Table | None = None, outbox: Table | None = None) -> None:
        self.records = records or Table(Settings().records_table)
        self.outbox = outbox or Table(Settings().outbox_table)

    # --- read ---

    def get(self, submission_id: str) -> Submission:
        """The submission; NotFound if there is none."""
        item = self.records.get({"pk": f"SUB#{submission_id}", "sk": "SUB"})
        if item is None:
            raise NotFound(f"There is no submission {submission_id!r}, or you may not see it.")
        return _submission(item)

    def owned_by(self, subject: str, limit: int, cursor: str | None) -> tuple[list[Submission], str | None]:
        """A page of a person's submissions, newest first."""
        items, following = self.records.query(
            "owner_key = :o", {"o": f"OWNER#{subject}"}, index="by_owner", limit=limit, cursor=cursor, newest_first=True
        )
        return [_submission(item) for item in items], following

    def of_group(self, group: str, limit: int, cursor: str | None) -> tuple[list[Submission], str | None]:
        """A page of the submissions that a group shares, last changed first."""
        items, following = self.records.query(
            "group_key = :g", {"g": f"GROUP#{group}"}, index="by_group", limit=limit, cursor=cursor, newest_first=True
        )
        return [_submission(item) for item in items], following

    def in_state(self, state: State, limit: int, cursor: str | None) -> tuple[list[Submission], str | None]:
        """A page of the submissions in a state, longest waiting first."""
        items, following = self.records.query(
            "state_key = :s", {"s": f"STATE#{state}"}, index="by_state", limit=limit, cursor=cursor
        )
        return [_submission(item) for item in items], following

    def queued(self, stage: str, limit: int, cursor: str | None) -> tuple[list[Submission], str | None]:
        """A page of the submissions that wait for a curator in a stage: priority first, then longest waiting."""
        items, following = self.records.query(
            "queue_key = :q", {"q": f"QUEUE#{stage}"}, index="by_queue", limit=limit, cursor=cursor
        )
        return [_submission(item) for item in items], following

    def assigned_to(self, subject: str, limit: int, cursor: str | None) -> tuple[list[Submission], str | None]:
        """A page of the submissions that a curator took up."""
        items, following = self.records.query(
            "assignee_key = :a", {"a": f"ASSIGNEE#{subject}"}, index="by_assignee", limit=limit, cursor=cursor
        )
        return [_submission(item) for item in items], following

    def batch(self, submission_id: str, number: int) -> list[str] | None:
        """The runs of an acceptance that took only a part; None if it took all."""
        item = self.records.get({"pk": f"SUB#{submission_id}", "sk": f"BATCH#{number:06d}"})
        return item["runs"] if item else None

    def place(self, submission: Submission, most: int = 1000) -> tuple[int, int]:
        """(place, length) of a waiting submission in its queue, both counted up to `most`."""
        wanted = {"q": f"QUEUE#{REVIEWS[submission.state]}"}
        items, _ = self.records.query("queue_key = :q", wanted, index="by_queue", limit=most)
        ahead = [
            i for i in items if i["id"] != submission.id and i["queue_position"] < _item(submission)["queue_position"]
        ]
        return len(ahead) + 1, max(len(items), len(ahead) + 1)

    def objects(self, submission: Submission) -> list[ArchiveObject]:
        """All metadata objects of the current generation, grouped by type, in the order of the document."""
        prefix = _generation(submission.generation)
        found = self.records.every("pk = :p AND begins_with(sk, :s)", {"p": f"SUB#{submission.id}", "s": prefix})
        return [_object(item) for item in found]

    def objects_of(self, submission: Submission, kind: str) -> Iterator[ArchiveObject]:
        """The metadata objects of one type, in the order of the document, read as far as they are asked for."""
        prefix = f"{_generation(submission.generation)}{kind}#"
        found = self.records.every("pk = :p AND begins_with(sk, :s)", {"p": f"SUB#{submission.id}", "s": prefix})
        return (_object(item) for item in found)

    def files(self, submission: Submission) -> list[DataFile]:
        """All files of the current generation, in the order of the document."""
        found = self.records.every("pk = :p AND begins_with(sk, :s)", {"p": f"SUB#{submission.id}", "s": "FILE#"})
        by_id = {item["id"]: _file(item) for item in found}
        listed = [
            (identifier, obj.alias, position)
            for obj in self.objects(submission)
            for position, identifier in enumerate(obj.file_ids)
        ]
        return [replace(by_id[i], owner_alias=alias, position=position) for i, alias, position in listed if i in by_id]

    def objects_page(
        self, submission: Submission, kind: str | None, limit: int, cursor: str | None
    ) -> tuple[list[ArchiveObject], str | None]:
        """A page of the metadata objects, of one type or of all."""
        if not submission.generation:
            return [], None
        values = {"p": f"SUB#{submission.id}", "s": _generation(submission.generation) + (f"{kind}#" if kind else "")}
        items, following = self.records.query("pk = :p AND begins_with(sk, :s)", values, limit=limit, cursor=cursor)
        return [_object(item) for item in items], following

    def files_page(self, submission: Submission, limit: int, cursor: str | None) -> tuple[list[DataFile], str | None]:
        """The files of a page of the objects that have files."""
        kinds = [kind.type for kind in catalog.members()[submission.member].objects if kind.files]
        if not kinds:
            return [], None
        objects, following = self.objects_page(submission, kinds[0], limit, cursor)
        pk = f"SUB#{submission.id}"
        keys = [{"pk": pk, "sk": f"FILE#{identifier}"} for obj in objects for identifier in obj.file_ids]
        by_id = {item["id"]: _file(item) for item in self.records.get_many(keys)}
        listed = [(i, obj.alias, place) for obj in objects for place, i in enumerate(obj.file_ids) if i in by_id]
        return [replace(by_id[i], owner_alias=alias, position=place) for i, alias, place in listed], following

    def findings(self, submission: Submission) -> list[dict[str, Any]]:
        """Warnings and hints of the metadata document in force, warnings first."""
        values = {"p": f"SUB#{submission.id}", "s": f"FIND#{submission.generation}#"}
        found = self.records.every("pk = :p AND begins_with(sk, :s)", values) if submission.generation else ()
        return [finding for item in found for finding in item["findings"]]

    def file(self, file_id: str) -> tuple[str, DataFile]:
        """(submission id, file); NotFound if there is none."""
        pointer = self.records.get({"pk": f"FILE#{file_id}", "sk": "POINTER"})
        item = self.records.get({"pk": pointer["submission"], "sk": f"FILE#{file_id}"}) if pointer else None
        if pointer is None or item is None:
            raise NotFound(f"There is no file {file_id!r}, or you may not see it.")
        return pointer["submission"].removeprefix("SUB#"), _file(item)

    def file_named(self, submission_id: str, name: str) -> str | None:
        """Id of the file that the document in force declares under a name; two reads, however many files there are."""
        item = self.records.get({"pk": f"SUB#{submission_id}", "sk": "SUB"})
        if item is None:
            return None
        found = self.records.get({"pk": f"SUB#{submission_id}", "sk": f"NAME#{item['generation']}#{name}"})
        return found["file"] if found else None

    def placed(self, submission: Submission, file: DataFile) -> tuple[ArchiveObject, DataFile]:
        """A file's object and the file as the document in force places it; two reads, however many files there are.

        NotFound if the document does not name the file.
        """
        pk, generation = f"SUB#{submission.id}", submission.generation
        named = self.records.get({"pk": pk, "sk": f"NAME#{generation}#{file.name}"})
        if named is None or named["file"] != file.id:
            raise NotFound(f"The document of {submission.id} names no file {file.id}.")
        item = self.records.get({"pk": pk, "sk": f"{_generation(generation)}{named['object']}"})
        assert item is not None
        obj = _object(item)
        return obj, replace(file, owner_alias=obj.alias, position=obj.file_ids.index(file.id))

    def awaits_files(self, submission: Submission) -> bool:
        """Whether a file of the document in force has not come. One or two reads, however many files there are.

        Marks of a document that was never put in force (its writer died) are cleared away on the way.
        """
        values = {"p": f"SUB#{submission.id}", "s": "AWAIT#"}
        limit = 1
        while True:
            marks, following = self.records.query("pk = :p AND begins_with(sk, :s)", values, limit=limit)
            for mark in marks:
                named = self.records.get({"pk": mark["pk"], "sk": f"NAME#{submission.generation}#{mark['name']}"})
                if named and named["file"] == mark["sk"].removeprefix("AWAIT#"):
                    return True
            if not marks:
                return False
            self._clear_marks(submission, marks)
            limit = 50
            if following is None:
                return False

    def _clear_marks(self, submission: Submission, marks: list[dict[str, Any]]) -> None:
        """StaleWrite if the submission has changed since: then a document on its way could name these files."""
        key = {"pk": f"SUB#{submission.id}", "sk": "SUB"}
        same = self.records.update_line(key, "SET #v = #v", "#v = :v", n_v="version", v=submission.version)
        try:
            transact([same, *(self.records.delete_line({"pk": m["pk"], "sk": m["sk"]}) for m in marks)])
        except ConditionFailed as error:
            raise StaleWrite(submission.id) from error

    def files_of_ids(self, submission_id: str, file_ids: Sequence[str]) -> dict[str, DataFile]:
        """Those of the ids that are files of the submission."""
        keys = [{"pk": f"SUB#{submission_id}", "sk": f"FILE#{identifier}"} for identifier in file_ids]
        return {item["id"]: _file(item) for item in self.records.get_many(keys)}

    def uploads_idle_since(self, moment: str) -> list[tuple[str, str]]:
        """(submission id, file id) of open uploads to which nothing was sent after a moment, longest idle first."""
        found = self.records.every("state_key = :k AND updated_at < :m", {"k": OPEN_UPLOAD, "m": moment}, "by_state")
        return [(item["pk"].removeprefix("SUB#"), item["id"]) for item in found]

    def history(
        self, submission_id: str, limit: int, cursor: str | None, newest_first: bool = False
    ) -> tuple[list[dict[str, Any]], str | None]:
        """A page of history lines, oldest first unless asked."""
        values = {"p": f"SUB#{submission_id}", "s": "HIST#"}
        items, following = self.records.query(
            "pk = :p AND begins_with(sk, :s)", values, limit=limit, cursor=cursor, newest_first=newest_first
        )
        return [{k: v for k, v in i.items() if k not in ("pk", "sk")} for i in items], following

    # --- write ---

    def create(self, submission: Submission, actor: str) -> Submission:
        """Write a new submission; if its id exists already, what is stored (a replayed request)."""
        lines = [
            self.records.put_line(_item(submission), "attribute_not_exists(pk)"),
            self.records.put_line(self._history(submission, "created", "The submission was opened.", actor)),
        ]
        try:
            transact(lines)
        except ConditionFailed:
            return self.get(submission.id)
        return submission

    def save(
        self,
        old: Submission,
        new: Submission,
        *,
        event: str,
        words: str,
        actor: str,
        body: dict[str, Any] | None = None,
        extra: list[dict[str, Any]] | None = None,
        announce: str | None = None,
    ) -> Submission:
        """Change a submission: its item, a history line, an outbox line and `extra` lines, all or none.

        WrongState if the transition table forbids it, StaleWrite if somebody was faster.
        """
        if new.state != old.state and new.state not in TRANSITIONS[old.state]:
            raise WrongState(f"Submission {old.id} is {WORDS[old.state]}; it cannot become {new.state}.")
        at = clock.stamp()
        new = replace(new, version=old.version + 1, updated_at=at)
        lines = list(extra or [])
        if new.state != old.state:
            lines.append(self._step(old, new, at, actor))
            new = replace(new, since=at)
        if new.state not in REVIEWS:  # whoever took a review up has done it
            new = replace(new, assignee=None, assigned_at=None)
        lines += [
            self.records.put_line(_item(new), "#version = :old", n_version="version", old=old.version),
            self.records.put_line(self._history(new, event, words, actor)),
        ]
        # What a person did is told in any case: the audit chain hears of every act, listeners only of what they know.
        if kind := announce or (events.SUBMISSION_CHANGED if actor != "archive" else None):
            told = {"submission": new.id, "round": new.round, "actor": actor, "event": event, **(body or {})}
            lines.append(self._outbox(kind, new.id, told))
        try:
            transact(lines)
        except ConditionFailed as error:
            raise StaleWrite(old.id) from error
        return new

    def describe(
        self,
        old: Submission,
        objects: list[ArchiveObject],
        files: list[DataFile],
        words: str,
        actor: str,
        *,
        findings: Sequence[Finding] = (),
        refers_to: Sequence[str] = (),
        becomes: Submission | None = None,
        event: str = "described",
        announce: str | None = None,
        body: dict[str, Any] | None = None,
    ) -> Submission:
        """Put a metadata document in force with its findings, all of it or nothing, and clear the old one away.

        `refers_to`: accessions of records that the document names; each gets a pointer to this submission.
        `becomes`: what else changes of the submission in the same write, told as `event` and `announce` with `body`.
        """
        # A name of its own for each attempt: two documents sent at once must never mix.
        pk, generation = f"SUB#{old.id}", ids.new("gen")
        before = {identifier for obj in self.objects(old) for identifier in obj.file_ids} if old.generation else set()
        fresh = [file for file in files if file.id not in before]  # the others keep their state
        self.records.put_many([{"pk": pk, "sk": _object_key(generation, obj), **asdict(obj)} for obj in objects])
        self.records.put_many([{"pk": pk, "sk": f"FILE#{file.id}", **file.as_dict()} for file in fresh])
        pointers = [{"pk": f"FILE#{file.id}", "sk": "POINTER", "submission": pk} for file in fresh]
        pointers += [{"pk": pk, "sk": f"AWAIT#{file.id}", "name": file.name} for file in fresh]
        objects_by_file = {identifier: _place(obj) for obj in objects for identifier in obj.file_ids}
        pointers += [
            {"pk": pk, "sk": f"NAME#{generation}#{file.name}", "file": file.id, "object": objects_by_file[file.id]}
            for file in files
        ]
        pointers += [{"pk": f"ACC#{number}", "sk": f"BY#submission#{old.id}", "by": old.id} for number in refers_to]
        self.records.put_many(pointers + _finding_items(pk, generation, findings))
        new = replace(becomes or old, generation=generation)
        new = self.save(old, new, event=event, words=words, actor=actor, announce=announce, body=body)
        self._clear(old, before - {file.id for file in files})
        return new

    def put_made(
        self, submission: Submission, types: set[str], objects: list[ArchiveObject], files: list[DataFile]
    ) -> None:
        """Put objects and files that were made of a submission's own into the document in force, in place of those
        of the same types that were made before. Again changes nothing; what is read of them comes last."""
        pk, generation = f"SUB#{submission.id}", submission.generation
        wanted = {_object_key(generation, obj) for obj in objects}
        former = [obj for obj in self.objects(submission) if obj.type in types]
        kept = {file.id for file in files}
        self.records.put_many([{"pk": pk, "sk": f"FILE#{file.id}", **file.as_dict()} for file in files])
        self.records.put_many([{"pk": f"FILE#{file.id}", "sk": "POINTER", "submission": pk} for file in files])
        places = {identifier: _place(obj) for obj in objects for identifier in obj.file_ids}
        self.records.put_many(
            [
                {"pk": pk, "sk": f"NAME#{generation}#{file.name}", "file": file.id, "object": places[file.id]}
                for file in files
            ]
        )
        self.records.put_many([{"pk": pk, "sk": _object_key(generation, obj), **asdict(obj)} for obj in objects])
        for obj in former:
            if _object_key(generation, obj) not in wanted:
                self.records.delete({"pk": pk, "sk": _object_key(generation, obj)})
            for identifier in set(obj.file_ids) - kept:
                self.records.delete({"pk": pk, "sk": f"FILE#{identifier}"})
                self.records.delete({"pk": f"FILE#{identifier}", "sk": "POINTER"})

    def _clear(self, old: Submission, files: set[str]) -> None:
        """Remove the generation that was replaced and its files, nothing else: another document may be on its way.

        A crash here leaves only items that nothing names any more.
        """
        if not old.generation:
            return
        pk = f"SUB#{old.id}"
        keys = []
        for prefix in (_generation(old.generation), f"FIND#{old.generation}#", f"NAME#{old.generation}#"):
            found = self.records.every("pk = :p AND begins_with(sk, :s)", {"p": pk, "s": prefix})
            keys += [{"pk": pk, "sk": item["sk"]} for item in found]
        keys += [{"pk": pk, "sk": f"FILE#{identifier}"} for identifier in files]
        keys += [{"pk": pk, "sk": f"AWAIT#{identifier}"} for identifier in files]
        keys += [{"pk": f"FILE#{identifier}", "sk": "POINTER"} for identifier in files]
        for key in keys:
            self.records.delete(key)

    def keep_document(self, submission: Submission, name: str) -> None:
        """Keep the document in force under a name (`KEPT#<name>#...`), object by object."""
        pk = f"SUB#{submission.id}"
        rows = [
            {"pk": pk, "sk": f"KEPT#{name}#{_place(obj)}", "member": submission.member, **asdict(obj)}
            for obj in self.objects(submission)
        ]
        self.records.put_many(rows)

    def kept_document(self, submission_id: str, name: str) -> list[ArchiveObject]:
        """The objects of a document that was kept under a name."""
        values = {"p": f"SUB#{submission_id}", "s": f"KEPT#{name}#"}
        return [_object(item) for item in self.records.every("pk = :p AND begins_with(sk, :s)", values)]

    def set_accession(self, submission: Submission, obj: ArchiveObject, accession: str) -> None:
        """Note an object's public number and the batch that gave it; the same number again changes nothing."""
        self.records.update(
            {"pk": f"SUB#{submission.id}", "sk": _object_key(submission.generation, obj)},
            "SET accession = :a, #batch = :b",
            "attribute_not_exists(accession) OR accession = :a",
            n_batch="batch",  # a word that DynamoDB keeps for itself
            a=accession,
            b=submission.batch,
        )

    def forget_object(self, submission_id: str, kind: str, alias: str) -> None:
        """Take the content of a metadata object away; findings go whole, for they quote values."""

        def emptied(item: dict[str, Any]) -> dict[str, Any]:
            return {} if (item["type"], item["alias"]) == (kind, alias) else item["attributes"]

        self._change_objects(submission_id, emptied)
        found = self.records.every("pk = :p AND begins_with(sk, :s)", {"p": f"SUB#{submission_id}", "s": "FIND#"})
        for item in found:
            self.records.delete({"pk": item["pk"], "sk": item["sk"]})

    def change_objects(self, submission_id: str, change: Callable[[str, dict[str, Any]], dict[str, Any]]) -> None:
        """Attributes of every metadata object become what `change` makes of (type, attributes)."""
        self._change_objects(submission_id, lambda item: change(item["type"], item["attributes"]))

    def _change_objects(self, submission_id: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """In every document of the submission that still lies here, not only in the one in force."""
        for prefix in ("OBJ#", "KEPT#"):
            items = self.records.every("pk = :p AND begins_with(sk, :s)", {"p": f"SUB#{submission_id}", "s": prefix})
            for item in items:
                if (changed := change(item)) != item["attributes"]:
                    self.records.put({**item, "attributes": changed})

    def save_file(
        self,
        submission_id: str,
        file: DataFile,
        *,
        only_from: set[FileState] | None = None,
        words: str | None = None,
        announce: str | None = None,
        body: dict[str, Any] | None = None,
    ) -> DataFile:
        """Write a file if its stored state is one of `only_from`; with history and outbox lines if asked.

        StaleWrite if the stored state is another.
        """
        key_values = {"pk": f"SUB#{submission_id}", "sk": f"FILE#{file.id}", **file.as_dict()}
        if file.upload and "touched_at" in file.upload:
            key_values |= {"state_key": OPEN_UPLOAD, "updated_at": file.upload["touched_at"]}
        condition, names = "attribute_exists(pk)", {}
        if only_from:
            listed = sorted(only_from)
            condition += " AND #state IN (" + ", ".join(f":s{n}" for n in range(len(listed))) + ")"
            names = {"n_state": "state"} | {f"s{n}": str(s) for n, s in enumerate(listed)}
        lines = [self.records.put_line(key_values, condition, **names), self._mark(submission_id, file)]
        if words:
            lines.append(self.records.put_line(self._line(submission_id, f"file {file.state}", words, "archive")))
        if announce:
            lines.append(
                self._outbox(announce, submission_id, {"submission": submission_id, "file": file.id, **(body or {})})
            )
        try:
            transact(lines)
        except ConditionFailed as error:
            raise StaleWrite(file.id) from error
        return file

    def _mark(self, submission_id: str, file: DataFile) -> dict[str, Any]:
        """The line that keeps the marks of awaited files exact: it is written with the file's own state."""
        key = {"pk": f"SUB#{submission_id}", "sk": f"AWAIT#{file.id}"}
        if file.state in AWAITED:
            return self.records.put_line(key | {"name": file.name})
        return self.records.delete_line(key)

    def note_surplus(self, submission_id: str, name: str, words: str) -> bool:
        """Note that something arrived which the submission does not name; False if it was noted before."""
        item = {"pk": f"SUB#{submission_id}", "sk": f"SURPLUS#{name}", "name": name, "at": clock.stamp()}
        try:
            transact(
                [
                    self.records.put_line(item, "attribute_not_exists(pk)"),
                    self.records.put_line(self._line(submission_id, "surplus file", words, "archive")),
                ]
            )
        except ConditionFailed:
            return False
        return True

    def surplus(self, submission_id: str) -> list[dict[str, Any]]:
        """What arrived and is not named: name, at. At most 100."""
        values = {"p": f"SUB#{submission_id}", "s": "SURPLUS#"}
        items, _ = self.records.query("pk = :p AND begins_with(sk, :s)", values, limit=100)
        return [{"name": item["name"], "at": item["at"]} for item in items]

    def note(self, submission_id: str, event: str, words: str, actor: str) -> None:
        """A history line on its own."""
        self.records.put(self._line(submission_id, event, words, actor))

    def _step(self, old: Submission, new: Submission, at: str, actor: str) -> dict[str, Any]:
        """The line that tells how long a state lasted and who ended it: what the figures and expected dates rest on."""
        since = clock.parse(old.since or old.updated_at)
        line = {
            "pk": f"STEP#{old.state}",
            "sk": f"{at}#{ids.new('stp')}",
            "to": str(new.state),
            "seconds": round((clock.parse(at) - since).total_seconds(), 3),
            "automatic": actor == "archive",
            "member": old.member,
        }
        return self.records.put_line(line)

    def steps(self, state: State, limit: int) -> list[dict[str, Any]]:
        """The latest times that submissions left a state, newest first: to, seconds, automatic."""
        values = {"p": f"STEP#{state}"}
        return self.records.query("pk = :p", values, limit=limit, newest_first=True)[0]

    def _history(self, submission: Submission, event: str, words: str, actor: str) -> dict[str, Any]:
        return self._line(submission.id, event, words, actor) | {"state": str(submission.state)}

    def _line(self, submission_id: str, event: str, words: str, actor: str) -> dict[str, Any]:
        at = clock.stamp()
        key = {"pk": f"SUB#{submission_id}", "sk": f"HIST#{at}#{ids.new('his')}"}
        return key | {"at": at, "event": event, "words": words, "actor": actor}

    def _outbox(self, kind: str, correlation_id: str, body: dict[str, Any]) -> dict[str, Any]:
        return outgoing.line(self.outbox, kind, correlation_id, **body)


def saved(store: SubmissionStore, submission_id: str, change: Any, tries: int = 5) -> Submission:
    """Read, `change(submission)` (which saves and returns it), and again if somebody was faster."""
    for _ in range(tries):
        try:
            return change(store.get(submission_id))
        except StaleWrite:
            continue
    raise SystemFault(f"submission {submission_id} kept changing under {tries} tries")


def _finding_items(pk: str, generation: str, findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Findings a hundred to an item, so that no item outgrows what the table takes."""
    rows = [finding.as_dict() for finding in findings[:MOST_FINDINGS]]
    starts = range(0, len(rows), 100)
    return [{"pk": pk, "sk": f"FIND#{generation}#{n:06d}", "findings": rows[n : n + 100]} for n in starts]


def _generation(name: str) -> str:
    return f"OBJ#{name}#"


def _object_key(generation: str, obj: ArchiveObject) -> str:
    return _generation(generation) + _place(obj)


def _place(obj: ArchiveObject) -> str:
    return f"{obj.type}#{obj.position:06d}"


def _object(item: dict[str, Any]) -> ArchiveObject:
    return ArchiveObject(**{k: item[k] for k in ArchiveObject.__dataclass_fields__ if k in item})


def _item(submission: Submission) -> dict[str, Any]:
    fields = asdict(submission)
    keys = {
        "pk": f"SUB#{submission.id}",
        "sk": "SUB",
        "owner_key": f"OWNER#{submission.owner}",
        "state_key": f"STATE#{submission.state}",
    }
    if stage := REVIEWS.get(submission.state):
        urgency = 0 if submission.priority == "priority" else 1
        keys |= {"queue_key": f"QUEUE#{stage}", "queue_position": f"{urgency}#{submission.since}#{submission.id}"}
        if submission.assignee:
            keys["assignee_key"] = f"ASSIGNEE#{submission.assignee}"
    elif submission.waits_for:
        keys |= {"queue_key": "QUEUE#release", "queue_position": f"1#{submission.since}#{submission.id}"}
    if submission.group:
        keys["group_key"] = f"GROUP#{submission.group}"
    return keys | fields


def _submission(item: dict[str, Any]) -> Submission:
    names = Submission.__dataclass_fields__
    given = {k: v for k, v in item.items() if k in names}
    return Submission(**given | {"state": State(item["state"]), "release_on": item.get("release_on")})


def _file(item: dict[str, Any]) -> DataFile:
    names = DataFile.__dataclass_fields__
    return DataFile(**{k: v for k, v in item.items() if k in names} | {"state": FileState(item["state"])})
