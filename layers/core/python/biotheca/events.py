"""The events of the archive: their names and their one envelope. Who listens: infra/capabilities.

An envelope carries id (also the idempotency key), type, schema version, time, correlation id (the
submission, from upload to release) and a small body of identifiers. Content is fetched by whoever needs it,
so that no event ever holds a name or a private value.
"""

from __future__ import annotations

from typing import Any

from biotheca import clock, ids

SUBMISSION_SUBMITTED = "SubmissionSubmitted"
FILE_RECEIVED = "FileReceived"
UPLOAD_ABORTED = "UploadAborted"
FILES_CHECKED = "FilesChecked"
METADATA_ACCEPTED = "MetadataAccepted"
CURATOR_ASSIGNED = "CuratorAssigned"
CURATION_DECIDED = "CurationDecided"
SUBMISSION_RETURNED = "SubmissionReturned"
DATASET_ARCHIVED = "DatasetArchived"
DATASET_RELEASED = "DatasetReleased"
SUBMISSION_HELD = "SubmissionHeld"
SUBMISSION_CHANGED = "SubmissionChanged"
RELEASE_REQUESTED = "ReleaseRequested"
RELEASE_CHANGED = "ReleaseChanged"
RELEASE_NEAR = "ReleaseNear"
RELEASE_WAITS = "ReleaseWaits"
NUMBER_CHECKED = "NumberChecked"
RECORD_CHANGED = "RecordChanged"
CORRECTION_REQUESTED = "CorrectionRequested"
CORRECTION_DECIDED = "CorrectionDecided"
CONSENT_WITHDRAWN = "ConsentWithdrawn"
ACCOUNT_CHANGED = "AccountChanged"
TOKEN_CHANGED = "TokenChanged"  # noqa: S105 - an event's name
GROUP_CHANGED = "GroupChanged"
QUERY_ASKED = "QueryAsked"
MIRROR_PUBLISHED = "MirrorPublished"
SEQUENCES_REQUESTED = "SequencesRequested"
COMMITTEE_CHANGED = "CommitteeChanged"
ACCESS_REQUESTED = "AccessRequested"
ACCESS_DECIDED = "AccessDecided"
ACCESS_CHANGED = "AccessChanged"
ACCESS_REMINDED = "AccessReminded"
GRANT_CHANGED = "GrantChanged"
VISA_GIVEN = "VisaGiven"
VISA_TAKEN = "VisaTaken"
GLASS_BROKEN = "GlassBroken"
CONTROLLED_FILE_LINKED = "ControlledFileLinked"
FILE_MOVED = "FileMoved"
FILE_SEALED = "FileSealed"
HEADER_GIVEN = "HeaderGiven"
KEY_TURNED = "KeyTurned"
PICTURE_SHOWN = "PictureShown"

ALL = (
    SUBMISSION_SUBMITTED,
    FILE_RECEIVED,
    UPLOAD_ABORTED,
    FILES_CHECKED,
    METADATA_ACCEPTED,
    CURATOR_ASSIGNED,
    CURATION_DECIDED,
    SUBMISSION_RETURNED,
    DATASET_ARCHIVED,
    DATASET_RELEASED,
    SUBMISSION_HELD,
    SUBMISSION_CHANGED,
    RELEASE_REQUESTED,
    RELEASE_CHANGED,
    RELEASE_NEAR,
    RELEASE_WAITS,
    NUMBER_CHECKED,
    RECORD_CHANGED,
    CORRECTION_REQUESTED,
    CORRECTION_DECIDED,
    CONSENT_WITHDRAWN,
    ACCOUNT_CHANGED,
    TOKEN_CHANGED,
    GROUP_CHANGED,
    QUERY_ASKED,
    MIRROR_PUBLISHED,
    SEQUENCES_REQUESTED,
    COMMITTEE_CHANGED,
    ACCESS_REQUESTED,
    ACCESS_DECIDED,
    ACCESS_CHANGED,
    ACCESS_REMINDED,
    GRANT_CHANGED,
    VISA_GIVEN,
    VISA_TAKEN,
    GLASS_BROKEN,
    CONTROLLED_FILE_LINKED,
    FILE_MOVED,
    FILE_SEALED,
    HEADER_GIVEN,
    KEY_TURNED,
    PICTURE_SHOWN,
)


def envelope(kind: str, correlation_id: str, **body: Any) -> dict[str, Any]:
    """A new envelope around a body of identifiers.

    >>> sorted(envelope("FileReceived", "sub_1", file="f"))
    ['at', 'body', 'correlation_id', 'id', 'type', 'version']
    """
    return {
        "id": ids.new("evt"),
        "type": kind,
        "version": 1,
        "at": clock.stamp(),
        "correlation_id": correlation_id,
        "body": body,
    }
