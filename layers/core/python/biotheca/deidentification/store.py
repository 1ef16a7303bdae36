"""Where de-identification keeps what it makes: the collections' secrets, packed series, reports.

Packed series and their metadata wait in the inbox below submissions/<submission>/made/, where no upload leads, till a
curator has decided. Reports: the derived bucket, below qc/<submission>/round-<n>/deidentification/; the outcome is
written last, so that with it the job is done.
"""

from __future__ import annotations

import secrets as random
from pathlib import Path
from typing import Any

from biotheca import events
from biotheca.aws import buckets, files, outbox, secrets
from biotheca.aws.ranged import RangedReader
from biotheca.aws.tables import Table, transact
from biotheca.deidentification.keys import SECRET_BYTES
from biotheca.settings import Settings
from biotheca.submissions.model import Submission


class CollectionSecrets:
    """One secret a collection in Secrets Manager. Only the job's role may read them."""

    def __init__(self, prefix: str | None = None, key: str | None = None) -> None:
        self.prefix = prefix or Settings().collection_secrets
        self._key = key or Settings().collection_key

    def of(self, collection: str) -> bytes:
        """The collection's 32 bytes; made when they are first asked for, and never another time."""
        name = self.prefix + collection
        text = secrets.read(name)
        if text is None:
            # Another job may be faster: whoever made it, what is kept is what both use.
            secrets.create(name, random.token_bytes(SECRET_BYTES).hex(), self._key)
            text = secrets.read(name)
        return bytes.fromhex(text or "")


class Reports:
    """What a round's job said, and the manifest that it works from."""

    def __init__(self, bucket: str | None = None) -> None:
        self.bucket = bucket or Settings().derived_bucket

    @staticmethod
    def prefix(submission_id: str, round_number: int) -> str:
        """Where a round's documents lie."""
        return f"qc/{submission_id}/round-{round_number}/deidentification/"

    def put_task(self, submission_id: str, round_number: int, task: dict[str, Any]) -> str:
        """Keep what a job is to do; its place as s3://bucket/key."""
        key = f"manifests/{submission_id}/round-{round_number}/deidentification.json"
        buckets.put_document(self.bucket, key, task)
        return f"s3://{self.bucket}/{key}"

    @staticmethod
    def parts_key(submission_id: str, round_number: int) -> str:
        """Where the list of a round's parts lies, for the workflow."""
        return f"manifests/{submission_id}/round-{round_number}/deidentification-parts.json"

    def outcome(self, submission_id: str, round_number: int) -> dict[str, Any] | None:
        """What became of a round's files; None if the job did not come to its end."""
        return self._said(submission_id, round_number, "outcome.json")

    def pictures(self, submission_id: str, round_number: int) -> list[dict[str, Any]] | None:
        """What a curator is shown of the objects with text in their pixels; None if the job did not come so far."""
        found = self._said(submission_id, round_number, "pictures.json")
        return None if found is None else found["items"]

    def _said(self, submission_id: str, round_number: int, name: str) -> dict[str, Any] | None:
        try:
            return document_at(self.bucket, self.prefix(submission_id, round_number) + name)
        except buckets.ObjectMissing:
            return None

    def texts(self, submission_id: str, round_number: int) -> str:
        """The distinct descriptions as a table: tag, files, text."""
        return buckets.get_text(self.bucket, self.prefix(submission_id, round_number) + "texts.tsv")


class Orders:
    """What curators asked to have blanked, in the records table beside the submission: BLANK#<round>#<version>."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def line(self, submission: Submission, order: dict[str, Any]) -> dict[str, Any]:
        """The transaction line that keeps an order; the version makes it the only one of its moment."""
        sk = f"BLANK#{submission.round:06d}#{submission.version:08d}"
        return self.table.put_line({"pk": f"SUB#{submission.id}", "sk": sk, **order}, "attribute_not_exists(pk)")

    def of(self, submission_id: str, round_number: int) -> dict[str, Any]:
        """All orders of a round as one: `marks` (mark -> boxes) and `reasons`."""
        values = {"p": f"SUB#{submission_id}", "s": f"BLANK#{round_number:06d}#"}
        marks: dict[str, list[list[int]]] = {}
        reasons: set[str] = set()
        for item in self.table.every("pk = :p AND begins_with(sk, :s)", values):
            for mark, boxes in item["marks"].items():
                marks.setdefault(mark, []).extend([int(edge) for edge in box] for box in boxes)
            reasons |= set(item["reasons"])
        return {"marks": marks, "reasons": sorted(reasons)}


def task_at(place: str) -> dict[str, Any]:
    """The document at s3://bucket/key. ObjectMissing if there is none."""
    bucket, _, key = place.removeprefix("s3://").partition("/")
    return document_at(bucket, key)


def fetch(bucket: str, key: str, version: str, target: Path) -> None:
    """The very object that was checked, as a file."""
    with target.open("wb") as file:
        for block in RangedReader(bucket, key, version or None):
            file.write(block)


def keep(path: Path, bucket: str, key: str) -> None:
    """A file as an object; again changes nothing."""
    files.upload(path, bucket, key)


def picture_key(made: str, mark: str, moment: str) -> str:
    """Where a picture lies below the prefix of what was made: it goes when the files go that were sent."""
    return f"{made}pictures/{mark}-{moment}.png"


def tell_shown(out: Table, submission_id: str, mark: str, moment: str, person: str) -> None:
    """The event of a picture that somebody of the desk looks at: it shows what identifies."""
    body = {"submission": submission_id, "image": mark, "moment": moment, "person": person}
    transact([outbox.line(out, events.PICTURE_SHOWN, submission_id, **body)])


def document_at(bucket: str, key: str) -> dict[str, Any]:
    """A document of another step. ObjectMissing if there is none."""
    found: dict[str, Any] = buckets.get_document(bucket, key)
    return found


def keep_document(bucket: str, key: str, document: Any) -> None:
    """A small document of a job."""
    buckets.put_document(bucket, key, document)


def picture_link(bucket: str, key: str, valid_s: int) -> str:
    """A link to a picture, for one who may look at it. It says nothing of what it shows."""
    return buckets.presign_download(bucket, key, None, "picture.png", valid_s)
