"""What people and programs see: words, tables, bars on a terminal, plain lines elsewhere, JSON on request.

Results go to standard output, progress and faults to standard error. Strangers' texts are cleaned first.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from biotheca_client import words
from biotheca_client.errors import ClientFault

_SHOWN_FINDINGS = 10
_LINE_EVERY_S = 10.0


class Output:
    """One command's voice. With `as_json` words are silent and `result` prints JSON."""

    def __init__(self, as_json: bool = False) -> None:
        self.as_json = as_json
        self._bars: Any = None  # while bars are drawn, lines must go above them

    def say(self, text: str = "") -> None:
        """A line for people."""
        if not self.as_json:
            click.echo(text)

    def note(self, text: str) -> None:
        """A line for people that is no result."""
        if self.as_json:
            return
        if self._bars is not None:
            self._bars.console.print(text, markup=False, highlight=False)
        else:
            click.echo(text, err=True)

    def result(self, document: Any, show: Callable[[], None]) -> None:
        """The command's result: as JSON, or as `show` tells it."""
        if self.as_json:
            click.echo(json.dumps(document, ensure_ascii=False, indent=1))
        else:
            show()

    def table(self, columns: list[str], rows: list[list[str]]) -> None:
        """Rows under columns; on a terminal wrapped to fit, elsewhere one row a line."""
        if sys.stdout.isatty():
            from rich.console import Console
            from rich.table import Table
            from rich.text import Text

            table = Table(*columns, box=None, pad_edge=False, header_style="bold")
            for row in rows:
                table.add_row(*(Text(cell) for cell in row))
            Console().print(table)
            return
        widths = [max(len(cell) for cell in column) for column in zip(columns, *rows, strict=True)]
        for row in [columns, *rows]:
            click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())

    def fault(self, fault: ClientFault) -> None:
        """One paragraph: what, where, what was expected, how to mend it."""
        if self.as_json:
            click.echo(json.dumps({"error": fault.as_dict()}, ensure_ascii=False), err=True)
            return
        lines = [" ".join(x for x in (fault.message, fault.mend) if x)]
        findings = fault.problem.get("findings") or []
        for finding in findings[:_SHOWN_FINDINGS]:
            lines.append("  " + finding_line(finding))
        if len(findings) > _SHOWN_FINDINGS:
            lines.append(f"  ... and {len(findings) - _SHOWN_FINDINGS} more; --json shows all.")
        click.echo("\n".join(lines), err=True)

    @contextmanager
    def progress(self) -> Iterator[_Progress]:
        """Bars on a terminal, a line now and then elsewhere, nothing with JSON."""
        if self.as_json:
            yield _Progress()
        elif sys.stderr.isatty():
            with _bars() as bars:
                self._bars = bars
                try:
                    yield _BarProgress(bars)
                finally:
                    self._bars = None
        else:
            yield _LineProgress(self.note)


def _bars() -> Any:
    # rich is loaded only where there is a terminal: it costs a script half its start.
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    name = TextColumn("{task.description}", markup=False)
    size = DownloadColumn(binary_units=True)
    return Progress(name, BarColumn(), size, TransferSpeedColumn(), TimeRemainingColumn(), console=Console(stderr=True))


def finding_line(finding: dict[str, Any]) -> str:
    """One finding in one line."""
    said = " ".join(words.clean(finding.get(k, "")) for k in ("message", "mend") if finding.get(k))
    return f"{words.clean(finding.get('where', ''))}: {said} [{words.clean(finding.get('rule', ''))}]"


class _Progress:
    """Shows nothing."""

    def start(self, name: str, size_bytes: int | None) -> Callable[[int], None]:
        return lambda _: None


class _BarProgress(_Progress):
    def __init__(self, bars: Any) -> None:
        self._bars = bars

    def start(self, name: str, size_bytes: int | None) -> Callable[[int], None]:
        task = self._bars.add_task(words.clean(name), total=size_bytes)
        return lambda count: self._bars.advance(task, count)


class _LineProgress(_Progress):
    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell

    def start(self, name: str, size_bytes: int | None) -> Callable[[int], None]:
        lock, done, said_at = threading.Lock(), 0, time.monotonic()

        def add(count: int) -> None:
            nonlocal done, said_at
            with lock:
                done += count
                now = time.monotonic()
                if now - said_at < _LINE_EVERY_S or not size_bytes:
                    return
                said_at = now
                share = 100 * done // size_bytes
            self._tell(f"{words.clean(name)}: {share}% of {words.size(size_bytes)}")

        return add
