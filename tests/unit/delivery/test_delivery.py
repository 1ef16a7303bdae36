"""Controlled files over a small cloud: kept encrypted, handed out for one key, the archive's own key turned."""

from __future__ import annotations

import base64
import hashlib
import io
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from crypt4gh import lib as peer

from biotheca.accessions.service import Mint
from biotheca.accessions.store import AccessionStore
from biotheca.accounts.model import Person
from biotheca.aws import ranged
from biotheca.aws.ranged import RangedReader
from biotheca.aws.tables import ConditionFailed, Table
from biotheca.curation import service as curating
from biotheca.curation.model import Decision
from biotheca.delivery import service
from biotheca.delivery.model import NoArchiveKey, NoPublicKey, NotEncrypted, Sealed, key_id
from biotheca.delivery.store import HeaderStore, SealedArchive, SecretRing
from biotheca.errors import Invalid, NotFound
from biotheca.formats.crypt4gh import STORED_BYTES, decrypt
from biotheca.formats.crypt4gh_header import KeyDoesNotFit, new_key, opened, public_key_of
from biotheca.formats.crypt4gh_keys import public_text
from biotheca.formats.crypt4gh_private import private_text
from biotheca.publication import release
from biotheca.publication import service as publication
from biotheca.publication.service import CopyDiffers
from biotheca.submissions.model import FileState, State, Submission
from biotheca.uploads.store import Inbox
from tests.unit.world import ANA, CHEN, LI, World

READER = bytes([7]) * 32
PLAIN = random.Random(5).randbytes(300_000)


class Cloud(World):
    """A World with buckets, a secret and the archive's first key."""

    headers: HeaderStore
    ring: SecretRing
    archive: SealedArchive

    def fill(self) -> None:
        s3 = boto3.client("s3")
        for bucket in ("inbox", "controlled"):
            s3.create_bucket(Bucket=bucket)
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        boto3.client("secretsmanager").create_secret(Name="delivery-keys")
        self.headers = HeaderStore(Table("records"), Table("records"), Table("outbox"))
        self.ring = SecretRing("delivery-keys")
        self.archive = SealedArchive(self.headers, "inbox", "controlled")
        service.turn_keys(self.headers, self.ring)

    def sealed(self, name: str, data: bytes = PLAIN) -> Sealed:
        boto3.client("s3").put_object(Bucket="inbox", Key=name, Body=data)
        facts = {"sha256": hashlib.sha256(data).hexdigest(), "accession": "CRR000001"}
        version = service.encrypt_to_archive(self.archive, name, None, f"gsa/{name}", len(data), facts)
        found = self.headers.get(f"gsa/{name}", version)
        assert found
        return found

    def body(self, found: Sealed) -> bytes:
        return b"".join(RangedReader("controlled", found.key, found.version_id))

    def read(self, found: Sealed, key: bytes = READER) -> bytes:
        """What a reader does: header from the API, body by its link, one after the other."""
        header = service.header_for(self.ring, found, public_key_of(key))
        return b"".join(decrypt([header, self.body(found)], [key], empty_is_whole=found.size_bytes == 0))


@pytest.fixture
def cloud(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Cloud]:
    monkeypatch.setenv("BIOTHECA_CLOCK_FILE", str(tmp_path / "clock"))
    ranged.s3.cache_clear()
    world.__class__ = Cloud
    assert isinstance(world, Cloud)
    world.fill()
    yield world
    ranged.s3.cache_clear()


def days_later(tmp_path: Path, days: float) -> None:
    (tmp_path / "clock").write_text(str(days * 86_400))


@pytest.mark.parametrize("size", [0, 1, 65_536, 300_000, 17 * 1024 * 1024 + 5])
def test_a_file_is_kept_encrypted_and_comes_back_for_the_readers_key(cloud: Cloud, size: int) -> None:
    data = random.Random(size).randbytes(size)
    found = cloud.sealed("reads.bam", data)
    assert cloud.read(found) == data and found.size_bytes == size
    if size:
        stored = service.header_for(cloud.ring, found, public_key_of(READER)) + cloud.body(found)
        plain = io.BytesIO()
        peer.decrypt([(0, READER, None)], io.BytesIO(stored), plain)
        assert plain.getvalue() == data
        assert data[:16] not in cloud.body(found) or size < 16


def test_nobody_elses_key_opens_a_header_and_the_stored_one_is_the_archives(cloud: Cloud) -> None:
    found = cloud.sealed("a")
    with pytest.raises(KeyDoesNotFit):
        cloud.read(found, READER) and opened(service.header_for(cloud.ring, found, public_key_of(READER)), [new_key()])
    with pytest.raises(KeyDoesNotFit):
        opened(base64.b64decode(found.header), [READER])


def test_a_copy_that_is_another_when_decrypted_is_refused(cloud: Cloud) -> None:
    boto3.client("s3").put_object(Bucket="inbox", Key="x", Body=PLAIN)
    with pytest.raises(CopyDiffers):
        service.encrypt_to_archive(cloud.archive, "x", None, "k", len(PLAIN), {"sha256": "0" * 64, "accession": "a"})


def test_damage_in_the_bucket_is_found_by_reading_back(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    found = cloud.sealed("a")
    broken = bytearray(cloud.body(found))
    broken[STORED_BYTES + 40] ^= 1
    version = boto3.client("s3").put_object(Bucket="controlled", Key=found.key, Body=bytes(broken))["VersionId"]
    cloud.archive._made[found.key, version] = cloud.archive._made[found.key, found.version_id]
    with pytest.raises(Exception, match="Segment 1"):
        cloud.archive.digest(found.key, version)


def test_a_source_that_breaks_off_leaves_no_object_no_parts_and_no_header(cloud: Cloud) -> None:
    with pytest.raises(ranged.ObjectIsMissing):
        cloud.archive.copy("absent", None, "gsa/absent", 100, {"sha256": "0" * 64})
    s3 = boto3.client("s3")
    assert "Versions" not in s3.list_object_versions(Bucket="controlled")
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="controlled")
    assert "SEALED#gsa/absent" not in cloud.dump()


def test_a_replay_in_another_process_makes_the_copy_anew_and_both_are_sound(cloud: Cloud) -> None:
    first = cloud.sealed("a")
    assert (
        service.encrypt_to_archive(
            cloud.archive, "a", None, first.key, len(PLAIN), {"sha256": first.sha256, "accession": "CRR000001"}
        )
        == first.version_id
    )  # the same process knows its own
    cloud.archive = SealedArchive(cloud.headers, "inbox", "controlled")
    second = cloud.sealed("a")
    assert second.version_id != first.version_id and cloud.body(second) != cloud.body(first)
    assert cloud.read(first) == cloud.read(second) == PLAIN


def test_without_a_key_nothing_is_encrypted(world: World) -> None:
    boto3.client("secretsmanager").create_secret(Name="delivery-keys")
    archive = SealedArchive(HeaderStore(Table("records"), Table("records"), Table("outbox")), "inbox", "controlled")
    with pytest.raises(NoArchiveKey, match="turn_keys"):
        archive.copy("a", None, "k", 1, {"sha256": ""})


# --- the archive's key is turned ---


def test_a_turn_wraps_every_header_anew_and_touches_no_body(cloud: Cloud, tmp_path: Path) -> None:
    before = [cloud.sealed(f"file{n}") for n in range(4)]
    bodies = [cloud.body(found) for found in before]
    (old,) = cloud.ring.read().private.values()
    told = service.turn_keys(cloud.headers, cloud.ring, anew=True)
    assert (told["wrapped"], told["left"], told["retired"]) == (4, False, 0)
    after = [cloud.headers.get(found.key, found.version_id) for found in before]
    for found, former, body in zip(after, before, bodies, strict=True):
        assert found and found.key_id == told["current"] != former.key_id and found.version_id == former.version_id
        with pytest.raises(KeyDoesNotFit):
            opened(base64.b64decode(found.header), [old])
        assert cloud.read(found) == PLAIN and cloud.body(found) == body
    assert service.turn_keys(cloud.headers, cloud.ring)["wrapped"] == 0  # again changes nothing
    assert len(cloud.ring.read().private) == 2  # a job may still encrypt for the former key

    days_later(tmp_path, 1.1)
    assert service.turn_keys(cloud.headers, cloud.ring)["retired"] == 1
    assert list(cloud.ring.read().private) == [told["current"]]
    assert [cloud.read(found) for found in after if found] == [PLAIN] * 4
    with pytest.raises(NoArchiveKey):
        service.header_for(cloud.ring, before[0], public_key_of(READER))
    assert [kind for kind, _ in cloud.told()].count("KeyTurned") == 3


def test_a_file_encrypted_for_the_former_key_in_the_meantime_keeps_that_key_until_it_is_wrapped(
    cloud: Cloud, tmp_path: Path
) -> None:
    former = cloud.headers.keys()
    service.turn_keys(cloud.headers, cloud.ring, anew=True)
    keys = cloud.headers.keys
    cloud.headers.keys = lambda: former  # type: ignore[method-assign]  # a job that read the keys before the turn
    late = cloud.sealed("late")
    cloud.headers.keys = keys  # type: ignore[method-assign]
    assert former and late.key_id == former.current and cloud.read(late) == PLAIN
    days_later(tmp_path, 2)
    told = service.turn_keys(cloud.headers, cloud.ring)
    assert (told["wrapped"], told["retired"]) == (1, 1)
    found = cloud.headers.get(late.key, late.version_id)
    assert found and cloud.read(found) == PLAIN


def test_a_turn_that_breaks_off_anywhere_loses_no_file(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [cloud.sealed(f"file{n}") for n in range(3)]

    def dies(*_: Any, **__: Any) -> None:
        raise ConnectionError("taken away")

    for name, after in (("set_keys", 0), ("replace", 1)):
        real, calls = getattr(HeaderStore, name), []

        def sometimes(self: HeaderStore, *words: Any, real: Any = real, after: int = after, calls: list = calls) -> Any:
            calls.append(1)
            return real(self, *words) if len(calls) <= after else dies()

        with monkeypatch.context() as patched:
            patched.setattr(HeaderStore, name, sometimes)
            with pytest.raises(ConnectionError):
                service.turn_keys(cloud.headers, cloud.ring, anew=True)
        now = [cloud.headers.get(f.key, f.version_id) for f in files]
        assert [cloud.read(found) for found in now if found] == [PLAIN] * 3
    told = service.turn_keys(cloud.headers, cloud.ring)
    now = [cloud.headers.get(f.key, f.version_id) for f in files]
    assert {found.key_id for found in now if found} == {told["current"]}
    assert [cloud.read(found) for found in now if found] == [PLAIN] * 3


def test_many_headers_are_wrapped_in_several_runs_and_the_key_leaves_after_the_last(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for n in range(5):
        cloud.sealed(f"file{n}")
    monkeypatch.setattr(service, "HEADERS_A_RUN", 2)
    runs = [service.turn_keys(cloud.headers, cloud.ring, anew=True)]
    days_later(tmp_path, 2)
    runs += [service.turn_keys(cloud.headers, cloud.ring) for _ in range(2)]
    assert [run["wrapped"] for run in runs] == [2, 2, 1]
    assert [run["retired"] for run in runs] == [0, 0, 1]


def test_a_key_is_turned_by_itself_after_a_year_and_two_turns_at_once_make_one(cloud: Cloud, tmp_path: Path) -> None:
    first = cloud.headers.keys()
    assert first
    days_later(tmp_path, 364)
    assert service.turn_keys(cloud.headers, cloud.ring)["current"] == first.current
    days_later(tmp_path, 366)
    assert service.turn_keys(cloud.headers, cloud.ring)["current"] != first.current
    with pytest.raises(ConditionFailed):
        cloud.headers.set_keys(replace(first, current="x"), first, "archive")


# --- who gets a header ---


def released(cloud: Cloud) -> tuple[Submission, str, str]:
    """A dataset whose files went through the archive step encrypted: submission, run, name of the file."""
    made = cloud.at(State.DATA_REVIEW)
    inbox = Inbox.__new__(Inbox)
    inbox.bucket = "inbox"
    boto3.client("s3").put_object(Bucket="inbox", Key="upload", Body=PLAIN)
    told = {"sha256": hashlib.sha256(PLAIN).hexdigest(), "size_bytes": len(PLAIN), "key": "upload"}
    cloud.set_files(made, FileState.QC_PASSED, **told)
    made = curating.decide(cloud.submissions, cloud.desk, CHEN, made.id, Decision("accept"))
    publication.mint(cloud.submissions, Mint(AccessionStore(Table("accessions"))), made.id)

    class NoReports:
        def report(self, _: str) -> None: ...

    for item in publication.plan_archive(cloud.submissions, cloud.records, made.id):
        publication.archive_file(cloud.submissions, inbox, cloud.archive, NoReports(), made.id, item["file_id"])  # type: ignore[arg-type]
    publication.close_archive(cloud.submissions, cloud.records, made.id)
    run = next(o.accession for o in cloud.submissions.objects(made) if o.type == "run")
    record = cloud.records.get(run or "")
    assert run and record
    return made, run, record.files[0]["name"]


def asked(cloud: Cloud, person: Person, run: str, name: str) -> dict[str, Any]:
    return service.header(cloud.records, cloud.headers, cloud.ring, person, run, name)


def test_the_archive_step_works_unchanged_on_the_encrypted_archive_and_its_reader_gets_the_file(cloud: Cloud) -> None:
    made, run, name = released(cloud)
    with pytest.raises(NoPublicKey):
        asked(cloud, ANA, run, name)
    service.register(cloud.headers, ANA, public_text(public_key_of(READER)))
    told = asked(cloud, ANA, run, name)
    record = cloud.records.get(run)
    assert record
    body = b"".join(RangedReader("controlled", record.files[0]["key"], record.files[0]["version_id"]))
    assert b"".join(decrypt([base64.b64decode(told["header"]), body], [READER])) == PLAIN
    assert (told["size_bytes"], told["sha256"]) == (len(PLAIN), hashlib.sha256(PLAIN).hexdigest())
    with pytest.raises(NotFound):  # a stranger learns nothing of a private record
        asked(cloud, LI, run, name)
    release.release(cloud.submissions, cloud.records, made.id)
    service.register(cloud.headers, LI, public_text(public_key_of(bytes([9]) * 32)))
    assert asked(cloud, LI, run, name)["key_id"] == key_id(public_key_of(bytes([9]) * 32))  # open access: as a download
    with pytest.raises(NotFound):
        asked(cloud, LI, run, "another")


def test_every_header_that_is_handed_out_is_told_and_no_key_stands_in_a_table_or_event(cloud: Cloud) -> None:
    _, run, name = released(cloud)
    service.register(cloud.headers, ANA, public_text(public_key_of(READER)))
    asked(cloud, ANA, run, name)
    asked(cloud, ANA, run, name)
    given = [body for kind, body in cloud.told() if kind == "HeaderGiven"]
    expected = {"accession": run, "file": name, "person": "ana", "key": key_id(public_key_of(READER))}
    assert given == [expected] * 2
    dump = cloud.dump()
    for private in (*cloud.ring.read().private.values(), READER):
        assert base64.b64encode(private).decode() not in dump and private.hex() not in dump
    assert "private" not in repr(cloud.ring.read()) and repr(private) not in repr(cloud.ring.read())


def test_a_file_that_is_not_encrypted_needs_no_header(cloud: Cloud) -> None:
    _, run, name = released(cloud)
    record = cloud.records.get(run)
    assert record
    file = record.files[0] | {"key": "open/one"}
    cloud.records.save(record, replace(record, files=[file]), event="x", words="x", actor="test")
    with pytest.raises(NotEncrypted):
        asked(cloud, ANA, run, name)


def test_a_public_key_is_registered_replaced_and_held_to_its_form(cloud: Cloud) -> None:
    with pytest.raises(NoPublicKey):
        service.registered(cloud.headers, ANA)
    first = service.register(cloud.headers, ANA, public_text(public_key_of(READER)))
    assert service.register(cloud.headers, ANA, public_text(public_key_of(READER))) == first
    assert [body for kind, body in cloud.told() if kind == "AccountChanged"] == [
        {"person": "ana", "actor": "ana", "change": "public key"}
    ]
    second = service.register(cloud.headers, ANA, public_text(public_key_of(new_key())))
    assert service.registered(cloud.headers, ANA) == second != first
    for text in ("", "ssh-ed25519 AAAA", private_text(new_key()), public_text(bytes(32))):
        with pytest.raises(Invalid) as caught:
            service.register(cloud.headers, ANA, text)
        assert caught.value.findings[0].rule == "encryption.key" and caught.value.findings[0].value == ""
