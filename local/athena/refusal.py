"""Why a query ends FAILED: each reason names what stood in the way."""

from __future__ import annotations


class Failed(Exception):
    """The query ends FAILED with this reason."""


class NotHere(Failed):
    """Athena might answer this; the laptop would answer differently, so it does not answer at all."""

    def __init__(self, what: str, instead: str = "") -> None:
        super().__init__(f"{what} is not supported here" + (f": {instead}" if instead else ""))
