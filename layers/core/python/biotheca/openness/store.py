"""Where scores are kept: the openness table.

SET#<accession> / SCORE the dataset's row, / WAIT#<request> and DONE#<request> what was counted of each request,
/ DAY#<day> the score since that day; ARCHIVE / RATES the archive's rates, / SHARING the table of sharing. The index
`by_score` holds what is listed.
A score can be computed again from what is counted, so a change of it is no event: nobody need hear of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from biotheca import clock
from biotheca.aws.tables import ConditionFailed, Table, transact
from biotheca.errors import SystemFault
from biotheca.openness.model import Outcome, Rates, Request, Standing
from biotheca.settings import Settings

OPEN, RATED, UNRATED = "open", "controlled", "unrated"
LISTS = (RATED, OPEN, UNRATED)
_RATES = {"pk": "ARCHIVE", "sk": "RATES"}
_SHARING = {"pk": "ARCHIVE", "sk": "SHARING"}
_NAMES = frozenset(f.name for f in fields(Standing))


class StandingMoved(SystemFault):
    """Somebody else wrote the row since it was read; read it again."""


class OpennessStore:
    """Rows of datasets. Each write is bound to the row that was read."""

    def __init__(self, table: Table | None = None) -> None:
        self.table = table or Table(Settings().openness_table)

    def standing(self, accession: str) -> Standing | None:
        """The row of a dataset, or None."""
        item = self.table.get({"pk": f"SET#{accession}", "sk": "SCORE"})
        return _standing(item) if item else None

    def waiting(self, accession: str) -> dict[str, datetime]:
        """Requests that wait for an answer -> since when."""
        items = self.table.every("pk = :p AND begins_with(sk, :s)", {"p": f"SET#{accession}", "s": "WAIT#"})
        return {item["request"]: clock.parse(item["submitted_at"]) for item in items}

    def counted(self, request: Request) -> Request | None:
        """The request as it was counted last, or None."""
        found = self.table.get_many([_key(request, place) for place in ("WAIT", "DONE")])
        return _request(found[0]) if found else None

    def save(
        self, before: Standing | None, after: Standing, request: tuple[Request | None, Request] | None = None
    ) -> None:
        """Write a row over the one that was read; with it a request as (counted, now). StandingMoved if too late.

        A score that is another than before also becomes that day's line of history.
        """
        written = asdict(after) | {"writes": (before.writes if before else 0) + 1}
        item = {"pk": f"SET#{after.accession}", "sk": "SCORE", **written, **_list_of(after)}
        if before is None:
            lines = [self.table.put_line(item, "attribute_not_exists(pk)")]
        else:
            lines = [self.table.put_line(item, "#writes = :writes", n_writes="writes", writes=before.writes)]
        if request:
            lines += self._moved(*request)
        if after.since and (before is None or (before.since, before.score) != (after.since, after.score)):
            day = {"day": after.since, "score": after.score, "stars": after.stars}
            lines.append(self.table.put_line({"pk": item["pk"], "sk": f"DAY#{after.since}", **day}))
        try:
            transact(lines)
        except ConditionFailed as error:
            raise StandingMoved(f"the row of {after.accession} was written by somebody else") from error

    def _moved(self, counted: Request | None, now: Request) -> Iterator[dict[str, Any]]:
        if counted and _place(counted) != _place(now):
            yield self.table.delete_line(_key(counted, _place(counted)))
        row = {"request": now.id, "dataset": now.dataset, "submitted_at": now.submitted_at.isoformat()}
        if now.decided_at:
            row["decided_at"] = now.decided_at.isoformat()
        if now.outcome:
            row["outcome"] = now.outcome.value
        yield self.table.put_line(_key(now, _place(now)) | row)

    def history(self, accession: str, limit: int = 50) -> list[dict[str, Any]]:
        """The last scores, newest first: day, score (None: not rated), stars."""
        values = {"p": f"SET#{accession}", "s": "DAY#"}
        items, _ = self.table.query("pk = :p AND begins_with(sk, :s)", values, limit=limit, newest_first=True)
        return [{name: item.get(name) for name in ("day", "score", "stars")} for item in items]

    def rates(self) -> Rates | None:
        """The archive's rates of the last recompute."""
        item = self.table.get(_RATES)
        return Rates(item["processed"], item["approved"], item["day"]) if item else None

    def put_rates(self, rates: Rates) -> None:
        """Rates of a day; the same again changes nothing."""
        self.table.put(_RATES | asdict(rates))

    def sharing(self) -> dict[str, Any] | None:
        """The table of sharing of the last recompute (`biotheca.openness.sharing.table`)."""
        item = self.table.get(_SHARING)
        return item["table"] if item else None

    def put_sharing(self, table: dict[str, Any]) -> None:
        """The table of a day; the same again changes nothing."""
        self.table.put(_SHARING | {"table": table})

    def page(self, which: str, highest: bool, limit: int, cursor: str | None) -> tuple[list[Standing], str | None]:
        """Some rows of a list by score, and the cursor of the next."""
        items, following = self.table.query(
            "list_key = :l", {"l": which}, index="by_score", limit=limit, cursor=cursor, newest_first=highest
        )
        return [_standing(item) for item in items], following

    def controlled(self) -> Iterator[Standing]:
        """Every listed dataset that is not open."""
        return self._listed(RATED, UNRATED)

    def listed(self) -> Iterator[Standing]:
        """Every listed dataset."""
        return self._listed(*LISTS)

    def _listed(self, *lists: str) -> Iterator[Standing]:
        for which in lists:
            for item in self.table.every("list_key = :l", {"l": which}, index="by_score"):
                yield _standing(item)


def _list_of(row: Standing) -> dict[str, str]:
    if not row.listed:
        return {}
    which = OPEN if row.access == OPEN else RATED if row.score is not None else UNRATED
    return {"list_key": which, "list_position": f"{row.score or 0:03d}#{row.accession}"}


def _standing(item: dict[str, Any]) -> Standing:
    return Standing(**{name: value for name, value in item.items() if name in _NAMES})


def _place(request: Request) -> str:
    return "WAIT" if request.waits else "DONE"


def _key(request: Request, place: str) -> dict[str, str]:
    return {"pk": f"SET#{request.dataset}", "sk": f"{place}#{request.id}"}


def _request(item: dict[str, Any]) -> Request:
    decided = item.get("decided_at")
    return Request(
        item["request"],
        item["dataset"],
        datetime.fromisoformat(item["submitted_at"]),
        datetime.fromisoformat(decided) if decided else None,
        Outcome(item["outcome"]) if item.get("outcome") else None,
    )
