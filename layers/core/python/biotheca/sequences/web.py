"""Bytes over HTTPS from hosts of the list: ranges bound to one object, no way to anywhere else.

Names are resolved here and the address is looked at before it is called, so that no host of the list can lead into our
own network, neither by its name (DNS rebinding) nor by a redirect. Who may be asked at all: sources.py.
"""

from __future__ import annotations

import http.client
import ipaddress
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from biotheca import clock
from biotheca.sequences.model import (
    Place,
    SourceBusy,
    SourceChanged,
    SourceFailed,
    SourceRefused,
    SourceVanished,
)
from biotheca.sequences.ports import Seen
from biotheca.sequences.sources import Allowed

READ_BYTES = 1024 * 1024
TIME_OUT_S = 60
MOST_REDIRECTS = 3
_BUSY = frozenset({429, 503})
_VANISHED = frozenset({404, 410})
_MOVED = frozenset({301, 302, 303, 307, 308})
_RANGE = re.compile(r"^bytes (\d+)-(\d+)/(\d+)$")

Resolve = Callable[[str, int], list[str]]


def addresses(host: str, port: int) -> list[str]:
    """IP addresses of a host, as the machine resolves them."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def is_public(address: str) -> bool:
    """Whether an address lies in the open Internet.

    >>> is_public("193.62.193.138"), is_public("169.254.169.254"), is_public("::ffff:10.0.0.1")
    (True, False, False)
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return found.is_global and not found.is_multicast


class WebSource:
    """Ranged GETs. The redirects of a server are followed on the same host only."""

    def __init__(self, allowed: Allowed, resolve: Resolve = addresses, redirects: int = MOST_REDIRECTS) -> None:
        self._allowed = allowed
        self._resolve = resolve
        self._redirects = redirects

    def look(self, place: Place) -> Seen:
        """Size and ETag of what stands there."""
        with self._answer("HEAD", place, {}) as answer:
            if answer.status != 200:
                raise SourceFailed(f"{place.url} answers {answer.status} to HEAD")
            size = answer.getheader("Content-Length")
            return Seen(
                int(size) if size and size.isdigit() else None,
                _strong(answer.getheader("ETag")),
                None,
                answer.getheader("Last-Modified") or "",
            )

    def part(self, place: Place, seen: Seen, first: int, last: int) -> bytes | None:
        """The bytes from first to last; None if the server knows no ranges."""
        wanted = {"Range": f"bytes={first}-{last}"} | ({"If-Range": seen.pin} if seen.pin else {})
        with self._answer("GET", place, wanted) as answer:
            _same(answer, seen, place)
            if answer.status == 200:
                return None
            if answer.status == 416:
                raise SourceChanged(f"{place.url} is shorter than {last + 1} bytes")
            said = _RANGE.match(answer.getheader("Content-Range") or "")
            if answer.status != 206 or not said:
                raise SourceFailed(f"{place.url} answers {answer.status} to a range")
            if seen.size_bytes is not None and int(said[3]) != seen.size_bytes:
                raise SourceChanged(f"{place.url} has {said[3]} bytes, had {seen.size_bytes}")
            if (int(said[1]), int(said[2])) != (first, last):
                raise SourceFailed(f"{place.url} gave bytes {said[1]} to {said[2]} for {first} to {last}")
            data = b"".join(_body(answer, place, last - first + 1))
        if len(data) != last - first + 1:
            raise SourceFailed(f"{place.url} broke off {last - first + 1 - len(data)} bytes early")
        return data

    def whole(self, place: Place, seen: Seen) -> Iterator[bytes]:
        """All bytes, of a server without ranges."""
        with self._answer("GET", place, {}) as answer:
            _same(answer, seen, place)
            if answer.status != 200:
                raise SourceFailed(f"{place.url} answers {answer.status}")
            length = answer.getheader("Content-Length")
            if length is not None and seen.size_bytes is not None and int(length) != seen.size_bytes:
                raise SourceChanged(f"{place.url} has {length} bytes, had {seen.size_bytes}")
            yield from _body(answer, place, seen.size_bytes)

    @contextmanager
    def _answer(self, method: str, place: Place, headers: dict[str, str]) -> Iterator[http.client.HTTPResponse]:
        url = place.url
        for _ in range(self._redirects + 1):
            line = self._connected(url)
            try:
                found = urlsplit(url)
                path = found.path + (f"?{found.query}" if found.query else "")
                sent = {"Accept-Encoding": "identity", "User-Agent": "biotheca-mirror", **headers}
                line.request(method, path or "/", headers=sent)
                answer = line.getresponse()
                if answer.status not in _MOVED:
                    _judge(answer, place)
                    yield answer
                    return
                url = _followed(url, answer.getheader("Location") or "", place)
            except (OSError, http.client.HTTPException) as fault:
                raise SourceFailed(f"{place.url} broke: {type(fault).__name__}: {fault}") from fault
            finally:
                line.close()
        raise SourceRefused(f"{place.url} redirects more than {self._redirects} times")

    def _connected(self, url: str) -> http.client.HTTPConnection:
        found = urlsplit(url)
        host = found.hostname or ""
        port = found.port or (443 if found.scheme == "https" else 80)
        named = any(url.startswith(base) for base in self._allowed.extra)
        try:
            known = self._resolve(host, port)
        except OSError as fault:
            raise SourceFailed(f"{host} cannot be resolved: {fault}") from fault
        if not named and not (known and all(is_public(address) for address in known)):
            raise SourceRefused(f"{host} is at an address that is not in the open Internet.")
        try:
            line = socket.create_connection((known[0], port), TIME_OUT_S)
        except OSError as fault:
            raise SourceFailed(f"{host} cannot be reached: {fault}") from fault
        if found.scheme == "https":
            try:
                line = ssl.create_default_context().wrap_socket(line, server_hostname=host)
            except OSError as fault:  # a certificate of another name is one, too
                line.close()
                raise SourceFailed(f"{host} cannot be trusted or reached: {fault}") from fault
        connection = http.client.HTTPConnection(host, port, timeout=TIME_OUT_S)
        connection.sock = line  # the address that was looked at, not one resolved anew
        return connection


def _judge(answer: http.client.HTTPResponse, place: Place) -> None:
    """Raise for what is no answer to the question."""
    if answer.status in _BUSY:
        wait = retry_after_s(answer.getheader("Retry-After"))
        raise SourceBusy(f"{place.url} answers {answer.status}", place.host, wait)
    if answer.status in _VANISHED:
        raise SourceVanished(f"{place.url} answers {answer.status}")
    if answer.status >= 500 or answer.status in (
        401,
        403,
        408,
    ):  # 403 may be a ban for being too fast: no proof of absence
        raise SourceFailed(f"{place.url} answers {answer.status}")
    if answer.status == 412:
        raise SourceChanged(f"{place.url} was replaced")
    if (answer.getheader("Content-Encoding") or "identity").lower() != "identity":
        raise SourceFailed(f"{place.url} sends its bytes encoded, though plain ones were asked for")


def _followed(url: str, location: str, place: Place) -> str:
    target = urljoin(url, location)
    before, after = urlsplit(url), urlsplit(target)
    if not location or (before.scheme, before.netloc) != (after.scheme, after.netloc):
        raise SourceRefused(f"{place.url} redirects to {after.netloc or 'nowhere'!r}, which is another host.")
    return target


def _same(answer: http.client.HTTPResponse, seen: Seen, place: Place) -> None:
    """SourceChanged if the answer is of another object than the one that was seen."""
    etag, moment = _strong(answer.getheader("ETag")), answer.getheader("Last-Modified")
    pairs = ((seen.etag, etag), (seen.unchanged_since if not (seen.etag and etag) else "", moment))
    if any(before and now and before != now for before, now in pairs):
        raise SourceChanged(f"{place.url} was replaced while it was copied")


def _body(answer: http.client.HTTPResponse, place: Place, most: int | None) -> Iterator[bytes]:
    """The body in pieces; more than expected is never read to its end."""
    got = 0
    while piece := answer.read(READ_BYTES):
        got += len(piece)
        if most is not None and got > most:
            raise SourceFailed(f"{place.url} sends more than the {most} bytes that were asked for")
        yield piece
    if most is not None and got < most:
        raise SourceFailed(f"{place.url} broke off {most - got} bytes early")


def _strong(etag: str | None) -> str:
    return "" if not etag or etag.startswith("W/") else etag


def retry_after_s(text: str | None) -> float:
    """Seconds of a Retry-After header, in either of its forms (RFC 9110, 10.2.3); 0 if there is none.

    >>> retry_after_s("120"), retry_after_s("soon"), retry_after_s(None)
    (120.0, 0.0, 0.0)
    """
    if not text:
        return 0.0
    if text.strip().isdigit():
        return float(text)
    try:
        moment: Any = parsedate_to_datetime(text)
        return max(0.0, (moment - clock.now()).total_seconds())
    except (TypeError, ValueError):
        return 0.0
