"""Athena: start a query, ask how it goes."""

from __future__ import annotations

from dataclasses import dataclass

from biotheca.aws.session import client


@dataclass(frozen=True)
class Execution:
    """`state`: QUEUED, RUNNING, SUCCEEDED, FAILED or CANCELLED; `reason`: Athena's words if it failed."""

    state: str
    reason: str
    scanned_bytes: int


def start(sql: str, database: str, workgroup: str, token: str) -> str:
    """Start a query and return the id of its execution. The same token (32 to 128 characters) starts no second one."""
    answer = client("athena").start_query_execution(
        QueryString=sql,
        ClientRequestToken=token,
        QueryExecutionContext={"Database": database},
        WorkGroup=workgroup,
    )
    return str(answer["QueryExecutionId"])


def execution(execution_id: str) -> Execution:
    """How an execution goes."""
    found = client("athena").get_query_execution(QueryExecutionId=execution_id)["QueryExecution"]
    scanned = int(found.get("Statistics", {}).get("DataScannedInBytes") or 0)
    return Execution(found["Status"]["State"], found["Status"].get("StateChangeReason") or "", scanned)
