"""Right checksums inside moto: without a native library it stores CRC32 under the names CRC32C and CRC64NVME.

It also copies every multipart object once more to make a checksum that nobody asked for; that copy goes too.
"""

from __future__ import annotations

import base64

import moto.s3.models
import moto.s3.responses
import moto.s3.utils

from local.gate.body import new_digest


def compute_checksum(body: bytes, algorithm: str, encode_base64: bool = True) -> bytes:
    """As moto.s3.utils.compute_checksum, for all five algorithms."""
    digest = new_digest(algorithm)
    digest.update(body)
    return base64.b64encode(digest.digest()) if encode_base64 else digest.digest()


class MultipartChecksumBuilder:
    """As moto's, part by part, and silent when the upload named no algorithm."""

    def __init__(self, checksum_algorithm: str | None, checksum_type: str | None) -> None:
        self.algorithm = checksum_algorithm
        whole = "FULL_OBJECT" if checksum_algorithm == "CRC64NVME" else "COMPOSITE"
        self.kind = checksum_type or whole
        self.digest = new_digest(checksum_algorithm) if checksum_algorithm else None
        self.part_count = 0

    def addPart(self, part: bytes) -> None:
        self.part_count += 1
        if self.digest is None or self.algorithm is None:
            return
        composite = self.kind == "COMPOSITE"
        self.digest.update(compute_checksum(part, self.algorithm, encode_base64=False) if composite else part)

    def build(self) -> tuple[str, str, int] | None:
        if self.digest is None:
            return None
        return self.kind, base64.b64encode(self.digest.digest()).decode(), self.part_count


def install() -> None:
    """Hook both into moto, for a server in this process. Calling it again changes nothing."""
    for module in (moto.s3.utils, moto.s3.models, moto.s3.responses):
        module.compute_checksum = compute_checksum  # type: ignore[attr-defined]
    moto.s3.models.MultipartChecksumBuilder = MultipartChecksumBuilder  # type: ignore[assignment,misc]
