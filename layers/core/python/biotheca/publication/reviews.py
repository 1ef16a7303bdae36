"""Reviewer links: a secret that shows one dataset that is not public to whoever holds it, until it expires.

The secret is 256 random bits, told once and kept only as its SHA-256; it travels in a header, never in an address.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from biotheca import catalog, clock, ids
from biotheca.accounts.model import Person
from biotheca.errors import BiothecaError, Invalid, NotFound
from biotheca.publication.access import class_in, is_open
from biotheca.publication.model import Record, Visibility, WrongVisibility
from biotheca.publication.release import is_dataset
from biotheca.publication.sensitivity import EVERYBODY
from biotheca.publication.service import file_of, link_to, owned
from biotheca.publication.store import Archive, RecordStore
from biotheca.submissions.rules import finding
from biotheca.submissions.store import SubmissionStore

LONGEST_DAYS = 366
LONGEST_TOKEN = 200
MOST_PARENTS = 5000  # that are looked through for one page
GUESSES = 20  # wrong secrets from one address within a window, before it must wait
WINDOW_S = 600


class LinkGone(BiothecaError):
    """The link was revoked or has expired."""

    rule = "publication.link_gone"


class TooManyGuesses(BiothecaError):
    """Too many wrong secrets from one address."""

    rule = "publication.guesses"


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


# --- the owner's side ---


def make(
    store: SubmissionStore, records: RecordStore, person: Person, accession: str, label: str, days: int, data: bool
) -> dict[str, Any]:
    """A new link to one's own dataset; its secret is in this answer and nowhere else."""
    record = owned(store, records, person, accession)
    if not is_dataset(record):
        raise WrongVisibility(f"{record.accession} is a {record.type}; a link shows a dataset with all that is in it.")
    if data and not is_open(records, record):
        raise WrongVisibility(f"Files of {record.accession} are given under a grant only; a link shows its metadata.")
    if not 1 <= days <= LONGEST_DAYS:
        message = f"A link lasts 1 to {LONGEST_DAYS} days, not {days}."
        raise Invalid(message, [finding("metadata.number", "/days", message, days, f"1 to {LONGEST_DAYS}")])
    token, identifier = f"rvw_{secrets.token_urlsafe(32)}", ids.new("lnk")
    row = {
        "label": label,
        "data": data,
        "created_at": clock.stamp(),
        "expires_at": clock.stamp(clock.now() + timedelta(days=days)),
        "uses": 0,
    }
    records.write(
        [
            records.row_line(record.accession, "RL#", identifier, row),
            records.name_line(f"TOKEN#{_digest(token)}", record.accession, {"link": identifier}),
        ]
    )
    return row | {"id": identifier, "token": token}


def listed(
    store: SubmissionStore, records: RecordStore, person: Person, accession: str, limit: int, cursor: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of the links of one's own dataset, with how often and when each was used; never a secret."""
    record = owned(store, records, person, accession)
    return records.rows(record.accession, "RL#", limit, cursor)


def revoke(store: SubmissionStore, records: RecordStore, person: Person, accession: str, identifier: str) -> None:
    """End a link at once. Revoking twice changes nothing."""
    record = owned(store, records, person, accession)
    row = records.row(record.accession, "RL#", identifier)
    if row is None:
        raise NotFound(f"There is no link {identifier[:60]!r} of {record.accession}.")
    if not row.get("revoked_at"):
        records.update_row(record.accession, "RL#", identifier, revoked_at=clock.stamp())


# --- the reviewer's side ---


def opened(records: RecordStore, token: str, address: str) -> tuple[Record, dict[str, Any]]:
    """(dataset, link) behind a secret. NotFound if there is none, LinkGone if it ended, TooManyGuesses after twenty."""
    window = str(int(clock.now().timestamp()) // WINDOW_S)
    guesser = f"GUESS#{hashlib.sha256(address.encode()).hexdigest()[:32]}"
    if records.counted(guesser, window) >= GUESSES:
        raise TooManyGuesses("Too many links that do not exist were tried from here. Wait ten minutes.")
    known = records.named(f"TOKEN#{_digest(token)}")[0] if token and len(token) <= LONGEST_TOKEN else []
    row = records.row(known[0]["accession"], "RL#", known[0]["link"]) if known else None
    if row is None:
        records.count(guesser, window)
        raise NotFound("There is no such reviewer link. Copy the secret whole into the X-Reviewer-Token header.")
    if row.get("revoked_at") or row["expires_at"] <= clock.stamp():
        raise LinkGone("This reviewer link was revoked or has expired. Ask the authors for a new one.")
    record = records.get(known[0]["accession"])
    if record is None or record.visibility in (Visibility.WITHDRAWN, Visibility.SUPPRESSED):
        raise LinkGone("What this link showed was taken back.")
    records.note_use(record.accession, row["id"], clock.stamp())
    return record, row


def inside(
    records: RecordStore, record: Record, kind: str, limit: int, cursor: str | None
) -> tuple[list[Record], str | None]:
    """A page of the dataset's objects of a type; of a project or samples, all that it needs."""
    found, following = records.inside(record.accession, kind, limit, cursor)
    if found or cursor:
        return found, following
    return [r for r in _needed(records, record) if r.type == kind], None


def _needed(records: RecordStore, record: Record) -> list[Record]:
    """Projects and samples that the dataset and what is in it refer to, the first thousands."""
    left: list[str] = list(record.needs)
    for kind in catalog.members()[record.member].types:
        cursor: str | None = None
        while kind.release == "in_dataset" and len(left) < MOST_PARENTS:
            page, cursor = records.inside(record.accession, kind.type, 200, cursor)
            left += [need for one in page for need in one.needs]
            if cursor is None:
                break
    found: dict[str, Record] = {}
    while left and len(found) < MOST_PARENTS:
        fresh = list(dict.fromkeys(a for a in left if a not in found))
        above = records.get_many(fresh)
        found |= above
        left = [need for one in above.values() for need in one.needs if need not in found]
    return [r for r in found.values() if r.dataset is None]


def files(
    records: RecordStore, record: Record, link: dict[str, Any], limit: int, cursor: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of the dataset's files; NotFound if the link shows metadata alone."""
    _must_show_data(records, record, link)
    kinds = [kind.type for kind in catalog.members()[record.member].types if kind.published_names]
    runs, following = records.inside(record.accession, kinds[0], limit, cursor)
    return [file for run in runs for file in run.files if _is_for_all(records, run, file)], following


def download(records: RecordStore, archive: Archive, record: Record, link: dict[str, Any], name: str) -> dict[str, Any]:
    """A presigned link to one file; NotFound if the reviewer link shows metadata alone."""
    _must_show_data(records, record, link)
    as_owner = Person(record.owner, "", frozenset())  # a link shows what its owner sees
    file = file_of(records, as_owner, record, name)
    if not _is_for_all(records, record, file):
        raise NotFound(f"{record.accession} has no file {name[:100]!r}.")
    return link_to(archive, file)


def _is_for_all(records: RecordStore, record: Record, file: dict[str, Any]) -> bool:
    """A link shows what everybody will have, and no file that its class keeps from them."""
    return class_in(records, record, file).access == EVERYBODY


def _must_show_data(records: RecordStore, record: Record, link: dict[str, Any]) -> None:
    if not link.get("data") or not is_open(records, record):  # the mode may have changed since the link was made
        raise NotFound("This reviewer link shows no files.")
