"""Where visas that were taken are kept, and the keys that sign ours.

Access table: PERSON#<subject> / VISA#<dataset>#<digest>, read as a grant is; JTI#<digest> / JTI, which holds whose and
what the visa of that name was. No token is kept. The private keys lie in a secret of Secrets Manager.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from biotheca import clock, events
from biotheca.access.model import Grant
from biotheca.access.proofs.model import SigningKey, Taken
from biotheca.aws import outbox as outgoing
from biotheca.aws import secrets
from biotheca.aws.tables import ConditionFailed, Table, transact
from biotheca.settings import Settings

KEPT_S = 300  # for which a process keeps the keys: the key set is read by everybody


class VisaRing:
    """The private keys of visas in Secrets Manager, youngest first. One a process."""

    def __init__(self, name: str | None = None) -> None:
        self.name = name or Settings().visa_keys
        self._kept: tuple[datetime, tuple[SigningKey, ...]] | None = None

    def read(self, *, fresh: bool = False) -> tuple[SigningKey, ...]:
        """All keys; none before the first was made."""
        now = clock.now()
        if not fresh and self._kept and abs((now - self._kept[0]).total_seconds()) < KEPT_S and self._kept[1]:
            return self._kept[1]
        text = secrets.read(self.name)
        rows = json.loads(text)["keys"] if text else []
        keys = tuple(SigningKey(row["pem"].encode(), row["made_at"]) for row in rows)
        self._kept = (now, keys)
        return keys

    def write(self, keys: tuple[SigningKey, ...]) -> None:
        """Keep these keys and no others."""
        rows = [{"pem": key.private_pem.decode(), "made_at": key.made_at} for key in keys]
        secrets.write(self.name, json.dumps({"keys": rows}))
        self._kept = None


class VisaStore:
    """Visas that were taken, in the access table; and the lines of the outbox that tell of visas."""

    def __init__(self, table: Table | None = None, outbox: Table | None = None) -> None:
        self.table = table or Table(Settings().access_table)
        self._outbox = outbox

    def told(self, kind: str, about: str, **body: Any) -> dict[str, Any]:
        """The transaction line of an event."""
        self._outbox = self._outbox or Table(Settings().outbox_table)
        return outgoing.line(self._outbox, kind, about, **body)

    def tell_given(self, grant: Grant, key: str) -> None:
        """Announce that a holder took a visa of a grant."""
        body = {"request": grant.request, "dataset": grant.dataset, "person": grant.person, "key": key}
        transact([self.told(events.VISA_GIVEN, grant.request, **body)])

    def tell_turned(self, key: str, count: int) -> None:
        """Announce that visas are signed by another key, or that a former one has gone."""
        transact([self.told(events.KEY_TURNED, key, key=key, keys=count, actor="archive")])

    def grants(self, subject: str, dataset: str) -> list[Grant]:
        """The visas of a person for a dataset, as grants, whatever they are worth now. A consistent read."""
        wanted = {"p": f"PERSON#{subject}", "s": f"VISA#{dataset}#"}
        found = self.table.every("pk = :p AND begins_with(sk, :s)", wanted)
        return [
            Grant(f"visa {item['digest']}", subject, dataset, "", item["starts_at"], item["ends_at"]) for item in found
        ]

    def take(self, taken: Taken) -> bool:
        """Keep a visa that was found right, with its event; again is the same row with a later end.

        False if its name (`jti`) was another visa's or another person's before.
        """
        at = clock.stamp()
        row = {"dataset": taken.dataset, "digest": taken.digest, "issuer": taken.issuer, "source": taken.source}
        row |= {"starts_at": at, "ends_at": taken.ends_at}
        name = {"pk": f"JTI#{taken.name}", "sk": "JTI", "digest": taken.digest, "person": taken.person}
        told = self.told(
            events.VISA_TAKEN, taken.dataset, dataset=taken.dataset, person=taken.person, issuer=taken.issuer,
            visa=taken.digest,
        )  # fmt: skip
        lines = [
            self.table.put_line(
                name,
                "attribute_not_exists(pk) OR (digest = :digest AND person = :person)",
                digest=taken.digest,
                person=taken.person,
            ),
            self.table.put_line({"pk": f"PERSON#{taken.person}", "sk": f"VISA#{taken.dataset}#{taken.digest}", **row}),
            told,
        ]
        try:
            transact(lines)
        except ConditionFailed:
            return False
        return True
