"""What mirroring costs: bytes, requests, hours, and dollars a month by class of storage. Pure arithmetic.

A model, not a bill: list prices of the catalog (`prices`, with their month), no discounts, no egress (same Region).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

GB = 1024**3
COPY_LIMIT_BYTES = 5 * GB
COPY_PART_BYTES = 512 * 1024**2


@dataclass(frozen=True)
class Estimate:
    """`requests` write, `reads` read; `copy_usd` and `verify_usd` are paid once, `monthly_usd` each month by class."""

    files: int
    bytes: int
    requests: int
    reads: int
    vcpu_hours: float
    copy_usd: float
    verify_usd: float
    monthly_usd: dict[str, float]


def estimate(files: int, size_bytes: int, prices: dict[str, Any], largest_share: float = 0.0) -> Estimate:
    """What copying and proving so much would cost.

    `largest_share` is the share of the bytes that lies in files above 5 GB, which are copied by parts of 512 MiB.
    Every byte is read once for its MD5, 8 MiB a request.
    """
    parts = math.ceil(size_bytes * largest_share / COPY_PART_BYTES)
    requests = files + parts
    reads = math.ceil(size_bytes / (8 * 1024**2)) + files
    hours = size_bytes / prices["md5_bytes_per_vcpu_s"] / 3600
    return Estimate(
        files=files,
        bytes=size_bytes,
        requests=requests,
        reads=reads,
        vcpu_hours=round(hours, 1),
        copy_usd=round(requests * prices["put_request"], 2),
        verify_usd=round(reads * prices["get_request"] + hours * prices["vcpu_hour"], 2),
        monthly_usd={kind: monthly(size_bytes, steps) for kind, steps in prices["storage_gb_month"].items()},
    )


def monthly(size_bytes: int, steps: list[list[Any]]) -> float:
    """Dollars a month for so many bytes at stepped prices: rows of (up to so many GB, dollars a GB-month).

    >>> monthly(2 * GB, [[1, 1.0], [None, 0.5]])
    1.5
    """
    left, below, total = size_bytes / GB, 0.0, 0.0
    for end, price in steps:
        inside = left if end is None else min(left, end - below)
        total += inside * price
        left -= inside
        below = end or below
    return round(total, 2)


def copy_cost_micro_usd(size_bytes: int, prices: dict[str, Any]) -> int:
    """Millionths of a dollar that one file's copy and proof cost at once; the day's budget counts these."""
    share = 1.0 if size_bytes > COPY_LIMIT_BYTES else 0.0
    made = estimate(1, size_bytes, prices, share)
    exact = (
        made.requests * prices["put_request"]
        + made.reads * prices["get_request"]
        + size_bytes / prices["md5_bytes_per_vcpu_s"] / 3600 * prices["vcpu_hour"]
    )
    return math.ceil(exact * 1_000_000)
