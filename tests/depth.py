"""How many examples a property is tried with: a quarter in the daily suite, all with `TESTS_DEEP=1` (before a release).

Hypothesis draws other examples each time, so that days add up to what one deep run tries.
"""

from __future__ import annotations

import os

DEEP = os.environ.get("TESTS_DEEP", "") not in ("", "0")


def examples(number: int) -> int:
    """What to give to `settings(max_examples=...)` for a property that deserves `number` examples."""
    return number if DEEP else max(5, number // 4)
