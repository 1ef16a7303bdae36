"""What `make check` looks at beside style, types and imports: state machines, generated docs, foreign words, skips.

`python -m tests.checks` prints one line per check and ends with 1 if something is stale or wrong;
`--write` brings the generated parts of docs/ up to date first.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tests import checks_docs, checks_machines

ROOT = Path(__file__).resolve().parents[1]

# Written in two pieces, so that this file does not find itself.
FOREIGN = ("/work" + "/", "python" + "hosted", "registry." + "npmjs", "deb." + "debian.org")


def foreign_words() -> list[str]:
    """Lines of committed text that name a machine's path or a package registry's host."""
    pattern = [word for name in FOREIGN for word in ("-e", name)]
    asked = subprocess.run(
        ["git", "-C", str(ROOT), "grep", "-nIF", *pattern], capture_output=True, text=True, check=False
    )
    if asked.returncode > 1:
        return [f"git grep failed: {asked.stderr.strip()}"]
    return [f"names a machine's path or a registry's host: {line[:160]}" for line in asked.stdout.splitlines()]


def unexplained_skips() -> list[str]:
    """Tests that are skipped or expected to fail without a reason."""
    found = []
    for file in sorted((ROOT / "tests").rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        found += [f"{file.relative_to(ROOT)}:{line}: no reason is given" for line in _without_reason(tree)]
    return found


def _without_reason(tree: ast.Module) -> Iterator[int]:
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _is_skip(node.func):
            of_mark = isinstance(node.func, ast.Attribute) and ast.unparse(node.func).startswith("pytest.mark")
            given = {keyword.arg for keyword in node.keywords} & {"reason", "msg"}
            if not given and (of_mark or not node.args):
                yield node.lineno
        elif isinstance(node, ast.Attribute) and id(node) not in called and _is_skip(node):
            yield node.lineno  # a bare @pytest.mark.skip


def _is_skip(node: ast.expr) -> bool:
    names = ("skip", "skipif", "xfail")
    return ast.unparse(node) in {f"pytest.{name}" for name in names} | {f"pytest.mark.{name}" for name in names}


CHECKS: dict[str, Callable[[], list[str]]] = {
    "state machines": checks_machines.findings,
    "generated docs": checks_docs.findings,
    "foreign words": foreign_words,
    "skipped tests": unexplained_skips,
}


def main(words: list[str]) -> int:
    """Exit code: 0 if every check passes."""
    if "--write" in words:
        for file in checks_docs.write():
            print(f"wrote {file}")
    failed = False
    for name, check in CHECKS.items():
        found = check()
        failed |= bool(found)
        print(f"{name}: {f'{len(found)} finding(s)' if found else 'in order'}")
        for line in found:
            print(f"  {line}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
