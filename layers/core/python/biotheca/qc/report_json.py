"""The document that `biotheca qc` gives programs, made of the reports of one file or of two mates. Pure.

Its shape is published: report.schema.json beside this module, also `biotheca qc --schema`. For people: report_html.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from typing import Any

from biotheca.qc.policy import Policy

DOCUMENT_VERSION = 1
_MOST_EXAMPLES = 100
# What of a report is said of each file; the rest stands in the document once or is left out.
_OF_A_FILE = (
    "size_bytes",
    "format",
    "container",
    "reads",
    "bases",
    "md5",
    "sha256",
    "screen",
    "seconds",
    "findings_total",
)
_ALSO = ("statistics", "duplicates", "names", "content")  # None where the format or an older report has none


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the document."""
    found: dict[str, Any] = json.loads(resources.files("biotheca.qc").joinpath("report.schema.json").read_text("utf-8"))
    return found


def document(
    reports: Sequence[Mapping[str, Any]],
    together: Iterable[Mapping[str, Any]] = (),
    policy: Policy | None = None,
    engine: str | None = None,
) -> dict[str, Any]:
    """One document of the reports (as Report.as_dict gives them) and what is wrong with the files `together`.

    A policy changes the severity of findings; the verdict is "fail" if any of severity error is left.
    """
    policy = policy or Policy()
    shared = [dict(finding) for finding in together]
    findings = [flat(f) for f in policy.applied([*shared, *(f for report in reports for f in report["findings"])])]
    counted = [policy.applied(report.get("counted", ())) for report in reports]
    errors = any(f["severity"] == "error" for f in findings) or any(errors_of(one) for one in counted)
    return {
        "version": DOCUMENT_VERSION,
        "verdict": "fail" if errors else "pass",
        "engine": engine or (reports[0].get("engine") if reports else None),
        "findings": findings,
        "findings_total": len(policy.applied(shared)) + sum(row["count"] for one in counted for row in one),
        "files": [_file(report, one) for report, one in zip(reports, counted, strict=True)],
        "duplicates": _duplicates(reports),
    }


def summary(report: Mapping[str, Any]) -> dict[str, Any]:
    """The few numbers of a report that a record of its file keeps. Lengths in bases, shares from 0 to 1."""
    found: dict[str, Any] = {"engine": report.get("engine")}
    if counted := report.get("statistics"):
        lengths = counted["length_bases"]
        found |= {f"length_{key}": lengths[key] for key in ("min", "max", "mean")}
        found |= {key: counted[key] for key in ("gc_share", "n_share", "q20_share", "q30_share")}
        found["encoding"] = counted["quality"]["encoding"]
    if compared := report.get("duplicates"):
        found["duplicate_names"] = compared["duplicate_names"]
    rounded = {key: round(value, 6) if isinstance(value, float) else value for key, value in found.items()}
    return {key: value for key, value in rounded.items() if value is not None}


def public_statistics(report: Mapping[str, Any], run: str, name: str) -> dict[str, Any]:
    """The document that is published beside a file of a run: everything counted, nothing of how it came to us."""
    kept = {key: report.get(key) for key in ("size_bytes", "format", "container", "reads", "bases", "md5", "sha256")}
    statistics = report.get("statistics") or {}
    encoding = statistics.get("quality", {}).get("encoding")
    compared = report.get("duplicates") or {}
    names = {"duplicate_names": compared.get("duplicate_names"), "names_checked": compared.get("checked")}
    return {"run": run, "file": name, **kept, "encoding": encoding, **names, "statistics": statistics or None}


def errors_of(counted: Iterable[Mapping[str, Any]]) -> int:
    """How many findings of severity error were counted."""
    return sum(row["count"] for row in counted if row["severity"] == "error")


def flat(finding: Mapping[str, Any]) -> dict[str, Any]:
    """A finding with file, line, column and read beside its words, None where it has none."""
    facts = finding.get("facts", {})
    shown = {key: finding.get(key, "") for key in ("rule", "severity", "message", "mend", "value", "expected", "where")}
    file = facts.get("file") or str(finding.get("where", "")).partition(":")[0]
    return shown | {"file": file} | {key: facts.get(key) for key in ("line", "column", "read")} | {"facts": dict(facts)}


def _file(report: Mapping[str, Any], counted: list[dict[str, Any]]) -> dict[str, Any]:
    statistics = report.get("statistics") or {}
    return {
        "name": str(report["key"]).rsplit("/", 1)[-1],
        **{key: report.get(key) for key in _OF_A_FILE},
        "findings_total": sum(row["count"] for row in counted),
        "encoding": statistics.get("quality", {}).get("encoding"),
        "counted": counted,
        **{key: report.get(key) for key in _ALSO},
    }


def _duplicates(reports: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Duplicate names of all files together; method "off" where no file was looked at."""
    found = [d for report in reports if (d := report.get("duplicates"))]
    examples = [
        {"file": str(report["key"]).rsplit("/", 1)[-1], "name": row["name"], "lines": row["lines"]}
        for report in reports
        for row in (report.get("duplicates") or {}).get("examples", ())
    ]
    methods = list(dict.fromkeys(d["method"] for d in found))
    return {
        "method": " and ".join(methods) if methods else "off",
        "checked": sum(d["checked"] for d in found),
        "duplicate_names": sum(d["duplicate_names"] for d in found),
        "confirmed": all(d.get("confirmed", True) for d in found),
        "examples": examples[:_MOST_EXAMPLES],
    }
