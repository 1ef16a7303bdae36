"""`save` and `load`: what the running laptop holds, to a folder and back. What is kept and how: local.contents.

The laptop does the work itself, asked through its own pages. Whoever asks must read `operator.key` in the state
folder, which only the owner of the laptop can; beside it lie the AWS keys of this start, for the same eyes.
Not kept: accounts (the example people come back as themselves), and workflows that were waiting; a submission
under way stays where it was.
"""

from __future__ import annotations

import os
import secrets
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import requests

from local import contents
from local.lock import running
from local.pages import PageRequest, Refusal
from local.surroundings import ACCOUNT

if TYPE_CHECKING:
    from local.stack import Stack

KEY_FILE = "operator.key"
KEYS_FILE = "aws-credentials"
ABSENT = "No laptop cloud is running here. `make up` starts one."


class CannotKeep(RuntimeError):
    """Nothing was saved or loaded; the message says why."""


class Keeper:
    """The two pages of one running laptop."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._one_at_a_time = threading.Lock()
        self._key = secrets.token_urlsafe(32)
        _for_the_owner(stack.state_dir / KEY_FILE, self._key)
        keys = stack.credentials
        _for_the_owner(
            stack.state_dir / KEYS_FILE,
            f"[default]\naws_access_key_id = {keys.access_key}\naws_secret_access_key = {keys.secret_key}\n",
        )
        for name, work in (("save", self.save), ("load", self.load)):
            page = self._page(name, work)
            stack.front.pages.register(name, page, f'POST {{"folder": path, "key": what {KEY_FILE} says}}')

    def save(self, folder: Path) -> dict[str, Any]:
        """Everything to `folder`, which is new, empty or an earlier save. Raises CannotKeep."""
        if folder.exists() and not (folder / "manifest.json").is_file() and (folder.is_file() or any(folder.iterdir())):
            raise CannotKeep(f"{folder} holds something else; name a new folder or an earlier save.")
        with self._one_at_a_time:
            try:
                return _told(contents.save(self._stack.endpoint_url, folder, keys=self._keys()), folder)
            except contents.Damaged as fault:
                raise CannotKeep(str(fault)) from fault

    def load(self, folder: Path) -> dict[str, Any]:
        """A saved folder into a laptop that holds nothing yet; nobody hears of it. Raises CannotKeep."""
        with self._one_at_a_time:
            if held := self._held():
                raise CannotKeep(f"This laptop holds data already ({held}); load into a new one: `up --load {folder}`.")
            try:
                loaded = contents.load(
                    self._stack.endpoint_url,
                    folder,
                    keys=self._keys(),
                    quiet=self._stack.quiet(),
                    same_version=_same_version,
                )
                return _told(loaded, folder)
            except (contents.Damaged, contents.Homeless) as fault:
                raise CannotKeep(str(fault)) from fault

    def _keys(self) -> dict[str, str]:
        return {name: value for name, value in self._stack.client_options().items() if name != "endpoint_url"}

    def _held(self) -> str:
        """Which tables hold items; a new laptop has none."""
        dynamodb: Any = boto3.client("dynamodb", **self._stack.client_options())
        names = [name for page in dynamodb.get_paginator("list_tables").paginate() for name in page["TableNames"]]
        return ", ".join(name for name in names if dynamodb.scan(TableName=name, Limit=1)["Count"])

    def _page(self, name: str, work: Any) -> Any:
        def page(request: PageRequest) -> dict[str, Any]:
            if request.method != "POST":
                raise Refusal(405, f"To {name} is a POST.")
            if not secrets.compare_digest(str(request.fields.get("key", "")), self._key):
                raise Refusal(403, f"Only who can read {KEY_FILE} of the laptop's state folder may {name}.")
            folder = Path(str(request.fields.get("folder", "")))
            if not folder.is_absolute():
                raise Refusal(400, "Say the folder's whole path.")
            try:
                answer: dict[str, Any] = work(folder)
            except (CannotKeep, OSError) as fault:
                raise Refusal(409, str(fault)) from fault
            return answer

        return page


def _for_the_owner(path: Path, text: str) -> None:
    """A file that others cannot read, not even while it is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def _same_version(bucket: str, key: str, version: str) -> None:
    """A record of the archive names the version of its copy; in moto an object can be given its old one."""
    from moto.s3.models import s3_backends

    held = s3_backends[ACCOUNT]["aws"].buckets[bucket]
    if held.is_versioned:
        held.keys[key]._version_id = version


def _told(manifest: dict[str, Any], folder: Path) -> dict[str, Any]:
    return {"folder": str(folder), "saved_at": manifest["saved_at"], **manifest["counts"]}


def check(folder: Path) -> None:
    """Raises CannotKeep unless `folder` holds a whole save; asked before anything starts."""
    try:
        contents.check(folder)
    except contents.Damaged as fault:
        raise CannotKeep(str(fault)) from fault


def ask(state_dir: Path, what: str, folder: Path) -> dict[str, Any]:
    """Ask the running laptop to `save` or `load`. Raises CannotKeep."""
    who = running(state_dir)
    if who is None or not who.front_url:
        raise CannotKeep(ABSENT)
    try:
        key = (state_dir / KEY_FILE).read_text()
    except OSError as fault:
        raise CannotKeep(f"The running laptop keeps nothing for you: {fault}") from fault
    fields = {"folder": str(folder.absolute()), "key": key}
    answer = requests.post(f"{who.front_url}/_local/{what}", json=fields, timeout=(5, None))
    document: dict[str, Any] = answer.json()
    if answer.status_code >= 400:
        raise CannotKeep(document["message"])
    return document


def words(told: dict[str, Any]) -> str:
    """One line for people.

    >>> words({"folder": "/a", "saved_at": "2026-03-01T00:00:00Z", "objects": 2, "items": 30, "tables": 1})
    '/a: 2 objects, 30 items and 1 lake tables of 2026-03-01T00:00:00Z'
    """
    counts = f"{told['objects']:,} objects, {told['items']:,} items and {told['tables']} lake tables"
    return f"{told['folder']}: {counts} of {told['saved_at']}"
