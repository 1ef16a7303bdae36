"""Raw reads in the database of other omics: the hint, the curator's move at the desk, and the owner hands in there."""

from __future__ import annotations

import json
from pathlib import Path

from tests.journeys.bringing import handed_in
from tests.journeys.browser import Surfer
from tests.journeys.conftest import Person, document, tiny_fastq, wait_for
from tests.journeys.portal import look
from tests.unit.members.human import omix_document

READS = [("seeds.fastq.gz", tiny_fastq(seed=990))]


def test_a_curator_moves_raw_reads_to_their_archive_and_no_byte_is_sent_twice(
    ana: Person, chen: Person, nobody: Person, chen_surfs: Surfer, tmp_path: Path
) -> None:
    record = omix_document(READS, (4530, "Oryza sativa"))
    record["files"][0]["file_type"] = "fastq"
    made = handed_in(ana, record, READS, member="omix")
    wait_for(chen, made["id"], "data_review")
    assert "files.raw_reads" in {f["rule"] for f in ana.get(f"/v1/submissions/{made['id']}")["findings"]}
    wanted = tmp_path / "reads.json"
    wanted.write_text(json.dumps(document(READS, "Seeds of rice")))
    page = chen_surfs.open(f"desk.html#s/{made['id']}")
    form = page.get_by_role("form", name="Move to another database")
    form.get_by_label("Database", exact=True).select_option("gsa")
    form.get_by_label("Why it belongs there").fill("Raw reads of a plant belong there.")
    form.get_by_label("Metadata for that database").set_input_files(str(wanted))
    look(page, "move")
    form.get_by_role("button", name="Move to another database").click()
    wait_for(ana, made["id"], "revision_requested")
    moved = ana.get(f"/v1/submissions/{made['id']}")
    assert (moved["member"], moved["reasons"][0]["code"]) == ("gsa", "archive.wrong")
    before = {f["id"]: f["sha256"] for f in ana.get(f"/v1/submissions/{made['id']}")["files"]}
    ana.post(f"/v1/submissions/{made['id']}/submit")  # nothing is sent again
    wait_for(chen, made["id"], "data_review")
    chen.post(f"/v1/curation/{made['id']}/decision", {"decision": "accept"})
    done = wait_for(ana, made["id"], "released", "held")
    assert done["state"] == "released" and done["dataset"].startswith("CRA")
    assert {f["id"]: f["sha256"] for f in done["files"]} == before
    assert nobody.get(f"/v1/records/{done['dataset']}")["member"] == "gsa"
