"""Heads in a collection: for everybody only after a curator's word, under control without it, and not opened later."""

from __future__ import annotations

import io
from typing import Any

import pydicom
import pytest

from biotheca.curation import service as curating
from biotheca.curation.model import Decision, Undecided
from biotheca.deidentification import service
from biotheca.errors import Invalid
from biotheca.publication import access
from biotheca.submissions.model import State, Submission
from tests.unit.deidentification.making import as_bytes, ct
from tests.unit.deidentification.test_bad_input import instances
from tests.unit.deidentification.test_workflow import Cloud, zipped
from tests.unit.deidentification.test_workflow import cloud as cloud
from tests.unit.world import ANA, CHEN


def at_the_desk(cloud: Cloud, **changed: Any) -> Submission:
    """Two series of heads and one of a chest."""
    part = {"BodyPartExamined": "HEAD", "StudyDescription": "CT"}
    files = {f"{n}.dcm": as_bytes(ct(n, SeriesInstanceUID=f"1.2.3.5.{n}", **part)) for n in (1, 2)}
    files["3.dcm"] = as_bytes(ct(3, SeriesInstanceUID="1.2.3.5.3", BodyPartExamined="CHEST"))
    sent = cloud.sent(zipped(**files))
    cloud.de_identify(sent)
    return cloud.put(sent.id, State.DATA_REVIEW, **changed)


def accept(cloud: Cloud, made: Submission) -> Submission:
    return curating.decide(cloud.submissions, cloud.desk, CHEN, made.id, Decision("accept"))


def test_an_open_collection_with_heads_waits_for_a_curators_word(cloud: Cloud) -> None:
    made = at_the_desk(cloud)
    assert service.report_of(cloud.submissions, cloud.reports, CHEN, made.id)["faces"] == 2
    with pytest.raises(Undecided):
        accept(cloud, made)
    (row,) = curating.desk(cloud.submissions, cloud.desk, CHEN, made.id)["checklist"]
    assert row["found"]["rule"] == "privacy.face" and "2 series show a head" in row["found"]["message"]
    assert row["must_be_decided"]
    answer = [{"finding": row["finding"], "decision": "harmless"}]
    curating.check(cloud.submissions, cloud.desk, CHEN, made.id, answer)
    cloud.released(made)
    marked = {
        int(one.InstanceNumber): one.get("RecognizableVisualFeatures")
        for one in map(pydicom.dcmread, map(io.BytesIO, instances(cloud, "open")))
    }
    assert marked == {1: "YES", 2: "YES", 3: None}


def test_a_controlled_one_asks_nothing_and_is_not_opened_afterwards(cloud: Cloud) -> None:
    made = at_the_desk(cloud, access="controlled")
    assert curating.desk(cloud.submissions, cloud.desk, CHEN, made.id)["checklist"] == []
    assert accept(cloud, made).state == State.ACCEPTED
    with pytest.raises(Invalid) as told:
        access.set_mode(cloud.submissions, cloud.records, ANA, made.id, "open")
    assert told.value.findings[0].rule == "privacy.face"


def test_a_collection_without_heads_asks_nothing(cloud: Cloud) -> None:
    sent = cloud.sent(zipped(**{"1.dcm": as_bytes(ct(1))}))
    cloud.de_identify(sent)
    cloud.put(sent.id, State.DATA_REVIEW)
    assert accept(cloud, sent).state == State.ACCEPTED
