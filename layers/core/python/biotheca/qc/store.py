"""Where manifests and reports of file checks are kept: the derived bucket."""

from __future__ import annotations

from typing import Any

from biotheca.aws import buckets
from biotheca.aws.buckets import ObjectMissing
from biotheca.settings import Settings

__all__ = ["ObjectMissing", "ReportStore"]


class ReportStore:
    """Manifests (what a workflow round is to check) and reports (what a check found), as JSON documents."""

    def __init__(self, bucket: str | None = None) -> None:
        self.bucket = bucket or Settings().derived_bucket

    @staticmethod
    def report_key(submission_id: str, round_number: int, file_id: str) -> str:
        """The key of the report of one file in one round."""
        return f"qc/{submission_id}/round-{round_number}/{file_id}.json"

    @staticmethod
    def page_key(report_key: str) -> str:
        """The key of the page for people, beside the report."""
        return report_key.removesuffix(".json") + ".html"

    def put_manifest(self, submission_id: str, round_number: int, step: str, items: list[dict[str, Any]]) -> str:
        """Store a list of work items for a Map state; returns its key."""
        key = f"manifests/{submission_id}/round-{round_number}/{step}.json"
        buckets.put_document(self.bucket, key, items)
        return key

    def report(self, key: str) -> dict[str, Any] | None:
        """A report, or None if the check wrote none."""
        try:
            return buckets.get_document(self.bucket, key)
        except ObjectMissing:
            return None

    def page(self, report_key: str) -> str | None:
        """The page beside a report, or None if the check wrote none."""
        try:
            return buckets.get_text(self.bucket, self.page_key(report_key))
        except ObjectMissing:
            return None

    def page_link(self, report_key: str, valid_s: int) -> str:
        """A presigned GET of the page beside a report, to be shown by a browser."""
        return buckets.presign_page(self.bucket, self.page_key(report_key), valid_s)
