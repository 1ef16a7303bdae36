"""From an event to its notice. Pure: rows of catalog/notices.yaml are filled with facts, in the person's language."""

from __future__ import annotations

from typing import Any

from biotheca import catalog

SHOWN = (
    "title",
    "submission",
    "dataset",
    "reasons",
    "group",
    "words",
    "round",
    "accession",
    "release_on",
    "change",
    "request",
    "committee",
    "days",
)


def row_for(kind: str, body: dict[str, Any]) -> dict[str, Any] | None:
    """The row of the catalogue that fits an event, or None if nobody is told of it."""
    for row in catalog.notices()["notices"]:
        if row["event"] == kind and all(body.get(k) == v for k, v in row.get("when", {}).items()):
            return row
    return None


def written(row: dict[str, Any], language: str, facts: dict[str, Any]) -> tuple[str, str]:
    """(subject, text) in a language; a fact that is missing is left out, never shown as a blank brace."""
    known = {name: _one_line(facts.get(name)) if name != "reasons" else facts.get(name) or "" for name in SHOWN}
    subject, text = (str(row[part].get(language) or row[part]["en"]) for part in ("subject", "text"))
    return subject.format_map(known)[:200], text.format_map(known)


def in_the_archive_alone(submission: str, language: str) -> dict[str, str]:
    """Facts for a mail about data of people: no word of its submitter, no name of a file."""
    return {"title": submission, "words": str(catalog.notices()["withheld"][language])}


def listed(reasons: list[Any], language: str) -> str:
    """Reasons as lines; of a coded reason the code and what the curator wrote."""
    lines = []
    for reason in reasons:
        if isinstance(reason, dict):
            lines.append(f"- {reason.get('code', '')}: {reason.get('text', '')}")
        else:
            lines.append(f"- {reason}")
    return "\n".join(lines)


def _one_line(value: Any) -> str:
    """No text of a person may break a mail's subject into headers."""
    return " ".join(str(value if value is not None else "").split())
