"""Compile the kernel with the system's compiler: `python -m biotheca.formats.native.build`. Nothing else is needed.

Done again only when the sources, the compiler's words or the machine changed. Without a compiler nothing is built and
the Python engine is used; `--required` makes that a failure.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
MODULE = "_kernel.abi3.so"
FLAGS = ("-std=c11", "-O3", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-fvisibility=hidden")


def sources(folder: Path = FOLDER) -> list[Path]:
    """The C files."""
    return sorted(folder.glob("*.c"))


def compiler() -> str | None:
    """CC of the environment, else cc; None if there is none."""
    return shutil.which(os.environ.get("CC", "cc"))


def command(cc: str, target: Path, *flags: str, folder: Path = FOLDER) -> list[str]:
    """The compiler's words. `flags` come after the usual ones."""
    words = [cc, *FLAGS, *flags, f"-I{sysconfig.get_path('include')}", *map(str, sources(folder))]
    if sys.platform == "darwin":
        words += ["-undefined", "dynamic_lookup"]
    return [*words, "-o", str(target)]


def _stamp() -> str:
    """Changes whenever the module must be built anew."""
    digest = hashlib.sha256(repr((FLAGS, platform.machine(), sys.platform)).encode())
    for path in [*sources(), *sorted(FOLDER.glob("*.h"))]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def is_built() -> bool:
    """Whether a module stands there that was made from these sources for this machine."""
    stamp = FOLDER / "_kernel.stamp"
    return (FOLDER / MODULE).exists() and stamp.exists() and stamp.read_text() == _stamp()


def build() -> str | None:
    """Why it could not be built, in words; None if it is there."""
    if is_built():
        return None
    cc = compiler()
    if cc is None:
        return "no C compiler was found"
    with tempfile.TemporaryDirectory(dir=FOLDER, prefix=".build-") as folder:
        part = Path(folder) / MODULE
        told = subprocess.run(command(cc, part), capture_output=True, text=True, check=False)
        if told.returncode != 0:
            return f"{cc} could not compile it:\n{told.stderr}"
        part.replace(FOLDER / MODULE)  # a process that uses the old one keeps it
    (FOLDER / "_kernel.stamp").write_text(_stamp())
    return None


def main(words: list[str]) -> int:
    """0, unless the kernel is `--required` and could not be built."""
    if (lacking := build()) is None:
        return 0
    print(f"the FASTQ kernel is not built: {lacking}", file=sys.stderr)
    print("files are checked all the same, by the Python engine, a few times slower", file=sys.stderr)
    return 1 if "--required" in words else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
