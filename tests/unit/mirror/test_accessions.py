"""SRA_Accessions.tab: rows, odd lines, and the whole daily difference with DDBJ's lessons, each a test."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biotheca.mirror.difference import Difference, difference
from biotheca.mirror.digest import Digest, accession_of, keys_of
from biotheca.mirror.model import FeedIsShort, FeedIsTruncated, FeedIsUnreadable, Kind, Limits, SchemaHasChanged
from biotheca.mirror.parsing import parse_file
from local.insdc.world import COLUMNS
from tests.depth import examples
from tests.unit.mirror.making import written

DAY = "2026-01-27"
Row = dict[str, str]


def row(accession: str, **fields: str) -> Row:
    made = dict.fromkeys(COLUMNS, "-") | {"Accession": accession, "Submission": "SRA000001", "Status": "live"}
    made |= {"Updated": "2020-01-01T00:00:00Z", "Published": "2020-01-01T00:00:00Z", "Visibility": "public"}
    return (
        made | {"Type": {"R": "RUN", "X": "EXPERIMENT", "S": "SAMPLE", "P": "STUDY"}.get(accession[2], "RUN")} | fields
    )


def tab(*rows: Row) -> bytes:
    lines = ["\t".join(COLUMNS), *("\t".join(one[c] for c in COLUMNS) for one in rows)]
    return ("\n".join(lines) + "\n").encode()


class Days:
    """Feeds given one after the other, each against the digest that the one before left."""

    def __init__(self, folder: Path, limits: Limits | None = None) -> None:
        self.folder, self.limits, self.digest = folder, limits, Digest.empty()

    def give(self, *rows: Row, day: str = DAY) -> Difference:
        path = written(self.folder / "SRA_Accessions.tab", tab(*rows))
        found = difference(path, self.digest, day, self.limits)
        self.digest = found.digest
        return found


def told(found: Difference) -> dict[str, str]:
    return {one["accession"]: one["status"] for one in found.table().to_pylist()}


def test_rows_become_columns_and_a_dash_is_nothing(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tab", tab(row("SRR000001", Spots="12", Bases="x9"), row("DRS000002", Alias='a "b" c')))
    parsed = parse_file(path, Kind.ACCESSIONS, tmp_path / "o")
    rows = pq.read_table(tmp_path / "o" / "accession_status.parquet").to_pylist()
    assert (parsed.records, rows[0]["spots"], rows[0]["bases"], rows[1]["alias"]) == (2, 12, None, 'a "b" c')
    assert rows[0]["center"] is None


def test_odd_lines_are_set_aside_with_their_reason_and_others_are_kept(tmp_path: Path) -> None:
    lines = tab(row("SRR000001"), row("SRR000002"), row("SRR000003")).splitlines(keepends=True)
    lines[2] = b"SRR000002\tlive\n"
    lines.insert(3, b"\t".join([b"-"] * 20) + b"\n")
    lines.insert(4, lines[1].replace(b"SRR000001", b"SRR000009").replace(b"public", b"\xff\xfe"))
    parsed = parse_file(written(tmp_path / "a.tab", b"".join(lines)), Kind.ACCESSIONS, tmp_path / "o")
    assert (parsed.records, parsed.quarantined) == (2, 3)
    reasons = (tmp_path / "o" / "quarantine.jsonl").read_text()
    assert "2 columns where 20" in reasons and "no accession" in reasons and "no UTF-8" in reasons


def test_other_columns_are_a_changed_schema(tmp_path: Path) -> None:
    text = tab(row("SRR000001")).replace(b"Md5sum", b"Sha256")
    with pytest.raises(SchemaHasChanged, match="sha256"):
        parse_file(written(tmp_path / "a.tab", text), Kind.ACCESSIONS, tmp_path / "o")
    with pytest.raises(FeedIsUnreadable):
        difference(written(tmp_path / "b.tab", b"<html>busy</html>\n"), Digest.empty(), DAY)


def test_the_first_feed_is_all_new_and_the_same_again_is_nothing(tmp_path: Path) -> None:
    days = Days(tmp_path)
    rows = [row(f"SRR{n:06d}") for n in range(500)]
    assert len(told(days.give(*rows))) == 500
    again = days.give(*rows)
    assert again.changed == 0 and again.gone == [] and again.seen == 500


def test_a_a_run_that_changes_while_its_submissions_dates_do_not_is_seen(tmp_path: Path) -> None:
    days = Days(tmp_path)
    days.give(row("SRA000001"), row("SRR000001", Experiment="SRX000001"))
    found = days.give(row("SRA000001"), row("SRR000001", Experiment="SRX000002"))
    assert told(found) == {"SRR000001": "live"}


def test_b_a_release_from_embargo_moves_published_only_and_is_seen(tmp_path: Path) -> None:
    days = Days(tmp_path)
    days.give(row("SRR000001", Status="unpublished", Published="-"))
    found = days.give(row("SRR000001", Status="live", Published="2026-01-26T00:00:00Z"))
    assert told(found) == {"SRR000001": "live"}


def test_c_a_row_whose_published_lies_ahead_waits_for_its_day(tmp_path: Path) -> None:
    days = Days(tmp_path)
    ahead = row("SRR000001", Published="2026-02-01T00:00:00Z")
    found = days.give(ahead, row("SRR000002"))
    assert told(found) == {"SRR000002": "live"} and found.waiting == 1
    assert days.give(ahead, row("SRR000002"), day="2026-01-31").waiting == 1
    assert told(days.give(ahead, row("SRR000002"), day="2026-02-01")) == {"SRR000001": "live"}


def test_d_a_status_that_changes_without_any_date_is_seen(tmp_path: Path) -> None:
    days = Days(tmp_path)
    days.give(row("DRR000001"), row("DRR000002"))
    assert told(days.give(row("DRR000001", Status="suppressed"), row("DRR000002"))) == {"DRR000001": "suppressed"}


def test_e_of_two_rows_of_one_accession_the_better_status_counts_on_every_day(tmp_path: Path) -> None:
    days = Days(tmp_path)
    two = [row("SRR000001", Status="suppressed"), row("SRR000001", Status="live"), row("SRR000002")]
    found = days.give(*two)
    assert told(found) == {"SRR000001": "live", "SRR000002": "live"} and found.twice == 1
    assert told(days.give(*two)) == {}, "the worse row is no change, today and tomorrow"
    assert told(days.give(*reversed(two))) == {}
    assert told(days.give(row("SRR000001", Status="suppressed"), row("SRR000002"))) == {"SRR000001": "suppressed"}


def test_g_what_was_missed_on_many_days_is_found_by_one_difference(tmp_path: Path) -> None:
    days = Days(tmp_path)
    days.give(*(row(f"SRR{n:06d}") for n in range(1000)))
    now = [row(f"SRR{n:06d}", **({"Status": "suppressed"} if n % 7 == 0 else {})) for n in range(1000)]
    assert set(told(days.give(*now))) == {f"SRR{n:06d}" for n in range(0, 1000, 7)}


def test_what_vanishes_is_told_as_gone(tmp_path: Path) -> None:
    days = Days(tmp_path)
    days.give(*(row(f"SRR{n:06d}") for n in range(50)))
    found = days.give(*(row(f"SRR{n:06d}") for n in range(50) if n != 7))
    assert found.gone == ["SRR000007"] and len(found.digest) == 49


def test_a_short_feed_deletes_nothing(tmp_path: Path) -> None:
    days = Days(tmp_path, Limits(lost_share=0.01, lost_rows=5))
    rows = [row(f"SRR{n:06d}") for n in range(1000)]
    days.give(*rows)
    before = days.digest
    with pytest.raises(FeedIsShort, match="500 of 1,000"):
        days.give(*rows[:500])
    assert days.digest is before
    assert len(days.give(*rows[:992]).gone) == 8


@pytest.mark.parametrize("cut", [0.5, 0.999])
def test_a_feed_that_breaks_off_within_a_line_is_refused(cut: float, tmp_path: Path) -> None:
    text = tab(*(row(f"SRR{n:06d}") for n in range(1000)))
    path = written(tmp_path / "a.tab", text[: int(len(text) * cut)])
    with pytest.raises(FeedIsTruncated):
        difference(path, Digest.empty(), DAY)


def test_lines_that_begin_with_no_accession_are_set_aside(tmp_path: Path) -> None:
    text = tab(row("SRR000001"), row("SRR000002")) + b"# a note\n" + b"\t".join([b"srr1"] + [b"-"] * 19) + b"\n"
    found = difference(written(tmp_path / "a.tab", text), Digest.empty(), DAY)
    assert len(told(found)) == 2 and len(found.aside) == 2


def test_the_digest_is_kept_as_it_was(tmp_path: Path) -> None:
    days = Days(tmp_path)
    rows = [row(f"SRR{n:06d}") for n in range(100)]
    days.give(*rows)
    days.digest.save(tmp_path / "d.parquet")
    days.digest = Digest.load(tmp_path / "d.parquet")
    assert days.give(*rows).changed == 0


@given(st.lists(st.from_regex(r"[A-Z]{3}[0-9]{1,12}", fullmatch=True), min_size=1, max_size=20, unique=True))
def test_no_two_accessions_have_one_key(accessions: list[str]) -> None:
    keys, _ = keys_of("".join(f"{a}\tx\n" for a in accessions).encode())
    assert [accession_of(int(key)) for key in keys] == accessions


@settings(max_examples=examples(25), deadline=None)
@given(seed=st.integers(0, 10**6))
def test_thirty_days_of_a_scripted_feed_end_as_the_script_says(
    seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A simulator with all transitions; the oracle is what the rows of the day say, by rank and date."""
    dice = random.Random(seed)
    days = Days(tmp_path_factory.mktemp("feed"), Limits(lost_share=1.0))
    rows = {f"{dice.choice('SED')}RR{n:06d}": row(f"SRR{n:06d}") for n in range(40)}
    rows = {accession: one | {"Accession": accession} for accession, one in rows.items()}
    seen: dict[str, str] = {}
    for number in range(30):
        day = f"2026-03-{number + 1:02d}"
        for accession in dice.sample(sorted(rows), min(6, len(rows))):
            what = dice.choice(("status", "alias", "future", "vanish", "new"))
            if what == "status":
                rows[accession]["Status"] = dice.choice(("live", "suppressed", "withdrawn", "unpublished"))
            elif what == "alias":
                rows[accession]["Alias"] = str(dice.random())
            elif what == "future":
                rows[accession] |= {"Published": f"2026-03-{dice.randint(1, 30):02d}T12:00:00Z", "Alias": str(number)}
            elif what == "vanish":
                del rows[accession]
            else:
                fresh = f"SRX{dice.randint(1, 10**6):06d}"
                rows[fresh] = row(fresh)
        found = days.give(*rows.values(), day=day)
        seen |= told(found)
        for accession in found.gone:
            del seen[accession]
        due = {a: one["Status"] for a, one in rows.items() if one["Published"] <= f"{day}T23:59:59Z"}
        assert {a: s for a, s in seen.items() if a in due} == due
        assert set(seen) <= set(rows)
