"""The outbox: what was written with its state is now sent to the bus. At least once, in order of writing."""

from __future__ import annotations

from typing import Any

from biotheca.aws.bus import publish
from biotheca.aws.tables import unmarshal
from biotheca.settings import Settings
from functions.observability import logger, step


@step(lambda event: None)
def send_outbox(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """DynamoDB stream of the outbox table: publish each new line; one that fails is delivered again."""
    failed: list[dict[str, str]] = []
    for record in event["Records"]:
        if record["eventName"] != "INSERT":
            continue
        number = record["dynamodb"]["SequenceNumber"]
        try:
            envelope = unmarshal(record["dynamodb"]["NewImage"])["envelope"]
            publish(Settings().event_bus, [envelope])
            sent = {"event": envelope["type"], "event_id": envelope["id"]}
            logger().info("event sent", extra={**sent, "correlation_id": envelope["correlation_id"]})
        except Exception:
            logger().exception("event not sent", extra={"sequence_number": number})
            failed.append({"itemIdentifier": number})
            break  # a stream is ordered: what follows must not overtake
    return {"batchItemFailures": failed}
