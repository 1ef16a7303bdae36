"""Which archive, and its tokens: one JSON file that nobody else may read (0600) in the XDG config folder."""

from __future__ import annotations

import ipaddress
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from biotheca_client.errors import WrongUse

DEFAULT_SERVER = "http://localhost:8470"


def path() -> Path:
    """Where the tokens are kept."""
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "biotheca" / "client.json"


def tidy(server: str) -> str:
    """The server's URL without a trailing slash. Raises WrongUse if it is none.

    >>> tidy("https://Archive.example.org/")
    'https://archive.example.org'
    """
    parts = urlsplit(server.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
        raise WrongUse(f"{server!r} is no address of an archive.", "Write it like https://archive.example.org.")
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def is_private_line(server: str) -> bool:
    """Whether a password may travel there: TLS, or this very machine."""
    parts = urlsplit(server)
    host = parts.hostname or ""
    if parts.scheme == "https" or host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def write_json(target: Path, document: Any, mode: int = 0o600) -> None:
    """Replace a JSON file in one step; a reader sees the old or the new, and never more rights than `mode`."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")  # made with 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            json.dump(document, out, indent=1)
            out.flush()
            os.fsync(out.fileno())
        Path(name).chmod(mode)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


class Config:
    """The remembered servers. A damaged file counts as empty: signing in again mends it."""

    def __init__(self, file: Path | None = None) -> None:
        self.file = file or path()
        try:
            read = json.loads(self.file.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError, ValueError):
            read = {}
        whole = isinstance(read, dict) and isinstance(read.get("servers", {}), dict)
        self._document: dict[str, Any] = read if whole else {}

    def server(self, given: str | None = None) -> str:
        """The archive to talk to: as given, BIOTHECA_SERVER, the last one signed in to, or the laptop's."""
        return tidy(
            given or os.environ.get("BIOTHECA_SERVER") or str(self._document.get("server") or "") or DEFAULT_SERVER
        )

    def tokens(self, server: str) -> dict[str, Any]:
        """What is remembered of a server: email, token, refresh_token, expires_at (seconds since 1970); may be {}."""
        return dict(self._document.get("servers", {}).get(server, {}))

    def remember(self, server: str, answer: dict[str, Any], email: str) -> dict[str, Any]:
        """Keep the tokens of a sign-in or refresh; a refresh may leave the refresh token out."""
        kept = self.tokens(server) | {"email": email, "token": answer["token"]}
        kept["expires_at"] = time.time() + float(answer.get("expires_in_s", 3600))
        if answer.get("refresh_token"):
            kept["refresh_token"] = answer["refresh_token"]
        self._document.setdefault("servers", {})[server] = kept
        self._document["server"] = server
        self._save()
        return kept

    def forget(self, server: str) -> bool:
        """Drop a server's tokens; whether there were any."""
        had = self._document.get("servers", {}).pop(server, None) is not None
        if had:
            self._save()
        return had

    def _save(self) -> None:
        self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_json(self.file, self._document)
