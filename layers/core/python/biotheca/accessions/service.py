"""Mint numbers: atomic, monotone, never twice, and the same again for the same owner.

A number whose assignment lost a race or whose process died is a recorded void (it is below the
counter and in nobody's ledger line); it is never given out again.
"""

from __future__ import annotations

import threading
from typing import Protocol

from biotheca.accessions.model import Form, derived, forms


class Ledger(Protocol):
    """What minting needs of a store (AccessionStore keeps it in DynamoDB)."""

    def take(self, kind: str, count: int) -> int: ...
    def assigned(self, owner: str) -> tuple[int, int] | None: ...
    def assign(self, owner: str, kind: str, first: int, count: int) -> tuple[int, int]: ...


class OwnerHoldsOther(Exception):
    """The owner was given another count of numbers before: a replay must ask for the same."""


class Mint:
    """One per process. Forms with `block` > 1 are taken from the counter in blocks and handed out singly."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._blocks: dict[str, range] = {}
        self._lock = threading.Lock()

    def mint(self, kind: str, owner: str, count: int = 1) -> list[str]:
        """`count` accessions of a kind for an owner (e.g. `sub_1/run`); a replay gives the same ones.

        Raises OwnerHoldsOther if the owner holds another count, KeyError for an unknown kind.
        """
        form = forms()[kind]
        if count < 1:
            return []
        held = self.ledger.assigned(owner)
        if held is None:
            first = self._reserve(form, count)
            held = self.ledger.assign(owner, kind, first, count)
        if held[1] != count:
            raise OwnerHoldsOther(f"{owner!r} holds {held[1]} numbers of {kind}, not {count}")
        return [form.write(number) for number in range(held[0], held[0] + count)]

    def mint_below(self, kind: str, parent: str, owner: str, count: int = 1) -> list[str]:
        """As `mint`, of numbers that are built on a parent's: serials within it, never used again."""
        form = derived()[kind]
        if count < 1:
            return []
        held = self.ledger.assigned(owner)
        if held is None:
            counter = f"{kind}/{parent}"
            held = self.ledger.assign(owner, counter, self.ledger.take(counter, count) - count + 1, count)
        if held[1] != count:
            raise OwnerHoldsOther(f"{owner!r} holds {held[1]} numbers of {kind}, not {count}")
        return [form.write(parent, serial) for serial in range(held[0], held[0] + count)]

    def _reserve(self, form: Form, count: int) -> int:
        """First number of `count` fresh ones. Within a process numbers of a kind never decrease."""
        if form.block <= 1 or count >= form.block:
            return self.ledger.take(form.kind, count) - count + 1
        with self._lock:
            block = self._blocks.get(form.kind, range(0))
            if len(block) < count:  # the rest of the old block becomes a void
                last = self.ledger.take(form.kind, form.block)
                block = range(last - form.block + 1, last + 1)
            self._blocks[form.kind] = block[count:]
            return block[0]
