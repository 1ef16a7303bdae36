"""Names of Glue's things as policies want them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aws_cdk import Stack
from constructs import Construct


def glue_arns(scope: Construct, tables: Mapping[str, Iterable[str]]) -> list[str]:
    """The catalogue, these databases and their tables: a right to a table needs all three."""
    names: list[tuple[str, str | None]] = [("catalog", None)]
    for database, inside in tables.items():
        names += [("database", database), *(("table", f"{database}/{table}") for table in inside)]
    stack = Stack.of(scope)
    return [stack.format_arn(service="glue", resource=kind, resource_name=name) for kind, name in names]
