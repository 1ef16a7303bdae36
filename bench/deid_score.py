"""How well de-identification does on the set of deid_set.py: ours and the peers at hand, in the manner of MIDI-B.

Nothing here knows the engine: tools run as other processes (deid_tools.py), their files are read by pydicom and
searched as bytes. An output that is missing or unreadable fails all its checks: who drops files gains nothing.
"""

from __future__ import annotations

import re
import shutil
import struct
import warnings
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pydicom
from pydicom.dataset import Dataset, FileDataset

from bench.deid_set import make
from bench.deid_tools import outputs
from bench.measure import table

ENCODINGS: tuple[str, ...] = (
    *("latin-1", "utf-8", "utf-16-le", "utf-16-be", "gb18030", "shift_jis", "iso2022_jp", "euc_jp", "euc_kr"),
    *("iso8859-5", "iso8859-7", "utf-32-le"),
)
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
PIXELS, DEFLATED = 0x7FE00010, "1.2.840.10008.1.2.1.99"


@dataclass
class Score:
    """What one tool reached."""

    passed: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    leaking: dict[str, list[str]] = field(default_factory=dict)  # file -> kinds of identifiers in its bytes
    missing: list[str] = field(default_factory=list)
    lost: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def percent(self) -> float:
        """Checks passed of all."""
        return 100 * self.passed.total() / max(1, self.passed.total() + self.failed.total())


def score(key: dict[str, Any], source: Path, target: Path) -> Score:
    """The files in `target` against the answer key of those in `source`; joined by their names."""
    found = Score()
    new_of: dict[str, set[str]] = {}  # one old UID or number has one new one,
    old_of: dict[str, set[str]] = {}  # and one new one is of one old one
    gaps: dict[str, set[int]] = {}
    read: list[tuple[dict[str, Any], FileDataset | None, FileDataset]] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for row in key["files"]:
            after = _read(target / row["file"])
            read.append((row, after, pydicom.dcmread(source / row["file"])))
            for check in row["checks"] if after else ():
                value = _value(after, check["at"])
                if check["action"].endswith("_consistent") and value:
                    new_of.setdefault(check["value"], set()).add(value)
                    old_of.setdefault(value, set()).add(check["value"])
                if check["action"] == "date_shifted" and (gap := _gap(check["value"], value)):
                    gaps.setdefault(row["person"], set()).add(gap)
        for row, after, before in read:
            if after is None:
                found.missing.append(row["file"])
            for check in row["checks"]:
                value = _value(after, check["at"]) if after else None
                good = after is not None and _passes(check, value, after, before)
                if good and check["action"].endswith("_consistent"):
                    good = new_of[check["value"]] == {value} and old_of[value] == {check["value"]}  # type: ignore[index]
                if good and check["action"] == "date_shifted":
                    # One day more or less: some tools move the time of day too, over midnight.
                    good = max(gaps[row["person"]]) - min(gaps[row["person"]]) <= 1
                (found.passed if good else found.failed)[check["action"]] += 1
                if not good:
                    found.lost.append((row["file"], check))
            if after is not None and (kinds := leaks(key["people"][row["person"]], target / row["file"], after)):
                found.leaking[row["file"]] = kinds
    return found


def _read(path: Path) -> FileDataset | None:
    try:
        made = pydicom.dcmread(path)
        list(made.elements())
    except Exception:  # a tool may write whatever it likes
        return None
    return made


def _value(dataset: Dataset | None, at: list[Any]) -> str | None:
    """What stands at a place, as text; None if nothing does. Private: group, creator, element."""
    try:
        if len(at) == 3 and isinstance(at[2], int):
            return str(dataset.private_block(int(at[0], 16), at[1])[at[2]].value)  # type: ignore[union-attr]
        place: Any = dataset
        for step in at[:-1]:
            place = place[step] if isinstance(step, int) else place[int(step, 16)].value
        value = place[int(at[-1], 16)].value
        if int(at[-1], 16) == PIXELS:
            return "pixels"
        return str(value if value is not None else "")
    except (KeyError, IndexError, TypeError, AttributeError):
        return None
    except Exception as fault:
        return f"unreadable: {type(fault).__name__}"


def _passes(check: dict[str, Any], value: str | None, after: FileDataset, before: FileDataset) -> bool:
    action, folded = check["action"], (value or "").casefold()
    if action == "text_removed":
        return not any(word.casefold() in folded for word in check["words"])
    if action == "text_retained":
        return set(_words(check["words"])) <= set(_words([folded]))
    if action == "tag_retained":
        return value == check["value"]
    if action == "uid_changed":
        return value not in (None, "", check["value"])
    if action == "patid_consistent":
        return value not in (None, "", check["value"])
    if action == "date_shifted":
        return bool(_gap(check["value"], value))
    if action == "pixels_retained":
        return value is not None and _same_pixels(after, before)
    return bool(value)


def _words(texts: Iterable[str]) -> list[str]:
    return [word for text in texts for word in re.split(r"[^\w.]+", text.casefold()) if word]


def _gap(old: str, new: str | None) -> int:
    """Days between two dates; 0 if one is none."""
    try:
        one, two = (date(int(text[:4]), int(text[4:6]), int(text[6:8])) for text in (old, new or ""))
    except ValueError:
        return 0
    return (one - two).days


def _same_pixels(after: FileDataset, before: FileDataset) -> bool:
    if after.PixelData == before.PixelData:
        return True
    try:
        return bool((after.pixel_array == before.pixel_array).all())
    except Exception:
        return False


def leaks(person: dict[str, Any], path: Path, after: FileDataset) -> list[str]:
    """Kinds of identifiers of one person in the bytes of a file, and in what was deflated in it."""
    data = path.read_bytes()
    if after.file_meta.TransferSyntaxUID == DEFLATED:
        data += _inflated(data)
    small = data.lower()
    closed = re.sub(rb"[\s\-_.()/\\]+", b"", small)
    found = [f"word in {encoding}" for word in person["words"] for encoding, form in _written(word) if form in small]
    found += ["number" for number in person["numbers"] if number.lower().encode() in closed]
    found += ["binary number" for number in person["numbers"] for form in _binary(number) if form in data]
    found += ["date" for day in person["days"] for form in _days(day) if form in small]
    found += ["uid" for uid in person["uids"] if re.search(re.escape(uid.encode()) + rb"(?![\d.])", data)]
    return sorted(set(found))


def _inflated(data: bytes) -> bytes:
    """What was deflated behind the file meta, whose length need not be said."""
    for begin in range(data.index(DEFLATED.encode()), min(len(data), 2000)):
        try:
            return zlib.decompress(data[begin:], -zlib.MAX_WBITS)
        except zlib.error:
            continue
    raise ValueError("a deflated file does not inflate")


def _written(word: str) -> Iterable[tuple[str, bytes]]:
    for encoding in ENCODINGS:
        for form in {word, word.upper(), word.lower()}:
            try:
                made = form.encode(encoding)
            except UnicodeEncodeError:
                continue
            made = made.removeprefix(b"\x1b$B").removesuffix(b"\x1b(B")
            if len(made) > 3:
                yield encoding, made.lower()


def _binary(number: str) -> list[bytes]:
    if not number.isdigit() or len(number) < 6:
        return []
    kinds: list[tuple[str, float]] = [("d", float(number)), ("Q", int(number))]
    kinds += [("I", int(number))] if int(number) < 1 << 32 else []
    return [struct.pack(order + kind, value if kind == "d" else int(value)) for order in "<>" for kind, value in kinds]


def _days(day: str) -> list[bytes]:
    y, m, d = day[:4], day[4:6], day[6:]
    name = MONTHS[int(m) - 1]
    texts = [day, f"{y}-{m}-{d}", f"{y}/{m}/{d}", f"{d}.{m}.{y}", f"{m}/{d}/{y}", f"{d}-{m}-{y}"]
    texts += [f"{d}{name}{y}", f"{name} {d}, {y}"]
    return [text.encode() for text in texts] + [text.encode("utf-16-le") for text in texts]


def run(folder: Path) -> str:
    """One table."""
    place = folder / "deid_set"
    shutil.rmtree(place, ignore_errors=True)
    key = make(place)
    rows = []
    for name, output in outputs(place / "files", place):
        one = score(key, place / "files", output)
        leaking = f"{len(one.leaking)}/{len(key['files'])}"
        worst = ", ".join(f"{action} {count}" for action, count in one.failed.most_common(3))
        rows.append([name, f"{one.percent:.2f}", one.failed.total(), leaking, len(one.missing), worst or "-"])
    kinds = [len({row[what] for row in key["files"]}) for what in ("syntax", "modality")]
    checks = sum(len(row["checks"]) for row in key["files"])
    title = f"{len(key['files'])} files of {kinds[0]} transfer syntaxes and {kinds[1]} modalities, {checks} checks"
    return table(title, ["", "score %", "checks failed", "leaking files", "no output", "fails most at"], rows)
