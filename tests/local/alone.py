"""A network of its own: the demo is played in it and saved, which two tests look at. Run as a program, this does so.

`python -m tests.local.alone STATE FOLDER` starts the demo, waits for its end, asks it to save, and ends it.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import requests

from tests.local.processes import ask, serving

# Loaded by every Python of the demo: loopback only. What was refused is written down and fails the test.
SITE = """
import socket
_connect, _connect_ex, _getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo
_own = ("127.", "::1", "localhost", "0.0.0.0")

def _refuse(where):
    with open({log!r}, "a") as file:
        file.write(str(where) + "\\n")
    raise OSError(101, f"Network is unreachable: {{where}}")

def _is_own(self, address):
    return self.family == socket.AF_UNIX or str(address[0]).startswith(_own)

def connect(self, address):
    return _connect(self, address) if _is_own(self, address) else _refuse(address)

def connect_ex(self, address):
    return _connect_ex(self, address) if _is_own(self, address) else _refuse(address)

def getaddrinfo(host, *rest, **more):
    name = host.decode() if isinstance(host, bytes) else host
    return _getaddrinfo(host, *rest, **more) if name is None or name.startswith(_own) else _refuse(host)

socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo = connect, connect_ex, getaddrinfo
"""


def words() -> list[str]:
    """A network of its own with only a loopback, where the machine lets us; it also binds what is not Python."""
    found = ["unshare", "--net", "--map-root-user", "sh", "-c", 'ip link set lo up && exec "$@"', "alone"]
    try:
        tried = subprocess.run([*found, "true"], capture_output=True, timeout=10)
    except OSError:
        return []
    return found if tried.returncode == 0 else []


def environment(folder: Path, refused: Path) -> dict[str, str]:
    """This environment, in which each Python reaches this machine only and writes down what else it tried."""
    folder.mkdir(parents=True)
    (folder / "sitecustomize.py").write_text(SITE.format(log=str(refused)))
    proxies = {name: "http://127.0.0.1:9" for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")}
    own = {"NO_PROXY": "localhost,127.0.0.1", "no_proxy": "localhost,127.0.0.1"}
    return os.environ | {"PYTHONPATH": str(folder)} | proxies | own


def play_and_save(state: Path, folder: Path) -> None:
    """The demo, from its synthesis on, and what it held after its journey in `folder`."""
    with serving(state, "demo") as first:
        for secret in ("operator.key", "aws-credentials"):
            assert stat.S_IMODE((state / secret).stat().st_mode) == 0o600
        stranger = requests.post(f"{first.who.front_url}/_local/save", json={"folder": str(folder), "key": "guess"})
        assert stranger.status_code == 403
        assert not folder.exists()
        told = ask(state, "save", str(folder))
        assert told.returncode == 0, told.stderr
        assert told.stdout.startswith(f"saved {folder}: ")
        again = ask(state, "load", str(folder))
        assert again.returncode == 1
        assert "holds data already" in again.stderr
        elsewhere = ask(state, "save", str(state))
        assert elsewhere.returncode == 1
        assert "holds something else" in elsewhere.stderr


if __name__ == "__main__":
    play_and_save(Path(sys.argv[1]), Path(sys.argv[2]))
