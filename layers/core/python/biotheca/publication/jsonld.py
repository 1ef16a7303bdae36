"""A record as schema.org/Dataset in JSON-LD, for search engines of data and for assessors. Pure."""

from __future__ import annotations

import mimetypes
from collections.abc import Sequence
from typing import Any

from biotheca.catalog.archive import archive
from biotheca.publication.model import Record

MEDIA_TYPE = "application/ld+json"
TAXA = "http://purl.obolibrary.org/obo/NCBITaxon_"  # the identifiers of NCBI's taxonomy in OBO
_KNOWN = mimetypes.MimeTypes(filenames=())  # the same on every machine


def dataset(
    said: dict[str, Any], record: Record, mode: str, about: dict[str, Any], files: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """The document. `said`: `citation.facts`; `about`: description, organisms and words, own or of what is above.

    `files`: those that everybody may download, as published; none where the mode is not open.
    """
    terms = terms_of(mode)
    address = archive()["address"].rstrip("/")
    place = f"{address}/v1/records/{record.accession}"
    publisher = {"@type": "Organization", "name": said["publisher"], "url": address}
    found = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "@id": said["url"],
        "identifier": [said["url"], record.accession],
        "url": said["url"],
        "name": said["title"],
        "description": about["description"] or said["title"],
        "keywords": about["words"],
        "about": [{"@type": "Taxon", "name": name, "sameAs": f"{TAXA}{taxon}"} for taxon, name in about["organisms"]],
        "creator": {"@type": "Organization", "name": said["creator"]},
        "publisher": publisher,
        "includedInDataCatalog": {"@type": "DataCatalog", "name": archive()["name"]["en"], "url": address},
        "dateCreated": record.created_at[:10],
        "datePublished": said["released_on"],
        "dateModified": (record.changed_at or record.released_at or "")[:10],
        "version": said["version"],
        "license": terms["licence"],
        "conditionsOfAccess": terms["conditions"],
        "accessRights": terms["right"],
        "isAccessibleForFree": bool(terms["licence"]),
        "isBasedOn": [f"{address}/r/{accession}" for accession in record.needs],
        "subjectOf": {"@type": "DigitalDocument", "name": "Versions of the record", "url": f"{place}/versions"},
        "distribution": [_download(place, file) for file in files],
    }
    return {name: value for name, value in found.items() if value not in ("", [], None)}


def terms_of(mode: str) -> dict[str, str]:
    """Licence, right and conditions of an access mode.

    >>> terms_of("open")["licence"]
    'https://creativecommons.org/licenses/by/4.0/'
    >>> terms_of("controlled")["licence"]
    ''
    """
    rows: dict[str, dict[str, str]] = archive()["access"]
    return rows.get(mode) or rows["other"]


def _download(place: str, file: dict[str, Any]) -> dict[str, Any]:
    return {
        "@type": "DataDownload",
        "name": file["name"],
        "contentUrl": f"{place}/files/{file['name']}",
        "contentSize": f"{file['size_bytes']} B",
        "encodingFormat": media_type(file["name"]),
        "sha256": file["sha256"],
    }


def media_type(name: str) -> str:
    """What a file's name says of its form.

    >>> [media_type(name) for name in ("CRR000001_f1.fq.gz", "OMIX000001-01.csv", "x.unheard")]
    ['application/gzip', 'text/csv', 'application/octet-stream']
    """
    kind, packed = _KNOWN.guess_type(name)
    if packed == "gzip" or name.endswith(".gz"):
        return "application/gzip"
    return kind or "application/octet-stream"
