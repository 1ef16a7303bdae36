"""Reads NCBI's taxonomy dump: nodes.dmp and names.dmp, alone or in the tar.gz. Fields are split by tab, bar, tab."""

from __future__ import annotations

import tarfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from biotheca.taxonomy.model import Taxon

_COMMON = ("genbank common name", "common name")
_OTHERS = {"synonym", "equivalent name", "genbank synonym", "blast name", "acronym", "genbank acronym", *_COMMON}


class DumpBroken(Exception):
    """A line of the dump is not of its form, or a parent is missing."""


def _fields(lines: Iterable[str], least: int, name: str) -> Iterator[list[str]]:
    for number, line in enumerate(lines, 1):
        fields = line.rstrip("\n").removesuffix("\t|").split("\t|\t")
        if len(fields) < least or not fields[0].strip().isdigit():
            raise DumpBroken(f"{name}, line {number}: {line[:80]!r} has no {least} fields that begin with a tax id")
        yield [field.strip() for field in fields]


def taxa(nodes: Iterable[str], names: Iterable[str]) -> Iterator[Taxon]:
    """Every taxon of a dump with names and lineage, by the order of nodes.dmp; DumpBroken if it is not whole."""
    parents: dict[int, int] = {}
    ranks: dict[int, str] = {}
    for fields in _fields(nodes, 3, "nodes.dmp"):
        parents[int(fields[0])] = int(fields[1])
        ranks[int(fields[0])] = fields[2]
    scientific: dict[int, str] = {}
    common: dict[int, str] = {}
    others: dict[int, list[str]] = {}
    for fields in _fields(names, 4, "names.dmp"):
        number, name, kind = int(fields[0]), fields[1], fields[3]
        if kind == "scientific name":
            scientific[number] = name
        elif kind in _OTHERS:
            others.setdefault(number, []).append(name)
            if kind == _COMMON[0] or (kind == _COMMON[1] and number not in common):
                common[number] = name
    for number, parent in parents.items():
        if number not in scientific:
            raise DumpBroken(f"names.dmp has no scientific name of taxon {number}")
        mine = dict.fromkeys(n for n in others.get(number, ()) if n != common.get(number))
        lineage = _lineage(number, parents)
        yield Taxon(number, parent, ranks[number], scientific[number], common.get(number, ""), tuple(mine), lineage)


def _lineage(number: int, parents: dict[int, int]) -> tuple[int, ...]:
    found: list[int] = []
    while (parent := parents[number]) != number:
        if parent not in parents or len(found) > 200:
            raise DumpBroken(f"nodes.dmp: taxon {number} has no parent {parent}, or its ancestors go in a circle")
        found.append(parent)
        number = parent
    return tuple(found)


@contextmanager
def opened(paths: list[Path]) -> Iterator[tuple[IO[str], IO[str]]]:
    """nodes.dmp and names.dmp as texts: from two files, from a folder that holds them, or from the tar.gz."""
    if len(paths) == 1 and paths[0].is_file():
        with tarfile.open(paths[0]) as archive:
            yield _member(archive, "nodes.dmp"), _member(archive, "names.dmp")
        return
    folder = {p.name: p for p in (paths[0].iterdir() if paths[0].is_dir() else paths)}
    with folder["nodes.dmp"].open(encoding="utf-8") as nodes, folder["names.dmp"].open(encoding="utf-8") as names:
        yield nodes, names


def _member(archive: tarfile.TarFile, name: str) -> IO[str]:
    import io

    found = archive.extractfile(name)
    if found is None:
        raise DumpBroken(f"the archive holds no file {name}")
    return io.TextIOWrapper(found, encoding="utf-8")
