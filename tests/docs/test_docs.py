"""The docs are true of the tree: imports, commands, events, errors, routes, words of make, links, people."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import grimp
import pytest

from biotheca import events
from local.people import PEOPLE
from tests import checks, checks_docs, checks_machines

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md")), *sorted((ROOT / "examples").rglob("*.md"))]
CAPABILITIES = {
    "access",
    "audit",
    "openness",
    "notices",
    "accounts",
    "submissions",
    "uploads",
    "qc",
    "consent",
    "curation",
    "deidentification",
    "delivery",
    "imaging",
    "accessions",
    "publication",
    "samples",
    "search",
    "sequences",
    "lake",
    "mirror",
    "taxonomy",
    "workbooks",
}


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_table_of_rooms_is_the_import_picture() -> None:
    graph = grimp.build_graph("biotheca", cache_dir=None)
    real: dict[str, set[str]] = {}
    for room in graph.find_children("biotheca"):
        inside = {room} | graph.find_descendants(room)
        seen = {m for module in inside for m in graph.find_modules_directly_imported_by(module)}
        real[room.split(".")[1]] = {m.split(".")[1] for m in seen if "." in m} - {room.split(".")[1]}
    text = read("docs/architecture.md").partition("### Who may import whom")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|$", text, re.MULTILINE)
    assert {room: set(re.findall(r"`(\w+)`", arrows)) for room, arrows in rows} == real


def test_every_capability_has_its_page_in_the_agreed_form() -> None:
    package = ROOT / "layers" / "core" / "python" / "biotheca"
    assert {folder.parent.name for folder in package.glob("*/service.py")} <= CAPABILITIES
    for name in CAPABILITIES:
        text = read(f"docs/{name}.md")
        for heading in ("## What it promises", "## Words", "## Rules", "## What breaks"):
            assert heading in text, f"docs/{name}.md has no {heading!r}"


def test_every_event_is_documented_with_its_body() -> None:
    text = read("docs/events.md").partition("## Bodies")[2]
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == set(events.ALL)


@pytest.mark.parametrize("block", sorted(checks_docs.BLOCKS))
def test_what_is_made_from_code_is_fresh(block: str) -> None:
    (page,) = [p for p in PAGES if f"<!-- generated: {block} -->" in p.read_text(encoding="utf-8")]
    assert checks_docs.BLOCKS[block]() in page.read_text(encoding="utf-8"), "run `python -m tests.checks --write`"


def test_every_word_of_make_is_in_the_readme() -> None:
    words = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    said = set(re.findall(r"`make ([a-z-]+)`", read("README.md")))
    assert words == said


def test_the_readme_knows_every_example_person() -> None:
    text = read("README.md")
    for person in PEOPLE:
        assert person.email in text and person.password in text


def test_every_folder_of_the_tree_has_its_sentence() -> None:
    listed = set(re.findall(r"^\| `([a-z]+)/` \|", read("README.md"), re.MULTILINE))
    asked = subprocess.run(["git", "-C", str(ROOT), "ls-files"], capture_output=True, text=True, check=True)
    tracked = {line.split("/")[0] for line in asked.stdout.splitlines() if "/" in line and not line.startswith(".")}
    assert listed == tracked


def test_every_decision_names_what_it_rejected() -> None:
    files = sorted((DOCS / "decisions").glob("*.md"))
    assert [int(f.name[:4]) for f in files] == list(range(1, len(files) + 1))
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert text.startswith(f"# {file.name[:4]} ") and "\n## Rejected\n" in text, file.name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        found = (page.parent / file).resolve() if file else page
        assert found.exists(), f"{page.name} leads to {target}, which is not there"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", found.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}, target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_and_commands_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    tops = "layers|functions|batch|statemachines|infra|local|client|examples|tests|docs|requirements"
    for name in re.findall(rf"`((?:{tops})/[\w./-]+)`", text):
        if "::" not in name:
            assert (ROOT / name).exists(), f"{page.name} names {name}"
    for module in re.findall(r"python -m ((?:local|tests|infra)(?:\.\w+)?)", text):
        stem = ROOT / module.replace(".", "/")
        assert stem.with_suffix(".py").exists() or (stem / "__main__.py").exists(), f"{page.name} names {module}"


def test_the_lint_of_state_machines_sees_what_is_wrong() -> None:
    def task(**fields: object) -> dict[str, object]:
        rule = {"ErrorEquals": ["States.ALL"], "Next": "End"}
        return {"Type": "Task", "Retry": [{"ErrorEquals": ["States.TaskFailed"]}], "Catch": [rule]} | fields

    good = {"StartAt": "One", "States": {"One": task(Next="End"), "End": {"Type": "Succeed"}}}
    assert list(checks_machines.of_machine(good)) == []
    broken = {
        "is a Task without Catch": task(Next="End", Catch=[]),
        "is a Task without Retry": task(Next="End", Retry=[]),
        "needs either Next or End": task(),
        "which does not exist": task(Next="Nowhere"),
        "uses JSONata or variables": task(Next="End", Assign={"a": 1}),
        "is no error of": task(Next="End", Retry=[{"ErrorEquals": ["NoSuchClass"]}]),
    }
    for words, state in broken.items():
        found = list(
            checks_machines.of_machine({"StartAt": "One", "States": {"One": state, "End": good["States"]["End"]}})
        )
        assert any(words in line for line in found), words
    lonely = {"StartAt": "End", "States": good["States"]}
    assert any("no state leads here" in line for line in checks_machines.of_machine(lonely))


def test_a_skip_without_a_reason_is_seen() -> None:
    import ast

    text = "@pytest.mark.skip\ndef test_a(): ...\n\n@pytest.mark.xfail(reason='r')\ndef test_b():\n    pytest.skip()\n"
    assert len(list(checks._without_reason(ast.parse(text)))) == 2


def test_all_checks_pass() -> None:
    assert {name: check() for name, check in checks.CHECKS.items()} == {name: [] for name in checks.CHECKS}
