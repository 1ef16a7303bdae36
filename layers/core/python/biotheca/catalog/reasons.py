"""The coded reasons for returning a submission, from return_reasons.yaml."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import yaml


@cache
def return_reasons() -> dict[str, dict[str, Any]]:
    """code -> points_to (a type of object, or submission) and text in EN and ZH, in published order."""
    text = (resources.files(__package__) / "return_reasons.yaml").read_text("utf-8")
    return {
        row["code"]: {"points_to": row["points_to"], "text": {"en": row["en"], "zh": row["zh"]}}
        for row in yaml.safe_load(text)["reasons"]
    }
