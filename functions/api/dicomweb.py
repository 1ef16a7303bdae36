"""Released images as DICOMweb: QIDO-RS and WADO-RS (PS3.18 section 10). What it promises: docs/imaging.md."""

from __future__ import annotations

from typing import Any

from chalice import Response
from pydantic import BaseModel

from biotheca.accounts.model import Person
from biotheca.errors import Finding, Invalid
from biotheca.imaging import media, reading, receiving, rules, service
from biotheca.imaging.reading import Answer, Opened
from functions.api.seam import Attachment, Routes, Sent, optional_person, query_of
from functions.stores import grants, inbox, packed, records, series, submissions

routes = Routes(__name__, "dicomweb")
ROOT = "/v1/dicomweb"
STUDY = f"{ROOT}/studies/{{study_uid}}"
SERIES = f"{STUDY}/series/{{series_uid}}"
INSTANCE = f"{SERIES}/instances/{{instance_uid}}"
DICOM_JSON = "application/dicom+json"
OBJECTS = ('multipart/related; type="application/dicom"',)
ASKED = {
    "PatientID": "Any attribute by keyword or tag: UIDs between commas, * and ?, ranges of dates",
    "includefield": "Keywords or tags, or all",
    "limit": f"At most {rules.LARGEST_PAGE}",
    "offset": "How many to pass over",
}
FOUND: dict[str, Any] = {"query": ASKED, "errors": (204, 401, 413, 422), "gives": (DICOM_JSON,)}
READ = (307, 401, 404, 406, 410, 413)


def _base() -> str:
    """Where DICOMweb is to be found for this caller."""
    request = routes.current_request
    path = str(request.context.get("path") or request.path or "")
    stage = path.partition(ROOT)[0] if ROOT in path else ""
    return f"{request.headers.get('x-forwarded-proto', 'https')}://{request.headers.get('host', '')}{stage}{ROOT}"


def _search(level: str, **uids: str) -> Response:
    given = routes.current_request.query_params
    pairs = [(name, text) for name in given for text in given.getlist(name)] if given else []
    query = rules.query_of(level, pairs, uids)
    person = optional_person(routes.current_request)
    hits = service.search(series(), packed(), records(), person, query, _base(), grants())
    headers: dict[str, str | list[str]] = {}
    if query.warnings:
        headers["Warning"] = ", ".join(f'299 biotheca "{words}"' for words in query.warnings)
    if not hits:
        return Response("", headers=headers, status_code=204)
    return Response(hits, headers=headers | {"Content-Type": DICOM_JSON})


@routes.on("GET", f"{ROOT}/studies", **FOUND)
def find_studies(**_: str) -> Response:
    """Released studies that match (QIDO-RS)."""
    return _search(rules.STUDY)


@routes.on("GET", f"{ROOT}/series", **FOUND)
def find_series(**_: str) -> Response:
    """Released series that match (QIDO-RS)."""
    return _search(rules.SERIES)


@routes.on("GET", f"{ROOT}/instances", **FOUND)
def find_instances(**_: str) -> Response:
    """Instances that match, of series whose files the caller may have (QIDO-RS)."""
    return _search(rules.INSTANCE)


@routes.on("GET", f"{STUDY}/series", **FOUND)
def find_series_of_study(study_uid: str) -> Response:
    """Series of a study that match (QIDO-RS)."""
    return _search(rules.SERIES, StudyInstanceUID=study_uid)


@routes.on("GET", f"{STUDY}/instances", **FOUND)
def find_instances_of_study(study_uid: str) -> Response:
    """Instances of a study that match (QIDO-RS)."""
    return _search(rules.INSTANCE, StudyInstanceUID=study_uid)


@routes.on("GET", f"{SERIES}/instances", **FOUND)
def find_instances_of_series(study_uid: str, series_uid: str) -> Response:
    """Instances of a series that match (QIDO-RS)."""
    return _search(rules.INSTANCE, StudyInstanceUID=study_uid, SeriesInstanceUID=series_uid)


# --- STOW-RS ---


class Instances(BaseModel):
    """multipart/related; its parts are application/dicom."""


@routes.on(
    "POST",
    f"{ROOT}/studies",
    signed_in=True,
    body=Instances,
    takes=("multipart/related",),
    gives=(DICOM_JSON,),
    query={"submission": "The draft that the instances are put into; a new one without it"},
    status=202,
    errors=(401, 403, 404, 409, 413, 415, 422),
)
def store(body: Sent, person: Person) -> Response:
    """Put instances into a draft of yours (STOW-RS): small bodies; `biotheca submit` sends more."""
    request = routes.current_request
    kind, named = request.headers.get("content-type", ""), query_of(request).get("submission")
    found = receiving.receive(submissions(), inbox(), person, kind, body.body, named)
    headers: dict[str, str | list[str]] = {"Content-Type": DICOM_JSON}
    if found.submission:
        headers["Warning"] = f'299 biotheca "{receiving.CHANGED_LATER}"'
        headers["Link"] = f'</v1/submissions/{found.submission}>; rel="related"'
    return Response(found.as_dicom_json(), headers=headers, status_code=found.status)


# --- WADO-RS ---


def _series(study_uid: str, series_uid: str) -> Opened:
    person = optional_person(routes.current_request)
    return reading.series_of(records(), packed(), person, study_uid, series_uid, grants())


def _study(study_uid: str) -> list[Opened]:
    person = optional_person(routes.current_request)
    return reading.study_of(series(), records(), packed(), person, study_uid, grants())


def _accept() -> str | None:
    """What the caller takes: the query parameter before the header (PS3.18 8.3.3.1)."""
    request = routes.current_request
    return query_of(request).get("accept") or request.headers.get("accept")


def _sent(answer: Answer) -> Response:
    """Bytes, or 307 to where they are."""
    if answer.link:
        return Response("", headers={"Location": answer.link}, status_code=307)
    headers: dict[str, str | list[str]] = {"Content-Type": answer.content_type}
    if answer.encoding:
        headers["Content-Encoding"] = answer.encoding
    return Attachment(answer.body, headers=headers)


@routes.on("GET", STUDY, errors=READ, gives=OBJECTS)
def study(study_uid: str) -> Response:
    """All instances of a study (WADO-RS)."""
    return _sent(reading.objects(packed(), _study(study_uid), _accept(), _base()))


@routes.on("GET", SERIES, errors=READ, gives=(*OBJECTS, media.ZIP))
def one_series(study_uid: str, series_uid: str) -> Response:
    """All instances of a series (WADO-RS); as application/zip however large it is."""
    return _sent(reading.objects(packed(), [_series(study_uid, series_uid)], _accept(), _base()))


@routes.on("GET", INSTANCE, errors=READ, gives=(*OBJECTS, media.DICOM))
def instance(study_uid: str, series_uid: str, instance_uid: str) -> Response:
    """One instance (WADO-RS)."""
    return _sent(reading.objects(packed(), [_series(study_uid, series_uid)], _accept(), _base(), instance_uid))


def _metadata(of: list[Opened], uid: str | None = None) -> Response:
    media.chosen(_accept(), [(DICOM_JSON, False), ("application/json", False)])
    takes_gzip = "gzip" in routes.current_request.headers.get("accept-encoding", "")
    sent = _sent(reading.metadata(packed(), of, takes_gzip, uid))
    sent.headers["Vary"] = "Accept-Encoding"
    return sent


@routes.on("GET", f"{STUDY}/metadata", errors=READ, gives=(DICOM_JSON,))
def study_metadata(study_uid: str) -> Response:
    """The metadata of all instances of a study, DICOM JSON."""
    return _metadata(_study(study_uid))


@routes.on("GET", f"{SERIES}/metadata", errors=READ, gives=(DICOM_JSON,))
def series_metadata(study_uid: str, series_uid: str) -> Response:
    """The metadata of all instances of a series, DICOM JSON; compressed for who takes gzip."""
    return _metadata([_series(study_uid, series_uid)])


@routes.on("GET", f"{INSTANCE}/metadata", errors=READ, gives=(DICOM_JSON,))
def instance_metadata(study_uid: str, series_uid: str, instance_uid: str) -> Response:
    """The metadata of an instance, DICOM JSON."""
    return _metadata([_series(study_uid, series_uid)], instance_uid)


def _numbers(text: str) -> list[int]:
    pieces = text.split(",")
    if not all(one.isascii() and one.isdigit() and len(one) < 9 for one in pieces):
        message = "Frames are named by numbers from 1, between commas."
        raise Invalid(message, [Finding("imaging.query", "/frames", message, text[:60], "1,2,3")])
    return [int(one) for one in pieces]


@routes.on("GET", f"{INSTANCE}/frames/{{frames}}", errors=(*READ, 422), gives=(media.OCTETS, media.JPEG, "image/jp2"))
def frames(study_uid: str, series_uid: str, instance_uid: str, frames: str) -> Response:
    """Frames of an instance as they are stored (WADO-RS)."""
    numbers = _numbers(frames)
    found = _series(study_uid, series_uid)
    return _sent(reading.frames(packed(), found, instance_uid, numbers, _accept(), _base()))


SHOWN = {"window": "centre,width or centre,width,linear in place of the header's"}


@routes.on("GET", f"{INSTANCE}/rendered", query=SHOWN, errors=(*READ, 422), gives=(media.PNG, media.JPEG))
def rendered(study_uid: str, series_uid: str, instance_uid: str) -> Response:
    """The first frame of an instance as a picture."""
    return _rendered(_series(study_uid, series_uid), instance_uid, 1)


@routes.on(
    "GET", f"{INSTANCE}/frames/{{frames}}/rendered", query=SHOWN, errors=(*READ, 422), gives=(media.PNG, media.JPEG)
)
def rendered_frame(study_uid: str, series_uid: str, instance_uid: str, frames: str) -> Response:
    """A frame of an instance as a picture."""
    (number, *_) = _numbers(frames)
    return _rendered(_series(study_uid, series_uid), instance_uid, number)


def _rendered(found: Opened, uid: str, number: int) -> Response:
    window = query_of(routes.current_request).get("window")
    return _sent(reading.rendered(packed(), found, uid, number, _accept(), window))


@routes.on("GET", f"{SERIES}/thumbnail", errors=READ, gives=(media.PNG,))
def series_thumbnail(study_uid: str, series_uid: str) -> Response:
    """A small picture of the instance in the middle of a series."""
    media.chosen(_accept(), [(media.PNG, False)])
    found = _series(study_uid, series_uid)
    return _sent(reading.picture(packed(), found, reading.middle(found)))


@routes.on("GET", f"{INSTANCE}/thumbnail", errors=READ, gives=(media.PNG,))
def thumbnail(study_uid: str, series_uid: str, instance_uid: str) -> Response:
    """A small picture of the middle frame of an instance."""
    media.chosen(_accept(), [(media.PNG, False)])
    return _sent(reading.picture(packed(), _series(study_uid, series_uid), instance_uid))
