"""Which secret belongs to which access key: the fixed ones of this start, and what moto's IAM and STS gave out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from local.gate.door import STATE_MACHINE_KEYS
from local.gate.guests import Guest


class Keys(Mapping[str, str]):
    """Fixed keys first, then active keys of users and unexpired ones of assumed roles, as a real deploy uses them.

    Moto's own state machines are let in too. Session tokens are compared where a session policy came with them.
    """

    def __init__(self, fixed: Mapping[str, str]) -> None:
        self.fixed = {**STATE_MACHINE_KEYS, **fixed}

    def __getitem__(self, key_id: str) -> str:
        secret = self.fixed.get(key_id)
        if secret is None:
            secret = next((secret for known, secret in self._given_out() if known == key_id), None)
        if secret is None:
            raise KeyError(key_id)
        return secret

    def guest(self, key_id: str) -> Guest | None:
        """The loan behind a key, if it was lent with a session policy."""
        for account in list(sts_backends.values()):
            for sts in list(account.values()):
                for role in list(sts.assumed_roles):
                    if role.access_key_id == key_id and role.policy:
                        return Guest(role.session_token, role.expiration.replace(tzinfo=UTC), role.policy)
        return None

    def _given_out(self) -> Iterator[tuple[str, str]]:
        now = datetime.now(UTC).replace(tzinfo=None)
        for sts_account in list(sts_backends.values()):
            for sts in list(sts_account.values()):
                for role in list(sts.assumed_roles):
                    # Keys lent with a policy are known to their end and beyond, so that the answer can say why.
                    if role.policy or role.expiration.replace(tzinfo=None) > now:
                        yield role.access_key_id, role.secret_access_key
        for iam_account in list(iam_backends.values()):
            for iam in list(iam_account.values()):
                for key in list(iam.access_keys.values()):
                    if key.status == "Active" and key.role_arn is None:
                        yield key.access_key_id, key.secret_access_key

    def __iter__(self) -> Iterator[str]:
        yield from self.fixed
        yield from (known for known, _ in self._given_out())

    def __len__(self) -> int:
        return sum(1 for _ in self)
