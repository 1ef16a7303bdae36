"""The privacy radar in files: what was planted is found and masked; real and clean files raise no alarm. Measured."""

from __future__ import annotations

import gzip
import io
import itertools
import random
import re
from datetime import date, timedelta
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pytest

from biotheca.curation.rules import must_be_decided, open_findings
from biotheca.qc import check_file
from biotheca.qc.radar import Radar
from biotheca.submissions.rules.identifiers import citizen_number_is_valid
from tests.real_data import files_below, real_files
from tests.unit.formats.making import bgzf, tiny_fastq
from tests.unit.formats.making_bam import bam
from tests.unit.qc.defects_omics import zipped
from tests.unit.qc.defects_other import tar
from tests.unit.submissions.test_privacy import citizen

DICE = random.Random(20261128)
SURNAMES, GIVEN = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗", ["伟", "芳", "秀英", "小明", "建国", "丽", "志强", "桂英"]
HAN = [surname + given for surname, given in itertools.product(SURNAMES, GIVEN)]
LATIN = [
    f"{s} {g}"
    for s, g in itertools.product(
        ["Wang", "Li", "Zhang", "Liu", "Chen", "Yang", "Zhao", "Huang", "Zhou", "Wu"],
        ["Wei", "Fang", "Xiuying", "Xiaoming", "Jianguo", "Zhiqiang", "Guiying", "Min"],
    )
]
CLINICAL = ["高血压", "白血病", "黄疸", "马凡综合征", "石棉肺", "毛细血管瘤", "金属过敏", "方颌", "水肿", "白癜风"]


def found(name: str, data: bytes, form: str = "other") -> list[Any]:
    radar = Radar(name, form)
    for _ in radar.tee([data[i : i + 70_000] for i in range(0, len(data), 70_000)]):
        pass
    return radar.findings()


def rules(name: str, data: bytes, form: str = "other") -> set[str]:
    return {f.rule.removeprefix("privacy.") for f in found(name, data, form)}


def phones(count: int) -> list[str]:
    return [f"1{DICE.choice('3456789')}{DICE.randrange(10**9):09d}" for _ in range(count)]


def citizens(count: int) -> list[str]:
    days = (date(1940, 1, 1) + timedelta(days=DICE.randrange(25_000)) for _ in range(count))
    return [citizen(DICE.randrange(110000, 659999), day, DICE.randrange(1000)) for day in days]


def table(head: list[str], *columns: list[str], delimiter: str = ",") -> bytes:
    rows = [head, *map(list, zip(*columns, strict=True))]
    return "\n".join(delimiter.join(row) for row in rows).encode()


def workbook(head: list[str], *columns: list[str]) -> bytes:
    book = openpyxl.Workbook()
    for row in [head, *zip(*columns, strict=True)]:
        book.active.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


# rule -> heads under which it is planted, makers of cells
PLANTED: dict[str, tuple[list[str], Any]] = {
    "person_name": (["姓名", "patient_name", "PatientName", "x7"], lambda n: DICE.sample(HAN, n)),
    "person_name, Latin": (["姓名", "Donor name", "V3"], lambda n: DICE.sample(LATIN, n)),
    "phone": (["手机号", "phone", "v2"], phones),
    "citizen_number": (["身份证号", "id", "v9"], citizens),
    "record_number": (["住院号", "MRN", "hospital_id"], lambda n: [f"{DICE.randrange(10**8):08d}" for _ in range(n)]),
    "email": (["邮箱", "contact"], lambda n: [f"person{k}@example.org" for k in range(n)]),
}


def planted() -> list[tuple[str, str, bytes]]:
    """(rule, file name, bytes): each kind under each head, with and without one, long and short, in three formats."""
    cases = []
    for kind, (heads, make) in PLANTED.items():
        for head, rows in itertools.product(heads, (6, 40)):
            ids = [f"S{n:03d}" for n in range(rows)]
            values = [f"{DICE.uniform(0, 9):.3f}" for _ in range(rows)]
            columns = (ids, make(rows), values)
            rule = kind.partition(",")[0]
            cases.append((rule, "a.csv", table(["sample", head, "tpm"], *columns)))
            cases.append((rule, "a.tsv.gz", gzip.compress(table(["sample", head, "tpm"], *columns, delimiter="\t"))))
            cases.append((rule, "a.xlsx", workbook(["sample", head, "tpm"], *columns)))
    return cases


def clean() -> list[tuple[str, bytes]]:
    """Tables of science whose words and numbers look like those of people."""
    rows = 60
    ids = [f"P{n:04d}" for n in range(rows)]
    columns = {
        "诊断": [DICE.choice(CLINICAL) for _ in range(rows)],
        "patient_name": ids,
        "gene": [DICE.choice(["TP53", "MALAT1", "LINC00152", "HOXA9", "Wnt3a"]) for _ in range(rows)],
        "organism": [DICE.choice(["Homo sapiens", "Mus musculus", "Oryza sativa"]) for _ in range(rows)],
        "library_size": [str(DICE.randrange(10**7, 10**11)) for _ in range(rows)],
        "intensity": [f"{DICE.uniform(1e9, 9e11):.0f}" for _ in range(rows)],
        "probe": [f"ILMN_{DICE.randrange(10**7)}" for _ in range(rows)],
        "position": [str(DICE.randrange(1, 248_956_422)) for _ in range(rows)],
        "accession": [f"SRR{DICE.randrange(10**7, 10**8)}" for _ in range(rows)],
        "date": [f"2023-0{DICE.randrange(1, 10)}-1{DICE.randrange(10)}" for _ in range(rows)],
        "city": [DICE.choice(["Beijing", "Wuhan", "Los Angeles", "New York"]) for _ in range(rows)],
        "taxon id": [str(DICE.randrange(10**6)) for _ in range(rows)],
        "性别": [DICE.choice("男女") for _ in range(rows)],
        "cell type": [DICE.choice(["B cell", "Tan cell", "Han Chinese", "Lin negative"]) for _ in range(rows)],
        "random 18 digits": [str(DICE.randrange(10**17, 10**18)) for _ in range(rows)],
    }
    cases = [("a.csv", table(["id", head], ids, cells)) for head, cells in columns.items()]
    cases += [("a.xlsx", workbook(["id", *columns], ids, *columns.values()))]
    return cases


def test_measured_recall_and_false_alarms_of_tables(capsys: pytest.CaptureFixture[str]) -> None:
    cases, harmless = planted(), clean()
    missed = [(rule, name) for rule, name, data in cases if rule not in rules(name, data)]
    alarms = [(name, f.rule, f.where) for name, data in harmless for f in found(name, data)]
    # A number of 18 digits with a day in it and the right check digit is a citizen number, whoever made it.
    alarms = [a for a in alarms if a[1] != "privacy.citizen_number"]
    with capsys.disabled():
        count = f"{len(cases) - len(missed)} of {len(cases)} planted found"
        print(f"\nradar: {count}; {len(alarms)} alarms in {len(harmless)} clean tables")
    assert len(missed) <= 0.02 * len(cases), missed
    assert alarms == []


def test_no_finding_shows_what_was_found() -> None:
    for _, name, data in planted():
        for one in found(name, data):
            text = str(one)
            assert "*" in one.value and not re.search(r"\d{9}|person\d+@|[\u4e00-\u9fff]{2,3}(?=\*)", one.value), text
            assert one.severity == "warning" and must_be_decided(one.as_dict())


def test_the_curator_has_each_finding_of_a_file_to_decide_on() -> None:
    names = b"".join(b"@ZhangWei_13812345678:%d\nACGT\n+\nIIII\n" % n for n in range(20))
    report = check_file([names], None, "fastq", "reads.fastq")
    private = [f for f in report.findings if f.rule.startswith("privacy.")]
    assert {f.rule for f in private} == {"privacy.person_name", "privacy.phone"} and report.verdict == "sound"
    assert all(f.where.startswith("reads.fastq:") and f.facts["file"] == "reads.fastq" for f in private)
    assert len(open_findings([f.as_dict() for f in private], [])) == 2
    assert {row["rule"] for row in report.counted} >= {f.rule for f in private}
    assert report.findings_total == len(report.findings)


READ_NAMES = {
    "Illumina": "A00123:45:HGFJ7DSX2:1:{0}:{1}:{2} 1:N:0:ATCACG",
    "SRA": "SRR12345678.{0} 1381234{1}/1",
    "PacBio": "m64011_190830_220126/{0}/ccs",
    "nanopore": "f8b9c2de-0001-4c6e-9d1b-{0:012d} runid=abc start_time=2023-01-01T00:00:00Z",
    "BGI": "V350012345L1C001R00{0:08d}/1",
    "counter like phones": "r1381234{0:04d}",
    "bare counter like phones": "1381234{0:04d}",
}


@pytest.mark.parametrize("kind", READ_NAMES)
def test_names_of_machines_are_left_alone(kind: str) -> None:
    text = "".join(f"@{READ_NAMES[kind].format(n, n * 7, 1000 + n)}\nACGT\n+\nIIII\n" for n in range(300))
    assert rules("a.fastq.gz", gzip.compress(text.encode()), "fastq") == set()


def test_tables_are_known_by_their_type_whatever_their_name() -> None:
    columns = ["编号", "姓名"], [str(n) for n in range(20)], HAN[:20]
    assert rules("a.dat", table(*columns), "csv") == {"person_name"}
    assert rules("a.dat", table(*columns, delimiter="\t"), "tsv") == {"person_name"}
    assert rules("a.dat", workbook(*columns), "xlsx") == {"person_name"}
    report = check_file([workbook(*columns)], None, "xlsx", "a.dat")
    assert report.verdict == "sound" and [f.rule for f in report.findings] == ["privacy.person_name"]


def test_names_inside_an_archive_are_looked_through() -> None:
    number = citizens(1)[0]
    for form, made in (("zip", zipped), ("tar", tar)):
        data = made(("scans/a.tif", b"x"), (f"scans/{number}.tif", b"x"), ("ZhangWei_1.csv.gz", b"x"))
        report = check_file([data], None, form, "a.dat")
        assert {(f.rule, f.where) for f in report.findings} == {
            ("privacy.citizen_number", "a.dat:member 2"),
            ("privacy.person_name", "a.dat:member 3"),
        }
        people = made(*((f"scans/{name}.tif", b"x") for name in HAN[:30]))
        (found,) = check_file([people], None, form, "a.dat").findings
        assert found.rule == "privacy.person_name" and "30 of 30" in found.message
        calm = [f"{word}/{word}.csv" for word in CLINICAL[:3]] + ["GSE1/WuHan-Hu-1.fa", "LiverTumor.csv", "readme.md"]
        assert check_file([made(*((name, b"x") for name in calm))], None, form, "a.dat").findings == ()


def test_one_citizen_number_among_many_reads_is_enough() -> None:
    number = citizens(1)[0]
    text = "".join(f"@{number if n == 77 else f'read{n}'}\nACGT\n+\nIIII\n" for n in range(300))
    assert rules("a.fastq", text.encode(), "fastq") == {"citizen_number"}


def test_headers_of_bam_and_vcf_are_read() -> None:
    header = "@HD\tVN:1.6\n@RG\tID:a\tSM:LiXiaoming\tLB:x\tDS:tumour\n@CO\tcall 13812345678\n"
    assert rules("a.bam", bam(text=header.encode()), "bam") == {"person_name", "phone"}
    calm = "@HD\tVN:1.6\n@RG\tID:H3TW\tSM:NA12878\tLB:Solexa-272222\tCN:BI\n@PG\tID:bwa\tCL:bwa mem -R x /data/ref.fa\n"
    assert rules("a.bam", bam(text=calm.encode()), "bam") == set()
    vcf = "##fileformat=VCFv4.3\n##note=MRN 1234567\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tWang_Fang\n"
    assert rules("a.vcf", bgzf(vcf.encode()), "vcf") == {"record_number", "person_name"}


@pytest.mark.parametrize(
    "data", [b"", b"\0" * 5000, b'"' * 90_000, b"PK\3\4" + bytes(100), b"a,b\n" * 10, b"\xff\xfe\x00"]
)
@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.xlsx", "a.csv.gz", "a.fastq", "a.bam"])
def test_bad_bytes_raise_nothing(name: str, data: bytes) -> None:
    for form in ("other", "fastq", "bam", "vcf", "fasta"):
        assert found(name, data, form) == []


def test_chinese_tables_of_excel_and_an_endless_file_are_read_as_far_as_need_be() -> None:
    rows = "编号,姓名\n" + "".join(f"{n},{name}\n" for n, name in enumerate(HAN[:50]))
    assert rules("a.csv", rows.encode("gb18030")) == {"person_name"}
    assert rules("a.csv", rows.encode("utf-8-sig") + b"\n" * 10_000_000) == {"person_name"}
    radar = Radar("a.csv", "other")
    for _ in radar.tee(itertools.repeat(rows.encode(), 20_000)):
        pass
    assert len(radar._head) == 4 * 1024 * 1024 and radar.findings()


def test_a_check_that_goes_on_in_the_middle_looks_at_the_head_too() -> None:
    radar = Radar("a.fastq", "fastq")
    assert radar.is_empty
    radar.take([b"".join(b"@ZhangWei:%d\nA\n+\nI\n" % n for n in range(9))])
    assert {f.rule for f in radar.findings()} == {"privacy.person_name"}


def test_real_files_raise_hardly_an_alarm(capsys: pytest.CaptureFixture[str]) -> None:
    files = real_files(".fastq", ".fastq.gz", ".fq", ".fq.gz", ".bam")
    alarms = []
    for path in files:
        form = "bam" if path.name.endswith(".bam") else "fastq"
        with path.open("rb") as opened:
            alarms += [(path.name, f.rule) for f in found(path.name, opened.read(5_000_000), form)]
    samples, cells = 0, [["a", "b"]]
    for path in files_below("insdc", "biosample"):
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        for sample in ElementTree.fromstring(data).iter("BioSample"):
            samples += 1
            cells += [[a.get("attribute_name", ""), (a.text or "").strip()] for a in sample.iter("Attribute")]
    text = "\n".join("\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in row) for row in cells)
    alarms += [("attributes", f.rule) for f in found("a.tsv", text.encode())]
    with capsys.disabled():
        read = f"{len(files)} real files and the attributes of {samples} real samples"
        print(f"\nradar: {read}: {len(alarms)} alarms {alarms}")
    assert len(alarms) <= 0.02 * (len(files) + samples)


def test_the_planted_numbers_are_what_they_say() -> None:
    assert all(citizen_number_is_valid(number) for number in citizens(50))
    assert rules("a.fastq", tiny_fastq(20, 30), "fastq") == set()
