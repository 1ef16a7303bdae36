"""Archives in, archives out: what a submitter packed is laid in a folder; what was released is packed by series."""

from __future__ import annotations

import errno
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from biotheca.formats import stored_zip
from biotheca.formats.archives import Tar, TarFault
from biotheca.formats.listings import is_safe
from biotheca.formats.source import Source

BARE = "dicom"  # the type of a file that is one object
MOST_BYTES = 4 * 1024**4
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_BLOCK_BYTES = 1024 * 1024


class Unsafe(Exception):
    """An archive that is not unpacked: damaged, or it reaches for places outside its folder. No name is told."""


def laid(sent: Path, form: str, target: Path, only: frozenset[str] | None = None) -> int:
    """Lay what a file that was sent holds below `target`: of an archive its members, else the file itself, which is
    moved there; how many there are. `only`: of an archive no others than these. Raises Unsafe."""
    if form != BARE:
        return unpack(sent, form, target, only)
    target.mkdir(parents=True, exist_ok=True)
    sent.replace(target / "object.dcm")
    return 1


def unpack(archive: Path, form: str, target: Path, only: frozenset[str] | None = None) -> int:
    """Lay the members of a ZIP or tar below `target`; how many there are. Raises Unsafe; what was laid stays there.
    OSError where there is no room.

    The check of the file has refused such archives before; here nothing is believed.
    """
    target.mkdir(parents=True, exist_ok=True)
    readers = {"zip": _of_zip, "tar": _of_tar}
    count = left = 0
    try:
        for name, pieces in readers[form](archive):
            place = target / name
            if not is_safe(name) or place.exists():
                raise Unsafe("a member's name leads elsewhere, or stands twice")
            if only is not None and place.relative_to(target).as_posix() not in only:
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("xb") as file:
                for piece in pieces:
                    left += len(piece)
                    if left > MOST_BYTES:
                        raise Unsafe(f"it unpacks to more than {MOST_BYTES} bytes")
                    file.write(piece)
            count += 1
    except OSError as fault:
        if fault.errno in _NO_ROOM:  # ours, not the archive's: the rest must not go on without it
            raise
        raise Unsafe(f"it cannot be read ({type(fault).__name__})") from None
    except (TarFault, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as fault:
        raise Unsafe(f"it cannot be read ({type(fault).__name__})") from None
    return count


def _of_zip(archive: Path) -> Iterator[tuple[str, Iterable[bytes]]]:
    with zipfile.ZipFile(archive) as opened:
        for member in opened.infolist():
            if member.is_dir():
                continue
            if stat.S_ISLNK(member.external_attr >> 16):
                raise Unsafe("a member is a link")
            with opened.open(member) as file:
                yield member.filename, iter(lambda: file.read(_BLOCK_BYTES), b"")


def _of_tar(archive: Path) -> Iterator[tuple[str, Iterable[bytes]]]:
    with archive.open("rb") as file:
        tar = Tar(Source(iter(lambda: file.read(_BLOCK_BYTES), b"")))
        for entry in tar.entries():
            if entry.kind == "folder":
                continue
            if entry.kind != "file":
                raise Unsafe("a member is a link or a device")
            yield entry.name.removeprefix("./"), tar.pieces()


def pack(folder: Path, target: Path) -> None:
    """All files of a folder, by name, in a ZIP that holds them as they are: each can be read by its range of bytes."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as made:
        for path in sorted(folder.iterdir()):
            with path.open("rb") as file, made.open(stored_zip.member(path.name), "w", force_zip64=True) as place:
                for block in iter(lambda: file.read(_BLOCK_BYTES), b""):
                    place.write(block)
