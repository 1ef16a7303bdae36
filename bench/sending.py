"""An archive on the laptop and a submitter's declared files, for the benches that send: transfer, resume, many."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from bench.laptop import up
from biotheca_client.client import Client
from biotheca_client.config import Config
from local.people import PEOPLE

BLOCK_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Archive:
    """A running laptop with one person signed in; `home` keeps the tokens for programs of theirs."""

    client: Client
    pid: int
    front_url: str
    endpoint_url: str
    home: Path

    def environment(self) -> dict[str, str]:
        """What the command line of this person needs."""
        return {"XDG_CONFIG_HOME": str(self.home), "BIOTHECA_SERVER": self.front_url}

    def received_bytes(self) -> int:
        """Bytes of parts that came over the wire so far, whole or broken off."""
        told = requests.get(f"{self.endpoint_url}/_gate/received", timeout=10)
        return int(told.json()["part_bytes"])


@contextmanager
def archive(folder: Path) -> Iterator[Archive]:
    """Start a laptop and sign its first person in."""
    home = folder / "home"
    with up(folder / "state") as (who, _):
        client = Client(who.front_url, config=Config(home / "biotheca" / "client.json"))
        client.sign_in(PEOPLE[0].email, PEOPLE[0].password)
        yield Archive(client, who.pid, who.front_url, who.endpoint_url, home)


def declared(client: Client, files: list[tuple[str, str]], title: str) -> dict[str, Any]:
    """A described draft with one run for each file, given as name and MD5."""
    text = Path(__file__).resolve().parents[1] / "examples" / "ecoli" / "submission.json"
    whole: dict[str, Any] = json.loads(text.read_text())["metadata"]
    paired = ("read_length_2", "nominal_size", "nominal_size_sd", "insert_size")
    (experiment, *_), (run, *_) = whole["experiments"], whole["runs"]
    single = {k: v for k, v in experiment.items() if k not in paired} | {"library_layout": "SINGLE"}
    whole["experiments"] = [single]
    whole["runs"] = [
        run
        | {"alias": f"r{n}", "title": f"{title} {n}", "experiment": single["alias"]}
        | {"files": [{"name": name, "md5": md5}]}
        for n, (name, md5) in enumerate(files)
    ]
    whole["samples"] = [s for s in whole["samples"] if s["alias"] == single["sample"]]
    made = client.session.call("POST", "/v1/submissions", {"member": "gsa", "title": title})
    done: dict[str, Any] = client.session.call("PUT", f"/v1/submissions/{made['id']}/metadata", whole)
    return done


def noise(path: Path, size_bytes: int, seed: int) -> str:
    """Bytes that nothing compresses; their MD5."""
    dice, digest, left = random.Random(seed), hashlib.md5(usedforsecurity=False), size_bytes  # noqa: S311
    with path.open("wb") as file:
        while left:
            block = dice.randbytes(min(BLOCK_BYTES, left))
            digest.update(block)
            file.write(block)
            left -= len(block)
    return digest.hexdigest()


def reads(path: Path, size_bytes: int, seed: int) -> tuple[str, int]:
    """A FASTQ in gzip of about that size, stored and not packed, that passes the checks; its MD5 and size."""
    dice, number = random.Random(seed), 0  # noqa: S311
    letters = bytes.maketrans(bytes(range(256)), b"ACGT" * 64)
    marks = bytes.maketrans(bytes(range(256)), bytes(35 + n % 38 for n in range(256)))
    with path.open("wb") as out, gzip.GzipFile(fileobj=out, mode="wb", compresslevel=0, mtime=0) as file:
        while out.tell() < size_bytes:
            bases, qualities = dice.randbytes(250).translate(letters), dice.randbytes(250).translate(marks)
            file.write(b"@SIM:1:FC:1:1:%d:%d 1:N:0:A\n%s\n+\n%s\n" % (number, number, bases, qualities))
            number += 1
    with path.open("rb") as written:
        return hashlib.file_digest(written, "md5").hexdigest(), path.stat().st_size
