"""The published document of a check, and the policy that says how severe each rule is."""

from __future__ import annotations

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biotheca.qc import check_file, policy, report_json
from tests.unit.qc.defects import CASES
from tests.unit.qc.reports import report_of, some_reads

VALIDATOR = jsonschema.Draft202012Validator(report_json.schema())


def test_the_schema_is_a_schema_and_refuses_what_is_none_of_ours() -> None:
    jsonschema.Draft202012Validator.check_schema(report_json.schema())
    whole = report_json.document([report_of(some_reads())])
    VALIDATOR.validate(whole)
    for spoilt in ({"verdict": "maybe"}, {"files": []}, {"findings": [{"rule": "x"}]}, {"duplicates": {}}):
        assert not VALIDATOR.is_valid(whole | spoilt)


@pytest.mark.parametrize("case", CASES)
def test_every_defect_gives_a_document_of_the_published_shape(case: str) -> None:
    stored, rules, line = CASES[case]
    report = check_file([stored], None, "fastq", "run/reads").as_dict()
    whole = report_json.document([report], engine="C")
    VALIDATOR.validate(whole)
    assert whole["verdict"] == ("pass" if report["verdict"] == "sound" else "fail")
    assert [f["rule"] for f in whole["findings"]] == list(rules)
    assert whole["files"][0]["name"] == "reads"
    if line:
        assert (whole["findings"][0]["file"], whole["findings"][0]["line"]) == ("reads", line)


def test_two_mates_stand_in_one_document_with_what_is_wrong_between_them() -> None:
    one, two = report_of(some_reads(20)), report_of(some_reads(10, seed=2), "reads_2.fastq")
    two["duplicates"] |= {"duplicate_names": 1, "examples": [{"name": "r", "lines": [1, 5]}]}
    between = {"rule": "qc.mates_differ", "where": "reads_1.fastq", "message": "They differ.", "severity": "error"}
    whole = report_json.document([one, two], [between])
    VALIDATOR.validate(whole)
    assert (whole["verdict"], whole["findings_total"]) == ("fail", 1)
    assert whole["duplicates"] == {
        "method": "window",
        "checked": 30,
        "duplicate_names": 1,
        "confirmed": True,
        "examples": [{"file": "reads_2.fastq", "name": "r", "lines": [1, 5]}],
    }


def test_a_policy_changes_severity_and_verdict_even_of_what_lies_beyond_the_first_hundred() -> None:
    many = b"".join(b"@r%d\nAX\n+\nII\n" % n for n in range(300))
    text = b"@first\r\nAC\r\n+\r\nII\r\n" + many + b"@last\nAC\n+\nI\x01\n"
    report = check_file([text], None, "fastq", "a.fq").as_dict()
    assert report["findings_total"] == 302 and "qc.quality_character" not in {f["rule"] for f in report["findings"]}
    for words, verdict in (
        ("", "fail"),
        ("qc.base: off", "fail"),
        ("qc.base: warning\nqc.quality_character: hint", "pass"),
        ("qc.base: off\nqc.quality_character: off\nqc.crlf: error", "fail"),
    ):
        whole = report_json.document([report], policy=policy.read(words))
        VALIDATOR.validate(whole)
        assert whole["verdict"] == verdict, words
    assert whole["findings_total"] == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("qc.crfl: error", "qc.crfl"),
        ("metadata.alias: error", "metadata.alias"),
        ("qc.crlf: fatal", "fatal"),
        ("qc.crlf: [error]", "none of"),
        ("- qc.crlf", "lines of"),
        ("{", "no YAML"),
        ("qc.crlf: fatal\nqc.nothing: off", "qc.nothing"),
    ],
)
def test_a_wrong_policy_is_refused_with_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(policy.PolicyIsWrong, match=said):
        policy.read(text)


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading_of_a_policy(text: str) -> None:
    try:
        assert set(policy.read(text).severities.values()) <= set(policy.WORDS)
    except policy.PolicyIsWrong as wrong:
        assert str(wrong)
