"""STOW-RS: bodies taken apart; whatever is posted, nothing breaks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biotheca.errors import Conflict, Invalid, NotFound
from biotheca.imaging import receiving
from biotheca.submissions.model import FileState
from tests.unit.deidentification.making import as_bytes, ct
from tests.unit.deidentification.test_workflow import Cloud, cloud
from tests.unit.world import ANA, LI

__all__ = ["cloud"]


def posted(*parts: bytes, mark: str = "x") -> tuple[str, bytes]:
    body = b"".join(f"--{mark}\r\nContent-Type: application/dicom\r\n\r\n".encode() + part + b"\r\n" for part in parts)
    return f'multipart/related; type="application/dicom"; boundary="{mark}"', body + f"--{mark}--\r\n".encode()


@given(st.lists(st.binary(max_size=60).filter(lambda part: b"\r\n--x" not in part), min_size=1, max_size=5))
def test_parts_are_those_that_were_put_together(parts: list[bytes]) -> None:
    assert receiving.parts_of(*posted(*parts)) == parts


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/related", b"--x\r\n\r\nA\r\n--x--"),
        ("multipart/related; boundary=x", b""),
        ("multipart/related; boundary=x", b"--x\r\n\r\nA"),
        ("multipart/related; boundary=y", b"--x\r\n\r\nA\r\n--x--"),
    ],
)
def test_what_is_no_multipart_body_is_refused(kind: str, body: bytes) -> None:
    with pytest.raises(Invalid):
        receiving.parts_of(kind, body)


@given(st.binary(max_size=80), st.integers(0, 400))
def test_meta_of_damaged_files_is_none_or_what_stands_there(noise: bytes, cut: int) -> None:
    whole = as_bytes(ct(1))
    assert receiving.meta_of(noise) is None
    told = {"sop_class": "1.2.840.10008.5.1.4.1.1.2", "uid": "1.2.3.4.5.1"}
    assert receiving.meta_of(whole) == told
    assert receiving.meta_of(whole[:cut]) in (None, told)


def test_the_same_post_again_changes_nothing_and_another_adds_a_file(cloud: Cloud) -> None:
    kind, body = posted(as_bytes(ct(1)), b"no DICOM", as_bytes(ct(2)))
    first = receiving.receive(cloud.submissions, cloud.inbox, ANA, kind, body)
    again = receiving.receive(cloud.submissions, cloud.inbox, ANA, kind, body)
    assert first == again and len(first.stored) == 2 and first.failed == [receiving.CANNOT_UNDERSTAND]
    draft = cloud.submissions.get(first.submission)
    assert [file.state for file in cloud.submissions.files(draft)] == [FileState.DECLARED]
    kind, body = posted(as_bytes(ct(3)))
    receiving.receive(cloud.submissions, cloud.inbox, ANA, kind, body, draft.id)
    files = cloud.submissions.files(cloud.submissions.get(draft.id))
    assert len(files) == 2 and all(cloud.inbox.facts(cloud.inbox.key(draft.id, file.id)) for file in files)
    with pytest.raises(NotFound):
        receiving.receive(cloud.submissions, cloud.inbox, LI, kind, body, draft.id)
    reads = cloud.draft()
    with pytest.raises(Invalid):
        receiving.receive(cloud.submissions, cloud.inbox, ANA, kind, body, reads.id)


def test_what_was_handed_in_takes_no_more(cloud: Cloud) -> None:
    from biotheca.submissions import service as submitting

    kind, body = posted(as_bytes(ct(1)))
    draft = receiving.receive(cloud.submissions, cloud.inbox, ANA, kind, body).submission
    submitting.submit(cloud.submissions, ANA, draft)
    with pytest.raises(Conflict):
        receiving.receive(cloud.submissions, cloud.inbox, ANA, kind, body, draft)


def test_where_nothing_is_dicom_there_is_no_draft(cloud: Cloud) -> None:
    found = receiving.receive(cloud.submissions, cloud.inbox, ANA, *posted(b"PK", b""))
    assert (found.status, found.submission, found.stored) == (409, "", [])
    assert len(found.as_dicom_json()["0008119A"]["Value"]) == 2
