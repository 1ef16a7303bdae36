"""Public records, their files and downloads, and the accession resolver. No sign-in is needed for what is public."""

from __future__ import annotations

from chalice import Response

from biotheca.accessions.model import recognise
from biotheca.errors import Finding, Invalid
from biotheca.publication import citation, jsonld, service
from biotheca.publication.access import mode_of
from biotheca.publication.model import Door, public_file
from biotheca.publication.uses import below, uses
from functions.api.seam import Routes, optional_person, page_of, query_of
from functions.api.shapes import BelowShape, DownloadShape, Page, RecordShape
from functions.api.submissions import PAGED
from functions.stores import access, archive, grants, mirror, records

routes = Routes(__name__, "publication")


@routes.on("GET", "/v1/records/{accession}", answer=RecordShape, errors=(401, 404, 410))
def show(accession: str) -> RecordShape:
    """One record with its links and files; its owner and the archive's staff see sensitive attributes too."""
    person = optional_person(routes.current_request)
    record = service.visible(records(), person, accession)
    view = record.inside_view() if service.insider(records(), person, record) else record.public_view()
    view |= {"access": mode_of(records(), record)}
    committee = access().committee(record.committee) if record.committee else None
    if committee:  # number and name, and nobody who is in it
        view |= {"committee": {"number": committee.number, "name": committee.name}}
    return RecordShape(**view)


@routes.on("GET", "/v1/records/{accession}/files", answer=Page, query=PAGED, errors=(401, 404, 410, 422))
def files(accession: str) -> Page:
    """The files of a record; of a dataset, those of all its runs."""
    request = routes.current_request
    limit, cursor = page_of(request)
    person = optional_person(request)
    found, following = service.files(records(), person, accession, limit, cursor, grants())
    inside = service.insider(records(), person, service.visible(records(), person, accession))
    return Page(items=[public_file(f, inside) for f in found], next_cursor=following)


@routes.on("GET", "/v1/records/{accession}/objects/{type}", answer=Page, query=PAGED, errors=(401, 404, 410, 422))
def inside(accession: str, type: str) -> Page:
    """The records of one type (run, experiment) inside a dataset."""
    request = routes.current_request
    limit, cursor = page_of(request)
    found, following = service.inside(records(), optional_person(request), accession, type, limit, cursor)
    return Page(items=[record.public_view() for record in found], next_cursor=following)


@routes.on("GET", "/v1/records/{accession}/uses", answer=Page, query=PAGED, errors=(401, 404, 410, 422))
def used_by(accession: str) -> Page:
    """What uses a record: of a sample, its experiments with their datasets and runs, as far as you may see them."""
    request = routes.current_request
    limit, cursor = page_of(request)
    found, following = uses(records(), optional_person(request), accession, limit, cursor)
    return Page(items=found, next_cursor=following)


@routes.on("GET", "/v1/records/{accession}/below", answer=BelowShape, errors=(401, 404, 410))
def all_below(accession: str) -> BelowShape:
    """All that hangs on a record, of every database, as far as you may see it: of a person, samples down to runs."""
    return BelowShape(**below(records(), optional_person(routes.current_request), accession))


@routes.on(
    "GET",
    "/v1/records/{accession}/files/{name}",
    answer=DownloadShape,
    query={"redirect": "false: the link as JSON instead of a redirect"},
    errors=(302, 401, 404, 410, 422),
)
def download(accession: str, name: str) -> Response | DownloadShape:
    """A redirect to a presigned link of 15 minutes; byte ranges are served."""
    request = routes.current_request
    wanted = query_of(request).get("redirect", "true")
    if wanted not in ("true", "false"):
        raise Invalid(
            "redirect is true or false.", [Finding("metadata.choice", "?redirect", "true or false", wanted[:80])]
        )
    link = service.download(records(), archive(), optional_person(request), accession, name, grants())
    if wanted == "true":
        return Response("", status_code=302, headers={"Location": link["url"]})
    return DownloadShape(**link)


@routes.on("GET", "/r/{accession}", errors=(302, 401, 404, 410))
def resolve(accession: str) -> Response:
    """Go to the record that an accession names, in any letter case, or to the one that took its place."""
    found = recognise(accession)
    target = found.text if found else accession
    if found and not found.own and mirror().record(target):
        return Response("", status_code=302, headers={"Location": f"/v1/mirror/records/{target}"})
    if found and found.parent and found.serial and records().get(target) is None:  # an old file's number
        target = found.parent  # leads to its dataset
    record = service.visible(records(), optional_person(routes.current_request), target, Door.RESOLVER)
    leads_to = record.replaced_by or record.accession
    beside = _asked_for(routes.current_request.headers.get("accept", ""))
    return Response("", status_code=302, headers={"Location": f"/v1/records/{leads_to}{beside}", "Vary": "Accept"})


def _asked_for(accepted: str) -> str:
    """What the Accept header asks for in the place of the record's JSON: JSON-LD, or a form of citation."""
    if jsonld.MEDIA_TYPE in accepted:
        return "/jsonld"
    wanted = (name for name, kind in citation.FORMATS.items() if name != "text" and kind.partition(";")[0] in accepted)
    form = next(wanted, "")
    return f"/citation?format={form}" if form else ""
