"""`biotheca deidentify`: DICOM without what identifies people, on this computer; `collection-key` makes its key."""

from __future__ import annotations

import os
from pathlib import Path

import click

from biotheca_client.commands.common import Context, as_json, command
from biotheca_client.errors import Refused
from biotheca_client.output import Output


@command("collection-key")
@click.argument("file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@as_json
def collection_key(context: Context, file: Path, as_json: bool) -> None:
    """Make the secret of a collection: 32 random bytes in FILE, readable by you alone.

    The same key gives the same pseudonyms, identifiers and shifts of dates, so that files that come later fit. Deleting
    it makes them final: nobody can tell any more whose they were.

    \b
    Example:
      biotheca collection-key liver.key
    """
    from biotheca_client import deidentified

    deidentified.new_key(file)
    out = Output(as_json)
    out.result({"file": str(file)}, lambda: out.say(f"Keep {file}: whoever has it can link files to patients."))


@command("deidentify")
@click.argument("source", metavar="IN_DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("target", metavar="OUT_DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--collection-key",
    "key",
    required=True,
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The collection's secret (biotheca collection-key).",
)
@click.option("--report", required=True, metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--workers", type=click.IntRange(1, 64), default=os.cpu_count() or 1, show_default=True)
@click.option(
    "--private",
    type=click.Choice(["safe", "numeric"]),
    default="safe",
    show_default=True,
    help="Private attributes that stay: the standard's safe list, or all numbers (which leaks record numbers).",
)
@click.option(
    "--pixels",
    type=click.Choice(["check", "none"]),
    default="check",
    show_default=True,
    help="Look for text in the pixels and set aside what has any, or do not look and claim nothing.",
)
@as_json
def deidentify(
    context: Context,
    source: Path,
    target: Path,
    key: Path,
    report: Path,
    workers: int,
    private: str,
    pixels: str,
    as_json: bool,
) -> None:
    """De-identify all DICOM files below IN_DIR into OUT_DIR, by PS3.15 Annex E.

    Every input is released, verified by another reader, or set aside in the report with its reason; nothing is
    uploaded. report.jsonl holds no value of any file and proves itself by a chain; texts.tsv lists each description as
    it is now, for your eye; inputs.private.jsonl says which input was which, and stays with you.

    Text that is drawn into the pixels is looked for in every frame, but for plain slices of a scanner: of those in the
    first, the middle and the last, and the others are screened. Whatever has any is set aside. It takes up to a second
    a picture. Not found are handwriting, turned and hidden text. No face is taken from a head: such objects say so in
    (0028,0302), and have face_risk in the report.

    \b
    Example:
      biotheca collection-key liver.key
      biotheca deidentify scans clean --collection-key liver.key --report liver-report

    \b
    Exit codes:
      0  every file passed or was set aside     2  wrong use of the command
      1  something failed; run it again
    """
    from biotheca_client import deidentified

    out = Output(as_json)
    secret = deidentified.secret_of(key)
    with out.progress() as progress:
        add = progress.start(source.name, deidentified.size_of(source))
        done = deidentified.run(
            source, target, report, secret, private, workers, lambda entry: add(entry.size_bytes), pixels
        )
    shown = {"inputs": done.inputs, "released": done.released, "copies": done.copies, "missing": done.missing}
    seen = {name: number for name, number in sorted(done.pixels.items()) if number}
    found = shown | {"quarantined": dict(done.quarantined), "pixels": seen}
    out.result(found, lambda: _show(out, done, target, report))
    if not done.complete:
        raise Refused(f"{done.missing} of {done.inputs} files have no outcome.", "Run the command again.")


def _show(out: Output, done: object, target: Path, report: Path) -> None:
    from biotheca_client import deidentified
    from biotheca_client.deidentified import Totals

    assert isinstance(done, Totals)
    if not done.inputs:
        out.say("There is no file in the folder.")
        return
    out.say(f"{done.inputs} file(s): {done.released} released to {target}, {done.copies} copies of those.")
    for reason, number in sorted(done.quarantined.items()):
        out.say(f"  set aside, {reason}: {number}")
    seen = done.pixels
    looked = seen["every_frame"] + seen["sampled"]
    if looked:
        out.say(f"Pixels: text looked for in {looked} object(s), {seen['frames_read']} frame(s) read.")
    if seen["unlooked"]:
        out.say(f"Pixels: {seen['unlooked']} object(s) were not looked at; nothing is claimed of their pixels.")
        if not deidentified.reader_installed():
            out.say("  To have text in pixels looked for: pip install 'biotheca[imaging]', and run it again.")
    if seen["face_risk"]:
        out.say(f"Faces: {seen['face_risk']} released object(s) may show one (face_risk): for controlled access only.")
    out.say(f"Report: {report}")


COMMANDS = (deidentify, collection_key)
