"""A request's answers as a purpose, and what they say about the data use codes of its dataset. Pure.

Which answer is which question of a code stands here alone; the questions are catalog/request_forms.yaml.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from biotheca import catalog
from biotheca.access.duo import Aim, Matched, Purpose, match
from biotheca.access.model import Request
from biotheca.access.rules import GRANT_MONTHS
from biotheca.publication.model import Record
from biotheca.submissions.rules.data_use import codes_of

_YES_OR_NO = {"yes": True, "no": False}


def purpose_of(request: Request) -> Purpose:
    """The answers of a form, filled or not; what was not asked, not answered, or makes no sense is None."""
    said = request.answers
    return Purpose(
        aims=_aims(said),
        diseases=tuple(_texts(said, "diseases")) or None,
        genetic=_yes(said, "genetic"),
        commercial=_yes(said, "for_profit"),  # the form asks it of the use; of the organisation in its own question
        for_profit=_yes(said, "organisation_for_profit"),
        country=_text(said, "country"),
        institution=_text(said, "institution"),
        person=request.requester,
        project=_text(said, "project_number"),
        ethics_approved=True if _text(said, "ethics_approval") else None,
        collaborates=_yes(said, "collaborates"),
        will_publish=_yes(said, "will_publish"),
        publishes_on=_day(said, "publishes_on"),
        months=said["months"] if isinstance(said.get("months"), int) else GRANT_MONTHS,
        will_return=_yes(said, "will_return"),
    )


def match_of(record: Record, request: Request) -> Matched | None:
    """What the answers say about the codes of the dataset; None if it carries none."""
    kind = catalog.members()[record.member].object_type(record.type)
    codes = codes_of(kind, record.attributes)
    return match(codes, purpose_of(request), ancestors) if codes else None


def ancestors(term: str) -> frozenset[str] | None:
    """Terms above a disease. No ontology of diseases is delivered: nothing is known of any, and a person judges."""
    return None


def _aims(said: Mapping[str, Any]) -> frozenset[Aim] | None:
    known = {str(aim) for aim in Aim}
    words = _texts(said, "aims")
    # An aim that nobody knows could be any: the whole answer counts as none.
    return frozenset(map(Aim, words)) if words and set(words) <= known else None


def _texts(said: Mapping[str, Any], name: str) -> list[str]:
    found = said.get(name)
    return [text for text in found if isinstance(text, str) and text] if isinstance(found, list) else []


def _text(said: Mapping[str, Any], name: str) -> str | None:
    found = said.get(name)
    return found.strip() or None if isinstance(found, str) else None


def _yes(said: Mapping[str, Any], name: str) -> bool | None:
    found = said.get(name)
    return _YES_OR_NO.get(found) if isinstance(found, str) else None


def _day(said: Mapping[str, Any], name: str) -> date | None:
    try:
        return date.fromisoformat(_text(said, name) or "")
    except ValueError:
        return None
