"""Rules of local/ itself: no name of ours is written there, Node is found or missed in words, no network is needed."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.laptop import PROJECT
from local.stack import STATE_DIR
from local.synthesis import assembly as synthesised

CATALOG = PROJECT / "layers/core/python/biotheca/catalog"
CDK_HASH = re.compile(r"[0-9A-F]{8}$")
# A logical id or name that is also an ordinary word, and whose word it is where it stands.
ORDINARY = {
    "Database": "a field of Glue's and Athena's own APIs",
    "UserPoolId": "the one output that the example people are put by; also a field of Cognito's API",
}
# (file, literal): said there with another meaning.
ALLOWED = {
    ("demo.py", "biotheca"): "the command line's program",
    ("demo_people.py", "biotheca"): "the command line's folder of settings",
    ("demo_people.py", "committee"): "a word of the API's answers",
    ("queue_source.py", "Records"): "a field of every event that Lambda gets",
    ("stream_source.py", "Records"): "a field of every event that Lambda gets",
    ("people.py", "submitter"): "roles of the example people",
    ("people.py", "curator"): "roles of the example people",
    ("people.py", "administrator"): "roles of the example people",
    ("people.py", "data_manager"): "roles of the example people",
    **{
        ("demo_mirror.py", view): "views and tables that analysts know by these names"
        for view in ("biotheca.run", "biotheca.study", "biotheca.change_log", "sra.metadata")
    },
    **{("insdc/world.py", word): "folders of NCBI's own server" for word in ("sra", "bioproject", "biosample")},
}


class Names:
    """What the synthesised templates and the catalog call things. `anywhere` may stand in no line, `literals` as no
    whole text of a program."""

    def __init__(self, assembly: Path) -> None:
        self.anywhere: set[str] = set()
        self.literals: set[str] = set()
        self.patterns: list[str] = []
        for path in sorted(assembly.glob("*.template.json")):
            self.anywhere.add(path.name.removesuffix(".template.json"))
            template = json.loads(path.read_text())
            for logical, resource in template["Resources"].items():
                self._id(logical)
                self._names(resource["Type"], resource.get("Properties", {}))
            for output in template.get("Outputs", {}):
                self._id(output)
        self._catalog()
        self.anywhere -= set(ORDINARY)
        self.literals -= set(ORDINARY)

    def _id(self, logical: str) -> None:
        self.anywhere.add(logical)
        plain = CDK_HASH.sub("", logical)
        if len(re.findall(r"[A-Z][a-z]+", plain)) > 1:
            self.anywhere.add(plain)
        else:
            self.literals.add(plain)

    def _names(self, kind: str, properties: dict[str, Any]) -> None:
        if kind == "AWS::Glue::Table":
            self.patterns.append(rf"\b{properties['DatabaseName']}\.{properties['TableInput']['Name']}\b")
        if kind == "AWS::Lambda::Function":
            self.anywhere.add(properties["Handler"].rpartition(".")[0])
        for name, value in properties.items():
            if name.endswith("Name") and name not in ("MetricName", "ServiceName") and isinstance(value, str):
                (self.anywhere if re.search(r"[-_]|[a-z][A-Z]", value) else self.literals).add(value)
        self.literals.discard("api")  # moto's and our own word for a RestApi

    def _catalog(self) -> None:
        members = yaml.safe_load((CATALOG / "members.yaml").read_text())["members"]
        self.literals |= {member["id"] for member in members}
        for form in yaml.safe_load((CATALOG / "accessions.yaml").read_text())["own"]:
            self.literals.add(form["prefix"])
            self.patterns.append(rf"\b{form['prefix']}[A-Z]?\d{{3,}}\b")

    def found_in(self, file: str, text: str) -> list[str]:
        """Every place of a name of ours, as file:line: name."""
        words = "|".join(sorted((re.escape(name) for name in self.anywhere), key=len, reverse=True))
        said = re.compile("|".join([rf"(?<![\w-])(?:{words})(?![\w-])", *self.patterns]))
        found = []
        for hit in said.finditer(text):
            if (file, hit[0]) not in ALLOWED:
                found.append(f"{file}:{text.count(chr(10), 0, hit.start()) + 1}: {hit[0]}")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Constant) and node.value in self.literals and (file, node.value) not in ALLOWED:
                found.append(f"{file}:{node.lineno}: {node.value}")
        return found


@pytest.fixture(scope="module")
def names() -> Names:
    return Names(synthesised(STATE_DIR))


def test_the_laptop_knows_no_name_of_the_templates(names: Names) -> None:
    assert len(names.anywhere) > 300
    assert {"Biotheca-Data", "OpenArchive", "functions.qc.handler", "biotheca-analysts"} <= names.anywhere
    assert {"gsa", "CRA", "Records"} <= names.literals
    root = PROJECT / "local"
    files = sorted(root.rglob("*.py"))
    assert {"athena", "gate", "hooks"} <= {path.parent.name for path in files}
    found = [hit for path in files for hit in names.found_in(path.relative_to(root).as_posix(), path.read_text())]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "line",
    [
        'stack = "Biotheca-Data"',
        "# waits for the OpenArchive bucket",
        'sql = "SELECT acc FROM biotheca.run"',
        'table = "Records"',
        'member = "gsa"',
        'example = f"{base}/CRA000001"',
        'target = "functions.qc.handler.judge"',
    ],
)
def test_the_rule_sees_a_name_when_one_is_written(names: Names, line: str) -> None:
    assert names.found_in("anything.py", line)


def synthesis(state: Path, path: str, executable: str = sys.executable) -> subprocess.CompletedProcess[str]:
    """The assembly as `up` asks for it, in a child that finds programs only on this PATH."""
    code = (
        "import sys; from pathlib import Path; from local.synthesis import assembly; print(assembly(Path(sys.argv[1])))"
    )
    environment = {"PATH": path, "HOME": str(state), "PYTHONPATH": str(PROJECT)}
    return subprocess.run(
        [executable, "-c", code, str(state)],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_environment_s_own_node_is_enough(tmp_path: Path) -> None:
    nothing = tmp_path / "bin"
    nothing.mkdir()
    made = synthesis(tmp_path / "state", str(nothing))
    assert made.returncode == 0, made.stderr
    assert (Path(made.stdout.strip()) / "manifest.json").is_file()


def test_a_start_without_any_node_says_so_in_one_sentence(tmp_path: Path) -> None:
    """A Python of the same packages whose folder holds no node, as after an installation that left it out."""
    bin_ = tmp_path / "venv" / "bin"
    bin_.mkdir(parents=True)
    (bin_ / "python").symlink_to(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}")
    packages = [place for place in sys.path if place.endswith("site-packages")]
    own = [str(PROJECT), str(PROJECT / "layers/core/python"), str(PROJECT / "client")]
    environment = {"PATH": str(bin_), "HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join([*own, *packages])}
    words = ["--state", str(tmp_path / "state"), "up", "--port", "0", "--front-port", "0"]
    ended = subprocess.run(
        [str(bin_ / "python"), "-m", "local", *words],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1, ended.stderr
    assert ended.stderr.startswith("Node.js was not found")
    assert "`make setup` installs it" in ended.stderr
    assert not list((tmp_path / "state").glob("assembly/*"))
