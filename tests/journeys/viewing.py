"""An open viewer in a browser: dwv, installed from its registry by lock, on a page that asks the archive's DICOMweb."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route

FOLDER = Path(__file__).resolve().parent / "viewer"
SCRIPTS = {
    "konva.js": "konva/konva.min.js",
    "jszip.js": "jszip/dist/jszip.min.js",
    "wand.js": "magic-wand-tool/dist/magic-wand.min.js",
    "dwv.js": "dwv/dist/dwv.min.js",
}
PAGE = """<!doctype html><meta charset="utf-8"><title>A viewer</title><link rel="icon" href="data:,">
<div id="shown" style="width:256px;height:256px"></div>
{scripts}
<script>
const app = new dwv.App();
const options = new dwv.AppOptions({{'*': [new dwv.ViewConfig('shown')]}});
app.init(options);
window.faults = [];
app.addEventListener('error', (event) => window.faults.push(String(event.error && event.error.message)));
app.addEventListener('load', (event) => {{ window.loaded = event.dataid ?? event.dataId; }});
app.loadURLs({urls}, {{requestHeaders: [{{name: 'Accept', value: 'application/dicom'}}]}});
</script>"""
VALUES = """() => {
  const image = app.getImage(window.loaded);
  const [columns, rows, slices] = image.getGeometry().getSize().getValues();
  const values = [];
  for (let k = 0; k < slices; k++) for (let j = 0; j < rows; j++) for (let i = 0; i < columns; i++)
    values.push(image.getRescaledValue(i, j, k, 0));
  return {size: [columns, rows, slices], values};
}"""


def installed(folder: Path) -> Path:
    """The viewer's modules, as the lock has them."""
    npm = shutil.which("npm", path=str(Path(sys.executable).parent)) or shutil.which("npm")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(FOLDER / name, folder / name)
    command = [str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        pytest.fail(f"The viewer cannot be installed by `npm ci`: {done.stderr[-500:]}")
    return folder / "node_modules"


def shown(page: Page, root: str, modules: Path, urls: list[str]) -> dict[str, Any]:
    """What the viewer holds of the instances at these addresses: its size, and values as it shows them."""

    def answer(route: Route) -> None:
        name = route.request.url.rpartition("/")[2]
        if name in SCRIPTS:
            route.fulfill(body=(modules / SCRIPTS[name]).read_text(), content_type="text/javascript")
        else:
            scripts = "\n".join(f'<script src="/viewer/{script}"></script>' for script in SCRIPTS)
            route.fulfill(body=PAGE.format(scripts=scripts, urls=json.dumps(urls)), content_type="text/html")

    page.route("**/viewer/*", answer)
    page.goto(f"{root}/viewer/index.html")
    page.wait_for_function("window.loaded !== undefined || window.faults.length > 0")
    assert page.evaluate("window.faults") == []
    held: dict[str, Any] = page.evaluate(VALUES)
    return held
