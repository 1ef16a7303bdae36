"""An archive, a home of one's own, and the command line as people start it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from biotheca_client import Client, cli
from biotheca_client.config import Config
from tests.clients.archive_double import EMAIL, PASSWORD, Archive, running


@dataclass
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class CommandLine:
    """`biotheca` in a home of its own. Everything it ever printed is kept."""

    home: Path
    server: str
    printed: list[str] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "BIOTHECA_"))}
        return kept | {"XDG_CONFIG_HOME": str(self.home), "BIOTHECA_SERVER": self.server, "HOME": str(self.home)}

    def start(self, *words: str, **more: str) -> subprocess.Popen[str]:
        """The command as a process, to be killed or to be left."""
        command = [sys.executable, "-m", "biotheca_client.cli", *words]
        pipe = subprocess.PIPE
        return subprocess.Popen(
            command,
            env=self.environment | more,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            text=True,
            start_new_session=True,
        )

    def __call__(self, *words: str, stdin: str = "", **more: str) -> Ran:
        """The command in this process: the same `run` that the entry point calls, without the start of a Python."""
        out, err, old_in, old_environment = io.StringIO(), io.StringIO(), sys.stdin, dict(os.environ)
        sys.stdin = io.StringIO(stdin)
        os.environ.clear()
        os.environ.update(self.environment | more)
        try:
            with redirect_stdout(out), redirect_stderr(err):
                code = cli.run(list(words))
        finally:
            sys.stdin = old_in
            os.environ.clear()
            os.environ.update(old_environment)
        self.printed += [out.getvalue(), err.getvalue()]
        return Ran(code, out.getvalue(), err.getvalue())

    def login(self) -> None:
        """What `biotheca login` does, in this process because it is needed often."""
        Client(self.server, config=Config(self.home / "biotheca" / "client.json")).sign_in(EMAIL, PASSWORD)


@pytest.fixture
def archive() -> Iterator[Archive]:
    with running() as archive:
        yield archive
    assert archive.sins == []


@pytest.fixture
def biotheca(archive: Archive, tmp_path: Path) -> Iterator[CommandLine]:
    """Signed out. Whatever a test prints, no token and no signature may be in it."""
    line = CommandLine(tmp_path / "home", archive.url)
    yield line
    text = "\n".join(line.printed)
    assert "Traceback" not in text
    for secret in (*archive.tokens, PASSWORD, "X-Amz-Signature"):
        assert secret not in text


@pytest.fixture
def client(archive: Archive, tmp_path: Path) -> Client:
    """Signed in, and never pausing."""
    client = Client(archive.url, config=Config(tmp_path / "client.json"), stop=threading.Event())
    client.session.pause = lambda _: None
    client.sign_in(EMAIL, PASSWORD)
    return client


def write(folder: Path, **files: bytes) -> Path:
    """A folder of files; '__' in a name stands for '.'."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name.replace("__", ".")).write_bytes(data)
    return folder


def reads_folder(path: Path, *names_and_data: tuple[str, bytes], **document: Any) -> Path:
    """A submission folder, ready to submit."""
    path.mkdir(parents=True, exist_ok=True)
    files = [{"name": name} for name, _ in names_and_data]
    metadata = {"samples": [{"alias": "s1"}], "runs": [{"alias": "r1", "files": files}]}
    whole = {"member": "gsa", "title": "Rice under drought", "metadata": metadata} | document
    (path / "submission.json").write_text(json.dumps(whole))
    for name, data in names_and_data:
        (path / name).write_bytes(data)
    return path
