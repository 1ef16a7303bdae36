"""One writer of a table at a time: a lease in DynamoDB that runs out by itself when its holder dies.

Each lease has a token, higher than that of every lease before it; mirror_store writes it into its commits, so that
a writer whose lease ran out unnoticed cannot commit after its successor.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from biotheca import clock
from biotheca.aws.tables import ConditionFailed, Table
from biotheca.errors import SystemFault
from biotheca.settings import Settings

log = logging.getLogger(__name__)
LASTS = timedelta(minutes=5)


class TableIsLeased(SystemFault):
    """Somebody else writes this table now."""

    def __init__(self, table: str, owner: str, until: str) -> None:
        super().__init__(
            f"{table} is being written by {owner!r}, whose lease lasts until {until} and may be renewed. "
            "Expected no other writer. Wait and try again; if that writer has died, its lease ends by itself "
            "at that time."
        )
        self.table, self.owner, self.until = table, owner, until


class LeaseLost(SystemFault):
    """The lease ran out, and another writer may have taken it."""

    def __init__(self, table: str, owner: str) -> None:
        super().__init__(
            f"{owner!r} has lost its lease on {table}: it was not renewed in time and another writer took it. "
            "Stop writing; what was committed stays, the rest is to be repeated under a new lease."
        )


@dataclass(frozen=True)
class Lease:
    """A held lease. `token` is the fence of its writer's commits; `still_held` raises LeaseLost if it is gone."""

    table: str
    owner: str
    token: int
    still_held: Callable[[], None]


class Leases:
    """The leases in the table of the mirror's states."""

    def __init__(self, table: Table | None = None, now: Callable[[], datetime] = clock.now) -> None:
        self._table = table or Table(Settings().mirror_table)
        self._now = now

    def take(self, table: str, owner: str, lasts: timedelta = LASTS) -> int:
        """The token of a new lease. TableIsLeased if another holds one that has not run out."""
        now = self._now()
        try:
            item = self._table.update(
                _key(table),
                "SET #owner = :owner, #until = :until, #fence = if_not_exists(#fence, :zero) + :one",
                "attribute_not_exists(#until) OR #until <= :now",
                n_owner="owner",
                n_until="until",
                n_fence="fence",
                owner=owner,
                until=clock.stamp(now + lasts),
                now=clock.stamp(now),
                zero=0,
                one=1,
            )
        except ConditionFailed as error:
            held: dict[str, Any] = self._table.get(_key(table)) or {}
            raise TableIsLeased(table, held.get("owner", "another"), held.get("until", "a moment ago")) from error
        return int(item["fence"])

    def renew(self, table: str, owner: str, token: int, lasts: timedelta = LASTS) -> None:
        """Make a lease last from now on. LeaseLost if another has been given since."""
        self._until(table, owner, token, self._now() + lasts)

    def give_back(self, table: str, owner: str, token: int) -> None:
        """End a lease; one that is lost already stays lost. The token stays, as the next must be higher."""
        try:
            self._until(table, owner, token, self._now())
        except LeaseLost:
            log.warning("lease was lost before it was given back", extra={"table": table, "owner": owner})

    def _until(self, table: str, owner: str, token: int, until: datetime) -> None:
        try:
            self._table.update(
                _key(table),
                "SET #until = :until",
                "#fence = :fence",
                n_until="until",
                n_fence="fence",
                until=clock.stamp(until),
                fence=token,
            )
        except ConditionFailed as error:
            raise LeaseLost(table, owner) from error

    @contextmanager
    def held(self, table: str, owner: str, lasts: timedelta = LASTS) -> Iterator[Lease]:
        """Hold a table's lease, renewed in the background three times within its time.

        Usual use: `with Leases().held("run", owner) as lease: MirrorTable("run", fence=lease.token).compact(batch)`.
        """
        token = self.take(table, owner, lasts)
        ended, lost = threading.Event(), threading.Event()

        def keep() -> None:
            while not ended.wait(lasts.total_seconds() / 3):
                try:
                    self.renew(table, owner, token, lasts)
                except LeaseLost:
                    lost.set()
                    return
                except Exception:  # the network: the next turn comes before the lease ends
                    log.exception("lease not renewed", extra={"table": table, "owner": owner})

        def still_held() -> None:
            if lost.is_set():
                raise LeaseLost(table, owner)
            self.renew(table, owner, token, lasts)

        keeper = threading.Thread(target=keep, name=f"lease-{table}", daemon=True)
        keeper.start()
        try:
            yield Lease(table, owner, token, still_held)
        finally:
            ended.set()
            keeper.join()
            self.give_back(table, owner, token)


def _key(table: str) -> dict[str, str]:
    return {"pk": f"LEASE#{table}", "sk": "LEASE"}
