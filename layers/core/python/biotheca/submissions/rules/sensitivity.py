"""How sensitive a file is, and what follows: bucket, key, who may have it, whether the lake may. Pure.

Classes and rules are data: catalog/sensitivity.yaml. A rule that hangs on an unknown fact applies: what is not known to
be harmless is not treated so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from biotheca import catalog
from biotheca.submissions.rules.conditions import Facts, holds


@dataclass(frozen=True)
class Sensitivity:
    """A file's class. `because`: ids of the rules that put it there; none for the lowest class.

    `bucket` and `key` are kinds (open_archive, controlled_archive; archive, controlled), `access` is everybody,
    signed_in, grant or owner; `encrypted`: Crypt4GH, beside the bucket's own encryption; `lake`: it may be asked there.
    """

    name: str
    because: tuple[str, ...]
    bucket: str
    key: str
    encrypted: bool
    access: str
    lake: bool


def classes() -> list[str]:
    """From the least sensitive to the most."""
    return list(catalog.sensitivity()["classes"])


def class_of(facts: Facts) -> Sensitivity:
    """The class of a file of which these facts are known: the highest of the rules that apply or may apply."""
    data: dict[str, Any] = catalog.sensitivity()
    order = classes()
    applying = [
        (order.index(rule["class"]), rule["id"]) for rule in data["rules"] if holds(rule["when"], facts) is not False
    ]
    height = max((height for height, _ in applying), default=0)
    name = order[height]
    return Sensitivity(name, tuple(rule for at, rule in applying if at == height and height), **data["classes"][name])


def of_dataset(files: list[Sensitivity]) -> str:
    """The class of what holds several files: that of the most sensitive; the lowest, if there is none."""
    order = classes()
    return max((file.name for file in files), key=order.index, default=order[0])
