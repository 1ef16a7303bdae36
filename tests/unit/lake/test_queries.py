"""Queries of people: what may be asked, what becomes of it, who sees it, and what a fault does."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import fs

from biotheca.aws.athena import Execution
from biotheca.aws.tables import Table
from biotheca.errors import Conflict, Invalid, NotFound
from biotheca.lake.exports import FORMATS, About
from biotheca.lake.queries import answering, rules, service
from biotheca.lake.queries.files import Files
from biotheca.lake.queries.model import Query, QueryState
from biotheca.lake.queries.store import QueryStore
from tests.unit.world import ANA, LI, World

SELECT = "SELECT acc, organism FROM run"


@pytest.mark.parametrize(
    "sql",
    [
        SELECT,
        f"{SELECT};",
        "  with x as (select 1 as a) select * from x -- done",
        "SELECT 'it''s; DROP TABLE run_base (' AS a FROM \"run\" /* run_base; */",
        "(SELECT 1 AS a) UNION ALL (SELECT 2)",
        'SELECT "accession" FROM qc_files AS "Ünïcode"',
    ],
)
def test_one_select_is_taken(sql: str) -> None:
    taken = rules.check(sql, "tsv")
    assert "--" not in taken and ";" not in taken.replace("it''s;", "")


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("DROP TABLE run", "lake.select_only"),
        ("INSERT INTO run SELECT 1", "lake.select_only"),
        ("SELECT 1; DELETE FROM run", "lake.select_only"),
        ("SELECT 1 AS a) TO 's3://elsewhere/' WITH (format = 'PARQUET') --", "lake.select_only"),
        ("SELECT (1 AS a", "lake.select_only"),
        ("SELECT 'open", "lake.select_only"),
        ("SELECT ? AS a", "lake.select_only"),
        ("USING EXTERNAL FUNCTION f(x INT) RETURNS INT LAMBDA 'x' SELECT f(1)", "lake.select_only"),
        ("-- SELECT\n", "lake.select_only"),
        ("   ", "lake.select_only"),
        ("SELECT * FROM run_base", "lake.table"),
        ('SELECT * FROM "RUN_OVERLAY"', "lake.table"),
        ('SELECT * FROM biotheca . "run_own"', "lake.table"),
        ('SELECT * FROM "run_wide$snapshots"', "lake.table"),
        ("SELECT/**/1 AS a FROM/**/sample_base", "lake.table"),
    ],
)
def test_what_writes_leaves_its_parentheses_or_reads_the_machinery_is_refused(sql: str, rule: str) -> None:
    with pytest.raises(Invalid) as refused:
        rules.check(sql, "tsv")
    assert [f.rule for f in refused.value.findings] == [rule]


@given(st.text(max_size=40))
def test_no_text_leaves_the_parentheses_of_unload(text: str) -> None:
    try:
        kept = rules.check(f"SELECT {text}", "tsv")
    except Invalid:
        return
    depth = 0
    for token in rules._TOKEN.finditer(kept):
        assert token.lastgroup != "space" or not token[0].startswith(("--", "/*"))
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        assert depth >= 0
    assert depth == 0 and rules.check(kept, "tsv") == kept


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ("COLUMN_NOT_FOUND: line 1:8: Column 'organsim' cannot be resolved", "lake.unknown_name"),
        ("TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.biotheca.runs' does not exist", "lake.unknown_name"),
        ("Bytes scanned limit was exceeded", "lake.too_much_read"),
        ("Query exhausted resources at this scale factor", "lake.too_large"),
        ("line 1:8: mismatched input 'FORM'", "lake.sql"),
        ("GENERIC_INTERNAL_ERROR: io.trino.spi secret detail", "lake.fault"),
    ],
)
def test_the_engines_words_become_a_rule(said: str, rule: str) -> None:
    found = rules.reason(said)
    assert found["rule"] == rule
    assert ("secret" in found["detail"]) is False


@dataclass
class FakeEngine:
    """An engine of three rows, in a folder."""

    folder: Path
    answers: list[Execution]
    started: list[tuple[str, str]] = field(default_factory=list)

    def start(self, sql: str, token: str) -> str:
        self.started.append((sql, token))
        if self.answers[-1].state == "SUCCEEDED":
            (self.folder / "rows").mkdir()
            pq.write_table(pa.table({"acc": ["SRR1", "SRR2"], "n": [1, None]}), self.folder / "rows" / "1.parquet")
            pq.write_table(pa.table({"acc": ["SRR3"], "n": [3]}), self.folder / "rows" / "2.parquet")
        return "execution-1"

    def state(self, execution: str) -> Execution:
        assert execution == "execution-1"
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def place(self, query: Query) -> str:
        return f"s3:/{self.folder}/rows"

    def file(self, query: Query, suffix: str) -> str:
        return str(self.folder / f"{query.id}{suffix}").lstrip("/")

    def link(self, query: Query, suffix: str) -> str:
        return self.file(query, suffix)


RUNNING, DONE = Execution("RUNNING", "", 0), Execution("SUCCEEDED", "", 77)


@pytest.fixture
def store(world: World) -> QueryStore:
    return QueryStore(Table("records"), Table("outbox"))


def _answered(store: QueryStore, engine: FakeEngine, query: Query, patience_s: float = 600) -> Query | None:
    def about(query: Query) -> About:
        return About(query.sql, "2026-11-28T12:00:00Z", "20261128")

    files = Files(fs.SubTreeFileSystem("/", fs.LocalFileSystem()))  # places are bucket/key
    return answering.answer(
        store,
        engine,
        files,
        query.subject,
        query.id,
        about,
        patience_s,
        lambda _: None,  # type: ignore[arg-type]
    )


def test_a_query_is_asked_answered_and_its_file_has_the_rows(store: QueryStore, tmp_path: Path, world: World) -> None:
    query = service.ask(store, ANA, SELECT, "tsv")
    assert world.told()[-1] == ("QueryAsked", {"person": "ana", "query": query.id})
    engine = FakeEngine(tmp_path, [RUNNING, RUNNING, DONE])
    done = _answered(store, engine, query)
    assert done == service.look(store, ANA, query.id)
    assert (done.state, done.rows, done.scanned_bytes) == (QueryState.SUCCEEDED, 3, 77)
    body = (tmp_path / f"{query.id}.tsv").read_text()
    assert body == "acc\tn\nSRR1\t1\nSRR2\t\nSRR3\t3\n" and done.size_bytes == len(body)
    ((sql, _),) = engine.started
    assert sql == f"UNLOAD (\n{SELECT}\n) TO 's3:/{tmp_path}/rows' WITH (format = 'PARQUET', compression = 'SNAPPY')"


def test_a_message_that_comes_again_starts_nothing_and_changes_nothing(store: QueryStore, tmp_path: Path) -> None:
    query = service.ask(store, ANA, SELECT, "jsonl")
    engine = FakeEngine(tmp_path, [RUNNING] * 40 + [DONE])
    with pytest.raises(answering.NotDone):
        _answered(store, engine, query, patience_s=1)
    assert service.look(store, ANA, query.id).state is QueryState.RUNNING
    done = _answered(store, engine, query)
    assert _answered(store, engine, query) == done
    assert len(engine.started) == 1


def test_a_failed_query_says_why(store: QueryStore, tmp_path: Path) -> None:
    query = service.ask(store, ANA, "SELECT x FROM run", "tsv")
    said = "COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved"
    done = _answered(store, FakeEngine(tmp_path, [Execution("FAILED", said, 5)]), query)
    assert done is not None and done.problem == {"rule": "lake.unknown_name", "detail": said}


def test_a_format_that_lacks_its_columns_fails_with_their_names(store: QueryStore, tmp_path: Path) -> None:
    query = service.ask(store, ANA, SELECT, "xml")
    done = _answered(store, FakeEngine(tmp_path, [DONE]), query)
    assert done is not None and done.problem is not None
    assert done.problem["rule"] == "lake.columns" and "'experiment'" in done.problem["detail"]
    assert not list(tmp_path.glob("*.xml"))


def test_a_query_is_seen_by_whoever_asked_it_and_by_nobody_else(store: QueryStore) -> None:
    query = service.ask(store, ANA, SELECT, "tsv")
    with pytest.raises(NotFound) as of_another:
        service.look(store, LI, query.id)
    with pytest.raises(NotFound) as of_none:
        service.look(store, LI, "qry_none")
    assert str(of_another.value).replace(query.id, "") == str(of_none.value).replace("qry_none", "")
    assert [q.id for q in store.page("ana", 10, None)[0]] == [query.id]
    assert store.page("li", 10, None) == ([], None)


def test_the_same_token_gives_the_same_query_to_the_same_person_only(store: QueryStore, world: World) -> None:
    first = service.ask(store, ANA, SELECT, "tsv", "token-one")
    assert service.ask(store, ANA, SELECT, "tsv", "token-one").id == first.id
    assert len([kind for kind, _ in world.told() if kind == "QueryAsked"]) == 1
    assert service.ask(store, LI, SELECT, "tsv", "token-one").id != first.id
    with pytest.raises(Conflict, match="Take a new one"):
        service.ask(store, ANA, SELECT, "csv", "token-one")


def test_a_query_whose_answer_is_forgotten_is_not_found(
    store: QueryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = service.ask(store, ANA, SELECT, "tsv")
    offset = tmp_path / "clock"
    offset.write_text(str(8 * 86_400))
    monkeypatch.setenv("BIOTHECA_CLOCK_FILE", str(offset))
    with pytest.raises(NotFound, match="7 days"):
        service.look(store, ANA, query.id)


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_no_row_is_an_answer_too(store: QueryStore, tmp_path: Path, name: str) -> None:
    """Athena writes no file then, so that not even the names of columns are known."""

    class Empty(FakeEngine):
        def start(self, sql: str, token: str) -> str:
            return "execution-1"

    done = _answered(store, Empty(tmp_path, [DONE]), service.ask(store, ANA, SELECT, name))
    assert done is not None and (done.state, done.rows) == (QueryState.SUCCEEDED, 0)
    assert done.notes == ["The query found no row."]
    assert (tmp_path / f"{done.id}{FORMATS[name].suffix}").exists()


def test_an_unknown_format_is_refused_with_all_names(store: QueryStore) -> None:
    with pytest.raises(Invalid) as refused:
        service.ask(store, ANA, SELECT, "xlsx")
    assert refused.value.findings[0].expected == ", ".join(FORMATS)
