"""Where uploaded bytes are: the inbox bucket, one server-made key per file."""

from __future__ import annotations

from typing import Any

from biotheca.aws import buckets
from biotheca.aws.buckets import ObjectMissing, UploadGone
from biotheca.settings import Settings

__all__ = ["Inbox", "ObjectMissing", "UploadGone"]


class Inbox:
    """The inbox bucket. Keys are made here, never taken from a person: submissions/<submission>/<file>."""

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

    def facts(self, key: str, version_id: str | None = None) -> dict[str, Any]:
        """Size and version of what arrived."""
        return buckets.facts(self.bucket, key, version_id)
