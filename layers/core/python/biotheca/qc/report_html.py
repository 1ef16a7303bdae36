"""A check as a page for people: verdict and findings first, then the plots. One file, no script, no request. Pure.

The document is that of report_json. Everything that came from a file (names, messages) goes through `text`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import resources
from typing import Any

from biotheca import catalog
from biotheca.qc import report_plots as plots
from biotheca.qc.report_axes import number, percent, text

# What a browser may do with the page, wherever it is opened: nothing but its own style.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_SHOWN_ADAPTERS = 6
_SHOWN_EXAMPLES = 20
_SHOWN_PLACES = 3  # of what one rule found; the others are folded away
_SHOWN_FILES = 2  # more than mates are never read at once, but whoever gives more gets their numbers
_HEAD = (
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
    '<meta name="viewport" content="width=device-width,initial-scale=1">'
    '<meta http-equiv="Content-Security-Policy" content="{policy}"><meta name="robots" content="noindex">'
    "<style>{style}</style></head><body>\n"
)
_VERDICTS = {"pass": ("Sound", "通过", "no error was found"), "fail": ("Not sound", "未通过", "errors were found")}
_SEVERITIES = {"error": "error 错误", "warning": "warning 警告", "hint": "hint 提示"}


def page(document: Mapping[str, Any]) -> str:
    """The whole page, in UTF-8 at most some 300 kB however long the reads are."""
    names = " + ".join(file["name"] for file in document["files"])
    style = resources.files("biotheca.qc").joinpath("report.css").read_text("utf-8").replace("\n", "")
    head = _HEAD.format(title=text(f"File check: {names}"), policy=text(POLICY), style=style)
    parts = [_banner(document, names), "<main>", _findings(document), _summary(document["files"])]
    parts += [*_plots(document["files"]), _names(document), "</main>", _foot(document)]
    return head + "\n".join(parts) + "</body></html>\n"


def _banner(document: Mapping[str, Any], names: str) -> str:
    word, chinese, told = _VERDICTS[document["verdict"]]
    counts = {severity: 0 for severity in _SEVERITIES}
    for file in document["files"]:
        for row in file["counted"]:
            counts[row["severity"]] += row["count"]
    shared = document["findings_total"] - sum(counts.values())
    more = [f"{number(counts[s])} {s}{'s' if counts[s] != 1 else ''}" for s in _SEVERITIES if counts[s]]
    more += [f"{number(shared)} of the files together"] if shared > 0 else []
    return (
        f'<header><h1>{text(names)}</h1><p class="banner {text(document["verdict"])}">'
        f'<b>{word} <span lang="zh">{chinese}</span></b> {told}{": " + ", ".join(more) if more else ""}.</p></header>'
    )


def _section(title: str, chinese: str, body: str, name: str = "") -> str:
    label = f' id="{name}"' if name else ""
    return f'<section{label}><h2>{title} <span lang="zh">{chinese}</span></h2>{body}</section>'


def _findings(document: Mapping[str, Any]) -> str:
    found = document["findings"]
    if not found:
        return _section("Findings", "问题", "<p>None. 没有问题。</p>", "findings")
    more = document["findings_total"] - len(found)
    rest = f"<p>{number(more)} more were counted; the first are shown.</p>" if more > 0 else ""
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for finding in found:
        groups.setdefault((str(finding["severity"]), str(finding["rule"])), []).append(finding)
    order = list(_SEVERITIES)
    ranked = sorted(groups.values(), key=lambda rows: order.index(rows[0]["severity"]))
    body = f'<ol class="findings">{"".join(map(_findings_of_a_rule, ranked))}</ol>'
    return _section("Findings", "问题", f"{body}{rest}{_counted(document)}", "findings")


def _findings_of_a_rule(rows: Sequence[Mapping[str, Any]]) -> str:
    """What one rule found: each place, then once how to mend it."""
    first, rule = rows[0], str(rows[0]["rule"])
    known = catalog.rules().get(rule, {})
    chinese = " ".join(known.get(part, {}).get("zh", "") for part in ("message", "mend")).strip()
    severity = str(first["severity"])
    lines = [f"<p>{text(row['message'])} <code>{text(row['where'])}</code></p>" for row in rows]
    hidden = "".join(lines[_SHOWN_PLACES:])
    more = _folded(f"{number(len(rows) - _SHOWN_PLACES)} more places", "更多", hidden) if hidden else ""
    mends = list(dict.fromkeys(str(row["mend"]) for row in rows))[:_SHOWN_PLACES]
    return (
        f'<li><span class="severity {text(severity)}">{text(_SEVERITIES.get(severity, severity))}</span>'
        f"<code>{text(rule)}</code>{''.join(lines[:_SHOWN_PLACES])}{more}"
        + "".join(f'<p class="mend">{text(mend)}</p>' for mend in mends if mend)
        + (f'<p class="mend" lang="zh">{text(chinese)}</p>' if chinese else "")
        + "</li>"
    )


def _counted(document: Mapping[str, Any]) -> str:
    rows = [(file["name"], row) for file in document["files"] for row in file["counted"]]
    if len(rows) < 2:
        return ""
    body = [[text(name), f"<code>{text(row['rule'])}</code>", number(row["count"])] for name, row in rows]
    return _folded("All by rule", "按规则统计", _table(["file", "rule", "count"], body, numbers={2}))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: set[int] | None = None) -> str:
    """A table of cells that are markup already; columns `numbers` stand to the right."""
    classes = [' class="n"' if at in (numbers or ()) else "" for at in range(len(head))]
    top = "".join(f'<th scope="col"{c}>{cell}</th>' for cell, c in zip(head, classes, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{c}>{cell}</td>" for cell, c in zip(row, classes, strict=True)) + "</tr>" for row in rows
    )
    return f'<div class="scroll"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def _folded(title: str, chinese: str, body: str) -> str:
    return f'<details><summary>{title} <span lang="zh">{chinese}</span></summary>{body}</details>'


# --- the summary ---

_Value = Callable[[Mapping[str, Any]], str]


def _of(*keys: str, shown: Callable[[Any], str] = number) -> _Value:
    """The cell of a number of the statistics."""

    def cell(file: Mapping[str, Any]) -> str:
        value: Any = file.get("statistics")
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        return "" if value is None else text(shown(value))

    return cell


def _plain(key: str, shown: Callable[[Any], str] = str) -> _Value:
    return lambda file: "" if file.get(key) is None else text(shown(file[key]))


def _digest(key: str) -> _Value:
    return lambda file: f"<code>{text(file.get(key) or '')}</code>"


def _lengths(file: Mapping[str, Any]) -> str:
    found = (file.get("statistics") or {}).get("length_bases")
    if not found:
        return ""
    if found["min"] == found["max"]:
        return number(found["min"])
    return f"{number(found['min'])} to {number(found['max'])}, mean {number(round(found['mean'], 1))}"


def _quality_range(file: Mapping[str, Any]) -> str:
    found = (file.get("statistics") or {}).get("quality")
    return f"{found['lowest']} to {found['highest']}, mean {number(round(found['mean'], 2))}" if found else ""


def _rounded(value: float) -> str:
    return number(round(value, 1))


_ROWS: tuple[tuple[str, str, _Value], ...] = (
    ("Reads", "读段数", _plain("reads", number)),
    ("Bases", "碱基数", _plain("bases", number)),
    ("Read length", "读长", _lengths),
    ("N50 of lengths", "读长 N50", _of("length_bases", "n50")),
    ("GC", "含量", _of("gc_share", shown=percent)),
    ("N", "含量", _of("n_share", shown=percent)),
    ("Bases of Phred 20 and more", "Q20", _of("q20_share", shown=percent)),
    ("Bases of Phred 30 and more", "Q30", _of("q30_share", shown=percent)),
    ("Phred values", "质量值", _quality_range),
    ("Quality encoding", "质量编码", _plain("encoding")),
    ("Format", "格式", _plain("format")),
    ("Container", "压缩方式", _plain("container")),
    ("Size in bytes", "文件大小", _plain("size_bytes", number)),
    ("MD5", "MD5", _digest("md5")),
    ("SHA-256", "SHA-256", _digest("sha256")),
)


def _summary(files: Sequence[Mapping[str, Any]]) -> str:
    rows = []
    for english, chinese, value in _ROWS:
        cells = [value(file) for file in files]
        if any(cells):
            label = english if english == chinese else f'{english} <span lang="zh">{chinese}</span>'
            rows.append([label, *cells])
    return _section("Summary", "概要", _table(["", *(text(file["name"]) for file in files)], rows), "summary")


# --- the plots ---

_Draw = Callable[[Mapping[str, Any], str, str], str]
_LETTER_LEGEND = [(letter, f"letter-{letter}") for letter in "ACGT"]


def _cycles(draw: Callable[..., str], **more: Any) -> _Draw:
    return lambda statistics, title, name: draw(plots.grouped(statistics["cycles"]), title, name, **more)


def _adapters(statistics: Mapping[str, Any], title: str, name: str) -> str:
    found = sorted(statistics["adapters"]["found"], key=lambda row: -row["share"])
    drawn = plots.adapters(found, statistics["cycles"], _SHOWN_ADAPTERS, title, name)
    legend = [
        (f"{row['name']} {percent(row['share'])}", f"series-{at}") for at, row in enumerate(found[:_SHOWN_ADAPTERS])
    ]
    told = (
        ""
        if found
        else f"<p>None in {number(statistics['adapters']['sampled_reads'])} reads looked at. 未发现接头。</p>"
    )
    return drawn + _legend(legend) + told


_PLOTS: tuple[tuple[str, str, str, _Draw, list[tuple[str, str]]], ...] = (
    (
        "quality",
        "Quality by cycle",
        "各循环的碱基质量",
        _cycles(plots.quality),
        [("mean", "mean"), ("median", "median"), ("25 to 75 %, and 10 to 90 %", "whisker")],
    ),
    ("content", "Bases by cycle", "各循环的碱基组成", _cycles(plots.letters), _LETTER_LEGEND),
    (
        "read-quality",
        "Reads by mean quality",
        "读段平均质量分布",
        lambda s, title, name: plots.histogram(s["read_quality"], title, name, "mean Phred 平均质量"),
        [],
    ),
    (
        "gc",
        "Reads by GC",
        "读段 GC 分布",
        lambda s, title, name: plots.gc(s["read_gc"], title, name),
        [("normal curve of one genome 理论正态曲线", "expected")],
    ),
    (
        "lengths",
        "Reads by length",
        "读长分布",
        lambda s, title, name: plots.lengths(s["length_bases"]["histogram"], title, name),
        [],
    ),
    ("n", "N by cycle", "各循环的 N 含量", _cycles(plots.letters, which=("N",)), []),
    ("adapters", "Adapters", "接头含量", _adapters, []),
)


def _plots(files: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    """A section a plot, mates beside one another; then the numbers that were drawn."""
    counted = [
        (at, file) for at, file in enumerate(files[:_SHOWN_FILES]) if (file.get("statistics") or {}).get("reads")
    ]
    if not counted:
        return
    yield '<div class="plots">' if len(counted) == 1 else "<div>"
    for name, english, chinese, draw, legend in _PLOTS:
        figures = []
        for at, file in counted:
            over = f"<h3>{text(file['name'])}</h3>" if len(counted) > 1 else ""
            drawn = draw(file["statistics"], f"{english}: {file['name']}", f"{name}-{at}")
            figures.append(f"<figure>{over}{drawn}</figure>")
        yield _section(english, chinese, f'<div class="pair">{"".join(figures)}</div>{_legend(legend)}', name)
    yield "</div>"
    tables = [f"<h3>{text(file['name'])}</h3>{_numbers(file['statistics'])}" for _, file in counted]
    yield _section("Numbers behind the plots", "图中的数值", "".join(tables), "numbers")


def _legend(rows: Sequence[tuple[str, str]]) -> str:
    if not rows:
        return ""
    line = '<svg viewBox="0 0 24 10" aria-hidden="true"><path class="line {kind}" d="M1 5H23"/></svg>'
    return (
        f'<ul class="legend">{"".join(f"<li>{line.format(kind=kind)}{text(label)}</li>" for label, kind in rows)}</ul>'
    )


def _numbers(statistics: Mapping[str, Any]) -> str:
    rows = [
        [
            plots.cycle_label(row),
            number(row["reads"]),
            *(_rounded(row[key]) for key in plots.QUALITY_VALUES),
            *(f"{100 * row[letter]:.2f}" for letter in plots.LETTERS),
        ]
        for row in plots.grouped(statistics["cycles"])
    ]
    letters = [f"{letter} %" for letter in plots.LETTERS]
    head = ["cycle", "reads", "mean", "10 %", "25 %", "median", "75 %", "90 %", *letters]
    by_cycle = _folded("By cycle", "按循环", _table(head, rows, set(range(len(head)))))
    values = [
        [str(at), number(statistics["read_quality"][at]) if at < 94 else "", number(statistics["read_gc"][at])]
        for at in range(101)
        if statistics["read_gc"][at] or (at < 94 and statistics["read_quality"][at])
    ]
    by_value = _table(["value", "reads of that mean Phred", "reads of that % GC"], values, {0, 1, 2})
    histogram = statistics["length_bases"]["histogram"]
    lengths = [[plots.cycle_label({"from": a, "to": b}), number(count)] for a, b, count in histogram[:200]]
    by_length = _table(["length", "reads"], lengths, {0, 1})
    return by_cycle + _folded("By value", "按数值", by_value) + _folded("By length", "按读长", by_length)


# --- names ---


def _names(document: Mapping[str, Any]) -> str:
    found = document["duplicates"]
    rows = [
        ["Duplicate names", "重复的读段名", number(found["duplicate_names"])],
        ["Names compared", "比较的读段名", number(found["checked"])],
        ["Method", "方法", text(found["method"]) + ("" if found["confirmed"] else ", suspected only")],
    ]
    for file in document["files"]:
        names = file.get("names") or {}
        told = {
            "lanes": ", ".join(map(str, names.get("lanes") or ())),
            "platform by names": names.get("platform") or "",
            "read numbers": ", ".join(f"{k}: {number(v)}" for k, v in (names.get("labels") or {}).items() if v),
        }
        rows += [[f"{text(file['name'])}: {label}", "", text(value[:300])] for label, value in told.items() if value]
    body = _table(["", "", ""], [[a, f'<span lang="zh">{b}</span>', c] for a, b, c in rows])
    examples = [
        [
            text(row.get("file", "")),
            f"<code>{text(row['name'])}</code>",
            ", ".join(number(n) for n in row["lines"][:10]),
        ]
        for row in found["examples"][:_SHOWN_EXAMPLES]
    ]
    if examples:
        body += f"<h3>Examples 示例</h3>{_table(['file', 'name', 'lines'], examples)}"
    return _section("Names of reads", "读段名", body, "names")


def _foot(document: Mapping[str, Any]) -> str:
    engine = f", engine {text(document['engine'])}" if document.get("engine") else ""
    return f"<footer><p>Biotheca file check, document {number(document['version'])}{engine}.</p></footer>"
