"""The workflow's doors to publication: mint, archive, close, release; and the sweep over release dates."""

from __future__ import annotations

from typing import Any

from biotheca.publication import articles, service
from biotheca.publication import release as releasing
from biotheca.publication.bibliography import Bibliography
from biotheca.publication.upgrades import upgrade_all
from biotheca.settings import Settings
from functions.observability import MetricUnit, logger, metrics, of_envelope, of_submission, step
from functions.stores import archive, inbox, minting, records, reports, submissions


@step(of_submission)
def mint(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Issue the accessions of an accepted submission."""
    counts = service.mint(submissions(), minting(), event["submission_id"])
    metrics().add_metric(name="AccessionsIssued", unit=MetricUnit.Count, value=sum(counts.values()))
    return counts


@step(of_submission)
def plan_archive(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Write the manifest of files to archive."""
    items = service.plan_archive(submissions(), records(), event["submission_id"])
    key = reports().put_manifest(event["submission_id"], event["round"], "archive", items)
    return {"bucket": reports().bucket, "key": key, "count": len(items)}


@step(of_submission)
def archive_file(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Copy one file to the archive and prove the copy."""
    of = event["submission_id"], event["file_id"], event.get("gate") != "shut"
    service.archive_file(submissions(), inbox(), archive(), reports(), *of)
    metrics().add_metric(name="FilesArchived", unit=MetricUnit.Count, value=1)
    return {}


@step(of_submission)
def close_archive(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Write the private records; say whether the release date has come."""
    return service.close_archive(submissions(), records(), event["submission_id"])


@step(of_submission)
def release(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Make an archived submission public."""
    return {"state": releasing.release(submissions(), records(), event["submission_id"]).state}


@step(of_envelope)
def release_requested(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """ReleaseRequested from the bus: its owner releases a record, or a whole submission, now."""
    body = event["detail"]["body"]
    if body.get("whole"):
        releasing.release(submissions(), records(), body["submission"])
    else:
        releasing.release_record(submissions(), records(), body["accession"])
    return {}


@step(lambda event: "release-sweep")
def release_due(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """On a schedule: release what has reached its date."""
    released = releasing.release_due(submissions(), records())
    logger().info("release sweep", extra={"released": len(released)})
    return {"released": released}


@step(lambda event: "upgrade-words")
def upgrade_words(event: dict[str, Any], context: Any) -> dict[str, int]:
    """On a schedule: records get the terms of today where a vocabulary has a next version."""
    changed = upgrade_all(submissions(), records())
    logger().info("terms upgraded", extra={"records": changed})
    return {"records": changed}


@step(lambda event: "fill-articles")
def fill_articles(event: dict[str, Any], context: Any) -> dict[str, int]:
    """On a schedule: title, journal and year of articles that are known by a number only."""
    done = articles.fill(records(), Bibliography.of_setting(Settings().optional("article_sources")))
    logger().info("articles filled", extra=done)
    return done
