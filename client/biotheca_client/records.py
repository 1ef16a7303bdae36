"""What the client can do with records: release, reviewer links, corrections, versions, articles, citation, lists."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from biotheca_client.api import Session, path_of


class RecordCalls:
    """The verbs of one's own records, and what anybody may ask of public ones. Answers are the API's JSON."""

    session: Session

    def records(self, kind: str = "project", visibility: str | None = None) -> Iterator[dict[str, Any]]:
        """Your records of a type, newest first; only those of a visibility if one is named."""
        wanted = {"type": kind} | ({"visibility": visibility} if visibility else {})
        return self.session.pages("/v1/records", wanted)

    # --- release ---

    def would_release(self, accession: str) -> dict[str, Any]:
        """What would become public if your record were released now. Nothing is done."""
        return self._record("GET", accession, "release")

    def set_release(self, name: str, day: str | None = None) -> dict[str, Any]:
        """Release a record or a submission of yours on a day (YYYY-MM-DD), or as soon as it can be."""
        wanted = {"mode": "on_date", "date": day} if day else {"mode": "immediately"}
        where = "submissions" if is_submission(name) else "records"
        answer: dict[str, Any] = self.session.call("PUT", path_of("v1", where, name, "release"), wanted)
        return answer

    def release_many(self, accessions: list[str], day: str | None = None) -> list[dict[str, Any]]:
        """Release up to a hundred records of yours; each answers for itself (`done`, else `rule` and `detail`)."""
        wanted = {"mode": "on_date", "date": day} if day else {"mode": "immediately"}
        body = {"accessions": accessions, "release": wanted}
        done: list[dict[str, Any]] = self.session.call("POST", "/v1/releases", body, again=True)["items"]
        return done

    def change_visibility(
        self, accession: str, act: str, reason: str, replaced_by: str | None = None
    ) -> dict[str, Any]:
        """Suppress, withdraw, restore or replace a record, with a public reason (data managers)."""
        body = {"act": act, "reason": reason} | ({"replaced_by": replaced_by} if replaced_by else {})
        return self._record("PUT", accession, "visibility", body=body)

    # --- reviewers ---

    def make_link(self, accession: str, label: str, days: int = 90, data: bool = False) -> dict[str, Any]:
        """A reviewer link of your dataset; `token` is its secret, shown this once."""
        return self._record("POST", accession, "reviewer-links", body={"label": label, "days": days, "data": data})

    def links(self, accession: str) -> list[dict[str, Any]]:
        """The reviewer links of your dataset and how they were used, without secrets."""
        return list(self.session.pages(path_of("v1", "records", accession, "reviewer-links")))

    def revoke_link(self, accession: str, link: str) -> None:
        """End a reviewer link at once."""
        self.session.call("DELETE", path_of("v1", "records", accession, "reviewer-links", link))

    # --- corrections and versions ---

    def correct(self, accession: str, changes: dict[str, Any], text: str = "") -> dict[str, Any]:
        """Ask for fields of your accepted record to be changed (None takes one away); a curator decides."""
        return self._record("POST", accession, "corrections", body={"changes": changes, "text": text})

    def corrections(self, accession: str) -> list[dict[str, Any]]:
        """The corrections of your record and what became of them."""
        return list(self.session.pages(path_of("v1", "records", accession, "corrections")))

    def versions(self, accession: str) -> list[dict[str, Any]]:
        """The versions of a record, first to last; the one in force has no end."""
        return list(self.session.pages(path_of("v1", "records", accession, "versions")))

    def difference(self, accession: str, before: int, after: int) -> dict[str, Any]:
        """What changed from one version to another."""
        return self._record("GET", accession, "difference", params={"from": before, "to": after})

    # --- articles, citation, lists ---

    def publications(self, accession: str) -> list[dict[str, Any]]:
        """The articles of a record."""
        return list(self.session.pages(path_of("v1", "records", accession, "publications")))

    def add_publication(self, accession: str, **article: str | None) -> dict[str, Any]:
        """Add an article to your record: doi=, pmid=, or title= while it is in press."""
        return self._record("POST", accession, "publications", body={k: v for k, v in article.items() if v})

    def remove_publication(self, accession: str, article: str) -> None:
        """Take an article away from your record."""
        self.session.call("DELETE", path_of("v1", "records", accession, "publications", article))

    def citation(self, accession: str, form: str = "text") -> str:
        """How to cite a record: text, bibtex, ris, csl, datacite."""
        return self.session.fetch(path_of("v1", "records", accession, "citation"), {"format": form}).decode("utf-8")

    def certificate(self, accession: str) -> str:
        """The printable certificate of deposit, HTML."""
        return self.session.fetch(path_of("v1", "records", accession, "certificate")).decode("utf-8")

    def listing(self, accession: str, name: str) -> Iterator[str]:
        """A list of a record's files as text, page by page: md5sum.txt, files.tsv, runs.csv."""
        return self.session.texts(path_of("v1", "records", accession, name))

    def reception(self, submission: str) -> dict[str, Any]:
        """Which files of your submission have not come, and what came that its metadata does not name."""
        answer: dict[str, Any] = self.session.call("GET", path_of("v1", "submissions", submission, "reception"))
        return answer

    def _record(
        self, method: str, accession: str, what: str, body: Any = None, params: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        answer: dict[str, Any] = self.session.call(
            method, path_of("v1", "records", accession, what), body, params=params
        )
        return answer


def is_submission(name: str) -> bool:
    """Whether a word names a submission rather than a record.

    >>> is_submission("sub_0123"), is_submission("CRA000001")
    (True, False)
    """
    return name.lower().startswith("sub_")


def read_secret(file: Path) -> str:
    """A secret that stands alone in a file."""
    return file.read_text(encoding="utf-8").strip()
