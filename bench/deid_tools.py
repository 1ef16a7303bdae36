"""Tools that de-identify, each as a process of its own over one folder: ours, and the peers at hand.

Peers run with their stock settings. Those that this environment lacks are looked for in the Python that
BIOTHECA_BENCH_PEERS names; CTP in the checkout that BIOTHECA_BENCH_CTP names.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench import deid_ctp

_LOOP = """
import sys, pathlib, warnings
warnings.simplefilter("ignore")
source, target = map(pathlib.Path, sys.argv[1:3])
files = sorted(source.iterdir())
"""
_EACH = """
for f in files:
    try: one(f, target / f.name)
    except Exception as fault: print(f.name, fault, file=sys.stderr)
"""
OURS = """
from biotheca.deidentification.engine import Engine
from biotheca.deidentification.keys import CollectionKey
from biotheca.deidentification.verify import verified
engine = Engine(CollectionKey(bytes(range(32))))
def one(f, to):
    data = f.read_bytes(); out = engine.deidentify(data).data
    for failure in verified(data, out): raise ValueError(failure.words)
    to.write_bytes(out)
"""
PEERS = {
    "no processing": ("pydicom", "import shutil\none = shutil.copyfile\n"),
    "dicom-anonymizer": (
        "dicomanonymizer",
        "from dicomanonymizer import anonymize_dicom_file\ndef one(f, to): anonymize_dicom_file(str(f), str(to))\n",
    ),
    "dicognito": (
        "dicognito",
        "import pydicom\nfrom dicognito.anonymizer import Anonymizer\nmake = Anonymizer()\n"
        "def one(f, to):\n    d = pydicom.dcmread(f); make.anonymize(d); d.save_as(to)\n",
    ),
    "deid": (
        "deid",
        "from deid.dicom import replace_identifiers\n"
        "def one(f, to):\n    replace_identifiers([str(f)], save=False, remove_private=True)[0].save_as(to)\n",
    ),
}
DCMODIFY = ["-nb", "-ep", "-gst", "-gse", "-gin", "-ie"] + [
    part
    for keyword in ("PatientName", "PatientID", "AccessionNumber", "ReferringPhysicianName", "InstitutionName")
    for part in ("-ma", f"{keyword}=X")
]


def outputs(source: Path, place: Path) -> Iterator[tuple[str, Path]]:
    """(tool, folder with what it made of the files), one after another; a file that it breaks on is not there."""
    tools = {"ours, verified": (sys.executable, OURS)}
    for name, (module, text) in PEERS.items():
        if python := python_with(module):
            tools[name] = (python, text)
    for name, (python, text) in tools.items():
        target = _empty(place / "out")
        command = [python, "-W", "ignore", "-c", _LOOP + text + _EACH, str(source), str(target)]
        subprocess.run(command, check=True, capture_output=True)
        yield name, target
    if ctp := deid_ctp.command(source, target := place / "out", place / "ctp"):
        _empty(target)
        subprocess.run(ctp, check=True, capture_output=True)
        yield "CTP, its default script", target
    if tool := shutil.which("dcmodify"):
        target = _empty(place / "out")
        for path in sorted(source.iterdir()):
            copy = shutil.copyfile(path, target / path.name)
            subprocess.run([tool, *DCMODIFY, str(copy)], check=False, capture_output=True)
        yield "dcmodify, 11 edits", target


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def python_with(module: str) -> str | None:
    for python in (sys.executable, os.environ.get("BIOTHECA_BENCH_PEERS", "")):
        if (
            python
            and subprocess.run([python, "-c", f"import {module}"], capture_output=True, check=False).returncode == 0
        ):
            return python
    return None
