"""Released studies as FHIR resources."""

from __future__ import annotations

import json

from chalice import Response

from biotheca.imaging import fhir
from functions.api.seam import Routes, optional_person
from functions.stores import records

routes = Routes(__name__, "imaging")


@routes.on(
    "GET",
    "/v1/fhir/ImagingStudy/{accession}",
    errors=(401, 404, 410),
    gives=(fhir.MEDIA_TYPE,),
)
def imaging_study(accession: str) -> Response:
    """A study as a FHIR R4 ImagingStudy: its series and images, days moved, its subject a pseudonym."""
    told = fhir.study(records(), optional_person(routes.current_request), accession)
    return Response(json.dumps(told, ensure_ascii=False), headers={"Content-Type": fhir.MEDIA_TYPE})
