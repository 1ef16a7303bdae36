"""Athena on DuckDB: StartQueryExecution runs, over moto's own Glue and S3.

What Athena would refuse or answer otherwise is refused by its name, never answered differently.
"""

from __future__ import annotations

from collections.abc import Callable

from moto.athena.models import athena_backends
from moto.athena.responses import AthenaResponse

from local.athena.backend import DuckAthena
from local.athena.responses import RESPONSES
from local.athena.sources import Connection

__all__ = ["install"]


def install(endpoint: Callable[[], str], access_key: str, secret_key: str, region: str = "us-east-1") -> None:
    """Hook it into moto, in this process. `endpoint` is asked at each query, so the port may come later."""
    DuckAthena.connection = Connection(endpoint, access_key, secret_key, region)
    if athena_backends.backend is not DuckAthena:
        athena_backends.backend = DuckAthena
        athena_backends.clear()
    for response in RESPONSES:
        setattr(AthenaResponse, response.__name__, response)
