"""The body of a request: spooled, un-chunked, and measured against every digest that the caller named.

Kept in memory up to 1 MiB, in an unlinked temporary file beyond; digests are made while it passes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import io
import re
import tempfile
from collections.abc import Iterator
from typing import IO, Any, Protocol

from local.gate import crc, sigv4
from local.gate.refusals import Refused, bad_digest, invalid_request, malformed_trailer
from local.gate.sigv4 import Claim

BLOCK_BYTES = 256 * 1024
IN_MEMORY_BYTES = 1024 * 1024
LONGEST_LINE_BYTES = 16 * 1024
EMPTY_SHA256 = hashlib.sha256().hexdigest()
ALGORITHMS = ("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256")
DIGEST_BYTES = {"CRC32": 4, "CRC32C": 4, "CRC64NVME": 8, "SHA1": 20, "SHA256": 32, "MD5": 16}


class Digest(Protocol):
    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...


def new_digest(algorithm: str) -> Digest:
    if algorithm in ("SHA1", "SHA256", "MD5"):
        return hashlib.new(algorithm.lower(), usedforsecurity=False)
    return crc.Running({"CRC32": crc.CRC32, "CRC32C": crc.CRC32C, "CRC64NVME": crc.CRC64NVME}[algorithm])


def decoded(name: str, value: str, size: int, refusal: Refused) -> bytes:
    """The bytes of a base64 digest of the right length."""
    try:
        raw = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise refusal from None
    if len(raw) != size:
        raise refusal
    return raw


def promised_digests(environ: dict[str, Any], given: dict[str, str]) -> dict[str, bytes]:
    """Digests that the headers promise, by algorithm; MD5 stands for Content-MD5."""
    promises = {}
    md5 = environ.get("HTTP_CONTENT_MD5")
    if md5 is not None:
        refusal = Refused(400, "InvalidDigest", "The Content-MD5 you specified was invalid.", **{"Content-MD5": md5})
        promises["MD5"] = decoded("Content-MD5", md5, 16, refusal)
    if len(given) > 1:
        raise invalid_request("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
    for algorithm, value in given.items():
        refusal = invalid_request(f"Value for x-amz-checksum-{algorithm.lower()} header is invalid.")
        promises[algorithm] = decoded(algorithm, value, DIGEST_BYTES[algorithm], refusal)
    return promises


class Body:
    """A body that has been read to its end: where it lies, how long it is, what its digests are."""

    def __init__(self, size_hint: int | None) -> None:
        small = size_hint is not None and size_hint <= IN_MEMORY_BYTES
        self.file: IO[bytes] = io.BytesIO() if small else tempfile.TemporaryFile()  # noqa: SIM115  closed by the door
        self.size_bytes = 0
        self.digests: dict[str, Digest] = {}
        self.trailers: dict[str, str] = {}

    def write(self, block: bytes) -> None:
        self.file.write(block)
        self.size_bytes += len(block)
        for digest in self.digests.values():
            digest.update(block)

    def head(self, limit: int) -> bytes:
        """The first bytes, leaving the file at its start."""
        self.file.seek(0)
        start = self.file.read(limit)
        self.file.seek(0)
        return start


def content_length(environ: dict[str, Any]) -> int | None:
    text = environ.get("CONTENT_LENGTH") or ""
    if text.isascii() and text.isdigit():
        return int(text)
    return None


def blocks(environ: dict[str, Any]) -> Iterator[bytes]:
    """The bytes on the wire. Raises Refused when the caller stops before its Content-Length."""
    source, left = environ["wsgi.input"], content_length(environ)
    if left is None:
        if environ.get("wsgi.input_terminated"):  # HTTP/1.1 chunks, unwrapped by the server
            while block := source.read(BLOCK_BYTES):
                yield block
        return
    while left:
        block = source.read(min(BLOCK_BYTES, left))
        if not block:
            raise Refused(
                400,
                "IncompleteBody",
                "You did not provide the number of bytes specified by the Content-Length HTTP header",
            )
        left -= len(block)
        yield block


class _Wire(io.RawIOBase):
    """The blocks as a file, so that lines and counts can be read from them."""

    def __init__(self, source: Iterator[bytes]) -> None:
        self.source, self.rest = source, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self.rest:
            self.rest = next(self.source, b"")
        taken = self.rest[: len(buffer)]
        buffer[: len(taken)] = taken
        self.rest = self.rest[len(taken) :]
        return len(taken)


def _incomplete() -> Refused:
    return Refused(400, "IncompleteBody", "The request body terminated unexpectedly")


def read_chunked(environ: dict[str, Any], body: Body, mode: str, claim: Claim, secret: str, seed: str) -> None:
    """Undo aws-chunked into `body`, verifying each chunk's and the trailer's signature when the mode signs them.

    Raises Refused. Format: "Signature Calculations for the Authorization Header: Transferring Payload
    in Multiple Chunks" in the S3 API reference.
    """
    signed = mode.startswith("STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
    key = sigv4.signing_key(secret, claim.day, claim.region, claim.service)
    wire = io.BufferedReader(_Wire(blocks(environ)), BLOCK_BYTES)
    previous = seed
    while True:
        size, signature = _chunk_head(wire.readline(LONGEST_LINE_BYTES))
        chunk_hash = hashlib.sha256()
        left = size
        while left:
            block = wire.read(min(BLOCK_BYTES, left))
            if not block:
                raise _incomplete()
            left -= len(block)
            if signed:
                chunk_hash.update(block)
            body.write(block)
        if signed:
            text = "\n".join(
                ("AWS4-HMAC-SHA256-PAYLOAD", claim.stamp, claim.scope, previous, EMPTY_SHA256, chunk_hash.hexdigest())
            )
            previous = _compare(key, text, signature)
        if size == 0:
            break
        if wire.readline(3) != b"\r\n":
            raise _incomplete()
    trailer = _trailer(wire)
    signature = trailer.pop("x-amz-trailer-signature", "")
    body.trailers = trailer
    if signed and mode.endswith("-TRAILER"):
        lines = "".join(f"{name}:{value}\n" for name, value in trailer.items())
        text = "\n".join(
            ("AWS4-HMAC-SHA256-TRAILER", claim.stamp, claim.scope, previous, hashlib.sha256(lines.encode()).hexdigest())
        )
        _compare(key, text, signature)
    length = environ.get("HTTP_X_AMZ_DECODED_CONTENT_LENGTH")
    if length is None:
        raise Refused(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")
    if length != str(body.size_bytes):
        raise Refused(400, "IncompleteBody", "The request body is not as long as x-amz-decoded-content-length says.")


def _chunk_head(line: bytes) -> tuple[int, str]:
    match = re.fullmatch(rb"([0-9a-fA-F]{1,16})(?:;chunk-signature=([0-9a-f]+))?\r\n", line)
    if not match:
        raise _incomplete()
    return int(match[1], 16), (match[2] or b"").decode()


def _trailer(wire: io.BufferedReader[Any]) -> dict[str, str]:
    """The lines after the last chunk, up to an empty one or the end."""
    trailer: dict[str, str] = {}
    while (line := wire.readline(LONGEST_LINE_BYTES)) and line not in (b"\r\n", b"\n"):
        name, separator, value = line.decode("latin-1").strip().partition(":")
        if not separator or len(trailer) > 8:
            raise malformed_trailer()
        trailer[name.lower()] = value.strip()
    while wire.read(BLOCK_BYTES):
        pass
    return trailer


def _compare(key: bytes, text: str, signature: str) -> str:
    expected = sigv4.sign(key, text)
    if not hmac.compare_digest(expected, signature):
        raise Refused(
            403, "SignatureDoesNotMatch", "The chunk signature we calculated does not match the signature you provided."
        )
    return expected


def check_digests(body: Body, promises: dict[str, bytes]) -> None:
    """Raises Refused with BadDigest when a promised digest is not the body's."""
    for algorithm, promised in promises.items():
        if not hmac.compare_digest(body.digests[algorithm].digest(), promised):
            raise bad_digest("Content-MD5" if algorithm == "MD5" else algorithm)
