"""The parts of docs/ that are made from the code, between `<!-- generated: NAME -->` and `<!-- end -->`.

One function a block. `python -m tests.checks --write` writes them; `make check` compares.
"""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "layers" / "core" / "python" / "biotheca"
_BLOCK = re.compile(r"(<!-- generated: (?P<name>[\w-]+) -->\n)(?P<body>.*?)(<!-- end -->)", re.DOTALL)


def findings() -> list[str]:
    """Blocks that are stale, unknown, or in no document."""
    found, seen = [], set()
    for file in _documents():
        for match in _BLOCK.finditer(file.read_text(encoding="utf-8")):
            name = match["name"]
            seen.add(name)
            if name not in BLOCKS:
                found.append(f"{file.relative_to(ROOT)}: nothing makes the block {name!r}")
            elif match["body"] != BLOCKS[name]():
                found.append(f"{file.relative_to(ROOT)}: {name} is stale; run `python -m tests.checks --write`")
    return found + [f"no document holds the block {name!r}" for name in sorted(set(BLOCKS) - seen)]


def write() -> list[str]:
    """Bring every block up to date; returns the changed files."""
    changed = []
    for file in _documents():
        before = file.read_text(encoding="utf-8")
        after = _BLOCK.sub(_fresh, before)
        if after != before:
            file.write_text(after, encoding="utf-8")
            changed.append(str(file.relative_to(ROOT)))
    return changed


def _documents() -> list[Path]:
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def _fresh(match: re.Match[str]) -> str:
    body = BLOCKS[match["name"]]() if match["name"] in BLOCKS else match["body"]
    return f"{match[1]}{body}{match[4]}"


def table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table; bars inside cells are escaped."""
    head = list(columns)
    lines = [head, ["---"] * len(head), *rows]
    return "\n" + "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines) + "\n\n"


def _cell(text: str) -> str:
    return " ".join(str(text).replace("|", "\\|").split())


def routes() -> str:
    """Every route of the API, by capability."""
    import functions.api.app  # registers the routes
    from functions.api.seam import OPERATIONS

    assert functions.api.app.app
    ordered = sorted(OPERATIONS, key=lambda op: (op.tag, op.path, op.method))
    rows = [
        (
            op.tag,
            f"`{op.method} {op.path}`",
            op.summary,
            "yes" if op.signed_in else "no",
            " ".join(str(code) for code in dict.fromkeys((op.status, *op.errors))),
        )
        for op in ordered
    ]
    return table(("capability", "route", "what it does", "sign-in", "answers"), rows)


def errors() -> str:
    """Every error class of the package that a route may answer, with status and rule."""
    import functions.api.app
    from biotheca.errors import BiothecaError
    from functions.api.seam import STATUS

    assert functions.api.app.app
    for file in sorted(PACKAGE.rglob("*.py")):  # a class that nobody imported yet would be missed
        pieces = ("biotheca", *file.relative_to(PACKAGE).with_suffix("").parts)
        importlib.import_module(".".join(pieces).removesuffix(".__init__"))
    rows = []
    for kind in sorted(_below(BiothecaError) | {BiothecaError}, key=lambda k: (k.__module__, k.__name__)):
        status = next(code for base, code in STATUS if issubclass(kind, base))
        words = (kind.__doc__ or "").strip().split("\n")[0]
        rows.append((f"`{kind.__name__}`", f"`{kind.__module__}`", str(status), f"`{kind.rule}`", words))
    return table(("error", "where", "status", "rule", "what it means"), rows)


def faults() -> str:
    """Every other exception of the package but those of a file's container, which become findings."""
    classes: dict[str, tuple[str, str, set[str]]] = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        module = ".".join(("biotheca", *file.relative_to(PACKAGE).with_suffix("").parts))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                words = (ast.get_docstring(node) or "").split("\n")[0]
                classes[node.name] = (module, words, {ast.unparse(base).split(".")[-1] for base in node.bases})
    users = _derived(classes, {"BiothecaError"})
    of_data = _derived(classes, {"ContainerFault"})  # become findings of qc
    ours = _derived(classes, {"Exception", "RuntimeError"}) - users - of_data
    rows = [(f"`{name}`", f"`{classes[name][0]}`", classes[name][1]) for name in sorted(ours)]
    return table(("fault", "where", "what it means"), rows)


def _derived(classes: dict[str, tuple[str, str, set[str]]], roots: set[str]) -> set[str]:
    found = roots & set(classes)
    while True:
        more = {name for name, (_, _, bases) in classes.items() if bases & (found | roots)} - found
        if not more:
            return found
        found |= more


def _below(kind: type) -> set[type]:
    return {child for direct in kind.__subclasses__() for child in {direct} | _below(direct)}


def rules() -> str:
    """The rule catalogue."""
    from biotheca import catalog

    rows = [
        (f"`{name}`", row["severity"], row["message"]["en"], row["mend"]["en"], _example(row))
        for name, row in sorted(catalog.rules().items())
    ]
    return table(("rule", "severity", "what is wrong", "how to mend it", "example"), rows)


def _example(row: dict[str, object]) -> str:
    return f"`{row['example']}`" if row.get("example") else ""


def accession_forms() -> str:
    """The forms of public numbers that this archive issues."""
    from biotheca.accessions.model import forms

    rows = [(f"`{form.write(1)}`", form.title, f"`{form.kind}`", str(form.block)) for form in forms().values()]
    return table(("first number", "of what", "kind", "numbers per block"), rows)


def submission_states() -> str:
    """States of a submission and which may follow which."""
    from biotheca.submissions.model import TRANSITIONS, WORDS, State

    order = list(State)
    rows = [
        (f"`{s}`", WORDS[s], ", ".join(f"`{n}`" for n in sorted(TRANSITIONS[s], key=order.index)) or "the end")
        for s in order
    ]
    return table(("state", "in words", "may become"), rows)


def events() -> str:
    """Each event with its announcers and its listeners, read from the code."""
    from biotheca import events as ours

    constants = {name: value for name, value in vars(ours).items() if name.isupper() and isinstance(value, str)}
    said, heard = _announcers(constants), _listeners(constants)
    nobody = "nobody yet"
    rows = [(f"`{e}`", ", ".join(said[e]) or "not announced yet", ", ".join(heard[e]) or nobody) for e in ours.ALL]
    return table(("event", "announced by", "listeners"), rows)


def _announcers(constants: dict[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for file in sorted(f for f in PACKAGE.rglob("*.py") if f.parent != PACKAGE):
        for door in ast.parse(file.read_text(encoding="utf-8")).body:
            for node in ast.walk(door):
                if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "events" and node.attr in constants:
                    found[constants[node.attr]].append(f"`{file.parent.name}.{file.stem}.{getattr(door, 'name', '')}`")
    return found


def _listeners(constants: dict[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for file in sorted((ROOT / "infra" / "capabilities").glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "on_event":
                kinds = node.args[3].elts if isinstance(node.args[3], ast.Tuple) else [node.args[3]]
                for kind in kinds:
                    found[constants[ast.unparse(kind)]].append(_named(file, node.args[4]))
    return found


def _named(file: Path, target: ast.expr) -> str:
    """The handler that a target of `on_event` is; a queue's consumer stands in its call."""
    text = ast.unparse(target.args[3]) if isinstance(target, ast.Call) else ast.unparse(target)
    verb = re.search(rf"\b{text} = self\.add\(\s*['\"](\w+)", file.read_text(encoding="utf-8"))
    queue = " through a queue" if isinstance(target, ast.Call) else ""
    return f"`functions.{file.stem}.handler.{verb[1] if verb else text}`{queue}"


def client_commands() -> str:
    """`--help` of every command of the client."""
    return _help_of("biotheca_client.cli", "biotheca", "biotheca")


def admin_commands() -> str:
    """`--help` of every command of the operators' client."""
    return _help_of("biotheca_client.admin", "admin", "biotheca-admin")


def laptop_commands() -> str:
    """`--help` of every command of the laptop."""
    return _help_of("local.__main__", "main", "python -m local").replace(str(ROOT), "<checkout>")


def _help_of(module: str, group: str, program: str) -> str:
    """Asked in a process of its own: click remembers each command's help option from the first call of it."""
    code = f"from {module} import {group} as g; from tests.checks_docs import help_texts as h; print(h(g, {program!r}))"
    asked = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return asked.stdout[:-1]


def help_texts(group: click.Group, program: str) -> str:
    """`--help` of a group and of each of its commands, as blocks of a page."""
    # With the group's own settings, as a call has them.
    width = {"max_content_width": 100, "terminal_width": 100}
    context = click.Context(group, info_name=program, **{**group.context_settings, **width})
    pieces = [f"\n```text\n{group.get_help(context)}\n```\n"]
    pieces += _inner_texts(group, context, program, width)
    return "\n".join(pieces) + "\n"


def _inner_texts(group: click.Group, context: click.Context, program: str, width: dict[str, int]) -> list[str]:
    pieces = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        inner = click.Context(command, info_name=name, parent=context, **width)
        pieces.append(f"### {program} {name}\n\n```text\n{command.get_help(inner)}\n```\n")
        if isinstance(command, click.Group):
            pieces += _inner_texts(command, inner, f"{program} {name}", width)
    return pieces


def requirement_counts() -> str:
    """How many lines of the requirements are shown, begun, open."""
    text = (ROOT / "docs" / "requirements.md").read_text(encoding="utf-8")
    states = Counter(re.findall(r"^\| R\d+ \|.*\| (shown|begun|open) \|$", text, re.MULTILINE))
    return f"\nToday: {states['shown']} shown, {states['begun']} begun, {states['open']} open.\n"


def template_coverage() -> str:
    """What the original's sheets ask, and where the template asks it."""
    from biotheca import catalog
    from biotheca.workbooks import layout
    from tests.unit.workbooks.coverage import ASKED

    member = next(m for m in catalog.members().values() if m.has_files)

    def told(place: str) -> str:
        if place.startswith("sheet "):
            return f"sheet {layout.sheet_name(member.object_type(place.removeprefix('sheet ')))}, left out if they are"
        where, key = place.split(".")
        if where == "profile":
            return f"the account's {key}"
        if where == "General":
            return f"{layout.GENERAL['en']}: {layout.GENERAL_ROWS[key]['en']}"
        kind = member.object_type(where)
        column = {c.key: c for c in layout.columns(member, kind)}[key]
        return f"{layout.sheet_name(kind)}: {column.label['en']}"

    return table(("sheet", "asked", "must", "here"), [(s, a, m, told(place)) for s, a, m, place in ASKED])


def lake_views() -> str:
    """What analysts read, from biotheca.lake.views: each view, what a row is, its columns."""
    from biotheca.lake.views import views

    rows = [(f"`{v.database}.{v.name}`", v.says, ", ".join(v.columns)) for v in views()]
    return table(("view", "a row", "columns"), rows)


def lake_workgroups() -> str:
    """Who may read how much in one query, from infra.workgroups."""
    from biotheca.lake.views import DATABASE
    from infra.workgroups import GIB, WORKGROUPS

    rows = [(f"`{DATABASE}-{g.name}`", f"{g.most_bytes // GIB} GiB", g.says) for g in WORKGROUPS]
    return table(("workgroup", "a query reads at most", "for"), rows)


BLOCKS: dict[str, Callable[[], str]] = {
    "lake-views": lake_views,
    "lake-workgroups": lake_workgroups,
    "requirement-counts": requirement_counts,
    "template-coverage": template_coverage,
    "routes": routes,
    "errors": errors,
    "faults": faults,
    "rules": rules,
    "accession-forms": accession_forms,
    "submission-states": submission_states,
    "events": events,
    "client-commands": client_commands,
    "admin-commands": admin_commands,
    "laptop-commands": laptop_commands,
}
