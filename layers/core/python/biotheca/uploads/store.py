"""Where uploaded bytes are: the inbox bucket, one server-made key per file."""

from __future__ import annotations

import contextlib
from typing import Any

from biotheca import clock
from biotheca.aws import buckets, guests
from biotheca.aws.buckets import ObjectMissing, UploadGone
from biotheca.aws.guests import GuestKeys
from biotheca.aws.tables import ConditionFailed, Table, transact
from biotheca.settings import Settings

__all__ = ["Inbox", "ObjectMissing", "Originals", "UploadGone"]


BY_NAME = "by-name"
MADE = "made"


class Inbox:
    """The inbox bucket. Keys are made here, never taken from a person: submissions/<submission>/<file>.

    Only whoever borrows keys of S3 chooses names, below submissions/<submission>/by-name/ and nowhere else.
    """

    def __init__(self, bucket: str | None = None) -> None:
        self.bucket = bucket or Settings().inbox_bucket

    @staticmethod
    def key(submission_id: str, file_id: str) -> str:
        """The key of a file's bytes."""
        return f"submissions/{submission_id}/{file_id}"

    @staticmethod
    def file_of(key: str) -> str | None:
        """The file id of a key, or None if the key is not of an upload."""
        pieces = key.split("/")
        return pieces[2] if len(pieces) == 3 and pieces[0] == "submissions" else None

    @staticmethod
    def submission_of(key: str) -> str | None:
        """The submission id of a key, or None if the key is not of an upload."""
        pieces = key.split("/")
        return pieces[1] if len(pieces) == 3 and pieces[0] == "submissions" else None

    @staticmethod
    def prefix_by_name(submission_id: str) -> str:
        """Where files of a submission may lie under the names that its document declares."""
        return f"submissions/{submission_id}/{BY_NAME}/"

    @staticmethod
    def prefix(submission_id: str) -> str:
        """Where all of a submission lies."""
        return f"submissions/{submission_id}/"

    @staticmethod
    def prefix_made(submission_id: str) -> str:
        """Where files lie that a job made of a submission's own; no upload leads there."""
        return f"submissions/{submission_id}/{MADE}/"

    @staticmethod
    def is_made(key: str) -> bool:
        """Whether a key is of such a file."""
        pieces = key.split("/")
        return len(pieces) > 3 and pieces[0] == "submissions" and pieces[2] == MADE

    @staticmethod
    def named(key: str) -> tuple[str, str] | None:
        """(submission id, file name) of a key below that prefix, or None."""
        pieces = key.split("/", 3)
        fits = len(pieces) == 4 and pieces[0] == "submissions" and pieces[2] == BY_NAME
        return (pieces[1], pieces[3]) if fits else None

    @staticmethod
    def place_of(key: str) -> str:
        """The submission below whose prefix a key lies, whatever its form; empty for none."""
        pieces = key.split("/")
        return pieces[1] if len(pieces) >= 3 and pieces[0] == "submissions" else ""

    def start(self, key: str) -> str:
        """Open a multipart upload; returns its id."""
        return buckets.start_upload(self.bucket, key)

    def link(self, key: str, upload_id: str, number: int, size: int, sha256: str, valid_s: int) -> tuple[str, dict]:
        """A presigned PUT for one part and the headers it must carry."""
        return buckets.presign_part(self.bucket, key, upload_id, number, size, sha256, valid_s)

    def parts(self, key: str, upload_id: str, after: int, limit: int) -> tuple[list[dict[str, Any]], int | None]:
        """A page of the parts that S3 holds."""
        return buckets.parts(self.bucket, key, upload_id, after, limit)

    def every_part(self, key: str, upload_id: str) -> list[dict[str, Any]]:
        """All parts that S3 holds."""
        return list(buckets.every_part(self.bucket, key, upload_id))

    def complete(self, key: str, upload_id: str, held: list[dict[str, Any]]) -> str:
        """Join the parts; returns the version id."""
        return buckets.complete_upload(self.bucket, key, upload_id, held)

    def abort(self, key: str, upload_id: str) -> None:
        """Throw the parts away."""
        buckets.abort_upload(self.bucket, key, upload_id)

    def direct_link(self, key: str, size: int, sha256: str, valid_s: int) -> tuple[str, dict]:
        """A presigned PUT for a whole small file and the headers it must carry."""
        return buckets.presign_object(self.bucket, key, size, sha256, valid_s)

    def parts_of(self, key: str, version_id: str) -> list[dict[str, Any]]:
        """The parts of a file that arrived: number, size_bytes, sha256."""
        return buckets.parts_of_object(self.bucket, key, version_id)

    def take_over(self, upload: dict[str, Any], number: int, first: int, last: int) -> None:
        """Fill a part of an open upload from the file that it repairs."""
        source = (upload["repairs"]["key"], upload["repairs"]["version_id"])
        buckets.copy_part(self.bucket, upload["key"], upload["id"], number, source, first, last)

    def lend(self, role_arn: str, submission_id: str, valid_s: int) -> GuestKeys:
        """Keys of S3 with which files can be put below the submission's prefix, and nothing else be done."""
        place = f"arn:{role_arn.split(':')[1]}:s3:::{self.bucket}/{self.prefix_by_name(submission_id)}*"
        verbs = ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
        statements = [
            {"Effect": "Allow", "Action": verbs, "Resource": place},
            # Which key, the role says; a session may only narrow it.
            {"Effect": "Allow", "Action": ["kms:GenerateDataKey", "kms:Decrypt"], "Resource": "*"},
        ]
        return guests.lend(role_arn, submission_id, statements, valid_s)

    def put(self, key: str, data: bytes) -> None:
        """Lay a small file there as an upload would; S3 tells of it as of any other."""
        buckets.put_bytes(self.bucket, key, data)

    def facts(self, key: str, version_id: str | None = None) -> dict[str, Any]:
        """Size and version of what arrived."""
        return buckets.facts(self.bucket, key, version_id)

    def delete_all(self, submission_id: str) -> int:
        """Delete every version of every object of a submission; how many objects there were."""
        return buckets.delete_below(self.bucket, self.prefix(submission_id))


_SENT = "SENT"


class Originals:
    """Which submissions have files as sent that are archived nowhere: SENT beside each, in the index by state."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def mark(self, submission_id: str) -> None:
        """Note that there are some, and that the last came now."""
        key = {"pk": f"SUB#{submission_id}", "sk": "SENT"}
        self.table.put({**key, "state_key": _SENT, "updated_at": clock.stamp()})

    def every(self) -> list[tuple[str, str]]:
        """(id, when the last came) of them, the longest ago first."""
        found = self.table.every("state_key = :k", {"k": _SENT}, "by_state")
        return [(item["pk"].removeprefix("SUB#"), item["updated_at"]) for item in found]

    def forget(self, submission_id: str, last_came: str) -> None:
        """They are gone. One that came meanwhile keeps the mark for the next sweep."""
        key = {"pk": f"SUB#{submission_id}", "sk": "SENT"}
        with contextlib.suppress(ConditionFailed):
            transact([self.table.delete_line(key, "updated_at = :seen", seen=last_came)])
