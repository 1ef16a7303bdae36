"""A folder of 100,000 small DICOM files, packed and described as `biotheca submit --pack` does: time and memory."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

from bench.measure import child, table
from tests.unit.deidentification.making import as_bytes, ct

FILES, SERIES = 100_000, 200

OURS = """
import sys
from pathlib import Path
from biotheca_client.folders import Folder
folder = Folder(Path(sys.argv[1]))
folder.pack(Path(sys.argv[2]))
assert not folder.shape_flaws()
told = folder.metadata()
print(len(told["collection"]["files"]), folder.size_bytes())
"""


def made(source: Path, files: int = FILES) -> None:
    """`files` slices of 16 x 16 pixels in 200 folders; each has a number of its own in its pixels."""
    whole = as_bytes(ct())
    for number in range(files):
        place = source / f"series{number % SERIES:03}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number}.dcm").write_bytes(whole[:-8] + number.to_bytes(8, "little"))


def run(folder: Path) -> str:
    """The table: the first run, and a second one that finds all packed."""
    with tempfile.TemporaryDirectory(dir=folder) as work:
        source, into = Path(work) / "scans", Path(work) / "collection"
        into.mkdir()
        words = {"alias": "c", "title": "Slices", "description": "Of persons who do not exist."}
        document = {"member": "obia", "title": "Slices", "metadata": {"collection": words}}
        (into / "submission.json").write_text(json.dumps(document))
        made(source)
        rows = []
        for name in ("first run", "again"):
            one = child([sys.executable, "-c", OURS, str(into), str(source)])
            archives, size = map(int, one.said.split())
            rows.append([name, archives, f"{size / 2**20:,.0f}", f"{one.seconds:.1f}", f"{one.peak_mib:.0f}"])
        shutil.rmtree(source)
    title = f"{FILES:,} small DICOM files packed and described by one command"
    return table(title, ["", "archives", "MiB", "seconds", "peak MiB"], rows)
