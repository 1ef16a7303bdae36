"""What can be wrong with VCF and FASTA, as files made in code; rows as in defects_bam."""

from __future__ import annotations

import gzip

from tests.unit.formats.making import bgzf

VCF = b"""##fileformat=VCFv4.3
##contig=<ID=chr1,length=1000>
##contig=<ID=chr2,length=500>
##FILTER=<ID=q10,Description="Quality, below 10">
##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth">
##INFO=<ID=DB,Number=0,Type=Flag,Description="In dbSNP">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="Quality">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\tS2
chr1\t100\trs1\tA\tG\t29.5\tPASS\tDP=14;DB\tGT:GQ\t0|0:48\t1|0:48
chr1\t200\t.\tACG\tA,<DEL>\t.\tq10\t.\tGT\t0/2\t./.
chr2\t10\t.\tG\t.\t1e3\t.\tDP=1\tGT:GQ\t0:1\t.
chr2\t10\t.\tN\tN[chr1:5[,*\t3\tPASS\tDP=1\tGT:GQ\t2\t0/1
"""
_LINES = VCF.split(b"\n")
FASTA = b">one first\nACGTN\nACGTN\nAC\n>two\nACGTRYKM\n>three\nNNNNN\nACGTU\n"

Case = tuple[bytes, str | None, str]


def _vcf(line: int, old: bytes, new: bytes) -> bytes:
    lines = list(_LINES)
    assert old in lines[line - 1]
    lines[line - 1] = lines[line - 1].replace(old, new, 1)
    return b"\n".join(lines)


def _without(line: int) -> bytes:
    return b"\n".join(_LINES[: line - 1] + _LINES[line:])


_VCF: dict[str, tuple[bytes, str | None, int]] = {
    "sound": (VCF, None, 0),
    "sound, bgzip": (bgzf(VCF), None, 0),
    "last line without its end": (VCF[:-1], None, 0),
    "sites alone": (
        b"".join(b"\t".join(x.split(b"\t")[:8]) + b"\n" for x in _LINES[:-1] if b"FORMAT=" not in x),
        None,
        0,
    ),
    "no version": (_without(1), "vcf_version", 1),
    "version 3": (_vcf(1, b"4.3", b"3.3"), "vcf_version", 1),
    "records alone": (b"\n".join(_LINES[9:]), "vcf_version", 1),
    "INFO without Type": (_vcf(5, b"Type=Integer,", b""), "vcf_header_line", 5),
    "INFO of an unknown type": (_vcf(5, b"Integer", b"Number"), "vcf_header_line", 5),
    "FILTER without <>": (_vcf(4, b"<", b""), "vcf_header_line", 4),
    "a contig twice": (_vcf(3, b"chr2", b"chr1"), "vcf_header_repeated", 3),
    "columns parted by blanks": (_vcf(9, b"\tPOS\t", b" POS "), "vcf_columns", 9),
    "no line of columns": (_without(9), "vcf_columns", 9),
    "a sample twice": (_vcf(9, b"S2", b"S1"), "vcf_sample_repeated", 9),
    "a header line behind records": (VCF + b"##source=x\n", "vcf_header_late", 14),
    "a blank line": (_vcf(11, b"chr1", b"\nchr1"), "vcf_blank_line", 11),
    "a column too few": (_vcf(11, b"\t./.", b""), "vcf_fields", 11),
    "a column too many": (_vcf(11, b"./.", b"./.\t./."), "vcf_fields", 11),
    "an unknown contig": (_vcf(13, b"chr2", b"chr3"), "vcf_contig", 13),
    "a position that is none": (_vcf(10, b"100", b"1e2"), "vcf_position", 10),
    "a position beyond the contig": (_vcf(11, b"200", b"1002"), "vcf_position", 11),
    "positions fall": (_vcf(11, b"200", b"99"), "vcf_order", 11),
    "a contig comes back": (VCF + _LINES[10] + b"\n", "vcf_order", 14),
    "REF -": (_vcf(10, b"\tA\tG", b"\t-\tG"), "vcf_ref", 10),
    "ALT -": (_vcf(10, b"\tA\tG", b"\tA\t-"), "vcf_alt", 10),
    "ALT with a blank": (_vcf(11, b"A,<DEL>", b"A, <DEL>"), "vcf_alt", 11),
    "QUAL high": (_vcf(10, b"29.5", b"high"), "vcf_quality", 10),
    "FILTER 0": (_vcf(10, b"PASS", b"0"), "vcf_filter", 10),
    "INFO with a blank": (_vcf(10, b"DP=14;DB", b"DP=14; DB"), "vcf_info", 10),
    "INFO key twice": (_vcf(10, b"DP=14;DB", b"DP=14;DP=2"), "vcf_info", 10),
    "GT is not first": (_vcf(10, b"GT:GQ\t", b"GQ:GT\t"), "vcf_format", 10),
    "more values than keys": (_vcf(11, b"./.", b"./.:3"), "vcf_sample", 11),
    "genotype of letters": (_vcf(10, b"1|0", b"A|G"), "vcf_genotype", 10),
    "genotype of allele 3": (_vcf(11, b"0/2", b"0/3"), "vcf_genotype", 11),
    "an empty sample": (_vcf(11, b"\t./.", b"\t"), "vcf_genotype", 11),
    "FASTA": (FASTA, "content_is_other", 1),
}
_VCF_WARNED: dict[str, tuple[bytes, str, int]] = {
    "gzip": (gzip.compress(VCF), "gzip_not_bgzf", 0),
    "no contigs": (b"\n".join(_LINES[:1] + _LINES[3:]), "vcf_no_contigs", 0),
    "no records": (b"\n".join(_LINES[:9]) + b"\n", "vcf_no_records", 0),
    "REF R": (_vcf(10, b"\tA\tG", b"\tR\tG"), "vcf_iupac", 10),
    "an undeclared key": (_vcf(10, b"DP=14", b"AF=14"), "vcf_undeclared", 10),
    "CRLF": (VCF.replace(b"\n", b"\r\n"), "crlf", 1),
}

_FASTA: dict[str, tuple[bytes, str | None, int]] = {
    "sound": (FASTA, None, 0),
    "sound, gzip": (gzip.compress(FASTA), None, 0),
    "last line without its end": (FASTA[:-1], None, 0),
    "proteins": (b">p1\nMKVLAAGIVQLE*\n>p2\nMSTNPKPQRKTKR\n", None, 0),
    "one line a sequence": (b">a\n" + b"ACGT" * 9000 + b"\n>b\nAC\n", None, 0),
    "letters before a name": (b"ACGT\n" + FASTA, "fasta_first", 1),
    "blank lines, then letters": (b"\n\nACGT\n", "fasta_first", 3),
    "no name": (FASTA.replace(b">two", b">"), "fasta_name_missing", 5),
    "a blank before the name": (FASTA.replace(b">two", b"> two"), "fasta_name_missing", 5),
    "a name twice": (FASTA.replace(b">three", b">one again"), "fasta_name_twice", 7),
    "an empty sequence": (FASTA.replace(b"ACGTRYKM\n", b""), "fasta_no_letters", 5),
    "an empty sequence at the end": (FASTA + b">four\n", "fasta_no_letters", 10),
    "a digit among letters": (FASTA.replace(b"NNNNN", b"NN7NN"), "fasta_letter", 8),
    "a blank among letters": (FASTA.replace(b"NNNNN", b"NN NN"), "fasta_letter", 8),
    "nothing": (gzip.compress(b""), "fasta_empty", 0),
    "FASTQ is no FASTA": (b"@r\nACGT\n+\nIIII\n", "fasta_first", 1),
    "VCF": (VCF, "content_is_other", 1),
}
_FASTA_WARNED: dict[str, tuple[bytes, str, int]] = {
    "a longer line": (FASTA.replace(b"NNNNN\n", b"NNN\n"), "fasta_width", 9),
    "a short line inside": (FASTA.replace(b"ACGTN\nACGTN\n", b"ACGTN\nACG\n"), "fasta_width", 4),
    "a blank line": (FASTA.replace(b">two", b"\n>two"), "fasta_blank_line", 5),
    "CRLF": (FASTA.replace(b"\n", b"\r\n"), "crlf", 1),
}


def _rows(*tables: dict[str, tuple[bytes, str, int]] | dict[str, tuple[bytes, str | None, int]]) -> dict[str, Case]:
    found: dict[str, Case] = {}
    for table in tables:
        for name, (stored, code, line) in table.items():
            found[name] = (stored, f"qc.{code}" if code else None, f":{line}" if line else "")
    return found


VCF_CASES = _rows(_VCF, _VCF_WARNED)
FASTA_CASES = _rows(_FASTA, _FASTA_WARNED)
HARMLESS = {
    "vcf": {name for name, row in VCF_CASES.items() if row[1] is None or name in _VCF_WARNED},
    "fasta": {name for name, row in FASTA_CASES.items() if row[1] is None or name in _FASTA_WARNED},
}
