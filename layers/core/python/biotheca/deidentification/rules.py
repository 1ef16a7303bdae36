"""What to do with an attribute: PS3.15 Table E.1-1 (2026d) with its options, types of attributes, and overrides. Pure.

The tables are data/*.tsv, facts of the standard; a test holds them against copies of two other makers.
"""

from __future__ import annotations

import csv
import hashlib
from functools import cache
from importlib import resources
from typing import Any

import yaml

from biotheca.deidentification.model import Options
from biotheca.formats.dicom import vr_of

TABLE_SHA256 = "9d1e03219f308f90b34488e7dace914caf9ee322219d6191e78f00f595b66f79"
CONTENT_SHA256 = "d5d6b33f6894229144e3af08f3dd9c09fed36f123cbd8c14449fb4d6820e1c48"
STORAGE = "1.2.840.10008.5.1.4."
_TEXTS = frozenset(b"SH LO ST LT UT UC UR".split())
_CURVE, _OVERLAY = range(0x5000, 0x5100, 2), range(0x6000, 0x6100, 2)


def _text(name: str, sha256: str = "") -> str:
    raw = (resources.files(__package__) / "data" / name).read_bytes()
    if sha256 and hashlib.sha256(raw).hexdigest() != sha256:
        raise RuntimeError(f"{name} is not the file that this version was released with")
    return raw.decode()


def _rows(name: str, sha256: str = "") -> list[dict[str, str]]:
    return list(csv.DictReader(_text(name, sha256).splitlines(), delimiter="\t"))


@cache
def table() -> dict[int, dict[str, str]]:
    """Table E.1-1: tag -> row with `name`, `basic` and the option columns. Repeating groups are in `action`."""
    return {
        int(r["tag"], 16): r
        for r in _rows("ps315_2026d.tsv", TABLE_SHA256)
        if len(r["tag"]) == 8 and "x" not in r["tag"]
    }


@cache
def content_table() -> dict[tuple[str, str, str], dict[str, str]]:
    """Table E.3.4-1: (scheme, code, value type) of a content item -> row."""
    return {(r["scheme"], r["code"], r["value_type"]): r for r in _rows("ps315_content_2026d.tsv", CONTENT_SHA256)}


@cache
def safe_private() -> dict[tuple[str, int, int], bytes]:
    """Table E.3.10-1: (creator, group, low byte of the element) -> value representation."""
    found = {}
    for row in _rows("safe_private.tsv"):
        key = (row["creator"], int(row["group"], 16), int(row["element"].removeprefix("xx"), 16))
        found[key] = row["vr"].encode()
    return found


@cache
def overrides() -> dict[str, Any]:
    """data/overrides.yaml."""
    return dict(yaml.safe_load(_text("overrides.yaml")))


@cache
def _overridden() -> dict[int, str]:
    return {int(row["tag"], 16): row["action"] for row in overrides()["attributes"]}


@cache
def _by_vr() -> dict[bytes, str]:
    return {vr.encode(): action for action, vrs in overrides()["by_vr"].items() for vr in vrs}


@cache
def _binary_kept() -> frozenset[int]:
    return frozenset(int(tag, 16) for tag in overrides()["binary_kept"])


@cache
def _types() -> dict[tuple[int, str, str], int]:
    """(tag, level, SOP class) -> 1 or 2; what is not there is of type 3."""
    found: dict[tuple[int, str, str], int] = {}
    for row in _rows("iod_types.tsv"):
        for sop in row["sop_classes"].split():
            found[int(row["tag"], 16), row["level"], STORAGE + sop] = int(row["type"])
    return found


@cache
def identifying() -> tuple[frozenset[int], frozenset[int]]:
    """(names, numbers): attributes besides PN whose values are looked for in all texts of their object."""
    rows = overrides()["identifying"]
    names, numbers = (frozenset(int(tag, 16) for tag in rows[kind]) for kind in ("names", "numbers"))
    return names, numbers


def type_of(tag: int, sop_class: str, nested: bool) -> int:
    """1, 2 or 3: how much an attribute is needed in objects of a class (PS3.3; 1C as 1, 2C as 2)."""
    return _types().get((tag, "nested" if nested else "top", sop_class), 3)


def action(tag: int, vr: bytes, options: Options, sop_class: str, nested: bool) -> str:
    """One letter for a standard attribute: K, C, U, Z, D, X of the table; and of the overrides

    I and N (keyed pseudonym of patient and order), A (age), P (clean by identifiers and patterns), B (kept unless
    it holds an identifier), R (sequence, cleaned inside), S (date, shifted).
    """
    group = tag >> 16
    if group in _CURVE or group in _OVERLAY:
        return "X"
    if (chosen := _overridden().get(tag)) is not None:
        return _fitting(chosen, vr)
    row = table().get(tag)
    if row is None:
        return "K" if tag in _binary_kept() else _by_vr().get(vr, "X")
    said = {row[column] for column in options.columns if row[column]}
    if "C" in said:
        return _fitting("C", vr)
    if "K" in said:  # a station's name can be the hospital's: what is kept is still looked through for identifiers
        return "R" if vr == b"SQ" else "B" if vr in _TEXTS else "K"
    return _fitting(_basic(row["basic"], tag, sop_class, nested), vr)


def _basic(basic: str, tag: int, sop_class: str, nested: bool) -> str:
    """One of several actions by the attribute's type: `X unless Z or D is required` (PS3.15 section E.1.1)."""
    letters = basic.split("/")
    if len(letters) == 1:
        return letters[0]
    needed = type_of(tag, sop_class, nested)
    if needed == 1:
        return next((x for x in ("D", "U*", "Z") if x in letters), letters[-1]).rstrip("*")
    if needed == 2:
        return next((x for x in ("Z", "D") if x in letters), letters[0])
    return letters[0]


def _fitting(letter: str, vr: bytes) -> str:
    """What a letter means for a value representation."""
    if vr == b"SQ":
        return {"C": "R", "D": "R", "U": "R", "K": "R"}.get(letter, letter)
    if letter == "C":
        if vr in (b"DA", b"DT"):
            return "S"
        if vr in (b"TM",):
            return "K"
        if vr in (b"PN", b"AE"):
            return "Z"
        if vr == b"UI":
            return "U"
        if vr in (b"OB", b"OW", b"UN", b"OV", b"OL"):
            return "X"
        if vr in _TEXTS or vr == b"CS":
            return "C"
        return "K"
    return letter


def when_emptied(tag: int) -> str:
    """What a text becomes of which nothing stays: D where the table knows the attribute as needed, Z or X else."""
    row = table().get(tag)
    basic = row["basic"] if row else "D"
    return "D" if "D" in basic else "Z" if "Z" in basic else "X"


def content_action(scheme: str, code: str, value_type: str, options: Options) -> str:
    """K, C, U, D or X for a content item by its concept name; an item that the table does not name is cleaned (C)."""
    row = content_table().get((scheme, code, value_type))
    if row is None:
        return "C"
    said = {row.get(column) for column in options.columns if row.get(column)}
    return "C" if "C" in said else "K" if "K" in said else row["basic"].split("/")[0]


def known_vr(tag: int, vr: bytes) -> bytes:
    """The value representation to go by: of an attribute written as UN that of the dictionary."""
    return vr_of(tag) if vr == b"UN" else vr
