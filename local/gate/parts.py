"""What multipart uploads hold, by checksum: the part of S3 that moto forgets.

moto keeps no checksum of a part, shows none in ListParts and compares none on completion. The gate
remembers them per open upload, refuses what S3 refuses, and writes them into S3's answers.
"""

from __future__ import annotations

import base64
import re
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree

from werkzeug.wsgi import ClosingIterator

from local.gate import crc
from local.gate.body import DIGEST_BYTES, new_digest
from local.gate.refusals import App, Environ, Refused, StartResponse, bad_digest, invalid_request, malformed_xml

BLOCK_BYTES = 64 * 1024
POLYNOMIALS = {"CRC32": crc.CRC32, "CRC32C": crc.CRC32C, "CRC64NVME": crc.CRC64NVME}


@dataclass
class Part:
    size_bytes: int
    algorithm: str | None
    digest: bytes


@dataclass
class Upload:
    algorithm: str | None
    kind: str
    parts: dict[int, Part] = field(default_factory=dict)


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


class Uploads:
    """Open uploads by their id."""

    def __init__(self) -> None:
        self._uploads: dict[str, Upload] = {}
        self._joined: dict[tuple[str, str], dict[int, Part]] = {}  # (path, version) of what was completed
        self._lock = threading.Lock()
        self.received_bytes = 0  # of parts, whole ones and those that broke off
        self._sent: Counter[str] = Counter()  # bytes of objects that left, by path

    def sending(self, environ: Environ, app: App) -> App:
        """`app`, with the bytes of objects counted that leave; not those that a reader who had gone never took."""

        def serve(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            sent = app(environ, start_response)
            return ClosingIterator(self._counted(environ["PATH_INFO"], sent), [getattr(sent, "close", lambda: None)])

        is_object = environ["REQUEST_METHOD"] == "GET" and "/" in environ.get("PATH_INFO", "").strip("/")
        return serve if is_object else app

    def sent_bytes(self, named: str) -> int:
        """Bytes that left of objects whose path holds a text."""
        with self._lock:
            return sum(count for path, count in self._sent.items() if named in path)

    def _counted(self, path: str, sent: Iterable[bytes]) -> Iterator[bytes]:
        for block in sent:
            for start in range(0, len(block), BLOCK_BYTES):
                yield (piece := block[start : start + BLOCK_BYTES])
                with self._lock:
                    self._sent[path] += len(piece)

    def created(self, answer: bytes, algorithm: str | None, kind: str | None) -> None:
        """Remember an upload from S3's answer to CreateMultipartUpload."""
        match = re.search(rb"<UploadId>([^<]+)</UploadId>", answer)
        if match:
            kind = kind or ("FULL_OBJECT" if algorithm == "CRC64NVME" else "COMPOSITE")
            with self._lock:
                self._uploads[match[1].decode()] = Upload(algorithm, kind)

    def algorithm(self, upload_id: str) -> str | None:
        upload = self._uploads.get(upload_id)
        return upload.algorithm if upload else None

    def count(self, size_bytes: int) -> None:
        """Bytes of a part came over the wire, whatever becomes of them."""
        with self._lock:
            self.received_bytes += size_bytes

    def finished(self, upload_id: str) -> None:
        """Completed or aborted: forget it."""
        with self._lock:
            self._uploads.pop(upload_id, None)

    def joined(self, upload_id: str, path: str, version: str, request: bytes) -> None:
        """Completed: remember of which parts the object was made."""
        upload = self._uploads.get(upload_id)
        if upload is not None:
            chosen = [int(element.get("PartNumber", "0")) for element in _part_elements(request)]
            with self._lock:
                self._joined[path, version] = {n: upload.parts[n] for n in chosen if n in upload.parts}

    def write_into_attributes(self, path: str, version: str, first: int, most: int, answer: bytes) -> bytes:
        """S3's GetObjectAttributes answer with the parts of which the object was made, a page of them."""
        parts = self._joined.get((path, version))
        if not parts:
            return answer
        later = [n for n in sorted(parts) if n > first]
        shown = later[:most]
        rows = "".join(_part_row(n, parts[n]) for n in shown)
        more = f"<IsTruncated>{str(len(later) > most).lower()}</IsTruncated><MaxParts>{most}</MaxParts>"
        more += f"<NextPartNumberMarker>{shown[-1] if shown else 0}</NextPartNumberMarker>"
        total = f"<PartsCount>{len(parts)}</PartsCount><PartNumberMarker>{first}</PartNumberMarker>"
        return _before_end(answer, f"<ObjectParts>{total}{more}{rows}</ObjectParts>")

    def check_part(self, upload_id: str, algorithm: str | None) -> None:
        """Raises Refused when a part comes with another checksum than the upload was begun with."""
        upload = self._uploads.get(upload_id)
        if upload and upload.kind == "FULL_OBJECT" and algorithm is None:
            return  # S3 computes it then, and so does the gate
        if upload and upload.algorithm and upload.algorithm != algorithm:
            actual = algorithm.lower() if algorithm else "null"
            expected = upload.algorithm.lower()
            raise invalid_request(
                f"Checksum Type mismatch occurred, expected checksum Type: {expected}, actual checksum Type: {actual}"
            )

    def stored(self, upload_id: str, number: int, part: Part) -> None:
        with self._lock:
            upload = self._uploads.get(upload_id)
            if upload:
                upload.parts[number] = part

    def check_completion(self, upload_id: str, request: bytes, whole: dict[str, str], size: str | None) -> str | None:
        """Compare a CompleteMultipartUpload with what is stored. Returns the object's own checksum, if it has one."""
        upload = self._uploads.get(upload_id)
        if upload is None:
            return None
        chosen = []
        for element in _part_elements(request):
            number = int(element.get("PartNumber", "0"))
            stored = upload.parts.get(number)
            if stored is None:
                continue  # moto answers InvalidPart itself
            self._check_named(upload, number, stored, element)
            chosen.append(stored)
        total_bytes = sum(part.size_bytes for part in chosen)
        if size is not None and size != str(total_bytes):
            raise invalid_request("The provided 'x-amz-mp-object-size' header value does not match what was computed.")
        value = object_checksum(upload, chosen)
        for algorithm, given in whole.items():
            if (
                algorithm == upload.algorithm
                and value is not None
                and given != value.partition("-")[0]
                and given != value
            ):
                raise bad_digest(algorithm.lower())
        return value

    @staticmethod
    def _check_named(upload: Upload, number: int, stored: Part, element: dict[str, str]) -> None:
        for algorithm in DIGEST_BYTES:
            given = element.get(f"Checksum{algorithm}")
            if given is None:
                if algorithm == upload.algorithm and upload.kind == "COMPOSITE":
                    raise invalid_request(
                        f"The upload was created using a {algorithm.lower()} checksum. The complete request must "
                        f"include the checksum for each part. It was missing for part {number} in the request."
                    )
            elif algorithm != stored.algorithm or given != base64.b64encode(stored.digest).decode():
                message = (
                    "One or more of the specified parts could not be found.  The part may not have been uploaded, "
                    "or the specified entity tag may not match the part's entity tag."
                )
                raise Refused(400, "InvalidPart", message, PartNumber=str(number))

    def write_into_list(self, upload_id: str, answer: bytes) -> bytes:
        """S3's ListParts answer with each part's checksum in its place."""
        upload = self._uploads.get(upload_id)
        if upload is None:
            return answer

        def add(match: re.Match[bytes]) -> bytes:
            number = re.search(rb"<PartNumber>(\d+)</PartNumber>", match[0])
            part = upload.parts.get(int(number[1])) if number else None
            if part is None or part.algorithm is None:
                return match[0]
            value = base64.b64encode(part.digest).decode()
            return (
                match[0].removesuffix(b"</Part>")
                + f"<Checksum{part.algorithm}>{value}</Checksum{part.algorithm}></Part>".encode()
            )

        answer = re.sub(rb"<Part>.*?</Part>", add, answer, flags=re.DOTALL)
        if upload.algorithm and b"<ChecksumAlgorithm>" not in answer:
            top = f"<ChecksumAlgorithm>{upload.algorithm}</ChecksumAlgorithm><ChecksumType>{upload.kind}</ChecksumType>"
            answer = _before_end(answer, top)
        return answer

    def write_into_completion(self, upload_id: str, answer: bytes, value: str | None) -> bytes:
        upload = self._uploads.get(upload_id)
        if upload is None or value is None or upload.algorithm is None:
            return answer
        name = f"Checksum{upload.algorithm}"
        more = f"<{name}>{value}</{name}><ChecksumType>{upload.kind}</ChecksumType>"
        return _before_end(answer, more)


def _part_row(number: int, part: Part) -> str:
    name, value = f"Checksum{part.algorithm}", base64.b64encode(part.digest).decode()
    digest = f"<{name}>{value}</{name}>" if part.algorithm else ""
    return f"<Part><PartNumber>{number}</PartNumber><Size>{part.size_bytes}</Size>{digest}</Part>"


def _before_end(answer: bytes, more: str) -> bytes:
    """More elements at the end of the root, whatever moto calls it and also where it is empty."""
    empty = re.search(rb"<([A-Za-z]+)([^<>]*)/>\s*$", answer)
    if empty and b"</" not in answer:
        return answer[: empty.start()] + b"<%s%s>%s</%s>" % (empty[1], empty[2], more.encode(), empty[1])
    at = answer.rindex(b"</")
    return answer[:at] + more.encode() + answer[at:]


def _part_elements(request: bytes) -> list[dict[str, str]]:
    if b"<!DOCTYPE" in request:  # no entity is ever expanded here
        raise malformed_xml()
    try:
        root = ElementTree.fromstring(request)  # noqa: S314  without a DOCTYPE there is nothing to expand
    except ElementTree.ParseError as error:
        raise malformed_xml() from error
    return [
        {_local(item.tag): (item.text or "").strip() for item in part} for part in root if _local(part.tag) == "Part"
    ]


def object_checksum(upload: Upload, parts: list[Part]) -> str | None:
    """The checksum of the whole object: of the parts' digests (COMPOSITE, with their count) or of its bytes."""
    algorithm = upload.algorithm
    if algorithm is None or not parts or any(part.algorithm != algorithm for part in parts):
        return None
    if upload.kind == "COMPOSITE":
        digest = new_digest(algorithm)
        for part in parts:
            digest.update(part.digest)
        return f"{base64.b64encode(digest.digest()).decode()}-{len(parts)}"
    polynomial = POLYNOMIALS[algorithm]
    value = 0
    for part in parts:
        value = polynomial.combine(value, int.from_bytes(part.digest, "big"), part.size_bytes)
    return base64.b64encode(value.to_bytes(polynomial.width_bytes, "big")).decode()
