"""Keys for guests: a role of ours, narrowed by a policy, for a while."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from biotheca.aws.session import client


@dataclass(frozen=True, repr=False)
class GuestKeys:
    """Temporary keys. They have no readable form, so that no log can hold them by accident."""

    access_key_id: str
    secret_access_key: str
    session_token: str

    def __repr__(self) -> str:
        return "GuestKeys(...)"


def lend(role_arn: str, session_name: str, statements: list[dict[str, Any]], valid_s: int) -> GuestKeys:
    """Keys of a role that may do what both the role and `statements` allow, for `valid_s` seconds (900 to 3600)."""
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))
    lent = client("sts").assume_role(
        RoleArn=role_arn, RoleSessionName=session_name, Policy=policy, DurationSeconds=valid_s
    )["Credentials"]
    return GuestKeys(lent["AccessKeyId"], lent["SecretAccessKey"], lent["SessionToken"])
