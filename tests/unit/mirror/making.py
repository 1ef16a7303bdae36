"""Small INSDC files for tests, made by the laptop's own small INSDC (local.insdc)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from local.insdc.made import made_world
from local.insdc.world import World

KINDS = ("STUDY", "SAMPLE", "EXPERIMENT", "RUN")


def world(studies: int = 3, runs_each: int = 4) -> World:
    return made_world(studies, runs_each)


def document(root: str, records: Iterable[bytes]) -> bytes:
    body = b"\n".join(records)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n<%b>\n%b\n</%b>\n' % (root.encode(), body, root.encode())


def package(made: World, experiment: str) -> bytes:
    """An EXPERIMENT_PACKAGE of one experiment of a world."""
    from biotheca.mirror.chunks import accession_in

    held = made.records
    of = made.status[experiment]
    runs = [r for a, r in held["RUN"].items() if made.status[a]["Experiment"] == experiment]
    files = (
        b'<SRAFiles><SRAFile filename="%b" size="10" md5="0f343b0931126a20f133d67c2b018a3b" semantic_name="run" '
        b'supertype="Primary ETL" cluster="public"><Alternatives url="s3://b/%b" org="AWS" free_egress="-"/></SRAFile>'
        b'<SRAFile filename="empty"/></SRAFiles></RUN>'
    )
    named = [(accession_in(run).encode(), run) for run in runs]
    body = b"".join(run.replace(b"</RUN>", files % (a, a)) for a, run in named)
    parts = held["EXPERIMENT"][experiment] + held["STUDY"][of["Study"]] + held["SAMPLE"][of["Sample"]]
    return b"<EXPERIMENT_PACKAGE>%b<RUN_SET>%b</RUN_SET></EXPERIMENT_PACKAGE>" % (parts, body)


def packages(made: World) -> list[bytes]:
    return [package(made, experiment) for experiment in made.records["EXPERIMENT"]]


def written(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
