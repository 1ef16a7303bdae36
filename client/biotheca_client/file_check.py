"""The archive's file check on files of this computer, one or two mates, without the archive.

Here and in sheets the client enters the package: rooms without a cloud, held by an import contract.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from biotheca.formats.names import METHODS
from biotheca.formats.native import engines
from biotheca.qc import check_file, report_json
from biotheca.qc.content import FORMATS
from biotheca.qc.model import NoScratch, NoSuchCheck, SourceChanged
from biotheca.qc.policy import Policy, PolicyIsWrong
from biotheca.qc.policy import read as read_policy
from biotheca_client.errors import WrongUse

_READ_BYTES = 1024 * 1024
_PACKED = frozenset({"gz", "bgz", "bgzf", "bz2", "zst"})
_SPELLINGS = {"fq": "fastq", "fa": "fasta", "fna": "fasta"}

Add = Callable[[int], None]


@dataclass
class Asked:
    """One file to be checked: where its bytes come from and what is known of it."""

    name: str
    open: Callable[[], BinaryIO]
    md5: str | None = None
    format: str | None = None
    twice: bool = True  # whether it can be opened again
    add: Add = lambda _: None


@dataclass(frozen=True)
class How:
    """How files are read. `duplicates` is one of `methods()`; `scratch` a folder for large files' names."""

    threads: int = 2
    duplicates: str = "auto"
    scratch: Path | None = None


@dataclass
class Checked:
    """What the check of one file or of two mates said; `document` is of the published shape."""

    document: dict[str, Any]
    reports: list[dict[str, Any]] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether no finding of severity error is left."""
        return bool(self.document["verdict"] == "pass")

    def html(self) -> str:
        """The page for people."""
        from biotheca.qc import report_html

        return report_html.page(self.document)

    def multiqc(self) -> dict[str, dict[str, Any]]:
        """File name -> JSON, for a folder that MultiQC reads."""
        from biotheca.qc import report_multiqc

        return report_multiqc.contents(self.document, stem_of)


def schema() -> dict[str, Any]:
    """The JSON Schema of the document."""
    return report_json.schema()


def formats() -> list[str]:
    """The formats that can be checked."""
    return sorted(FORMATS)


def methods() -> tuple[str, ...]:
    """The ways of looking for reads of the same name."""
    return METHODS


def format_of(name: str) -> str:
    """The format that a file's name tells; fastq where it tells none.

    >>> format_of("a.fq.gz"), format_of("reads")
    ('fastq', 'fastq')
    """
    words = name.lower().split(".")[1:]
    while words and words[-1] in _PACKED:
        words.pop()
    last = _SPELLINGS.get(words[-1], words[-1]) if words else ""
    return last if last in FORMATS else "fastq"


def policy_of(path: Path) -> Policy:
    """The policy in a file. Raises WrongUse that names every fault."""
    try:
        return read_policy(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise WrongUse(f"The policy {path} cannot be read: {fault.strerror}.") from fault
    except (PolicyIsWrong, UnicodeDecodeError) as fault:
        mend = "Write lines such as 'qc.crlf: warning'; the words are error, warning, hint and off."
        raise WrongUse(f"The policy {path} is wrong: {fault}.", mend) from fault


def check(files: list[Asked], policy: Policy | None = None, how: How | None = None) -> Checked:
    """Read each file once and judge them, two as mates. WrongUse for a format without a check; OSError passes."""
    reports = [_report(file, how or How()) for file in files]
    told = []
    if len(reports) == 2:
        from biotheca.qc import runs
        from biotheca.qc.locating import locator

        names = [file.name for file in files]
        pairs = zip(names, reports, strict=True)
        mates = tuple(runs.CheckedFile.of(name, r) for name, r in pairs)
        locate = locator(*(partial(_again, file) for file in files)) if all(file.twice for file in files) else None
        run = runs.CheckedRun("run", _common(names), mates, locate=locate)
        told = [found.as_dict() for found in runs.check_mates(run)]
    return Checked(report_json.document(reports, told, policy, engines()[0]), reports)


def _again(file: Asked) -> Iterator[bytes]:
    """The file's bytes once more, beside the bar that shows how far the first reading is."""
    with file.open() as reopened:
        while data := reopened.read(_READ_BYTES):
            yield data


def _report(file: Asked, how: How) -> dict[str, Any]:
    def chunks(opened: BinaryIO) -> Iterator[bytes]:
        while data := opened.read(_READ_BYTES):
            file.add(len(data))
            yield data

    chosen: dict[str, Any] = {"threads": how.threads, "duplicates": how.duplicates, "scratch": how.scratch}
    with file.open() as opened:
        try:
            form = file.format or format_of(file.name)
            again = partial(_again, file) if file.twice else None
            told = check_file(chunks(opened), file.md5, form, file.name, again=again, **chosen)
            return told.as_dict()
        except NoSuchCheck as fault:
            raise WrongUse(f"{file.name}: {fault}.", f"--format is one of {', '.join(formats())}.") from fault
        except NoScratch as fault:
            mend = "Name a folder with more room by --scratch; without one, take --duplicates bloom or off."
            raise WrongUse(f"{file.name}: {fault}.", mend) from fault
        except SourceChanged as fault:
            raise WrongUse(f"{file.name}: {fault}.", "Wait until nothing writes to it any more.") from fault


def _common(names: list[str]) -> str:
    """What two names begin with, for the words about both.

    >>> _common(["a_R1.fq", "a_R2.fq"]), _common(["x", "y"])
    ('a', 'x')
    """
    same = 0
    while same < min(map(len, names)) and len({name[same] for name in names}) == 1:
        same += 1
    return names[0][:same].removesuffix("R").rstrip("._-") or names[0]


def stem_of(name: str) -> str:
    """A name without the endings of format and packing, as a sample is called.

    >>> stem_of("a_R1.fastq.gz"), stem_of("a.b")
    ('a_R1', 'a.b')
    """
    words = name.split(".")
    while len(words) > 1 and (words[-1].lower() in _PACKED or words[-1].lower() in {*FORMATS, *_SPELLINGS}):
        words.pop()
    return ".".join(words)


def is_md5(word: str) -> bool:
    """Whether a word is 32 hexadecimal digits."""
    return len(word) == 2 * hashlib.md5(usedforsecurity=False).digest_size and not word.strip("0123456789abcdefABCDEF")
