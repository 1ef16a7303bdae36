"""Where committees, requests, grants and the log of links are kept, and the ways to change them.

Access table: DAC#<number> / DAC (in force), VER#<n>, HIST#<time>#<id>, OPEN (how many requests are undecided);
REQ#<id> / REQ, HIST#<time>#<id>; NUMBER#<number> / REQ leads to the request of a number;
PERSON#<subject> / DAC#<number>, GRANT#<dataset>#<request>, LOG#<time>#<id>; LOG#<dataset> / <time>#<id>;
CLICK#<digest> / CLICK. A grant lies under its person and dataset, so that one consistent read says what they may.
Every change is one transaction with a line of history and a line of the outbox.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from biotheca import clock, events, ids
from biotheca.access.model import (
    TRANSITIONS,
    UNDECIDED,
    WORDS,
    Committee,
    CommitteeBusy,
    Grant,
    Member,
    Request,
    Rule,
    StaleAccess,
    State,
    Vote,
    WrongRequestState,
)
from biotheca.aws import outbox as outgoing
from biotheca.aws.tables import ConditionFailed, Table, transact
from biotheca.settings import Settings

Line = dict[str, Any]


class AccessStore:
    """Committees, requests, grants and the log, in the access table."""

    def __init__(self, table: Table | None = None, outbox: Table | None = None) -> None:
        self.table = table or Table(Settings().access_table)
        self._outbox = outbox

    def told(self, kind: str, about: str, **body: Any) -> Line:
        """The transaction line of an event."""
        self._outbox = self._outbox or Table(Settings().outbox_table)
        return outgoing.line(self._outbox, kind, about, **body)

    def write(self, lines: list[Line], what: str) -> None:
        """Write lines, all or none; StaleAccess if a condition does not hold."""
        try:
            transact(lines)
        except ConditionFailed as error:
            raise StaleAccess(f"{what} was changed at the same moment. Look at it and try again.") from error

    def history_line(self, pk: str, event: str, words: str, actor: str) -> Line:
        """The transaction line of a line of history."""
        at = clock.stamp()
        item = {"pk": pk, "sk": f"HIST#{at}#{ids.new('his')}", "at": at, "event": event, "words": words}
        return self.table.put_line(item | {"actor": actor})

    def history(self, pk: str, limit: int, cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
        """A page of the history of DAC#<number> or REQ#<id>, oldest first: at, event, words, actor."""
        return self._page(pk, "HIST#", limit, cursor)

    def _page(
        self, pk: str, prefix: str, limit: int, cursor: str | None, newest_first: bool = False
    ) -> tuple[list[dict[str, Any]], str | None]:
        values = {"p": pk, "s": prefix}
        items, following = self.table.query(
            "pk = :p AND begins_with(sk, :s)", values, limit=limit, cursor=cursor, newest_first=newest_first
        )
        return [{k: v for k, v in item.items() if k not in ("pk", "sk")} for item in items], following

    # --- committees ---

    def committee(self, number: str, version: int | None = None) -> Committee | None:
        """A committee as it is, or as a version of it was; None if there is none such."""
        sk = "DAC" if version is None else f"VER#{version:06d}"
        item = self.table.get({"pk": f"DAC#{number}", "sk": sk})
        return _committee(item) if item else None

    def committees_of(self, subject: str) -> list[str]:
        """Numbers of the committees that a person is in or invited to."""
        found = self.table.every("pk = :p AND begins_with(sk, :s)", {"p": f"PERSON#{subject}", "s": "DAC#"})
        return [item["committee"] for item in found]

    def versions(self, number: str, limit: int, cursor: str | None) -> tuple[list[Committee], str | None]:
        """A page of the versions of a committee, first to last."""
        rows, following = self._page(f"DAC#{number}", "VER#", limit, cursor)
        return [_committee(row) for row in rows], following

    def add_committee(self, committee: Committee, actor: str) -> None:
        """A new committee; written again under the same number it changes nothing."""
        lines = self._committee_lines(None, committee, "formed", "The committee was formed.", actor, actor)
        lines.append(self.table.put_line({"pk": f"DAC#{committee.number}", "sk": "OPEN", "count": 0}))
        try:
            transact(lines)
        except ConditionFailed:
            return

    def save_committee(
        self, old: Committee, new: Committee, *, change: str, words: str, actor: str, person: str = "", idle: bool
    ) -> Committee:
        """The next version. `idle`: CommitteeBusy if a request is undecided. StaleAccess if somebody was faster."""
        new = replace(new, version=old.version + 1, changed_at=clock.stamp())
        lines = self._committee_lines(old, new, change, words, actor, person)
        if idle:
            key = {"pk": f"DAC#{old.number}", "sk": "OPEN"}
            lines.append(self.table.update_line(key, "SET #c = #c", "#c = :none", n_c="count", none=0))
        try:
            transact(lines)
        except ConditionFailed as error:
            if idle and self.undecided(old.number):
                raise CommitteeBusy(
                    f"{old.number} has requests to decide on; its rule and roles stand till then."
                ) from error
            raise StaleAccess(f"{old.number} was changed at the same moment. Look at it and try again.") from error
        return new

    def undecided(self, number: str) -> int:
        """How many requests to a committee are undecided."""
        item = self.table.get({"pk": f"DAC#{number}", "sk": "OPEN"})
        return item["count"] if item else 0

    def _committee_lines(
        self, old: Committee | None, new: Committee, change: str, words: str, actor: str, person: str
    ) -> list[Line]:
        pk, table = f"DAC#{new.number}", self.table
        condition = "attribute_not_exists(pk)" if old is None else "#version = :old"
        names = {} if old is None else {"n_version": "version", "old": old.version}
        lines = [
            table.put_line({"pk": pk, "sk": "DAC", **new.as_dict()}, condition, **names),
            table.put_line({"pk": pk, "sk": f"VER#{new.version:06d}", **new.as_dict()}),
            self.history_line(pk, change, words, actor),
            self.told(
                events.COMMITTEE_CHANGED, new.number, committee=new.number, change=change, actor=actor, person=person,
                version=new.version,
            ),
        ]  # fmt: skip
        before, after = ({m.subject for m in c.members} if c else set() for c in (old, new))
        keys = {s: {"pk": f"PERSON#{s}", "sk": f"DAC#{new.number}"} for s in before ^ after}
        lines += [table.put_line(keys[s] | {"committee": new.number}) for s in sorted(after - before)]
        return lines + [table.delete_line(keys[s]) for s in sorted(before - after)]

    def same_committee_line(self, committee: Committee) -> Line:
        """The line that holds only while the committee is as it was read: no voice of one taken out counts."""
        key = {"pk": f"DAC#{committee.number}", "sk": "DAC"}
        return self.table.update_line(
            key, "SET #version = #version", "#version = :seen", n_version="version", seen=committee.version
        )

    # --- requests ---

    def request(self, name: str) -> Request | None:
        """A request by its id or its number, or None."""
        if not name.startswith("req_"):
            lead = self.table.get({"pk": f"NUMBER#{name.upper()}", "sk": "REQ"})
            name = lead["id"] if lead else ""
        item = self.table.get({"pk": f"REQ#{name}", "sk": "REQ"}) if name else None
        return _request(item) if item else None

    def add_request(self, request: Request) -> Request:
        """A new draft; if its id exists already (a replayed call), what is stored."""
        line = self.table.put_line(_item(request), "attribute_not_exists(pk)")
        history = self.history_line(f"REQ#{request.id}", "drafted", "The request was begun.", request.requester)
        try:
            transact([line, history, self._changed(request, "drafted", request.requester)])
        except ConditionFailed:
            return self.request(request.id) or request
        return request

    def _changed(self, request: Request, change: str, actor: str) -> Line:
        about = request.number or request.id
        return self.told(
            events.ACCESS_CHANGED, about, request=about, dataset=request.dataset, change=change, actor=actor
        )

    def save_request(
        self, old: Request, new: Request, *, event: str, words: str, actor: str, lines: list[Line] | None = None
    ) -> Request:
        """Change a request: its item, a line of history, an event unless `lines` bring one, the committee's count.

        WrongRequestState if the table of transitions forbids it, StaleAccess if somebody was faster.
        """
        if new.state != old.state and new.state not in TRANSITIONS[old.state]:
            name = old.number or old.id
            raise WrongRequestState(f"Request {name} is {WORDS[old.state]}; it cannot become {new.state}.")
        new = replace(new, version=old.version + 1, updated_at=clock.stamp())
        written = [
            self.table.put_line(_item(new), "#version = :old", n_version="version", old=old.version),
            self.history_line(f"REQ#{new.id}", event, words, actor),
            *(lines or [self._changed(new, event, actor)]),
        ]
        if new.number and not old.number:
            lead = {"pk": f"NUMBER#{new.number}", "sk": "REQ", "id": new.id}
            written.append(self.table.put_line(lead, "attribute_not_exists(pk)"))
        if step := (new.state in UNDECIDED) - (old.state in UNDECIDED):
            key = {"pk": f"DAC#{new.committee}", "sk": "OPEN"}
            written.append(self.table.update_line(key, "ADD #c :step", "attribute_exists(pk)", n_c="count", step=step))
        self.write(written, f"Request {new.number or new.id}")
        return new

    def requests_of(self, subject: str, limit: int, cursor: str | None) -> tuple[list[Request], str | None]:
        """A page of a person's requests, newest first."""
        return self._requests("requester_key", f"REQUESTER#{subject}", "by_requester", limit, cursor, True)

    def requests_to(self, committee: str, limit: int, cursor: str | None) -> tuple[list[Request], str | None]:
        """A page of the requests that a committee got, newest first."""
        return self._requests("committee_key", f"DAC#{committee}", "by_committee", limit, cursor, True)

    def requests_about(self, dataset: str) -> Iterator[Request]:
        """All requests about a dataset that were handed in, first to last."""
        found = self.table.every("dataset_key = :k", {"k": f"DATASET#{dataset}"}, index="by_dataset")
        return (_request(item) for item in found)

    def all_requests(self) -> Iterator[Request]:
        """All requests that were ever handed in, first to last."""
        return (_request(item) for item in self.table.every("all_key = :k", {"k": "REQUESTS"}, index="by_submitted"))

    def waiting(self) -> Iterator[Request]:
        """All requests that wait for their committees, longest waiting first."""
        return (_request(item) for item in self._queued("WAITING", "~"))

    def returned_until(self, moment: str) -> Iterator[Request]:
        """Requests that were returned up to a moment and are not answered."""
        return (_request(item) for item in self._queued("RETURNED", moment))

    def grants_until(self, moment: str) -> Iterator[Grant]:
        """Grants that end by a moment and whose end was not noted, the next to end first."""
        return (_grant(item) for item in self._queued("LIVE", moment))

    def _queued(self, queue: str, until: str) -> list[dict[str, Any]]:
        wanted = {"q": queue, "u": until}
        return list(self.table.every("queue_key = :q AND queue_position <= :u", wanted, index="by_queue"))

    def places(self, committee: str) -> dict[str, int]:
        """The place of each request that waits for a committee, by id: 1 has waited longest."""
        waiting = (r.id for r in self.waiting() if r.committee == committee)
        return {identifier: place for place, identifier in enumerate(waiting, 1)}

    def _requests(
        self, key: str, value: str, index: str, limit: int, cursor: str | None, newest_first: bool
    ) -> tuple[list[Request], str | None]:
        items, following = self.table.query(
            f"{key} = :k", {"k": value}, index=index, limit=limit, cursor=cursor, newest_first=newest_first
        )
        return [_request(item) for item in items], following

    # --- grants ---

    def grants(self, subject: str, dataset: str | None = None) -> list[Grant]:
        """A person's grants, of one dataset or all, whatever they are worth now. A consistent read."""
        prefix = f"GRANT#{dataset}#" if dataset else "GRANT#"
        found = self.table.every("pk = :p AND begins_with(sk, :s)", {"p": f"PERSON#{subject}", "s": prefix})
        return [_grant(item) for item in found]

    def grant(self, request: Request) -> Grant | None:
        """The grant that follows a request, or None."""
        item = self.table.get(_grant_key(request.requester, request.dataset, request.number))
        return _grant(item) if item else None

    def new_grant_line(self, grant: Grant) -> Line:
        """The transaction line of a new grant."""
        return self.table.put_line(_grant_item(grant), "attribute_not_exists(pk)")

    def end_grant_line(self, grant: Grant) -> Line:
        """The transaction line that writes a grant which nobody has ended before."""
        item = {k: v for k, v in _grant_item(grant).items() if not k.startswith("queue_")}
        return self.table.put_line(item, "revoked_at = :no AND closed_at = :no", no="")

    def reminded_line(self, grant: Grant, day: int) -> Line:
        """The transaction line that notes a reminder, once, of a grant that nobody has ended."""
        key = _grant_key(grant.person, grant.dataset, grant.request)
        still = "revoked_at = :no AND closed_at = :no AND (attribute_not_exists(reminded) OR reminded = :seen)"
        return self.table.update_line(key, "SET reminded = :day", still, day=day, seen=grant.reminded, no="")

    def leave_queue(self, grant: Grant) -> None:
        """The end of a grant is noted."""
        key = _grant_key(grant.person, grant.dataset, grant.request)
        self.table.update(key, "REMOVE queue_key, queue_position", "attribute_exists(pk)")

    # --- the log of links ---

    def note_link(self, dataset: str, person: str, row: dict[str, Any]) -> None:
        """Write down a link to a controlled file, under its dataset and under its person; told to the audit chain."""
        at, name = clock.stamp(), ids.new("log")
        row = {"at": at, "dataset": dataset, "person": person, **row}
        of_dataset = {"pk": f"LOG#{dataset}", "sk": f"{at}#{name}", **row}
        of_person = {"pk": f"PERSON#{person}", "sk": f"LOG#{at}#{name}", **row}
        lines = [self.table.put_line(of_dataset), self.table.put_line(of_person)]
        body = {k: v for k, v in row.items() if k != "at"}
        self.write([*lines, self.told(events.CONTROLLED_FILE_LINKED, dataset, **body)], f"The log of {dataset}")

    def log_of(self, dataset: str, limit: int, cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
        """A page of the links given to a dataset's files, newest first."""
        return self._page(f"LOG#{dataset}", "2", limit, cursor, newest_first=True)

    def log_by(self, subject: str, limit: int, cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
        """A page of the links given to a person, newest first."""
        return self._page(f"PERSON#{subject}", "LOG#", limit, cursor, newest_first=True)

    # --- links in mails ---

    def add_click(self, digest: str, row: dict[str, Any]) -> None:
        """Keep what a secret stands for, under its digest."""
        self.table.put({"pk": f"CLICK#{digest}", "sk": "CLICK", **row})

    def click(self, digest: str) -> dict[str, Any] | None:
        """What the secret of that digest stands for, or None."""
        return self.table.get({"pk": f"CLICK#{digest}", "sk": "CLICK"})

    def use_click_line(self, digest: str) -> Line:
        """The transaction line that spends a secret, once."""
        key = {"pk": f"CLICK#{digest}", "sk": "CLICK"}
        return self.table.update_line(
            key, "SET used_at = :at", "attribute_exists(pk) AND attribute_not_exists(used_at)", at=clock.stamp()
        )


def _grant_key(person: str, dataset: str, request: str) -> dict[str, str]:
    return {"pk": f"PERSON#{person}", "sk": f"GRANT#{dataset}#{request}"}


def _grant_item(grant: Grant) -> dict[str, Any]:
    queue = {"queue_key": "LIVE", "queue_position": grant.ends_at}
    return _grant_key(grant.person, grant.dataset, grant.request) | grant.as_dict() | queue


def _item(request: Request) -> dict[str, Any]:
    """A request with the keys of the indexes; an index key that has no value is left out."""
    item = {"pk": f"REQ#{request.id}", "sk": "REQ", **request.as_dict()}
    item["requester_key"] = f"REQUESTER#{request.requester}"
    if request.submitted_at:
        item |= {"committee_key": f"DAC#{request.committee}", "dataset_key": f"DATASET#{request.dataset}"}
        item["all_key"] = "REQUESTS"
    if request.state == State.SUBMITTED:
        item |= {"queue_key": "WAITING", "queue_position": request.waiting_since}
    if request.state == State.RETURNED:
        item |= {"queue_key": "RETURNED", "queue_position": request.returned_at}
    return {k: v for k, v in item.items() if v != ""}


def _committee(item: dict[str, Any]) -> Committee:
    given = {k: v for k, v in item.items() if k in Committee.__dataclass_fields__}
    members = tuple(Member(**row) for row in item["members"])
    return Committee(**given | {"members": members, "rule": Rule(item["rule"])})


def _request(item: dict[str, Any]) -> Request:
    given = {k: v for k, v in item.items() if k in Request.__dataclass_fields__}
    tuples = {name: tuple(item.get(name, ())) for name in ("files", "conflicts")}
    votes = tuple(Vote(**row) for row in item.get("votes", ()))
    return Request(**given | tuples | {"votes": votes, "state": State(item["state"])})


def _grant(item: dict[str, Any]) -> Grant:
    given = {k: v for k, v in item.items() if k in Grant.__dataclass_fields__}
    return Grant(**given | {"files": tuple(item.get("files", ()))})
