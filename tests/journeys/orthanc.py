"""A DICOM server of another maker, for a test that asks both the same: Debian's Orthanc with its DICOMweb plug-in."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.journeys.browser import WAITING

PLUGIN = "libOrthancDicomWeb.so"
INSTALL = ["apt-get", "install", "-y", "-q", "-o", WAITING]
FOLDERS = ("/usr/lib/orthanc", "/usr/share/orthanc/plugins", "/usr/local/share/orthanc/plugins")


def installed() -> tuple[str, str]:
    """(program, plug-in); installed where we may, else a failure that says what to do."""
    if found := _found():
        return found
    if os.geteuid() == 0 and shutil.which("apt-get"):
        for command in (["apt-get", "update", "-q"], [*INSTALL, "orthanc", "orthanc-dicomweb"]):
            subprocess.run(command, check=False, timeout=600, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"})
        if found := _found():
            return found
    pytest.fail("These tests ask Orthanc and found none. Install it: apt-get install orthanc orthanc-dicomweb")


def _found() -> tuple[str, str] | None:
    program = shutil.which("Orthanc") or shutil.which("Orthanc", path="/usr/sbin:/usr/local/sbin")
    plugin = next((str(path) for folder in FOLDERS for path in Path(folder).glob(f"{PLUGIN}*")), None)
    return (program, plugin) if program and plugin else None


class Undecoded(requests.Session):
    """Sends wildcards as they are: this Orthanc does not decode %2A and %3F, which clients write for * and ?."""

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Send a request; its address with the two signs as they were meant."""
        request.url = (request.url or "").replace("%2A", "*").replace("%3F", "?")
        return super().send(request, **options)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Its address while it runs on the loopback, its data in a folder."""
    program, plugin = installed()
    port = _free_port()
    settings = {
        "Name": "Beside",
        "StorageDirectory": str(folder / "held"),
        "IndexDirectory": str(folder / "held"),
        "HttpPort": port,
        "DicomServerEnabled": False,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "Plugins": [plugin],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/", "StudiesMetadata": "Full", "SeriesMetadata": "Full"},
    }
    told = folder / "orthanc.json"
    told.write_text(json.dumps(settings))
    log = folder / "orthanc.log"
    with log.open("wb") as out:
        served = subprocess.Popen([program, str(told)], stdout=out, stderr=out)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(150):
            try:
                requests.get(f"{address}/system", timeout=2).raise_for_status()
                break
            except requests.RequestException:
                assert served.poll() is None, log.read_text(errors="replace")[-2000:]
                time.sleep(0.2)
        else:
            pytest.fail(f"Orthanc does not answer: {log.read_text(errors='replace')[-2000:]}")
        yield address
    finally:
        served.terminate()
        served.wait(20)
