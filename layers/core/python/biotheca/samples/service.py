"""The daily run: samples of datasets that changed become BioSamples, or follow what became of theirs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from biotheca import catalog, clock, events
from biotheca.accessions.service import Mint
from biotheca.catalog.archive import archive
from biotheca.publication.access import mode_of
from biotheca.publication.model import Record, Visibility
from biotheca.publication.service import met
from biotheca.publication.store import RecordStore
from biotheca.samples import rules
from biotheca.samples.rules import Outward
from biotheca.samples.store import OutwardStore

PAGE = 100
OWNER = "archive"  # nobody's own: what a person would change here, the next run would take back


def ways() -> list[Outward]:
    """The ways out that the catalog has."""
    return [Outward.of(row) for row in catalog.outward()]


def note(records: RecordStore, body: dict[str, Any]) -> int:
    """From the bus: a dataset was released, or a record changed; returns for how many ways its dataset now waits."""
    record = records.get(body.get("dataset") or body.get("accession") or "")
    if record is None:
        return 0
    concerned = [way for way in ways() if way.member == record.member]
    for way in concerned:
        OutwardStore(records).note(way.id, record.dataset or record.accession)
    return len(concerned)


def synchronise(records: RecordStore, minting: Mint) -> dict[str, int]:
    """Send what is due of all that waits; counts of `datasets`, `created`, `changed`, `unchanged`.

    Killed at any place and run again it ends in the same state: a number belongs to its sample by the ledger, and a
    BioSample, the note of what was sent and the link back are written together.
    """
    counts = {"datasets": 0, "created": 0, "changed": 0, "unchanged": 0}
    for way in ways():
        store = OutwardStore(records)
        for row in list(store.waiting(way.id)):
            _dataset(store, minting, way, row["dataset"], counts)
            store.done(way.id, row)
            counts["datasets"] += 1
    return counts


def _dataset(store: OutwardStore, minting: Mint, way: Outward, accession: str, counts: dict[str, int]) -> None:
    dataset = store.records.get(accession)
    if dataset is None:
        return
    access = mode_of(store.records, dataset)
    cursor: str | None = None
    while True:
        page, cursor = store.records.inside(accession, way.type, PAGE, cursor)
        above = store.records.get_many(sorted({a for one in page for a in one.links.get(way.above, [])}))
        for sample in page:
            of = next((above[a] for a in sample.links.get(way.above, []) if a in above), None)
            counts[_sample(store, minting, way, sample, of, access)] += 1
        if cursor is None:
            return


def _sample(store: OutwardStore, minting: Mint, way: Outward, sample: Record, above: Record | None, access: str) -> str:
    """Bring one sample's BioSample up to what is true now; says what was done."""
    seen = met(store.records, sample)
    sent = store.sent(way.id, sample.accession)
    content = rules.content_of(way, sample, above)
    if content is None and sent and seen == Visibility.WITHDRAWN:
        content = {}  # what it was is gone there too
    if content is None or (sent is None and seen != Visibility.PUBLIC) or seen == Visibility.PRIVATE:
        return "unchanged"
    url = f"{archive()['address'].rstrip('/')}/v1/records/{sample.dataset}"
    content = rules.linked(content, sample, url, access) if content else {}
    digest = rules.digest_of(content, str(seen))
    if sent and sent["digest"] == digest:
        return "unchanged"
    kind = catalog.members()[way.to_member].object_type(way.to_type)
    number = minting.mint(kind.accession, f"{way.id}/{sample.accession}")[0]
    old = store.records.get(number)
    new = _made(way, kind.type, number, sample, content, seen, old)
    extra = [store.sent_line(way.id, sample.accession, digest, number)]
    if sample.links.get(way.id) != [number]:
        back = replace(sample, links={**sample.links, way.id: [number]})
        words = f"Its {kind.title['en']} is {number}."
        extra += store.records.change_lines(sample, back, event="synchronised", words=words, actor=OWNER)
    told = {"dataset": number, "change": "corrected" if old else "released"}
    words = f"Synchronised from {sample.accession}."
    if old:
        store.records.save(
            old, new, event="synchronised", words=words, actor=OWNER,
            announce=events.RECORD_CHANGED, body=told, extra=extra,
        )  # fmt: skip
        return "changed"
    store.records.create(new, words=words, actor=OWNER, announce=events.RECORD_CHANGED, body=told, extra=extra)
    return "created"


def _made(
    way: Outward, kind: str, number: str, sample: Record, content: dict[str, Any], seen: Visibility, old: Record | None
) -> Record:
    at = clock.stamp()
    begun = old or Record(
        number, kind, way.to_member, sample.accession, sample.title, sample.submission, OWNER, {},
        dataset=number, released_at=at, created_at=at, links={"synchronised_from": [sample.accession]},
    )  # fmt: skip
    visibility = seen if seen in (Visibility.PUBLIC, Visibility.SUPPRESSED, Visibility.WITHDRAWN) else begun.visibility
    changed = old is not None and old.attributes != content
    return replace(
        begun,
        title=sample.title,
        attributes=content,
        visibility=visibility,
        reason=sample.reason,
        version=begun.version + (1 if changed else 0),
    )
