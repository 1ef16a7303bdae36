"""Where a deployed function's code lies on this disk: its zip and its layers, unpacked once per digest."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import threading
import uuid
import zipfile
from pathlib import Path
from typing import Any


class CodeStore:
    """Unpacked zips under `<state>/lambda/<digest>`, emptied at each start, so that old versions do not pile up."""

    def __init__(self, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        self._folder = folder
        self._lock = threading.Lock()

    def folder_of(self, zipped: bytes) -> Path:
        digest = hashlib.sha256(zipped).hexdigest()[:32]
        target = self._folder / digest
        with self._lock:
            if not target.exists():
                # Unpacked beside and renamed, so that a kill half way leaves nothing that looks whole.
                unfinished = self._folder / f".{digest}.{uuid.uuid4().hex[:8]}"
                with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
                    archive.extractall(unfinished)
                try:
                    unfinished.rename(target)
                except OSError:
                    shutil.rmtree(unfinished, ignore_errors=True)
        return target

    def python_path(self, function: Any) -> tuple[Path, list[Path]]:
        """The task root and the layers' `python/` folders of a moto LambdaFunction."""
        from moto.awslambda.utils import get_backend

        root = self.folder_of(function.code_bytes)
        backend = get_backend(function.account_id, function.region)
        layers = []
        for data in function.layers:
            version = backend.layers_versions_by_arn(data["Arn"])
            if version is None or not version.code_bytes:
                continue
            folder = self.folder_of(version.code_bytes) / "python"
            # A layer of third-party wheels is built for Lambda's processor; the project's
            # own environment holds the same packages for this machine.
            if folder.is_dir() and not any(folder.glob("*.dist-info")):
                layers.append(folder)
        return root, layers

    def joined(self, root: Path, layers: list[Path]) -> str:
        return os.pathsep.join(str(folder) for folder in [root, *layers])
