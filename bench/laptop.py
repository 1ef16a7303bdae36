"""The laptop cloud: starts, the journey, and what a request costs on the way front, authorizer, worker of its own.

The peer is Chalice's own way to run an API locally: its test client calls the handler in the same process, with no
HTTP, no gateway, no authorizer and no worker. Both talk to the same emulated tables.
"""

from __future__ import annotations

import configparser
import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import boto3
import requests

from bench.measure import child, ratio, table, tree_cpu_s, tree_peak_mib
from local.lock import Running, running
from local.people import PEOPLE

COLD, WARM, JOURNEYS, ROUNDS, CALLS = 2, 3, 2, 3, 200
ROUTES = {"health": "/v1/health", "search": "/v1/search?q=nothing", "members": "/v1/members"}


@contextmanager
def up(state: Path) -> Iterator[tuple[Running, float]]:
    """A laptop in a process, and the seconds until its first answered request."""
    started = time.monotonic()
    command = [sys.executable, "-m", "local", "--state", str(state), "up", "--port", "0", "--front-port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        while not ((who := running(state)) and who.front_url):
            if process.poll() is not None:
                raise RuntimeError("the laptop did not start")
            time.sleep(0.02)
        requests.get(who.front_url + ROUTES["health"], timeout=60).raise_for_status()
        yield who, time.monotonic() - started
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)


def starts(folder: Path) -> str:
    """Cold (no assembly kept) and warm starts, and the demo's journey."""
    state, cold, warm = folder / "state", [], []
    for _ in range(COLD):
        shutil.rmtree(state, ignore_errors=True)
        with up(state) as (_, seconds):
            cold.append(seconds)
    for _ in range(WARM):
        with up(state) as (_, seconds):
            warm.append(seconds)
    words = ["-m", "local", "--state", str(state), "demo", "--exit", "--port", "0", "--front-port", "0"]
    demos = [child([sys.executable, *words]) for _ in range(JOURNEYS)]
    journeys = [float(re.findall(r"equal digests in ([\d.]+) s", demo.said)[0]) for demo in demos]
    rows = [
        ["cold start to first answer, s", f"{median(cold):.1f}", "30", f"{median(cold) / 30:.2f}"],
        ["warm start to first answer, s", f"{median(warm):.1f}", "30", f"{median(warm) / 30:.2f}"],
        ["the demo's journey, s", f"{median(journeys):.1f}", "45", f"{median(journeys) / 45:.2f}"],
    ]
    return table("Starts and the journey, against what was promised", ["", "ours", "promise", "part used"], rows)


def calls(folder: Path) -> str:
    """Milliseconds and CPU milliseconds per request, ours and the peer's, by turns."""
    state = folder / "state"
    ours: dict[str, list[tuple[float, float]]] = {}
    theirs: dict[str, list[tuple[float, float]]] = {}
    with up(state) as (who, _):
        session = requests.Session()
        person = {"email": PEOPLE[0].email, "password": PEOPLE[0].password}
        token = session.post(f"{who.front_url}/v1/sign-in", json=person, timeout=60).json()["token"]
        routes = {**ROUTES, "me (signed in)": "/v1/me"}
        for _ in range(ROUNDS):
            for name, path in routes.items():
                headers = {"Authorization": f"Bearer {token}"} if name.startswith("me") else {}
                session.get(who.front_url + path, headers=headers, timeout=60).raise_for_status()
                cpu, started = tree_cpu_s(who.pid), time.monotonic()
                for _ in range(CALLS):
                    session.get(who.front_url + path, headers=headers, timeout=60)
                seconds = time.monotonic() - started
                ours.setdefault(name, []).append((seconds / CALLS * 1e3, (tree_cpu_s(who.pid) - cpu) / CALLS * 1e3))
            peer = child([sys.executable, "-m", "bench.laptop"], _function_environment(state, who))
            for name, took in json.loads(peer.said).items():
                theirs.setdefault(name, []).append(took)
        peak = tree_peak_mib(who.pid)
    rows = []
    for name, path in routes.items():
        ms, cpu_ms = (median(one[i] for one in ours[name]) for i in (0, 1))
        row = [f"{name} `{path}`", f"{1e3 / ms:.0f}", f"{ms:.1f}", f"{cpu_ms:.1f}"]
        if name in theirs:
            peer_ms, peer_cpu = (median(one[i] for one in theirs[name]) for i in (0, 1))
            row += [f"{peer_ms:.1f}", f"{peer_cpu:.1f}", ratio(ms, peer_ms)]
        else:
            row += ["-", "-", "-"]  # the test client has no gateway, so nobody is signed in there
        rows.append(row)
    heads = ["", "requests/s", "ours, ms", "ours, CPU ms", "chalice.test, ms", "its CPU ms", "ours / its"]
    title = f"One request after the other (the laptop's processes together peaked at {peak:.0f} MiB)"
    return table(title, heads, rows)


def _function_environment(state: Path, who: Running) -> dict[str, str]:
    """What the API's function is given, for the peer that runs the same code."""
    keys = configparser.ConfigParser()
    keys.read(state / "aws-credentials")
    given = dict(keys["default"]) | {"region_name": "us-east-1"}
    make: Any = boto3.client  # its stubs know no keyword arguments from a mapping
    aws = make("lambda", endpoint_url=who.endpoint_url, **given)
    pages = aws.get_paginator("list_functions").paginate()
    found = [f for page in pages for f in page["Functions"] if f["Handler"] == "functions.api.app.handler"]
    names = {"AWS_ACCESS_KEY_ID": given["aws_access_key_id"], "AWS_SECRET_ACCESS_KEY": given["aws_secret_access_key"]}
    names |= {"AWS_ENDPOINT_URL": who.endpoint_url, "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
    return {**found[0]["Environment"]["Variables"], **names, "POWERTOOLS_LOG_LEVEL": "ERROR"}


def run(folder: Path) -> str:
    """Both tables."""
    return f"{starts(folder)}\n\n{calls(folder)}"


def _peer() -> dict[str, tuple[float, float]]:
    from chalice.test import Client

    from functions.api.app import app

    took = {}
    with Client(app) as client:
        for name, path in ROUTES.items():
            answer = client.http.get(path)
            assert answer.status_code == 200, answer.body
            cpu, started = time.process_time(), time.monotonic()
            for _ in range(CALLS):
                client.http.get(path)
            ms = (time.monotonic() - started) / CALLS * 1e3
            took[name] = (ms, (time.process_time() - cpu) / CALLS * 1e3)
    return took


if __name__ == "__main__":
    # The handler logs to standard output; only the last line is ours.
    from contextlib import redirect_stdout
    from os import devnull

    with Path(devnull).open("w") as nowhere, redirect_stdout(nowhere):
        told = _peer()
    print(json.dumps(told))
