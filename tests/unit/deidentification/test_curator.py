"""A curator has text blanked in images that were set aside: pictures that only the desk gets, and an honest release."""

from __future__ import annotations

import io
from typing import Any

import boto3
import numpy as np
import pydicom
import pytest
import requests
from PIL import Image

from biotheca.curation import service as curating
from biotheca.curation.model import NotWaiting
from biotheca.deidentification import curator, service
from biotheca.errors import Invalid, NotAllowed, NotFound
from biotheca.submissions.model import State, Submission
from tests.unit.deidentification.making import as_bytes, ct
from tests.unit.deidentification.test_bad_input import alone, instances, lettered
from tests.unit.deidentification.test_workflow import PLANTED, Cloud, zipped
from tests.unit.deidentification.test_workflow import cloud as cloud
from tests.unit.world import ANA, CHEN, LI


def reviewed(cloud: Cloud) -> Submission:
    """A sound slice, one with a name in its pixels, one whose header admits text that nobody finds; at the desk."""
    plain = alone(302, Modality="DX", BurnedInAnnotation="YES")
    packed = zipped(**{"1.dcm": as_bytes(ct(1)), "2.dcm": lettered(), "3.dcm": as_bytes(plain)})
    sent = cloud.sent(packed)
    assert cloud.de_identify(sent) == {"released": 1, "set_aside": 2}
    return cloud.put(sent.id, State.DATA_REVIEW)


def listed(cloud: Cloud, made: Submission) -> dict[str, dict[str, Any]]:
    rows, following = curator.pictures(cloud.submissions, cloud.reports, CHEN, made.id, 50, None)
    assert following is None
    return {row["reason"]: row for row in rows}


def picture(cloud: Cloud, made: Submission, mark: str, moment: str) -> Any:
    asked = cloud.submissions, cloud.reports, cloud.inbox, CHEN, made.id, mark, moment
    answer = requests.get(curator.link(*asked), timeout=10)
    return np.asarray(Image.open(io.BytesIO(answer.content)).convert("L"))


def order(cloud: Cloud, made: Submission, images: dict[str, Any], reasons: list[str], person: Any = CHEN) -> Submission:
    return curator.blank(cloud.submissions, cloud.reports, person, made.id, images, reasons)


def test_what_was_blanked_is_released_with_an_honest_claim_and_what_was_not_stays_out(cloud: Cloud) -> None:
    made = reviewed(cloud)
    rows = listed(cloud, made)
    assert set(rows) == {"pixel_text_confirmed", "burned_in_yes"}
    lettering = rows["pixel_text_confirmed"]
    assert lettering["before"] and not lettering["after"] and lettering["boxes"] and lettering["blanked"] == 0
    assert set(lettering) == {"mark", "reason", "words", "frames", "boxes", "blanked", "before", "after"}
    left, top, right, bottom = lettering["boxes"][0]
    before = picture(cloud, made, lettering["mark"], "before")
    assert before[top:bottom, left:right].max() > 200

    now = order(cloud, made, {}, ["pixel_text_confirmed"])
    assert now.state == State.FILES_CHECKING
    assert cloud.de_identify(made) == {"released": 2, "set_aside": 1}
    rows = {row["mark"]: row for row in listed(cloud, made).values()}
    done = rows[lettering["mark"]]
    assert done["after"] and done["blanked"] and done["reason"] == ""
    assert picture(cloud, made, lettering["mark"], "after")[top:bottom, left:right].max() < 50

    cloud.released(made)
    public = {int(one.InstanceNumber): one for one in map(pydicom.dcmread, map(io.BytesIO, instances(cloud, "open")))}
    assert set(public) == {1, 108}
    claims = [item.CodeValue for item in public[108].DeidentificationMethodCodeSequence]
    assert "113101" in claims and public[108].BurnedInAnnotation == "NO"
    shown = public[108].pixel_array
    assert (shown[top:bottom, left:right] == shown.min()).all()
    lines, _ = cloud.submissions.history(made.id, 100, None)
    assert "A curator asked to blank text in 1 image(s)." in [line["words"] for line in lines]
    told = cloud.dump().encode()
    assert not any(word.lower() in told.lower() for word in PLANTED)


def test_what_nobody_finds_needs_the_curators_boxes_and_orders_add_up(cloud: Cloud) -> None:
    made = reviewed(cloud)
    admitted = listed(cloud, made)["burned_in_yes"]["mark"]
    order(cloud, made, {admitted: []}, [])
    assert cloud.de_identify(made) == {"released": 1, "set_aside": 2}
    cloud.put(made.id, State.DATA_REVIEW)
    assert "name the boxes" in {row["mark"]: row for row in listed(cloud, made).values()}[admitted]["words"]
    order(cloud, made, {admitted: [(0, 0, 8, 4)]}, ["pixel_text_confirmed"])
    assert cloud.de_identify(made) == {"released": 3, "set_aside": 0}


def test_nobody_but_the_desk_sees_pictures_or_asks_and_the_owner_never_of_their_own(cloud: Cloud) -> None:
    made = reviewed(cloud)
    mark = listed(cloud, made)["pixel_text_confirmed"]["mark"]
    stores = cloud.submissions, cloud.reports
    for person in (ANA, LI):
        with pytest.raises(NotAllowed):
            curator.pictures(*stores, person, made.id, 50, None)
        with pytest.raises(NotAllowed):
            curator.link(*stores, cloud.inbox, person, made.id, mark, "before")
        with pytest.raises(NotAllowed):
            order(cloud, made, {}, ["pixel_text_confirmed"], person)
    for wrong in (("0" * 32, "before"), (mark, "after"), (mark, "../" + mark), ("../" + mark, "before")):
        with pytest.raises(NotFound):
            curator.link(*stores, cloud.inbox, CHEN, made.id, *wrong)
    assert not [body for kind, body in cloud.told() if kind == "PictureShown"]
    picture(cloud, made, mark, "before")
    (shown,) = [body for kind, body in cloud.told() if kind == "PictureShown"]
    assert shown == {"submission": made.id, "image": mark, "moment": "before", "person": CHEN.subject}
    told = str(service.report_of(*stores, ANA, made.id))
    assert mark not in told and "picture" not in told
    keys = [row["Key"] for row in boto3.client("s3").list_objects_v2(Bucket="inbox")["Contents"]]
    assert {key for key in keys if key.endswith(".png")} <= {key for key in keys if cloud.inbox.is_made(key)}


@pytest.mark.parametrize(
    ("images", "reasons"), [({}, []), ({"0" * 32: []}, []), ({}, ["mixed_patients"]), ({}, ["damaged"])]
)
def test_what_cannot_be_blanked_is_said(cloud: Cloud, images: dict[str, Any], reasons: list[str]) -> None:
    made = reviewed(cloud)
    with pytest.raises(Invalid):
        order(cloud, made, images, reasons)
    assert cloud.submissions.get(made.id).state == State.DATA_REVIEW


def test_two_curators_cannot_ask_at_once_and_the_waiting_step_hears_of_it(cloud: Cloud) -> None:
    made = reviewed(cloud)
    cloud.put(made.id, State.DATA_REVIEW, tokens={"decision": "t1"})
    order(cloud, made, {}, ["pixel_text_confirmed"])
    with pytest.raises(NotWaiting):
        order(cloud, made, {}, ["pixel_text_confirmed"])
    answered: list[Any] = []

    class Waiting:
        def answer(self, token: str, output: dict[str, Any]) -> None:
            answered.append((token, output["decision"]))

    assert curating.resume_after_decision(cloud.submissions, Waiting(), made.id, 1)  # type: ignore[arg-type]
    assert answered == [("t1", "anew")]
    curating.ask(cloud.submissions, made.id, 1, "t2", "data")
    assert cloud.submissions.get(made.id).state == State.DATA_REVIEW
    assert not curating.resume_after_decision(cloud.submissions, Waiting(), made.id, 1)  # type: ignore[arg-type]
