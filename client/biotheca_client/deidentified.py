"""DICOM files of this computer without what identifies people. Without the archive.

Enters the package as sheets and file_check do: rooms without a cloud, held by an import contract.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from biotheca.deidentification.folder import Tell, de_identify
from biotheca.deidentification.keys import SECRET_BYTES, CollectionKey
from biotheca.deidentification.model import Options
from biotheca.deidentification.report import Totals, broken_line
from biotheca.deidentification.risk import reader_installed
from biotheca_client.errors import Refused, WrongUse

__all__ = ["Totals", "broken_line", "new_key", "reader_installed", "run", "secret_of", "size_of"]


def new_key(place: Path) -> None:
    """Write a new secret as 64 hexadecimal digits, for its owner's eyes only. WrongUse if the file is there."""
    try:
        handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise WrongUse(f"{place} is there already.", "A collection keeps its key: choose another name.") from None
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(SECRET_BYTES) + "\n")


def secret_of(place: Path) -> bytes:
    """The secret in a key file. Refused if it is none."""
    text = place.read_text("ascii", errors="replace").strip()
    if len(text) != 2 * SECRET_BYTES or not all(c in "0123456789abcdefABCDEF" for c in text):
        raise Refused(
            f"{place} is no collection key.",
            f"It has one line of {2 * SECRET_BYTES} hexadecimal digits; `biotheca collection-key` makes one.",
        )
    return bytes.fromhex(text)


def size_of(source: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.stat().st_size for path in source.rglob("*") if path.is_file() and not path.is_symlink())


def run(
    source: Path,
    target: Path,
    report: Path,
    secret: bytes,
    private: str,
    workers: int,
    tell: Tell,
    pixels: str = "check",
) -> Totals:
    """De-identify a folder. Refused where the output lies inside the input, or holds files of something else."""
    inside = source.resolve()
    for folder, word in ((target, "output"), (report, "report")):
        if folder.resolve() == inside or inside in folder.resolve().parents:
            raise WrongUse(f"The {word} folder {folder} lies in the input.", "Choose one beside it.")
    key = CollectionKey(secret)
    try:
        return de_identify(source, target, report, key, secret, Options(private=private), workers, tell, pixels)
    except OSError as fault:
        raise Refused(
            f"{fault.filename or target}: {fault.strerror}.", "Mend that and run the command again."
        ) from None
