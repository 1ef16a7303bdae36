"""DynamoDB stream to Lambda: in order, with filters, bisection, retries, checkpoints, a failure destination."""

from __future__ import annotations

import datetime as dt
import json
import logging
import threading
import time
import uuid
from typing import Any

from local.hooks import delivery
from local.hooks.event_source_hooks import arrival_of, trim
from local.hooks.lambda_runtime import Outcome
from local.queue_source import Invoke, failed_ids, matches_any

log = logging.getLogger("biotheca.laptop")

FIRST_BACKOFF_S = 0.2
LONGEST_BACKOFF_S = 5.0


class StreamSource:
    """Reads one table's stream for one function. moto's streams have one shard."""

    def __init__(self, mapping: Any, invoke: Invoke) -> None:
        from moto.dynamodb.models import dynamodb_backends

        self._mapping, self._invoke = mapping, invoke
        table_name = mapping.event_source_arn.split(":", 5)[5].split("/")[1]
        table: Any = dynamodb_backends[mapping.account_id][mapping.region].get_table(table_name)
        self._shard: Any = table.stream_shard
        self._arrival = arrival_of(self._shard)
        start = self._shard.starting_sequence_number
        self._cursor = start if mapping.starting_position == "TRIM_HORIZON" else start + len(self._shard.items)
        self._failures = 0
        self._most = int(mapping.batch_size)
        self._stopping = False
        self._thread = threading.Thread(target=self._poll, name=f"poll-{table_name}"[:60], daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ask_to_stop(self) -> None:
        self._stopping = True
        with self._arrival:
            self._arrival.notify_all()

    def join(self) -> None:
        self._thread.join(timeout=10)

    def _poll(self) -> None:
        while not self._stopping:
            batch = self._batch()
            if not batch:
                continue
            wanted = [record for record in batch if self._matches(record)]
            if not wanted:
                self._advance(batch[-1])
                continue
            try:
                outcome = self._invoke(self._mapping, {"Records": [self._record(r) for r in wanted]})
            except Exception:
                log.exception("event source: the function could not be called")
                self._pause()
                continue
            if not self._stopping:
                self._settle(batch, wanted, outcome)

    def _batch(self) -> list[dict[str, Any]]:
        with self._arrival:
            batch: list[dict[str, Any]] = self._shard.get(self._cursor, self._most) if self._mapping.enabled else []
            if not batch:
                self._arrival.wait(5.0)
                return []
            until = time.monotonic() + float(self._mapping.max_batch_window or 0)
            while len(batch) < self._most and not self._stopping and (left := until - time.monotonic()) > 0:
                self._arrival.wait(left)
                batch = self._shard.get(self._cursor, self._most)
            return batch

    def _settle(self, batch: list[dict[str, Any]], wanted: list[dict[str, Any]], outcome: Outcome) -> None:
        numbers = [record["dynamodb"]["SequenceNumber"] for record in wanted]
        partial = "ReportBatchItemFailures" in (self._mapping.function_response_types or [])
        failed = failed_ids(outcome, numbers, partial)
        if not failed:
            self._advance(batch[-1])
            self._most = int(self._mapping.batch_size)
            return
        first = min(int(number) for number in failed)
        if first > int(numbers[0]):
            # A checkpoint: what came before the first failure is done.
            self._cursor, self._failures = first, 0
            self._pause()
            return
        if self._mapping.bisect_on_error and len(batch) > 1:
            self._most = (len(batch) + 1) // 2  # does not count as a retry
            return
        self._failures += 1
        allowed = self._mapping.max_retry_attempts
        if allowed is not None and int(allowed) >= 0 and self._failures > int(allowed):
            self._give_up(batch, wanted)
        else:
            self._pause()

    def _advance(self, last: dict[str, Any]) -> None:
        self._cursor, self._failures = int(last["dynamodb"]["SequenceNumber"]) + 1, 0
        trim(self._shard, self._cursor)

    def _pause(self) -> None:
        until = time.monotonic() + min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2 ** max(0, self._failures - 1))
        while not self._stopping and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.1))

    def _give_up(self, batch: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> None:
        log.warning("stream records given up", extra={"function": self._mapping.function_arn, "records": len(wanted)})
        destination = ((self._mapping.destination_config or {}).get("OnFailure") or {}).get("Destination")
        if destination:
            try:
                delivery.send(destination, json.dumps(self._report(wanted)))
            except Exception:
                log.exception("the failure destination took nothing")
        self._advance(batch[-1])
        self._most = int(self._mapping.batch_size)

    def _report(self, records: list[dict[str, Any]]) -> dict[str, Any]:
        first, last = (_epoch(records[i]["dynamodb"]["ApproximateCreationDateTime"]) for i in (0, -1))
        return {
            "requestContext": {
                "requestId": str(uuid.uuid4()),
                "functionArn": self._mapping.function_arn,
                "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": self._failures,
            },
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "version": "1.0",
            "timestamp": _iso(time.time()),
            "DDBStreamBatchInfo": {
                "shardId": self._shard.id,
                "startSequenceNumber": records[0]["dynamodb"]["SequenceNumber"],
                "endSequenceNumber": records[-1]["dynamodb"]["SequenceNumber"],
                "approximateArrivalOfFirstRecord": _iso(first),
                "approximateArrivalOfLastRecord": _iso(last),
                "batchSize": len(records),
                "streamArn": self._mapping.event_source_arn,
            },
        }

    def _matches(self, record: dict[str, Any]) -> bool:
        filters = (self._mapping.filter_criteria or {}).get("Filters")
        return not filters or matches_any(filters, self._record(record))

    def _record(self, record: dict[str, Any]) -> dict[str, Any]:
        change = {**record["dynamodb"]}
        change["ApproximateCreationDateTime"] = _epoch(change["ApproximateCreationDateTime"])
        return {
            **record,
            "awsRegion": self._mapping.region,
            "dynamodb": change,
            "eventSourceARN": self._mapping.event_source_arn,
        }


def _epoch(moment: Any) -> float:
    if isinstance(moment, dt.datetime):  # moto's are UTC without saying so
        return moment.replace(tzinfo=moment.tzinfo or dt.UTC).timestamp()
    return float(moment)


def _iso(epoch: float) -> str:
    return dt.datetime.fromtimestamp(epoch, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
