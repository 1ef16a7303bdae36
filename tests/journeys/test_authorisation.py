"""Every route against every kind of caller. A route that is not in the table fails until it is listed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import requests

import functions.api.app  # registers every operation
from functions.api.seam import OPERATIONS
from local.stack import Stack
from tests.journeys.bringing import accepted
from tests.journeys.conftest import Person, document, draft, newcomer, tiny_fastq

assert functions.api.app.app

# What comes back on a private draft of Ana's, to: nobody, Li (another submitter), Chen (a curator), Ana herself, and
# the holder of a reviewer's link to a private dataset, who sends its secret to every route and asks for that dataset.
# 404 for what exists but is not yours: unknown and forbidden look the same.
PUBLIC = (200, 200, 200, 200, 200)
UNKNOWN = (404, 404, 404, 404, 404)
# None: not called, because it would end the session of a person whom all tests share (see test_accounts).
TABLE: dict[tuple[str, str], tuple[int | None, ...]] = {
    ("POST", "/v1/register"): (422, 422, 422, 422, 422),
    ("POST", "/v1/register/confirm"): (422, 422, 422, 422, 422),
    ("POST", "/v1/register/resend"): (422, 422, 422, 422, 422),
    ("POST", "/v1/password/forgot"): (422, 422, 422, 422, 422),
    ("POST", "/v1/password/reset"): (422, 422, 422, 422, 422),
    ("POST", "/v1/sign-in"): (422, 422, 422, 422, 422),
    ("POST", "/v1/sign-in/mfa"): (422, 422, 422, 422, 422),
    ("POST", "/v1/refresh"): (422, 422, 422, 422, 422),
    ("POST", "/v1/sign-out"): (401, None, None, None, 401),
    ("GET", "/v1/me"): (401, 200, 200, 200, 401),
    ("PATCH", "/v1/me"): (401, 200, 200, 200, 401),
    ("GET", "/v1/me/public-key"): (401, 409, 409, 409, 401),
    ("PUT", "/v1/me/public-key"): (401, 422, 422, 422, 401),
    ("POST", "/v1/me/mfa"): (401, 422, 422, 422, 401),
    ("POST", "/v1/me/mfa/confirm"): (401, 422, 422, 422, 401),
    ("DELETE", "/v1/me/mfa"): (401, 204, 204, 204, 401),
    ("GET", "/v1/me/tokens"): (401, 200, 200, 200, 401),
    ("POST", "/v1/me/tokens"): (401, 422, 422, 422, 401),
    ("DELETE", "/v1/me/tokens/{token_id}"): (401, 404, 404, 404, 401),
    ("POST", "/v1/me/principal-investigator"): (401, 422, 422, 422, 401),
    ("GET", "/v1/me/notices"): (401, 200, 200, 200, 401),
    ("POST", "/v1/me/notices/{notice_id}/read"): (401, 404, 404, 404, 401),
    ("GET", "/v1/accounts/principal-investigators"): (401, 403, 200, 403, 401),
    ("POST", "/v1/accounts/principal-investigators/{subject}/decision"): (401, 403, 404, 403, 401),
    ("GET", "/v1/accounts"): (401, 403, 403, 403, 401),
    ("PUT", "/v1/accounts/{subject}/roles"): (401, 403, 403, 403, 401),
    ("POST", "/v1/accounts/{subject}/close"): (401, 403, 403, 403, 401),
    ("POST", "/v1/accounts/{subject}/open"): (401, 403, 403, 403, 401),
    ("POST", "/v1/queries"): (401, 422, 422, 422, 401),
    ("GET", "/v1/queries"): (401, 200, 200, 200, 401),
    ("GET", "/v1/queries/{query_id}"): (401, 404, 404, 404, 401),
    ("POST", "/v1/groups"): (401, 422, 422, 422, 401),
    ("GET", "/v1/groups"): (401, 200, 200, 200, 401),
    ("GET", "/v1/groups/{group_id}"): (401, 404, 404, 404, 401),
    ("GET", "/v1/groups/{group_id}/submissions"): (401, 404, 404, 404, 401),
    ("POST", "/v1/groups/{group_id}/invitations"): (401, 404, 404, 404, 401),
    ("POST", "/v1/groups/{group_id}/join"): (401, 404, 404, 404, 401),
    ("POST", "/v1/groups/{group_id}/members/{subject}/owner"): (401, 404, 404, 404, 401),
    ("DELETE", "/v1/groups/{group_id}/members/{subject}"): (401, 404, 404, 404, 401),
    ("PUT", "/v1/submissions/{submission_id}/group"): (401, 404, 404, 200, 401),
    ("GET", "/v1/audit"): (401, 403, 403, 403, 401),
    ("GET", "/v1/audit/head"): (401, 403, 403, 403, 401),
    ("POST", "/v1/submissions"): (401, 201, 403, 201, 401),
    ("GET", "/v1/submissions"): (401, 200, 200, 200, 401),
    ("GET", "/v1/submissions/{submission_id}"): (401, 404, 200, 200, 401),
    ("PUT", "/v1/submissions/{submission_id}/metadata"): (401, 404, 404, 422, 401),
    ("POST", "/v1/submissions/{submission_id}/metadata/check"): (401, 404, 404, 200, 401),
    ("POST", "/v1/submissions/{submission_id}/metadata/annotated"): (401, 404, 404, 422, 401),
    ("GET", "/v1/submissions/{submission_id}/workbook"): (401, 404, 200, 200, 401),
    ("GET", "/v1/members/{member}/template"): (404, 404, 404, 404, 404),
    ("POST", "/v1/submissions/{submission_id}/submit"): (401, 404, 404, 202, 401),
    ("POST", "/v1/submissions/{submission_id}/resume"): (401, 403, 403, 403, 401),
    ("GET", "/v1/submissions/{submission_id}/history"): (401, 404, 200, 200, 401),
    ("GET", "/v1/submissions/{submission_id}/pedigree"): (401, 404, 404, 404, 401),
    ("GET", "/v1/submissions/{submission_id}/anonymity"): (401, 404, 404, 404, 401),
    ("GET", "/v1/submissions/{submission_id}/files"): (401, 404, 200, 200, 401),
    ("GET", "/v1/submissions/{submission_id}/files/{file_id}/report"): (401, 404, 404, 404, 401),
    ("GET", "/v1/submissions/{submission_id}/deidentification"): (401, 404, 404, 404, 401),
    ("POST", "/v1/dicomweb/studies"): (401, 415, 415, 415, 401),
    ("GET", "/v1/dicomweb/studies"): (204, 204, 204, 204, 204),
    ("GET", "/v1/dicomweb/series"): (204, 204, 204, 204, 204),
    ("GET", "/v1/dicomweb/instances"): (204, 204, 204, 204, 204),
    ("GET", "/v1/dicomweb/studies/{study_uid}/series"): (204, 204, 204, 204, 204),
    ("GET", "/v1/dicomweb/studies/{study_uid}/instances"): (204, 204, 204, 204, 204),
    ("GET", "/v1/dicomweb/studies/{study_uid}/series/{series_uid}/instances"): (204, 204, 204, 204, 204),
    ("GET", "/v1/dicomweb/studies/{study_uid}"): (404, 404, 404, 404, 404),
    ("GET", "/v1/dicomweb/studies/{study_uid}/metadata"): (404, 404, 404, 404, 404),
    ("GET", "/v1/dicomweb/studies/{study_uid}/series/{series_uid}"): (404, 404, 404, 404, 404),
    ("GET", "/v1/submissions/{submission_id}/deidentification/texts"): (401, 404, 404, 404, 401),
    ("GET", "/v1/dicomweb/studies/{study_uid}/series/{series_uid}/metadata"): (404, 404, 404, 404, 404),
    ("GET", "/v1/same-person"): (200, 200, 200, 200, 200),
    ("GET", "/v1/records/{accession}/same-person"): (404, 404, 404, 404, 404),
    ("PUT", "/v1/records/{accession}/same-person/{other}"): (401, 404, 404, 404, 401),
    ("DELETE", "/v1/records/{accession}/same-person/{other}"): (401, 404, 404, 404, 401),
    ("GET", "/v1/fhir/ImagingStudy/{accession}"): (404, 404, 404, 404, 404),
    ("GET", "/v1/dicomweb/studies/{study_uid}/series/{series_uid}/thumbnail"): (404, 404, 404, 404, 404),
    ("GET", "/v1/dicomweb/studies/{study_uid}/series/{series_uid}/instances/{instance_uid}"): (404, 404, 404, 404, 404),
    ("GET", "/v1/dicomweb/studies/{study_uid}/series/{series_uid}/instances/{instance_uid}/metadata"): UNKNOWN,
    ("GET", "/v1/dicomweb/studies/{study_uid}/series/{series_uid}/instances/{instance_uid}/thumbnail"): UNKNOWN,
    ("GET", "/v1/dicomweb/studies/{study_uid}/series/{series_uid}/instances/{instance_uid}/rendered"): UNKNOWN,
    ("GET", "/v1/dicomweb/studies/{study_uid}/series/{series_uid}/instances/{instance_uid}/frames/{frames}"): UNKNOWN,
    ("GET", "/v1/dicomweb/studies/{study_uid}/series/{series_uid}/instances/{instance_uid}/frames/{frames}/rendered"): (
        *UNKNOWN,
    ),
    ("GET", "/v1/images"): PUBLIC,
    ("GET", "/v1/images/facets"): PUBLIC,
    ("GET", "/v1/images/{accession}/strip"): (404, 404, 404, 404, 404),
    ("DELETE", "/v1/submissions/{submission_id}"): (401, 404, 404, 204, 401),
    ("POST", "/v1/files/{file_id}/upload"): (401, 404, 404, 200, 401),
    ("GET", "/v1/files/{file_id}/parts"): (401, 404, 404, 400, 401),
    ("POST", "/v1/files/{file_id}/part-urls"): (401, 404, 404, 400, 401),
    ("POST", "/v1/files/{file_id}/complete"): (401, 404, 404, 400, 401),
    ("DELETE", "/v1/files/{file_id}/upload"): (401, 404, 404, 204, 401),
    ("POST", "/v1/submissions/{submission_id}/uploads"): (401, 404, 404, 422, 401),
    ("POST", "/v1/submissions/{submission_id}/credentials"): (401, 404, 404, 201, 401),
    ("GET", "/v1/submissions/{submission_id}/objects"): (401, 404, 200, 200, 401),
    ("GET", "/v1/submissions/{submission_id}/reception"): (401, 404, 200, 200, 401),
    ("GET", "/v1/curation/queue"): (401, 403, 200, 403, 401),
    ("POST", "/v1/curation/next"): (401, 403, 404, 403, 401),
    ("GET", "/v1/curation/figures"): (401, 403, 200, 403, 401),
    ("GET", "/v1/curation/{submission_id}"): (401, 403, 200, 403, 401),
    ("PUT", "/v1/curation/{submission_id}/member"): (401, 403, 422, 403, 401),
    ("PUT", "/v1/curation/{submission_id}/assignment"): (401, 403, 409, 403, 401),
    ("DELETE", "/v1/curation/{submission_id}/assignment"): (401, 403, 204, 403, 401),
    ("PUT", "/v1/curation/{submission_id}/priority"): (401, 403, 200, 403, 401),
    ("PUT", "/v1/curation/{submission_id}/checklist"): (401, 403, 422, 403, 401),
    ("POST", "/v1/curation/{submission_id}/notes"): (401, 403, 201, 403, 401),
    ("GET", "/v1/curation/{submission_id}/notes"): (401, 403, 200, 403, 401),
    ("GET", "/v1/curation/{submission_id}/pictures"): (401, 403, 404, 403, 401),
    ("GET", "/v1/curation/{submission_id}/pictures/{mark}/{moment}"): (401, 403, 404, 403, 401),
    ("POST", "/v1/curation/{submission_id}/blanking"): (401, 403, 404, 403, 401),
    ("GET", "/v1/return-reasons"): PUBLIC,
    ("POST", "/v1/curation/{submission_id}/decision"): (401, 403, 409, 403, 401),
    ("GET", "/v1/records/{accession}"): (404, 404, 404, 404, 404),
    ("GET", "/v1/records/{accession}/files"): (404, 404, 404, 404, 404),
    ("GET", "/v1/records/{accession}/objects/{type}"): (404, 404, 404, 404, 404),
    ("GET", "/v1/records/{accession}/uses"): (404, 404, 404, 404, 404),
    ("GET", "/v1/records/{accession}/files/{name}"): (404, 404, 404, 404, 404),
    ("GET", "/v1/records/{accession}/files/{name}/header"): (401, 404, 404, 404, 401),
    ("GET", "/v1/records/{accession}/xml"): (404, 404, 404, 404, 404),
    ("GET", "/v1/records/{accession}/tree"): (404, 404, 404, 404, 404),
    ("GET", "/r/{accession}"): (404, 404, 404, 404, 404),
    ("PUT", "/v1/submissions/{submission_id}/release"): (401, 404, 404, 200, 401),
    ("PUT", "/v1/submissions/{submission_id}/access"): (401, 404, 404, 200, 401),
    ("GET", "/v1/submissions/{submission_id}/human-resources"): (401, 404, 200, 200, 401),
    ("POST", "/v1/submissions/{submission_id}/human-resources"): (401, 404, 422, 403, 401),
    ("PUT", "/v1/submissions/{submission_id}/committee"): (401, 404, 404, 404, 401),
    ("POST", "/v1/committees"): (401, 201, 201, 201, 401),
    ("GET", "/v1/committees"): (401, 200, 200, 200, 401),
    ("GET", "/v1/committees/{committee}"): (401, 404, 404, 404, 401),
    ("PATCH", "/v1/committees/{committee}"): (401, 404, 404, 404, 401),
    ("POST", "/v1/committees/{committee}/invitations"): (401, 404, 404, 404, 401),
    ("POST", "/v1/committees/{committee}/join"): (401, 404, 404, 404, 401),
    ("PATCH", "/v1/committees/{committee}/members/{subject}"): (401, 404, 404, 404, 401),
    ("DELETE", "/v1/committees/{committee}/members/{subject}"): (401, 404, 404, 404, 401),
    ("GET", "/v1/committees/{committee}/versions"): (401, 404, 404, 404, 401),
    ("GET", "/v1/committees/{committee}/requests"): (401, 404, 404, 404, 401),
    ("GET", "/v1/committees/{committee}/log"): (401, 404, 404, 404, 401),
    ("GET", "/v1/records/{accession}/request-form"): (404, 404, 404, 404, 404),
    ("GET", "/v1/documents"): PUBLIC,
    ("GET", "/v1/documents/{document}"): PUBLIC,
    ("POST", "/v1/requests"): (401, 404, 404, 404, 401),
    ("GET", "/v1/requests"): (401, 200, 200, 200, 401),
    ("GET", "/v1/requests/{request}"): (401, 404, 404, 404, 401),
    ("PUT", "/v1/requests/{request}"): (401, 404, 404, 404, 401),
    ("POST", "/v1/requests/{request}/submit"): (401, 404, 404, 404, 401),
    ("POST", "/v1/requests/{request}/withdraw"): (401, 404, 404, 404, 401),
    ("GET", "/v1/requests/{request}/history"): (401, 404, 404, 404, 401),
    ("POST", "/v1/requests/{request}/votes"): (401, 404, 404, 404, 401),
    ("POST", "/v1/requests/{request}/return"): (401, 404, 404, 404, 401),
    ("POST", "/v1/requests/{request}/conflicts"): (401, 404, 404, 404, 401),
    ("POST", "/v1/approvals/look"): (404, 404, 404, 404, 404),
    ("POST", "/v1/approvals"): (404, 404, 404, 404, 404),
    ("GET", "/v1/access-grants"): (401, 200, 200, 200, 401),
    ("POST", "/v1/access-grants/{request}/revoke"): (401, 404, 404, 404, 401),
    ("POST", "/v1/access-grants/{request}/closing"): (401, 404, 404, 404, 401),
    ("POST", "/v1/records/{accession}/break-glass"): (401, 403, 404, 403, 401),
    ("GET", "/v1/visas/keys"): PUBLIC,
    ("GET", "/v1/access-grants/{request}/visa"): (401, 404, 404, 404, 401),
    ("POST", "/v1/me/passport"): (401, 422, 422, 422, 401),
    ("GET", "/v1/me/access-log"): (401, 200, 200, 200, 401),
    ("GET", "/v1/records"): (401, 200, 200, 200, 401),
    ("POST", "/v1/releases"): (401, 202, 202, 202, 401),
    ("GET", "/v1/corrections"): (401, 403, 200, 403, 401),
    ("GET", "/v1/records/{accession}/release"): (401, 404, 404, 404, 401),
    ("PUT", "/v1/records/{accession}/release"): (401, 404, 404, 404, 401),
    ("PUT", "/v1/records/{accession}/visibility"): (401, 403, 403, 403, 401),
    ("DELETE", "/v1/records/{accession}"): (401, 404, 404, 404, 401),
    ("GET", "/v1/records/{accession}/history"): (401, 404, 404, 404, 401),
    ("POST", "/v1/records/{accession}/corrections"): (401, 404, 404, 404, 401),
    ("GET", "/v1/records/{accession}/corrections"): (401, 404, 404, 404, 401),
    ("POST", "/v1/records/{accession}/corrections/{correction}"): (401, 403, 404, 403, 401),
    ("GET", "/v1/records/{accession}/versions"): (404, 404, 404, 404, 404),
    ("POST", "/v1/records/{accession}/consent-withdrawal"): (401, 404, 404, 404, 401),
    ("GET", "/v1/records/{accession}/consent-withdrawal"): (401, 404, 404, 404, 401),
    ("POST", "/v1/records/{accession}/reviewer-links"): (401, 404, 404, 404, 401),
    ("GET", "/v1/records/{accession}/reviewer-links"): (401, 404, 404, 404, 401),
    ("DELETE", "/v1/records/{accession}/reviewer-links/{link_id}"): (401, 404, 404, 404, 401),
    ("GET", "/v1/review"): (401, 401, 401, 401, 200),
    ("GET", "/v1/review/objects/{type}"): (401, 401, 401, 401, 200),
    ("GET", "/v1/review/files"): (401, 401, 401, 401, 200),
    ("GET", "/v1/review/files/{name}"): (401, 401, 401, 401, 404),
    ("GET", "/v1/records/{accession}/md5sum.txt"): (404, 404, 404, 404, 404),
    ("GET", "/v1/records/{accession}/files.tsv"): (404, 404, 404, 404, 404),
    ("GET", "/v1/records/{accession}/runs.csv"): (404, 404, 404, 404, 404),
    ("GET", "/v1/records/{accession}/statistics"): (404, 404, 404, 404, 404),
    ("GET", "/v1/records/{accession}/citation"): (404, 404, 404, 404, 404),
    ("GET", "/v1/records/{accession}/certificate"): (404, 404, 404, 404, 404),
    ("GET", "/v1/certificates/{code}"): (404, 404, 404, 404, 404),
    ("POST", "/v1/records/{accession}/publications"): (401, 404, 404, 404, 401),
    ("GET", "/v1/records/{accession}/publications"): (404, 404, 404, 404, 404),
    ("DELETE", "/v1/records/{accession}/publications/{article}"): (401, 404, 404, 404, 401),
    ("PUT", "/v1/records/{accession}/publications/{article}"): (401, 403, 404, 403, 401),
    ("GET", "/v1/publications"): PUBLIC,
    ("GET", "/v1/grants/{number}"): PUBLIC,
    ("GET", "/v1/records/{accession}/datasets"): (404, 404, 404, 404, 404),
    ("GET", "/v1/records/{accession}/versions/{number}"): (404, 404, 404, 404, 404),
    ("GET", "/v1/records/{accession}/difference"): (404, 404, 404, 404, 404),
    ("GET", "/v1/records/{accession}/jsonld"): (404, 404, 404, 404, 404),
    ("GET", "/v1/records/{accession}/below"): (404, 404, 404, 404, 404),
    ("GET", "/v1/openness"): PUBLIC,
    ("GET", "/v1/statistics/sharing"): PUBLIC,
    ("GET", "/v1/records/{accession}/openness"): (404, 404, 404, 404, 404),
    ("GET", "/v1/sequences"): PUBLIC,
    ("GET", "/v1/sequences/{accession}"): (404, 404, 404, 404, 404),
    ("POST", "/v1/sequences/{accession}/copy"): (401, 403, 403, 403, 401),
    ("GET", "/v1/mirror"): PUBLIC,
    ("GET", "/v1/mirror/reports/{day}"): (404, 404, 404, 404, 404),
    ("GET", "/v1/mirror/records/{accession}"): (404, 404, 404, 404, 404),
    ("POST", "/v1/mirror/runs"): (401, 403, 403, 403, 401),
    ("POST", "/v1/mirror/repairs"): (401, 403, 403, 403, 401),
    ("GET", "/v1/search/facets"): PUBLIC,
    ("GET", "/v1/search"): PUBLIC,
    ("GET", "/v1/search.tsv"): PUBLIC,
    ("GET", "/v1/taxonomy"): PUBLIC,
    ("GET", "/v1/taxonomy/{taxon_id}"): PUBLIC,
    ("GET", "/v1/health"): PUBLIC,
    ("GET", "/v1/members"): PUBLIC,
    ("GET", "/v1/rules"): PUBLIC,
    ("GET", "/v1/rules/{rule}"): PUBLIC,
    ("GET", "/v1/openapi.json"): PUBLIC,
}
BODIES = {
    "/v1/curation/{submission_id}/member": {"member": "no-such", "reason": "From the matrix"},
    "/v1/submissions/{submission_id}/human-resources": {
        "document": "cn_backup",
        "number": "2026BF0001",
        "dated": "2026-01-01",
        "standing": "verified",
    },
    "/v1/submissions/{submission_id}/committee": {"committee": "HDAC999999"},
    "/v1/committees": {"name": "From the matrix"},
    "/v1/committees/{committee}/invitations": {"email": "somebody@example.org"},
    "/v1/committees/{committee}/members/{subject}": {"contact": True},
    "/v1/requests": {"dataset": "CRA999999"},
    "/v1/requests/{request}": {"answers": {}},
    "/v1/requests/{request}/votes": {"decision": "approve"},
    "/v1/requests/{request}/return": {"reason": "From the matrix"},
    "/v1/approvals/look": {"token": "apr_x"},
    "/v1/approvals": {"token": "apr_x"},
    "/v1/access-grants/{request}/revoke": {"reason": "From the matrix"},
    "/v1/access-grants/{request}/closing": {"deleted": True},
    "/v1/records/{accession}/break-glass": {"reason": "From the matrix, to see what it answers"},
    "/v1/mirror/repairs": {"accession": "SRR000001"},
    "/v1/submissions": {"member": "gsa", "title": "From the matrix"},
    "/v1/submissions/{submission_id}/metadata": {},
    "/v1/files/{file_id}/upload": {"size_bytes": 100},
    "/v1/files/{file_id}/part-urls": {"parts": [{"number": 1, "size_bytes": 100, "sha256": "A" * 43 + "="}]},
    "/v1/submissions/{submission_id}/uploads": {"files": [{"file_id": "x", "size_bytes": 1, "sha256": "A" * 43 + "="}]},
    "/v1/curation/{submission_id}/decision": {"decision": "accept"},
    "/v1/curation/{submission_id}/blanking": {"reasons": ["pixel_text_confirmed"]},
    "/v1/curation/{submission_id}/priority": {"priority": "normal"},
    "/v1/curation/{submission_id}/checklist": {"decisions": [{"finding": "0" * 16, "decision": "harmless"}]},
    "/v1/records/{accession}/reviewer-links": {"label": "From the matrix"},
    "/v1/records/{accession}/publications": {"doi": "10.1000/xyz"},
    "/v1/records/{accession}/publications/{article}": {"outcome": "matched"},
    "/v1/submissions/{submission_id}/release": {"mode": "immediately"},
    "/v1/records/{accession}/release": {"mode": "immediately"},
    "/v1/submissions/{submission_id}/access": {"access": "open"},
    "/v1/releases": {"accessions": ["CRA999999"]},
    "/v1/records/{accession}/visibility": {"act": "suppress", "reason": "From the matrix"},
    "/v1/records/{accession}/corrections": {"changes": {"title": "From the matrix"}},
    "/v1/records/{accession}/corrections/{correction}": {"decision": "accept"},
    "/v1/curation/{submission_id}/notes": {"text": "From the matrix"},
    "/v1/accounts/principal-investigators/{subject}/decision": {"decision": "verify"},
    "/v1/accounts/{subject}/roles": {"roles": []},
    "/v1/groups/{group_id}/invitations": {"email": "somebody@example.org"},
}
SENT = {  # what is no JSON
    "/v1/submissions/{submission_id}/metadata/annotated": {
        "data": b"no workbook",
        "headers": {"Content-Type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    }
}


HEADER = "X-Reviewer-Token"


@dataclass
class Reviewed:
    """A private dataset of Ana's and the secrets of three links to it: good, revoked, expired."""

    dataset: str
    secrets: dict[str, str]
    holder: Person


@pytest.fixture(scope="module")
def reviewed(ana: Person, chen: Person, nobody: Person, aws: Callable[[str], Any]) -> Reviewed:
    files = [("reviewed.fastq.gz", tiny_fastq(seed=171))]
    release = {"mode": "on_date", "date": "2027-10-01"}
    dataset = accepted(ana, chen, document(files, "For a reviewer"), files, "archived", release=release)["dataset"]
    place = f"/v1/records/{dataset}/reviewer-links"
    made = {which: ana.post(place, {"label": which, "data": True}) for which in ("good", "revoked", "expired")}
    ana.call("DELETE", f"{place}/{made['revoked']['id']}")
    dynamodb = aws("dynamodb")
    table = next(name for name in dynamodb.list_tables()["TableNames"] if "records" in name.lower())
    dynamodb.update_item(  # its day has come: the shared clock stays where it is
        TableName=table,
        Key={"pk": {"S": f"ACC#{dataset}"}, "sk": {"S": f"RL#{made['expired']['id']}"}},
        UpdateExpression="SET expires_at = :past",
        ConditionExpression="attribute_exists(pk)",
        ExpressionAttributeValues={":past": {"S": "2026-01-01T00:00:00.000Z"}},
    )
    secrets = {which: link["token"] for which, link in made.items()}
    holder = Person(nobody.url, "the holder of a reviewer's link")
    holder.session.headers[HEADER] = secrets["good"]
    return Reviewed(dataset, secrets, holder)


def _options(route: tuple[str, str]) -> dict[str, Any]:
    """What is sent to a route."""
    return {} if route[0] == "GET" else SENT.get(route[1]) or {"json": BODIES.get(route[1], {})}


def test_every_route_is_in_the_table() -> None:
    assert {(op.method, op.path) for op in OPERATIONS} == set(TABLE)


def _url(path: str, made: dict[str, Any], accession: str = "CRA999999") -> str:
    """The path with everything filled in: Ana's draft, and things that do not exist."""
    names = {"submission_id": made["id"], "file_id": made["files"][0]["id"], "accession": accession}
    names |= {"token_id": "tok_x", "notice_id": "evt_x", "subject": "somebody", "group_id": "grp_x"}
    names |= {"number": "1", "correction": "cor_x", "link_id": "x", "article": "x", "code": "X", "taxon_id": "562"}
    names |= {"other": "CRA999998"}
    names |= {"study_uid": "2.25.1", "series_uid": "2.25.2", "instance_uid": "2.25.3", "frames": "1"}
    names |= {"mark": "0" * 32, "moment": "before"}
    names |= {"query_id": "qry_x", "day": "2020-01-01"}
    names |= {"committee": "HDAC999999", "request": "HREQ999999", "document": "sharing_policy"}
    query = {
        "/v1/search": "?q=zzz",
        "/v1/search.tsv": "?q=zzz",
        "/v1/search/facets": "?q=zzz",
        "/v1/taxonomy": "?q=zzz",
        "/v1/accounts": "?email=ana@example.org",
        "/v1/curation/next": "?stage=metadata",
        "/v1/records/{accession}/difference": "?from=1&to=1",
        "/v1/publications": "?doi=10.1000/xyz",
        **dict.fromkeys(("/v1/dicomweb/studies", "/v1/dicomweb/series", "/v1/dicomweb/instances"), "?PatientID=X"),
    }.get(path, "")
    return path.format(**names, type="run", name="x", member="none", rule="general.fault") + query


@pytest.fixture(scope="module")
def looked_at(ana: Person) -> dict[str, Any]:
    """Ana's draft for the routes that only look."""
    return draft(ana, [("matrix.fastq.gz", tiny_fastq())], "Matrix")


@pytest.mark.parametrize("route", sorted(TABLE), ids=" ".join)
def test_a_route_answers_each_caller_as_the_table_says(
    route: tuple[str, str],
    nobody: Person,
    li: Person,
    chen: Person,
    ana: Person,
    reviewed: Reviewed,
    looked_at: dict[str, Any],
) -> None:
    method, path = route
    changes = method != "GET" and "_id}" in path
    made = draft(ana, [("matrix.fastq.gz", tiny_fastq())], "Matrix") if changes else looked_at
    expected = TABLE[route]
    for caller, status in zip((nobody, li, chen, ana, reviewed.holder), expected, strict=True):
        if status is None:
            continue
        url = _url(path, made, reviewed.dataset) if caller is reviewed.holder else _url(path, made)
        answer = caller.call(method, url, **_options(route))
        assert answer.status_code == status, f"{caller.email or 'nobody'}: {answer.status_code} {answer.text}"
        if status >= 400:
            assert answer.headers["Content-Type"].startswith("application/problem+json")
            assert answer.json()["rule"] and answer.json()["mend"]


GUARDED = sorted((op.method, op.path) for op in OPERATIONS if op.signed_in)


def test_every_guarded_route_is_shut_for_a_closed_account(
    stack: Stack, nobody: Person, ana: Person, ada: Person
) -> None:
    """The session and the personal token of somebody whose account was closed while they were at work."""
    closed = newcomer(stack, nobody)
    token = closed.post("/v1/me/tokens", {"label": "pipeline", "scopes": ["read", "submit", "curate"]})["token"]
    made = draft(ana, [("closed.fastq.gz", tiny_fastq())], "Not theirs")
    ada.post(f"/v1/accounts/{closed.get('/v1/me')['subject']}/close")
    for method, path in GUARDED:
        url = _url(path, made)
        for authorization in (str(closed.session.headers["Authorization"]), f"Bearer {token}"):
            answer = nobody.call(method, url, headers={"Authorization": authorization})
            assert answer.status_code == 401, f"{method} {path}: {answer.status_code} {answer.text}"


def _told(answer: requests.Response, *hidden: str) -> tuple[int, str]:
    """Status and body of an answer without what differs from call to call."""
    is_json = "json" in answer.headers.get("Content-Type", "")
    text = str(answer.json() | {"instance": ""}) if is_json and isinstance(answer.json(), dict) else answer.text
    for word in hidden:
        text = text.replace(word, "IT")
    return answer.status_code, text


NOT_REVIEWING = sorted(route for route in TABLE if not route[1].startswith("/v1/review"))


@pytest.mark.parametrize("which", ["good", "revoked", "expired"])
def test_a_reviewers_link_opens_no_route_but_its_own_and_tells_nothing_of_what_exists(
    which: str, nobody: Person, ana: Person, reviewed: Reviewed
) -> None:
    """To whoever holds it the private dataset and one that does not exist are the same, word for word."""
    made, secret = draft(ana, [("link.fastq.gz", tiny_fastq())], "Not theirs"), reviewed.secrets[which]
    for route in NOT_REVIEWING:
        if "{accession}" not in route[1]:
            continue
        known, unknown = (_url(route[1], made, name) for name in (reviewed.dataset, "CRA999999"))
        with_link = {"headers": {HEADER: secret}} | _options(route)
        with_link["headers"] = {HEADER: secret} | with_link.get("headers", {})
        shown = _told(nobody.call(route[0], known, **with_link), reviewed.dataset)
        assert shown == _told(nobody.call(route[0], unknown, **_options(route)), "CRA999999"), route
    for method, path in GUARDED:
        answer = nobody.call(method, _url(path, made, reviewed.dataset), headers={"Authorization": f"Bearer {secret}"})
        assert answer.status_code == 401, f"{method} {path}: {answer.text}"


def test_a_revoked_and_an_expired_link_end_at_every_route_of_theirs(nobody: Person, reviewed: Reviewed) -> None:
    routes = sorted(path for method, path in TABLE if path.startswith("/v1/review"))
    assert len(routes) == 4
    ended = set()
    for path in routes:
        for which in ("revoked", "expired"):
            url = path.format(type="run", name="x")
            answer = nobody.call("GET", url, headers={HEADER: reviewed.secrets[which]})
            assert answer.status_code == 410, f"{path} {which}: {answer.text}"
            ended.add(_told(answer))
    assert len(ended) == 1  # which of the two it was is nobody's business
    unknown = nobody.call("GET", "/v1/review", headers={HEADER: "rvw_" + "x" * 43})
    assert unknown.status_code == 404 and reviewed.dataset not in unknown.text


def test_unknown_and_forbidden_look_the_same(ana: Person, li: Person) -> None:
    made = draft(ana, [("same.fastq.gz", tiny_fastq())])
    forbidden = li.call("GET", f"/v1/submissions/{made['id']}")
    unknown = li.call("GET", f"/v1/submissions/{'sub_' + 'z' * 26}")
    assert forbidden.status_code == unknown.status_code == 404
    for answer, identifier in ((forbidden, made["id"]), (unknown, "sub_" + "z" * 26)):
        body = answer.json()
        body.pop("instance")
        assert body.pop("detail") == f"There is no submission {identifier!r}, or you may not see it."
        assert body["rule"] == "general.not_found"


def test_an_unknown_file_and_anothers_file_look_the_same(ana: Person, li: Person) -> None:
    made = draft(ana, [("same.fastq.gz", tiny_fastq())])
    known, unknown = made["files"][0]["id"], "file_" + "z" * 26
    for method, tail, body in (
        ("POST", "upload", {"size_bytes": 9}),
        ("GET", "parts", None),
        ("POST", "complete", None),
    ):
        told = []
        for file_id in (known, unknown):
            answer = li.call(method, f"/v1/files/{file_id}/{tail}", json=body)
            shown = answer.json() | {"instance": ""}
            told.append((answer.status_code, str(shown).replace(file_id, "FILE")))
        assert told[0] == told[1] and made["id"] not in told[0][1]


def test_two_documents_sent_at_once_never_mix(ana: Person) -> None:
    """One wins whole; whoever comes second is told so or replaces the first whole."""
    from concurrent.futures import ThreadPoolExecutor

    from tests.journeys.conftest import document

    made = ana.post("/v1/submissions", {"member": "gsa", "title": "Two at once"})
    titles = [f"Document number {n}" for n in range(6)]

    def put(title: str) -> int:
        sent = document([(f"{title[-1]}.fastq.gz", title.encode())], title)
        return ana.call("PUT", f"/v1/submissions/{made['id']}/metadata", json=sent).status_code

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(put, titles)) <= {200, 409}
    found = ana.get(f"/v1/submissions/{made['id']}")
    (study,) = [o["attributes"]["title"] for o in found["objects"] if o["type"] == "study"]
    assert len(found["objects"]) == 5 and len(found["files"]) == 1
    assert {o["attributes"]["title"].rsplit(" ", 1)[0] for o in found["objects"] if o["type"] == "sample"} == {study}
    assert found["files"][0]["name"] == f"{study[-1]}.fastq.gz"


def test_a_forged_token_is_refused_on_every_guarded_route(nobody: Person, ana: Person) -> None:
    import base64
    import json

    good = str(ana.session.headers["Authorization"]).removeprefix("Bearer ")
    header, payload, signature = good.split(".")

    def encoded(value: dict[str, str]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    promoted = encoded(claims | {"cognito:groups": ["curator"]})
    forged = [
        f"{encoded({'alg': 'none', 'typ': 'JWT'})}.{payload}.",
        f"{encoded({'alg': 'HS256', 'kid': 'dummy'})}.{payload}.{signature}",
        f"{header}.{promoted}.{signature}",
        f"{header}.{payload}.{signature[:-4]}AAAA",
        f"{header}.{payload}",
        "x" * 20_000,
    ]
    for token in forged:
        answer = nobody.call("GET", "/v1/me", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code in (401, 413, 431), answer.text
        optional = nobody.call("GET", "/v1/records/CRA000001", headers={"Authorization": f"Bearer {token}"})
        assert optional.status_code in (401, 413, 431)
