"""What GetQueryExecution, BatchGetQueryExecution, GetQueryResults and their statistics answer for real executions."""

from __future__ import annotations

import json
from typing import Any

from moto.athena.models import athena_backends
from moto.athena.responses import AthenaResponse

from local.athena.backend import FINAL, PAGE_ROWS, DuckAthena, Execution, InvalidRequest


def _milliseconds(start: float, end: float | None) -> int:
    return max(0, round(((end or start) - start) * 1000))


def _backend(response: AthenaResponse) -> DuckAthena:
    backend: Any = athena_backends[response.current_account][response.region]
    assert isinstance(backend, DuckAthena)
    return backend


def execution_document(execution: Execution) -> dict[str, Any]:
    status: dict[str, Any] = {"State": execution.status, "SubmissionDateTime": execution.submitted}
    if execution.ended is not None:
        status["CompletionDateTime"] = execution.ended
    if execution.reason:
        status["StateChangeReason"] = execution.reason
    if execution.status == "FAILED":
        error = {"ErrorCategory": 2, "ErrorType": 1001, "Retryable": False}
        status["AthenaError"] = error | {"ErrorMessage": execution.reason}
    document: dict[str, Any] = {
        "QueryExecutionId": execution.id,
        "Query": execution.query,
        "StatementType": "UTILITY" if execution.is_utility else "DML",
        "SubstatementType": execution.query.split(None, 1)[0].upper() if execution.query.strip() else "",
        "ResultConfiguration": {"OutputLocation": execution.output},
        "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": False}},
        "QueryExecutionContext": {"Database": execution.database, "Catalog": execution.catalog.lower()},
        "Status": status,
        "Statistics": {
            "EngineExecutionTimeInMillis": _milliseconds(execution.started, execution.ended),
            "DataScannedInBytes": execution.scanned_bytes,
            "TotalExecutionTimeInMillis": _milliseconds(execution.submitted, execution.ended),
            "QueryQueueTimeInMillis": _milliseconds(execution.submitted, execution.started),
            "ServiceProcessingTimeInMillis": 0,
            "ResultReuseInformation": {"ReusedPreviousResult": False},
        },
        "WorkGroup": execution.workgroup.name if execution.workgroup else "primary",
        "EngineVersion": {
            "SelectedEngineVersion": "AUTO",
            "EffectiveEngineVersion": "Athena engine version 3",
        },
    }
    if execution.execution_parameters is not None:
        document["ExecutionParameters"] = execution.execution_parameters
    return document


def get_query_execution(self: AthenaResponse) -> str:
    execution = _backend(self).known(self._get_param("QueryExecutionId"))
    return json.dumps({"QueryExecution": execution_document(execution)})


def batch_get_query_execution(self: AthenaResponse) -> str:
    backend, asked = _backend(self), self._get_param("QueryExecutionIds", [])
    found = [execution_document(backend.executions[i]) for i in asked if i in backend.executions]
    missing = [
        {"QueryExecutionId": i, "ErrorCode": "INTERNAL_FAILURE", "ErrorMessage": f"QueryExecution {i} was not found"}
        for i in asked
        if i not in backend.executions
    ]
    return json.dumps({"QueryExecutions": found, "UnprocessedQueryExecutionIds": missing})


def get_query_results(self: AthenaResponse) -> str:
    execution = _backend(self).known(self._get_param("QueryExecutionId"))
    if execution.status not in FINAL:
        raise InvalidRequest(f"Query has not yet finished. Current state: {execution.status}")
    if execution.status != "SUCCEEDED":
        raise InvalidRequest(f"Query did not finish successfully. Final query state: {execution.status}")
    if execution.rows is None:
        raise InvalidRequest(f"The results are no longer held; read {execution.output}")
    most = int(self._get_param("MaxResults") or PAGE_ROWS)
    if not 1 <= most <= PAGE_ROWS:
        raise InvalidRequest("MaxResults is not within range [1, 1000]")
    start = _start(self._get_param("NextToken"))
    # Row 0 of a query's results is the header; SHOW, DESCRIBE and EXPLAIN have none.
    header: list[list[str | None]] = [] if execution.is_utility else [[c["Label"] for c in execution.columns]]
    rows = [*header, *execution.rows] if start < len(header) else execution.rows
    offset = start if start < len(header) or not header else start - len(header)
    page = rows[offset : offset + most]
    answer: dict[str, Any] = {
        "UpdateCount": 0,
        "ResultSet": {
            "Rows": [{"Data": [{} if cell is None else {"VarCharValue": cell} for cell in row]} for row in page],
            "ResultSetMetadata": {"ColumnInfo": execution.columns},
        },
    }
    if start + len(page) < len(header) + len(execution.rows):
        answer["NextToken"] = str(start + len(page))
    return json.dumps(answer)


def _start(token: str | None) -> int:
    if token is None:
        return 0
    if not token.isascii() or not token.isdigit():
        raise InvalidRequest("Invalid pagination token provided")
    return int(token)


def get_query_runtime_statistics(self: AthenaResponse) -> str:
    execution = _backend(self).known(self._get_param("QueryExecutionId"))
    rows = {"InputRows": 0, "InputBytes": execution.scanned_bytes, "OutputRows": len(execution.rows or [])}
    timeline = {"TotalExecutionTimeInMillis": _milliseconds(execution.submitted, execution.ended)}
    return json.dumps({"QueryRuntimeStatistics": {"Timeline": timeline, "Rows": rows}})


RESPONSES = (get_query_execution, batch_get_query_execution, get_query_results, get_query_runtime_statistics)
