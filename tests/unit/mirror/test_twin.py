"""The kernel and the careful reader see the same in any document: random ones, sound and odd."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biotheca.formats import native
from biotheca.mirror import careful, fast
from biotheca.mirror.assembly import Assembly
from biotheca.mirror.chunks import Chunk, records
from biotheca.mirror.mapping import BIOSAMPLE, PACKAGE, SETS, Document
from biotheca.mirror.shapes import entities
from tests.depth import examples

TEXTS = st.sampled_from(
    [
        "",
        " ",
        "x",
        "  two words ",
        "&amp;",
        "a &lt; b",
        "&#233;&#x4E2D;",
        "\n line\n",
        "中文",
        "a\r\nb\rc",
        "]]",
        "é",
        "0",
        "12",
        "-3",
        "1e3",
        "x;y",
        "&quot;q&apos;",
        "\t",
    ]
)
_WORDS = """
    TITLE STUDY_REF IDENTIFIERS PRIMARY_ID EXTERNAL_ID SUBMITTER_ID DESIGN LIBRARY_DESCRIPTOR LIBRARY_LAYOUT PAIRED
    SINGLE PLATFORM ILLUMINA INSTRUMENT_MODEL EXPERIMENT_ATTRIBUTES EXPERIMENT_ATTRIBUTE TAG VALUE UNITS SRAFiles
    SRAFile Alternatives Statistics Read b SAMPLE_NAME TAXON_ID SCIENTIFIC_NAME Ids Id Description Comment Paragraph
    Table Header Body Row Cell Attributes Attribute Organism OrganismName Links Link
"""
NAMES = st.sampled_from(_WORDS.split())
_KEY_WORDS = "accession alias center_name namespace label db filename url md5 size index average type"
KEYS = st.sampled_from(_KEY_WORDS.split())
QUOTES = st.sampled_from(['"', "'"])


@st.composite
def attributes(draw: st.DrawFn) -> str:
    made = ""
    for key in draw(st.lists(KEYS, max_size=3, unique=True)):
        quote = draw(QUOTES)
        value = draw(TEXTS).replace(quote, "").replace("\r", "\n")
        made += f" {key}{draw(st.sampled_from(['=', ' = ']))}{quote}{value}{quote}"
    return made


ELEMENTS = st.recursive(
    st.builds(lambda n, a, t: f"<{n}{a}>{t}</{n}>", NAMES, attributes(), TEXTS)
    | st.builds(lambda n, a: f"<{n}{a}/>", NAMES, attributes()),
    lambda inner: st.builds(
        lambda n, a, t, c, u: f"<{n}{a}>{t}{''.join(c)}{u}</{n}>",
        NAMES,
        attributes(),
        TEXTS,
        st.lists(inner, max_size=4),
        TEXTS,
    ),
    max_leaves=12,
)


def same(document: Document, text: str) -> None:
    chunk = Chunk(document, text.encode(), 0)
    reader = careful.CarefulReader(document)
    refused = 0
    for _, record in records(chunk):
        try:
            reader.add(record)
        except careful.RecordIsUnreadable:
            refused += 1
    slow = entities(document, Assembly(reader.raw()))
    try:
        raw = fast.read(document, chunk.text)
    except fast.NotForTheFast:
        return
    quick = entities(document, Assembly(raw))
    first = document.entities[0].name
    if quick[first].num_rows != fast.records_in(document, raw):
        assert refused, "a record without accession is refused by the careful reader"
        return
    if not refused:
        assert {name: table.to_pylist() for name, table in quick.items()} == {
            name: table.to_pylist() for name, table in slow.items()
        }


@pytest.mark.parametrize("name", ["STUDY", "SAMPLE", "EXPERIMENT", "RUN"])
@settings(max_examples=examples(150), deadline=None)
@given(inside=st.lists(st.lists(ELEMENTS, max_size=6), min_size=1, max_size=3))
def test_objects_are_read_alike(name: str, inside: list[list[str]]) -> None:
    if not native.has_kernel():
        pytest.skip(reason="no compiler was here when the project was set up")
    same(SETS[name], "\n".join(f'<{name} accession="A{n}">{"".join(e)}</{name}>' for n, e in enumerate(inside)))


@settings(max_examples=examples(150), deadline=None)
@given(inside=st.lists(st.lists(ELEMENTS, max_size=6), min_size=1, max_size=3))
def test_biosamples_are_read_alike(inside: list[list[str]]) -> None:
    if not native.has_kernel():
        pytest.skip(reason="no compiler was here when the project was set up")
    same(BIOSAMPLE, "".join(f'<BioSample accession="A{n}">{"".join(e)}</BioSample>' for n, e in enumerate(inside)))


@settings(max_examples=examples(100), deadline=None)
@given(inside=st.lists(ELEMENTS, max_size=4), runs=st.lists(ELEMENTS, max_size=4), samples=st.integers(0, 3))
def test_packages_of_several_samples_and_runs_are_read_alike(inside: list[str], runs: list[str], samples: int) -> None:
    if not native.has_kernel():
        pytest.skip(reason="no compiler was here when the project was set up")
    body = f'<EXPERIMENT accession="X">{"".join(inside)}</EXPERIMENT>'
    body += "".join(f'<SAMPLE accession="S{n}">{"".join(inside)}</SAMPLE>' for n in range(samples))
    body += (
        f"<RUN_SET>{''.join(f'<RUN accession={chr(34)}R{n}{chr(34)}>{r}</RUN>' for n, r in enumerate(runs))}</RUN_SET>"
    )
    same(PACKAGE, f"<EXPERIMENT_PACKAGE>{body}</EXPERIMENT_PACKAGE>" * 2)


@settings(max_examples=examples(400), deadline=None)
@given(text=st.text(alphabet="<>/=\"' &;#x1aRUN\r\n]!-?\x01é", max_size=60))
def test_the_kernel_takes_no_text_that_lxml_refuses(text: str) -> None:
    if not native.has_kernel():
        pytest.skip(reason="no compiler was here when the project was set up")
    whole = f'<RUN accession="A">{text}</RUN>'
    try:
        fast.read(SETS["RUN"], whole.encode())
    except fast.NotForTheFast:
        return
    from lxml import etree

    etree.fromstring(b"<R>" + whole.encode() + b"</R>")
