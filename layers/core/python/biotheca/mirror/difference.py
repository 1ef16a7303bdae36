"""The whole daily difference of SRA_Accessions.tab against the digest of the day before.

Lessons of DDBJ's mirror are rules here: (a) rows of runs change while their submission's dates do not, (b) release
from embargo moves Published only, (d) some status changes move no date: so every line is compared. (c) Published may
lie in the future: such a line waits for its day. (e) one accession may stand twice: live counts before public,
suppressed, withdrawn. A short feed deletes nothing: it is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from biotheca.mirror import accessions
from biotheca.mirror.chunks import open_feed
from biotheca.mirror.digest import Digest, accession_of, connection, hashes_of, keys_of
from biotheca.mirror.model import FeedIsTruncated, FeedIsUnreadable, Kind, Limits, Parsed, Quarantined

# What counts where an accession stands twice; a status that nobody knows counts least.
RANK = {"live": 0, "public": 1, "suppressed": 2, "withdrawn": 3, "unpublished": 4}
_LEAST = 9
Numbers = Any


@dataclass
class Difference:
    """What a feed says that the digest did not: changed and new rows, and accessions that are gone."""

    rows: list[pa.Table] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    digest: Digest = field(default_factory=Digest.empty)
    aside: list[Quarantined] = field(default_factory=list)
    seen: int = 0
    changed: int = 0
    waiting: int = 0  # lines whose Published lies after the day
    twice: int = 0

    def table(self) -> pa.Table:
        """The changed and new rows, one an accession."""
        return pa.concat_tables(self.rows) if self.rows else accessions.rows_of(b"")[0]


def difference(path: Path, before: Digest, day: str, limits: Limits | None = None) -> Difference:
    """Compare a whole file with the digest of the day before. `day`: YYYY-MM-DD, the feed's.

    Raises FeedIsTruncated, FeedIsShort or SchemaHasChanged; then the digest before stays the one that counts.
    """
    found = Difference()
    seen, unchanged = np.zeros(len(before), bool), np.zeros(len(before), bool)
    parsed = Parsed(Kind.ACCESSIONS)
    fresh: list[tuple[Numbers, Numbers, Numbers]] = []
    tomorrow = f"{day}T23:59:59Z"
    with open_feed(path) as file, connection() as engine:
        for offset, block in accessions.blocks(file, parsed):
            for keys, hashes, whole in _sound(block, offset, engine, found):
                found.seen += len(keys)
                place = np.searchsorted(before.keys, keys)
                place = np.minimum(place, max(len(before) - 1, 0))
                known = before.keys[place] == keys if len(before) else np.zeros(len(keys), bool)
                same = known.copy()
                same[known] = before.hashes[place[known]] == hashes[known]
                seen[place[known]] = True
                unchanged[place[same]] = True
                if same.all():
                    continue
                rows, kept, late = _changed(whole, np.flatnonzero(~same), offset, tomorrow, found.aside)
                found.waiting += late
                if rows.num_rows:
                    fresh.append((keys[kept], hashes[kept], _ranks(rows)))
                    found.rows.append(rows)
    if not parsed.complete:
        raise FeedIsTruncated("SRA_Accessions.tab ends within a line or its gzip stream. Fetch it again.")
    gone = np.flatnonzero(~seen)
    (limits or Limits()).check(len(before), len(gone), "SRA_Accessions.tab")
    found.gone = [accession_of(int(key)) for key in before.keys[gone]]
    _settle(found, before, seen, unchanged, fresh)
    return found


def _sound(
    block: bytes, offset: int, engine: Any, found: Difference
) -> Iterator[tuple[Numbers, Numbers, tuple[bytes, Numbers]]]:
    """The block's keys, hashes and lines. Where a line begins oddly, without it."""
    try:
        keys, offsets = keys_of(block)
    except FeedIsUnreadable:
        rows = []
        at = offset
        for line in block.splitlines(keepends=True):
            try:
                keys_of(line)
                rows.append(line)
            except FeedIsUnreadable as fault:
                if line.strip():
                    found.aside.append(Quarantined("line", "", at, str(fault), line.rstrip(b"\n")))
            at += len(line)
        block = b"".join(rows)
        if not block:
            return
        keys, offsets = keys_of(block)
    yield keys, hashes_of(block, offsets, engine), (block, offsets)


def _changed(
    whole: tuple[bytes, Numbers], which: Numbers, offset: int, tomorrow: str, aside: list[Quarantined]
) -> tuple[pa.Table, Numbers, int]:
    """(rows, their numbers in the block, how many wait) of lines that changed."""
    block, offsets = whole
    pieces = [block[offsets[number] : offsets[number + 1]] for number in which.tolist()]
    rows, refused = accessions.rows_of(b"".join(pieces), offset)
    if refused:
        aside += refused
        bad = {one.record for one in refused}
        keep = [n for n, piece in enumerate(pieces) if piece.rstrip(b"\r\n") not in bad and piece.strip()]
        which = which[keep]
    future = pc.fill_null(pc.greater(rows.column("published"), tomorrow), False)
    late = pc.sum(future).as_py() or 0
    if late:
        now = pc.invert(future)
        rows, which = rows.filter(now), which[now.to_numpy()]
    return rows, which, late


def _ranks(rows: pa.Table) -> Numbers:
    status = rows.column("status").combine_chunks()
    ranked = pc.index_in(status, pa.array(list(RANK)))
    return pc.fill_null(ranked, _LEAST).to_numpy(zero_copy_only=False).astype(np.uint8)


def _settle(
    found: Difference,
    before: Digest,
    seen: Numbers,
    unchanged: Numbers,
    fresh: list[tuple[Numbers, Numbers, Numbers]],
) -> None:
    """One line an accession, by rank; then the new digest: what was seen, with what changed put in."""
    if not fresh:
        found.digest = Digest(before.keys[seen], before.hashes[seen], before.ranks[seen])
        return
    keys, hashes, ranks = (np.concatenate(column) for column in zip(*fresh, strict=True))
    order = np.lexsort((np.arange(len(keys)), ranks, keys))
    first = np.ones(len(order), bool)
    first[1:] = keys[order][1:] != keys[order][:-1]
    winner = order[first]
    found.twice = len(order) - len(winner)
    if len(before):
        place = np.minimum(np.searchsorted(before.keys, keys[winner]), len(before) - 1)
        known = before.keys[place] == keys[winner]
        # A line that is as it was may stand beside a changed one of the same accession: the better of the two counts.
        beaten = known & unchanged[place] & (before.ranks[place] <= ranks[winner])
        found.twice += int(beaten.sum())
        winner, place, known = winner[~beaten], place[~beaten], known[~beaten]
        seen = seen.copy()
        seen[place[known]] = False
    found.rows = [pa.concat_tables(found.rows).take(pa.array(np.sort(winner)))]
    found.changed = len(winner)
    new = (keys[winner], hashes[winner], ranks[winner])
    old = (before.keys[seen], before.hashes[seen], before.ranks[seen])
    merged = [np.concatenate(pair) for pair in zip(old, new, strict=True)]
    sort = np.argsort(merged[0], kind="stable")
    found.digest = Digest(*(column[sort] for column in merged))
