"""VCF (VCF specification 4.1 to 4.5): header, then one record a line, in blocks of contigs and order of positions."""

from __future__ import annotations

import re

from biotheca.formats.lines import LineCheck
from biotheca.formats.vcf_header import VcfHeader

_REF = re.compile(rb"[ACGTNacgtn]+")
_IUPAC = re.compile(rb"[ACGTNacgtnRYKMSWBDHVrykmswbdhv]+")
_ALT = re.compile(
    rb"\.|\*|[ACGTNacgtn]+|<[^\s,<>]+>|\.[ACGTNacgtn]+|[ACGTNacgtn]+\."
    rb"|[ACGTNacgtn]*[\[\]](?:<[^\s<>]+>|[^\s:<>\[\]]+):[0-9]+[\[\]][ACGTNacgtn]*"
)
_QUALITY = re.compile(rb"\.|[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?(?:inf|infinity|nan)", re.I)
_KEY = re.compile(rb"[A-Za-z_][0-9A-Za-z_.]*|1000G")
_GENOTYPES = re.compile(rb"(?:[/|]?(?:\.|[0-9]+)(?:[/|](?:\.|[0-9]+))*(?::[^\t]*)?(?:\t|$))*")
_ALLELES = re.compile(rb"[0-9]+")
# Genotypes that need no second look: without and with an alternative.
_FEW = frozenset({b"0/0", b"0|0", b"./.", b"."})
_USUAL = (_FEW, _FEW | {b"0/1", b"0|1", b"1|0", b"1/1", b"1|1"})


class VcfCheck(LineCheck):
    """Feed it decoded bytes, then `finish`. `records` counts lines after the header."""

    format = "VCF"

    def __init__(self, keep: int = 100, block_bytes: int = 1024 * 1024) -> None:
        super().__init__(keep, block_bytes)
        self.header = VcfHeader()
        self.records = 0
        self._in_header = True
        self._contigs: dict[bytes, int] = {}
        self._seen: set[bytes] = set()
        self._contig, self._position = b"", 0
        self._formats: dict[bytes, bool] = {}  # FORMAT texts that were judged: whether GT comes first

    def take(self, lines: list[bytes]) -> None:
        for line in lines:
            if self.stopped:
                return
            self.lines += 1
            if self._in_header and line.startswith(b"#"):
                self._take_header(line)
            elif not line:
                self.add("vcf_blank_line", self.lines)
            elif not self._in_header and line.startswith(b"#"):
                self.add("vcf_header_late", self.lines, value=line)
            else:
                if self._in_header:
                    self._leave_header()
                if not self.stopped:
                    self._record(line)

    def end(self) -> None:
        if self._in_header and self.lines:
            self._leave_header()
        if not self.stopped and not self.records:
            self.warn("vcf_no_records", 0)

    def _take_header(self, line: bytes) -> None:
        for code, facts in self.header.line(line):
            self.add(code, self.lines, **facts)
        if self.counted["vcf_version"] or self.counted["vcf_columns"]:
            self.stopped = True  # of what has another form, nothing more can be said

    def _leave_header(self) -> None:
        self._in_header = False
        if not self.header.columns:
            code = "vcf_columns" if self.lines > 1 else "vcf_version"
            self.stop(code, self.lines, value=b"a record")
            return
        self._contigs = self.header.contigs
        if not self._contigs:
            self.warn("vcf_no_contigs", 0)

    def _record(self, line: bytes) -> None:
        self.records += 1
        fields = line.split(b"\t")
        if len(fields) != self.header.columns:
            self.add("vcf_fields", self.lines, value=len(fields), expected=self.header.columns)
            return
        contig, position, _, ref, alt, quality, filters, info = fields[:8]
        self._place(contig, position)
        if not _REF.fullmatch(ref):
            if _IUPAC.fullmatch(ref):
                self.warn("vcf_iupac", self.lines, value=ref)
            else:
                self.add("vcf_ref", self.lines, value=ref)
        alternatives = alt.split(b",")
        for one in alternatives:
            if not _ALT.fullmatch(one):
                if _IUPAC.fullmatch(one):
                    self.warn("vcf_iupac", self.lines, value=one)
                else:
                    self.add("vcf_alt", self.lines, value=one)
        if not _QUALITY.fullmatch(quality):
            self.add("vcf_quality", self.lines, value=quality)
        self._filters(filters)
        self._info(info)
        if len(fields) > 8:
            self._genotypes(fields[8], line, fields, 0 if alt == b"." else len(alternatives))

    def _place(self, contig: bytes, text: bytes) -> None:
        if contig != self._contig:
            if contig in self._seen:
                self.add("vcf_order", self.lines, value=contig, before=self._contig)
            elif self._contigs and contig not in self._contigs:
                self.add("vcf_contig", self.lines, value=contig)
            self._seen.add(contig)
            self._contig, self._position = contig, 0
        length = self._contigs.get(contig, 0)
        if not text.isdigit() or len(text) > 10 or (length and int(text) > length + 1):
            self.add("vcf_position", self.lines, value=text, contig=contig, length=length or "unknown")
            return
        if int(text) < self._position:
            self.add("vcf_order", self.lines, value=b"%b:%b" % (contig, text), before=b"%d" % self._position)
        self._position = int(text)

    def _filters(self, text: bytes) -> None:
        if text in (b".", b"PASS"):
            return
        for one in text.split(b";"):
            if not one or b" " in one or one == b"0":
                self.add("vcf_filter", self.lines, value=text)
            else:
                self._declared(b"FILTER", one)

    def _info(self, text: bytes) -> None:
        if text == b".":
            return
        seen = set()
        for one in text.removesuffix(b";").split(b";"):
            key = one.partition(b"=")[0]
            if not _KEY.fullmatch(key) or b" " in one or key in seen:
                self.add("vcf_info", self.lines, value=one)
            else:
                self._declared(b"INFO", key)
            seen.add(key)

    def _declared(self, kind: bytes, key: bytes) -> None:
        if key not in self.header.declared[kind]:
            self.warn("vcf_undeclared", self.lines, kind=kind.decode(), key=key.decode("ascii", "backslashreplace"))

    def _genotypes(self, keys: bytes, line: bytes, fields: list[bytes], alternatives: int) -> None:
        if keys not in self._formats:
            names = keys.split(b":")
            if b"GT" in names[1:] or len(set(names)) < len(names) or not all(_KEY.fullmatch(name) for name in names):
                self.add("vcf_format", self.lines, value=keys)
            for name in names:
                self._declared(b"FORMAT", name)
            if len(self._formats) < 1000:
                self._formats[keys] = names[0] == b"GT"
        colons = keys.count(b":")
        if line.count(b":") > colons and any(one.count(b":") > colons for one in fields[9:]):
            at = next(k for k, one in enumerate(fields[9:]) if one.count(b":") > colons)
            self.add("vcf_sample", self.lines, sample=self.header.samples[at], value=fields[9 + at], keys=keys)
        if not keys.startswith(b"GT") or keys[2:3] not in (b"", b":"):
            return
        samples = b"\t".join(fields[9:])
        if not all(fields[9:]) or not _GENOTYPES.fullmatch(samples):
            at = next(k for k, one in enumerate(fields[9:]) if not one or not _GENOTYPES.fullmatch(one))
            self.add("vcf_genotype", self.lines, sample=self.header.samples[at], value=fields[9 + at])
            return
        for at, one in enumerate(fields[9:]):
            genotype = one.partition(b":")[0]
            if genotype in _USUAL[alternatives > 0]:
                continue
            numbers = _ALLELES.findall(genotype)
            if any(len(n) > 5 or int(n) > alternatives for n in numbers):
                self.add("vcf_genotype", self.lines, sample=self.header.samples[at], value=genotype)
                return
