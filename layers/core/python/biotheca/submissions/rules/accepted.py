"""What a new document may not touch: objects that were accepted already."""

from __future__ import annotations

from biotheca.errors import Finding
from biotheca.submissions.model import ArchiveObject
from biotheca.submissions.rules.finding import finding


def check_accepted(before: list[ArchiveObject], after: list[ArchiveObject]) -> list[Finding]:
    """Findings of a new document against objects of the old one that were accepted: they stay as they are."""
    now = {(o.type, o.alias): o for o in after}
    found = []
    for old in before:
        new = now.get((old.type, old.alias))
        same = new is not None and (new.attributes, new.file_ids) == (old.attributes, old.file_ids)
        if old.batch and not same:
            message = f"The {old.type} {old.alias!r} was accepted as {old.accession}; a document no longer changes it."
            found.append(finding("curation.accepted_object", f"/{old.type}/{old.alias}", message, old.accession))
    return found
