"""Uploads: nothing finished is sent again, nothing damaged is kept, whatever breaks in between."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from biotheca_client import Client, ClientFault, NetworkDown, Refused
from biotheca_client.errors import FileDiffers
from biotheca_client.local_files import parts_of
from biotheca_client.uploads import Uploader
from tests.clients.archive_double import Archive
from tests.clients.conftest import CommandLine, write

DATA = os.urandom(5500)  # six parts of a thousand bytes


def _file(tmp_path: Path, data: bytes = DATA, name: str = "a.fq.gz") -> Path:
    path = tmp_path / "here" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return path


def test_a_file_arrives_whole_in_parts_bound_to_their_digests(archive: Archive, client: Client, tmp_path: Path) -> None:
    sid = archive.submission(("a.fq.gz", DATA))
    sent = client.upload(sid, [_file(tmp_path)])
    assert archive.bytes_of(sid, "a.fq.gz") == DATA
    assert (sent[0].parts_sent, sent[0].parts_kept, sent[0].bytes_sent) == (6, 0, 5500)
    assert client.files(sid)[0]["state"] == "received"


def test_links_are_asked_for_just_in_time_and_never_more_than_a_hundred(
    archive: Archive, client: Client, tmp_path: Path
) -> None:
    archive.part_size_bytes = 10
    sid = archive.submission(("a.fq.gz", DATA))
    Uploader(client.session, jobs=64).send(client.files(sid)[0], _file(tmp_path))
    assert archive.bytes_of(sid, "a.fq.gz") == DATA
    assert sum(archive.links_asked) == 550
    assert max(archive.links_asked) <= 100
    assert len(archive.links_asked) > 5


def test_parts_that_are_there_are_not_sent_again(archive: Archive, client: Client, tmp_path: Path) -> None:
    sid = archive.submission(("a.fq.gz", DATA))
    archive.put_orders[:] = [None, None, None, *["503"] * 50]
    with pytest.raises(NetworkDown, match="could not be stored in 5 tries"):
        client.upload(sid, [_file(tmp_path)], jobs=1)
    archive.put_orders.clear()
    there = archive.put_done.total()
    sent = client.upload(sid, [_file(tmp_path)], jobs=1)
    assert there == 3
    assert (sent[0].parts_kept, sent[0].parts_sent, sent[0].bytes_sent) == (3, 3, 2500)
    assert set(archive.put_done.values()) == {1}
    assert archive.bytes_of(sid, "a.fq.gz") == DATA


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    orders=st.lists(st.sampled_from([None, None, 0, 300, "503", "expired", "damage"]), max_size=10),
    jobs=st.integers(1, 4),
)
def test_whatever_happens_to_single_parts_the_file_arrives(
    archive: Archive, client: Client, tmp_path: Path, orders: list[str | int | None], jobs: int
) -> None:
    data = os.urandom(4321)
    sid = archive.submission(("a.fq.gz", data))
    archive.put_orders[:] = orders
    while True:
        try:
            client.upload(sid, [_file(tmp_path, data)], jobs)
            break
        except NetworkDown:
            continue  # five troubles in a row on one part: people run the command again
    assert archive.bytes_of(sid, "a.fq.gz") == data
    assert archive.sins == []


def test_a_bad_part_is_repaired_and_only_that_part(archive: Archive, client: Client, tmp_path: Path) -> None:
    sid = archive.submission(("a.fq.gz", DATA))
    archive.put_orders[:] = [*[None] * 5, *["503"] * 50]
    with pytest.raises(NetworkDown):
        client.upload(sid, [_file(tmp_path)], jobs=1)
    archive.put_orders.clear()
    held = archive.uploads[f"{sid}.a.fq.gz"].parts
    held[2] = b"x" * 1000
    sent = client.upload(sid, [_file(tmp_path)], jobs=1)
    assert (sent[0].parts_kept, sent[0].parts_sent) == (4, 2)
    assert archive.bytes_of(sid, "a.fq.gz") == DATA


def test_damage_on_the_line_is_noticed_by_the_store_and_sent_anew(
    archive: Archive, client: Client, tmp_path: Path
) -> None:
    sid = archive.submission(("a.fq.gz", DATA))
    archive.put_orders[:] = ["damage", "damage"]
    client.upload(sid, [_file(tmp_path)], jobs=1)
    assert archive.put_tries.total() == 8
    assert archive.bytes_of(sid, "a.fq.gz") == DATA


def test_an_expired_link_is_fetched_again(archive: Archive, client: Client, tmp_path: Path) -> None:
    sid = archive.submission(("a.fq.gz", DATA))
    archive.put_orders[:] = ["expired", None, "expired"]
    client.upload(sid, [_file(tmp_path)], jobs=1)
    assert archive.bytes_of(sid, "a.fq.gz") == DATA
    assert sum(archive.links_asked) == 8


def test_links_that_are_always_expired_end_with_a_word_about_the_clock(
    archive: Archive, client: Client, tmp_path: Path
) -> None:
    archive.link_valid_s = -1
    sid = archive.submission(("a.fq.gz", DATA))
    with pytest.raises(NetworkDown) as met:
        client.upload(sid, [_file(tmp_path)])
    assert "AccessDenied" in met.value.message
    assert "clock" in met.value.mend


@pytest.mark.parametrize(
    ("local", "word"), [(DATA[:-1], "5499 bytes, but 5500 were declared"), (b"x" + DATA[1:], "MD5"), (b"", "empty")]
)
def test_another_file_than_the_declared_one_is_never_sent(
    archive: Archive, client: Client, tmp_path: Path, local: bytes, word: str
) -> None:
    sid = archive.submission(("a.fq.gz", DATA))
    with pytest.raises(FileDiffers, match=word):
        client.upload(sid, [_file(tmp_path, local)])
    assert not archive.put_tries


def test_a_file_that_changes_while_it_is_sent_is_noticed(archive: Archive, client: Client, tmp_path: Path) -> None:
    sid = archive.submission(("a.fq.gz", DATA))
    path = _file(tmp_path)

    class Meddler:
        def start(self, name: str, size_bytes: int):  # type: ignore[no-untyped-def]
            return lambda _: path.write_bytes(b"y" * 5500)

    with pytest.raises(FileDiffers, match="changed while"):
        client.upload(sid, [path], jobs=1, progress=Meddler())
    assert "POST /v1/files/sub_1.a.fq.gz/complete" not in archive.calls


def test_a_file_that_only_grew_is_not_completed(archive: Archive, client: Client, tmp_path: Path) -> None:
    sid = archive.submission(("a.fq.gz", DATA))
    path = _file(tmp_path)

    class Writer:
        def start(self, name: str, size_bytes: int):  # type: ignore[no-untyped-def]
            return lambda _: path.open("ab").write(b"more")

    with pytest.raises(FileDiffers, match="changed while it was being sent"):
        client.upload(sid, [path], jobs=1, progress=Writer())
    assert archive.uploads[f"{sid}.a.fq.gz"].open


def test_ten_thousand_and_one_parts_are_refused_before_anything_is_sent(
    archive: Archive, client: Client, tmp_path: Path
) -> None:
    archive.part_size_bytes = 1
    data = b"x" * 10_001
    sid = archive.submission(("a.fq.gz", data))
    with pytest.raises(Refused, match=r"10001 parts; 1 to 10000"):
        client.upload(sid, [_file(tmp_path, data)])
    assert not archive.put_tries and not archive.links_asked
    assert len(parts_of(10_000, 1)) == 10_000


def test_a_part_that_vanished_before_completion_is_sent_again(archive: Archive, client: Client, tmp_path: Path) -> None:
    sid = archive.submission(("a.fq.gz", DATA))
    real, told = archive.complete, []

    def forgetful(fid: str, **more: object):  # type: ignore[no-untyped-def]
        if not told:
            told.append(1)
            archive.uploads[fid].parts.pop(4)
        return real(fid, **more)

    archive.complete = forgetful  # type: ignore[method-assign]
    sent = client.upload(sid, [_file(tmp_path)])
    assert archive.bytes_of(sid, "a.fq.gz") == DATA
    assert (sent[0].parts_sent, sent[0].parts_kept) == (6, 0)


def test_an_upload_completed_by_a_killed_client_is_not_begun_anew(
    archive: Archive, client: Client, tmp_path: Path
) -> None:
    archive.settle_looks = 3
    sid = archive.submission(("a.fq.gz", DATA))
    client.upload(sid, [_file(tmp_path)])
    assert archive.files[f"{sid}.a.fq.gz"]["state"] == "uploading"  # its event is still on the way
    sent = client.upload(sid, [_file(tmp_path)])
    assert (sent[0].state, sent[0].parts_sent) == ("received", 0)
    assert set(archive.put_done.values()) == {1}


def test_a_file_that_another_client_finished_meanwhile_is_no_fault(
    archive: Archive, client: Client, tmp_path: Path
) -> None:
    sid = archive.submission(("a.fq.gz", DATA))
    as_listed_before = client.files(sid)[0]
    client.upload(sid, [_file(tmp_path)])
    sent = Uploader(client.session).send(as_listed_before, _file(tmp_path))
    assert (sent.state, sent.parts_sent) == ("received", 0)


def test_an_upload_thrown_away_elsewhere_is_opened_again(archive: Archive, client: Client, tmp_path: Path) -> None:
    sid = archive.submission(("a.fq.gz", DATA))
    real = archive.part_urls

    def once_gone(fid: str, **more: object):  # type: ignore[no-untyped-def]
        answer = real(fid, **more)
        archive.uploads[fid].open = archive.put_tries.total() > 0
        archive.settle_looks = 99
        return answer

    archive.part_urls = once_gone  # type: ignore[method-assign]
    client.upload(sid, [_file(tmp_path)], jobs=1)
    assert archive.bytes_of(sid, "a.fq.gz") == DATA


def test_many_small_files_travel_side_by_side(archive: Archive, client: Client, tmp_path: Path) -> None:
    archive.put_takes_s = 0.1
    named = [(f"f{n}.fq", b"@r\nA\n+\nI\n%d" % n) for n in range(12)]
    sid = archive.submission(*named)
    began = time.monotonic()
    client.upload(sid, [_file(tmp_path, data, name) for name, data in named], jobs=6)
    assert time.monotonic() - began < 1.0
    assert all(archive.bytes_of(sid, name) == data for name, data in named)


def test_progress_ends_at_the_size_of_the_file_whatever_was_sent_twice(
    archive: Archive, client: Client, tmp_path: Path
) -> None:
    sid = archive.submission(("a.fq.gz", DATA))
    archive.put_orders[:] = ["damage", 300, "expired", None, "503"]
    seen: list[int] = []

    class Counting:
        def start(self, name: str, size_bytes: int):  # type: ignore[no-untyped-def]
            assert (name, size_bytes) == ("a.fq.gz", 5500)
            return seen.append

    client.upload(sid, [_file(tmp_path)], jobs=2, progress=Counting())
    assert sum(seen) == 5500


def test_a_token_that_ends_during_an_upload_is_renewed(archive: Archive, client: Client, tmp_path: Path) -> None:
    sid = archive.submission(("a.fq.gz", DATA))
    archive.expire_tokens()
    client.upload(sid, [_file(tmp_path)])
    assert archive.calls.count("POST /v1/refresh") == 1


def test_killed_at_any_moment_the_next_run_sends_only_what_is_missing(
    archive: Archive, biotheca: CommandLine, tmp_path: Path
) -> None:
    data = os.urandom(40_000)
    sid = archive.submission(("a.fq.gz", data))
    biotheca.login()
    path = _file(tmp_path, data)
    archive.put_takes_s = 0.02
    for parts in (6, 20):
        process = biotheca.start("upload", sid, str(path), "--jobs", "2")
        until = time.monotonic() + 20
        while archive.put_done.total() < parts and time.monotonic() < until:
            time.sleep(0.005)
        process.kill()
        process.communicate()
        time.sleep(0.1)
    resent_at_most = 2 * 2  # the parts in flight at each kill
    last = biotheca("upload", sid, str(path))
    assert last.code == 0
    assert archive.bytes_of(sid, "a.fq.gz") == data
    assert set(archive.put_done.values()) == {1}
    assert archive.put_tries.total() <= 40 + resent_at_most
    assert "of 40 parts were there" in last.err


def test_another_machine_goes_on_where_the_first_one_stopped(
    archive: Archive, client: Client, biotheca: CommandLine, tmp_path: Path
) -> None:
    sid = archive.submission(("a.fq.gz", DATA))
    archive.put_orders[:] = [None, None, *["503"] * 50]
    with pytest.raises(NetworkDown):
        client.upload(sid, [_file(tmp_path)], jobs=1)
    archive.put_orders.clear()
    biotheca.login()
    copy = write(tmp_path / "other disk", a__fq__gz=DATA)
    assert biotheca("upload", sid, str(copy)).code == 0
    assert archive.bytes_of(sid, "a.fq.gz") == DATA
    assert set(archive.put_done.values()) == {1}


def test_ctrl_c_says_that_nothing_is_lost_and_the_next_run_goes_on(
    archive: Archive, biotheca: CommandLine, tmp_path: Path
) -> None:
    sid = archive.submission(("a.fq.gz", DATA))
    biotheca.login()
    archive.put_takes_s = 0.3
    process = biotheca.start("upload", sid, str(_file(tmp_path)), "--jobs", "1")
    until = time.monotonic() + 20
    while archive.put_done.total() < 2 and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    biotheca.printed += [out, err]
    assert process.returncode == 130
    assert "Nothing is lost: run the same command again" in err
    archive.put_takes_s = 0
    time.sleep(0.4)  # the part in flight may still arrive
    assert biotheca("upload", sid, str(_file(tmp_path))).code == 0
    assert archive.bytes_of(sid, "a.fq.gz") == DATA
    assert archive.sins == []


def test_a_file_the_submission_does_not_name_is_wrong_use(
    archive: Archive, biotheca: CommandLine, tmp_path: Path
) -> None:
    sid = archive.submission(("a.fq.gz", DATA))
    biotheca.login()
    ran = biotheca("upload", sid, str(_file(tmp_path, name="b.fq.gz")))
    assert ran.code == 2
    assert "b.fq.gz is no file of submission" in ran.err and "It expects: a.fq.gz" in ran.err


def test_faults_of_a_file_are_client_faults(archive: Archive, client: Client, tmp_path: Path) -> None:
    sid = archive.submission(("a.fq.gz", DATA))
    with pytest.raises(ClientFault, match="cannot be read"):
        client.upload(sid, [tmp_path / "gone" / "a.fq.gz"])


def test_many_small_files_share_their_calls_and_a_second_run_sends_what_the_first_did_not(
    archive: Archive, biotheca: CommandLine, tmp_path: Path
) -> None:
    named = [(f"f{n:03d}.fq", b"@r\nA\n+\nI\n%d" % n) for n in range(230)]
    sid = archive.submission(*named)
    archive.page = 50
    biotheca.login()
    for name, data in named[:150]:
        _file(tmp_path, data, name)
    first = biotheca("upload", sid, *[str(tmp_path / "here" / name) for name, _ in named[:150]])
    assert first.code == 0, first.err
    assert "150 files" in first.err
    assert archive.links_asked == [100, 50]
    for name, data in named:
        _file(tmp_path, data, name)
    archive.put_orders[:] = ["503", "expired", 3, "damage"]
    second = biotheca("upload", sid, *[str(tmp_path / "here" / name) for name, _ in named])
    assert second.code == 0, second.err
    assert all(archive.bytes_of(sid, name) == data for name, data in named)
    assert set(archive.put_done.values()) == {1}
    assert archive.sins == []


def test_of_many_small_files_the_one_that_is_not_the_declared_one_is_named(
    archive: Archive, client: Client, tmp_path: Path
) -> None:
    named = [(f"f{n:03d}.fq", b"@r\nA\n+\nI\n%d" % n) for n in range(30)]
    sid = archive.submission(*named)
    paths = [_file(tmp_path, data, name) for name, data in named]
    paths[7].write_bytes(b"x" * len(named[7][1]))
    with pytest.raises(FileDiffers, match=r"f007\.fq is not the declared file"):
        client.upload(sid, paths)
    assert not archive.put_tries
