"""Every rule of the file check has one row in the catalogue, one sentence, and one way to fail."""

from __future__ import annotations

import gzip
import hashlib
import string

from biotheca.formats import faults
from biotheca.qc import check_file
from biotheca.qc.rules import catalogue
from biotheca.qc.runs import RULES
from biotheca.qc.sentences import EXPECTED, SENTENCES, words_of
from tests.unit.qc import defects_bam, defects_omics, defects_other, defects_text
from tests.unit.qc.defects import CASES

# Of other formats than FASTQ: format -> name -> (stored bytes, rule or None, ...).
OTHERS = {
    "bam": defects_bam.CASES,
    "vcf": defects_text.VCF_CASES,
    "fasta": defects_text.FASTA_CASES,
    **defects_other.CASES,
    **defects_omics.CASES,
    "other": {"nothing inside": (gzip.compress(b""), "qc.nothing_inside")},
}


def test_catalogue_and_sentences_know_the_same_rules() -> None:
    assert {rule.removeprefix("qc.") for rule in catalogue()} == set(SENTENCES)
    assert set(EXPECTED) <= set(SENTENCES)


def test_every_row_says_message_and_mending_in_both_languages_and_gives_an_example() -> None:
    for rule, row in catalogue().items():
        assert row["severity"] in ("error", "warning", "hint"), rule
        assert set(row["message"]) == set(row["mend"]) == {"en", "zh"}, rule
        assert all(row["message"].values()) and all(row["mend"].values()) and row["example"], rule
        assert any("\u4e00" <= c <= "\u9fff" for c in row["message"]["zh"] + row["mend"]["zh"]), rule


def test_every_rule_is_shown_by_a_case_or_by_a_test_of_its_own() -> None:
    shown = {rule for _, rules, _ in CASES.values() for rule in rules}
    shown |= {rule for cases in OTHERS.values() for _, rule, *_ in cases.values() if rule}
    of_their_own = {"qc.md5", "qc.name_and_content", "qc.unpacks_too_far", "qc.line_too_long"} | RULES
    of_their_own |= {"qc.duplicate_names_suspected", "qc.quality_constant", "qc.fasta_names_many"}
    of_their_own |= {"qc.not_decoded", "qc.tar_many", "qc.cram_no_md5"}
    assert shown | of_their_own == set(catalogue())


def test_every_kind_of_broken_container_has_a_rule() -> None:
    kinds = faults.ContainerFault.__subclasses__()
    assert len(kinds) == 9
    assert {f"qc.{kind.code}" for kind in kinds} <= set(catalogue())


def test_facts_fill_every_gap_of_the_sentences() -> None:
    files = [("fastq", stored) for stored, _, _ in CASES.values()]
    files += [(form, stored) for form, cases in OTHERS.items() for stored, *_ in cases.values()]
    for form, stored in files:
        for finding in check_file([stored], hashlib.md5(stored).hexdigest(), form, "reads").findings:
            words = words_of(finding.rule.removeprefix("qc."), finding.facts)
            assert {gap for _, gap, _, _ in string.Formatter().parse(words) if gap} <= set(finding.facts)


def test_a_warning_outside_of_fastq_is_told_once_with_its_count() -> None:
    """Else a hundred warnings would hide whether the file is sound."""
    for form, cases in OTHERS.items():
        for stored, *_ in cases.values():
            told = [f for f in check_file([stored], None, form, "a").findings if f.severity == "warning"]
            assert len(told) == len({(f.rule, f.facts.get("key")) for f in told})
