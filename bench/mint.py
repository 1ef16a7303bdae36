"""Accession numbers a second, each with its line in the ledger, against one bare UpdateItem ADD a number."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from bench.measure import by_turns, child, peak_mib, ratio, table
from bench.servers import server

ROUNDS = 3
CONTENDERS = {
    "submissions of 100": 20_000,
    "single calls, counter in blocks of 100": 600,
    "single calls, strictly in order": 600,
    "peer: UpdateItem ADD, no ledger": 600,
}


def run(folder: Path) -> str:
    """The table."""
    with server(False) as moto:
        moto.client("dynamodb").create_table(
            TableName="bench",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        environment = moto.environment() | {"BIOTHECA_ACCESSIONS_TABLE": "bench"}
        command = [sys.executable, "-m", "bench.mint"]
        done = by_turns({name: partial(child, [*command, name], environment) for name in CONTENDERS}, ROUNDS)
        peak = peak_mib(moto.pid)
    rates = {name: CONTENDERS[name] / float(took.said) for name, took in done.items()}
    peer = rates["peer: UpdateItem ADD, no ledger"]
    rows = [
        [name, f"{rates[name]:,.0f}", ratio(rates[name], peer), f"{took.cpu_s:.2f}", f"{took.peak_mib:.0f}"]
        for name, took in done.items()
    ]
    heads = ["", "numbers/s", "rate / peer's rate", "CPU s of the caller", "peak MiB of the caller"]
    return table(f"Minting over HTTP from moto's DynamoDB (server's peak {peak:.0f} MiB)", heads, rows)


def _work(name: str) -> float:
    """Seconds for the contender's numbers; the first call, which makes the client, is not counted."""
    import os
    import time

    import boto3

    from biotheca.accessions.service import Mint
    from biotheca.accessions.store import AccessionStore

    count, mine = CONTENDERS[name], f"{os.getpid()}-{time.time_ns()}"
    mint = Mint(AccessionStore())
    mint.mint("gsa.study", f"{mine}/warm", 1)
    dynamodb = boto3.client("dynamodb")
    started = time.monotonic()
    if name.startswith("submissions"):
        for owner in range(count // 100):
            mint.mint("gsa.run", f"{mine}/{owner}", 100)
    elif name.startswith("peer"):
        for _ in range(count):
            dynamodb.update_item(
                TableName="bench",
                Key={"pk": {"S": "PEER"}},
                UpdateExpression="ADD #n :one",
                ExpressionAttributeNames={"#n": "last"},
                ExpressionAttributeValues={":one": {"N": "1"}},
                ReturnValues="UPDATED_NEW",
            )
    else:
        kind = "sample" if "blocks" in name else "gsa.run"
        for owner in range(count):
            mint.mint(kind, f"{mine}/{owner}", 1)
    return time.monotonic() - started


if __name__ == "__main__":
    print(_work(sys.argv[1]))
