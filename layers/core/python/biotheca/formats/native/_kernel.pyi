"""The compiled part; sources beside it, built by build.py. All calls release the GIL."""

from typing_extensions import Buffer

def engines() -> list[str]: ...
def count(table: Buffer, bases: Buffer, qualities: Buffer, lengths: Buffer, engine: str, /) -> None: ...
def scan(text: Buffer, start: int, table: Buffer | None, engine: str, /) -> tuple[int, int, int, bytes]: ...
def first_places(
    text: Buffer, spans: Buffer, words: Buffer, size: int, first: int, every: int, count: int, /
) -> bytes: ...
def bam(
    text: Buffer,
    start: int,
    lengths: Buffer,
    groups: Buffer,
    previous_reference: int,
    previous_position: int,
    previous_name: Buffer,
    order: int,
    want_reads: bool,
    /,
) -> tuple[int, int, int, int, int, int, int, int, int, bytes, bytes]: ...
def words(joined: Buffer, size: int, /) -> bytes: ...
def mark(
    text: Buffer,
    spans: Buffer,
    table: Buffer,
    first: int,
    every: int,
    count: int,
    longest: int,
    size: int,
    step: int,
    needed: int,
    /,
) -> bytes: ...
