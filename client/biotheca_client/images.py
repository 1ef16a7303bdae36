"""What the client can do with released images, with those on the desk, and with persons in two databases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from biotheca_client.api import Session, bytes_at, path_of


class ImageCalls:
    """Series by facets, pictures and blanking, links of one person. Answers are the API's JSON."""

    session: Session

    # --- what is released ---

    def images(self, limit: int = 50, cursor: str | None = None, **chosen: str | None) -> dict[str, Any]:
        """A page of released series that have the chosen values: collection=, modality=, body_part=, disease=,
        manufacturer=, age_group=, sex=."""
        more = {"limit": str(limit)} | ({"cursor": cursor} if cursor else {})
        page: dict[str, Any] = self.session.call("GET", "/v1/images", params=_given(chosen) | more)
        return page

    def images_all(self, **chosen: str | None) -> Iterator[dict[str, Any]]:
        """All of them, page after page."""
        return self.session.pages("/v1/images", _given(chosen))

    def image_facets(self, **chosen: str | None) -> dict[str, Any]:
        """Series and images, and by facet its values with both counts, under the choices of the others."""
        found: dict[str, Any] = self.session.call("GET", "/v1/images/facets", params=_given(chosen))
        return found

    # --- the desk ---

    def set_aside_pictures(self, submission: str) -> Iterator[dict[str, Any]]:
        """Images of a submission that are set aside for text in their pixels, or were blanked (curators)."""
        return self.session.pages(path_of("v1", "curation", submission, "pictures"))

    def picture(self, submission: str, mark: str, moment: str = "before") -> bytes:
        """The PNG of an image `before` or `after` blanking. It shows what identifies; the archive notes who looked."""
        told = self.session.call("GET", path_of("v1", "curation", submission, "pictures", mark, moment))
        return b"".join(bytes_at(told["url"], "five minutes"))

    def blank(
        self, submission: str, images: dict[str, list[tuple[int, int, int, int]]], reasons: list[str]
    ) -> dict[str, Any]:
        """Have text blanked: images by mark, with boxes of one's own (left, top, right, bottom), or all of a reason."""
        body = {"images": [{"mark": mark, "boxes": boxes} for mark, boxes in images.items()], "reasons": reasons}
        made: dict[str, Any] = self.session.call("POST", path_of("v1", "curation", submission, "blanking"), body)
        return made

    # --- one person in two databases ---

    def same_persons(self, accession: str) -> list[dict[str, Any]]:
        """Records of the same person in other databases; `state` is made, or asked."""
        return list(self.session.call("GET", path_of("v1", "records", accession, "same-person"))["items"])

    def link_person(self, accession: str, other: str) -> dict[str, Any]:
        """Say that your record and another are of one person; made at once if both are yours, else asked for."""
        made: dict[str, Any] = self.session.call("PUT", path_of("v1", "records", accession, "same-person", other))
        return made

    def unlink_person(self, accession: str, other: str) -> None:
        """Take a link or a question back."""
        self.session.call("DELETE", path_of("v1", "records", accession, "same-person", other))


def _given(chosen: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in chosen.items() if value}
