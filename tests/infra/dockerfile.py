"""A Dockerfile's steps without a container engine: every path of the image lies under a folder of ours.

It knows the instructions that our files use and refuses others. `useradd` and `apt-get` are noted, not run.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

UV = str(Path(sys.executable).with_name("uv"))
UV_CACHE = os.environ.get("UV_CACHE_DIR", str(Path.home() / ".cache" / "uv"))
BASE = re.compile(r"python:3\.\d+-slim")


@dataclass
class Stage:
    """One FROM: its file system, where it stands in it, and its variables."""

    root: Path
    base: str
    workdir: str = "/"
    environment: dict[str, str] = field(default_factory=dict)
    user: str = "root"
    users: dict[str, str] = field(default_factory=dict)  # uid -> name
    command: list[str] = field(default_factory=list)
    packages: list[str] = field(default_factory=list)  # of the distribution

    def path(self, inside: str) -> Path:
        """The place of an image path on this machine."""
        return self.root / (Path(self.workdir) / inside).as_posix().lstrip("/")

    def variables(self) -> dict[str, str]:
        """What a process of this stage finds; nothing of ours leads back to the checkout."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV", "BIOTHECA"))}
        # What a step imports is compiled once, for the steps and runs after it.
        ours = {"HOME": str(self.root), "UV_CACHE_DIR": UV_CACHE, "PYTHONDONTWRITEBYTECODE": ""}
        return kept | self.environment | ours


def _by_uv(words: list[str]) -> list[str]:
    """pip's work done by uv, with the same words: the same requirements, hashes and wheels in a tenth of the time."""
    program = Path(words[0])
    if words[1:3] == ["-m", "venv"]:
        return [*words[:3], "--without-pip", *words[3:]]
    if program.name == "pip" and words[1] == "install":
        return [UV, "pip", "install", "--python", str(program.with_name("python")), *words[2:]]
    return words


def _linked(source: str, target: str) -> None:
    """A file of an image as a second name of it: no step writes into what another made."""
    Path(target).unlink(missing_ok=True)
    os.link(source, target)


class Built:
    """All stages of a Dockerfile, executed; the last one is the image."""

    def __init__(self, dockerfile: Path, context: Path, folder: Path) -> None:
        self.context, self.folder = context, folder
        self.stages: dict[str, Stage] = {}
        self.image: Stage | None = None
        text = re.sub(r"\\\n", " ", dockerfile.read_text())
        for line in text.splitlines():
            if line.strip() and not line.startswith("#"):
                instruction, _, rest = line.strip().partition(" ")
                getattr(self, f"_{instruction.lower()}")(rest.strip())

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a program in the finished image; the other stages' files are gone by now, as in a container."""
        assert self.image
        for stage in self.stages.values():
            if stage is not self.image:
                shutil.rmtree(stage.root, ignore_errors=True)
        return self._execute(self.image, list(words))

    def _execute(self, stage: Stage, words: list[str]) -> subprocess.CompletedProcess[str]:
        where = stage.path(".")
        where.mkdir(parents=True, exist_ok=True)
        variables = stage.variables()
        words = _by_uv([self._inside(stage, word) for word in words])
        words[0] = shutil.which(words[0], path=variables["PATH"]) or words[0]
        if words[0] != UV and (words[0] == "python" or not Path(words[0]).is_relative_to(self.folder)):
            assert Path(words[0]).name == "python", f"{words[0]} is not of the image"
            words[0] = str(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}")  # FROM python
        return subprocess.run(words, cwd=where, env=variables, capture_output=True, text=True, timeout=300)

    @staticmethod
    def _inside(stage: Stage, word: str) -> str:
        return str(stage.path(word)) if word.startswith("/") else word

    def _from(self, rest: str) -> None:
        base, _, name = rest.partition(" AS ")
        root = self.folder / (name or f"stage{len(self.stages)}")
        root.mkdir(parents=True)
        self.image = self.stages[name or root.name] = Stage(root, base)

    def _workdir(self, rest: str) -> None:
        assert self.image
        self.image.workdir = rest
        self.image.path(".").mkdir(parents=True, exist_ok=True)

    def _env(self, rest: str) -> None:
        assert self.image
        for setting in shlex.split(rest):
            name, _, value = setting.partition("=")
            if name == "PATH":
                own = [str(self.image.path(part)) for part in value.split(":") if part.startswith("/")]
                value = os.pathsep.join([*own, "/usr/bin", "/bin"])
            self.image.environment[name] = value

    def _user(self, rest: str) -> None:
        assert self.image
        self.image.user = rest

    def _cmd(self, rest: str) -> None:
        assert self.image
        self.image.command = json.loads(rest)

    def _copy(self, rest: str) -> None:
        assert self.image
        words = shlex.split(rest)
        source = self.context
        if words[0].startswith("--from="):
            source = self.stages[words.pop(0).removeprefix("--from=")].root
        *wanted, target = words
        for name in wanted:
            found, to = source / name.lstrip("/"), self.image.path(target)
            assert found.exists(), f"COPY {name}: the build context lacks it"
            if found.is_dir():
                shutil.copytree(found, to, symlinks=True, dirs_exist_ok=True, copy_function=_linked)
            else:
                into = to / found.name if target.endswith("/") or to.is_dir() else to
                into.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(found, into)

    def _run(self, rest: str) -> None:
        assert self.image
        words = shlex.split(rest)
        if words[0] == "useradd":
            self.image.users[words[words.index("--uid") + 1]] = words[-1]
            return
        if words[0] == "apt-get":  # the build stage's packages: this machine's own take their place
            self.image.packages += [word for word in words[2:] if not word.startswith("-")]
            return
        outcome = self._execute(self.image, words)
        assert outcome.returncode == 0, f"RUN {rest}\n{outcome.stdout[-2000:]}\n{outcome.stderr[-2000:]}"
