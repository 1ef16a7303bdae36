"""Dead letters go back to their queue once the cause is mended. Works the same on AWS: plain SQS calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def redrive(sqs: Any, dead_letters: str, queue: str, mend: Callable[[str], str] = lambda text: text) -> int:
    """Send every dead letter back to its queue, mended if asked, and only then delete it; returns how many."""
    moved = 0
    while messages := sqs.receive_message(QueueUrl=dead_letters, MaxNumberOfMessages=10, WaitTimeSeconds=0).get(
        "Messages"
    ):
        for message in messages:
            sqs.send_message(QueueUrl=queue, MessageBody=mend(message["Body"]))
            sqs.delete_message(QueueUrl=dead_letters, ReceiptHandle=message["ReceiptHandle"])
            moved += 1
    return moved
