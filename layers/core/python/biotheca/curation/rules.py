"""What is open before a decision, what a part holds, and when a decision may be expected. Pure."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from biotheca import catalog
from biotheca.catalog import Member
from biotheca.catalog.reasons import return_reasons
from biotheca.curation.model import Decision
from biotheca.errors import Finding
from biotheca.submissions.model import ArchiveObject
from biotheca.submissions.rules import finding

FEWEST_FOR_A_FORECAST = 3  # fewer decisions tell nothing about the next


def fingerprint(found: dict[str, Any]) -> str:
    """Names a finding across rounds: the same rule at the same place on the same value.

    >>> fingerprint({"rule": "a", "where": "/x"}) == fingerprint({"rule": "a", "where": "/x", "message": "m"})
    True
    """
    text = "\\0".join(str(found.get(k, "")) for k in ("rule", "where", "value"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def open_findings(findings: list[dict[str, Any]], approved: list[str]) -> list[dict[str, Any]]:
    """Warnings that no curator has let pass; hints ask nobody, nor do warnings whose rule says so (`asks: false`)."""
    asking = [f for f in findings if catalog.rules().get(str(f.get("rule")), {}).get("asks", True)]
    return [f for f in asking if f.get("severity") == "warning" and fingerprint(f) not in approved]


def must_be_decided(found: dict[str, Any]) -> bool:
    """Whether a finding wants a decision of its own: private content, and rules that say so (`decide`)."""
    rule = str(found.get("rule", ""))
    return rule.startswith("privacy.") or bool(catalog.rules().get(rule, {}).get("decide"))


def is_of_open_data(found: dict[str, Any]) -> bool:
    """Whether a finding speaks of data for everybody alone, so that controlled access settles it (`open_alone`)."""
    return bool(catalog.rules().get(str(found.get("rule", "")), {}).get("open_alone"))


def review_of(member: Member, stage: str) -> str:
    """`automatic` or `curator`: who reviews a member's submissions in a stage when nothing is open."""
    given = getattr(member, "review", None) or {}
    return given.get(stage, "automatic" if stage == "metadata" else "curator")


def checklist(findings: list[dict[str, Any]], decided: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Every one of these open findings with the curator's decision on it, those that want one first."""
    rows = []
    for found in findings:
        name = fingerprint(found)
        answer = decided.get(name, {})
        rows.append(
            {
                "finding": name,
                "must_be_decided": must_be_decided(found),
                "decision": answer.get("decision"),
                "text": answer.get("text", ""),
                "found": found,
            }
        )
    return sorted(rows, key=lambda row: not row["must_be_decided"])


def check_reasons(decision: Decision) -> list[Finding]:
    """A return, of all or of the rest, needs reasons with codes of the catalogue."""
    returns = decision.verdict == "return" or (decision.runs and decision.rest == "return")
    if returns and not decision.reasons:
        return [finding("curation.reason_needed", "/reasons", "A return needs at least one coded reason.")]
    known = return_reasons()
    return [
        finding("curation.reason_code", f"/reasons/{n}/code", f"{r['code']!r} is no reason code.", r["code"])
        for n, r in enumerate(decision.reasons)
        if r["code"] not in known
    ]


def check_part(member: Member, objects: list[ArchiveObject], runs: list[str]) -> list[Finding]:
    """A part names some of the objects with files that wait, at least one and not all."""
    waiting = {o.alias for o in objects if member.object_type(o.type).files and not o.batch}
    found = [
        finding("curation.batch", f"/runs/{n}", f"{alias!r} does not wait for a decision.", alias)
        for n, alias in enumerate(runs)
        if alias not in waiting
    ]
    if not found and waiting <= set(runs):
        found.append(finding("curation.batch", "/runs", "These are all that wait; accept without naming runs."))
    return found


def expected(seconds: list[float], since: datetime, place: int, now: datetime) -> datetime | None:
    """When a decision may be expected: the median of recent waits after `since`; None if too few are known.

    One that waits longer than the median already is expected after as long again as half of it, never in the past.
    """
    if len(seconds) < FEWEST_FOR_A_FORECAST:
        return None
    usual = timedelta(seconds=median(seconds))
    by_median = since + usual
    return by_median if by_median > now else now + usual / 2
