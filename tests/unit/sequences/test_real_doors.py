"""The same engine over the real store of copies (S3 as moto has it) and real HTTP; and doors that stay shut."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import boto3
import pytest

from biotheca.sequences import work
from biotheca.sequences.model import Place, SourceFailed, SourceRefused, State
from biotheca.sequences.ports import Busy, NotThere, PinBroken, Taken, UploadGone
from biotheca.sequences.sources import Allowed
from biotheca.sequences.store import MirrorBucket, _as_port
from biotheca.sequences.web import WebSource
from tests.unit.sequences.http_source import http_source
from tests.unit.sequences.mirror import MEBIBYTE, RUN, Mirror, md5
from tests.unit.sequences.strict_s3 import Thing

DATA = random.Random(7).randbytes(11 * MEBIBYTE + 3)


@pytest.fixture
def real(small: Mirror) -> Mirror:
    for name in ("mirror-bucket", "sra-pub-run-odp"):
        boto3.client("s3").create_bucket(Bucket=name)
    bucket = MirrorBucket("mirror-bucket")
    made = small.means
    small.means = lambda **sizes: replace(made(), bucket=bucket, **sizes)  # type: ignore[method-assign]
    return small


def copy_of(name: str, real: Mirror) -> bytes:
    row = real.row(name)
    assert row.state is State.VERIFIED, row
    return boto3.client("s3").get_object(Bucket="mirror-bucket", Key=row.key or "")["Body"].read()


@pytest.mark.parametrize("size", [0, 5, len(DATA)], ids=["empty", "one part", "three parts"])
def test_a_file_comes_over_http_into_the_bucket(real: Mirror, size: int) -> None:
    real.note(real.on_the_web("a", DATA[:size]))
    real.ask()
    real.work(smallest_part_bytes=5 * MEBIBYTE)
    assert copy_of("a", real) == DATA[:size] and real.row("a").level == "L2"


@pytest.mark.parametrize("limit", [MEBIBYTE, 5 * 1024**3], ids=["by parts", "at once"])
def test_an_object_of_an_open_bucket_is_copied_inside_s3(real: Mirror, limit: int) -> None:
    boto3.client("s3").put_object(Bucket="sra-pub-run-odp", Key="sra/a", Body=DATA)
    real.note(real.in_a_bucket("a", Thing.holding(DATA)))
    real.ask()
    real.work(copy_limit_bytes=limit, copy_part_bytes=5 * MEBIBYTE, workers=3)
    assert copy_of("a", real) == DATA and real.row("a").level == "L2"


def test_wrong_bytes_are_hidden_from_the_bucket(real: Mirror) -> None:
    real.note(real.on_the_web("a", DATA, md5=md5(b"other")))
    real.ask()
    real.work(smallest_part_bytes=5 * MEBIBYTE)
    assert real.row("a").error_rule == "sequences.wrong_md5"
    assert "Contents" not in boto3.client("s3").list_objects_v2(Bucket="mirror-bucket")


def test_s3_says_taken_gone_and_not_there_in_the_ports_words(real: Mirror) -> None:
    bucket = MirrorBucket("mirror-bucket")
    bucket.put("files/k", b"1")
    with pytest.raises(Taken):
        bucket.put("files/k", b"2")
    with pytest.raises(UploadGone):
        bucket.parts("files/k", "no-such-upload")
    with pytest.raises(NotThere):
        bucket.look("sra-pub-run-odp", "nothing")
    with pytest.raises(NotThere):
        list(bucket.read("files/nothing"))
    assert bucket.held("files/nothing") is None
    bucket.abort("files/k", "no-such-upload")
    bucket.delete("files/nothing")


@pytest.mark.parametrize(
    ("kind", "words"), [("busy", Busy), ("pinned", PinBroken), ("missing", NotThere), ("upload", UploadGone)]
)
def test_each_kind_of_s3_fault_has_its_word(kind: str, words: type[Exception]) -> None:
    from biotheca.aws.copying import Fault

    with pytest.raises(words), _as_port():
        raise Fault(kind, "x")


def web(resolved: str) -> Callable[[str], object]:
    lists = Allowed({}, {"ftp.sra.ebi.ac.uk": {}})
    source = WebSource(lists, resolve=lambda host, port: [resolved])
    return lambda url: source.look(Place("https", url, "ENA", "ftp.sra.ebi.ac.uk"))


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "169.254.169.254", "192.168.0.1", "::1", "fd00::1", "::ffff:10.0.0.1", "0.0.0.0"],
)
def test_a_listed_name_that_leads_into_our_network_is_refused(address: str) -> None:
    with pytest.raises(SourceRefused, match="not in the open Internet"):
        web(address)("https://ftp.sra.ebi.ac.uk/vol1/a")


def test_not_even_a_redirect_to_another_listed_host_is_followed() -> None:
    with http_source() as one, http_source() as other:
        other.files["a"] = b"reads"
        one.files["a"] = b"reads"
        one.orders = [(302, {"Location": other.url("a")})]
        source = WebSource(Allowed({}, {}, (one.base, other.base)))
        place = Place("https", one.url("a"), "ENA", "one")
        with pytest.raises(SourceRefused, match="another host"):
            source.part(place, source.look(place), 0, 4)
        assert other.ranges == []


def test_a_name_that_cannot_be_resolved_may_be_well_later() -> None:
    def nowhere(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    source = WebSource(Allowed({}, {}), resolve=nowhere)
    with pytest.raises(SourceFailed):
        source.look(Place("https", "https://ftp.sra.ebi.ac.uk/a", "ENA", "ftp.sra.ebi.ac.uk"))


def test_the_laptops_sources_come_from_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    assert work.allowed().extra == ()
    monkeypatch.setenv("BIOTHECA_MIRROR_SOURCES", '{"a": "http://127.0.0.1:9/a", "b": "http://127.0.0.1:9/b/"}')
    assert work.allowed().extra == ("http://127.0.0.1:9/a/", "http://127.0.0.1:9/b/")
    assert RUN
