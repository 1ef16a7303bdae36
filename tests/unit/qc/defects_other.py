"""What can be wrong with CRAM, BCF and archives: files made in code, CRAM and BCF by htslib; rows as in defects_bam."""

from __future__ import annotations

import gzip
import io
import tarfile
import tempfile
from functools import cache
from pathlib import Path

import pysam
import pysam.bcftools

from tests.unit.formats.making import BGZF_END, bgzf, tiny_fastq
from tests.unit.formats.making_bam import HEADER, bam, record
from tests.unit.qc.defects_text import VCF

Case = tuple[bytes, str | None, str]


@cache
def cram(version: str = "3.0", tags: str = "") -> bytes:
    """Ten records, two of them secondary or supplementary, without a reference; `tags` of its @SQ line."""
    reads = [record(b"r%d" % n, 0, 0, 10 * n, [(5, "M")], bases="ACGTN") for n in range(1, 9)]
    extra = [record(b"r1", flags, 0, 500, [(5, "M")], bases="ACGTN") for flags in (0x100, 0x800)]
    text = HEADER.replace("LN:1000", "LN:1000\tM5:" + "a" * 32 + tags).replace("LN:500", "LN:500\tM5:" + "b" * 32)
    options = [f"--output-fmt-option={one}" for one in (f"version={version}", "no_ref=1", "seqs_per_slice=4")]
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder) / "a.bam", Path(folder) / "a.cram"
        source.write_bytes(bam(*reads, *extra, text=text))
        pysam.view("-C", "-o", str(made), *options, str(source), catch_stdout=False)
        return made.read_bytes()


@cache
def bcf(text: bytes = VCF) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder) / "a.vcf", Path(folder) / "a.bcf"
        source.write_bytes(text)
        pysam.bcftools.view("--no-version", "-Ob", "-o", str(made), str(source), catch_stdout=False)
        return made.read_bytes()


def tar(*members: tuple[str, bytes], links: tuple[str, ...] = ()) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in members:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
        for name in links:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(entry)
    return made.getvalue()


def _flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]


_ODD = gzip.compress(tiny_fastq(5).replace(b"ACGTN", b"XXXXX", 1))
_POD5, _FAST5 = b"\x8bPOD\r\n\x1a\n" + bytes(99), b"\x89HDF\r\n\x1a\n" + bytes(99)
_FQ = gzip.compress(tiny_fastq(5))
R1, R2 = ("lane/s_S1_L001_R1_001.fastq.gz", _FQ), ("lane/s_S1_L001_R2_001.fastq.gz", _FQ)
_TENX = tar(R1, R2)
_CRAM, _BCF = cram(), bcf()

CRAM_CASES: dict[str, Case] = {
    "sound": (_CRAM, None, ""),
    "sound, 2.1": (cram("2.1"), None, ""),
    "sound, 3.1": (cram("3.1"), None, ""),
    "no end container": (_CRAM[:-38], "qc.end_missing", ""),
    "cut in the end container": (_CRAM[:-5], "qc.cram_cut", ":container 5"),
    "cut in the middle": (_CRAM[: len(_CRAM) * 2 // 3], "qc.cram_cut", ""),
    "cut in the first bytes": (_CRAM[:20], "qc.cram_cut", ""),
    "one bit turned": (_flip(_CRAM, len(_CRAM) - 60), "qc.cram_checksum", ""),
    "version 1.0": (b"CRAM\1\0" + _CRAM[6:], "qc.cram_version", ""),
    "a length of -1": (_CRAM[:26] + b"\xff\xff\xff\xff" + _CRAM[30:], "qc.cram_container", ""),
    "BAM": (bam(record()), "qc.content_is_other", ""),
}
BCF_CASES: dict[str, Case] = {
    "sound": (_BCF, None, ""),
    "no end block": (_BCF.removesuffix(BGZF_END), "qc.end_missing", ""),
    "cut": (_BCF[:-40], "qc.stream_truncated", ""),
    "a header of nothing": (bgzf(b"BCF\2\2" + b"\xff" * 300), "qc.htslib", ""),
    "not sorted": (bcf(b"\n".join(VCF.split(b"\n")[:9] + VCF.split(b"\n")[9:11][::-1]) + b"\n"), "qc.vcf_order", ""),
    "VCF in BGZF": (bgzf(VCF), "qc.content_is_other", ""),
}
TAR_CASES: dict[str, Case] = {
    "sound": (_TENX, None, ""),
    "sound, gzip": (gzip.compress(_TENX), None, ""),
    "matrix": (tar(("m/matrix.mtx.gz", gzip.compress(b"%%MatrixMarket matrix coordinate\n"))), None, ""),
    "a defect of a member": (tar(R1, (R2[0], _ODD)), "qc.base", f":{R2[0]}:2"),
    "a member cut": (tar(R1, (R2[0], _FQ[:-9])), "qc.stream_truncated", f":{R2[0]}"),
    "mates differ": (tar(R1, (R2[0], gzip.compress(tiny_fastq(4)))), "qc.tar_mates_differ", ""),
    "cut in a member": (_TENX[:700], "qc.tar_cut", ""),
    "no end": (_TENX[:2048], "qc.tar_cut", ""),
    "a broken header": (_flip(_TENX, 130), "qc.tar_broken", ""),
    "a name that leads up": (tar(R1, R2, ("../x.fastq", b"@")), "qc.tar_name", ":../x.fastq"),
    "an absolute name": (tar(R1, R2, ("/etc/x.fastq", b"@")), "qc.tar_name", ":/etc/x.fastq"),
    "a link": (tar(R1, R2, links=("x.fastq",)), "qc.tar_link", ":x.fastq"),
    "a member twice": (tar(R1, R2, R1), "qc.tar_twice", f":{R1[0]}"),
    "an archive inside": (tar(R1, R2, ("x.zip", b"PK\3\4" + bytes(50))), "qc.tar_nested", ":x.zip"),
    "a bomb inside": (tar((R1[0], gzip.compress(bytes(20_000_000)))), "qc.unpacks_too_far", f":{R1[0]}"),
    "nothing of use": (tar(("readme.txt", b"hello")), "qc.tar_without", ""),
    "a matrix that is none": (tar(("matrix.mtx", b"1 2 3\n")), "qc.tar_matrix", ":matrix.mtx"),
    "other names": (tar(("reads1.fq.gz", _FQ)), "qc.tar_10x_name", ""),
    "a report beside": (tar(R1, R2, ("report.txt", b"hello")), "qc.tar_unchecked", ""),
    "no archive": (_FQ, "qc.tar_cut", ""),
}
NANOPORE_CASES: dict[str, Case] = {
    "sound": (gzip.compress(tar(("a/1.pod5", _POD5), ("a/2.fast5", _FAST5))), None, ""),
    "a fast5 file that is none": (tar(("1.fast5", b"hello")), "qc.content_is_other", ":1.fast5"),
    "no signal": (tar(R1), "qc.tar_without", ""),
}
CASES = {"cram": CRAM_CASES, "bcf": BCF_CASES, "10x": TAR_CASES, "OxfordNanopore_native": NANOPORE_CASES}
WARNED = frozenset({"other names", "a report beside"})
