"""Encrypted files on this computer: make a pair of keys, decrypt what was fetched. Without the archive.

Enters the package as sheets and file_check do: rooms without a cloud, held by an import contract.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from biotheca.formats.crypt4gh import decrypt as decrypt_stream
from biotheca.formats.crypt4gh import stored_size
from biotheca.formats.crypt4gh_header import Crypt4ghFault, public_key_of
from biotheca.formats.crypt4gh_keys import MOST_FILE_BYTES
from biotheca.formats.crypt4gh_private import PrivateKey, generate, private_key
from biotheca_client.errors import Refused, WrongUse

__all__ = ["ENDING", "PASSPHRASE", "decrypt", "keygen", "locked_key", "plain_name", "stored_size", "unlocked"]

ENDING = ".c4gh"
PASSPHRASE = "C4GH_PASSPHRASE"  # noqa: S105 - the variable's name, that of the crypt4gh tool
_READ_BYTES = 1024 * 1024

Add = Callable[[int], None]


def keygen(stem: Path, passphrase: str | None) -> tuple[Path, Path]:
    """Write STEM.sec, for its owner's eyes only, and STEM.pub. WrongUse if one of them is there already."""
    places = stem.with_name(f"{stem.name}.sec"), stem.with_name(f"{stem.name}.pub")
    for path in places:
        if path.exists():
            raise WrongUse(f"{path} is there already.", "A lost key cannot be made again: choose another name.")
    for path, text, mode in zip(places, generate(passphrase), (0o600, 0o644), strict=True):
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
            file.write(text)
    return places


def locked_key(path: Path) -> PrivateKey:
    """What a private key file holds. Refused if it is none."""
    with _told(str(path)):
        return private_key(path.read_text(encoding="utf-8", errors="replace")[: MOST_FILE_BYTES + 1])


def unlocked(key: PrivateKey, passphrase: str | None, path: Path) -> bytes:
    """The key itself. Refused for a wrong passphrase."""
    with _told(str(path)):
        found = key.unlocked(passphrase)
        public_key_of(found)
        return found


def plain_name(path: Path) -> Path:
    """Where the plain file goes, if nothing is said.

    >>> str(plain_name(Path("data/reads.bam.c4gh")))
    'data/reads.bam'
    """
    if path.suffix != ENDING or path.stem.startswith("."):
        raise WrongUse(f"{path} does not end in {ENDING}.", "Say where the plain file goes: -o FILE, or -o - .")
    return path.with_suffix("")


def decrypt(sources: list[Path], key: bytes, target: Path | None, force: bool, add: Add) -> int:
    """Decrypt the sources, one after the other as one file, to the target; returns the plain bytes.

    None, or `-` among the sources, is standard output or input. The target appears whole or not at all.
    """
    if target is None:
        return _write(sources, key, sys.stdout.buffer, add)
    if target.exists() and not force:
        raise WrongUse(f"{target} is there already.", "--force replaces it.")
    partial = target.with_name(f"{target.name}.partial")
    try:
        with partial.open("wb", buffering=0) as out:
            size = _write(sources, key, out, add)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return size


def _write(sources: list[Path], key: bytes, out: BinaryIO, add: Add) -> int:
    size = 0
    with _told(" + ".join("standard input" if str(s) == "-" else str(s) for s in sources)):
        for piece in decrypt_stream(_chunks(sources, add), [key]):
            size += len(piece)
            _write_all(out, piece)
    out.flush()
    return size


def _write_all(out: BinaryIO, piece: bytes) -> None:
    left = memoryview(piece)
    while left:
        left = left[out.write(left) :]


def _chunks(sources: list[Path], add: Add) -> Iterator[bytes]:
    for source in sources:
        with sys.stdin.buffer if str(source) == "-" else source.open("rb", buffering=0) as file:
            while data := file.read(_READ_BYTES):
                add(len(data))
                yield data


@contextmanager
def _told(where: str) -> Iterator[None]:
    """A fault of the file as the client's own, with the mend of the rule catalogue."""
    try:
        yield
    except Crypt4ghFault as fault:
        from biotheca import catalog

        raise Refused(f"{where}: {fault.message}", catalog.mend(fault.rule), {"rule": fault.rule}) from fault
