"""CT slices of 512 x 512 x 16 bit de-identified and verified, one process, beside a plain copy and the peers at hand.

Peers run with their stock settings on the same files in the same run: dicom-anonymizer from the environment; dicognito
and deid there or in the Python that BIOTHECA_BENCH_PEERS names; CTP from the checkout that BIOTHECA_BENCH_CTP names;
dcmodify where it is installed.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench import deid_ctp
from bench.deid_tools import python_with
from bench.measure import Run, by_turns, child, ratio, table

FILES, ROUNDS = 400, 3
MEMORY = Path("/dev/shm")  # noqa: S108  a file system, not a file of ours
_EACH = """
import sys, pathlib, time
source, target = map(pathlib.Path, sys.argv[1:3])
target.mkdir(exist_ok=True)
files = sorted(source.iterdir())
"""
_ENGINE = """
from biotheca.deidentification.engine import Engine
from biotheca.deidentification.keys import CollectionKey
engine = Engine(CollectionKey(bytes(32)))
"""
OURS = {
    "ours": _ENGINE + "for f in files: (target / f.name).write_bytes(engine.deidentify(f.read_bytes()).data)",
    "ours, verified": _ENGINE
    + "from biotheca.deidentification.verify import verified\n"
    + "for f in files:\n    data = f.read_bytes(); out = engine.deidentify(data).data\n"
    + "    assert not verified(data, out); (target / f.name).write_bytes(out)",
    "plain copy": "import shutil\nfor f in files: shutil.copyfile(f, target / f.name)",
}
PEERS = {
    "dicom-anonymizer": (
        "dicomanonymizer",
        "from dicomanonymizer import anonymize_dicom_file\n"
        "for f in files: anonymize_dicom_file(str(f), str(target / f.name))",
    ),
    "dicognito": (
        "dicognito",
        "import pydicom\nfrom dicognito.anonymizer import Anonymizer\nmake = Anonymizer()\n"
        "for f in files:\n    d = pydicom.dcmread(f); make.anonymize(d); d.save_as(target / f.name)",
    ),
    "deid": (
        "deid",
        "from deid.dicom import replace_identifiers\n"
        "for f in files: replace_identifiers([str(f)], save=False, remove_private=True)[0].save_as(target / f.name)",
    ),
}


def run(folder: Path) -> str:
    """One table. Files lie in memory where the machine lets them: what a disk does is not what is asked."""
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 2**30:
        with tempfile.TemporaryDirectory(dir=MEMORY) as place:
            return _measured(Path(place), "in memory")
    return _measured(folder, "on disk")


def _measured(folder: Path, where: str) -> str:
    source = folder / "ct"
    if not source.exists() or len(list(source.iterdir())) != FILES:
        _make(source)
    contenders: dict[str, Callable[[], Run]] = {
        name: partial(_child, text, source, folder / "ct.out") for name, text in OURS.items()
    }
    for name, (module, text) in PEERS.items():
        if python := python_with(module):
            contenders[name] = partial(_child, text, source, folder / "ct.out", python)
    if tool := shutil.which("dcmodify"):
        edits = ["-nb", "-ep", "-gst", "-gse", "-gin", "-ma", "PatientName=X", "-ma", "PatientID=X"]
        text = (
            "import shutil, subprocess\nfor f in files: shutil.copyfile(f, target / f.name)\n"
            f"subprocess.run([*{[tool, *edits]!r}, *map(str, target.iterdir())], check=True, stderr=-3)"
        )
        contenders["dcmodify, 6 edits"] = partial(_child, text, source, folder / "ct.out")
    if command := deid_ctp.command(source, folder / "ct.out", folder / "ctp"):
        contenders["CTP, its default script"] = partial(_loop, command, folder / "ct.out")
    told = by_turns(contenders, ROUNDS)
    mine = told["ours"].cpu_s
    rows = []
    for name, one in told.items():
        figures = [FILES / one.cpu_s, 1000 * one.cpu_s / FILES, one.seconds, one.peak_mib]
        rows.append([name, *(f"{value:.{digits}f}" for value, digits in zip(figures, (0, 2, 2, 0), strict=True))])
        rows[-1].append(ratio(one.cpu_s, mine))
    heads = ["", "files per CPU-second", "CPU ms a file", "seconds", "peak MiB", "its CPU / ours"]
    title = f"{FILES} CT slices of 528 KB, 240 elements, 130 private, files {where} (medians of {ROUNDS})"
    return table(title, heads, rows)


def _loop(command: list[str], target: Path) -> Run:
    """CTP, whose loop says its own CPU seconds: threads that compile and collect are in them."""
    shutil.rmtree(target, ignore_errors=True)
    done = child(command)
    if (made := len(list(target.iterdir()))) != FILES:
        raise SystemExit(f"CTP made {made} of {FILES} files")
    return Run(done.seconds, float(done.said.split()[-1]), done.peak_mib, done.said)


def _child(program: str, source: Path, target: Path, python: str = sys.executable) -> Run:
    """One contender. CPU seconds are those after its first file, children included: imports and start are left out."""
    shutil.rmtree(target, ignore_errors=True)
    first, _, rest = program.rpartition("for f in files")
    text = (
        f"{_EACH}{first}_all = files\nfor files in (_all[:1], _all):\n    _begun = sum(__import__('os').times()[:4])\n"
    )
    text += "\n".join(f"    {line}" for line in ("for f in files" + rest).splitlines())
    text += "\nprint(sum(__import__('os').times()[:4]) - _begun)"
    done = child([python, "-W", "ignore", "-c", text, str(source), str(target)])
    return Run(done.seconds, float(done.said.split()[-1]), done.peak_mib, done.said)


def _make(folder: Path) -> None:
    """A series of one patient whose header repeats from slice to slice but for what counts up."""
    from tests.unit.deidentification.making import as_bytes, ct

    folder.mkdir(parents=True, exist_ok=True)
    dice = random.Random(7)  # noqa: S311  a bench's numbers need no secrecy
    for number in range(FILES):
        made = ct(number=number, size=512, SeriesDescription="CHEST 2.5MM STD", SliceLocation=str(2.5 * number))
        made.ImagePositionPatient, made.ImageOrientationPatient = [-180, -180, 2.5 * number], [1, 0, 0, 0, 1, 0]
        made.KVP, made.XRayTubeCurrent, made.ConvolutionKernel, made.BodyPartExamined = (
            "120",
            "250",
            "STANDARD",
            "CHEST",
        )
        for group in (0x0009, 0x0019, 0x0021, 0x0027, 0x0043):
            block = made.private_block(group, f"GEMS_{group:04X}_01", create=True)
            for element in range(26):
                block.add_new(element, "DS", f"{dice.random():.5f}" if element < 3 else f"{element}.5")
        made.file_meta.FileMetaInformationGroupLength = 0  # PS3.10 7.1 asks for it; pydicom writes the right one
        (folder / f"{number:04}.dcm").write_bytes(as_bytes(made))
