"""The table of defects that file checkers miss, as files made in code: the file and what must be found.

Each row: name -> (stored bytes, rules that must be found, line of the first finding or 0 for the whole file).
Rows without rules are the harmless ones that stricter tools refuse wrongly.
"""

from __future__ import annotations

import bz2
import gzip

from tests.unit.formats.making import BGZF_END, bgzf, gzip_member, tiny_fastq, with_line, without_line

TEXT = tiny_fastq(reads=300, length=50)
GZ = gzip_member(TEXT)
# Where read 200 stands, line by line.
AT = 199 * 4 + 1


def _flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]


def _wrapped(text: bytes, width: int) -> bytes:
    lines = text.splitlines()
    parts = []
    for header, sequence, plus, quality in zip(*(lines[k::4] for k in range(4)), strict=True):
        cut = [sequence[i : i + width] for i in range(0, len(sequence), width)]
        cut_quality = [quality[i : i + width] for i in range(0, len(quality), width)]
        parts += [header, *cut, plus, *cut_quality]
    return b"\n".join(parts) + b"\n"


_SEQUENCE = TEXT.split(b"\n")[1]
_QUALITY = TEXT.split(b"\n")[3]

_HARMLESS: dict[str, bytes] = {
    "sound, plain": TEXT,
    "sound, gzip": GZ,
    "sound, bgzf": bgzf(TEXT),
    "sound, bzip2": bz2.compress(TEXT),
    "IUPAC bases": with_line(TEXT, AT + 1, b"RYKMSWBDHVNryk.acgtuNNNN" + _SEQUENCE[24:]),
    "last newline missing": TEXT[:-1],
    "zero padding after gzip": GZ + bytes(4096),
    "several members": gzip_member(TEXT[:900]) + gzip_member(TEXT[900:]),
    "member cut in the middle of a read": gzip_member(TEXT[:905]) + gzip_member(TEXT[905:]),
    "two BGZF end blocks": bgzf(TEXT) + BGZF_END,
    "BGZF end block inside": bgzf(TEXT[:5000]) + bgzf(TEXT[5000:]),
    "Phred+64": with_line(TEXT, AT + 3, b"h" * 50),
    "qualities that begin with @ and +": with_line(with_line(TEXT, AT + 3, b"@" * 50), AT + 7, b"+" * 50),
    "a name of 256 characters": with_line(TEXT, AT, b"@" + b"n" * 256),
    "the name repeated after +": with_line(TEXT, AT + 2, b"+r200 1:N:0:ATC"),
}

_MATE = TEXT.replace(b" 1:N", b" 2:N").split(b"\n")
_HARMLESS["interleaved mates"] = b"".join(
    b"\n".join([*TEXT.split(b"\n")[i : i + 4], *_MATE[i : i + 4], b""]) for i in range(0, 1200, 4)
)


def _with_qualities(text: bytes, letters: bytes) -> bytes:
    """The same reads with these letters for qualities, over and over."""
    lines = text.split(b"\n")
    lines[3::4] = [(letters * len(line))[: len(line)] for line in lines[3::4]]
    return b"\n".join(lines)


_OF_LINES: dict[str, tuple[bytes, str, int]] = {
    "bad base": (with_line(TEXT, AT + 1, b"X" + _SEQUENCE[1:]), "qc.base", AT + 1),
    "NUL in sequence": (with_line(TEXT, AT + 1, b"AC\0" + _SEQUENCE[3:]), "qc.base", AT + 1),
    "colour space": (with_line(TEXT, AT + 1, b"T0120" + _SEQUENCE[5:]), "qc.base", AT + 1),
    "quality shorter": (with_line(TEXT, AT + 3, _QUALITY[1:]), "qc.quality_length", AT + 3),
    "quality longer": (with_line(TEXT, AT + 3, _QUALITY + b"I"), "qc.quality_length", AT + 3),
    "quality line of another read": (with_line(TEXT, AT + 3, b""), "qc.quality_length", AT + 3),
    "space in quality": (with_line(TEXT, AT + 3, b" " + _QUALITY[1:]), "qc.quality_character", AT + 3),
    "DEL in quality": (with_line(TEXT, AT + 3, b"\x7f" + _QUALITY[1:]), "qc.quality_character", AT + 3),
    "no '@'": (with_line(TEXT, AT, b"r200"), "qc.header_line", AT),
    "no '+'": (with_line(TEXT, AT + 2, b"r200"), "qc.plus_line", AT + 2),
    "header line missing": (without_line(TEXT, AT), "qc.header_line", AT),
    "sequence line missing": (without_line(TEXT, AT + 1), "qc.plus_line", AT + 2),
    "plus line missing": (without_line(TEXT, AT + 2), "qc.plus_line", AT + 2),
    "quality line missing": (without_line(TEXT, AT + 3), "qc.quality_length", AT + 3),
    "+name differs": (with_line(TEXT, AT + 2, b"+r201"), "qc.plus_name", AT + 2),
    "empty read": (with_line(with_line(TEXT, AT + 1, b""), AT + 3, b""), "qc.read_empty", AT + 1),
    "blank line between reads": (with_line(TEXT, AT, b"\n@r200"), "qc.blank_line", AT),
    "blank line inside a read": (with_line(TEXT, AT + 2, b"\n+"), "qc.blank_line", AT + 2),
    "blank line at the end": (TEXT + b"\n", "qc.blank_lines_at_end", 1201),
    "three blank lines at the end": (TEXT + b"\n\n\n", "qc.blank_lines_at_end", 1201),
    "multi-line FASTQ": (_wrapped(TEXT, 20), "qc.multi_line", 3),
    "last read cut in its qualities": (TEXT[:-9], "qc.record_cut", 1197),
    "last read cut in its sequence": (TEXT[:-80], "qc.record_cut", 1197),
    "last read without quality line": (TEXT[:-51], "qc.record_cut", 1197),
    "300-character name": (with_line(TEXT, AT, b"@" + b"n" * 300), "qc.name_length", AT),
    "the name of the read before": (with_line(TEXT, AT, b"@r199 1:N:0:ATC"), "qc.duplicate_name", AT),
    "the name of a read far before": (with_line(TEXT, AT, b"@r2/1"), "qc.duplicate_name", AT),
    "no name": (with_line(TEXT, AT, b"@"), "qc.name_missing", AT),
    "a blank before the name": (with_line(TEXT, AT, b"@ r200"), "qc.name_missing", AT),
    "a name that is not ASCII": (with_line(TEXT, AT, "@prøve".encode()), "qc.name_characters", AT),
    "no reads in a gzip file": (gzip_member(b""), "qc.no_reads", 1),
    "no reads in a bgzf file": (BGZF_END, "qc.no_reads", 1),
    "FASTA": (b">chr1\nACGT\n", "qc.content_is_other", 1),
    "SAM": (b"@HD\tVN:1.6\n", "qc.content_is_other", 1),
    "BAM": (bgzf(b"BAM\1\0\0\0\0"), "qc.content_is_other", 1),
    "compressed twice": (gzip.compress(GZ), "qc.content_is_other", 1),
    "tar in gzip": (
        gzip.compress(b"r.fq".ljust(257, b"\0") + b"ustar\x0000".ljust(300, b"\0")),
        "qc.content_is_other",
        1,
    ),
    "byte order mark": (b"\xef\xbb\xbf" + TEXT, "qc.content_is_other", 1),
}

_OF_FILES: dict[str, tuple[bytes, str]] = {
    "empty file": (b"", "qc.file_empty"),
    "gzip cut in the middle": (GZ[: len(GZ) // 2], "qc.stream_truncated"),
    "second member cut": (GZ + gzip_member(TEXT.replace(b"@r", b"@s"))[: len(GZ) // 2], "qc.stream_truncated"),
    "gzip without its trailer": (GZ[:-8], "qc.trailer_missing"),
    "gzip CRC wrong": (_flip(GZ, len(GZ) - 7), "qc.stream_checksum"),
    "gzip size wrong": (_flip(GZ, len(GZ) - 2), "qc.stream_size"),
    "gzip bit flip in stored data": (_flip(gzip_member(TEXT, level=0), 9000), "qc.stream_checksum"),
    "gzip overwritten": (GZ[:40] + b"\xff" * 200 + GZ[240:], "qc.stream_damaged"),
    "garbage after gzip": (GZ + b"garbage", "qc.trailing_garbage"),
    "bgzf cut in a block": (bgzf(TEXT, 5000)[:-60], "qc.stream_truncated"),
    "bgzf without end block": (bgzf(TEXT, end=False), "qc.bgzf_no_end"),
    "bzip2 cut": (bz2.compress(TEXT)[:-30], "qc.stream_truncated"),
    "bzip2 flipped": (_flip(bz2.compress(TEXT), 300), "qc.stream_damaged"),
    "zstd": (b"\x28\xb5\x2f\xfd" + bytes(99), "qc.container_refused"),
    "Phred+64": (_with_qualities(TEXT, b"Bcfgh"), "qc.encoding"),
    "CRLF": (TEXT.replace(b"\n", b"\r\n"), "qc.crlf"),
}

Case = tuple[bytes, tuple[str, ...], int]
CASES: dict[str, Case] = (
    {name: (stored, (), 0) for name, stored in _HARMLESS.items()}
    | {name: (stored, (rule,), line) for name, (stored, rule, line) in _OF_LINES.items()}
    | {name: (stored, (rule,), 0) for name, (stored, rule) in _OF_FILES.items()}
)
