"""What `biotheca qc --multiqc` writes, read by the real MultiQC."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import CommandLine
from tests.unit.qc.reference_statistics import statistics
from tests.unit.qc.reports import fastq, some_reads

MULTIQC = "multiqc==1.35"
SAMPLES = {"leaf_R1": some_reads(150, 50, 1), "leaf_R2": some_reads(150, 50, 2), "root": some_reads(90, 40, 3)}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of MultiQC's report over three samples, two of them mates in one check."""
    place = tmp_path_factory.mktemp("multiqc")
    for name, reads in SAMPLES.items():
        (place / f"{name}.fastq").write_bytes(fastq(reads))
    alone = CommandLine(place / "home", "http://127.0.0.1:9")
    for names in (["leaf_R1", "leaf_R2"], ["root"]):
        paths = [str(place / f"{name}.fastq") for name in names]
        assert alone("qc", *paths, "--multiqc", str(place / "in")).code in (0, 1)
    # uv keeps what it fetched: the second run of the suite needs no network.
    command = [str(Path(sys.executable).parent / "uvx"), "--quiet", "--from", MULTIQC, "multiqc", str(place / "in")]
    command += ["--outdir", str(place / "out"), "--quiet", "--no-ansi", "--no-version-check", "--strict"]
    done = subprocess.run(command, env=os.environ, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (place / "out" / "multiqc_report.html").stat().st_size > 100_000
    return place / "out" / "multiqc_data"


def test_every_sample_has_its_line_of_general_statistics(told: Path) -> None:
    with (told / "multiqc_general_stats.txt").open() as table:
        rows = {row.pop("Sample"): row for row in csv.DictReader(table, delimiter="\t")}
    assert set(rows) == set(SAMPLES)
    for name, reads in SAMPLES.items():
        counted = statistics(reads)
        shown = {key.rpartition("-")[2]: float(value) for key, value in rows[name].items() if value}
        assert (shown["reads"], shown["bases"]) == (counted["reads"], counted["bases"])
        assert shown["gc"] == pytest.approx(100 * counted["gc_share"])
        assert shown["q30"] == pytest.approx(100 * counted["q30_share"])


def test_every_plot_has_a_line_a_sample_with_our_numbers(told: Path) -> None:
    plots: dict[str, Any] = json.loads((told / "multiqc_data.json").read_text())["report_plot_data"]
    ours = {name.removeprefix("biotheca_").removesuffix("_plot") for name in plots if name.startswith("biotheca")}
    assert ours == {"quality", "read_quality", "gc", "n", "length", "adapters"}
    for plot in ours:
        lines = {line["name"]: line["pairs"] for line in plots[f"biotheca_{plot}_plot"]["datasets"][0]["lines"]}
        assert set(lines) == set(SAMPLES), plot
        if plot == "quality":
            for name, reads in SAMPLES.items():
                expected = statistics(reads)["cycles"]["mean"]
                assert [y for _, y in lines[name]] == pytest.approx(expected, abs=1e-3)
