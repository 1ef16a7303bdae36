"""The formats of answers by name, and what a file says of itself. What makes their bytes: exports."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class About:
    """What a file says of itself where its format allows: the query, the time in UTC, the lake's batch at that time.

    `notes` is filled while the file is made: what was left out, and why. `address` is that of the archive.
    """

    query: str
    at: str
    snapshot: str = ""
    address: str = ""
    notes: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """For a comment, each without a line break."""
        said = [f"query: {' '.join(self.query.split())}", f"at: {self.at}"]
        return said + ([f"snapshot: {self.snapshot}"] if self.snapshot else [])


@dataclass(frozen=True)
class Format:
    """A format by its name in the API: its media type, the end of its files' names, the columns that it needs."""

    name: str
    media_type: str
    suffix: str
    says: str
    needs: tuple[str, ...] = ()


FORMATS: dict[str, Format] = {
    f.name: f
    for f in (
        Format("tsv", "text/tab-separated-values", ".tsv", "Tab-separated; nested values as JSON; for programs"),
        Format("csv", "text/csv", ".csv", "RFC 4180; nested values as JSON; no cell starts a formula"),
        Format("jsonl", "application/x-ndjson", ".jsonl", "One JSON object a line, nested as in the lake"),
        Format("parquet", "application/vnd.apache.parquet", ".parquet", "Types as in the lake"),
        Format("xml", "application/xml", ".xml", "SRA XML: a RUN_SET", ("acc", "experiment")),
        Format("accessions", "text/plain", ".txt", "One accession a line, each once", ("acc",)),
        Format("fetchngs", "text/csv", ".csv", "Input of nf-core/fetchngs: one run accession a line", ("acc",)),
        Format("samplesheet", "text/csv", ".csv", "sample,fastq_1,fastq_2: nf-core/viralrecon and others", ("acc",)),
        Format("rnaseq", "text/csv", ".csv", "The same with strandedness: nf-core/rnaseq", ("acc",)),
        Format("script", "text/x-shellscript", ".sh", "A bash script: curl, resume, md5", ("acc",)),
        Format("aria2", "text/plain", ".aria2.txt", "An input file of aria2c, with md5", ("acc",)),
    )
}
KEPT_ORDER = "Rows are in the order of the query only if it says ORDER BY and the answer is one file of Athena's."


class ColumnsMissing(ValueError):
    """A format was asked for that needs columns which the query does not give."""

    def __init__(self, wanted: Format, missing: list[str]) -> None:
        super().__init__(
            f"Format {wanted.name!r} needs the column {' and '.join(map(repr, missing))}, which the query does not "
            "give. Add it, for example by asking for every column of run, or take tsv, csv, jsonl or parquet."
        )
