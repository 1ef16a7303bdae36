"""A folder of thousands of small files, laid into archives beside the metadata that name them.

The same files give the same archives, byte for byte, so that a second run sends only what is missing. Members are
called by number: names of files and folders, which often name people, do not leave this computer.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from biotheca_client.errors import FileDiffers, WrongUse
from biotheca_client.local_files import Stop, Stopped

ARCHIVE_BYTES = 4 * 1024**3
ARCHIVE_FILES = 20_000  # members of one archive; the archive takes 100,000
NAMES = "packed-files.tsv"
_DAY = (1980, 1, 1, 0, 0, 0)  # the first that ZIP knows
_HEAD_BYTES = 200  # of a member beside its bytes, more than it takes
_BLOCK_BYTES = 1024 * 1024
_RULES = "zip stored, numbered, 1"  # stands in each digest: other rules, other archives

Add = Callable[[int], None]


@dataclass(frozen=True)
class Small:
    """One file to be packed: where it is, its size in bytes, when it changed in nanoseconds."""

    path: Path
    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True)
class Bundle:
    """One archive to be: its name, what lies in it, the number of its first member (from 1)."""

    name: str
    files: tuple[Small, ...]
    first: int

    def members(self) -> Iterator[tuple[str, Small]]:
        """(name in the archive, file)."""
        for number, small in enumerate(self.files, self.first):
            yield f"{number:07}.dcm", small

    def digest(self, source: Path) -> str:
        """What tells whether an archive that is there was made of these very files. SHA-256, hexadecimal."""
        said = hashlib.sha256(f"{_RULES}\n{self.name}\n{self.first}\n".encode())
        for small in self.files:
            place = small.path.relative_to(source).as_posix().encode("utf-8", "surrogateescape")
            said.update(b"%s\0%d\0%d\n" % (place, small.size_bytes, small.mtime_ns))
        return said.hexdigest()

    @property
    def size_bytes(self) -> int:
        """Of what lies in it."""
        return sum(small.size_bytes for small in self.files)


def found(source: Path) -> tuple[list[Small], int]:
    """(files below a folder by name, links and hidden files that are left out). Empty files are left out, too.

    Files that lie together stay together: most often they are of one series.
    """
    taken: list[Small] = []
    left_out = 0
    folders = [source]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_symlink() or entry.name.startswith("."):
                    left_out += 1
                elif entry.is_dir(follow_symlinks=False):
                    folders.append(Path(entry.path))
                elif entry.is_file(follow_symlinks=False):
                    stat = entry.stat(follow_symlinks=False)
                    if stat.st_size:
                        taken.append(Small(Path(entry.path), stat.st_size, stat.st_mtime_ns))
                    else:
                        left_out += 1
    return sorted(taken, key=lambda small: small.path.parts), left_out


def size_of(source: Path) -> int:
    """Bytes of what would be packed."""
    return sum(small.size_bytes for small in found(source)[0])


def planned(
    files: list[Small], at_most: int, archive_bytes: int = ARCHIVE_BYTES, archive_files: int = ARCHIVE_FILES
) -> list[Bundle]:
    """The archives of files, in their order; never more than `at_most`: rather than that, they grow. Pure."""
    while True:
        bundles: list[Bundle] = []
        begin, size = 0, 0
        for at, small in enumerate(files):
            own = small.size_bytes + _HEAD_BYTES
            if at > begin and (size + own > archive_bytes or at - begin >= archive_files):
                bundles.append(_bundle(files, begin, at, len(bundles)))
                begin, size = at, 0
            size += own
        if begin < len(files):
            bundles.append(_bundle(files, begin, len(files), len(bundles)))
        if len(bundles) <= at_most:
            return bundles
        archive_bytes, archive_files = 2 * archive_bytes, min(100_000, 2 * archive_files)
        if len(files) > at_most * 100_000:
            raise WrongUse(
                f"{len(files)} files are more than {at_most} archives hold.", "Send them as several collections."
            )


def _bundle(files: list[Small], begin: int, end: int, number: int) -> Bundle:
    return Bundle(f"packed-{number + 1:03}.zip", tuple(files[begin:end]), begin + 1)


def pack(source: Path, folder: Path, bundles: list[Bundle], known: dict[str, str], add: Add, stop: Stop) -> None:
    """Write the archives that are not there yet into `folder`. `known`: digest by name of those that are; it is added
    to, one by one. An archive gets its name when it is whole. WrongUse where there is no room for them."""
    todo = []
    for bundle in bundles:
        if known.get(bundle.name) == bundle.digest(source) and (folder / bundle.name).is_file():
            add(bundle.size_bytes)
        else:
            todo.append(bundle)
    _must_have_room(folder, todo)
    for bundle in todo:
        known.pop(bundle.name, None)
        beside = folder / f".{bundle.name}.part"
        try:
            _write(bundle, beside, add, stop)
            beside.replace(folder / bundle.name)
        finally:
            beside.unlink(missing_ok=True)
        known[bundle.name] = bundle.digest(source)
    for name in set(known) - {bundle.name for bundle in bundles}:
        (folder / name).unlink(missing_ok=True)
        known.pop(name)


def _must_have_room(folder: Path, todo: list[Bundle]) -> None:
    needed = sum(bundle.size_bytes + _HEAD_BYTES * len(bundle.files) for bundle in todo)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise WrongUse(
            f"The archives need {needed} bytes in {folder}, {free} are free.",
            "Make room, or put the folder with the metadata on a larger disk.",
        )


def _write(bundle: Bundle, target: Path, add: Add, stop: Stop) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as made:
        for name, small in bundle.members():
            if stop.is_set():
                raise Stopped
            member = zipfile.ZipInfo(name, _DAY)
            member.create_system = 3  # the same on every computer
            member.file_size = small.size_bytes
            left = small.size_bytes
            with small.path.open("rb") as file, made.open(member, "w") as place:
                while block := file.read(_BLOCK_BYTES):
                    place.write(block)
                    add(len(block))
                    left -= len(block)
            if left:
                raise FileDiffers(f"{small.path} changed while it was packed.", "Run the same command again.")


def list_names(source: Path, folder: Path, bundles: list[Bundle]) -> None:
    """Which file became which member, for the sender alone: it is not sent."""
    with os.fdopen(os.open(folder / NAMES, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as to:
        to.write("archive\tmember\tfile\n")
        for bundle in bundles:
            for name, small in bundle.members():
                place = small.path.relative_to(source).as_posix()
                to.write(f"{bundle.name}\t{name}\t{place.encode('utf-8', 'backslashreplace').decode()!r}\n")
