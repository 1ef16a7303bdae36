"""Rules that every statemachines/*.asl.json keeps: JSONPath only, no variables, no dead end, no uncaught error."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LARGEST_BYTES = 1024 * 1024  # the quota of Step Functions on a definition
TERMINAL = {"Succeed", "Fail"}
# JSONata's and variables' words; moto's interpreter can evaluate neither (docs/decisions/0003).
JSONATA_WORDS = {"Assign", "Arguments", "Output", "Condition", "Items"}

# Error names that AWS documents for Step Functions, Lambda and Batch.
STATES_ERRORS = {
    "ALL",
    "BranchFailed",
    "DataLimitExceeded",
    "ExceedToleratedFailureThreshold",
    "HeartbeatTimeout",
    "Http.Socket",
    "IntrinsicFailure",
    "ItemReaderFailed",
    "NoChoiceMatched",
    "ParameterPathFailure",
    "Permissions",
    "ResultPathMatchFailure",
    "ResultWriterFailed",
    "Runtime",
    "TaskFailed",
    "Timeout",
}
SERVICE_ERRORS = {
    "Lambda.AWSLambdaException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.SdkClientException",
    "Lambda.ServiceException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "Batch.BatchException",
    "Batch.ServerException",
}


def findings() -> list[str]:
    """Everything wrong in every state machine of the repository."""
    return [line for file in sorted((ROOT / "statemachines").glob("*.asl.json")) for line in of_file(file)]


def of_file(file: Path) -> list[str]:
    """Everything wrong in one file."""
    text = file.read_text(encoding="utf-8")
    try:
        machine = json.loads(text)
    except ValueError as error:
        return [f"{file.name}: is not JSON: {error}"]
    found = list(of_machine(machine))
    if len(text.encode()) > LARGEST_BYTES:
        found.append(f"has {len(text.encode())} bytes; Step Functions takes {LARGEST_BYTES}")
    found += [
        f"${{{name}}} is no handler, job or queue in PascalCase; known: {', '.join(sorted(names()))}"
        for name in sorted(set(re.findall(r"\$\{([^}]*)\}", text)) - names())
    ]
    if not machine.get("Comment"):
        found.append("has no Comment that says who starts it and what it promises")
    return [f"{file.name}: {line}" for line in found]


def of_machine(machine: dict[str, Any], inside: str = "") -> Iterator[str]:
    """Findings of a machine, or of the part of one that runs inside a Map or a branch."""
    if machine.get("QueryLanguage", "JSONPath") != "JSONPath":
        yield f"{inside or 'the machine'}: is written in {machine['QueryLanguage']}"
    states: dict[str, dict[str, Any]] = machine.get("States", {})
    if machine.get("StartAt") not in states:
        yield f"{inside or 'the machine'}: starts at {machine.get('StartAt')!r}, which does not exist"
        return
    for name, state in states.items():
        yield from (f"{inside}{name!r}: {line}" for line in _of_state(state, states))
        parts = [state[key] for key in ("ItemProcessor", "Iterator") if key in state] + state.get("Branches", [])
        for part in parts:
            yield from of_machine(part, f"{name} / ")
    for name in sorted(set(states) - _reached(machine["StartAt"], states)):
        yield f"{inside}{name!r}: no state leads here"


def _of_state(state: dict[str, Any], states: dict[str, Any]) -> Iterator[str]:
    kind = state.get("Type")
    if state.get("QueryLanguage", "JSONPath") != "JSONPath" or JSONATA_WORDS & set(state) or "{%" in _flat(state):
        yield "uses JSONata or variables; write JSONPath"
    for target in _next_of(state):
        if target not in states:
            yield f"goes on to {target!r}, which does not exist"
    if kind not in TERMINAL | {"Choice"} and ("Next" in state) == (state.get("End") is True):
        yield "needs either Next or End"
    if kind == "Choice" and (not state.get("Choices") or "Default" not in state):
        yield "needs Choices and a Default"
    if kind == "Task":
        if not state.get("Catch"):
            yield "is a Task without Catch"
        if not state.get("Retry"):
            yield "is a Task without Retry"
    yield from _unknown_errors(state)


def _unknown_errors(state: dict[str, Any]) -> Iterator[str]:
    for word in ("Catch", "Retry"):
        for error in [name for rule in state.get(word, []) for name in rule["ErrorEquals"]]:
            if not _known_error(error):
                yield f"{word} names {error!r}, which is no error of Step Functions, Lambda, Batch or the package"


def _flat(state: dict[str, Any]) -> str:
    return json.dumps({k: v for k, v in state.items() if k not in ("ItemProcessor", "Iterator", "Branches")})


def _next_of(state: dict[str, Any]) -> list[str]:
    rules = [*state.get("Choices", []), *state.get("Catch", []), state, {"Next": state.get("Default")}]
    return [rule["Next"] for rule in rules if rule.get("Next")]


def _reached(start: str, states: dict[str, Any]) -> set[str]:
    reached, waiting = {start}, [start]
    while waiting:
        for target in _next_of(states.get(waiting.pop(), {})):
            if target not in reached:
                reached.add(target)
                waiting.append(target)
    return reached


def _known_error(name: str) -> bool:
    if name.startswith("States."):
        return name.removeprefix("States.") in STATES_ERRORS
    return name in SERVICE_ERRORS or name in _classes()


@cache
def names() -> frozenset[str]:
    """What a placeholder may be called: handlers of functions/, jobs of batch/, queues of the workflow construct."""
    handlers = {
        _pascal(f"{file.parent.name}_{node.name}")
        for file in (ROOT / "functions").glob("*/handler.py")
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }
    folders = [folder.parent.name for folder in (ROOT / "batch").glob("*/__main__.py")]
    jobs = {f"{_pascal(name)}{size}Job" for name in folders for size in ("", "Large", "Steady", "Outside")}
    workflow = (ROOT / "infra" / "constructs" / "workflow.py").read_text(encoding="utf-8")
    return frozenset(handlers | jobs | set(re.findall(r'names\["(\w+)"\]', workflow)))


def _pascal(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


@cache
def _classes() -> frozenset[str]:
    package = ROOT / "layers" / "core" / "python" / "biotheca"
    return frozenset(
        node.name
        for file in package.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    )
