"""Records as text: md5sum, files, runs, statistics, citation, certificate; articles, grants, a project's datasets."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from chalice import Response

from biotheca import catalog
from biotheca.accounts.model import Person
from biotheca.aws.buckets import disposition
from biotheca.catalog.archive import archive as institution
from biotheca.errors import Finding, Invalid, NotFound
from biotheca.publication import articles, citation, exports, jsonld, service
from biotheca.publication.access import is_open, mode_of
from biotheca.publication.model import MATRIX, Door, Record, public_file
from functions.api.seam import LARGEST_TEXT_PAGE, Routes, optional_person, page_of, query_of
from functions.api.shapes import Page
from functions.api.shapes_review import ArticleBody, ArticleShape, CertificateShape, OutcomeBody
from functions.api.submissions import PAGED
from functions.stores import grants, records, submissions

routes = Routes(__name__, "publication")
TEXT, CSV, TSV, XML, HTML = "text/plain", "text/csv", "text/tab-separated-values", "application/xml", "text/html"
PAGES = {"limit": "How many runs, 1 to 1000 (1000)", "cursor": "From the Link header of the page before"}


def _runs(accession: str) -> tuple[list[Record], str | None, bool]:
    """(runs, cursor of the next page, whether this is the first) of a record that shows its files."""
    request = routes.current_request
    person = optional_person(request)
    limit, cursor = page_of(request, LARGEST_TEXT_PAGE, LARGEST_TEXT_PAGE)
    record = service.visible(records(), person, accession, Door.FILES, grants())
    if record.accession != record.dataset:
        return _readable([record], records().get(record.dataset or "") or record, person), None, True
    kinds = [kind.type for kind in catalog.members()[record.member].objects if kind.files]
    if not kinds:
        raise NotFound(f"{record.accession} has no files.")
    runs, following = service.inside(records(), person, record.accession, kinds[0], limit, cursor)
    return _readable(runs, record, person), following, cursor is None


def _readable(runs: list[Record], dataset: Record, person: Person | None) -> list[Record]:
    """Runs with those of their files that the reader may have."""
    return [replace(run, files=service.shown_files(records(), person, run, dataset, grants())) for run in runs]


def _text(body: str, kind: str, path: str = "", cursor: str | None = None) -> Response:
    headers: dict[str, str | list[str]] = {"Content-Type": f"{kind}; charset=utf-8" if "charset" not in kind else kind}
    if cursor:
        headers["Link"] = f'<{path}?cursor={quote(cursor, safe="")}>; rel="next"'
    return Response(body, headers=headers)


@routes.on("GET", "/v1/records/{accession}/md5sum.txt", query=PAGES, errors=(401, 404, 410, 422), gives=(TEXT,))
def md5sum(accession: str) -> Response:
    """`md5  path` of every file, as md5sum writes it; a Link header leads to the next page."""
    runs, following, _ = _runs(accession)
    return _text(exports.md5_lines(runs), TEXT, f"/v1/records/{accession}/md5sum.txt", following)


@routes.on("GET", "/v1/records/{accession}/files.tsv", query=PAGES, errors=(401, 404, 410, 422), gives=(TSV,))
def files_tsv(accession: str) -> Response:
    """The files of a record as tab-separated text; a Link header leads to the next page."""
    runs, following, first = _runs(accession)
    shown = (public_file(file) for run in runs for file in run.files)
    rows = ([file[name] for name in exports.FILE_COLUMNS] for file in shown)
    body = exports.table(exports.FILE_COLUMNS if first else None, rows, "\t")
    return _text(body, TSV, f"/v1/records/{accession}/files.tsv", following)


@routes.on("GET", "/v1/records/{accession}/runs.csv", query=PAGES, errors=(401, 404, 410, 422), gives=(CSV,))
def runs_csv(accession: str) -> Response:
    """The files of all runs under the original archive's 25 columns; a Link header leads to the next page."""
    runs, following, first = _runs(accession)
    said = institution()
    rows = exports.run_rows(runs, _related(runs), said["address"].rstrip("/"), said["name"]["en"])
    body = exports.table(exports.RUN_COLUMNS if first else None, rows)
    return _text(body, CSV, f"/v1/records/{accession}/runs.csv", following)


def _related(runs: Iterable[Record]) -> dict[str, Record]:
    """All records that runs lead to, by accession."""
    found: dict[str, Record] = {}
    left = [need for run in runs for need in (*run.needs, run.dataset or "") if need]
    while fresh := [a for a in dict.fromkeys(left) if a not in found]:
        above = records().get_many(fresh)
        found |= above
        left = [need for record in above.values() for need in record.needs]
    return found


@routes.on(
    "GET",
    "/v1/records/{accession}/statistics",
    query={"format": "json (usual) or xml"},
    errors=(401, 404, 410, 422),
    gives=("application/json", XML),
)
def statistics(accession: str) -> Response:
    """What was counted in the files of a run: reads, bases, bytes, digests."""
    request = routes.current_request
    wanted = _one_of("format", query_of(request).get("format", "json"), ("json", "xml"))
    person = optional_person(request)
    found = service.visible(records(), person, accession, Door.FILES, grants())
    (record,) = _readable([found], records().get(found.dataset or "") or found, person)
    if not record.files:
        raise NotFound(f"{record.accession} has no files of its own.")
    name = f"{record.accession}_sta.{wanted}"
    answer = _text(exports.statistics(record, wanted == "xml"), XML if wanted == "xml" else "application/json")
    answer.headers["Content-Disposition"] = disposition(name, "inline")
    return answer


def _one_of(name: str, value: str, known: Iterable[str]) -> str:
    if value not in known:
        expected = ", ".join(known)
        message = f"{name} is one of {expected}."
        raise Invalid(message, [Finding("metadata.choice", f"?{name}", message, value[:80], expected)])
    return value


# --- citation and certificate ---


@routes.on(
    "GET",
    "/v1/records/{accession}/citation",
    query={"format": "text (usual), bibtex, ris, csl or datacite"},
    errors=(401, 404, 410, 422),
    gives=tuple(kind.partition(";")[0] for kind in citation.FORMATS.values()),
)
def cite(accession: str) -> Response:
    """How to cite a record; the format by name, or by the Accept header."""
    request = routes.current_request
    accepted = request.headers.get("accept", "")
    by_header = next((n for n, kind in citation.FORMATS.items() if kind.partition(";")[0] in accepted), "text")
    wanted = _one_of("format", query_of(request).get("format", by_header), citation.FORMATS)
    said = articles.cited(records(), optional_person(request), accession)
    return _text(citation.render(wanted, said), citation.FORMATS[wanted])


@routes.on("GET", "/v1/records/{accession}/jsonld", errors=(401, 404, 410), gives=(jsonld.MEDIA_TYPE,))
def as_jsonld(accession: str) -> Response:
    """A record as schema.org/Dataset, with licence, conditions and, where they are open, its first thousand files."""
    person = optional_person(routes.current_request)
    record = service.visible(records(), person, accession)
    mode = mode_of(records(), record)
    found: list[dict[str, Any]] = []
    if is_open(records(), record) and Door.FILES in MATRIX[service.met(records(), record)]:
        found, _ = service.files(records(), person, accession, LARGEST_TEXT_PAGE, None)
    said = articles.cited(records(), person, accession)
    about = articles.described(records(), record)
    made = jsonld.dataset(said, record, mode, about, [public_file(file) for file in found])
    return _text(json.dumps(made, ensure_ascii=False), jsonld.MEDIA_TYPE)


@routes.on("GET", "/v1/records/{accession}/certificate", errors=(401, 404, 410), gives=(HTML,))
def certificate(accession: str) -> Response:
    """A printable certificate of deposit in English and Chinese, with a code that anybody can confirm."""
    person = optional_person(routes.current_request)
    made = articles.certify(records(), person, accession)
    count, size = _sizes(person, accession)
    page = citation.certificate(made["said"], made["code"], made["issued_at"][:10], count, size)
    answer = _text(page, HTML)
    answer.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    return answer


def _sizes(person: Person | None, accession: str) -> tuple[int, int]:
    """Files and bytes of a record, of the first ten thousand runs."""
    count = size = 0
    cursor: str | None = None
    for _ in range(10):
        try:
            found, cursor = service.files(records(), person, accession, 1000, cursor)
        except NotFound:
            break
        count, size = count + len(found), size + sum(file.get("size_bytes") or 0 for file in found)
        if cursor is None:
            break
    return count, size


@routes.on("GET", "/v1/certificates/{code}", answer=CertificateShape, errors=(404,))
def confirm(code: str) -> CertificateShape:
    """What a certificate's code stands for."""
    return CertificateShape(**articles.confirm(records(), code))


# --- articles, grants, datasets ---


@routes.on(
    "POST",
    "/v1/records/{accession}/publications",
    signed_in=True,
    body=ArticleBody,
    answer=ArticleShape,
    status=201,
    errors=(401, 404, 409, 410, 422),
)
def add_article(accession: str, body: ArticleBody, person: Person) -> ArticleShape:
    """Add an article to your record: DOI, PMID, or a title while it is in press."""
    return ArticleShape(**articles.add(submissions(), records(), person, accession, body.model_dump()))


@routes.on("GET", "/v1/records/{accession}/publications", answer=Page, errors=(401, 404, 410))
def list_articles(accession: str) -> Page:
    """The articles of a record."""
    found = articles.articles(records(), optional_person(routes.current_request), accession)
    return Page(items=[ArticleShape(**row).model_dump(mode="json") for row in found])


@routes.on(
    "DELETE",
    "/v1/records/{accession}/publications/{article}",
    signed_in=True,
    status=204,
    errors=(401, 404, 410),
)
def remove_article(accession: str, article: str, person: Person) -> None:
    """Take an article away from your record."""
    articles.remove(submissions(), records(), person, accession, article)


@routes.on(
    "PUT",
    "/v1/records/{accession}/publications/{article}",
    signed_in=True,
    body=OutcomeBody,
    answer=ArticleShape,
    errors=(401, 403, 404, 410, 422),
)
def judge_article(accession: str, article: str, body: OutcomeBody, person: Person) -> ArticleShape:
    """Say what an article turned out to be (curators and data managers)."""
    return ArticleShape(**articles.judge(records(), person, accession, article, body.outcome))


@routes.on("GET", "/v1/publications", answer=Page, query={"doi": "A DOI", "pmid": "or a PMID"}, errors=(422,))
def of_article() -> Page:
    """All public records that an article is about."""
    given = query_of(routes.current_request)
    if not (given.get("doi") or given.get("pmid")):
        raise Invalid("Say which article.", [Finding("metadata.required", "?doi", "A DOI or a PMID is needed.")])
    return Page(items=articles.of_article(records(), given.get("doi"), given.get("pmid")))


@routes.on("GET", "/v1/grants/{number}", answer=Page)
def of_grant(number: str) -> Page:
    """All public datasets of a grant number."""
    return Page(items=articles.of_grant(records(), number))


@routes.on("GET", "/v1/records/{accession}/datasets", answer=Page, query=PAGED, errors=(401, 404, 410, 422))
def datasets(accession: str) -> Page:
    """The datasets of every member that refer to a project, as far as you may see them."""
    request = routes.current_request
    limit, cursor = page_of(request)
    found, following = articles.datasets_of(records(), optional_person(request), accession, limit, cursor)
    return Page(items=found, next_cursor=following)
