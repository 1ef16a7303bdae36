"""What can be wrong with tables, spectra, cytometry, matrices, images and archives; rows as in defects_bam.

Sound files are written by others where there is a writer: openpyxl, h5py, Pillow, zipfile, tarfile.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import struct
import tarfile
import zipfile
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import openpyxl
from PIL import Image
from pydicom.data import get_testdata_file

from tests.unit.qc.defects_other import Case, tar

TABLE = b"gene,s1,s2\nTP53,1,2\nBRCA1,3,4\n"


@cache
def xlsx(rows: int = 3) -> bytes:
    book = openpyxl.Workbook()
    for n in range(rows):
        book.active.append([f"g{n}", n])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def mzml(spectra: int = 3, told: int | None = None, inside: str = "", indexed: bool = True) -> bytes:
    """mzML by the book: the check sum is of all bytes up to and with its own tag (mzML 1.1, indexedmzML)."""
    listed = "".join(f'<spectrum index="{n}" id="scan={n}"/>' for n in range(spectra))
    count = spectra if told is None else told
    body = (
        f'<mzML version="1.1.0">{inside}<run id="r"><spectrumList count="{count}">{listed}</spectrumList></run></mzML>'
    )
    head = '<?xml version="1.0" encoding="utf-8"?>\n'
    if not indexed:
        return (head + body).encode()
    text = f"{head}<indexedmzML>{body}"
    index = len(text.encode())
    text += f'<indexList count="1"><index name="spectrum"/></indexList><indexListOffset>{index}</indexListOffset>'
    text += "<fileChecksum>"
    return f"{text}{hashlib.sha1(text.encode()).hexdigest()}</fileChecksum></indexedmzML>".encode()


def fcs(events: int = 5, said: int | None = None, **more: str) -> bytes:
    """FCS 3.1: two parameters of 32 bits."""
    words = {"$BYTEORD": "1,2,3,4", "$DATATYPE": "F", "$MODE": "L", "$PAR": "2", "$P1B": "32", "$P2B": "32"}
    words |= {"$TOT": str(events if said is None else said), "$P1N": "FSC//A", "$P2N": "SSC"} | more
    text = ("/" + "".join(f"{k}/{v}/" for k, v in words.items() if v)).encode()
    data = np.arange(2 * events, dtype="<f4").tobytes()
    first = 58 + len(text)
    places = (58, first - 1, first, first + len(data) - 1, 0, 0)
    return b"FCS3.1    " + b"".join(f"{n:8d}".encode() for n in places) + text + data


@cache
def h5ad(latest: bool = False, without: str = "", fill: int = 10) -> bytes:
    out = io.BytesIO()
    with h5py.File(out, "w", libver="latest" if latest else "earliest") as file:
        for name in ("X", "layers", "obs", "obsm", "uns", "var"):
            if name != without and name == "X":
                file[name] = np.zeros((fill, 10))
            elif name != without:
                file.create_group(name).create_dataset("_index", data=np.arange(fill))
    return out.getvalue()


@cache
def tiff(images: int = 2, **options: Any) -> bytes:
    made = [Image.new("L", (30 + n, 20), n) for n in range(images)]
    out = io.BytesIO()
    made[0].save(out, "TIFF", save_all=True, append_images=made[1:], **options)
    return out.getvalue()


def dicom() -> bytes:
    """A CT slice of the set that pydicom comes with."""
    return Path(str(get_testdata_file("CT_small.dcm"))).read_bytes()


def directory(*tags: tuple[int, int], following: int = 0) -> bytes:
    """A TIFF of one directory right behind the header, with numbers of 32 bits."""
    rows = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + rows + struct.pack("<I", following)


def zipped(*members: tuple[str, bytes], link: bool = False, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as made:
        for name, data in members:
            entry = zipfile.ZipInfo(name)
            entry.compress_type = method
            entry.external_attr = (0o120777 if link else 0o100644) << 16
            made.writestr(entry, data)
    return out.getvalue()


def zip_twice() -> bytes:
    """Two members of one name, which zipfile warns of and writes."""
    return zipped(("a.csv", TABLE), ("b.csv", TABLE)).replace(b"b.csv", b"a.csv")


def small_bomb() -> bytes:
    """The list names the one member twice, under two names: the trick of overlapping members (Fifield, WOOT 2019)."""
    whole = zipped(("a.bin", b"x" * 1000))
    at = whole.index(b"PK\1\2")
    end = whole.index(b"PK\5\6")
    entry, tail = whole[at:end], bytearray(whole[end:])
    other = entry.replace(b"a.bin", b"b.bin")
    tail[8:12] = struct.pack("<HH", 2, 2)
    tail[12:16] = struct.pack("<I", 2 * len(entry))
    return whole[:at] + entry + other + bytes(tail)


def boasting() -> bytes:
    """A member that says that it unpacks to three gigabytes."""
    whole = bytearray(zipped(("a.bin", b"x" * 1000)))
    at = whole.index(b"PK\1\2")
    whole[at + 24 : at + 28] = struct.pack("<I", 3_000_000_000)
    return bytes(whole)


def locked() -> bytes:
    whole = bytearray(zipped(("a.bin", b"x" * 1000)))
    whole[whole.index(b"PK\1\2") + 8] |= 1
    return bytes(whole)


def seven_zip(body: bytes = bytes(50), list_: bytes = b"\1\4\6\0\0") -> bytes:
    """The outer form of 7zFormat.txt: signature, version, and where the list lies, with two check sums."""
    start = struct.pack("<QQI", len(body), len(list_), zlib.crc32(list_))
    return b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<I", zlib.crc32(start)) + start + body + list_


def tar_gz() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as made:
        entry = tarfile.TarInfo("counts/matrix.tsv")
        entry.size = len(TABLE)
        made.addfile(entry, io.BytesIO(TABLE))
    return out.getvalue()


def _set(data: bytes, at: int, value: bytes) -> bytes:
    return data[:at] + value + data[at + len(value) :]


_MZML, _FCS, _TIFF, _ZIP = mzml(), fcs(), tiff(), zipped(("data/a.csv", TABLE), ("data/b.csv", TABLE))
_DTD = _MZML.replace(b"?>\n", b'?>\n<!DOCTYPE m [<!ENTITY a "aaaa">]>\n', 1)

CASES: dict[str, dict[str, Case]] = {
    "csv": {
        "sound": (TABLE, None, ""),
        "sound, gzip": (gzip.compress(TABLE), None, ""),
        "sound, GB 18030": ("样本,诊断\n1,高血压\n".encode("gb18030"), None, ""),
        "sound, quotes over lines": (b'a,b\n1,"x,\ny"\n', None, ""),
        "sound, with a mark and CR LF": (b"\xef\xbb\xbf" + TABLE.replace(b"\n", b"\r\n"), None, ""),
        "ragged": (TABLE + b"X,1\n", "qc.table_ragged", ""),
        "a head alone": (b"a,b\n", "qc.table_empty", ""),
        "binary": (TABLE + b"\0\0", "qc.format_broken", ""),
        "text of no encoding": (b"a,b\n1,\xff\xff\n", "qc.format_broken", ""),
        "a line without end": (b"a,b\n1," + b"x" * 17_000_000, "qc.format_broken", ""),
        "too many columns": (b"," * 1_000_001 + b"\n", "qc.format_limit", ""),
    },
    "tsv": {"sound": (TABLE.replace(b",", b"\t"), None, ""), "ragged": (b"a\tb\n1\n2\t3\n", "qc.table_ragged", "")},
    "xlsx": {
        "sound": (xlsx(), None, ""),
        "a head alone": (xlsx(1), "qc.table_empty", ""),
        "no workbook": (_ZIP, "qc.format_broken", ""),
        "cut": (xlsx()[:-40], "qc.format_broken", ""),
        "text": (TABLE, "qc.format_broken", ""),
    },
    "mzml": {
        "sound": (_MZML, None, ""),
        "sound, gzip": (gzip.compress(_MZML), None, ""),
        "without an index": (mzml(indexed=False), "qc.format_unindexed", ""),
        "edited": (_MZML.replace(b"scan=1", b"scan=9"), "qc.format_checksum", ""),
        "another count": (mzml(told=4), "qc.format_broken", ""),
        "an index elsewhere": (_MZML.replace(b"<indexListOffset>", b"<indexListOffset>1"), "qc.format_broken", ""),
        "cut": (_MZML[:-30], "qc.format_cut", ""),
        "malformed": (_MZML.replace(b"</run>", b"</ran>"), "qc.format_broken", ""),
        "entities": (_DTD, "qc.format_broken", ""),
        "other XML": (b"<html></html>", "qc.format_broken", ""),
        "very deep": (mzml(inside="<a>" * 200 + "</a>" * 200), "qc.format_broken", ""),
    },
    "fcs": {
        "sound": (_FCS, None, ""),
        "sound, 2.0": (b"FCS2.0" + _FCS[6:], None, ""),
        "cut": (_FCS[:-10], "qc.format_cut", ""),
        "more events than data": (fcs(said=6), "qc.format_cut", ""),
        "no number of parameters": (fcs(**{"$PAR": ""}), "qc.format_broken", ""),
        "a million parameters": (fcs(**{"$PAR": "1000000"}), "qc.format_limit", ""),
        "text": (TABLE * 5, "qc.format_broken", ""),
        "offsets that are none": (_set(_FCS, 10, b"  ABCDEF"), "qc.format_broken", ""),
        "a text backwards": (_set(_FCS, 18, b"      10"), "qc.format_broken", ""),
    },
    "h5ad": {
        "sound": (h5ad(), None, ""),
        "sound, latest": (h5ad(latest=True), None, ""),
        "no obs": (h5ad(without="obs"), "qc.format_broken", ""),
        "no X, latest": (h5ad(latest=True, without="X"), "qc.format_broken", ""),
        "cut": (h5ad()[:-100], "qc.format_cut", ""),
        "text": (TABLE, "qc.format_broken", ""),
        "a superblock of the future": (_set(h5ad(), 8, b"\x09"), "qc.format_broken", ""),
        "offsets of four bytes": (_set(h5ad(), 13, b"\4\4"), "qc.format_unseen", ""),
    },
    "tiff": {
        "sound": (_TIFF, None, ""),
        "sound, big": (tiff(big_tiff=True), None, ""),
        "sound, packed": (tiff(compression="tiff_deflate"), None, ""),
        "cut": (_TIFF[:-200], "qc.format_cut", ""),
        "text": (TABLE, "qc.format_broken", ""),
        "no image": (_set(_TIFF, 4, bytes(4)), "qc.format_broken", ""),
        "a circle": (directory((256, 5), (257, 5), (273, 8), (279, 4), following=8), "qc.format_broken", ""),
        "a side of four thousand million": (directory((256, 0xFFFFFFFF), (257, 5)), "qc.format_limit", ""),
        "a million million pixels": (directory((256, 9_999_999), (257, 9_999_999)), "qc.format_limit", ""),
        "data beyond its end": (directory((256, 5), (257, 5), (273, 8), (279, 4000)), "qc.format_cut", ""),
        "no place of data": (directory((256, 5), (257, 5)), "qc.format_broken", ""),
    },
    "zip": {
        "sound": (_ZIP, None, ""),
        "sound, stored": (zipped(("a", b"x" * 99), method=zipfile.ZIP_STORED), None, ""),
        "sound, empty": (zipped(), None, ""),
        "a way out": (zipped(("../../etc/passwd", b"x")), "qc.member_name", ""),
        "a drive": (zipped(("C:/x", b"x")), "qc.member_name", ""),
        "a link": (zipped(("a", b"/etc/passwd"), link=True), "qc.member_link", ""),
        "one name twice": (zip_twice(), "qc.member_twice", ""),
        "members on one another": (small_bomb(), "qc.archive_ratio", ""),
        "three gigabytes of a kilobyte": (boasting(), "qc.archive_ratio", ""),
        "a password": (locked(), "qc.archive_encrypted", ""),
        "cut": (_ZIP[:-30], "qc.format_cut", ""),
        "bytes behind it": (_ZIP + b"x", "qc.format_broken", ""),
        "text": (TABLE, "qc.format_cut", ""),
    },
    "7z": {
        "sound": (seven_zip(), "qc.archive_unlisted", ""),
        "cut": (seven_zip()[:-3], "qc.format_cut", ""),
        "a changed header": (_set(seven_zip(), 14, b"\1"), "qc.format_broken", ""),
        "a changed list": (_set(seven_zip(), len(seven_zip()) - 1, b"\1"), "qc.format_broken", ""),
        "text": (TABLE * 3, "qc.format_broken", ""),
    },
    "dicom": {
        "sound": (dicom(), None, ""),
        "a preamble of TIFF, which the de-identification judges": (b"II*\0" + dicom()[4:], None, ""),
        "without DICM": (dicom()[132:], "qc.format_broken", ""),
        "cut in its file meta": (dicom()[:200], "qc.format_cut", ""),
        "nothing but a file meta": (dicom()[:336], "qc.format_cut", ""),
        "a file meta that does not end": (_set(dicom(), 136, b"UN\0\0\xff\xff\xff\x7f"), "qc.format_limit", ""),
        "without a transfer syntax": (dicom()[:132] + dicom()[336:], "qc.format_broken", ""),
        "text": (TABLE * 30, "qc.format_broken", ""),
    },
    "tar": {
        "sound, gzip": (tar_gz(), None, ""),
        "sound": (tar(("a/b.csv", TABLE), ("c.zip", _ZIP)), None, ""),
        "a way out": (tar(("../x", TABLE)), "qc.tar_name", ""),
        "a link": (tar(("a", TABLE), links=("l",)), "qc.tar_link", ""),
        "nothing": (tar(), "qc.tar_without", ""),
        "cut": (tar(("a", TABLE * 100))[:700], "qc.tar_cut", ""),
    },
}
# Told, and sound all the same.
WARNED = {("csv", "ragged"), ("tsv", "ragged"), ("mzml", "without an index"), ("7z", "sound")}
WARNED |= {("h5ad", "offsets of four bytes")}
