"""moto's Athena with queries that run: states, results, limits and output files.

Each execution has a thread; two run at once and the others wait QUEUED, as in a busy account.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import OrderedDict
from itertools import chain
from typing import Any
from urllib.parse import urlsplit

import duckdb
from moto.athena.models import AthenaBackend
from moto.core.exceptions import JsonRESTError
from moto.glue.models import glue_backends
from moto.s3.models import s3_backends

from local.athena import unload
from local.athena.describe import describe
from local.athena.engine import Answer, Engine, Interruption
from local.athena.refusal import Failed
from local.athena.sources import Connection
from local.athena.values import OutOfRange, column, csv_line, text

RUNNING_AT_ONCE = 2
EXECUTIONS_KEPT = 500
RESULTS_KEPT_CHARACTERS = 64 * 1024 * 1024
MOST_RESULT_ROWS = 1_000_000
PAGE_ROWS = 1000
FINAL = ("SUCCEEDED", "FAILED", "CANCELLED")

_slots = threading.Semaphore(RUNNING_AT_ONCE)


class InvalidRequest(JsonRESTError):
    def __init__(self, message: str) -> None:
        super().__init__("InvalidRequestException", message)


class Execution:
    """One StartQueryExecution, to its end."""

    def __init__(self, query: str, database: str, catalog: str, parameters: list[str] | None, workgroup: Any) -> None:
        self.id = str(uuid.uuid4())
        self.query, self.database, self.catalog = query, database, catalog
        self.execution_parameters, self.workgroup = parameters, workgroup
        self.status, self.reason = "QUEUED", ""
        self.submitted = self.started = time.time()
        self.ended: float | None = None
        self.scanned_bytes = 0
        self.columns: list[dict[str, Any]] = []
        self.rows: list[list[str | None]] | None = []
        self.characters = 0
        self.is_utility = False
        self.output = ""
        self.interruption = Interruption()

    def end(self, status: str, reason: str = "") -> None:
        if self.status not in FINAL:
            self.status, self.reason, self.ended = status, reason, time.time()


class DuckAthena(AthenaBackend):
    """Queries answered by DuckDB from moto's Glue and S3."""

    connection: Connection

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.executions: OrderedDict[str, Execution] = OrderedDict()  # type: ignore[assignment]
        self._lock = threading.Lock()

    @property
    def _url_module(self) -> Any:  # moto derives it from the name of the subclass's own module
        from moto.athena import urls

        return urls

    def start_query_execution(  # type: ignore[override]
        self,
        query: str,
        context: dict[str, str] | None,
        config: dict[str, Any] | None,
        workgroup: str | None,
        execution_parameters: list[str] | None,
    ) -> str:
        group = self.work_groups.get(workgroup or "primary")
        context = context or {}
        database = context.get("Database", "default").lower()
        execution = Execution(query, database, context.get("Catalog", "AwsDataCatalog"), execution_parameters, group)
        execution.is_utility = query.strip().upper().startswith(("SHOW", "DESC", "EXPLAIN"))
        folder = self._output_folder(config or {}, group)
        execution.output = f"{folder.rstrip('/')}/{execution.id}.{'txt' if execution.is_utility else 'csv'}"
        with self._lock:
            self.executions[execution.id] = execution
            self._forget()
        threading.Thread(target=self._run, args=(execution,), daemon=True, name=f"athena-{execution.id[:8]}").start()
        return execution.id

    @staticmethod
    def _output_folder(config: dict[str, Any], group: Any) -> str:
        own: dict[str, Any] = group.configuration if group else {}
        of_group = own.get("ResultConfiguration", {}).get("OutputLocation")
        location = config.get("OutputLocation")
        if of_group and (own.get("EnforceWorkGroupConfiguration") or not location):
            location = of_group
        if not location:
            raise InvalidRequest(
                "No output location provided. An output location is required either through the Workgroup "
                "result configuration setting or as an API input."
            )
        return str(location)

    def _forget(self) -> None:
        """Bound what finished executions hold: their number, and the text of their results."""
        finished = [e for e in self.executions.values() if e.status in FINAL]
        for old in finished[: max(0, len(self.executions) - EXECUTIONS_KEPT)]:
            del self.executions[old.id]
        held = sum(e.characters for e in finished)
        for old in finished:
            if held <= RESULTS_KEPT_CHARACTERS:
                break
            held -= old.characters
            old.rows, old.characters = None, 0

    def _run(self, execution: Execution) -> None:
        with _slots:
            if execution.status in FINAL:
                return
            execution.status, execution.started = "RUNNING", time.time()
            try:
                self._execute(execution)
                self._write(execution)
                execution.end("SUCCEEDED")
            except (Failed, OutOfRange) as error:
                execution.end("FAILED", str(error))
            except duckdb.InterruptException:
                execution.end("CANCELLED", "Query cancelled by user")
            except Exception as error:  # the door of this thread: nobody else would hear of it
                execution.end("FAILED", f"GENERIC_INTERNAL_ERROR: {type(error).__name__}: {error}")

    def _execute(self, execution: Execution) -> None:
        engine = Engine(glue_backends[self.account_id][self.region_name], self.connection)
        table = describe(engine, execution.query, execution.database)
        if table is not None:
            names, rows = table
            execution.columns = [column(name, "VARCHAR") for name in names]
            execution.rows = [list(row) for row in rows]
            return

        def allow(scanned_bytes: int) -> None:
            execution.scanned_bytes = scanned_bytes
            cutoff = (execution.workgroup.configuration if execution.workgroup else {}).get(
                "BytesScannedCutoffPerQuery"
            )
            if cutoff and scanned_bytes > int(cutoff):
                raise Failed("Bytes scanned limit was exceeded")

        if (wanted := unload.read(execution.query)) is not None:
            plan = engine.plan(wanted.select, execution.database, execution.execution_parameters)
            rows = unload.rows_of(engine.arrow(plan, allow, execution.interruption.watch), plan.names)
            self._put_new(wanted.place, execution.id, unload.written(rows))
            return
        plan = engine.plan(execution.query, execution.database, execution.execution_parameters)
        self._collect(execution, engine.run(plan, allow, execution.interruption.watch))

    def _put_new(self, place: str, name: str, body: bytes) -> None:
        """One file under a place of S3 that must be empty, as Athena demands."""
        where = urlsplit(place)
        s3, folder = s3_backends[self.account_id][self.partition], where.path.strip("/")
        try:
            there = s3.get_bucket(where.netloc).keys
        except Exception as error:
            raise Failed(f"Unable to verify/create output bucket {where.netloc}") from error
        if any(key.startswith(f"{folder}/") for key in there):
            raise Failed(f"HIVE_PATH_ALREADY_EXISTS: Target directory for table '{place}' already exists")
        s3.put_object(where.netloc, f"{folder}/{name}.parquet", body)

    @staticmethod
    def _collect(execution: Execution, answer: Answer) -> None:
        execution.columns = [column(name, kind) for name, kind in answer.columns]
        rows: list[list[str | None]] = []
        for row in answer.rows:
            if len(rows) >= MOST_RESULT_ROWS:
                raise Failed(f"a result of more than {MOST_RESULT_ROWS} rows is not supported here: add LIMIT")
            cells = [text(value) for value in row]
            execution.characters += sum(len(cell) for cell in cells if cell)
            rows.append(cells)
        execution.rows = rows

    def _write(self, execution: Execution) -> None:
        rows = execution.rows or []
        if execution.is_utility:
            body = "".join("\t".join(cell or "" for cell in row) + "\n" for row in rows)
        else:
            names: list[str | None] = [c["Name"] for c in execution.columns]
            body = "".join(map(csv_line, chain([names], rows)))
        where = urlsplit(execution.output)
        try:
            s3 = s3_backends[self.account_id][self.partition]
            s3.put_object(where.netloc, where.path.lstrip("/"), body.encode())
        except Exception as error:
            raise Failed(f"Unable to verify/create output bucket {where.netloc}") from error

    def known(self, exec_id: str) -> Execution:
        execution = self.executions.get(exec_id)
        if execution is None:
            raise InvalidRequest(f"QueryExecution {exec_id} was not found")
        return execution

    def stop_query_execution(self, exec_id: str) -> None:
        execution = self.known(exec_id)
        execution.end("CANCELLED", "Query cancelled by user")
        execution.interruption.stop()

    def list_query_executions(self, workgroup: str | None) -> dict[str, Any]:
        wanted = workgroup or "primary"
        return {e.id: e for e in reversed(self.executions.values()) if e.workgroup and e.workgroup.name == wanted}
