"""Work in threads of its own, a bounded number of pieces ahead. Worth it where the work releases the interpreter's
lock: reading, inflating, digests. Order is kept, errors arrive where the piece would have, and nothing runs on after
the consumer has left.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")

SLOTS = 8  # pieces that wait in a ring; more only cost memory


class _End:
    """What the producer says last: why it ended, None if its items were spent."""

    def __init__(self, fault: BaseException | None) -> None:
        self.fault = fault


def ahead(items: Iterable[Item], slots: int = SLOTS) -> Generator[Item]:
    """The same items, made in another thread. What `items` raises is raised here, after the items before it.

    Closing the iterator stops the thread at its next item and waits for it, so that whoever made `items` may go on
    with their source.
    """
    ring: SimpleQueue[Item | _End] = SimpleQueue()
    free: SimpleQueue[bool] = SimpleQueue()  # one True for each free slot, False to stop
    for _ in range(slots):
        free.put(True)

    def produce() -> None:
        fault = None
        try:
            for item in items:
                if not free.get():
                    break
                ring.put(item)
        except BaseException as met:  # it is raised by the consumer
            fault = met
        ring.put(_End(fault))

    thread = threading.Thread(target=produce, name="ahead", daemon=True)
    thread.start()
    try:
        while not isinstance(item := ring.get(), _End):
            free.put(True)
            yield item
        if item.fault is not None:
            raise item.fault
    finally:
        free.put(False)
        for _ in range(slots):  # False may stand behind slots that are free
            with suppress(Exception):
                free.get(block=False)
        free.put(False)
        thread.join()


class Beside(Generic[Item]):
    """A thread that is given items one by one, such as a digest. `put` waits while `slots` items are pending."""

    def __init__(self, take: Callable[[Item], Any], slots: int = SLOTS) -> None:
        self._take = take
        self._ring: SimpleQueue[tuple[Item] | None] = SimpleQueue()
        self._free: SimpleQueue[bool] = SimpleQueue()
        self._slots = slots
        for _ in range(slots):
            self._free.put(True)
        self._fault: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="beside", daemon=True)
        self._thread.start()

    def put(self, item: Item) -> None:
        """Hand over the next item. Raises what an earlier one has raised."""
        self._free.get()
        if self._fault:
            raise self._fault
        self._ring.put((item,))

    def wait(self) -> None:
        """Wait until all items so far were taken. Nothing may be put meanwhile. Raises what one of them has raised."""
        for _ in range(self._slots):
            self._free.get()
        for _ in range(self._slots):
            self._free.put(True)
        if self._fault:
            raise self._fault

    def finish(self) -> None:
        """Wait until all items were taken. May be called twice; nothing may be put afterwards."""
        self._ring.put(None)
        self._thread.join()
        if self._fault:
            raise self._fault

    def _work(self) -> None:
        while (held := self._ring.get()) is not None:
            try:
                if self._fault is None:
                    self._take(held[0])
            except BaseException as met:  # it is raised to whoever puts or waits
                self._fault = met
            self._free.put(True)
