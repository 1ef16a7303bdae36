"""Publication: mint, archive, release; the sweep over release dates; the job for large files."""

from __future__ import annotations

from aws_cdk import Duration
from constructs import Construct

from biotheca.events import RELEASE_REQUESTED
from infra.capabilities.capability import SUBMISSIONS, Capability
from infra.constructs.batch_job import BatchJob
from infra.constructs.python_function import House
from infra.constructs.queues import on_event, on_schedule

ARCHIVES = {"open_archive_bucket": "rw", "controlled_archive_bucket": "rw"}
ARCHIVING = SUBMISSIONS | ARCHIVES | {"inbox_bucket": "r", "derived_bucket": "r"}


class Publication(Capability):
    """functions/publication and batch/publication."""

    def __init__(self, scope: Construct, house: House) -> None:
        super().__init__(scope, "publication", house)
        # Large submissions have tens of thousands of objects, each written by itself.
        long = Duration.minutes(15)
        self.add("mint", SUBMISSIONS | {"accessions_table": "rw"}, timeout=long)
        self.add("plan_archive", {"records_table": "r", "outbox_table": "name", "derived_bucket": "w"})
        self.add("archive_file", ARCHIVING, timeout=long, memory_mb=1024)
        self.add("close_archive", SUBMISSIONS, timeout=long)
        self.add("release", SUBMISSIONS, timeout=long)
        requested = self.add("release_requested", SUBMISSIONS, timeout=long)
        on_event(self, "Requested", house, RELEASE_REQUESTED, requested)
        due = self.add("release_due", SUBMISSIONS, timeout=long)
        on_schedule(self, "ReleaseDue", house, due, Duration.minutes(15), "Release what has reached its date")
        words = self.add("upgrade_words", SUBMISSIONS, timeout=long)
        on_schedule(self, "UpgradeWords", house, words, Duration.days(1), "Terms of today for records of former days")
        articles = self.add("fill_articles", {"records_table": "rw", "outbox_table": "name"}, timeout=long)
        on_schedule(self, "FillArticles", house, articles, Duration.hours(1), "Words of articles known by a number")
        command = ["--submission", "Ref::submission_id", "--file", "Ref::file_id", "--gate", "Ref::gate"]
        self.jobs["PublicationJob"] = BatchJob(self, "publication", house, ARCHIVING, command)
