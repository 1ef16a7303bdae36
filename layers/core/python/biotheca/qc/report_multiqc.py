"""A check as files that MultiQC reads (its "custom content"): general statistics and six plots. Pure.

MultiQC joins the files of many checks by the `id` of each section, so a whole project becomes one report.
The document is that of report_json; a sample is a file's name without the endings of format and packing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from biotheca.qc.report_plots import LETTERS, grouped

_PARENT = {
    "parent_id": "biotheca_qc",
    "parent_name": "Biotheca file check",
    "parent_description": "Reads as the archive's file check counted them, every one of them.",
}
_Lines = Callable[[Mapping[str, Any]], dict[Any, float]]


def _number(title: str, about: str, **more: Any) -> dict[str, Any]:
    return {"title": title, "description": about, "namespace": "Biotheca", **more}


_PERCENT = {"suffix": "%", "min": 0, "max": 100, "format": "{:,.1f}"}
_GENERAL = [
    {"reads": _number("Reads", "Reads in the file", format="{:,.0f}", scale="Blues")},
    {"bases": _number("Bases", "Bases in the file", format="{:,.0f}", scale="Blues", hidden=True)},
    {"length": _number("Length", "Mean length of a read", suffix=" bp", format="{:,.0f}", scale="Greens")},
    {"gc": _number("GC", "Share of G and C among all bases", scale="PuRd", **_PERCENT)},
    {"q30": _number("Q30", "Share of bases of Phred 30 and more", scale="RdYlGn", **_PERCENT)},
    {"n": _number("N", "Share of bases not called", scale="OrRd", hidden=True, **_PERCENT)},
    {"duplicate_names": _number("Same names", "Read names that stand more than once", format="{:,.0f}", scale="OrRd")},
    {"errors": _number("Errors", "Findings of severity error", format="{:,.0f}", scale="OrRd")},
]


def _general(file: Mapping[str, Any]) -> dict[str, float]:
    found: dict[str, float] = {"reads": file["reads"] or 0, "bases": file["bases"] or 0}
    found["errors"] = sum(row["count"] for row in file["counted"] if row["severity"] == "error")
    if counted := file.get("statistics"):
        found["length"] = counted["length_bases"]["mean"]
        found |= {key: 100 * counted[f"{key}_share"] for key in ("gc", "q30", "n")}
    if compared := file.get("duplicates"):
        found["duplicate_names"] = compared["duplicate_names"]
    return found


def _by_cycle(key: str, factor: float = 1) -> _Lines:
    return lambda counted: {row["from"]: round(factor * row[key], 4) for row in grouped(counted["cycles"])}


def _shares(counts: list[int]) -> dict[int, float]:
    total = sum(counts) or 1
    return {at: round(100 * count / total, 4) for at, count in enumerate(counts)}


def _lengths(counted: Mapping[str, Any]) -> dict[int, float]:
    return {row[0]: row[2] for row in counted["length_bases"]["histogram"]}


def _adapters(counted: Mapping[str, Any]) -> dict[int, float]:
    """Of the adapter that most reads run into, how many per cent do so at a cycle or before."""
    found = max(counted["adapters"]["found"], key=lambda row: row["share"], default=None)
    shares = found["cumulative"] if found else [0.0] * len(counted["cycles"]["from"])
    return {cycle: round(100 * share, 4) for cycle, share in zip(counted["cycles"]["from"], shares, strict=False)}


def _axes(x: str, y: str, **more: Any) -> dict[str, Any]:
    return {"xlab": x, "ylab": y, "ymin": 0, **more}


_PLOTS: tuple[tuple[str, str, str, dict[str, Any], _Lines], ...] = (
    ("quality", "Quality by cycle", "Mean Phred.", _axes("Cycle", "Mean Phred"), _by_cycle("mean")),
    (
        "read_quality",
        "Reads by mean quality",
        "Per cent of the reads.",
        _axes("Mean Phred", "Reads (%)"),
        lambda counted: _shares(counted["read_quality"]),
    ),
    ("gc", "Reads by GC", "Per cent of the reads.", _axes("% GC", "Reads (%)"), lambda c: _shares(c["read_gc"])),
    ("n", "N by cycle", "Per cent of the bases.", _axes("Cycle", "N (%)"), _by_cycle(LETTERS[4], 100)),
    ("length", "Reads by length", "Of long reads, rows of lengths.", _axes("Bases", "Reads"), _lengths),
    (
        "adapters",
        "Adapters",
        "Reads in which the most frequent adapter begins at a cycle or before.",
        _axes("Cycle", "Reads (%)"),
        _adapters,
    ),
)


def contents(document: Mapping[str, Any], sample_of: Callable[[str], str] = str) -> dict[str, dict[str, Any]]:
    """File name -> JSON content, for a folder that MultiQC is given; names end in `_mqc.json`, as it looks for them."""
    files = {sample_of(file["name"]): file for file in document["files"]}
    stem = "_".join(files)
    general = {"id": "biotheca_general", "plot_type": "generalstats", "pconfig": _GENERAL}
    made = {f"{stem}.general_mqc.json": {**general, "data": {name: _general(file) for name, file in files.items()}}}
    counted = {name: file["statistics"] for name, file in files.items() if (file.get("statistics") or {}).get("reads")}
    for name, title, about, axes, lines in _PLOTS if counted else ():
        plot = {"id": f"biotheca_{name}_plot", "title": f"Biotheca: {title}", **axes}
        section = {"id": f"biotheca_{name}", "section_name": title, "description": about, **_PARENT}
        # Pairs, for as keys of JSON numbers would be texts, and 10 stand before 2.
        data = {sample: [[x, y] for x, y in lines(found).items()] for sample, found in counted.items()}
        made[f"{stem}.{name}_mqc.json"] = {**section, "plot_type": "linegraph", "pconfig": plot, "data": data}
    return made
