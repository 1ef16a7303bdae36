"""Workbooks: templates of a member, a submission as a workbook, a dry run of metadata, a workbook given back marked."""

from __future__ import annotations

import io
import zipfile

from chalice import Response

from biotheca import catalog
from biotheca.accounts.model import Person
from biotheca.catalog import Member, ObjectType
from biotheca.errors import Invalid, NotFound
from biotheca.submissions import service as submission_service
from biotheca.workbooks import layout, service, writing
from biotheca.workbooks.model import TSV, XLSX
from biotheca.workbooks.plain import tables_of
from biotheca.workbooks.rules import finding
from biotheca.workbooks.verdicts import TAKEN
from functions.api.seam import Routes, Sent, attachment, query_of
from functions.api.shapes import Metadata
from functions.api.shapes_workbooks import Verdict
from functions.stores import registry, submissions

routes = Routes(__name__, "workbooks")
LANGUAGE = {"lang": "en or zh (en)"}
FORMAT = {"format": "xlsx or tsv (xlsx)", "sheet": "One object type's table alone (tsv), by type, section or title"}
PACKAGE = {"package": "Columns of one package only, e.g. a type of sample"}


@routes.on(
    "GET",
    "/v1/members/{member}/template",
    query=FORMAT | LANGUAGE | PACKAGE,
    gives=(XLSX, TSV, "application/zip"),
    errors=(404, 422),
)
def template(member: str) -> Response:
    """The member's workbook, made from the catalog: read me, one sheet an object type, vocabulary with drop-downs."""
    whole = catalog.members().get(member)
    if whole is None:
        raise NotFound(f"There is no member database {member[:60]!r}; see /v1/members.")
    package = _package(whole)
    name = f"{whole.id}-template" + (f"-{package}" if package else "")
    return _workbook(whole, name, package)


@routes.on(
    "GET",
    "/v1/submissions/{submission_id}/workbook",
    signed_in=True,
    query=FORMAT | LANGUAGE,
    gives=(XLSX, TSV, "application/zip"),
    errors=(401, 404, 422),
)
def workbook(submission_id: str, person: Person) -> Response:
    """The submission's metadata as a filled workbook; change it and send it again."""
    submission = submission_service.visible(submissions(), person, submission_id)
    document = service.stored(submissions(), submission)
    general = service.general_of(submission)
    return _workbook(catalog.members()[submission.member], submission.id, "", document, general)


@routes.on(
    "POST",
    "/v1/submissions/{submission_id}/metadata/check",
    signed_in=True,
    body=Metadata,
    takes=TAKEN,
    answer=Verdict,
    errors=(401, 404, 413, 415),
)
def check(submission_id: str, body: Sent, person: Person) -> Verdict:
    """Every finding of a document, table or workbook and what it would change. Nothing is stored."""
    return Verdict(**service.check(submissions(), person, submission_id, body.media_type, body.body, registry()))


@routes.on(
    "POST",
    "/v1/submissions/{submission_id}/metadata/annotated",
    signed_in=True,
    body=Metadata,
    takes=(XLSX, TSV),
    gives=(XLSX,),
    errors=(401, 404, 413, 415, 422),
)
def annotated(submission_id: str, body: Sent, person: Person) -> Response:
    """The same workbook back with bad cells coloured and commented, and a sheet of findings before it."""
    received, findings = service.annotate(submissions(), person, submission_id, body.media_type, body.body, registry())
    marked = writing.annotated(received, findings, _chosen("lang", layout.LANGUAGES))
    return attachment(marked, XLSX, f"{submission_id[:60]}-findings.xlsx")


def _workbook(
    member: Member, name: str, package: str, document: dict | None = None, general: dict | None = None
) -> Response:
    language, kind = _chosen("lang", layout.LANGUAGES), _sheet(member)
    if _chosen("format", ("xlsx", "tsv")) == "xlsx":
        made = writing.template(member, language, package, document, general, kind)
        return attachment(made, XLSX, f"{name}.xlsx")
    tables = tables_of(member, language, package, document, general)
    if kind is not None:
        return attachment(tables[f"{kind.section}.tsv"].encode(), TSV, f"{name}-{kind.section}.tsv")
    return attachment(_zipped(tables), "application/zip", f"{name}.zip")


def _zipped(tables: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in tables.items():
            packed.writestr(zipfile.ZipInfo(name), text.encode(), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _chosen(name: str, known: tuple[str, ...]) -> str:
    given = query_of(routes.current_request).get(name) or known[0]
    return _one_of(name, given, known)


def _one_of(name: str, given: str, known: tuple[str, ...]) -> str:
    if given not in known:
        expected = ", ".join(known)
        message = f"{name} must be one of {expected}."
        raise Invalid(message, [finding("metadata.choice", f"?{name}", message, given[:80], expected)])
    return given


def _sheet(member: Member) -> ObjectType | None:
    given = query_of(routes.current_request).get("sheet")
    if not given:
        return None
    kind = layout.kind_of(member, given)
    if kind is None:
        _one_of("sheet", given, tuple(k.section for k in member.objects))
    return kind


def _package(member: Member) -> str:
    """The package asked for, as ?package= or under the name of the field that names it."""
    query = query_of(routes.current_request)
    for kind in member.objects:
        given = query.get("package") or query.get(kind.package_field or "")
        if given and kind.packages:
            return _one_of("package", given, tuple(kind.packages))
    return ""
