"""The compiled part; sources beside it, built by build.py. All calls release the GIL."""

from typing_extensions import Buffer

def engines() -> list[str]: ...
def scan(text: Buffer, start: int, engine: str, /) -> tuple[int, int, int, bytes]: ...
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
