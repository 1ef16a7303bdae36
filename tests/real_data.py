"""Real public reads that are not part of the project: a folder beside the repository, if somebody put one there.

Tests over it read what is there, say how many files that was, and pass over none if it is absent.
"""

from __future__ import annotations

import subprocess
from pathlib import Path


def _repository() -> Path:
    """The main checkout, also from a worktree of it."""
    here = Path(__file__).resolve().parents[1]
    asked = subprocess.run(
        ["git", "-C", str(here), "rev-parse", "--path-format=absolute", "--git-common-dir"],
        capture_output=True,
        text=True,
        check=False,
    )
    return Path(asked.stdout.strip()).parent if asked.returncode == 0 else here


def folder_of(*names: str) -> Path | None:
    """A folder of `../shared/data`, or None if it is absent."""
    folder = (_repository().parent / "shared" / "data").joinpath(*names)
    return folder if folder.is_dir() else None


def real_files(*endings: str) -> list[Path]:
    """Files of `../shared/data/fastq` whose names end so; prints how many."""
    folder = _repository().parent / "shared" / "data" / "fastq"
    files = sorted(f for f in folder.rglob("*") if f.name.endswith(endings)) if folder.is_dir() else []
    print(f"real data: {len(files)} files read" if files else "real data: the folder is absent, 0 files read")
    return files


def files_below(*names: str) -> list[Path]:
    """Every file below a folder of `../shared/data`, in order; none if it is absent."""
    folder = folder_of(*names)
    return sorted(path for path in folder.rglob("*") if path.is_file()) if folder else []
