"""Images: released series by facets, the desk's pictures and blanking, and persons with records in two databases."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from biotheca_client import words
from biotheca_client.commands.common import Context, as_json, command
from biotheca_client.errors import Refused, WrongUse
from biotheca_client.output import Output

if TYPE_CHECKING:
    from biotheca_client.client import Client

FACETS = ("collection", "modality", "body_part", "disease", "manufacturer", "age_group", "sex")
REASONS = ("pixel_text_confirmed", "burned_in_yes")
_COLUMNS = ("accession", "modality", "body_part", "images", "collection", "disease", "series_description")


@command("images")
@click.option("--collection", metavar="OBIA...", help="Accession of a collection.")
@click.option("--modality", help="CT, MR ...")
@click.option("--body-part", help="CHEST, HEAD ...; other spellings of a part are the same choice.")
@click.option("--disease", help="As the collection words it.")
@click.option("--manufacturer", help="As --facets lists it.")
@click.option("--age", "age_group", metavar="GROUP", help="0-9, 10-19 ... 80-89, 90+.")
@click.option("--sex", help="F, M, O.")
@click.option("--facets", "counted", is_flag=True, help="The values that there are, with counts, and no series.")
@click.option("--all", "everything", is_flag=True, help="All pages.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 200), help="Series on a page.")
@click.option("--cursor", help="Where an earlier page ended.")
@as_json
def images(
    context: Context,
    counted: bool,
    everything: bool,
    limit: int,
    cursor: str | None,
    as_json: bool,
    **chosen: str | None,
) -> None:
    """Released series of images that have all chosen values; `biotheca download` fetches them.

    \b
    Example:
      biotheca images --facets
      biotheca images --modality CT --body-part CHEST --sex F
      biotheca images --collection OBIA0001 --all --json
    """
    out, client = Output(as_json), context.client()
    if counted:
        found = client.image_facets(**chosen)
        out.result(found, lambda: _show_facets(out, found))
        return
    if everything:
        page: dict[str, Any] = {"items": list(client.images_all(**chosen)), "next_cursor": None}
    else:
        page = client.images(limit, cursor, **chosen)
    out.result(page, lambda: _show_series(out, page))


def _show_series(out: Output, page: dict[str, Any]) -> None:
    if page["items"]:
        out.table(list(_COLUMNS), [[words.clean(row.get(name)) for name in _COLUMNS] for row in page["items"]])
    elif not page.get("next_cursor"):
        out.say("No released series has all of these values. --facets shows what there is.")
    if page.get("next_cursor"):
        out.note(f"More: add --all, or --cursor {words.clean(page['next_cursor'])}")


def _show_facets(out: Output, found: dict[str, Any]) -> None:
    out.say(f"{found['series']:,} series with {found['images']:,} image(s).")
    rows = [
        [name, words.clean(one["value"]), f"{one['series']:,}", f"{one['images']:,}"]
        for name in FACETS
        for one in found["facets"].get(name, [])
    ]
    if rows:
        out.table(["facet", "value", "series", "images"], rows)


@command("pictures")
@click.argument("submission")
@click.option("--to", "folder", type=click.Path(file_okay=False, path_type=Path), help="Save the pictures here.")
@as_json
def pictures(context: Context, submission: str, folder: Path | None, as_json: bool) -> None:
    """Images of a SUBMISSION that are set aside for text in their pixels, or were blanked (curators).

    Pictures show what identifies people: they are saved so that only you can read them, and each look is noted in
    the archive's audit chain. Delete them when you have decided.

    \b
    Example:
      biotheca pictures sub_0123
      biotheca pictures sub_0123 --to looked-at
    """
    out, client = Output(as_json), context.client()
    rows = list(client.set_aside_pictures(submission))
    saved = _saved(client, submission, rows, folder) if folder else []

    def show() -> None:
        if not rows:
            out.say("Nothing is set aside for text in its pixels.")
            return
        shown = [
            [
                row["mark"],
                words.clean(row["reason"]) or "blanked",
                str(row["frames"]),
                str(len(row["boxes"])),
                words.clean(row["words"]),
            ]
            for row in rows
        ]
        out.table(["mark", "reason", "frames", "boxes", "what"], shown)
        if saved:
            out.say(f"{len(saved)} picture(s) saved in {folder}. They show what identifies: delete them afterwards.")

    out.result({"items": rows, "saved": saved}, show)


def _saved(client: Client, submission: str, rows: list[dict[str, Any]], folder: Path) -> list[str]:
    there = [(row["mark"], moment) for row in rows for moment in ("before", "after") if row[moment]]
    return [str(_save(folder / f"{m}-{when}.png", client.picture(submission, m, when))) for m, when in there]


def _save(target: Path, data: bytes) -> Path:
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
    except OSError as fault:
        raise Refused(f"{target} cannot be written: {fault.strerror}.", "Choose another folder with --to.") from fault
    return target


@command("blank")
@click.argument("submission")
@click.option("--reason", "reasons", multiple=True, type=click.Choice(REASONS), help="All images of a reason.")
@click.option(
    "--image",
    "images",
    multiple=True,
    metavar="MARK[:L,T,R,B]",
    help="An image by its mark, with a box of your own in pixels; several times for more boxes and images.",
)
@as_json
def blank(context: Context, submission: str, reasons: tuple[str, ...], images: tuple[str, ...], as_json: bool) -> None:
    """Have text in pixels of a SUBMISSION blanked; it comes back to the desk read again and verified.

    \b
    Example:
      biotheca blank sub_0123 --reason pixel_text_confirmed
      biotheca blank sub_0123 --image 0123456789abcdef0123456789abcdef:0,0,200,40
    """
    out = Output(as_json)
    if not reasons and not images:
        raise WrongUse("Nothing is named that is to be blanked.", "Give --reason, or --image with marks of `pictures`.")
    made = context.client().blank(submission, _boxes(images), list(reasons))
    out.result(
        made, lambda: out.say(f"{submission} goes through de-identification again; `biotheca status` follows it.")
    )


def _boxes(texts: tuple[str, ...]) -> dict[str, list[tuple[int, int, int, int]]]:
    """Boxes by mark; WrongUse for what is none.

    >>> _boxes(("ab:0,1,2,3", "ab:4,5,6,7", "cd"))
    {'ab': [(0, 1, 2, 3), (4, 5, 6, 7)], 'cd': []}
    """
    found: dict[str, list[tuple[int, int, int, int]]] = {}
    for text in texts:
        mark, colon, edges = text.partition(":")
        boxes = found.setdefault(mark, [])
        if not colon:
            continue
        numbers = edges.split(",")
        if len(numbers) != 4 or not all(one.strip().isascii() and one.strip().isdigit() for one in numbers):
            raise WrongUse(f"{edges!r} is no box.", "Write it as LEFT,TOP,RIGHT,BOTTOM in pixels, e.g. 0,0,200,40.")
        left, top, right, bottom = map(int, numbers)
        boxes.append((left, top, right, bottom))
    return found


@command("same-person")
@click.argument("accession")
@click.argument("other", required=False)
@click.option("--remove", is_flag=True, help="Take the link, or the question, back.")
@as_json
def same_person(context: Context, accession: str, other: str | None, remove: bool, as_json: bool) -> None:
    """Records of the person of ACCESSION in other databases; with OTHER, say that both are one person.

    A link with a record of somebody else is asked for, and made when its people say the same.

    \b
    Example:
      biotheca same-person OBII000001
      biotheca same-person OBII000001 HRI000001
      biotheca same-person OBII000001 HRI000001 --remove
    """
    out, client = Output(as_json), context.client()
    if remove and not other:
        raise WrongUse("--remove needs the other record.", "Name both: biotheca same-person OBII... HRI... --remove")
    if other and remove:
        client.unlink_person(accession, other)
        out.result(
            {"accession": accession, "other": other}, lambda: out.say(f"{accession} and {other} are not linked.")
        )
        return
    if other:
        made = client.link_person(accession, other)
        told = (
            "linked." if made["state"] == "made" else "asked for: it is made when the people of the other say the same."
        )
        out.result(made, lambda: out.say(f"{accession} and {other}: {told}"))
        return
    rows = client.same_persons(accession)

    def show() -> None:
        if not rows:
            out.say("No record of the same person in another database is linked, as far as you may see.")
            return
        names = ("accession", "type", "member", "state", "title")
        out.table(list(names), [[words.clean(row.get(name)) for name in names] for row in rows])

    out.result({"items": rows}, show)


COMMANDS = (images, pictures, blank, same_person)
