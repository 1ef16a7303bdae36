"""The words in which Lambda reports that a runtime failed, as opposed to the handler."""

from __future__ import annotations

import json
import signal

LARGEST_PAYLOAD_BYTES = 6_291_556


def _error(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()


def timed_out(request_id: str, seconds: float) -> bytes:
    return _error("Sandbox.Timedout", f"RequestId: {request_id} Error: Task timed out after {seconds:.2f} seconds")


def init_timeout(request_id: str, seconds: float) -> bytes:
    return _error("Sandbox.Timedout", f"RequestId: {request_id} Error: Init timed out after {seconds:.2f} seconds")


def exited(request_id: str, code: int) -> bytes:
    """
    >>> json.loads(exited("r", -9))["errorMessage"]
    'RequestId: r Error: Runtime exited with error: signal: killed'
    """
    if code < 0:
        how = "error: signal: killed" if -code == signal.SIGKILL else f"error: signal: {-code}"
    else:
        how = f"error: exit status {code}" if code else "out providing a reason"
    return _error(
        "Runtime.ExitError", f"RequestId: {request_id} Error: Runtime exited with{'' if not code else ' '}{how}"
    )


def response_too_large() -> bytes:
    return _error(
        "Function.ResponseSizeTooLarge",
        f"Response payload size exceeded maximum allowed payload size ({LARGEST_PAYLOAD_BYTES} bytes).",
    )


def laptop_stops(request_id: str) -> bytes:
    return _error("Service.Unavailable", f"RequestId: {request_id} Error: the laptop cloud is stopping")
