"""What the check of a submitted file said: for programs, and as a page for people."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from chalice import Response

from biotheca import clock
from biotheca.accounts.model import Person
from biotheca.aws.buckets import disposition
from biotheca.errors import Finding, Invalid
from biotheca.qc import service
from biotheca.qc.report_html import POLICY
from functions.api.seam import Routes, query_of
from functions.stores import reports, submissions

routes = Routes(__name__, "submissions")
FORMATS = ("json", "html", "link")
LINK_VALID_S = 300


@routes.on(
    "GET",
    "/v1/submissions/{submission_id}/files/{file_id}/report",
    signed_in=True,
    query={"format": "json (usual), html (the page), or link: an address where a browser shows the page"},
    errors=(401, 404, 422),
    gives=("application/json", "text/html"),
)
def report(submission_id: str, file_id: str, person: Person) -> Response:
    """What the check of a file said: verdict, findings, statistics; for its owner, their group and the staff."""
    wanted = query_of(routes.current_request).get("format", "json")
    if wanted not in FORMATS:
        message = f"format is one of {', '.join(FORMATS)}."
        raise Invalid(message, [Finding("metadata.choice", "?format", message, wanted[:80], ", ".join(FORMATS))])
    file = service.report_of(submissions(), person, submission_id, file_id)
    if wanted == "html":
        headers: dict[str, str | list[str]] = {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Security-Policy": f"{POLICY}; sandbox; frame-ancestors 'none'",
            "Content-Disposition": disposition(f"{file.name}.html", "inline"),
        }
        return Response(service.page_of(reports(), file), headers=headers)
    answer: dict[str, Any]
    if wanted == "link":
        expires_at = clock.stamp(clock.now() + timedelta(seconds=LINK_VALID_S))
        answer = {"url": reports().page_link(file.report or "", LINK_VALID_S), "expires_at": expires_at}
    else:
        answer = service.document_of(reports(), file)
    return Response(answer, headers={"Content-Type": "application/json"})
