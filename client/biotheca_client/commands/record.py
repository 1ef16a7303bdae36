"""Records of one's own: lists, release, additions, reviewer links, corrections, articles; citation and versions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from biotheca_client import words
from biotheca_client.commands.common import Context, as_json, command, jobs
from biotheca_client.commands.deposit import folder_argument, id_of
from biotheca_client.commands.following import conclude
from biotheca_client.errors import WrongUse
from biotheca_client.output import Output
from biotheca_client.records import is_submission

FORMS = ["text", "bibtex", "ris", "csl", "datacite"]


@command("records")
@click.option("--type", "kind", default="study", show_default=True, help="project, sample, study, run ...")
@click.option("--visibility", type=click.Choice(["private", "public", "suppressed", "withdrawn", "replaced"]))
@as_json
def records(context: Context, kind: str, visibility: str | None, as_json: bool) -> None:
    """Your records of a type, newest first.

    \b
    Example:
      biotheca records --type sample --visibility private
    """
    out, found = Output(as_json), list(context.client().records(kind, visibility))
    rows = [
        [r["accession"], r["visibility"], words.clean(r.get("release_on") or ""), words.clean(r["title"])]
        for r in found
    ]
    out.result({"items": found}, lambda: out.table(["accession", "visibility", "release on", "title"], rows))


@command("release")
@click.argument("names", nargs=-1, required=True, metavar="SUBMISSION|ACCESSION...")
@click.option("--now", is_flag=True, help="As soon as it can be; this cannot be undone.")
@click.option("--on", "day", metavar="DATE", help="On a day, YYYY-MM-DD, at most two years ahead; also to postpone.")
@click.option("--dry-run", is_flag=True, help="Say what would become public; do nothing.")
@as_json
def release(context: Context, names: tuple[str, ...], now: bool, day: str | None, dry_run: bool, as_json: bool) -> None:
    """Release submissions or records of yours, now or on a day; what they need becomes public with them.

    \b
    Example:
      biotheca release CRA000001 --dry-run
      biotheca release sub_0123 --on 2027-03-01
      biotheca release SAMC000001 SAMC000002 --now
    """
    if now + bool(day) + dry_run != 1:
        raise WrongUse("Say when.", "Add one of --now, --on DATE, --dry-run.")
    out, client = Output(as_json), context.client()
    if dry_run:
        told = [client.would_release(_dataset(client.submission(n)) if is_submission(n) else n) for n in names]
        rows = [[r["accession"], r["type"], words.clean(r["title"])] for one in told for r in one["items"]]
        out.result({"items": told}, lambda: out.table(["accession", "type", "title"], rows))
        return
    when = f"will be released on {day}" if day else "is released as soon as it can be"
    if len(names) > 1 and not any(is_submission(name) for name in names):
        _release_many(out, client.release_many(list(names), day), when)
        return
    done = [client.set_release(name, day) for name in names]
    out.result({"items": done}, lambda: out.say("\n".join(f"{name} {when}." for name in names)))


def _dataset(submission: dict[str, Any]) -> str:
    if not submission.get("dataset"):
        raise WrongUse(f"Submission {submission['id']} has no accession yet.", "Ask again once it is archived.")
    return str(submission["dataset"])


def _release_many(out: Output, done: list[dict[str, Any]], when: str) -> None:
    failed = [row for row in done if not row["done"]]

    def show() -> None:
        for row in done:
            out.say(f"{row['accession']} {when if row['done'] else words.clean(row.get('detail'))}")

    out.result({"items": done}, show)
    if failed:
        raise click.exceptions.Exit(1)


@command("append")
@click.argument("dataset")
@folder_argument
@jobs
@as_json
def append(context: Context, dataset: str, folder: Path, jobs: int, as_json: bool) -> None:
    """Submit a folder whose samples, experiments and runs are added to a DATASET of yours.

    A run whose field `replaces` names a run of the dataset takes its place. Run it again to go on.

    \b
    Example:
      biotheca append CRA000001 second-season
    """
    out, client = Output(as_json), context.client()
    with out.progress() as progress:
        try:
            submission = client.submit_folder(folder, jobs, progress, out.note, extends=dataset)
        except KeyboardInterrupt:
            client.stop.set()
            raise
    conclude(out, submission)


@command("reception")
@click.argument("submission")
@as_json
def reception(context: Context, submission: str, as_json: bool) -> None:
    """Which files of a SUBMISSION (its id, or its folder) have not come, and what came that it does not name.

    \b
    Example:
      biotheca reception sub_0123
    """
    out, client = Output(as_json), context.client()
    found = client.reception(id_of(client, submission))

    def show() -> None:
        out.say(f"{found['arrived']} of {found['expected']} file(s) are there.")
        for word in ("missing", "surplus"):
            for file in found[word]:
                out.say(f"  {word}: {words.clean(file.get('name'))}")

    out.result(found, show)


@click.group("reviewer-link")
def reviewer_link() -> None:
    """Secrets that show a dataset of yours to reviewers before it is public."""


@command("new")
@click.argument("accession")
@click.option("--label", required=True, help="Who it is for, e.g. the journal.")
@click.option("--days", default=90, show_default=True, type=click.IntRange(1, 366), help="How long it lasts.")
@click.option("--data", is_flag=True, help="Reviewers may download the files too.")
@as_json
def new_link(context: Context, accession: str, label: str, days: int, data: bool, as_json: bool) -> None:
    """Make a link; its secret is shown this once.

    \b
    Example:
      biotheca reviewer-link new CRA000001 --label "Journal of Examples" --data
    """
    out, made = Output(as_json), context.client().make_link(accession, label, days, data)

    def show() -> None:
        out.say(f"Secret, shown this once: {made['token']}")
        out.say(f"It ends on {words.moment(made['expires_at'])} UTC.")
        out.say(f"Reviewers: BIOTHECA_REVIEWER_TOKEN=... biotheca show {words.clean(accession)}")

    out.result(made, show)


@command("list")
@click.argument("accession")
@as_json
def list_links(context: Context, accession: str, as_json: bool) -> None:
    """The links of a dataset of yours, and how often each was used.

    \b
    Example:
      biotheca reviewer-link list CRA000001
    """
    out, found = Output(as_json), context.client().links(accession)
    rows = [
        [
            r["id"],
            words.clean(r["label"]),
            "revoked" if r["revoked_at"] else words.moment(r["expires_at"]),
            "data" if r["data"] else "metadata",
            str(r["uses"]),
        ]
        for r in found
    ]
    out.result({"items": found}, lambda: out.table(["link", "label", "ends (UTC)", "shows", "used"], rows))


@command("revoke")
@click.argument("accession")
@click.argument("link")
@as_json
def revoke_link(context: Context, accession: str, link: str, as_json: bool) -> None:
    """End a link at once.

    \b
    Example:
      biotheca reviewer-link revoke CRA000001 lnk_0123
    """
    out = Output(as_json)
    context.client().revoke_link(accession, link)
    out.result({"revoked": link}, lambda: out.say(f"{link} shows nothing any more."))


@command("correct")
@click.argument("accession")
@click.argument("changes", nargs=-1, required=True, metavar="FIELD=VALUE...")
@click.option("--reason", required=True, help="Why, for the curator.")
@as_json
def correct(context: Context, accession: str, changes: tuple[str, ...], reason: str, as_json: bool) -> None:
    """Ask for fields of an accepted record of yours to be changed; a curator decides.

    FIELD= takes a field away; FIELD:=JSON sets a number or a list.

    \b
    Example:
      biotheca correct SAMC000001 strain=K-12 --reason "Wrong strain"
      biotheca correct CRX000001 nominal_size:=350 --reason "Measured again"
    """
    out, wanted = Output(as_json), dict(_change(change) for change in changes)
    asked = context.client().correct(accession, wanted, reason)
    out.result(asked, lambda: out.say(f"Correction {asked['id']} of {asked['accession']} waits for a curator."))


def _change(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    field = name.strip().removesuffix(":")
    if not equals or not field:
        raise WrongUse(f"{text!r} is no change.", 'Write FIELD=VALUE, e.g. "strain=K-12".')
    if not name.strip().endswith(":"):
        return field, value.strip() or None
    try:
        return field, json.loads(value)
    except ValueError as fault:
        raise WrongUse(f"{value!r} is no JSON.", 'Write e.g. "nominal_size:=350".') from fault


@command("versions")
@click.argument("accession")
@as_json
def versions(context: Context, accession: str, as_json: bool) -> None:
    """The versions of a record.

    \b
    Example:
      biotheca versions CRA000001
    """
    out, found = Output(as_json), context.client().versions(accession)
    rows = [
        [str(v["version"]), words.moment(v["until"]) if v["until"] else "now", words.clean(v["title"])] for v in found
    ]
    out.result({"items": found}, lambda: out.table(["version", "until (UTC)", "title"], rows))


@command("difference")
@click.argument("accession")
@click.argument("before", type=click.IntRange(1))
@click.argument("after", type=click.IntRange(1))
@as_json
def difference(context: Context, accession: str, before: int, after: int, as_json: bool) -> None:
    """What changed in a record from version BEFORE to version AFTER.

    \b
    Example:
      biotheca difference CRA000001 1 2
    """
    out, told = Output(as_json), context.client().difference(accession, before, after)

    def show() -> None:
        for row in told["fields"]:
            old, new = (words.clean(row.get(k)) if row.get(k) is not None else "nothing" for k in ("from", "to"))
            out.say(f"{words.clean(row['field'])}: {old} -> {new}")
        for word in ("added", "removed"):
            if told[word]:
                out.say(f"{word}: {' '.join(words.clean(a) for a in told[word])}")

    out.result(told, show)


@click.group("publications")
def publications() -> None:
    """Articles about records."""


@command("list")
@click.argument("accession")
@as_json
def list_publications(context: Context, accession: str, as_json: bool) -> None:
    """The articles of a record.

    \b
    Example:
      biotheca publications list CRA000001
    """
    out, found = Output(as_json), context.client().publications(accession)
    rows = [[words.clean(a.get(k) or "") for k in ("id", "doi", "pmid", "title", "status")] for a in found]
    out.result({"items": found}, lambda: out.table(["article", "doi", "pmid", "title", "status"], rows))


@command("add")
@click.argument("accession")
@click.option("--doi", help="e.g. 10.1000/example")
@click.option("--pmid", help="Its number in PubMed.")
@click.option("--title", help="Its title; alone while it is in press.")
@as_json
def add_publication(
    context: Context, accession: str, doi: str | None, pmid: str | None, title: str | None, as_json: bool
) -> None:
    """Add an article to a record of yours.

    \b
    Example:
      biotheca publications add CRA000001 --doi 10.1000/example
    """
    if not (doi or pmid or title):
        raise WrongUse("Say which article.", "Add --doi, --pmid, or --title while it is in press.")
    out, made = Output(as_json), context.client().add_publication(accession, doi=doi, pmid=pmid, title=title)
    out.result(made, lambda: out.say(f"Article {made['id']} stands with {accession}."))


@command("remove")
@click.argument("accession")
@click.argument("article")
@as_json
def remove_publication(context: Context, accession: str, article: str, as_json: bool) -> None:
    """Take an ARTICLE away from a record of yours.

    \b
    Example:
      biotheca publications remove CRA000001 pub_0123
    """
    out = Output(as_json)
    context.client().remove_publication(accession, article)
    out.result({"removed": article}, lambda: out.say(f"{article} is gone from {accession}."))


@command("cite")
@click.argument("accession")
@click.option("--format", "form", default="text", show_default=True, type=click.Choice(FORMS))
@as_json
def cite(context: Context, accession: str, form: str, as_json: bool) -> None:
    """How to cite a record.

    \b
    Example:
      biotheca cite CRA000001 --format bibtex
    """
    out, text = Output(as_json), context.client().citation(accession, form).rstrip("\n")
    out.result({"accession": accession, "format": form, "citation": text}, lambda: out.say(text))


@command("certificate")
@click.argument("accession")
@click.option("--to", default=".", type=click.Path(path_type=Path, file_okay=False), help="Folder to save it in.")
@as_json
def certificate(context: Context, accession: str, to: Path, as_json: bool) -> None:
    """Save the printable certificate of deposit of a record.

    \b
    Example:
      biotheca certificate CRA000001 --to papers
    """
    out, page = Output(as_json), context.client().certificate(accession)
    to.mkdir(parents=True, exist_ok=True)
    file = to / f"{''.join(c for c in accession.upper() if c.isalnum() or c == '-')}_certificate.html"
    file.write_text(page, encoding="utf-8")
    out.result({"file": str(file)}, lambda: out.say(f"Saved {file}."))


@command("listing")
@click.argument("accession")
@click.argument("name", type=click.Choice(["md5sum.txt", "files.tsv", "runs.csv"]))
@as_json
def listing(context: Context, accession: str, name: str, as_json: bool) -> None:
    """The files of a record as text: for `md5sum -c`, as a table, or under the original archive's columns.

    \b
    Example:
      biotheca listing CRA000001 md5sum.txt > md5sum.txt
    """
    pages = context.client().listing(accession, name)
    if as_json:
        Output(as_json).result({"accession": accession, "name": name, "text": "".join(pages)}, lambda: None)
        return
    for page in pages:
        click.echo(page, nl=False)


for _command in (new_link, list_links, revoke_link):
    reviewer_link.add_command(_command)
for _command in (list_publications, add_publication, remove_publication):
    publications.add_command(_command)

COMMANDS = (
    records,
    release,
    append,
    reception,
    reviewer_link,
    correct,
    versions,
    difference,
    publications,
    cite,
    certificate,
    listing,
)
