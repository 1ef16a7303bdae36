"""What can be wrong with BAM, as files made in code: the stored bytes and what must be found, and where.

Each row: name -> (stored bytes, rule or None if it is harmless, what `where` ends with).
"""

from __future__ import annotations

import gzip
import struct

from tests.unit.formats.making import BGZF_END, bgzf
from tests.unit.formats.making_bam import HEADER, UNALIGNED, bam, header, many, record

_SOUND = [record(b"s%d" % n) for n in range(1, 9)]
_FILE = bam(*_SOUND)
_PLACED = [record(b"s%d" % n, 0, 0, 10 * n, [(5, "M")]) for n in range(1, 9)]


def _with(nth: int, odd: bytes) -> bytes:
    """Eight records, of which the nth is another."""
    return bam(*_SOUND[: nth - 1], odd, *_SOUND[nth:])


def _headed(text: str | bytes) -> bytes:
    return bam(*_SOUND, text=text)


def _flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]


Case = tuple[bytes, str | None, str]

_HARMLESS: dict[str, bytes] = {
    "sound": _FILE,
    "sound, placed": bam(*_PLACED),
    "sound, of many kinds": bam(*many(300)),
    "unaligned, no @SQ": bam(*_SOUND, text=UNALIGNED, references=()),
    "no text header at all": bam(record(tags=b""), text=""),
    "references in the binary list alone": bam(*_PLACED, text="@RG\tID:one\n"),
    "the text filled up with NUL": bam(*_SOUND, text=HEADER + "\0\0\0"),
    "in order of places, as claimed": bam(*_PLACED, record(b"x"), text=HEADER.replace("unsorted", "coordinate")),
    "by name, letters": bam(*(record(n) for n in (b"r1", b"r10", b"r9")), text=HEADER.replace("unsorted", "queryname")),
    "by name, numbers": bam(*(record(n) for n in (b"r1", b"r9", b"r10")), text=HEADER.replace("unsorted", "queryname")),
    "qualities absent": _with(3, record(qualities=b"\xff" * 5)),
    "a record over many blocks": _with(3, record(bases="ACGT" * 50_000)),
    "blocks that end anywhere": bgzf(header() + b"".join(_SOUND), 37),
    "a name of 254 characters": _with(2, record(b"n" * 254)),
    "secondary record without bases": _with(2, record(b"r1", 0x100, 0, 5, [(5, "M")], bases="")),
    "a reference beyond which its next lies": _with(2, record(b"r1", 1, 0, 5, next_place=(0, 5000))),
    "primary record without bases": _with(2, record(bases="")),
    "first of a pair, but not paired": _with(2, record(flags=4 | 0x40)),
    "mates, and what else is known of a read": bam(
        *(record(b"x", flags, 0, 5, next_place=(0, 5)) for flags in (67, 131, 0x100 | 67, 0x800 | 67, 0x800 | 131))
    ),
    "reads of which nobody knows their number in the template": bam(
        *_SOUND, *2 * [record(b"x", 13)], *2 * [record(b"x", 205)]
    ),
    "names that are not known": bam(*3 * [record(b"*")]),
    "a comment in Chinese": _headed(HEADER + "@CO\t样本\n"),
}
_WARNED = {
    "a reference beyond which its next lies": "bam_next_position",
    "primary record without bases": "bam_no_bases",
    "first of a pair, but not paired": "bam_flags",
}

_OF_RECORDS: dict[str, tuple[bytes, str]] = {
    "a name with a blank": (record(b"r 1"), "bam_name"),
    "a name with @": (record(b"@r1"), "bam_name"),
    "no name": (record(b""), "bam_name"),
    "a name without its end": (record(b"r1", name_end=b""), "bam_name"),
    "a name with NUL inside": (record(b"r\x001"), "bam_name"),
    "reference 2 of 2": (record(b"r1", 0, 2, 5), "bam_reference"),
    "reference -2": (record(b"r1", 4, -2, 5), "bam_reference"),
    "next reference 7": (record(next_place=(7, 5)), "bam_reference"),
    "position at the end of the reference": (record(b"r1", 0, 0, 1000), "bam_position"),
    "position -2": (record(b"r1", 4, 0, -2), "bam_position"),
    "mapped nowhere": (record(b"r1", 0), "bam_unplaced"),
    "mapped without position": (record(b"r1", 0, 0, -1), "bam_unplaced"),
    "CIGAR too short": (record(b"r1", 0, 0, 5, [(4, "M")]), "bam_cigar_length"),
    "CIGAR too long": (record(b"r1", 0, 0, 5, [(4, "M"), (1, "I"), (1, "S")]), "bam_cigar_length"),
    "hard clip inside": (record(b"r1", 0, 0, 5, [(2, "M"), (1, "H"), (3, "M")]), "bam_cigar"),
    "soft clip inside": (record(b"r1", 0, 0, 5, [(2, "M"), (1, "S"), (2, "M")]), "bam_cigar"),
    "a quality of 94": (record(qualities=bytes([40, 94, 40, 40, 40])), "bam_quality"),
    "255 among qualities": (record(qualities=bytes([255, 40, 40, 40, 40])), "bam_quality"),
    "a tag of unknown type": (record(tags=b"NMq\1"), "bam_tag"),
    "a text tag without end": (record(tags=b"RGZone"), "bam_tag"),
    "a tag cut": (record(tags=b"NMi\1\0"), "bam_tag"),
    "an array longer than the record": (record(tags=b"XBBi\xff\xff\xff\x7f\0\0\0\0"), "bam_tag"),
    "a tag named 1A": (record(tags=b"1AC\1"), "bam_tag"),
    "a control character in a tag": (record(tags=b"COZa\nb\0"), "bam_tag"),
    "an odd number of hexadecimal digits": (record(tags=b"XHHABC\0"), "bam_tag"),
    "a tag twice": (record(tags=b"NMC\1NMC\1"), "bam_tag_twice"),
    "a read group that is not declared": (record(tags=b"RGZtwo\0"), "bam_group"),
    "more bases than the record has bytes": (
        struct.pack("<I", 36) + record(b"r1")[4:24].replace(b"\5\0\0\0", b"\xff\xff\0\0") + record(b"r1")[24:40],
        "bam_parts",
    ),
}

_OF_HEADERS: dict[str, tuple[str | bytes, str, int]] = {
    "@HD on the second line": ("@CO\thi\n" + HEADER, "sam_first", 2),
    "@HD without VN": (HEADER.replace("VN:1.6\t", ""), "sam_tag_missing", 1),
    "a version without a dot": (HEADER.replace("1.6", "16"), "sam_value", 1),
    "an order that is none": (HEADER.replace("unsorted", "sorted"), "sam_value", 1),
    "@SQ without LN": (HEADER.replace("\tLN:500", ""), "sam_tag_missing", 3),
    "a reference of length 0": (HEADER.replace("LN:500", "LN:0"), "sam_value", 3),
    "a reference too long": (HEADER.replace("LN:500", "LN:2147483648"), "sam_value", 3),
    "a reference named twice": (HEADER.replace("chr2", "chr1"), "sam_repeated", 3),
    "an MD5 of 31 digits": (HEADER.replace("LN:500", "LN:500\tM5:" + "a" * 31), "sam_value", 3),
    "a read group twice": (HEADER + "@RG\tID:one\n", "sam_repeated", 5),
    "a read group without ID": (HEADER + "@RG\tSM:s\n", "sam_tag_missing", 5),
    "a program that follows nothing": (HEADER + "@PG\tID:b\tPP:a\n", "sam_program", 5),
    "programs in a circle": (HEADER + "@PG\tID:a\tPP:b\n@PG\tID:b\tPP:a\n", "sam_program", 5),
    "blanks for tabs": (HEADER.replace("\tSM:s", " SM:s").replace("@RG\t", "@RG "), "sam_line", 4),
    "a tag twice in a line": (HEADER.replace("SM:s", "SM:s\tSM:t"), "sam_tag_twice", 4),
    "bytes that are no UTF-8": (HEADER.encode() + b"@CO\t\xff\xfe\n", "sam_line", 5),
}

_OF_FILES: dict[str, tuple[bytes, str, str]] = {
    "empty": (b"", "file_empty", ""),
    "no end block": (_FILE.removesuffix(BGZF_END), "end_missing", ""),
    "cut in a block": (_FILE[:-40], "stream_truncated", ""),
    "one bit turned": (_flip(_FILE, len(_FILE) - len(BGZF_END) - 6), "stream_checksum", ""),
    "gzip instead of BGZF": (gzip.compress(header() + b"".join(_SOUND)), "container_other", ""),
    "not compressed": (header() + b"".join(_SOUND), "container_other", ""),
    "header alone": (bam(), "no_reads", ""),
    "header cut": (bgzf(header()[:-3]), "bam_header_cut", ""),
    "nothing at all in blocks": (BGZF_END, "bam_header_cut", ""),
    "a text of -1 bytes": (bgzf(b"BAM\1\xff\xff\xff\xff" + bytes(50)), "bam_header", ""),
    "-1 references": (bgzf(b"BAM\1\0\0\0\0\xff\xff\xff\xff"), "bam_header", ""),
    "a reference without a name": (bgzf(b"BAM\1\0\0\0\0\1\0\0\0\0\0\0\0\5\0\0\0"), "bam_header", ""),
    "a reference's name without end": (bgzf(b"BAM\1\0\0\0\0\1\0\0\0\2\0\0\0ab\5\0\0\0"), "bam_header", ""),
    "text and list differ": (bam(*_SOUND, references=(("chr1", 1000), ("chr2", 501))), "sam_references", ""),
    "text names more": (bam(*_SOUND, references=(("chr1", 1000),)), "sam_references", ""),
    "last record cut": (bgzf(header() + b"".join(_SOUND)[:-3]), "bam_record_cut", ":record 8"),
    "last record's size cut": (bgzf(header() + b"".join(_SOUND) + b"\1\0"), "bam_record_cut", ":record 9"),
    "a record of 3 bytes": (_with(5, record(size=3)), "bam_record_size", ":record 5"),
    "a record of 4 GB": (_with(5, record(size=2**32 - 1)), "bam_record_size", ":record 5"),
    "not in order of places": (
        bam(*_PLACED[:3], _PLACED[0], *_PLACED[3:], text=HEADER.replace("unsorted", "coordinate")),
        "bam_order",
        ":record 4",
    ),
    "unplaced before placed": (
        bam(_SOUND[0], *_PLACED, text=HEADER.replace("unsorted", "coordinate")),
        "bam_order",
        ":record 2",
    ),
    "not by name": (
        bam(*(record(n) for n in (b"a", b"c", b"b", b"a")), text=HEADER.replace("unsorted", "queryname")),
        "bam_order",
        ":record 3",
    ),
    "neither by letters nor by numbers": (
        bam(*(record(n) for n in (b"r9", b"r10", b"r2")), text=HEADER.replace("unsorted", "queryname")),
        "bam_order",
        ":record 3",
    ),
    "a read twice, far apart, others of its template between": (
        bam(*(record(b"x", f) for f in (77, 0x800 | 77, 141, 0x100 | 77)), *_SOUND, record(b"x", 141)),
        "duplicate_name",
        ":primary record 11",
    ),
    "FASTQ": (b"@r1\nACGT\n+\nIIII\n", "content_is_other", ""),
    "FASTQ in BGZF": (bgzf(b"@r1\nACGT\n+\nIIII\n"), "content_is_other", ""),
    "CRAM": (b"CRAM\3\0" + bytes(40), "content_is_other", ""),
}

CASES: dict[str, Case] = (
    {name: (stored, f"qc.{_WARNED[name]}" if name in _WARNED else None, "") for name, stored in _HARMLESS.items()}
    | {name: (_with(5, odd), f"qc.{code}", ":record 5") for name, (odd, code) in _OF_RECORDS.items()}
    | {name: (_headed(text), f"qc.{code}", f":header line {line}") for name, (text, code, line) in _OF_HEADERS.items()}
    | {name: (stored, f"qc.{code}", where) for name, (stored, code, where) in _OF_FILES.items()}
)
HARMLESS = frozenset(_HARMLESS)
