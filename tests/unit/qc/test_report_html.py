"""The page that people see of a check: whole, self-contained, and no text of a file is markup in it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree, html

from biotheca.qc import report_html, report_json
from biotheca.qc.report_plots import grouped, normal_of
from tests.depth import examples
from tests.unit.qc.defects import CASES
from tests.unit.qc.reference_statistics import Reads, statistics
from tests.unit.qc.reports import report_of, some_reads

PLOTS = ["quality", "content", "read-quality", "gc", "lengths", "n", "adapters"]
SECTIONS = ["findings", "summary", *PLOTS, "numbers", "names"]
XSS = "<script>alert(1)</script>\"'&<img src=x onerror=y>\x1b[31m"


def page_of(*reports: dict[str, Any]) -> tuple[str, Any]:
    """The page, and its tree as a browser would make it."""
    text = report_html.page(report_json.document(reports))
    return text, html.document_fromstring(text)


def must_be_harmless(tree: Any) -> None:
    """Nothing runs, nothing is asked for, nothing styles but the page's own sheet."""
    assert {e.tag for e in tree.iter() if isinstance(e.tag, str)} <= KNOWN
    for element in tree.iter():
        for name, value in element.attrib.items():
            assert name in {
                *("lang", "class", "id", "content", "name", "charset", "http-equiv", "scope", "role", "viewbox"),
                *("aria-labelledby", "aria-hidden", "x", "y", "width", "height", "d", "points", "text-anchor"),
            }, name
            assert "javascript" not in value and "url(" not in value


KNOWN = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "footer", "section", "h1", "h2", "h3", "p"),
    *("b", "code", "span", "ol", "ul", "li", "div", "figure", "table", "thead", "tbody", "tr", "th", "td", "details"),
    *("summary", "svg", "desc", "path", "rect", "polyline", "text"),
}


def test_a_page_has_verdict_and_findings_first_and_then_every_plot_with_its_words() -> None:
    text, tree = page_of(report_of(some_reads()))
    assert [s.get("id") for s in tree.iter("section")] == SECTIONS
    assert tree.xpath("//header/p")[0].get("class") == "banner pass"
    for name in PLOTS:
        (picture,) = tree.xpath(f"//section[@id='{name}']//figure/svg")
        title, described = picture.get("aria-labelledby").split()
        assert tree.get_element_by_id(title).text_content() and tree.get_element_by_id(described).text_content()
        etree.fromstring(etree.tostring(picture))  # well-formed by itself
    assert len(text.encode()) < 100_000
    for english, chinese in (("Quality by cycle", "各循环的碱基质量"), ("Reads by GC", "读段 GC 分布")):
        (heading,) = [h for h in tree.iter("h2") if h.text_content().startswith(english)]
        assert chinese in heading.text_content()
    must_be_harmless(tree)


def test_the_numbers_of_the_page_are_those_of_the_statistics() -> None:
    report = report_of(some_reads(100, 30))
    counted = report["statistics"]
    _, tree = page_of(report)
    cells = {row[0].text_content(): row[1].text_content() for row in tree.xpath("//section[@id='summary']//tbody/tr")}
    assert cells["Reads 读段数"] == "100" and cells["Bases 碱基数"] == "3,000"
    assert cells["Bases of Phred 30 and more Q30"] == f"{100 * counted['q30_share']:.2f}".rstrip("0").rstrip(".") + " %"
    rows = tree.xpath("//section[@id='numbers']//table")[0].xpath(".//tbody/tr")
    shown = [[cell.text_content() for cell in row] for row in rows]
    assert [row[0] for row in shown] == [str(n) for n in range(1, 31)]
    cycles = counted["cycles"]
    assert [float(row[3]) for row in shown] == cycles["p10"] and [float(row[5]) for row in shown] == cycles["p50"]
    assert [float(row[8]) for row in shown] == [round(a / 100 * 100, 2) for a in cycles["A"]]


def test_two_mates_stand_beside_one_another() -> None:
    _, tree = page_of(report_of(some_reads()), report_of(some_reads(seed=2), "reads_2.fastq"))
    for name in PLOTS:
        headings = [h.text for h in tree.xpath(f"//section[@id='{name}']//figure/h3")]
        assert headings == ["reads_1.fastq", "reads_2.fastq"]
    ids = [e.get("id") for e in tree.iter() if e.get("id")]
    assert len(ids) == len(set(ids))


def test_each_finding_says_where_and_how_to_mend_it_in_both_languages() -> None:
    text = b"".join(b"@r%d\nAX\n+\nII\n" % n for n in range(150))
    page, tree = page_of(report_of([], "reads.fastq", text))
    assert tree.xpath("//header/p")[0].get("class") == "banner fail"
    (rule,) = tree.xpath("//section[@id='findings']/ol/li")
    said = rule.text_content()
    assert "reads.fastq:2" in said and "Write unknown bases as N" in said and rule.xpath(".//p[@lang='zh']")
    assert "97 more places" in said and "50 more were counted" in page


@pytest.mark.parametrize("case", CASES)
def test_every_defect_has_its_page(case: str) -> None:
    from biotheca.qc import check_file

    _, tree = page_of(check_file([CASES[case][0]], None, "fastq", "reads").as_dict())
    must_be_harmless(tree)
    assert bool(tree.xpath("//section[@id='findings']/ol")) == bool(CASES[case][1])


def test_reads_of_any_length_stay_a_small_page() -> None:
    long = [("ACGTN" * 40_000, "5I?+!" * 40_000), ("GATTACA" * 900, "IIIIIII" * 900)]
    one = report_of(long)
    text, tree = page_of(one, one)
    assert len(text.encode()) < 300_000
    assert len(tree.xpath("//section[@id='numbers']//details[1]//tbody/tr")) >= 100
    rows = grouped(one["statistics"]["cycles"])
    assert len(rows) <= 120 and rows[0]["from"] == 1 and rows[-1]["to"] >= 200_000


letters = st.text("ACGTNacgtnRU.", max_size=30)
some = st.lists(
    letters.flatmap(lambda s: st.tuples(st.just(s), st.text("!#5FI~hB", min_size=len(s), max_size=len(s)))), max_size=6
)
words = st.text(max_size=20) | st.just(XSS)


@settings(max_examples=examples(60), deadline=None)
@given(reads=some, name=words, said=words, lines=st.lists(st.integers(1, 10**12), max_size=3))
def test_any_report_has_a_page_and_no_text_of_a_file_is_markup(
    reads: Reads, name: str, said: str, lines: list[int]
) -> None:
    report = report_of([("A", "I")], name.replace("/", "") or "x") | {"statistics": statistics(reads)}
    report["findings"] = [
        {"rule": said, "where": name, "message": said, "mend": said, "severity": "error", "facts": {"read": said}}
    ]
    report["duplicates"] |= {"method": said, "examples": [{"name": said, "lines": lines}]}
    report["names"] |= {"lanes": [said], "platform": said}
    report["statistics"]["adapters"]["found"] = [
        {
            "name": said,
            "sequence": said,
            "reads": 1,
            "share": 0.5,
            "cumulative": [0.5] * len(report["statistics"]["cycles"]["from"]),
        }
    ]
    text, tree = page_of(report)
    must_be_harmless(tree)
    assert "<script" not in text and "<img" not in text and "\x1b" not in text


def test_a_report_without_statistics_is_a_page_without_plots() -> None:
    report = report_of(some_reads()) | {"statistics": None, "duplicates": None, "names": None}
    _, tree = page_of(report)
    assert [s.get("id") for s in tree.iter("section")] == ["findings", "summary", "names"]


def test_the_normal_curve_has_as_many_reads_as_there_are_and_its_top_at_the_mode() -> None:
    counts = [0] * 101
    counts[40:45] = [10, 20, 40, 20, 10]
    curve = normal_of(counts)
    assert sum(curve) == pytest.approx(100) and curve.index(max(curve)) == 42
    assert normal_of([0] * 101) == []
