"""Images at a terminal: a curator looks at text in pixels and has it blanked, anybody browses, persons are linked."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from local.people import PEOPLE
from local.stack import Stack
from tests.journeys.bringing import handed_in
from tests.journeys.conftest import Person, eventually, wait_for
from tests.journeys.test_journey import Cli
from tests.journeys.test_obia import collection
from tests.unit.deidentification.making import as_bytes, ct
from tests.unit.deidentification.test_bad_input import lettered
from tests.unit.deidentification.test_workflow import zipped


@pytest.fixture(scope="module")
def terminals(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Cli]:
    home = tmp_path_factory.mktemp("terminals")
    made = {"nobody": Cli(home / "nobody", stack.front_url)}
    for name, person in (("ana", PEOPLE[0]), ("chen", PEOPLE[2])):
        made[name] = Cli(home / name, stack.front_url)
        made[name].run("login", "--email", person.email, "--password-stdin", given=person.password + "\n")
    return made


def test_text_in_pixels_is_looked_at_blanked_and_released_and_anybody_browses(
    terminals: dict[str, Cli], ana: Person, tmp_path: Path
) -> None:
    ana_, chen, nobody = (terminals[name] for name in ("ana", "chen", "nobody"))
    packed = zipped(**{"1.dcm": as_bytes(ct(1, BodyPartExamined="THORAX")), "2.dcm": lettered()})
    sent = handed_in(ana, collection(packed), [("images.zip", packed)], member="obia")["id"]
    wait_for(ana, sent, "data_review")
    ana_.run("pictures", sent, code=1)  # not one of the desk
    assert "pixel_text_confirmed" in chen.run("pictures", sent)
    folder = tmp_path / "looked at"
    (before,) = json.loads(chen.run("pictures", sent, "--to", str(folder), "--json"))["saved"]
    assert stat.S_IMODE(Path(before).stat().st_mode) == 0o600
    mark = Path(before).name.removesuffix("-before.png")

    chen.run("blank", sent, code=2)
    chen.run("blank", sent, "--image", f"{mark}:here", code=2)
    chen.run("blank", sent, "--image", "0" * 32, code=1)
    assert "again" in chen.run("blank", sent, "--reason", "pixel_text_confirmed")
    wait_for(ana, sent, "data_review", "held")
    (row,) = json.loads(chen.run("pictures", sent, "--json"))["items"]
    assert row["blanked"] and row["after"] and row["reason"] == ""
    assert len(json.loads(chen.run("pictures", sent, "--to", str(folder), "--json"))["saved"]) == 2
    left, top, right, bottom = row["boxes"][0]
    brightest = {
        moment: int(np.asarray(Image.open(folder / f"{mark}-{moment}.png").convert("L"))[top:bottom, left:right].max())
        for moment in ("before", "after")
    }
    assert brightest["before"] > 200 and brightest["after"] < 50

    chen.run("decide", sent, "accept")
    dataset = wait_for(ana, sent, "released", "held")["dataset"]
    eventually(lambda: json.loads(nobody.run("images", "--collection", dataset, "--json"))["items"])
    told = nobody.run("images", "--collection", dataset, "--body-part", "chest")
    assert "THORAX" in told and "OBIE" in told
    assert "No released series" in nobody.run("images", "--collection", dataset, "--modality", "XX")
    assert "body_part" in (listed := nobody.run("images", "--collection", dataset, "--facets")) and "CHEST" in listed
    whole = json.loads(nobody.run("images", "--collection", dataset, "--all", "--json"))["items"]
    page = json.loads(nobody.run("images", "--collection", dataset, "--limit", "1", "--json"))
    assert len(whole) == 2 and page["items"] == whole[:1] and page["next_cursor"]
    (person,) = {one["individual"] for one in whole}
    assert "is linked" in ana_.run("same-person", person)
    assert json.loads(ana_.run("same-person", person, "--json")) == {"items": []}
    ana_.run("same-person", person, "HRI999999", code=3)
    ana_.run("same-person", person, "--remove", code=2)
